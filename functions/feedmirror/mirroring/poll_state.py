"""What the mirror remembers of a shard's feeds between runs: one object, a cache (design §3.1).

Losing it costs requests, never a return. Times aside, it changes only when a feed does, so a run
over unchanged feeds writes it once (promise P6).
"""

import json
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import asdict, astuple, dataclass, field, replace
from dataclasses import fields as fields_of
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, cast, get_origin, get_type_hints

from feedmirror.layout import ItemId
from feedmirror.mirroring.absence import Absence
from feedmirror.mirroring.backfill import Backfill
from feedmirror.mirroring.house_terms import HouseTerms
from feedmirror.mirroring.houses import House
from feedmirror.mirroring.moves import Move
from feedmirror.mirroring.refusals import Refusal
from feedmirror.mirroring.rhythm import Rhythm
from feedmirror.mirroring.terms import Stated
from feedmirror.mirroring.told import Told
from feedmirror.stored import checked, listed, names_of, read_json
from feedmirror.stored_rows import Rows, rows_of

# 2: the entries are one text (``stored_rows``), which stays one until they are asked for.
SCHEMA, _READABLE = 2, {1, 2}

Rank = tuple[datetime, str]  # when an item is shown from, and its id


@dataclass(frozen=True, slots=True)
class EntryState:
    """What was last seen of one entry; an empty fingerprint means: look at its record again.

    The dates are its own, in seconds since 1970; 0 is none, or for ``updated`` the same. ``span``
    is the digest of the bytes that had that fingerprint, and counts only beside one.
    """

    fingerprint: str = ""
    attributes: str = ""  # the newest marker that stands for it
    guid: str = ""  # hash of its guid's alias
    published: int = 0
    updated: int = 0
    span: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """The last whole look at what a feed has brought, for what is beyond the operator's bounds.

    ``bounds`` is a digest of them, ``again`` when the next look is due, ``floor`` the last rank
    within the number of items that is kept, ``shown`` how much of each item was left at most, by
    the publisher's terms.
    """

    bounds: str = ""
    again: datetime | None = None
    floor: Rank | None = None
    shown: str = "full"


# What most feeds have: one of each for all of them, as they are many and are never changed.
_MOVE, _RHYTHM, _STATED, _ABSENCE = Move(), Rhythm(), Stated(), Absence()
_BACKFILL, _TOLD, _REFUSAL = Backfill(), Told(), Refusal()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What is known of one feed; times aside, equal states mean that nothing needs writing."""

    attempted: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str = ""
    unvalidated: bool = False  # the last whole answer had neither ETag nor Last-Modified
    frozen: str = ""  # a validator that stayed the same while entries came: not sent any more
    hint: int = 0  # seconds that the server's headers ask for between polls, in whole hours
    ttl: int = 0  # seconds that the feed itself asks for
    skip_hours: tuple[int, ...] = ()  # that it says not to be asked in, in GMT
    skip_days: tuple[str, ...] = ()  # by their English names
    not_before: datetime | None = None  # what Retry-After said
    failures: int = 0  # in a row
    error: str = ""
    unread: str = ""  # digest of the document that ``error`` says is no feed
    gone: bool = False  # answered 410 twice, a day apart: polled no more
    limited: datetime | None = None  # told 429 since
    gone_since: datetime | None = None  # answered 410 then, and is to be asked once more
    landed: str = ""  # where its redirects ended last, if that is of another origin
    covered: bool = False  # by a rule about all that it brings
    rung: int = 0  # where the identity ladder starts (rule I3)
    context: str = ""  # digest of what decides around its entries what each means, if nothing else
    title: str = ""
    problems: tuple[str, ...] = ()
    lifts: str = ""  # digest of the lifts of its hosts that were in force when it was read
    terms: str = ""  # digest of the settings that it was stored under
    hosts: tuple[str, ...] = ()  # that its entries claim, besides its own
    entries: Mapping[ItemId, EntryState] = field(default_factory=dict)
    moved: Mapping[ItemId, ItemId] = field(
        default_factory=dict
    )  # id of a new link → id that is kept
    look: Look = Look()
    move: Move = _MOVE
    rhythm: Rhythm = _RHYTHM
    stated: Stated = _STATED
    absence: Absence = _ABSENCE
    backfill: Backfill = _BACKFILL
    told: Told = _TOLD
    refusal: Refusal = _REFUSAL

    @property
    def is_over(self) -> bool:
        """Whether it is polled no more, and owns no item any more."""
        return self.gone or bool(self.move.into)

    def addresses(self, url: str) -> tuple[str, ...]:
        """Return what a poll of the feed that is configured at an address leads to."""
        asked = self.move.asked_at(url)
        return (asked, self.landed) if self.landed else (asked,)

    def forgetting_body(self) -> "FeedState":
        """Return the state that makes the next poll fetch and read the whole feed again."""
        return replace(self, etag=None, last_modified=None, body_hash="")

    def forgetting(self, items: Collection[ItemId]) -> "FeedState":
        """Return the state that makes the next poll look at some entries' records again."""
        if not items:
            return self
        known = self.entries.keys() & frozenset(items)
        if not known:
            return self
        entries = {
            item: replace(entry, fingerprint="") if item in known else entry
            for item, entry in self.entries.items()
        }
        return replace(self.forgetting_body(), entries=entries)


