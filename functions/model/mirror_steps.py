"""The mirror's requests, each with the function of the code that makes it."""

from model.programs import Next, Turn, step
from model.world import Cards, Item, Key, Stone

INDEX, JSON = ("index.html", ""), ("feed.json", "")  # of the host's listing


def record(item: str) -> Key:
    """Return the key of an item's record."""
    return "record", item


def page(item: str) -> Key:
    """Return the key of an item's page."""
    return "page", item


@step("mirror_shard:MirrorShard.run")
def poll(turn: Turn, _: str) -> Next:
    """Ask the publisher."""
    drafts = turn.poll()
    turn.remember(drafts=drafts, items=tuple(sorted(draft.id for draft in drafts)))
    return Next.ON


@step("store_entries:StoreEntries._read")
def look(turn: Turn, item: str) -> Next:
    """Read what is in a draft's place, and plan: what an item was known by it is still known by."""
    stored, draft = turn.get(record(item)), draft_of(turn, item)
    if isinstance(stored, Item):
        planned = draft._replace(words=draft.words | stored.words)
        turn.remember(drafts=turn.me.drafts - {draft} | {planned})
    return Next.ON


@step("store_entries:StoreEntries._announce")
def announce(turn: Turn, item: str) -> Next:
    """Create the marker of the item's present attributes: all that it is known by, old and new."""
    turn.create(("marker", item, *sorted(draft_of(turn, item).words)))
    return Next.ON


@step("publish:Publisher.open_page")
def open_page(turn: Turn, item: str) -> Next:
    """Read an item's page, and its ETag."""
    if turn.has(page(item)):
        turn.get(page(item))
    return Next.ON


@step("publish:Publisher._open")
def head_index(turn: Turn, _: str) -> Next:
    """Read the ETag of a listing's page."""
    if turn.has(INDEX) and turn.me.items:
        turn.get(INDEX)
    return Next.ON


@step("publish:Publisher._open")
def open_listing(turn: Turn, _: str) -> Next:
    """Read what a listing shows, and its ETag."""
    if turn.has(JSON) and turn.me.items:
        turn.get(JSON)
    return Next.ON


@step("rules:RuleReader.read")
def list_rules(turn: Turn, _: str) -> Next:
    """List the rules."""
    turn.remember(rules=frozenset(fact[1] for fact in turn.list("rule")))
    return Next.ON


@step("rules:RuleReader.read")
def list_lifts(turn: Turn, _: str) -> Next:
    """List what ends rules, where there are any."""
    if turn.me.rules:
        turn.remember(lifts=frozenset(fact[1] for fact in turn.list("lift")))
    return Next.ON


@step("rules:RuleReader.read")
def list_rules_again(turn: Turn, _: str) -> Next:
    """List the rules again: one that took a lifted one's place was written before the lift."""
    if turn.me.lifts:
        turn.remember(rules=frozenset(fact[1] for fact in turn.list("rule")))
    return Next.ON


@step("rules:RuleReader.stands")
def ask_stone(turn: Turn, item: str) -> Next:
    """Ask whether one of the rules that a tombstone names still stands.

    The code asks by two lists for each; rules and lifts only ever get more, so the answer is that
    of one moment.
    """
    stone = turn.found(record(item))
    if isinstance(stone, Stone):
        known = turn.list("rule", "lift")
        lifted = {fact[1] for fact in known if fact[0] == "lift"}
        if any(f[0] == "rule" and f[1] in stone.rules and f[1] not in lifted for f in known):
            turn.remember(kept=turn.me.kept | {item})
    return Next.ON


@step("store_entries:StoreEntries._put_record")
def put_record(turn: Turn, item: str) -> Next:
    """Put the item under the ETag that was read, unless a rule covers it."""
    key, planned = record(item), draft_of(turn, item)
    if is_kept_away(turn, item):
        turn.forget(key)
    elif turn.found(key) != planned:
        if not turn.put(key, planned, replaces=turn.held(key)):
            lose(turn, item)
    elif turn.has(page(item)):  # confirmed: what is shown is what is there behind the rules
        held = turn.held(key)
        turn.get(key)
        if turn.held(key) != held:
            lose(turn, item)
        turn.forget(key)
    return Next.ON


