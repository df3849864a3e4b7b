"""A takedown that is undone while it is at work, and dies: found by the model (functions/model).

The restoration looks before the tombstone is put, so nothing is down yet; then the takedown puts
it, and dies before it sees that its case has ended. Its next life has to see to it.
"""

import pytest

from memory_world import CrashError, MemoryWorld, crash
from takedown_world import CONTACT, a_mail
from world import SITE, Documents, entry, rss


@pytest.mark.parametrize("offered", ["still", "no more"])
def test_what_is_undone_before_a_dying_takedown_puts_its_tombstone_is_back_in_the_end(
    documents: Documents, offered: str
) -> None:
    world = MemoryWorld(documents)
    world.serve(rss(entry(1), entry(2)))
    world.run()
    if offered == "no more":
        world.serve(rss(entry(2)))
        world.later()
        world.run()
    raw = a_mail(f"Please take down {SITE}/1", date=world.now)
    ses_id = world.arrive(raw)

    def undo_first(method: str, key: str) -> None:
        if method == "put" and key.startswith("items/"):
            world.requests.before = lambda *_: None
            (case,) = world.takedowns().cases.unfinished()
            found = world.takedowns().cases.load(case)
            assert found is not None
            world.takedowns().restore(found)
            world.requests.after = crash

    world.requests.before = undo_first
    with pytest.raises(CrashError):
        world.take_in(ses_id, raw, to=CONTACT)
    world.calm()

    world.take_in(ses_id, raw, to=CONTACT)

    assert [item.title for item in world.items()] == ["Entry 1", "Entry 2"]
    assert "Entry 1" in world.pages()["news.example.com/feed.json"]


def test_an_event_that_comes_again_behind_an_undone_case_changes_nothing(
    documents: Documents,
) -> None:
    """What the front has left out since is one more case of it: see the simulator's seeds."""
    world = MemoryWorld(documents)
    world.serve(rss(entry(1), entry(2)))
    world.run()
    raw = a_mail(f"Please take down {SITE}/1", date=world.now)
    ses_id = world.arrive(raw)
    case = world.take_in(ses_id, raw, to=CONTACT)
    bring(world, 3)  # the front is made anew, of what runs bring and may show
    world.takedowns().restore(case)
    bring(world, 4)
    before = world.pages()
    world.watch()

    world.take_in(ses_id, raw, to=CONTACT)

    assert [key for key in world.requests.done if not key.startswith(("cases/", "closed/"))] == []
    assert world.pages() == before


def bring(world: MemoryWorld, new: int) -> None:
    world.serve(rss(entry(1), entry(2), entry(new)))
    world.later()
    world.run()