@dataclass(frozen=True, slots=True)
class ShardState:
    """What is known of a shard's feeds by address; ``mark`` is of the configuration last used.

    ``houses`` are what the feeds' origins say to robots, by origin (``https://news.example.com``).
    ``house_terms`` is what files of theirs say of terms, by the same.
    ``shards`` is how many there were when it was written; 0 is not known. ``handed`` is the number
    of shards for which all that is not at home here has been taken to where it is; whoever writes
    anything else takes that back.
    """

    feeds: Mapping[str, FeedState] = field(default_factory=dict)
    mark: str = ""
    shards: int = 0
    handed: int = 0
    houses: Mapping[str, House] = field(default_factory=dict)
    house_terms: Mapping[str, HouseTerms] = field(default_factory=dict)


# What a feed's state has of its own modules: each a dataclass of texts, numbers, times, tuples of
# texts and mappings of texts.
_PARTS: Mapping[str, type] = {
    "move": Move,
    "rhythm": Rhythm,
    "stated": Stated,
    "absence": Absence,
    "backfill": Backfill,
    "told": Told,
    "refusal": Refusal,
}
_SIMPLE = tuple(
    each.name for each in fields_of(FeedState) if each.name not in {*_PARTS, "entries", "look"}
)
_TIMES = frozenset({"attempted", "not_before", "limited", "gone_since"})
_LISTS = frozenset({"problems", "hosts", "skip_hours", "skip_days"})
_simple_of = attrgetter(*_SIMPLE)
_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
_NEW, _HOUSE, _HOUSE_TERMS = FeedState(), House(), HouseTerms()  # of which nothing is known
Part = TypeVar("Part")


