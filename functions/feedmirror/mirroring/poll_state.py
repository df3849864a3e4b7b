"""What the mirror remembers of a shard's feeds between runs: one object, a cache (design §3.1).

Losing it costs requests, never a return. Times aside, it changes only when a feed does, so a run
over unchanged feeds writes it once (promise P6).
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from feedmirror.layout import ItemId

SCHEMA = 1

Rank = tuple[datetime, str]  # when an item is shown from, and its id


@dataclass(frozen=True, slots=True)
class EntryState:
    """What was last seen of one entry; an empty fingerprint means: look at its record again."""

    fingerprint: str = ""
    attributes: str = ""  # the newest marker that stands for it
    guid: str = ""  # hash of its guid's alias


@dataclass(frozen=True, slots=True)
class Look:
    """The last whole look at what a feed has brought, for what is beyond the operator's bounds.

    ``bounds`` is a digest of them, ``again`` when the next look is due, ``floor`` the last rank
    within the number of items that is kept.
    """

    bounds: str = ""
    again: datetime | None = None
    floor: Rank | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What is known of one feed; times aside, equal states mean that nothing needs writing."""

    attempted: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str = ""
    hint: int = 0  # seconds that the server's headers ask for between polls, in whole hours
    ttl: int = 0  # seconds that the feed itself asks for
    not_before: datetime | None = None  # what Retry-After said
    failures: int = 0  # in a row
    error: str = ""
    gone: bool = False  # answered 410: polled no more
    rung: int = 0  # where the identity ladder starts (rule I3)
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

    ``shards`` is how many there were when it was written; 0 is not known. ``handed`` is the number
    of shards for which all that is not at home here has been taken to where it is; whoever writes
    anything else takes that back.
    """

    feeds: Mapping[str, FeedState] = field(default_factory=dict)
    mark: str = ""
    shards: int = 0
    handed: int = 0


def state_to_json(state: ShardState, nonce: str) -> bytes:
    """Return the stored form; what a feed does not have is left out."""
    feeds = {url: _compact(feed) for url, feed in state.feeds.items()}
    fields = {
        "schema": SCHEMA,
        "mark": state.mark,
        "shards": state.shards,
        "handed": state.handed,
        "feeds": feeds,
        "nonce": nonce,
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def state_from_json(body: bytes) -> ShardState | None:
    """Read a state; one that cannot be read is lost, and losing it is allowed."""
    try:
        fields = json.loads(body)
        if fields["schema"] != SCHEMA:
            return None
        feeds = {url: _feed(feed) for url, feed in fields["feeds"].items()}
        numbers = (int(fields.get(name, 0)) for name in ("shards", "handed"))
        return ShardState(feeds, fields["mark"], *numbers)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _compact(feed: FeedState) -> dict[str, Any]:
    entries = {
        item: [known.fingerprint, known.attributes, known.guid]
        for item, known in feed.entries.items()
    }
    look = asdict(feed.look) if feed.look.bounds else None
    fields = {**asdict(replace(feed, entries={})), "entries": entries, "look": look}
    return {name: value for name, value in fields.items() if value not in (None, "", 0, (), {})}


def _look(fields: Mapping[str, Any]) -> Look:
    again, floor = fields["again"], fields["floor"]
    return Look(
        bounds=fields["bounds"],
        again=datetime.fromisoformat(again) if again else None,
        floor=(datetime.fromisoformat(floor[0]), floor[1]) if floor else None,
    )


def _feed(fields: dict[str, Any]) -> FeedState:
    times: dict[str, datetime] = {
        name: datetime.fromisoformat(fields[name])
        for name in ("attempted", "not_before")
        if name in fields
    }
    entries = {
        ItemId(item): EntryState(*known) for item, known in fields.get("entries", {}).items()
    }
    lists = {name: tuple(fields.get(name, ())) for name in ("problems", "hosts")}
    look = _look(fields["look"]) if "look" in fields else Look()
    typed: dict[str, Any] = {**fields, **times, "entries": entries, **lists, "look": look}
    return FeedState(**typed)
