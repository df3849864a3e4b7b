"""``feedmirror outbox``: the mails that a mirror on one's own machine keeps in place of sending."""

from collections.abc import Iterator
from pathlib import Path

import click

from feedmirror.adapters.outbox import OUTBOX
from feedmirror.cli.desk import Desk
from feedmirror.cli.mails import mail_fields, print_mail
from feedmirror.cli.output import print_json, print_table, say

_SUFFIX = ".eml"
_WHOLE = 10_000  # lines


def show_mails(folder: Path | None, name: str, *, as_json: bool) -> None:
    """Print the list of mails, oldest first, or the one that an id, or its beginning, names."""
    if folder is None:
        raise click.UsageError(
            "an account keeps no mail that left through Amazon SES; feedmirror case ID says which"
            " were written, and a mirror on this machine goes by --local"
        )
    desk = Desk(folder)
    found = dict(_mails(desk, name))
    if not name:
        _print_list(found, as_json=as_json)
        return
    if len(found) != 1:
        could = f"could be {', '.join(found)}" if found else "is no mail of the outbox"
        raise click.ClickException(f"{name!r} {could}; {desk.command('outbox')} lists them")
    ((mail_id, mail),) = found.items()
    if as_json:
        print_json({"mail": mail_id, **mail_fields(mail)})
    else:
        print_mail(mail, most=_WHOLE, indent="")


def _mails(desk: Desk, name: str) -> Iterator[tuple[str, bytes]]:
    bucket = desk.function.mail
    for summary in bucket.list(OUTBOX + name):
        found = bucket.get(summary.key)
        if found is not None:
            yield summary.key.removeprefix(OUTBOX).removesuffix(_SUFFIX), found.content.body


def _print_list(mails: dict[str, bytes], *, as_json: bool) -> None:
    fields = {mail_id: mail_fields(mail) for mail_id, mail in mails.items()}
    if as_json:
        heads = ("from", "to", "subject")
        print_json({"mails": [{"mail": m, **{h: f[h] for h in heads}} for m, f in fields.items()]})
    elif fields:
        rows = [(mail_id, each["to"], each["subject"]) for mail_id, each in fields.items()]
        print_table(("mail", "to~", "subject~"), rows)
    else:
        say("No mail was written.")
