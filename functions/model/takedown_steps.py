"""The takedown's requests, and those that undo it, each with the function that makes it."""

from model.mirror_steps import INDEX, JSON, listed, page, record
from model.programs import Next, Turn, step
from model.world import ABSENT, GONE, UNREAD, Cards, Item, Key, Stone


def copy_of(turn: Turn, item: str) -> Key:
    """Return the key of a case's recovery copy."""
    return f"copy ({turn.actor.case}) of", item


@step("takedown.carry_on:CarryOn.run", "get case")
def read_case(turn: Turn, _: str) -> Next | str:
    """Read where the case stands: what is done is not done again, what has ended is undone again.

    Also where that was done before: this one may be the next life of a process that swept on
    meanwhile, and died over it.
    """
    known = {fact[0] for fact in turn.list("done", "ended") if fact[1] == turn.actor.case}
    if "ended" in known:
        return "undo"
    return Next.END if known else Next.ON


@step("takedown.ledger_rules:write_rule", "put suppressions")
def put_rule(turn: Turn, _: str) -> Next:
    """Write the rule, if it is not there yet."""
    turn.create(("rule", turn.actor.rule))
    return Next.ON


@step("takedown.sweep:Sweep.markers", "list marker")
def list_markers(turn: Turn, _: str) -> Next:
    """List what is stored or announced, and take what the rule reaches: all, or the next slice."""
    known = turn.list("marker", "swept")
    reached = {fact[1] for fact in known if fact[0] == "marker" and turn.actor.word in fact[2:]}
    if turn.actor.slices:
        swept = max((f[2] for f in known if f[:2] == ("swept", turn.actor.case)), default="")
        reached = set(sorted(item for item in reached if item > swept)[:1])
    turn.remember(items=tuple(sorted(reached)))
    return Next.ON


@step("takedown.entomb:Entomb._put_stone", "get record")
def read_record(turn: Turn, item: str) -> Next:
    """Read what is to be overwritten, and its ETag."""
    turn.get(record(item))
    return Next.ON


@step("takedown.entomb:Entomb._put_copy", "head copy")
def head_copy(turn: Turn, item: str) -> Next:
    """Read the ETag of the copy that is there already."""
    key = copy_of(turn, item)
    if turn.has(key) and turn.held(key) == GONE:
        turn.get(key)
    return Next.ON


@step("takedown.entomb:Entomb._put_copy", "put copy")
def keep_copy(turn: Turn, item: str) -> Next:
    """Keep what is about to be overwritten, so that it can be put back as it was."""
    key, was = copy_of(turn, item), turn.found(record(item))
    if not turn.has(key) or not isinstance(was, Item):
        return Next.ON
    held = turn.held(key)
    if turn.put(key, was, replaces=ABSENT if held == UNREAD else held):
        return Next.ON
    place = turn.setting.keys[key]
    turn.remember(held=(*turn.me.held[:place], GONE, *turn.me.held[place + 1 :]))
    return Next.AGAIN


@step("takedown.entomb:Entomb._put_stone", "put record")
def put_stone(turn: Turn, item: str) -> Next:
    """Overwrite a record by a tombstone, whatever is there; one that is there keeps its rules."""
    key = record(item)
    was = turn.found(key)
    rules = was.rules if isinstance(was, Stone) else frozenset()
    stone = Stone(rules | {turn.actor.rule})
    return Next.ON if turn.put(key, stone, replaces=turn.held(key)) else Next.AGAIN


@step("takedown.entomb:Entomb._entomb", "head page")
def head_page(turn: Turn, item: str) -> Next:
    """Read the ETag of an item's page."""
    if turn.has(page(item)):
        turn.get(page(item))
    return Next.ON


@step("takedown.entomb:Entomb._entomb", "put page")
def put_gone_page(turn: Turn, item: str) -> Next:
    """Overwrite a page by one that says that it is gone, whatever is there."""
    key = page(item)
    if not turn.has(key) or turn.put(key, Stone(), replaces=turn.held(key)):
        return Next.ON
    return Next.AGAIN


