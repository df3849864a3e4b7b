"""What is stored: items that carry their attribution, and the tombstones in their place.

The JSON form is schema 1 (``record.schema.json`` beside this file); readers of S3 see the credit in
the object's metadata as well, in ASCII and within 2 KB (S3, "User-defined object metadata").
A next schema is a next step in ``STEPS``: records of every earlier one are read through the steps.
"""

from base64 import b64encode
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote

from feedmirror.addresses import host_of
from feedmirror.layout import ItemId
from feedmirror.migrations import NewerSchemaError, Steps, migrated, newest_schema
from feedmirror.stored import checked, lines_of_json, listed, names_of, read_json
from feedmirror.suppression import Ground, Subject

STEPS: Steps = {}
METADATA_LIMIT = 2048
_WORD = 66  # characters of a line of 78 (RFC 5322 §2.1.1), without "=?utf-8?q?" and "?="
_AS_THEY_ARE = b"-!*+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_QUOTED = {byte: chr(byte) if byte in _AS_THEY_ARE else f"={byte:02X}" for byte in range(256)}
_QUOTED[ord(" ")] = "_"
_ADDRESS_SAFE = "!#$%&'()*+,/:;=?@[]~-._"


class RecordUnreadableError(Exception):
    """A stored record that is not of this schema."""


class RecordNewerError(RecordUnreadableError):
    """A record that a later feedmirror wrote; whoever knows less leaves it as it is."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who made something; the mail address is kept for proof and never published."""

    name: str = ""
    url: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """A mail address that a feed states for itself: proof of who speaks for it, never published."""

    role: str
    address: str


@dataclass(frozen=True, slots=True)
class Publisher:
    """Whose site it is: the host that the operator configured, by the name that its feed states."""

    name: str
    url: str
    host: str


@dataclass(frozen=True, slots=True)
class FeedReference:
    """The public feed that delivered an item."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where an entry says that it came from, when that is another feed (RFC 4287 §4.2.11)."""

    title: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whose work an item is and how it got here (design §1). No authors means: not stated."""

    original_url: str
    publisher: Publisher
    feed: FeedReference
    authors: tuple[Person, ...] = ()
    rights: str | None = None
    license_url: str | None = None
    credit: str | None = None
    source: Source | None = None

    def __post_init__(self) -> None:
        """Refuse an attribution that names no original, no owner or no feed."""
        stated = (self.original_url, self.publisher.name, self.publisher.host, self.feed.url)
        if not all(stated):
            raise ValueError(f"an attribution needs an original, a publisher and a feed: {self}")


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A media file that an entry links to (RSS 2.0 ``enclosure``); ``length`` is in bytes."""

    url: str
    type: str = ""
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Revisions:
    """Which versions of an entry were seen, so that none is published twice (rules C2, C3)."""

    seen: tuple[str, ...] = ()
    unannounced: int = 0  # updates since the entry's own date last moved


@dataclass(frozen=True, slots=True)
class Terms:
    """How much of an entry is shown (full, excerpt, link), and why: its terms, or the operator."""

    shown: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Item:
    """One entry of a feed, mirrored; it cannot be built without attribution (promise P4).

    Without ``terms`` it was stored before they were noted.
    """

    id: ItemId
    host: str
    title: str
    content_html: str
    summary: str
    language: str | None
    published: datetime | None
    updated: datetime | None
    first_seen: datetime
    retrieved: datetime
    fingerprint: str
    attribution: Attribution
    subject: Subject
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    contacts: tuple[Contact, ...] = ()
    revisions: Revisions = field(default_factory=Revisions)
    terms: Terms | None = None

    @property
    def shown_from(self) -> datetime:
        """The time that lists are ordered by: a stated date counts, but not one in the future."""
        return min(self.published or self.updated or self.first_seen, self.first_seen)

    @property
    def link_host(self) -> str:
        """The host of the original, shown beside the source host where it differs."""
        return host_of(self.attribution.original_url) or self.host


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """What stands in a removed item's place: no title, author, text, address or image.

    ``rules`` are the ledger's keys of every rule that put it there, whichever claim they reached
    the item by: while one of them stands, so does the tombstone.

    Of what is retired there is no case (it is empty) and no rule; ``first_seen`` is kept, also by a
    takedown after it, so that an entry without a date is as old as it was if it comes again.
    """

    id: ItemId
    host: str
    when: datetime
    case: str
    ground: Ground
    rules: tuple[str, ...] = ()
    first_seen: datetime | None = None

    @property
    def is_retired(self) -> bool:
        """Whether the operator let the item go: nobody asked for it, and nothing holds it back."""
        return self.ground is Ground.RETIRED


