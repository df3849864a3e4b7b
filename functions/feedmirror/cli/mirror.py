"""``feedmirror mirror``: one run now, on a real account or on this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from feedmirror.adapters.fetching import CurlFetcher
from feedmirror.adapters.networks import Network
from feedmirror.cli.folders import CONTACT, FEED, FEEDS, JSON_REPORT, LOCAL
from feedmirror.cli.local_feeds import A_FEED, Wanted, prepare
from feedmirror.cli.output import complain, counted, print_json, print_table, progress, say
from feedmirror.jobs.configure import ReadConfiguration
from feedmirror.jobs.reports import MirrorReport
from feedmirror.layout import CONFIGURATION
from feedmirror.local.machine import SITE, Machine
from feedmirror.local.serving.places import is_held
from feedmirror.ports.fetching import Fetched, FetchRequest, Unfetched
from feedmirror.settings import read_networks, read_settings
from feedmirror.version import VERSION
from feedmirror.wiring.mirror import compose
from feedmirror.wiring.outside import Outside, polite_fetcher
from feedmirror.wiring.stores import open_stores

_EXAMPLE = "Example: feedmirror mirror --local --feed https://news.example.com/feed"


@dataclass(frozen=True, slots=True)
class Watched:
    """A fetcher whose answers move a progress bar."""

    fetcher: CurlFetcher
    bar: Progress

    @property
    def allowed_networks(self) -> tuple[Network, ...]:
        """What may be asked beside the public internet."""
        return self.fetcher.allowed_networks

    def fetch(self, requests: Any) -> Iterator[Fetched | Unfetched]:  # noqa: ANN401 -- as the port
        """Yield what the fetcher yields, one step each."""
        wanted: list[FetchRequest] = list(requests)
        task = self.bar.add_task("mirroring", total=len(wanted))
        for answer in self.fetcher.fetch(wanted):
            yield answer
            self.bar.advance(task)


@click.command(epilog=_EXAMPLE)
@LOCAL
@FEED
@FEEDS
@CONTACT
@JSON_REPORT
def mirror(folder: Path | None, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401 -- click's
    """Poll every feed now. What is new is stored with its credit and published."""
    wanted = Wanted(**options)
    if wanted.changes_anything and folder is None:
        raise click.UsageError(
            "--feed, --feeds and --contact go with --local; an account has its own file"
        )
    if folder is not None:
        prepare(Machine(folder), wanted, quiet=as_json)
    report, problem = _run(folder)
    where = _export(folder) if folder is not None else ""
    if as_json:
        print_json(report.to_dict())
    else:
        _print(report)
    if where and not as_json:
        say(where)
    if problem:
        complain(problem)
    if problem or report.failures:
        raise SystemExit(1)


def _export(folder: Path) -> str:
    """Write the site's files, unless a `serve` shows it; return where it can be read."""
    if is_held(folder):
        from feedmirror.cli.desk import SHOWN_BY_SERVE  # noqa: PLC0415 -- with all of takedowns

        return SHOWN_BY_SERVE
    files = Machine(folder).export_site()
    front = folder / SITE / "index.html"
    return f"{files} files of the site; open {front.resolve().as_uri()}"


def _run(folder: Path | None) -> tuple[MirrorReport, str]:
    """Poll what is configured; return the report, and what is wrong with the configuration."""
    stores = open_stores(read_settings())
    configured = ReadConfiguration(stores.archive, VERSION).run()
    if configured.paused is not None:
        from feedmirror.cli.waiting import paused_words  # noqa: PLC0415 -- a second, seldom needed

        raise click.ClickException(paused_words(configured.paused, folder))
    mirror = configured.configuration.mirror
    fetcher = polite_fetcher(mirror, allowed_networks=read_networks())
    with Progress(console=progress(), transient=True) as bar:
        watched = Watched(fetcher, bar)
        jobs = compose(stores, fetcher=watched, configured=configured, outside=Outside())
        report = jobs.whole().run(time_left=lambda: timedelta(days=1), at_once=True)
    if configured.refused:
        return report, f"{configured.refused}; the last good file is in force"
    if not configured.configuration.feeds:
        return report, f"there is no feed in {CONFIGURATION}; add {A_FEED}"
    return report, ""


def _print(report: MirrorReport) -> None:
    shown = (
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
        [f"{name}#" for name in (*shown, "failed")],
        [[getattr(report, name) for name in shown] + [len(report.failures)]],
    )
    if idle := report.feeds - report.polled - report.left:
        say(
            f"Note: {counted(idle, 'feed')} not asked: the publisher wants time, or it has ended,"
            " or robots.txt forbids it"
        )
    for feed, what in report.problems:
        say(f"Note: {feed}: {what}")
    for feed, what in report.failures:
        complain(f"{feed}: {what}")
