"""The commands of an operator's day as they are typed; what they do is imported when asked for."""

from pathlib import Path

import click

from feedmirror.cli.folders import JSON, LOCAL


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


@click.command(epilog="Example: feedmirror status --all")
@click.option("--all", "everything", is_flag=True, help="Every feed, not only what needs somebody.")
@JSON
@click.option(
    "--stack",
    default="feedmirror",
    show_default=True,
    help="The name of the stack whose alarms are looked at, on an account.",
)
@LOCAL
def status(folder: Path | None, *, everything: bool, as_json: bool, stack: str) -> None:
    """Show how the mirror stands: feeds, cases, alarms.

    The first line is the verdict. Exits with 1 if anything needs you: a feed that does not mend
    itself, a case that waits for a person, an alarm, a refused configuration, a pause.
    """
    from feedmirror.cli.status import show_status  # noqa: PLC0415 -- as above

    show_status(folder, everything=everything, as_json=as_json, stack=stack)


@click.command(epilog="Example: feedmirror report november.html")
@click.argument(
    "file", default="report.html", type=click.Path(path_type=Path, dir_okay=False), required=False
)
@click.option(
    "--days",
    default=30,
    show_default=True,
    type=click.IntRange(1, 366),
    help="How far back items and takedowns are counted.",
)
@LOCAL
def report(file: Path, folder: Path | None, *, days: int) -> None:
    """Write a page with plots: feeds, items, takedowns, cost.

    FILE (report.html) needs nothing beside it, and names no person. An earlier report of that name
    is replaced, and any other file left alone.
    """
    from feedmirror.cli.reporting import write_report  # noqa: PLC0415 -- matplotlib takes a second

    write_report(folder, file, days=days)


OPERATING_COMMANDS = (pause, resume, status, report)
