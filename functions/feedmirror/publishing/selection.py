"""What may be shown: records on one side, rules in force on the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedmirror.layout import suppression_key
from feedmirror.publishing.listings import FRONT_CARDS
from feedmirror.records import Item, Record, Tombstone
from feedmirror.suppression import Suppression, find_suppression


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
    items = sorted((*first.items, *second.items), key=lambda item: item.shown_from, reverse=True)
    newest = items[:FRONT_CARDS]
    hosts = {item.host for item in newest}
    others = {item.host: item for item in reversed(items) if item.host not in hosts}
    return Publication((*newest, *others.values()), (*first.tombstones, *second.tombstones))


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
