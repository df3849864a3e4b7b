"""The takedown's requests, and those that undo it, each with the function that makes it."""

from model.mirror_steps import INDEX, JSON, listed, page, record
from model.programs import Next, Turn, step
from model.world import ABSENT, GONE, UNREAD, Cards, Item, Key, Stone


def copy_of(turn: Turn, item: str) -> Key:
    """Return the key of a case's recovery copy."""
    return f"copy ({turn.actor.case}) of", item


@step("takedown.carry_on:CarryOn.run")
def read_case(turn: Turn, _: str) -> Next | str:
    """Read where the case stands: what is done is not done again, what has ended is undone again.

    Also where that was done before: this one may be the next life of a process that swept on
    meanwhile, and died over it.
    """
    known = turn.list("swept", "done", "ended")
    own = [fact for fact in known if fact[1] == turn.actor.case]
    kinds = {fact[0] for fact in own}
    if "ended" in kinds:
        return "undo"
    turn.remember(swept=max((fact[2] for fact in own if fact[0] == "swept"), default=""))
    return Next.END if "done" in kinds else Next.ON


@step("takedown.ledger_rules:write_rule")
def put_rule(turn: Turn, _: str) -> Next:
    """Write the rule, if it is not there yet."""
    turn.create(("rule", turn.actor.rule))
    return Next.ON


@step("takedown.sweep:Sweep.markers")
def list_markers(turn: Turn, _: str) -> Next:
    """List what is stored or announced, and take what the rule reaches: all, or the next slice."""
    swept = turn.me.swept
    behind = sorted(
        fact[1] for fact in turn.list("marker") if turn.actor.word in fact[2:] and fact[1] > swept
    )
    reached = tuple(dict.fromkeys(behind))
    most = 1 if turn.actor.slices else len(reached)
    turn.remember(items=reached[:most], more=len(reached) > most)
    return Next.ON


@step("takedown.entomb:Entomb._put_stone")
def read_record(turn: Turn, item: str) -> Next:
    """Read what is to be overwritten, and its ETag."""
    turn.get(record(item))
    return Next.ON


@step("takedown.entomb:Entomb._put_copy")
def head_copy(turn: Turn, item: str) -> Next:
    """Read the ETag of the copy that is there already."""
    key = copy_of(turn, item)
    if turn.has(key) and turn.held(key) == GONE:
        turn.get(key)
    return Next.ON


@step("takedown.entomb:Entomb._put_copy")
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


@step("takedown.entomb:Entomb._put_stone")
def put_stone(turn: Turn, item: str) -> Next:
    """Overwrite a record by a tombstone, whatever is there; one that is there keeps its rules."""
    key = record(item)
    was = turn.found(key)
    rules = was.rules if isinstance(was, Stone) else frozenset()
    stone = Stone(rules | {turn.actor.rule})
    return Next.ON if turn.put(key, stone, replaces=turn.held(key)) else Next.AGAIN


@step("takedown.entomb:Entomb._entomb")
def head_page(turn: Turn, item: str) -> Next:
    """Read the ETag of an item's page."""
    if turn.has(page(item)):
        turn.get(page(item))
    return Next.ON


@step("takedown.entomb:Entomb._entomb")
def put_gone_page(turn: Turn, item: str) -> Next:
    """Overwrite a page by one that says that it is gone, whatever is there."""
    key = page(item)
    if not turn.has(key) or turn.put(key, Stone(), replaces=turn.held(key)):
        return Next.ON
    return Next.AGAIN


@step("takedown.entomb:Entomb._put_again")
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


@step("takedown.entomb:Entomb._put_again")
def put_index_last(turn: Turn, _: str) -> Next:
    """Put a listing's page without the items."""
    left = turn.me.listing
    if left is None:
        return Next.ON
    is_put = turn.put(INDEX, left.told, replaces=turn.held(INDEX))
    if not turn.me.unsure:
        turn.remember(listing=None)
    return Next.ON if is_put else Next.AGAIN


@step("takedown.carry_on:CarryOn._sweep")
def note_slice(turn: Turn, _: str) -> Next | str:
    """Note where the sweep is, and go on behind it; a case that has ended meanwhile is undone."""
    if not turn.actor.slices or not turn.me.items:
        return Next.ON
    last = turn.me.items[-1]
    noted = turn.create(("swept", turn.actor.case, last), unless=("ended", turn.actor.case))
    turn.remember(swept=last)
    if not noted:
        return "undo"
    return "sweep" if turn.me.more else Next.ON


@step("takedown.carry_on:CarryOn._finish")
def acknowledge(turn: Turn, _: str) -> Next | str:
    """Say that it is done; what has ended meanwhile is undone."""
    done = turn.create(("done", turn.actor.case, *turn.me.items), unless=("ended", turn.actor.case))
    return Next.END if done else "undo"


@step("takedown.carry_on:CarryOn._note")
def end_case(turn: Turn, _: str) -> Next:
    """Note that the case has ended, before anything is lifted."""
    turn.create(("ended", turn.actor.case))
    return Next.ON


@step("takedown.restore:Restore.lift")
def put_lift(turn: Turn, _: str) -> Next:
    """End the rule by its id, and no other."""
    turn.create(("lift", turn.actor.rule))
    return Next.ON


@step("takedown.restore:Restore._copies")
def list_copies(turn: Turn, _: str) -> Next:
    """List what can be put back."""
    kind = copy_of(turn, "")[0]
    kept = any(key[0] == kind for key in turn.setting.keys)
    turn.me = turn.setting.fresh._replace(block=turn.me.block)  # of a sweep that was at work
    turn.remember(items=turn.list_keys(kind) if kept else ())
    return Next.ON


@step("takedown.restore:Restore._dig")
def dig(turn: Turn, item: str) -> Next:
    """Read what is in an item's place; its page was opened before."""
    turn.get(record(item))
    return Next.ON


@step("takedown.restore:Restore._dig")
def get_copy(turn: Turn, item: str) -> Next:
    """Read the copy, which is to be there again unless an item is there already."""
    key, stored = copy_of(turn, item), turn.found(record(item))
    kept = turn.get(key)
    turn.forget(key)
    back = stored if isinstance(stored, Item) else kept
    if isinstance(back, Item) and stored is not None:
        turn.remember(drafts=turn.me.drafts | {back})
    return Next.ON


@step("takedown.restore:Restore._put_back")
def keep_graves(turn: Turn, _: str) -> Next:
    """Go on with what may be put back."""
    back = sorted(draft.id for draft in turn.me.drafts if draft.id not in turn.me.kept)
    turn.remember(items=tuple(back))
    return Next.ON


@step("takedown.restore:Restore._restore")
def try_again(turn: Turn, _: str) -> Next | str:
    """Begin again from the top with what has lost a condition."""
    left = tuple(sorted(turn.me.lost))
    turn.me = turn.setting.fresh._replace(items=left, block=turn.me.block, step=turn.me.step)
    return "dig" if left else Next.ON


@step("takedown.carry_on:CarryOn.finish_end")
def note_undone(turn: Turn, _: str) -> Next:
    """Note that all is undone."""
    turn.create(("undone", turn.actor.case))
    return Next.ON


def without(turn: Turn, shown: Cards) -> Cards:
    """Return a listing without the items of the takedown."""
    return Cards(frozenset(c for c in shown.items if c.id not in turn.me.items), shown.mark)
