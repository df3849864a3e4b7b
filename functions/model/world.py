"""What there is: objects in buckets, processes with what they have read, requests on the wire.

Everything is an immutable value, so that a state of the whole can be kept in a set. One step of
time is one request, by one process, or a fault.

An ETag is told apart only as far as a conditional put can. Of a body with a nonce it is either
that of the object as it is now (``CURRENT``) or of one that is gone for ever (``GONE``), so two
states that differ in nothing but nonces are one state. Of a body without a nonce the ETag is the
body, which may come again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, TypeVar

_T = TypeVar("_T")
UNREAD, ABSENT, CURRENT, GONE, ANY = "unread", "absent", "current", "gone", "any"
Key = tuple[str, str]  # the kind of an object, and which one it is
Fact = tuple[str, ...]  # an object that is only ever created: a marker, a rule, a lift, a note


class Item(NamedTuple):
    """Something readable: a version of an item, with the words that rules may know it by."""

    id: str
    version: int
    words: frozenset[str]


class Stone(NamedTuple):
    """A tombstone, with the rules that put it; on the site, a page that says no more than gone."""

    rules: frozenset[str] = frozenset()


class Cards(NamedTuple):
    """A listing: the items that it shows, and the rules that it was last checked against."""

    items: frozenset[Item] = frozenset()
    mark: frozenset[str] = frozenset()

    @property
    def told(self) -> "Cards":
        """What a page tells of it: the items alone."""
        return Cards(self.items)


Content = Item | Stone | Cards
Etag = str | Content


class Stored(NamedTuple):
    """An object that may be overwritten."""

    content: Content
    nonced: bool = True

    @property
    def etag(self) -> Etag:
        """The hash of the body: unlike any other with a nonce, else as good as the body."""
        return CURRENT if self.nonced else self.content


class Request(NamedTuple):
    """A put on the wire of a process that is dead: it lands under its condition, or never."""

    place: int
    stored: Stored | None  # None deletes
    replaces: Etag


class Creation(NamedTuple):
    """The same of a fact, that another fact may make void."""

    fact: Fact
    unless: Fact


class HasObjects(Protocol):
    """What there is, whoever sees it."""

    @property
    def objects(self) -> tuple[Stored | None, ...]:
        """What may be overwritten."""

    @property
    def facts(self) -> frozenset[Fact]:
        """What is only ever created."""


class Faults(NamedTuple):
    """How much may still go wrong. A 409 changes nothing, so there is nothing to be tried of it."""

    crashes: int = 0  # a process dies between two requests, and is begun again from the top
    late: int = 0  # how many of the dead leave a put on the wire
    resends: int = 0  # the answer to a put is lost; the SDK sends it again and is told 412
    conflicts: int = 0  # 409s to a process that takes them for "it is there already"


class Process(NamedTuple):
    """A process: where it is, and what it remembers of its requests. A dead one has nothing."""

    held: tuple[Etag, ...]  # the ETags that it has read, by the number of the key
    found: tuple[Content | None, ...]  # what was there, alike
    block: int = 0
    nth: int = 0  # of its items
    step: int = 0  # of the block
    items: tuple[str, ...] = ()  # that it is about
    drafts: frozenset[Item] = frozenset()  # what it would have them be
    rules: frozenset[str] = frozenset()
    lifts: frozenset[str] = frozenset()
    listing: Cards | None = None  # what it is about to put
    swept: str = ""  # the item behind which a sweep goes on
    more: bool = False  # whether there is more behind the slice at hand
    kept: frozenset[str] = frozenset()  # items whose tombstones' rules still stand
    lost: frozenset[str] = frozenset()  # items that are left to another run
    unsure: bool = False  # its last put was refused after a retry: it has to read back
    done: bool = False


class State(NamedTuple):
    """All that there is at one moment."""

    objects: tuple[Stored | None, ...]
    facts: frozenset[Fact]
    edits: int  # how many of the publisher's edits are done
    processes: tuple[Process, ...]
    wire: frozenset[Request | Creation]
    left: Faults

    def has(self, kind: str, about: str) -> bool:
        """Tell whether there is a fact of a kind about something."""
        return any(fact[0] == kind and fact[1] == about for fact in self.facts)

    def names(self, kind: str) -> frozenset[str]:
        """Return what the facts of a kind are about."""
        return frozenset(fact[1] for fact in self.facts if fact[0] == kind)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who a process is: a run of the mirror, a takedown, or a person who ends one."""

    name: str
    program: str  # of the protocol's
    case: str = ""  # the takedown's, or that of the one that is ended
    rule: str = ""  # the id of the case's rule
    word: str = ""  # what that rule names
    waits_for: tuple[str, str] | None = None  # the fact without which it does not begin
    slices: bool = False  # the sweep notes where it is behind each item


@dataclass(frozen=True)
class Setting:
    """What does not change: which keys there are, who acts, what the publisher offers when."""

    keys: Mapping[Key, int]
    actors: tuple[Actor, ...]
    offered: tuple[frozenset[Item], ...]  # at first, and after each edit
    words: Mapping[str, str]  # what each rule names
    nonces: frozenset[str]  # which programs put bodies with a nonce
    permanent: bool  # whether what was put is never absent again

    @cached_property
    def fresh(self) -> Process:
        """A process that has just begun."""
        return Process((UNREAD,) * len(self.keys), (None,) * len(self.keys))

    @cached_property
    def items(self) -> tuple[str, ...]:
        """The items that there ever are."""
        return tuple(sorted({item.id for offer in self.offered for item in offer}))


def land(setting: Setting, state: State, request: Request | Creation) -> State:
    """Let a request arrive, whose condition holds."""
    if isinstance(request, Creation):
        return state._replace(facts=state.facts | {request.fact})
    place, processes, wire = request.place, state.processes, state.wire
    before = state.objects[place]
    past = before.etag if before else ABSENT
    if past == CURRENT or (past == ABSENT and setting.permanent):  # whoever holds it holds nothing
        processes = tuple(
            each._replace(held=replaced(each.held, place, GONE))
            if each.held[place] == past
            else each
            for each in processes
        )
        wire = frozenset(r for r in wire if r[0] != place or r[-1] != past)
    objects = replaced(state.objects, place, request.stored)
    return state._replace(objects=objects, processes=processes, wire=wire)


def can_land(there: HasObjects, request: Request | Creation) -> bool:
    """Tell whether a request's condition holds."""
    if isinstance(request, Creation):
        return there.facts.isdisjoint({request.fact, request.unless})
    stored = there.objects[request.place]
    return request.replaces in {ANY, stored.etag if stored else ABSENT}


def is_hopeless(setting: Setting, state: State, request: Request | Creation) -> bool:
    """Tell whether a request can never land: left on the wire, it is as good as never sent."""
    if isinstance(request, Creation):
        return not can_land(state, request)
    is_there = state.objects[request.place] is not None
    return request.replaces == GONE or (
        request.replaces == ABSENT and is_there and setting.permanent
    )


def replaced(values: tuple[_T, ...], place: int, value: _T) -> tuple[_T, ...]:
    """Return values with another one in one place."""
    return (*values[:place], value, *values[place + 1 :])
