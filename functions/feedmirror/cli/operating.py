"""The commands of an operator's day as they are typed; what they do is imported when asked for."""

from pathlib import Path

import click

from feedmirror.cli.folders import LOCAL


@click.command(epilog='Example: feedmirror pause --note "the publisher called, looking into it"')
@click.option("--note", default="", help="Why, for whoever looks next: name no person.")
@LOCAL
def pause(folder: Path | None, *, note: str) -> None:
    """Stop everything: nothing is polled or published until resume. Takedowns go on."""
    from feedmirror.cli.pausing import pause_mirror  # noqa: PLC0415 -- a second, only where it is run

    pause_mirror(folder, note=note)


@click.command(epilog="Example: feedmirror resume")
@LOCAL
def resume(folder: Path | None) -> None:
    """Go on after pause: what is due is polled by the next run."""
    from feedmirror.cli.pausing import resume_mirror  # noqa: PLC0415 -- as above

    resume_mirror(folder)


OPERATING_COMMANDS = (pause, resume)
