"""``feedmirror backup``: the archive and the ledger in one file."""

from pathlib import Path

import click

from feedmirror.adapters.backup_file import BackupFileError, new_backup
from feedmirror.adapters.clock import fresh_nonce
from feedmirror.cli.counting import counting
from feedmirror.cli.desk import Desk
from feedmirror.cli.folders import JSON_REPORT, LOCAL
from feedmirror.cli.output import counted, print_json, say
from feedmirror.jobs.keeping.back_up import BackedUp
from feedmirror.wiring.keeping import compose_backup

_MEGABYTE = 1_000_000


@click.command(epilog="Example: feedmirror backup mirror-2026-11-28.sqlite")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@JSON_REPORT
@LOCAL
def backup(folder: Path | None, *, file: Path, as_json: bool) -> None:
    """Copy the archive and the ledger into FILE, an embedded store.

    The site is not in it, since it is made of the archive, and neither are mails and what is kept
    of them for a while: they hold personal data, and go when their time is over. No file is ever
    overwritten, and a backup that breaks off leaves none.
    """
    desk = Desk(folder)
    try:
        stores = desk.function.stores
        with (
            new_backup(file, mark=fresh_nonce()) as into,
            counting("backing up", "objects") as progress,
        ):
            report = compose_backup(stores, into.archive, into.ledger).run(progress)
    except BackupFileError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        print_json({"file": str(file), **report.to_dict()})
    else:
        say(f"{summary(report)} in {file}")


def summary(report: BackedUp) -> str:
    """Return what a backup holds in one line."""
    records, cases = report.archive.get("items", 0), report.ledger.get("cases", 0)
    rules = report.ledger.get("suppressions", 0)
    return (
        f"Backed up: {counted(records, 'record')}, {counted(rules, 'rule')},"
        f" {counted(cases, 'case')}; {report.size / _MEGABYTE:.1f} MB"
    )
