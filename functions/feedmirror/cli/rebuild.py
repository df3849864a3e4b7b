"""``feedmirror rebuild``: the whole site made anew from the archive."""

from pathlib import Path

import click

from feedmirror.cli.counting import counting
from feedmirror.cli.desk import Desk
from feedmirror.cli.folders import JSON_REPORT, LOCAL
from feedmirror.cli.output import complain, counted, print_json, say
from feedmirror.jobs.rebuilding.rebuild import NothingHeldError
from feedmirror.jobs.rebuilding.rebuild_report import RebuildReport
from feedmirror.wiring.rebuild import compose_rebuild


@click.command(epilog="Example: feedmirror rebuild --json")
@JSON_REPORT
@LOCAL
def rebuild(folder: Path | None, *, as_json: bool) -> None:
    """Make the site anew from the archive.

    It is for a changed name, contact, purpose or template, for a damaged page, and for a site that
    is lost. What is as it should be is not written; the mirror and takedowns may go on meanwhile.
    """
    desk = Desk(folder)
    report = rebuilt(desk)
    desk.export()
    if as_json:
        print_json(report.to_dict())
    else:
        say(summary(report))
    tell_problems(report.problems, more=report.more)


def rebuilt(desk: Desk) -> RebuildReport:
    """Make a mirror's site anew, with a bar that moves meanwhile."""
    job = compose_rebuild(desk.function.stores, desk.configuration)
    try:
        with counting("rebuilding", "records") as progress:
            return job.run(progress)
    except NothingHeldError as error:
        raise click.ClickException(str(error)) from error


def summary(report: RebuildReport) -> str:
    """Return a rebuild in one line."""
    looked = f"{counted(report.items, 'item')} and {counted(report.tombstones, 'tombstone')}"
    lone = f"; {counted(report.buried, 'page')} of no record taken down" if report.buried else ""
    return (
        f"Rebuilt: {looked} of {counted(report.hosts, 'host')};"
        f" {counted(report.pages['written'], 'page')} and"
        f" {counted(report.listings['written'], 'listing')} written,"
        f" {report.pages['unchanged'] + report.listings['unchanged']} as they should be{lone}."
    )


def tell_problems(problems: tuple[str, ...], *, more: int) -> None:
    """Name what could not be done, on stderr, and exit with 1 if anything could not."""
    for problem in problems:
        complain(problem)
    if more:
        complain(f"and {more} more")
    if problems:
        raise SystemExit(1)
