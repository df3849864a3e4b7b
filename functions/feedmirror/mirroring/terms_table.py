"""What each signal of a publisher's permits to be shown: the one table, and its words.

A *mark* says what not to do, wherever it stands; of all marks the one that permits least wins. A
*statement* says what the terms are; the one nearest to the entry wins, so that an entry's licence
stands before the feed's "all rights reserved", and within one place a licence before a text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Extent(IntEnum):
    """How much of an entry is shown, from nothing to all that its feed offers."""

    NOTHING = 0
    LINK = 1
    EXCERPT = 2
    FULL = 3

    @property
    def word(self) -> str:
        """The word for it, as settings, records and states have it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Row:
    """One signal: how much it permits at most, what it is in words, and why it means that."""

    signal: str
    extent: Extent
    words: str
    why: str


# Marks: whichever permits least.
MARKS: Final = (
    Row(
        "access-deny",
        Extent.NOTHING,
        'access:restriction "deny"',
        "Feed Access Control 1.0 (Bloglines): it should not be redistributed to other public"
        " sources",
    ),
    Row(
        "itunes-block",
        Extent.NOTHING,
        'itunes:block "Yes"',
        "Apple's podcast tags: neither show nor episode appears in the directory",
    ),
    Row(
        "podcast-block",
        Extent.NOTHING,
        'podcast:block "yes"',
        "Podcast namespace: platforms should not ingest the feed for public display",
    ),
    Row(
        "index-no",
        Extent.LINK,
        'indexing:index "no"',
        "urn:atom-extension:indexing, as blog searches had it: what it says is not listed",
    ),
    Row(
        "robots-nosnippet",
        Extent.LINK,
        "X-Robots-Tag: nosnippet",
        "no text is shown with the link",
    ),
    Row(
        "robots-max-snippet",
        Extent.LINK,
        "X-Robots-Tag: max-snippet below 300",
        "no more characters than that are shown; our excerpt has 300",
    ),
    Row(
        "robots-noarchive",
        Extent.EXCERPT,
        "X-Robots-Tag: noarchive",
        "no copy is shown in the place of the original",
    ),
    Row(
        "robots-none",
        Extent.LINK,
        "X-Robots-Tag: none",
        "neither listed nor followed, which nobody sends with a feed by habit",
    ),
    Row(
        "robots-noindex",
        Extent.FULL,
        "X-Robots-Tag: noindex",
        "of the feed's own file in search results, and sent with feeds by habit; the mirror's pages"
        " ask search engines the same unless the operator says otherwise",
    ),
    Row(
        "usage-search",
        Extent.LINK,
        "Content-Usage: search=n",
        "draft-ietf-aipref-vocab: not even to direct users to it with excerpts",
    ),
    Row(
        "usage-ai",
        Extent.FULL,
        "Content-Usage: train-ai=n or ai-use=n",
        "draft-ietf-aipref-vocab: nothing of it is given to a model here",
    ),
    Row(
        "tdm-reserved",
        Extent.EXCERPT,
        "tdm-reservation: 1",
        "TDMRep: automated uses are reserved; a link with an excerpt is how it is found",
    ),
    Row(
        "tdm-open",
        Extent.FULL,
        "tdm-reservation: 0",
        "TDMRep: nothing is reserved; of an answer it stands before the host's file",
    ),
)
# Statements: the nearest, within one place a licence before a text, of those what permits least.
LICENCES: Final = (
    Row("cc", Extent.FULL, "a Creative Commons licence", "copies with credit are permitted"),
    Row(
        "cc-nd",
        Extent.FULL,
        "a Creative Commons licence without derivatives",
        "copies are permitted whole and unaltered",
    ),
    Row(
        "cc-nc",
        Extent.FULL,
        "a Creative Commons licence for non-commercial use",
        "copies are permitted but for commercial use: if yours is, set publish yourself",
    ),
    Row("free", Extent.FULL, "a free licence", "copies are permitted"),
    Row("rsl-none", Extent.NOTHING, "RSL: every use prohibited", "RSL 1.0 §3.6"),
    Row(
        "rsl-paid",
        Extent.LINK,
        "RSL: for payment, or on terms that are not known",
        "RSL 1.0 §3.7: no licence was taken",
    ),
    Row(
        "rsl-some",
        Extent.EXCERPT,
        "RSL: some uses, as search",
        "RSL 1.0 §3.5: what is not among them is not permitted",
    ),
    Row(
        "rsl-free",
        Extent.FULL,
        "RSL: every use, free or with attribution",
        "RSL 1.0 §3.7: every copy carries its attribution",
    ),
    Row(
        "rsl-ai", Extent.FULL, "RSL: some uses prohibited, as AI", "RSL 1.0: none that is made here"
    ),
)
RIGHTS: Final = (
    Row(
        "rights-no-copies",
        Extent.LINK,
        "its rights text: no republication",
        "it says in words that copies are not permitted",
    ),
    Row(
        "rights-personal",
        Extent.LINK,
        "its rights text: personal use only",
        "a public copy is not personal",
    ),
    Row(
        "rights-free",
        Extent.FULL,
        "its rights text: free to republish",
        "it says in words that copies are permitted",
    ),
    Row(
        "rights-reserved",
        Extent.EXCERPT,
        "its rights text: all rights reserved",
        "offered to be read, not to be copied; quotation remains",
    ),
    Row(
        "rights-noncommercial",
        Extent.FULL,
        "its rights text: non-commercial use",
        "as with the licences for it: if your use is commercial, set publish yourself",
    ),
)
ROWS: Final[Mapping[str, Row]] = {row.signal: row for row in (*MARKS, *LICENCES, *RIGHTS)}
_MARKS = frozenset(row.signal for row in MARKS)
_LICENCES = frozenset(row.signal for row in LICENCES)
_RIGHTS = frozenset(row.signal for row in RIGHTS)


def mark_of(signals: Iterable[str]) -> Row | None:
    """Return the mark that permits least."""
    return _least(signals, _MARKS)


def statement_of(signals: Iterable[str]) -> Row | None:
    """Return what one place states: the licence that permits least, else the rights text."""
    stated = tuple(signals)
    return _least(stated, _LICENCES) or _least(stated, _RIGHTS)


def _least(signals: Iterable[str], kind: frozenset[str]) -> Row | None:
    rows = (ROWS[signal] for signal in signals if signal in kind)
    return min(rows, key=lambda row: row.extent, default=None)
