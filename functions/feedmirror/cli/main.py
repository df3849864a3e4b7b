"""``feedmirror``: the operator's command line (design §5)."""

import sys


def main() -> None:
    """Run the command line; whatever goes wrong is one line and an exit status, no traceback."""
    try:
        from feedmirror.cli.commands import run  # noqa: PLC0415 -- may not be installed
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.exit(f"feedmirror: {error.name} is missing; install feedmirror[local]")
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(run())
