"""``feedmirror``: the operator's command line (design §5)."""

import sys


def main() -> None:
    """Run the command line; say plainly what is missing where it was not installed."""
    try:
        from feedmirror.cli.commands import feedmirror  # noqa: PLC0415 -- may not be installed
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.exit(f"feedmirror: {error.name} is missing; install feedmirror[local]")
    feedmirror(prog_name="feedmirror")
