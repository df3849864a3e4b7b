"""``feedmirror load``: a backup into a mirror, its ledger first."""

from pathlib import Path

import click

from feedmirror.adapters.backup_file import BackupFileError, open_backup
from feedmirror.cli.counting import counting
from feedmirror.cli.desk import Desk
from feedmirror.cli.folders import JSON_REPORT, LOCAL
from feedmirror.cli.output import print_json, print_table, say
from feedmirror.cli.rebuild import summary, tell_problems
from feedmirror.configuration_file import ConfigurationError
from feedmirror.jobs.configure import ReadConfiguration
from feedmirror.jobs.keeping.load_report import Brought, Configured, LoadReport
from feedmirror.jobs.rebuilding.rebuild import NothingHeldError
from feedmirror.local.machine import Machine
from feedmirror.ports.object_store import ObjectStore
from feedmirror.version import VERSION
from feedmirror.wiring.keeping import compose_load


@click.command(epilog="Example: feedmirror load mirror-2026-11-28.sqlite --local")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@JSON_REPORT
@LOCAL
def load(folder: Path | None, *, file: Path, as_json: bool) -> None:
    """Bring a backup, FILE, into this mirror, and make the site anew.

    The ledger comes first: what a rule covers, of the backup or of this mirror, comes back as a
    tombstone. What is here already stays as it is, so a load that broke off is run again. Mails and
    recovery copies are in no backup: what was taken down before cannot be restored from one.
    """
    try:
        report = _loaded(folder, file)
    except (BackupFileError, ConfigurationError, NothingHeldError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        print_json(report.to_dict())
    else:
        _print(report)
    more = report.more + report.site.more
    tell_problems((*report.problems, *report.site.problems), more=more)


def _loaded(folder: Path | None, file: Path) -> LoadReport:
    with open_backup(file) as source:
        if folder is not None:
            _begin(folder, file, source.archive)
        desk = Desk(folder)
        function = desk.function
        job = compose_load((source.archive, source.ledger), function.stores, function.mail)
        with counting("loading", "objects") as progress:
            report = job.run(progress)
    desk.export()
    return report


def _begin(folder: Path, file: Path, backup: ObjectStore) -> None:
    """Make a mirror in a folder that has none, unless the backup has no configuration for it."""
    machine = Machine(folder)
    if not machine.store.exists():
        ReadConfiguration(backup, VERSION).run()
        machine.bucket("archive").head("nothing")
    elif machine.store.samefile(file):
        raise click.ClickException(f"{file} is that mirror's own store; there is nothing to load")


def _print(report: LoadReport) -> None:
    rows = [(what.value, count) for what in Brought if (count := report.brought.get(what, 0))]
    print_table(("loaded", "#"), rows)
    if report.configuration is Configured.KEPT:
        say("The configuration is the one that was here.")
    else:
        say("The configuration is the backup's.")
    say(summary(report.site))
