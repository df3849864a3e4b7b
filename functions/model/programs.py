"""Programs of single requests: how a process gets from one to the next, and what may go wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from model.world import (
    ABSENT,
    UNREAD,
    Actor,
    Cards,
    Content,
    Creation,
    Etag,
    Fact,
    Item,
    Key,
    Process,
    Request,
    Setting,
    Stone,
    Stored,
    can_land,
    replaced,
)


class Next(Enum):
    """Where a process goes from a step; or to the block of a name."""

    ON = auto()
    AGAIN = auto()  # to the beginning of the block, with the same item
    END = auto()
    WAIT = auto()  # it cannot go on yet


class Mode(Enum):
    """How a request goes, if it does not simply go well."""

    WELL = ""
    RESENT = ", and the answer is lost; sent again, it is refused"
    CONFLICT = ", and is answered 409"


class Over(Enum):
    """What a block is done for, one after the other."""

    NOTHING = auto()  # once
    ITEMS = auto()  # that the process is about
    ALL = auto()  # that there are


@dataclass(frozen=True, slots=True)
class Step:
    """One request: its name, the code that makes it, and what it asks of which kind of key."""

    name: str
    code: str  # module:function, below feedmirror.jobs; empty for a departure
    does: "Callable[[Turn, str], Next | str]"


@dataclass(frozen=True, slots=True)
class Block:
    """Steps that are done in a row, once or for each of some items."""

    steps: tuple[Step, ...]
    over: Over = Over.NOTHING
    name: str = ""


Program = tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Protocol:
    """Who does what in which order, and what holds for all."""

    programs: Mapping[str, Program]
    nonces: frozenset[str] = frozenset({"mirror", "takedown", "restore"})  # whose bodies have one
    permanent: bool = True  # what was put is never absent again
    expires: bool = False  # a lifecycle rule takes tombstones away
    rule_of_scope: bool = False  # a rule's id is derived from what it names, not from the mail
    conflict_is_won: bool = False  # 409 is taken for "it is there already"
    looks_around: bool = False  # somebody waits for what S3 cannot tell


def step(code: str) -> "Callable[[Callable[[Turn, str], Next | str]], Step]":
    """Make a function the step that stands for some code."""
    return lambda does: Step(does.__name__, code, does)


def once(*steps: Step, name: str = "") -> Block:
    """Return a block that is done once."""
    return Block(steps, Over.NOTHING, name)


def each(*steps: Step, name: str = "") -> Block:
    """Return a block that is done for each item of the process."""
    return Block(steps, Over.ITEMS, name)


class SecondRequestError(Exception):
    """A step asks something, and a turn is one request."""


class View(NamedTuple):
    """All that a request can depend on, besides who asks."""

    objects: tuple[Stored | None, ...]
    facts: frozenset[Fact]
    edits: int
    is_busy: bool = False  # whether a run of the mirror has begun: for departures that trust it


class Turn:
    """One request of one process, with all that follows from its answer."""

    def __init__(
        self, setting: Setting, actor: Actor, *, me: Process, view: View, mode: Mode = Mode.WELL
    ) -> None:
        """Begin a process's next request; ``mode`` says how it will go."""
        self.setting, self.actor, self.me, self.view, self.mode = setting, actor, me, view, mode
        self.asked = ""  # in words
        self.requests: tuple[str, ...] = ()  # method and kind of key
        self.request: Request | Creation | None = None  # what it puts
        self.is_applied = False

    # What a process knows.

    def has(self, key: Key) -> bool:
        """Tell whether there is such a key in this scenario."""
        return key in self.setting.keys

    def found(self, key: Key) -> Content | None:
        """Return what a get has brought."""
        return self.me.found[self.setting.keys[key]]

    def held(self, key: Key) -> Etag:
        """Return the ETag that was read."""
        return self.me.held[self.setting.keys[key]]

    def remember(self, **known: object) -> None:
        """Keep something for later steps."""
        self.me = self.me._replace(**known)  # type: ignore[arg-type]  # names and types as there

    # What it asks.

    def poll(self) -> frozenset[Item]:
        """Ask the publisher. Where nothing is ever edited, when is of no account."""
        if len(self.setting.offered) > 1:
            self._ask("polls the feed", "poll feed")
        return self.setting.offered[self.view.edits]

    def look_around(self) -> bool:
        """See whether a run of the mirror has begun: no request to S3 can tell."""
        self._ask("looks whether a run is at work", "ask nobody")
        return self.view.is_busy

    def get(self, key: Key) -> Content | None:
        """Get an object; a head likewise, of which only the ETag is used."""
        place = self.setting.keys[key]
        stored = self.view.objects[place]
        content = stored.content if stored else None
        self._ask(f"reads {' '.join(key)}: {told(content)}", f"get {key[0]}")
        held = replaced(self.me.held, place, stored.etag if stored else ABSENT)
        self.remember(held=held, found=replaced(self.me.found, place, content))
        return content

    def list(self, *kinds: str) -> frozenset[Fact]:
        """List the facts of some kinds."""
        known = frozenset(fact for fact in self.view.facts if fact[0] in kinds)
        names = " and ".join(kinds)
        told_of = ", ".join(sorted({fact[1] for fact in known})) or "none"
        self._ask(f"lists {names}: {told_of}", *(f"list {kind}" for kind in kinds))
        return known

    def list_keys(self, kind: str) -> tuple[str, ...]:
        """List the objects of a kind that may be overwritten."""
        places = {key[1]: place for key, place in self.setting.keys.items() if key[0] == kind}
        there = sorted(name for name, place in places.items() if self.view.objects[place])
        self._ask(f"lists {kind}: {', '.join(there) or 'none'}", f"list {kind}")
        return tuple(there)

    def create(self, fact: Fact, *, unless: Fact = ()) -> bool:
        """Put a fact with ``If-None-Match: *``: there already is as good. False if it is void."""
        self._ask(f"writes {' '.join(fact)}", f"put {fact[0]}")
        self.request = Creation(fact, unless)
        self.is_applied = self.mode is Mode.WELL and can_land(self.view, self.request)
        return unless not in self.view.facts

    def put(self, key: Key, content: Content | None, *, replaces: Etag) -> bool:
        """Put an object under a condition, or delete it (None); tell whether that is done."""
        place = self.setting.keys[key]
        if self.me.unsure:
            return self._read_back(key)
        nonced = self.actor.program in self.setting.nonces
        stored = None if content is None else Stored(content, nonced)
        request = Request(place, stored, replaces)
        is_applied = can_land(self.view, request)
        refused = "" if is_applied else ", refused"
        self._ask(f"puts {' '.join(key)}{refused}: {told(content)}", f"put {key[0]}")
        self.request, self.is_applied = request, is_applied
        if self.mode is Mode.RESENT:
            own = stored.etag if stored else ABSENT
            self.remember(held=replaced(self.me.held, place, own), unsure=True)
        else:
            self.forget(key)
        return is_applied

    def _read_back(self, key: Key) -> bool:
        """See whether what is there is the body that was sent (adapters.s3:S3Store._settle)."""
        there = self.view.objects[self.setting.keys[key]]
        is_own = self.held(key) == (there.etag if there else ABSENT)
        whose = "its own" if is_own else "not its own"
        self._ask(f"reads {' '.join(key)} back: {whose}", f"get {key[0]}")
        self.remember(unsure=False)
        self.forget(key)
        return is_own

    def forget(self, key: Key) -> None:
        """Know nothing of a key any more."""
        place = self.setting.keys[key]
        held, found = self.me.held, self.me.found
        self.remember(held=replaced(held, place, UNREAD), found=replaced(found, place, None))

    def _ask(self, words: str, *requests: str) -> None:
        if self.asked:
            raise SecondRequestError
        self.asked, self.requests = words, requests


def told(content: Content | None) -> str:
    """Say what an object is."""
    match content:
        case None:
            return "nothing"
        case Item(version=version):
            return f"the item (version {version})"
        case Stone(rules=rules):
            return f"a tombstone{' of ' + ', '.join(sorted(rules)) if rules else ''}"
        case Cards(items=items):
            return f"a list of {', '.join(sorted(item.id for item in items)) or 'nothing'}"