def retired(item: Item, *, now: datetime) -> Tombstone:
    """Return the tombstone of an item that is no longer kept."""
    return Tombstone(
        id=item.id,
        host=item.host,
        when=now,
        case="",
        ground=Ground.RETIRED,
        first_seen=item.first_seen,
    )


Record = Item | Tombstone


def values_of(record: Any) -> dict[str, Any]:  # noqa: ANN401 -- any dataclass
    """Return a dataclass's values by name; unlike asdict's they are not copied, part by part."""
    return {name: getattr(record, name) for name in names_of(cast("Hashable", type(record)))}


def record_to_json(record: Record, nonce: str) -> bytes:
    """Return a record's stored form; the nonce makes every overwrite a new ETag (design §4)."""
    values = values_of(record)
    kind = "tombstone"
    if isinstance(record, Item):
        kind, values["subject"] = "item", sorted(record.subject.keys)
        if record.terms is None:
            del values["terms"]
    elif record.first_seen is None:
        del values["first_seen"]
    for name, value in values.items():
        if isinstance(value, datetime):
            values[name] = _time_text(value)
    stored = {"schema": newest_schema(STEPS), "kind": kind, **values, "nonce": nonce}
    return lines_of_json(stored, values_of).encode()


def record_from_json(body: bytes, steps: Steps = STEPS) -> Record:
    """Read a stored record of this schema or an earlier one.

    Raises RecordNewerError for one of a later schema, else RecordUnreadableError, naming what is
    wrong.
    """
    try:
        stored = migrated(read_json(body), steps)
        del stored["schema"]
        stored.pop("nonce", None)
        kind = stored.pop("kind")
        record = _of_an_item(checked(_item(stored) if kind == "item" else _tombstone(stored)))
    except NewerSchemaError as error:
        raise RecordNewerError(f"the record is {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        known = newest_schema(steps)
        raise RecordUnreadableError(f"the record is not of schema {known}: {error!r}") from error
    return record


def object_metadata(record: Record) -> dict[str, str]:
    """Return a record's S3 user metadata: its credit, readable by any S3 tool (design §3.2)."""
    if isinstance(record, Tombstone):
        return {
            "record": "tombstone",
            "host": _ascii(record.host),
            **({"case": _ascii(record.case)} if record.case else {}),
            "removed": _time_text(record.when),
        }
    credit = record.attribution
    addresses = {"original-url": credit.original_url, "feed-url": credit.feed.url}
    if credit.license_url:
        addresses["license"] = credit.license_url
    names = ", ".join(author.name for author in credit.authors if author.name)
    texts = {"title": record.title, "author": names, "rights": credit.rights or ""}
    fixed = {
        "record": "item",
        "host": _ascii(record.host),
        "retrieved": _time_text(record.retrieved),
        **({"published": _time_text(record.published)} if record.published else {}),
        **{name: quote(value, safe=_ADDRESS_SAFE) for name, value in addresses.items()},
    }
    short = {name: " ".join(text[:METADATA_LIMIT].split()) for name, text in texts.items()}
    return _within_limit(fixed, short)


def _within_limit(fixed: Mapping[str, str], texts: Mapping[str, str]) -> dict[str, str]:
    """Shorten the longest text until all fits; an address only once no text is left to shorten."""
    left = {name: text for name, text in texts.items() if text}
    whole = dict(fixed)
    while _size(encoded := {**whole, **{k: _ascii(v) for k, v in left.items()}}) > METADATA_LIMIT:
        longest = max(left, key=lambda name: len(_ascii(left[name])), default=None)
        if longest is None:
            longest = max(whole, key=lambda name: len(whole[name]))
            whole[longest] = whole[longest][: len(whole[longest]) - 64]
        elif len(left[longest]) <= 1:
            del left[longest]
        else:
            left[longest] = left[longest].rstrip("…")[: len(left[longest]) * 7 // 8 - 1] + "…"
    return encoded


def _size(metadata: Mapping[str, str]) -> int:
    return sum(len(name) + len(value) for name, value in metadata.items())


def _ascii(text: str) -> str:
    """Encode a text by RFC 2047 where it is more than printable ASCII, or looks encoded already."""
    if text.isascii() and text.isprintable() and "=?" not in text:
        return text
    return _encoded_words(text)


def _encoded_words(text: str) -> str:
    """Return a line of text as encoded words, in whichever of both encodings is the shorter.

    What ``email.header.Header`` returns, which measures a word anew for each character in it: that
    took a tenth of a first run.
    """
    raw = text.encode()
    in_base64 = _length_in_base64(len(raw)) < len(_quoted(raw))
    words, start, used, room = list[str](), 0, 0, _WORD
    for at, letter in enumerate(text):
        size = len(letter.encode()) if in_base64 else len(_quoted(letter.encode()))
        if (_length_in_base64(used + size) if in_base64 else used + size) > room:
            words.append(text[start:at])
            start, used, room = at, 0, _WORD - 1  # one less for the space between
        used += size
    words.append(text[start:])
    if in_base64:
        return " ".join(f"=?utf-8?b?{b64encode(word.encode()).decode()}?=" for word in words)
    return " ".join(f"=?utf-8?q?{_quoted(word.encode())}?=" for word in words)


def _length_in_base64(size: int) -> int:
    return (size + 2) // 3 * 4


def _quoted(raw: bytes) -> str:
    return raw.decode("latin-1").translate(_QUOTED)


def _time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _of_an_item(record: Record) -> Record:
    if not (record.id and record.host):
        raise ValueError("it is of no item")
    return record


def _item(fields: dict[str, Any]) -> Item:
    credit = fields["attribution"]
    attribution = Attribution(
        original_url=credit["original_url"],
        publisher=Publisher(**credit["publisher"]),
        feed=FeedReference(**credit["feed"]),
        authors=tuple(Person(**author) for author in credit["authors"]),
        rights=credit["rights"],
        license_url=credit["license_url"],
        credit=credit["credit"],
        source=Source(**credit["source"]) if credit["source"] else None,
    )
    revisions = fields["revisions"]
    typed = {
        "attribution": attribution,
        "subject": Subject(frozenset(listed(fields["subject"]))),
        "categories": tuple(listed(fields["categories"])),
        "enclosures": tuple(Enclosure(**enclosure) for enclosure in fields["enclosures"]),
        "contacts": tuple(Contact(**contact) for contact in fields["contacts"]),
        "revisions": Revisions(tuple(listed(revisions["seen"])), revisions["unannounced"]),
        "terms": Terms(**fields["terms"]) if fields.get("terms") else None,
        **{name: _time(fields[name]) for name in ("published", "updated")},
        **{name: datetime.fromisoformat(fields[name]) for name in ("first_seen", "retrieved")},
    }
    return Item(**{**fields, **typed})


def _tombstone(fields: dict[str, Any]) -> Tombstone:
    typed = {
        "when": datetime.fromisoformat(fields["when"]),
        "ground": Ground(fields["ground"]),
        "rules": tuple(listed(fields.get("rules", []))),
        "first_seen": _time(fields.get("first_seen")),
    }
    return Tombstone(**{**fields, **typed})
