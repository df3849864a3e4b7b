"""Cases: one notice and all that followed, as a list of events that only ever grows.

A case's state follows from its events by one table, and everything that a retry must not do twice
is known by them. No event holds an address of a person or a word of the mail: persons are hashes,
and the mail stays where only the takedown function reads it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import reduce
from typing import Any

from feedmirror.addresses import digest
from feedmirror.migrations import NewerSchemaError, Steps, migrated, newest_schema
from feedmirror.stored import checked, read_json
from feedmirror.takedowns.senders.receipt import Receipt

STEPS: Steps = {}  # of the stored case, which is at schema 1
_LENGTH = 16  # characters of a case's id: 80 bits, and short enough for a mail address


class CaseUnreadableError(Exception):
    """A stored case that is not of this schema."""


class State(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"  # not decided yet, or not carried out yet
    WAITING = "waiting"  # for a person
    ASKED = "asked"  # for proof; nothing has changed
    MASKED = "masked"  # out of sight for the time being
    REMOVED = "removed"
    RECORDED = "recorded"  # nothing to do
    REFUSED = "refused"
    LAPSED = "lapsed"  # what was masked is back, since nobody proved it
    RESTORED = "restored"


class Event(StrEnum):
    """What may happen to a case; the words after the dash are what its details hold."""

    RECEIVED = "received"  # the receipt, the key of the mail
    DECIDED = "decided"  # the orders, and how the answer goes
    RULED = "ruled"  # an order's number: its rules stand
    SLICE = "slice"  # an order's number, its rule's id, and how far the sweep came
    CARRIED_OUT = "carried out"  # an order's number, and how many items it reached
    WRITING = "writing"  # a mail of ours is about to leave: its step
    WRITTEN = "written"  # it left: its step, and the id that SES gave it
    UNWRITTEN = "unwritten"  # it will never leave: its step, and why
    BOUNCED = "bounced"  # it did not arrive
    UNDONE = "undone"  # an end has been carried out, and how many items are shown again
    ALLOWED = "allowed"  # the publisher takes it back no longer: when that was seen, which items
    FREED = "freed"  # some places come back, the rest stays down: which, and by which case
    # What moves a case from state to state:
    REMOVED = "removed"
    MASKED = "masked"
    ASKED = "asked"
    HELD = "held"  # for a person
    CLOSED = "closed"  # with nothing to do
    PROVED = "proved"  # by which way, and which orders that settles
    APPROVED = "approved"  # by a person: which orders
    REFUSED = "refused"
    LAPSED = "lapsed"
    RESTORED = "restored"


# The one place that says what follows what; an event that is not here changes no state.
TRANSITIONS: Mapping[tuple[State, Event], State] = {
    (State.RECEIVED, Event.REMOVED): State.REMOVED,
    (State.RECEIVED, Event.MASKED): State.MASKED,
    (State.RECEIVED, Event.ASKED): State.ASKED,
    (State.RECEIVED, Event.HELD): State.WAITING,
    (State.RECEIVED, Event.CLOSED): State.RECORDED,
    (State.RECEIVED, Event.RESTORED): State.RESTORED,
    (State.RECEIVED, Event.PROVED): State.RECEIVED,  # while it is still being masked
    (State.RECEIVED, Event.APPROVED): State.RECEIVED,
    (State.WAITING, Event.APPROVED): State.RECEIVED,
    (State.WAITING, Event.PROVED): State.RECEIVED,
    (State.WAITING, Event.REFUSED): State.REFUSED,
    (State.WAITING, Event.RESTORED): State.RESTORED,
    (State.WAITING, Event.CLOSED): State.RECORDED,
    (State.ASKED, Event.PROVED): State.RECEIVED,
    (State.ASKED, Event.APPROVED): State.RECEIVED,
    (State.ASKED, Event.REFUSED): State.REFUSED,
    (State.ASKED, Event.RESTORED): State.RESTORED,
    (State.ASKED, Event.LAPSED): State.LAPSED,
    (State.ASKED, Event.HELD): State.WAITING,
    (State.MASKED, Event.PROVED): State.RECEIVED,
    (State.MASKED, Event.APPROVED): State.RECEIVED,
    (State.MASKED, Event.REFUSED): State.REFUSED,
    (State.MASKED, Event.LAPSED): State.LAPSED,
    (State.MASKED, Event.RESTORED): State.RESTORED,
    (State.REMOVED, Event.RESTORED): State.RESTORED,
    (State.REFUSED, Event.APPROVED): State.RECEIVED,
    (State.REFUSED, Event.RESTORED): State.RESTORED,  # what else it removed
    (State.LAPSED, Event.RESTORED): State.RESTORED,
    (State.LAPSED, Event.APPROVED): State.RECEIVED,
    (State.RECORDED, Event.APPROVED): State.RECEIVED,
}
OPEN = frozenset({State.RECEIVED, State.WAITING, State.ASKED, State.MASKED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a case: what, when, and its details as JSON has them."""

    event: Event
    at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """One case: its id and its events, oldest first."""

    id: str
    entries: tuple[Entry, ...]

    @property
    def state(self) -> State:
        """Where it stands, by the table of transitions."""
        start = State.RECEIVED
        return reduce(
            lambda state, entry: TRANSITIONS.get((state, entry.event), state), self.entries, start
        )

    @property
    def opened(self) -> datetime:
        """When it came in."""
        return self.entries[0].at

    @property
    def mail(self) -> str:
        """The key of its mail; empty where it came by letter or phone."""
        return str(self.entries[0].details.get("mail", ""))

    @property
    def receipt(self) -> Receipt | None:
        """What SES said when the mail came, if its event ever reached us."""
        for entry in self.of(Event.RECEIVED):
            if entry.details.get("receipt"):
                return Receipt.from_dict(entry.details["receipt"])
        return None

    @property
    def decision(self) -> Mapping[str, Any] | None:
        """What was decided, or None if nothing has been yet."""
        return next((entry.details for entry in self.of(Event.DECIDED)), None)

    def of(self, event: Event) -> Iterator[Entry]:
        """Yield its events of one kind."""
        return (entry for entry in self.entries if entry.event is event)

    def numbers(self, *events: Event) -> frozenset[int]:
        """Return the numbers of the orders that events of these kinds name."""
        return frozenset(
            number
            for entry in self.entries
            if entry.event in events
            for number in (*entry.details.get("orders", ()), entry.details.get("order", -1))
            if number >= 0
        )

    def with_event(self, event: Event, at: datetime, **details: Any) -> "Case":  # noqa: ANN401 -- JSON
        """Return the case with one more event."""
        return Case(self.id, (*self.entries, Entry(event, at, details)))


def case_of_mail(ses_id: str) -> str:
    """Return the id of the case that a mail opens: SES's id is the key of idempotence."""
    return digest("case", ses_id)[:_LENGTH]


def case_to_json(case: Case) -> bytes:
    """Return a case's stored form."""
    events = [{"event": e.event, "at": e.at.isoformat(), **e.details} for e in case.entries]
    return json.dumps(
        {"schema": newest_schema(STEPS), "id": case.id, "events": events}, indent=1
    ).encode()


def case_from_json(body: bytes) -> Case:
    """Read a stored case; raises CaseUnreadableError."""
    try:
        fields = migrated(read_json(body), STEPS)
        if not fields["events"]:
            raise CaseUnreadableError("not a case of schema 1")
        return checked(Case(fields["id"], tuple(_entry(each) for each in fields["events"])))
    except NewerSchemaError as error:
        raise CaseUnreadableError(f"a case {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CaseUnreadableError("not a case of schema 1") from error


def _entry(fields: dict[str, Any]) -> Entry:
    event, at = Event(fields.pop("event")), datetime.fromisoformat(fields.pop("at"))
    return Entry(event, at, fields)
