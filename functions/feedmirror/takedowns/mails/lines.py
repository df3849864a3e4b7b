"""The lines of a mail, whatever they were written in: what the reader of quotes works on."""

import re
from dataclasses import dataclass

from feedmirror.takedowns.mails.remarks import Remarks

LINES = 20_000
_QUOTE = re.compile(r" ?((?:>[ ]?){1,50})")
# An address in angle brackets may be wrapped (RFC 3986, appendix C), over three lines at most.
_WRAPPED = re.compile(
    r"(<https?://[^<>\s]{1,1000})[ ]?\n[>\s]{0,20}([^<>\s]{1,500})"
    r"(?:\n[>\s]{0,20}([^<>\s]{1,500}))?>"
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A link as HTML has it: where it leads, and what is shown."""

    address: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line.

    ``bare`` is its text without the texts of its anchors. ``depth`` is how many levels of quoting
    it stands in. ``signature`` and ``tail`` are what HTML marks: a signature; the place from
    where on everything is an earlier mail.
    """

    text: str
    bare: str
    depth: int = 0
    anchors: tuple[Anchor, ...] = ()
    signature: bool = False
    tail: bool = False

    @property
    def blank(self) -> bool:
        """Whether it shows nothing."""
        return not self.text or self.text.isspace()


def lines_of(text: str, remarks: Remarks) -> list[Line]:
    """Return the lines of a plain text, quotation marks (RFC 3676 §4.5) taken off."""
    lines = _WRAPPED.sub(r"\1\2\3>", text).split("\n", LINES)
    if len(lines) > LINES:
        remarks.exceeds("lines")
    return [_line(line) for line in lines[:LINES]]


def unquoted(text: str) -> tuple[int, str]:
    """Return how many quotation marks a line begins with, and the line without them."""
    quote = _QUOTE.match(text)
    return (quote[1].count(">"), text[quote.end() :].rstrip()) if quote else (0, text.rstrip())


def _line(text: str) -> Line:
    depth, bare = unquoted(text)
    return Line(bare, bare, depth)
