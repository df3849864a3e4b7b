"""Which entry is which item: an identity that survives what publishers change (rules I1-I5).

An item is known by its canonical link. Where the link is missing, or shared by several entries of
one document, the first rung of a ladder that tells the entry apart takes its place. The rungs do
not look at positions, since a new entry at the top of the feed would shift every one of them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from feedmirror.addresses import canonical_link, digest
from feedmirror.layout import ItemId
from feedmirror.mirroring.entries import Entry
from feedmirror.suppression import guid_alias

RUNGS = ("guid", "link and date", "link, date and title", "text")
_TOLERATED = 0.05  # share of entries that a rung may fail before the feed moves to the next (I3)


@dataclass(frozen=True, slots=True)
class Identities:
    """The ids of a document's entries in its order, and the rung that its ladder starts at.

    ``guids`` are hashes of guids by id, where one entry alone has that guid; ``moved`` tells which
    id an entry keeps although its link is new. ``plain`` tells that each entry has a link, and a
    guid if it has one, that no other has, and an id of its own: then no id depends on any other
    entry of the document. ``fresh`` are the ids that the links alone would give.
    """

    ids: tuple[ItemId, ...]
    rung: int
    guids: Mapping[ItemId, str] = field(default_factory=dict)
    moved: Mapping[ItemId, ItemId] = field(default_factory=dict)
    plain: bool = False
    fresh: tuple[ItemId, ...] = ()


def identify(
    entries: Sequence[Entry],
    *,
    host: str,
    rung: int = 0,
    known: Mapping[str, ItemId],
    moved: Mapping[ItemId, ItemId],
) -> Identities:
    """Give every entry its id; ``known`` are ids by hash of guid, from the last poll.

    A known guid under a new link keeps its id; so does the new link from then on. An id that one
    entry keeps is never another's: who comes by its link alone is then told apart by its guid.
    ``host`` is the source host, within which a guid's host may change.
    """
    links = [canonical_link(entry.link or "") or "" for entry in entries]
    shared = {link for link, count in Counter(links).items() if count > 1 or not link}
    unlinked = [index for index, link in enumerate(links) if link in shared]
    bare = [entries[index] for index in unlinked]
    rung = _rung(bare, rung, round(_TOLERATED * len(entries)), host=host)
    guids = [guid_hash(entry.guid, host=host) if entry.guid else "" for entry in entries]
    repeated = {guid for guid, count in Counter(guids).items() if count > 1 or not guid}
    apart = dict(zip(unlinked, _tell_apart(bare, rung, host=host), strict=True))
    kept = {
        index: known[guid]
        for index, guid in enumerate(guids)
        if guid in known and guid not in repeated
    }
    taken = set(kept.values())
    ids: list[ItemId] = []
    named: list[ItemId] = []
    moves: dict[ItemId, ItemId] = {}
    plain = not unlinked and repeated <= {""}
    for index, link in enumerate(links):
        fresh = ItemId(apart[index] if index in apart else digest("link", link))
        item = kept.get(index, moved.get(fresh, fresh))
        if index not in kept and item in taken and guids[index]:
            item = fresh = ItemId(digest("link and guid", link, guids[index]))
            plain = False
        if item != fresh:
            moves[fresh] = item
        ids.append(item)
        named.append(fresh)
    own = {item: guid for item, guid in zip(ids, guids, strict=True) if guid not in repeated}
    plain = plain and len(set(ids)) == len(ids)
    return Identities(tuple(ids), rung, own, moves, plain, tuple(named))


def guid_hash(guid: str, *, host: str) -> str:
    """Return the hash by which an entry's guid is known at its source host."""
    return digest("guid", guid_alias(guid, host=host))


def ids_of_guid(guid: str, *, host: str) -> tuple[ItemId, ...]:
    """Return the ids that an entry may have of which nothing but its guid is known.

    Where the guid is its link, as with a permalink, its own; else that of an entry without a link.
    """
    link = canonical_link(guid)
    by_link = (ItemId(digest("link", link)),) if link else ()
    return (*by_link, ItemId(guid_hash(guid, host=host)))


def _rung(unlinked: Sequence[Entry], start: int, tolerated: int, *, host: str) -> int:
    """Move down, one way, from rungs that tell too few of the entries apart."""
    for rung in range(start, len(RUNGS) - 1):
        values = [_value(entry, rung, host) for entry in unlinked]
        counts = Counter(values)
        if sum(1 for value in values if value is None or counts[value] > 1) <= tolerated:
            return rung
    return len(RUNGS) - 1


def _tell_apart(unlinked: Sequence[Entry], rung: int, *, host: str) -> list[str]:
    """Return each entry's digest on the first rung where it stands alone.

    Entries that no rung tells apart are alike in every field: they are one item.
    """
    last = RUNGS[-1]
    found = [digest(last, _value(entry, len(RUNGS) - 1, host) or "") for entry in unlinked]
    for step in reversed(range(rung, len(RUNGS) - 1)):
        values = [_value(entry, step, host) for entry in unlinked]
        counts = Counter(values)
        for index, value in enumerate(values):
            if value is not None and counts[value] == 1:
                found[index] = digest(RUNGS[step], value)
    return found


def _value(entry: Entry, rung: int, host: str) -> str | None:
    """Return what a rung looks at, or None if the entry does not state it."""
    date = entry.published.isoformat() if entry.published else ""
    link = canonical_link(entry.link or "") or ""
    match RUNGS[rung]:
        case "guid":
            return guid_alias(entry.guid, host=host) if entry.guid else None
        case "link and date":
            return f"{link}\0{date}" if date else None
        case "link, date and title":
            return f"{link}\0{date}\0{entry.title}" if entry.title else None
        case _:
            parts = (link, date, entry.title, entry.content_html, entry.summary_html)
            return "\0".join(parts)
