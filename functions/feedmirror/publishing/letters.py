"""The mails that a page lets its reader write: where to, and with what in it already (RFC 6068)."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Removal:
    """Where to write to have something taken down; ``href`` is a mailto: address."""

    address: str
    href: str


# By what a publisher wants: the subject, and a text with a place for what it is about.
# Tests hold them to be understood.
_LETTERS = {
    "site": (
        "Removal of a whole site",
        "Please remove everything from my site, now and in the future.\n\nMy site: {}",
    ),
    "feed": (
        "Removal of a feed",
        "Please remove everything that came from my feed, now and in the future.\n\nMy feed: {}",
    ),
    "page": (
        "Removal of pages",
        "Please remove these pages, now and in the future.\n\nTheir addresses: {}",
    ),
    "question": (
        "A question about a feed",
        "This is for a person to read.\n\nMy feed: {}\n\nMy question: ",
    ),
    "return": (
        "A site that may come back",
        "Please mirror my site again.\n\nMy site: {}",
    ),
}


def mailto(address: str, *, subject: str, body: str = "") -> str:
    """Return the mailto: address of a mail with a subject and a text; its lines end in CRLF."""
    text = body.replace("\n", "\r\n")
    filled = f"?subject={quote(subject)}" + (f"&body={quote(text, safe='')}" if text else "")
    return f"mailto:{quote(address, safe='@+')}{filled}"


def publishers_letters(contact: str, about: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Return the mailto: addresses that a page for publishers offers, by what they are for.

    ``about`` says by purpose what a letter is about, which then stands in it.
    """
    named = about or {}
    return {
        purpose: mailto(contact, subject=subject, body=body.format(named.get(purpose, "")))
        for purpose, (subject, body) in _LETTERS.items()
    }
