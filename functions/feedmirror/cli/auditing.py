"""``feedmirror audit``: whether everything is as the promises say, told one line a finding."""

from dataclasses import replace
from pathlib import Path

from feedmirror.characters import printable
from feedmirror.cli.counting import counting
from feedmirror.cli.desk import Desk
from feedmirror.cli.output import counted, print_json, print_table, say
from feedmirror.jobs.auditing.audit_report import AuditReport
from feedmirror.wiring.audit import compose_audit, open_history


def run_audit(folder: Path | None, *, as_json: bool) -> None:
    """Print what an audit of the mirror checked and found; exit with 1 if it found anything."""
    desk = Desk(folder)
    report = audited(desk)
    if as_json:
        print_json(report.to_dict())
    else:
        print_report(report)
    if not report.is_clean:
        raise SystemExit(1)


def audited(desk: Desk) -> AuditReport:
    """Return what an audit finds, with a bar that moves while it looks."""
    function = desk.function
    present = compose_audit(
        function.stores,
        function.mail,
        desk.configuration,
        mail_prefix=function.settings.mail_prefix,
    )
    audit = replace(present, history=open_history(function.settings))
    with counting("auditing", "checked") as progress:
        return audit.run(progress)


def print_report(report: AuditReport) -> None:
    """Print what was checked, and each finding in one line."""
    print_table(("checked", "#"), sorted(report.checked.items()))
    for note, count in sorted(report.notes.items()):
        say(f"Note: {count} {note}")
    for finding in report.findings:
        say(f"{finding.kind}: {printable(finding.key)}: {printable(finding.words)}")
    if report.more:
        say(f"and {report.more} more")
    say(summary(report))


def summary(report: AuditReport) -> str:
    """Return an audit in one line."""
    found = len(report.findings) + report.more
    looked = sum(report.checked.values())
    return f"Audit: {looked} things checked, {counted(found, 'finding')}."
