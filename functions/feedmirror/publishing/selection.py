"""What may be shown: records on one side, rules in force on the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Protocol, TypeVar

from feedmirror.layout import suppression_key
from feedmirror.publishing.listings import FRONT_CARDS
from feedmirror.records import Item, Record, Tombstone
from feedmirror.suppression import Suppression, find_suppression


class Shown(Protocol):
    """What lists are ordered by: the time that it is shown from, and the host that it is under."""

    @property
    def shown_from(self) -> datetime:
        """The time."""

    @property
    def host(self) -> str:
        """The host."""


S = TypeVar("S", bound=Shown)


@dataclass(frozen=True, slots=True)
class Publication:
    """Items that may be shown, and tombstones of those that may not; made by :func:`select`."""

    items: tuple[Item, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()


def select(
    records: Iterable[Record], rules: Sequence[Suppression], *, now: datetime
) -> Publication:
    """Keep what may be shown; whatever a rule covers becomes its tombstone.

    A renderer takes a publication and nothing else, so nothing unchecked can reach a page.
    """
    items: list[Item] = []
    tombstones: list[Tombstone] = []
    for record in records:
        match record:
            case Tombstone():
                tombstones.append(record)
            case Item():
                rule = find_suppression(record.subject, rules)
                if rule is None:
                    items.append(record)
                else:
                    tombstones.append(bury(record, rule, now=now))
    return Publication(tuple(items), tuple(tombstones))


def newest_of(first: Publication, second: Publication) -> Publication:
    """Return the newest items of both, as many as the front could show, and each host's newest."""
    items = newest_shown((*first.items, *second.items))
    return Publication(tuple(items), (*first.tombstones, *second.tombstones))


def newest_shown(shown: Iterable[S]) -> list[S]:
    """Return the newest, as many as the front could show, and the newest of every other host."""
    ordered = sorted(shown, key=attrgetter("shown_from"), reverse=True)
    newest = ordered[:FRONT_CARDS]
    hosts = {each.host for each in newest}
    others = {each.host: each for each in reversed(ordered) if each.host not in hosts}
    return [*newest, *others.values()]


def bury(item: Item, rule: Suppression, *, now: datetime) -> Tombstone:
    """Return the tombstone that a rule puts in an item's place."""
    return Tombstone(
        id=item.id,
        host=item.host,
        when=now,
        case=rule.case,
        ground=rule.ground,
        rules=(suppression_key(rule.host, rule.id),),
    )
