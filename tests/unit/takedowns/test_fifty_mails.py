"""Mails as people write them, and how they must be read (tests/mails/README.md)."""

import tomllib
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cache
from pathlib import Path

import pytest

from feedmirror.configuration import MirrorSettings
from feedmirror.takedowns.mails.reading_mail import read_message
from feedmirror.takedowns.notices.notice import Notice
from feedmirror.takedowns.notices.reading_notice import read_notice
from feedmirror.takedowns.notices.targets import tags_of

MAILS = Path(__file__).parents[2] / "mails"
MIRROR = MirrorSettings(
    name="Example Mirror",
    site="https://mirror.example.net",
    contact="takedown@mirror.example.net",
    operator="Example Mirror e.V.",
)
NARROWEST_FIRST = ("", "item", "author", "feed", "path", "host", "domain")
ACTS = {"removal", "retraction", "counter-notice"}
PLAIN = {"scope": "", "mine": False, "formal": False, "subdomains": False, "ground": "publisher"}


@dataclass(frozen=True)
class Expected:
    """One table of ``expected.toml``."""

    kind: str | list[str]
    what: str = ""
    scope: str = ""
    targets: list[str] = field(default_factory=list)
    optional: list[str] = field(default_factory=list)
    future: str = ""
    ground: str = "publisher"
    mine: bool = False
    formal: bool = False
    subdomains: bool = False
    urgent: str = ""
    elements: list[str] = field(default_factory=list)
    correction: dict[str, str] = field(default_factory=dict)
    asks_back: bool = False
    text: str = ""
    subject: str = "hello"

    @property
    def kinds(self) -> set[str]:
        return {self.kind} if isinstance(self.kind, str) else set(self.kind)


@cache
def expected(name: str) -> dict[str, Expected]:
    tables = tomllib.loads((MAILS / name).read_text("utf-8"))
    return {key: Expected(**fields) for key, fields in tables.items()}


def read(raw: bytes) -> Notice:
    message = read_message(raw)
    return read_notice(message, mirror=MIRROR, tags=tags_of(message.recipients, MIRROR.contact))


def read_text(mail: Expected) -> Notice:
    message = EmailMessage()
    message["From"], message["To"] = "writer@elsewhere.example", MIRROR.contact
    message["Subject"] = mail.subject
    message.set_content(mail.text)
    return read(message.as_bytes())


def named(notice: Notice) -> set[str]:
    return {f"{target.kind} {target.value}" for target in notice.targets}


def wrongs(notice: Notice, mail: Expected) -> list[str]:
    """Return how a reading would have something done that nobody asked for."""
    if notice.kind not in ACTS:
        return []
    if notice.kind not in mail.kinds:
        return [f"read as {notice.kind}"]
    if notice.kind != "removal":
        return []
    reach = NARROWEST_FIRST.index(notice.scope or "")
    found = [
        (named(notice) - {*mail.targets, *mail.optional}, "names more than it says"),
        (reach > max(1, NARROWEST_FIRST.index(mail.scope)), "reaches further"),
        (notice.mine and not mail.mine, "takes everything of the sender's"),
        (notice.subdomains and not mail.subdomains, "takes the hosts below"),
        (notice.future == "refused" and mail.future != "refused", "may return"),
    ]
    return [wrong for holds, wrong in found if holds]


def misses(notice: Notice, mail: Expected) -> list[str]:
    """Return what of a reading is not as expected."""
    if notice.kind not in mail.kinds:
        return [f"kind: {notice.kind}"]
    found = [*wrongs(notice, mail)]
    found += [f"lacks {target}" for target in mail.targets if target not in named(notice)]
    found += [f"lacks {one}" for one in mail.elements if one not in set(notice.elements)]
    if notice.kind == "removal":
        found += [
            f"{name}: {getattr(notice, name)}"
            for name in PLAIN
            if (getattr(notice, name) or PLAIN[name]) != getattr(mail, name)
        ]
    if mail.future and notice.future != mail.future:
        found.append(f"future: {notice.future}")
    if mail.urgent != notice.urgent and mail.urgent:
        found.append(f"urgent: {notice.urgent}")
    if mail.asks_back and (notice.targets or not notice.unclear):
        found.append("does not ask back")
    for name, value in mail.correction.items():
        if getattr(notice.correction, name, None) != value:
            found.append(f"correction: {notice.correction}")
    return found


FIFTY = sorted(expected("expected.toml"))


def test_there_are_ten_mails_in_each_of_five_languages() -> None:
    files = sorted(path.stem for path in MAILS.glob("*.eml"))

    assert files == FIFTY
    assert {
        lang: sum(name[:2] == lang for name in FIFTY) for lang in ("en", "es", "fr", "de", "pt")
    } == (dict.fromkeys(("en", "es", "fr", "de", "pt"), 10))


@pytest.mark.parametrize("name", FIFTY)
def test_none_of_the_fifty_is_acted_on_wrongly(name: str) -> None:
    assert wrongs(read((MAILS / f"{name}.eml").read_bytes()), expected("expected.toml")[name]) == []


def test_at_least_forty_five_of_the_fifty_are_read_rightly() -> None:
    missed = {
        name: found
        for name in FIFTY
        if (
            found := misses(
                read((MAILS / f"{name}.eml").read_bytes()), expected("expected.toml")[name]
            )
        )
    }

    assert len(missed) <= 5, missed


@pytest.mark.parametrize("name", FIFTY)
def test_the_reply_is_in_the_language_of_the_mail(name: str) -> None:
    assert read((MAILS / f"{name}.eml").read_bytes()).language == name[:2]


MORE = [
    (table, name)
    for table in ("more.toml", "harder.toml", "later.toml")
    for name in expected(table)
]


@pytest.mark.parametrize(("table", "name"), MORE)
def test_a_further_mail_is_not_acted_on_wrongly(table: str, name: str) -> None:
    mail = expected(table)[name]

    assert wrongs(read_text(mail), mail) == []


@pytest.mark.parametrize("table", ["more.toml", "harder.toml", "later.toml"])
def test_nine_in_ten_of_the_further_mails_are_read_rightly(table: str) -> None:
    mails = expected(table)
    missed = {
        name: found for name, mail in mails.items() if (found := misses(read_text(mail), mail))
    }

    assert len(missed) * 10 <= len(mails), missed
