"""What the mirror remembers of a shard's feeds between runs: one object, a cache (design §3.1).

Losing it costs requests, never a return. Times aside, it changes only when a feed does, so a run
over unchanged feeds writes it once (promise P6).
"""

import json
from collections.abc import Collection, Hashable, Mapping
from dataclasses import asdict, dataclass, field, replace
from dataclasses import fields as fields_of
from datetime import datetime
from functools import cache
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
from feedmirror.stored import checked, listed, read_json

SCHEMA = 1

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
    move: Move = field(default_factory=Move)
    rhythm: Rhythm = field(default_factory=Rhythm)
    stated: Stated = field(default_factory=Stated)
    absence: Absence = field(default_factory=Absence)
    backfill: Backfill = field(default_factory=Backfill)
    told: Told = field(default_factory=Told)
    refusal: Refusal = field(default_factory=Refusal)

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
Part = TypeVar("Part")


def state_to_json(state: ShardState, nonce: str) -> bytes:
    """Return the stored form; what a feed does not have is left out."""
    feeds = {url: _compact(feed) for url, feed in state.feeds.items()}
    fields = {
        "schema": SCHEMA,
        "mark": state.mark,
        "shards": state.shards,
        "handed": state.handed,
        "feeds": feeds,
        "houses": {origin: _stated(house) for origin, house in state.houses.items()},
        "house_terms": {origin: _stated(house) for origin, house in state.house_terms.items()},
        "nonce": nonce,
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def state_from_json(body: bytes) -> ShardState | None:
    """Read a state; one that cannot be read is lost, and losing it is allowed."""
    try:
        fields = read_json(body)
        if fields["schema"] != SCHEMA:
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
    entries = {item: _row(known) for item, known in feed.entries.items()}
    look = asdict(feed.look) if feed.look != Look() else None
    parts = {name: _stated(getattr(feed, name)) for name in _PARTS}
    # Not asdict, which copies all that is in the parts once more.
    own = {each.name: getattr(feed, each.name) for each in fields_of(feed)}
    stored = {**own, **parts, "entries": entries, "look": look}
    return {name: value for name, value in stored.items() if value not in (None, "", 0, (), {})}


def _row(entry: EntryState) -> list[str | int]:
    """Return an entry's fields in their order, as far as there are dates and more."""
    more: list[str | int] = [entry.published, entry.updated, entry.span]
    while more and not more[-1]:
        more.pop()
    return [entry.fingerprint, entry.attributes, entry.guid, *more]


def _stated(part: Any) -> dict[str, Any]:  # noqa: ANN401 -- any dataclass of ours
    """Return what a part of a state says beyond its defaults."""
    usual = _usual(cast("Hashable", type(part)))
    if part == usual:
        return {}
    own = ((each.name, getattr(part, each.name)) for each in fields_of(part))
    return {name: value for name, value in own if value != getattr(usual, name)}


@cache
def _usual(of: Hashable) -> Any:  # noqa: ANN401 -- see above
    """Return a part of a state that says nothing beyond its defaults."""
    return cast("type[Any]", of)()


def _part(of: type[Part], fields: Mapping[str, Any]) -> Part:
    """Read a part of a state; raises TypeError or ValueError for what is none."""
    hints = _hints(cast("Hashable", of))
    return of(**{name: _value(hints[name], value) for name, value in fields.items()})


@cache
def _hints(of: Hashable) -> Mapping[str, Any]:
    return get_type_hints(of)


def _value(hint: Any, value: Any) -> Any:  # noqa: ANN401 -- JSON
    if hint == datetime | None:
        return datetime.fromisoformat(value)
    return tuple(listed(value)) if get_origin(hint) is tuple else value


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
    times: dict[str, datetime] = {
        name: datetime.fromisoformat(fields[name])
        for name in ("attempted", "not_before", "limited", "gone_since")
        if name in fields
    }
    stored: dict[ItemId, list[Any]] = fields.get("entries", {})
    entries = {item: EntryState(*known) for item, known in stored.items()}
    names = ("problems", "hosts", "skip_hours", "skip_days")
    lists = {name: tuple(listed(fields.get(name, []))) for name in names}
    look = _look(fields["look"]) if "look" in fields else Look()
    parts: dict[str, Any] = {
        name: _part(of, fields[name]) for name, of in _PARTS.items() if name in fields
    }
    typed: dict[str, Any] = {**fields, **times, "entries": entries, **lists, "look": look, **parts}
    return FeedState(**typed)
