"""``feedmirror takedown``: a mail taken in by hand, or only what would become of it."""

import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click

from feedmirror.adapters.clock import utc_now
from feedmirror.cli.case_standing import standings
from feedmirror.cli.case_words import state_words
from feedmirror.cli.desk import Desk, no_hurry
from feedmirror.cli.explaining import explain
from feedmirror.cli.mails import mail_fields, print_mail
from feedmirror.cli.outcomes import outcome_of, print_outcome
from feedmirror.cli.output import print_json, print_table, progress, say
from feedmirror.local.arrivals import mail_id
from feedmirror.local.rehearsal import Rehearsal
from feedmirror.ports.object_store import Content, LostConditionError
from feedmirror.takedowns.casework.cases import Case, case_of_mail
from feedmirror.takedowns.reading.understood import MailUnreadableError
from feedmirror.takedowns.senders.mailboxes import read_from

_LARGEST = 40 * 2**20  # bytes: what Amazon SES receives at the most


@dataclass(frozen=True, slots=True)
class _File:
    """A mail in a file, and whom the operator vouches for."""

    mail: bytes
    proven_as: str

    @property
    def ses_id(self) -> str:
        return mail_id(self.mail)


def take_in(
    folder: Path | None, *, file: str, dry_run: bool, proven_as: str, as_json: bool
) -> None:
    """Take in the mail of a file, or say what would be done about it."""
    read = _File(_read(file), _vouched(proven_as))
    desk = Desk(folder)
    _check(desk, read.mail, file=file)
    if not dry_run:
        _take_in(desk, read, as_json=as_json)
    elif as_json:
        case, mails = _rehearsed(desk, read)
        told = outcome_of(desk, case) if case else {}
        print_json({**told, "next": [], "mails": [mail_fields(mail) for mail in mails]})
    else:
        _rehearse(desk, read)


def _read(file: str) -> bytes:
    if file == "-":
        mail = sys.stdin.buffer.read(_LARGEST + 1)
    else:
        with Path(file).open("rb") as opened:
            mail = opened.read(_LARGEST + 1)
    name = "standard input" if file == "-" else file
    if not mail.strip():
        raise click.ClickException(f"{name} is empty")
    if len(mail) > _LARGEST:
        raise click.ClickException(f"{name} is larger than 40 MB, which no mail is")
    return mail


def _check(desk: Desk, mail: bytes, *, file: str) -> None:
    """Refuse what is no mail; one that cannot be read is taken in, and left to a person."""
    name = "standard input" if file == "-" else file
    with suppress(MailUnreadableError):
        if not desk.run.take_in.reader.read(mail, None).message.from_values:
            raise click.ClickException(
                f"{name} has no From header: save the whole mail, headers and all, as .eml"
            )


def _vouched(address: str) -> str:
    if not address:
        return ""
    reading = read_from([address])
    if reading.defects or not reading.address:
        raise click.BadParameter(f"{address!r} is no mail address", param_hint="--proven-as")
    return reading.address


def _take_in(desk: Desk, file: _File, *, as_json: bool) -> None:
    function, run = desk.function, desk.run
    known = run.cases.load(case_of_mail(file.ses_id))
    with suppress(LostConditionError):  # it was taken in before
        key = function.settings.mail_prefix + file.ses_id
        function.mail.put(key, Content(file.mail, "message/rfc822"), replaces=None)
    with progress().status("taking it in"):
        case = run.receive(file.ses_id, None, time_left=no_hurry, proven_as=file.proven_as)
    if case is None:
        raise click.ClickException("it is Amazon's own notice about the mail bucket, and no mail")
    desk.export()
    if as_json:
        print_json({**outcome_of(desk, case), "known": known is not None})
    else:
        if known is not None:
            say(f"This mail was taken in before, as case {case.id}.")
        print_outcome(desk, case)
    if file.proven_as and not (case.decision or {}).get("vouched"):
        raise click.ClickException(
            "it was decided without --proven-as; to do what it asks for: "
            + desk.command(f"approve {case.id}")
        )


def _rehearse(desk: Desk, file: _File) -> None:
    """Say how the mail is read, then do everything with copies and say what became of it."""
    run = desk.run
    known = run.cases.load(case_of_mail(file.ses_id))
    if known is not None:
        say(f"This mail was taken in before: {desk.command(f'case {known.id}')}")
        say()
    considered = run.take_in.consider(
        file.mail, None, case=case_of_mail(file.ses_id), proven_as=file.proven_as
    )
    explain(considered, desk.configuration.mirror, vouched=bool(file.proven_as))
    case, mails = _rehearsed(desk, file)
    if case is None:
        return
    rows = [("", words) for _, words in standings(case)]
    say()
    say("What would be done")
    print_table(("", "~"), [*rows, ("", f"then: {state_words(case)}")])
    say()
    say("What would be written")
    for mail in mails:
        print_mail(mail)
    if not mails:
        say("  no mail; without a receipt from SES only who is in From and vouched for is answered")


def _rehearsed(desk: Desk, file: _File) -> tuple[Case | None, list[bytes]]:
    rehearsal = Rehearsal(desk.function, desk.configuration, clock=utc_now)
    with progress().status("rehearsing"):
        return rehearsal.run(file.ses_id, file.mail, proven_as=file.proven_as)