class StateWriter:
    """Writes states; what it last made of a feed is used again while that is the same object."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._made: dict[str, tuple[FeedState, bytes]] = {}

    def write(self, state: ShardState, nonce: str) -> bytes:
        """Return the stored form; what a feed does not have is left out."""
        made = {url: self._written(url, feed) for url, feed in state.feeds.items()}
        self._made = made
        around = {
            "schema": SCHEMA,
            "mark": state.mark,
            "shards": state.shards,
            "handed": state.handed,
            "houses": {origin: _stated(each, _HOUSE) for origin, each in state.houses.items()},
            "house_terms": {
                origin: _stated(each, _HOUSE_TERMS) for origin, each in state.house_terms.items()
            },
            "nonce": nonce,
        }
        feeds = b",".join(written for _, written in made.values())
        return b'%b,"feeds":{%b}}' % (_encoded(around)[:-1].encode(), feeds)

    def _written(self, url: str, feed: FeedState) -> tuple[FeedState, bytes]:
        last = self._made.get(url)
        if last is not None and last[0] is feed:
            return last
        return feed, f"{_encoded(url)}:{_encoded(_compact(feed))}".encode()


def state_to_json(state: ShardState, nonce: str) -> bytes:
    """Return the stored form of one state."""
    return StateWriter().write(state, nonce)


def state_from_json(body: bytes) -> ShardState | None:
    """Read a state; one that cannot be read is lost, and losing it is allowed."""
    try:
        fields = read_json(body)
        if fields["schema"] not in _READABLE:
            return None
        feeds = {url: _feed(feed) for url, feed in fields["feeds"].items()}
        shards, handed = (fields.get(name, 0) for name in ("shards", "handed"))
        houses = {origin: _part(House, house) for origin, house in fields.get("houses", {}).items()}
        terms = {
            origin: _part(HouseTerms, house)
            for origin, house in fields.get("house_terms", {}).items()
        }
        return checked(ShardState(feeds, fields["mark"], shards, handed, houses, terms))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _compact(feed: FeedState) -> dict[str, Any]:
    values = zip(_SIMPLE, _simple_of(feed), _simple_of(_NEW), strict=True)
    told = {name: value for name, value, usual in values if value or value != usual}
    for name in _PARTS:
        if stated := _stated(getattr(feed, name), getattr(_NEW, name)):
            told[name] = stated
    if feed.look != _NEW.look:
        told["look"] = asdict(feed.look)
    if feed.entries:
        rows = rows_of(EntryState, feed.entries)
        told["entries"] = rows or {item: astuple(entry) for item, entry in feed.entries.items()}
    return told


def _stated(part: Any, usual: Any) -> dict[str, Any]:  # noqa: ANN401 -- any dataclass of ours
    """Return what a part of a state says beyond the ``usual``, which most of them are."""
    if part is usual:
        return {}
    return {
        name: value
        for name in names_of(cast("Hashable", type(part)))
        if (value := getattr(part, name)) != getattr(usual, name)
    }


def _part(of: type[Part], fields: dict[str, Any]) -> Part:
    """Read a part of a state, whose fields are taken over; raises TypeError or ValueError."""
    for name, read in _readers(cast("Hashable", of)):
        if name in fields:
            fields[name] = read(fields[name])
    return of(**fields)


@cache
def _readers(of: Hashable) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """Return what reads those fields of a part that JSON has in another form."""
    hints = get_type_hints(of)
    forms = {name: _form(hint) for name, hint in hints.items()}
    return tuple((name, read) for name, read in forms.items() if read is not None)


def _form(hint: Any) -> Callable[[Any], Any] | None:  # noqa: ANN401 -- a type, however stated
    if hint == datetime | None:
        return datetime.fromisoformat
    return (lambda value: tuple(listed(value))) if get_origin(hint) is tuple else None


def _look(fields: Mapping[str, Any]) -> Look:
    again, floor = fields["again"], fields["floor"]
    moment, item = floor or ("", "")
    return Look(
        bounds=fields["bounds"],
        again=datetime.fromisoformat(again) if again else None,
        floor=(datetime.fromisoformat(moment), item) if floor else None,
        shown=fields.get("shown", "full"),
    )


def _feed(fields: dict[str, Any]) -> FeedState:
    """Read a feed's state, whose fields are taken over; raises TypeError or ValueError."""
    for name in _TIMES & fields.keys():
        fields[name] = datetime.fromisoformat(fields[name])
    for name in _LISTS & fields.keys():
        fields[name] = tuple(listed(fields[name]))
    for name in _PARTS.keys() & fields.keys():
        fields[name] = _part(_PARTS[name], fields[name])
    if "look" in fields:
        fields["look"] = _look(fields["look"])
    if "entries" in fields:
        fields["entries"] = _entries(fields["entries"])
    return FeedState(**fields)


def _entries(stored: str | dict[ItemId, list[Any]]) -> Mapping[ItemId, EntryState]:
    """Read a feed's entries, as they are written or as schema 1 had them."""
    if isinstance(stored, str):
        return Rows(EntryState, stored)
    return {item: EntryState(*known) for item, known in stored.items()}
