"""Backups of any age, loaded into any mirror in any order, bring back nothing that is covered."""

import os
from dataclasses import replace
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from feedmirror.adapters.workers import InOrder
from feedmirror.wiring.stores import Stores
from keeping import Backup, back_up, configure, load, rebuild
from memory_store import MemoryStore
from memory_world import MemoryWorld
from world import SITE, Documents, entry, rss

EXAMPLES = int(os.environ.get("FEEDMIRROR_TEST_SCHEDULES", "40")) // 5
CANARY = "canary-words"
ITEMS = (1, 2, 3)
AUTHORS = ("Ann", "Bob")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.sampled_from(ITEMS), st.sampled_from(AUTHORS)),
        st.tuples(st.just("take down"), st.sampled_from(ITEMS)),
        st.tuples(st.just("take down all by"), st.sampled_from(AUTHORS)),
        st.tuples(st.just("put back"), st.integers(0, 3)),
        st.tuples(st.just("back up")),
        st.tuples(st.just("load"), st.integers(0, 9)),
        st.tuples(st.just("load elsewhere"), st.integers(0, 9)),
        st.tuples(st.sampled_from(["lose archive and site", "lose the site", "rebuild", "poll"])),
    ),
    min_size=3,
    max_size=9,
)


class Keeper:
    """A mirror, its backups, and what a publisher serves."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.world = MemoryWorld(documents)
        self.served = dict.fromkeys(ITEMS, "Ann")
        self.backups: list[Backup] = []
        self.poll()
        self.backups.append(back_up(self.world))

    def poll(self) -> None:
        texts = [
            entry(
                number,
                text=f"{CANARY}-{number} by {author}",
                more=f"<dc:creator>{author}</dc:creator>",
            )
            for number, author in self.served.items()
        ]
        self.world.serve(rss(*texts))
        configure(self.world)
        self.world.later()
        self.world.run()

    def publish(self, number: int, author: str) -> None:
        self.served[number] = author
        self.poll()

    def take_down(self, number: int) -> None:
        self.world.write(f"Please take down {SITE}/{number} now and in the future.")

    def take_down_all_by(self, author: str) -> None:
        case = self.world.write(
            f"Please remove all articles by {author} from your mirror of news.example.com.",
            sender=f"{author.lower()}@news.example.com",
        )
        if case.state == "waiting":
            self.world.takedowns().approve(case, time_left=lambda: self.world.time_left)

    def put_back(self, number: int) -> None:
        run = self.world.takedowns()
        ids = sorted(run.cases.ids())
        found = run.cases.load(ids[number % len(ids)]) if ids else None
        if found is not None and found.state == "removed":
            run.restore(found)

    def back_up(self) -> None:
        self.backups.append(back_up(self.world))

    def load(self, number: int) -> None:
        load(self.backups[number % len(self.backups)], self.world)

    def load_elsewhere(self, number: int) -> None:
        """Make the mirror again: the newest backup, and an older one on top of it."""
        newest = back_up(self.world)
        self.world.stores = Stores(MemoryStore(), MemoryStore(), MemoryStore(), workers=InOrder())
        self.world.mail = MemoryStore()  # mails and recovery copies are in no backup
        load(newest, self.world)
        self.load(number)

    def lose_archive_and_site(self) -> None:
        self.world.stores = replace(self.world.stores, archive=MemoryStore(), site=MemoryStore())
        load(self.backups[0], self.world)

    def lose_the_site(self) -> None:
        self.world.stores = replace(self.world.stores, site=MemoryStore())
        self.rebuild()

    def rebuild(self) -> None:
        rebuild(self.world)


@settings(deadline=None, max_examples=EXAMPLES, phases=(Phase.explicit, Phase.generate))
@given(steps=STEPS)
def test_whatever_is_backed_up_lost_and_loaded_nothing_covered_is_readable(
    documents: Documents, steps: list[tuple[Any, ...]]
) -> None:
    keeper = Keeper(documents)
    for step in steps:
        name, *what = step
        getattr(keeper, name.replace(" ", "_"))(*what)
        assert keeper.world.audit().run().findings == (), step
    keeper.poll()
    assert keeper.world.audit().run().findings == ()
