"""``feedmirror demo``: the whole story on this machine, offline."""

import shutil
from pathlib import Path
from textwrap import shorten
from typing import Any

import click

from feedmirror.adapters.clock import utc_now
from feedmirror.cli.folders import DEFAULT_FOLDER
from feedmirror.cli.output import complain, print_table, progress, say
from feedmirror.configuration import Configuration, MirrorSettings
from feedmirror.local.machine import Machine
from feedmirror.local.publisher import SamplePublisher, serve_samples
from feedmirror.records import Item, record_from_json

_EXAMPLE = "Example: feedmirror demo --local /tmp/mirror"
_PART = "demo"
_MIRROR = MirrorSettings(
    name="Demo Mirror",
    site="https://mirror.example",
    contact="takedown@mirror.example",
    operator="ops@mirror.example",
    purpose="to show what feedmirror does",
)


@click.command(epilog=_EXAMPLE)
@click.option(
    "--local",
    "folder",
    default=DEFAULT_FOLDER,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to work in; the demo's own part of it is made anew.",
)
def demo(folder: Path) -> None:
    """Tell the whole story on sample feeds. Nothing leaves this machine."""
    machine = Machine(folder / _PART)
    _clear(machine)
    with serve_samples() as publisher:
        machine.configure(Configuration(mirror=_MIRROR, feeds=publisher.feeds))
        items = _mirror(machine, publisher)
        if not items:
            raise SystemExit(1)
        _take_down(machine, publisher, items)
    clean = _audit(machine)
    say()
    _show(machine)
    if not clean:
        raise SystemExit(1)


def _clear(machine: Machine) -> None:
    """Begin anew; a folder that no demo made is left alone."""
    if not machine.folder.exists():
        return
    if not machine.store.is_file() and any(machine.folder.iterdir()):
        raise click.ClickException(
            f"{machine.folder} is there already, and no demo's; name another folder with --local"
        )
    shutil.rmtree(machine.folder)


def _mirror(machine: Machine, publisher: SamplePublisher) -> list[Item]:
    """Mirror the feeds twice and show what came of it; nothing if anything failed."""
    say(f"Four sample publishers answer on loopback; the mirror polls {len(publisher.feeds)}.")
    reports = [_told(f"{which} run", _run(machine)) for which in ("First", "Second")]
    items = _items(machine)
    say()
    print_table(
        ("host", "published", "author~", "title~", "licence~"), [_row(item) for item in items]
    )
    return [] if any(report["failures"] for report in reports) else items


def _take_down(machine: Machine, publisher: SamplePublisher, items: list[Item]) -> None:
    """Have an author ask for a page, mirror again, and have a stranger ask for another."""
    from feedmirror.cli.desk import Desk  # noqa: PLC0415 -- only where the story comes to it
    from feedmirror.cli.outcomes import print_next  # noqa: PLC0415 -- the same
    from feedmirror.cli.story import Teller  # noqa: PLC0415 -- the same

    teller = Teller(machine, _MIRROR, utc_now())
    story = next(item for item in items if item.host == "news.example")
    episode = next(item for item in items if item.host == "radio.example")
    say()
    say(f"A page of the mirror: {teller.page(story)}")
    say(f"  {teller.shown(story)}")
    say()
    teller.author_asks(story)
    say()
    publisher.edit("half past nine on Saturday", "a quarter to ten on Saturday")
    publisher.edit(">https://news.example/?p=412<", ">https://news.example/?p=512<")
    say("The publisher corrects the story and serves it again, under a new guid.")
    third = _told("Third run", _run(machine))
    say(f"{third['suppressed']} item kept out by its rule. The page still: {teller.shown(story)}")
    say()
    case = teller.stranger_asks(episode)
    desk = Desk(machine.folder)
    say(f"  {desk.command(f'case {case.id}')}")
    say("    shows all that is known of it")
    print_next(desk, case)
    say()


def _run(machine: Machine) -> dict[str, Any]:
    with progress().status("mirroring the sample feeds"):
        return machine.handle({"at_once": True}, allowed_networks="127.0.0.0/8")


def _audit(machine: Machine) -> bool:
    """Say what an audit of the whole mirror finds; return whether it found nothing."""
    from feedmirror.cli.auditing import audited, summary  # noqa: PLC0415 -- only at the end
    from feedmirror.cli.desk import Desk  # noqa: PLC0415 -- the same

    report = audited(Desk(machine.folder))
    say(summary(report))
    for finding in report.findings:
        complain(f"{finding.kind}: {finding.key}")
    return report.is_clean


def _told(when: str, report: dict[str, Any]) -> dict[str, Any]:
    """Print a run's report, and return it."""
    say(
        f"{when}: {report['polled']} feeds polled, {report['unchanged']} unchanged, "
        f"{report['created']} items stored, {len(report['failures'])} failed."
    )
    for failure in report["failures"]:
        complain(f"{failure['feed']}: {failure['what']}")
    return report


def _items(machine: Machine) -> list[Item]:
    archive = machine.bucket("archive")
    found = [archive.get(summary.key) for summary in archive.list("items/")]
    records = [record_from_json(stored.content.body) for stored in found if stored]
    items = [record for record in records if isinstance(record, Item)]
    return sorted(items, key=lambda item: (item.host, item.shown_from), reverse=True)


def _row(item: Item) -> tuple[object, ...]:
    credit = item.attribution
    return (
        item.host,
        item.published.date() if item.published else "undated",
        ", ".join(author.name for author in credit.authors) or "not stated",
        item.title or "(untitled)",
        shorten(credit.license_url or credit.rights or "not stated", 44, placeholder="…"),
    )


def _show(machine: Machine) -> None:
    """Export the site, and say where it is."""
    count = machine.export_site()
    say(f"{count} files of the site are in {machine.site}; open")
    say(f"  {(machine.site / 'index.html').resolve().as_uri()}")
