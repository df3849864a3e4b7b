"""The commands of takedowns as they are typed; what they do is imported when it is asked for."""

from pathlib import Path
from typing import Any

import click

from feedmirror.cli.folders import JSON, LOCAL
from feedmirror.suppression import Ground

_YES = click.option("--yes", is_flag=True, help="Do not ask before it is done.")
_CASE = click.argument("case_id", metavar="CASE")


@click.command(epilog="Example: feedmirror takedown letter.eml --dry-run")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Say what would be done and why; store nothing.")
@click.option(
    "--proven-as",
    default="",
    metavar="ADDRESS",
    help="Vouch that the mail is from this address, as if it were proved; it is answered then.",
)
@JSON
@LOCAL
def takedown(folder: Path | None, **options: Any) -> None:  # noqa: ANN401 -- click's
    """Take in a takedown mail. FILE is the whole mail, headers and all; - is standard input."""
    from feedmirror.cli.taking_in import take_in  # noqa: PLC0415 -- a second, only where it is run

    take_in(folder, **options)


@click.command(
    epilog="Example: feedmirror suppress https://news.example.com/2026/a-story --ground publisher"
)
@click.argument("target", metavar="URL|HOST")
@click.option(
    "--ground",
    required=True,
    type=click.Choice(
        [each.value for each in Ground if each not in {Ground.UPSTREAM, Ground.RETIRED}]
    ),
    help="Why; a legal demand makes the page say 451, and privacy keeps no copy.",
)
@click.option("--note", default="", help="Kept in the case, for yourself: name no person.")
@click.option("--subdomains", is_flag=True, help="The host and every host below it.")
@click.option("--feed", is_flag=True, help="All that this feed brings.")
@click.option("--path", is_flag=True, help="All below this address.")
@click.option("--author", default="", metavar="NAME", help="All by this author at the host.")
@_YES
@JSON
@LOCAL
def suppress(folder: Path | None, *, target: str, **options: Any) -> None:  # noqa: ANN401 -- click's
    """Take something down without a mail. It is recorded as a case like any other."""
    from feedmirror.cli.suppressing import suppress as do  # noqa: PLC0415 -- as above

    do(folder, target, **options)


@click.command(epilog="Example: feedmirror cases --all")
@click.option("--all", "everything", is_flag=True, help="The settled ones too.")
@JSON
@LOCAL
def cases(folder: Path | None, *, everything: bool, as_json: bool) -> None:
    """List the cases that wait, the first deadline first."""
    from feedmirror.cli.showing_cases import list_cases  # noqa: PLC0415 -- as above

    list_cases(folder, everything=everything, as_json=as_json)


@click.command(epilog="Example: feedmirror case 4f7a; the beginning of an id will do")
@_CASE
@JSON
@LOCAL
def case(folder: Path | None, *, case_id: str, as_json: bool) -> None:
    """Show a case and what can be done about it."""
    from feedmirror.cli.showing_cases import show_case  # noqa: PLC0415 -- as above

    show_case(folder, case_id, as_json=as_json)


@click.command(epilog="Example: feedmirror approve 4f7a")
@_CASE
@_YES
@JSON
@LOCAL
def approve(folder: Path | None, **options: Any) -> None:  # noqa: ANN401 -- click's
    """Do all that a case asks for. It then counts as proved."""
    _rule(folder, "approve", **options)


@click.command(epilog="Example: feedmirror refuse 4f7a")
@_CASE
@_YES
@JSON
@LOCAL
def refuse(folder: Path | None, **options: Any) -> None:  # noqa: ANN401 -- click's
    """Refuse what a case asks for. What it keeps out of sight is shown again."""
    _rule(folder, "refuse", **options)


@click.command(epilog="Example: feedmirror restore 4f7a")
@_CASE
@_YES
@JSON
@LOCAL
def restore(folder: Path | None, **options: Any) -> None:  # noqa: ANN401 -- click's
    """Put back what a case took down."""
    _rule(folder, "restore", **options)


@click.command(epilog="Example: feedmirror outbox --local; with the beginning of an id, one mail")
@click.argument("mail_id", metavar="[MAIL]", required=False, default="")
@JSON
@LOCAL
def outbox(folder: Path | None, *, mail_id: str, as_json: bool) -> None:
    """List the mails that a mirror on this machine has kept in place of sending them, or show one.

    On an account mails leave through Amazon SES, and none is kept.
    """
    from feedmirror.cli.outgoing import show_mails  # noqa: PLC0415 -- as above

    show_mails(folder, mail_id, as_json=as_json)


@click.command(epilog="Example: feedmirror audit --json")
@JSON
@LOCAL
def audit(folder: Path | None, *, as_json: bool) -> None:
    """Check that nothing shows what it must not. Exits with 1 if anything is found."""
    from feedmirror.cli.auditing import run_audit  # noqa: PLC0415 -- as above

    run_audit(folder, as_json=as_json)


def _rule(folder: Path | None, name: str, *, case_id: str, **options: bool) -> None:
    from feedmirror.cli.ruling import rule  # noqa: PLC0415 -- as above

    rule(folder, case_id, name, **options)


TAKEDOWN_COMMANDS = (takedown, suppress, cases, case, approve, refuse, restore, outbox, audit)
