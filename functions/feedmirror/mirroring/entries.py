"""A feed as its publisher gave it: parsed, typed and otherwise untouched (RFC 4287 vocabulary).

Texts are plain text; ``*_html`` is the publisher's own markup, not yet safe to show. Relative
addresses are not resolved; ``base_url`` says against what.
"""

from dataclasses import dataclass
from datetime import datetime

from feedmirror.records import Contact, Enclosure, Person, Source

LARGEST_FILE = 10**15 - 1  # bytes: what is said to be larger has no stated size


class FeedUnreadableError(Exception):
    """The document is no feed; the message says what it is instead, in words for the operator."""


class FeedUnansweredError(FeedUnreadableError):
    """A parser came to no end with the document, which another one may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry (an RSS item); None or empty means that the entry does not state it.

    A source may name neither title nor address: the entry is from elsewhere all the same.
    ``refused`` tells that it bears the mark by which its publisher keeps it from this mirror.
    ``signals`` are the marks of terms that it carries, by the names of ``terms_table``.
    """

    base_url: str
    guid: str | None = None
    link: str | None = None
    title: str = ""
    content_html: str = ""
    summary_html: str = ""
    authors: tuple[Person, ...] = ()
    rights: str | None = None
    license_url: str | None = None
    credit: str | None = None
    language: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    source: Source | None = None
    source_authors: tuple[Person, ...] = ()
    source_rights: str | None = None
    source_license_url: str | None = None
    refused: bool = False
    signals: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to know it by, to show, or to link to."""
        texts = (self.title, self.content_html, self.summary_html)
        return not any((self.guid, self.link, *texts, self.enclosures))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedEntry:
    """What a publisher says is gone (RFC 6721): the entry's id, and since when."""

    ref: str
    when: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed document; ``damaged`` says that it broke off or did not parse cleanly (rule C5).

    ``refused`` tells that it bears, as a whole, the mark that keeps it from this mirror;
    ``signals`` are the marks of terms at the level of the feed, by the names of ``terms_table``.
    ``new_address`` is where it says that it has moved (``itunes:new-feed-url``). ``ttl`` is in
    minutes; ``skip_hours`` are hours of the day in GMT, ``skip_days`` English names.
    A feed may be ``complete``, or one ``is_part`` of several documents, of which ``older`` is the
    address of the next one to read (RFC 5005).
    ``spans`` tell where each entry lies in the document, from its first byte to behind its last, in
    order; they are empty where that was not asked for, or entries cannot be told apart safely.
    Where there are more of them than ``entries``, those that were known have been left unread.
    ``frame`` is a digest of the start tags that the entries stand in.
    """

    url: str
    format: str
    title: str = ""
    site_url: str | None = None
    new_address: str | None = None
    language: str | None = None
    authors: tuple[Person, ...] = ()
    rights: str | None = None
    license_url: str | None = None
    contacts: tuple[Contact, ...] = ()
    ttl: int | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[str] = frozenset()
    entries: tuple[Entry, ...] = ()
    deleted: tuple[DeletedEntry, ...] = ()
    signals: tuple[str, ...] = ()
    complete: bool = False
    is_part: bool = False
    older: str | None = None
    damaged: bool = False
    refused: bool = False
    problems: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    frame: str = ""

    @property
    def is_partly_read(self) -> bool:
        """Whether entries that were known have been left unread."""
        return len(self.spans) > len(self.entries)