@step("publish:Publisher.put_page")
def put_page(turn: Turn, item: str) -> Next:
    """Put the item's page, if it changed."""
    key, planned = page(item), draft_of(turn, item)
    if not turn.has(key):
        return Next.ON
    if not is_shown(turn, item) or turn.found(key) == planned:
        turn.forget(key)
    elif not turn.put(key, planned, replaces=turn.held(key)):
        lose(turn, item)
    return Next.ON


@step("publish:Publisher.records")
def read_card(turn: Turn, item: str) -> Next:
    """Read the record of what a listing shows, where the rules are not those of before."""
    if turn.has(JSON) and turn.me.items:
        shown = listed(turn)
        if in_force(turn) != shown.mark and any(card.id == item for card in shown.items):
            turn.get(record(item))
    return Next.ON


@step("publish:Publisher.put_listing")
def put_index(turn: Turn, _: str) -> Next:
    """Put a listing's page, if what it shows has changed."""
    if not (turn.has(JSON) and turn.me.items):
        return Next.ON
    updated = relisted(turn)
    if updated != listed(turn):
        if turn.put(INDEX, updated.told, replaces=turn.held(INDEX)):
            turn.remember(listing=updated)
        else:
            lose(turn, *turn.me.items)
    return Next.ON


@step("publish:Publisher.put_listing")
def put_json(turn: Turn, _: str) -> Next:
    """Put a listing's own index, the last of its files, if those before it have been put."""
    updated = turn.me.listing
    if updated is not None:
        if not turn.put(JSON, updated, replaces=turn.held(JSON)):
            lose(turn, *turn.me.items)
        if not turn.me.unsure:
            turn.remember(listing=None)
    return Next.ON


def in_force(turn: Turn) -> frozenset[str]:
    """Return the rules that a process knows to be in force."""
    return turn.me.rules - turn.me.lifts


def is_covered(turn: Turn, item: Item) -> bool:
    """Tell whether a known rule covers an item: ``find_suppression``."""
    return any(turn.setting.words[rule] in item.words for rule in in_force(turn))


def draft_of(turn: Turn, item: str) -> Item:
    """Return what the process would have an item be."""
    return next(draft for draft in turn.me.drafts if draft.id == item)


def is_kept_away(turn: Turn, item: str) -> bool:
    """Tell whether an item may not be shown: by a rule about it, or by that of its tombstone."""
    return item in turn.me.kept or is_covered(turn, draft_of(turn, item))


def is_shown(turn: Turn, item: str) -> bool:
    """Tell whether the archive now holds what the process would show."""
    return item not in turn.me.lost and not is_kept_away(turn, item)


def lose(turn: Turn, *items: str) -> None:
    """Leave items to the next run."""
    turn.remember(lost=turn.me.lost.union(items))


def listed(turn: Turn) -> Cards:
    """Return what the listing showed."""
    found = turn.found(JSON)
    return found if isinstance(found, Cards) else Cards()


def relisted(turn: Turn) -> Cards:
    """Return the listing with what changed; all of it is shown by the rules in force."""
    shown, mark = listed(turn), in_force(turn)
    new = {draft_of(turn, item) for item in turn.me.items if is_shown(turn, item)}
    away = {item for item in turn.me.items if is_kept_away(turn, item)} | {i.id for i in new}
    return Cards(
        frozenset(c for c in shown.items if c.id not in away and _stays(turn, c)) | new, mark
    )


def _stays(turn: Turn, card: Item) -> bool:
    """Tell whether a card may still be shown: by its record, if that was read behind the rules."""
    if in_force(turn) == listed(turn).mark:
        return True
    stored = turn.found(record(card.id))
    return isinstance(stored, Item) and not is_covered(turn, stored)
