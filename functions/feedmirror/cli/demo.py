"""``feedmirror demo``: the whole story on this machine, offline."""

import shutil
from pathlib import Path
from textwrap import shorten
from typing import Any

import click

from feedmirror.cli.mirror import DEFAULT_FOLDER
from feedmirror.cli.output import print_table, progress, say
from feedmirror.configuration import Configuration, MirrorSettings
from feedmirror.local.machine import SITE, Machine
from feedmirror.local.publisher import serve_samples
from feedmirror.records import Item, record_from_json

_EXAMPLE = "Example: feedmirror demo --local /tmp/mirror"
_STORE = "demo"
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
    """Mirror the bundled sample feeds, publish them, and mirror them again."""
    machine = Machine(folder / _STORE)
    shutil.rmtree(machine.folder, ignore_errors=True)
    with serve_samples() as publisher, progress().status("mirroring the sample feeds"):
        machine.configure(Configuration(mirror=_MIRROR, feeds=publisher.feeds))
        say(f"Four sample publishers answer on loopback; the mirror polls {len(publisher.feeds)}.")
        first = machine.handle({"at_once": True}, allowed_networks="127.0.0.0/8")
        second = machine.handle({"at_once": True}, allowed_networks="127.0.0.0/8")
    _told("First run", first)
    _told("Second run", second)
    say()
    items = _items(machine)
    print_table(
        ("host", "published", "author~", "title~", "licence~"), [_row(item) for item in items]
    )
    say()
    _show(machine, folder / SITE)
    if first["failures"] or not items:
        raise SystemExit(1)


def _told(when: str, report: dict[str, Any]) -> None:
    say(
        f"{when}: {report['polled']} feeds polled, {report['unchanged']} unchanged, "
        f"{report['created']} items stored, {len(report['failures'])} failed."
    )
    for failure in report["failures"]:
        click.echo(f"feedmirror: {failure['feed']}: {failure['what']}", err=True)


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


def _show(machine: Machine, site: Path) -> None:
    """Export the site to where the command says that it is."""
    count = machine.export_site()
    shutil.rmtree(site, ignore_errors=True)
    shutil.move(machine.site, site)
    say(f"{count} files of the site are in {site}; open")
    say(f"  {(site / 'index.html').resolve().as_uri()}")