@step("takedown.entomb:Entomb._put_again", "put feed.json")
def put_json_first(turn: Turn, _: str) -> Next:
    """Put a listing's own index without the items, also one that never showed them."""
    if not (turn.has(JSON) and turn.me.items):
        return Next.ON
    left = without(turn, turn.me.listing or listed(turn))
    turn.remember(listing=left)
    if turn.put(JSON, left, replaces=turn.held(JSON)):
        return Next.ON
    turn.remember(listing=None)
    return Next.AGAIN


@step("takedown.entomb:Entomb._put_again", "put index.html")
def put_index_last(turn: Turn, _: str) -> Next:
    """Put a listing's page without the items."""
    left = turn.me.listing
    if left is None:
        return Next.ON
    is_put = turn.put(INDEX, left.told, replaces=turn.held(INDEX))
    if not turn.me.unsure:
        turn.remember(listing=None)
    return Next.ON if is_put else Next.AGAIN


@step("takedown.carry_on:CarryOn._sweep", "put case")
def note_slice(turn: Turn, _: str) -> Next | str:
    """Note where the sweep is, and go on behind it; a case that has ended meanwhile is undone."""
    if not turn.actor.slices or not turn.me.items:
        return Next.ON
    noted = turn.create(
        ("swept", turn.actor.case, turn.me.items[-1]), unless=("ended", turn.actor.case)
    )
    return "sweep" if noted else "undo"


@step("takedown.carry_on:CarryOn._finish", "put acknowledgement")
def acknowledge(turn: Turn, _: str) -> Next | str:
    """Say that it is done; what has ended meanwhile is undone."""
    done = turn.create(
        ("done", turn.actor.case, *turn.me.items), unless=("ended", turn.actor.case)
    )
    return Next.END if done else "undo"


@step("takedown.carry_on:CarryOn._note", "put case")
def end_case(turn: Turn, _: str) -> Next:
    """Note that the case has ended, before anything is lifted."""
    turn.create(("ended", turn.actor.case))
    return Next.ON


@step("takedown.restore:Restore.lift", "put lifts")
def put_lift(turn: Turn, _: str) -> Next:
    """End the rule by its id, and no other."""
    turn.create(("lift", turn.actor.rule))
    return Next.ON


@step("takedown.restore:Restore._copies", "list copy")
def list_copies(turn: Turn, _: str) -> Next:
    """List what can be put back."""
    kind = copy_of(turn, "")[0]
    kept = any(key[0] == kind for key in turn.setting.keys)
    turn.me = turn.setting.fresh._replace(block=turn.me.block)  # of a sweep that was at work
    turn.remember(items=turn.list_keys(kind) if kept else ())
    return Next.ON


@step("takedown.restore:Restore._dig", "get record")
def dig(turn: Turn, item: str) -> Next:
    """Read what is in an item's place; its page was opened before."""
    turn.get(record(item))
    return Next.ON


@step("takedown.restore:Restore._dig", "get copy")
def get_copy(turn: Turn, item: str) -> Next:
    """Read the copy, which is to be there again unless an item is there already."""
    key, stored = copy_of(turn, item), turn.found(record(item))
    kept = turn.get(key)
    turn.forget(key)
    back = stored if isinstance(stored, Item) else kept
    if isinstance(back, Item) and stored is not None:
        turn.remember(drafts=turn.me.drafts | {back})
    return Next.ON


@step("takedown.restore:Restore._put_back", "nothing")
def keep_graves(turn: Turn, _: str) -> Next:
    """Go on with what may be put back."""
    back = sorted(draft.id for draft in turn.me.drafts if draft.id not in turn.me.kept)
    turn.remember(items=tuple(back))
    return Next.ON


@step("takedown.restore:Restore._restore", "nothing")
def try_again(turn: Turn, _: str) -> Next | str:
    """Begin again from the top with what has lost a condition."""
    left = tuple(sorted(turn.me.lost))
    turn.me = turn.setting.fresh._replace(items=left, block=turn.me.block, step=turn.me.step)
    return "dig" if left else Next.ON


@step("takedown.carry_on:CarryOn.finish_end", "put case")
def note_undone(turn: Turn, _: str) -> Next:
    """Note that all is undone."""
    turn.create(("undone", turn.actor.case))
    return Next.ON


def without(turn: Turn, shown: Cards) -> Cards:
    """Return a listing without the items of the takedown."""
    return Cards(frozenset(c for c in shown.items if c.id not in turn.me.items), shown.mark)
