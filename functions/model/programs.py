"""Programs of single requests: how a process gets from one to the next, and what may go wrong."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

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
    State,
    Stone,
    Stored,
    can_land,
    land,
    replaced,
)


class Next(Enum):
    """Where a process goes from a step; or to the block of a name."""

    ON = auto()
    AGAIN = auto()  # to the beginning of the block, with the same item
    END = auto()
    WAIT = auto()  # it cannot go on yet


class Mode(Enum):
    """How a request goes."""

    WELL = ""
    LATE = "; dies, the put is on the wire"
    RESENT = "; the answer is lost, sent again it is refused"
    CONFLICT = "; 409"


class Over(Enum):
    """What a block is done for, one after the other."""

    NOTHING = auto()  # once
    ITEMS = auto()  # that the process is about
    ALL = auto()  # that there are


@dataclass(frozen=True, slots=True)
class Step:
    """One request: its name, the code that makes it, and what it asks of which kind of key."""

    name: str
    code: str  # module:function, below feedmirror.jobs
    asks: str
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
    nonces: bool = True  # every body that is overwritten has one
    permanent: bool = True  # tombstones never expire, and nothing is deleted
    conflict_is_won: bool = False  # 409 is taken for "it is there already"


def step(code: str, asks: str) -> "Callable[[Callable[[Turn, str], Next | str]], Step]":
    """Make a function the step that stands for some code and its request."""
    return lambda does: Step(does.__name__, code, asks, does)


def once(*steps: Step, name: str = "") -> Block:
    """Return a block that is done once."""
    return Block(steps, Over.NOTHING, name)


def each(*steps: Step, name: str = "") -> Block:
    """Return a block that is done for each item of the process."""
    return Block(steps, Over.ITEMS, name)


class SecondRequestError(Exception):
    """A step asks something, and a turn is one request."""


class Turn:
    """One request of one process, with all that follows from its answer."""

    def __init__(self, setting: Setting, state: State, number: int, mode: Mode = Mode.WELL) -> None:
        """Begin the process's next request; ``mode`` says how it will go."""
        self.setting, self.state, self.number, self.mode = setting, state, number, mode
        self.actor: Actor = setting.actors[number]
        self.me: Process = state.processes[number]
        self.asked = ""  # in words
        self.step: Step | None = None  # that asked it
        self.is_put = self.is_applied = self.is_creation = False

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
            self._ask("polls the feed")
        return self.setting.offered[self.state.edits]

    def look_around(self) -> State:
        """Know everything: for departures that trust more than S3."""
        self._ask("looks who is running")
        return self.state

    def get(self, key: Key) -> Content | None:
        """Get an object; a head likewise, of which only the ETag is used."""
        place = self.setting.keys[key]
        stored = self.state.objects[place]
        content = stored.content if stored else None
        self._ask(f"reads {' '.join(key)}: {told(content)}")
        held = replaced(self.me.held, place, stored.etag if stored else ABSENT)
        self.remember(held=held, found=replaced(self.me.found, place, content))
        return content

    def list(self, *kinds: str) -> frozenset[Fact]:
        """List the facts of some kinds."""
        known = frozenset(fact for fact in self.state.facts if fact[0] in kinds)
        names = " and ".join(kinds)
        self._ask(f"lists {names}: {', '.join(sorted({f[1] for f in known})) or 'none'}")
        return known

    def list_keys(self, kind: str) -> tuple[str, ...]:
        """List the objects of a kind that may be overwritten."""
        places = {key[1]: place for key, place in self.setting.keys.items() if key[0] == kind}
        there = sorted(name for name, place in places.items() if self.state.objects[place])
        self._ask(f"lists {kind}: {', '.join(there) or 'none'}")
        return tuple(there)

    def create(self, fact: Fact, *, unless: Fact = ()) -> bool:
        """Put a fact with ``If-None-Match: *``: there already is as good. False if it is void."""
        self._ask(f"writes {' '.join(fact)}")
        self.is_put = self.is_creation = True
        request = Creation(fact, unless)
        if self.mode is Mode.LATE:
            self.state = self.state._replace(wire=self.state.wire | {request})
        elif self.mode is Mode.WELL and can_land(self.state, request):
            self.state = land(self.setting, self.state, request)
            self.is_applied = True
        return not unless or unless not in self.state.facts

    def put(
        self, key: Key, content: Content | None, *, replaces: Etag, nonced: bool = True
    ) -> bool:
        """Put an object under a condition, or delete it (None); tell whether that is done."""
        place = self.setting.keys[key]
        if self.me.unsure:
            return self._read_back(key)
        stored = Stored(content, nonced and self.setting.nonces) if content is not None else None
        request = Request(place, stored, replaces)
        self.is_applied = can_land(self.state, request)
        answer = "" if self.is_applied or self.mode is Mode.LATE else "refused, "
        self._ask(f"puts {' '.join(key)}: {answer}{told(content)}")
        self.is_put = True
        if self.mode is Mode.LATE:
            self.state = self.state._replace(wire=self.state.wire | {request})
            return False
        if self.is_applied:
            self.state = land(self.setting, self.keep(self.me), request)
            self.me = self.state.processes[self.number]
        if self.mode is Mode.RESENT:
            own = stored.etag if stored else ABSENT
            self.remember(held=replaced(self.me.held, place, own), unsure=True)
        else:
            self.forget(key)
        return self.is_applied

    def _read_back(self, key: Key) -> bool:
        """See whether what is there is the body that was sent (adapters.s3:S3Store._settle)."""
        there = self.state.objects[self.setting.keys[key]]
        is_own = self.held(key) == (there.etag if there else ABSENT)
        self._ask(f"reads {' '.join(key)} back: {'its own' if is_own else 'not its own'}")
        self.remember(unsure=False)
        self.forget(key)
        return is_own

    def forget(self, key: Key) -> None:
        """Know nothing of a key any more."""
        place = self.setting.keys[key]
        held, found = self.me.held, self.me.found
        self.remember(held=replaced(held, place, UNREAD), found=replaced(found, place, None))

    def keep(self, me: Process) -> State:
        """Return the state as it is with the process being ``me``."""
        return self.state._replace(processes=replaced(self.state.processes, self.number, me))

    def _ask(self, words: str) -> None:
        if self.asked:
            raise SecondRequestError
        self.asked = words


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
