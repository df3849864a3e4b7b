"""``feedmirror mirror``: one run now, on a real account or on this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from feedmirror.cli.configurations import NOBODY, configuration_of
from feedmirror.cli.folders import LOCAL
from feedmirror.cli.output import print_json, print_table, progress, say
from feedmirror.jobs.configure import NotConfiguredError, ReadConfiguration
from feedmirror.jobs.pausing import Pause
from feedmirror.jobs.reports import MirrorReport
from feedmirror.local.machine import SITE, Machine
from feedmirror.ports.fetching import Fetched, Fetcher, FetchRequest, Unfetched
from feedmirror.settings import read_networks, read_settings
from feedmirror.version import VERSION
from feedmirror.wiring.mirror import compose, polite_fetcher
from feedmirror.wiring.stores import open_stores

_EXAMPLE = "Example: feedmirror mirror --local --feed https://news.example.com/feed"


CONTACT = click.option(
    "--contact",
    default=NOBODY,
    help="The mail address that publishers see in every request, when there is no mirror.toml.",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options name: feeds, a file of feeds, and whom publishers may write to."""

    urls: tuple[str, ...]
    file: Path | None
    contact: str


@dataclass(frozen=True, slots=True)
class Watched:
    """A fetcher whose answers move a progress bar."""

    fetcher: Fetcher
    bar: Progress

    def fetch(self, requests: Any) -> Iterator[Fetched | Unfetched]:  # noqa: ANN401 -- as the port
        """Yield what the fetcher yields, one step each."""
        wanted: list[FetchRequest] = list(requests)
        task = self.bar.add_task("mirroring", total=len(wanted))
        for answer in self.fetcher.fetch(wanted):
            yield answer
            self.bar.advance(task)


@click.command(epilog=_EXAMPLE)
@LOCAL
@click.option("--feed", "urls", multiple=True, help="Mirror this feed; may be repeated.")
@click.option(
    "--feeds",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Mirror the feeds of a mirror.toml or an OPML file.",
)
@CONTACT
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON document.")
def mirror(folder: Path | None, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401 -- click's
    """Poll every feed now. What is new is stored with its credit and published."""
    wanted = Wanted(**options)
    if (wanted.urls or wanted.file) and folder is None:
        raise click.UsageError("--feed and --feeds go with --local; an account has its own file")
    try:
        report, problem = _run(folder, wanted)
    except NotConfiguredError as error:
        hint = "; name feeds with --feed or --feeds" if folder is not None else ""
        raise click.ClickException(f"{error}{hint}") from error
    files = Machine(folder).export_site() if folder is not None else 0
    if as_json:
        print_json(report.to_dict())
    else:
        _print(report)
    if folder is not None and not as_json:
        front = folder / SITE / "index.html"
        say(f"{files} files of the site; open {front.resolve().as_uri()}")
    if problem:
        click.echo(f"feedmirror: {problem}; the last good file is in force", err=True)
    if problem or report.failures:
        raise SystemExit(1)


def _run(folder: Path | None, wanted: Wanted) -> tuple[MirrorReport, str]:
    if folder is not None:
        Machine(folder).enter()  # what the feeds prove, the takedown function does there and then
    stores = open_stores(read_settings())
    if folder is not None and (wanted.urls or wanted.file):
        found = configuration_of(wanted.file, wanted.urls, contact=wanted.contact)
        Machine(folder).configure(found)
    configured = ReadConfiguration(stores.archive, VERSION).run()
    if configured.paused is not None:
        raise click.ClickException(_paused(configured.paused, folder))
    mirror = configured.configuration.mirror
    fetcher = polite_fetcher(mirror, allowed_networks=read_networks())
    with Progress(console=progress(), transient=True) as bar:
        run = compose(stores, fetcher=Watched(fetcher, bar), configured=configured).whole()
        report = run.run(time_left=lambda: timedelta(days=1), at_once=True)
    return report, configured.refused


def _paused(pause: Pause, folder: Path | None) -> str:
    from feedmirror.cli.desk import Desk  # noqa: PLC0415 -- a second, for what is seldom said
    from feedmirror.cli.pausing import pause_words  # noqa: PLC0415 -- the same

    return f"the mirror is paused {pause_words(pause)}; {Desk(folder).command('resume')} ends it"


def _print(report: MirrorReport) -> None:
    counted = (
        "polled",
        "unchanged",
        "changed",
        "created",
        "updated",
        "restored",
        "retired",
        "suppressed",
    )
    print_table(
        [f"{name}#" for name in (*counted, "failed")],
        [[getattr(report, name) for name in counted] + [len(report.failures)]],
    )
    for feed, what in report.problems:
        say(f"Note: {feed}: {what}")
    for feed, what in report.failures:
        click.echo(f"feedmirror: {feed}: {what}", err=True)
