"""What takedowns cost in requests, counted at the stores; and large ones, slice by slice.

The target is three writes and three reads for each item, with listings and the log shared. A
growth per item is the difference of two counts over the difference of the items.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from feedmirror.jobs.takedown.carry_on import RESERVE
from feedmirror.jobs.takedown.takedown_run import TakedownRun
from feedmirror.records import Item, Tombstone
from feedmirror.takedowns.casework.cases import Case, Event, State
from memory_world import CrashError, MemoryWorld
from takedown_world import a_mail
from world import SITE, Documents, entry, rss

OWNER, WEBMASTER = "ann@news.example.com", "webmaster@news.example.com"
WHOLE = "Please remove our whole site news.example.com from your mirror, now and in the future."
ITEM = f"Please take down {SITE}/1 now and in the future. Ann"
Spent = Counter[tuple[str, str]]
_OF_LEDGER = (
    "suppressions", "lifts", "cases", "closed", "challenges", "limits", "log",
)  # fmt: skip
_OF_ARCHIVE = ("items", "addresses", "state", "config")
_OF_MAIL = ("inbound", "recovery", "outbox")
READS, WRITES = {"get", "head"}, {"put"}


@pytest.fixture(scope="module")
def a_site(documents: Documents) -> Callable[[int], MemoryWorld]:
    """Return a mirror of a site of so many items, made once for each number."""
    made: dict[int, MemoryWorld] = {}

    def make(count: int) -> MemoryWorld:
        if count not in made:
            world = MemoryWorld(documents)
            contact = "<managingEditor>editor@news.example.com (Ed)</managingEditor>"
            document = rss(*(entry(number) for number in range(count)), extra=contact)
            world.serve(document, f"/{count}")
            world.run()
            assert len(world.items()) == count
            made[count] = world
        return made[count].copy()

    return make


def bucket_of(key: str) -> str:
    """Return the bucket that a key is of, by the layout."""
    root = key.partition("/")[0]
    buckets = {"ledger": _OF_LEDGER, "archive": _OF_ARCHIVE, "mail": _OF_MAIL}
    return next((name for name, roots in buckets.items() if root in roots), "site")


def spent(world: MemoryWorld, act: Callable[[], object]) -> Spent:
    """Return the requests of an act by method and bucket; mails that left are none of them."""
    asked = world.watch().asked
    act()
    return Counter((method, bucket_of(key)) for method, key in asked if method != "send")


def total(counted: Mapping[tuple[str, str], float], methods: set[str]) -> float:
    return sum(number for (method, _), number in counted.items() if method in methods)


def growth(fewer: Spent, more: Spent, items: int) -> dict[tuple[str, str], float]:
    """Return what each further item costs, by method and bucket."""
    return {kind: (more[kind] - fewer[kind]) / items for kind in more | fewer}


def ask(world: MemoryWorld) -> Case:
    return world.write(WHOLE, sender=WEBMASTER)


def confirm(world: MemoryWorld) -> Case:
    to = next(
        mail["Reply-To"].addresses[0].addr_spec
        for mail in reversed(world.sent())
        if mail["To"].addresses[0].addr_spec == WEBMASTER
    )
    return world.write("Yes, that was me.", sender=WEBMASTER, to=to)


def test_each_item_of_a_host_costs_three_writes_and_three_reads_to_mask(
    a_site: Callable[[int], MemoryWorld],
) -> None:
    counts = []
    for size in (40, 400):
        world = a_site(size)
        counts.append(spent(world, partial(ask, world)))
        assert world.items() == []

    each = growth(counts[0], counts[1], 360)
    assert total(each, WRITES) <= 3  # the copy, the record, the page
    assert total(each, READS) <= 3  # the marker, the record, the page's ETag
    assert each["put", "ledger"] == 0
    assert total(each, {"list"}) == 0


def test_the_answer_to_a_challenge_costs_each_item_two_writes_and_three_reads(
    a_site: Callable[[int], MemoryWorld],
) -> None:
    """The tombstones of a mask become those of a removal; the copies are there already."""
    counts = []
    for size in (40, 400):
        world = a_site(size)
        case = ask(world)
        counts.append(spent(world, partial(confirm, world)))
        assert world.case(case).state is State.REMOVED

    each = growth(counts[0], counts[1], 360)
    assert total(each, WRITES) == 2
    assert total(each, READS) <= 3
    assert each.get(("put", "mail"), 0) == each["put", "ledger"] == 0


@pytest.mark.parametrize("act", [ask, lambda world: (ask(world), confirm(world))[1]])
def test_listings_and_the_log_are_written_once_however_many_items_go(
    a_site: Callable[[int], MemoryWorld], act: Callable[[MemoryWorld], Case]
) -> None:
    shared = []
    for size in (40, 400):
        world = a_site(size)
        requests = world.watch()
        act(world)
        puts = Counter(key for method, key in requests.asked if method == "put")
        pages = {r.id for r in world.records().values()}
        shared.append(
            Counter(
                {
                    key: number
                    for key, number in puts.items()
                    if bucket_of(key) == "site" and not pages & set(key.split("/"))
                }
            )
        )

    assert shared[0] == shared[1]
    assert shared[0]["news.example.com/index.html"] <= 2
    assert shared[0]["removed/index.html"] <= 2


def test_one_item_costs_the_same_at_a_small_host_and_at_a_large_one(
    a_site: Callable[[int], MemoryWorld],
) -> None:
    counts = []
    for size in (3, 300):
        world = a_site(size)
        counts.append(spent(world, partial(world.write, ITEM)))
        assert len(world.items()) == size - 1

    assert counts[0] == counts[1]
    assert sum(counts[0].values()) <= 80


def naming(count: int, *, held: bool) -> str:
    """Return a mail that names so many addresses."""
    there = "" if held else "nothing-"
    listed = "\n".join(f"{SITE}/{there}{number}" for number in range(count))
    return f"Please take these down now and in the future:\n{listed}"


def test_an_address_that_is_not_held_costs_one_list(a_site: Callable[[int], MemoryWorld]) -> None:
    counts = []
    for number in (2, 12):
        world = a_site(40)
        counts.append(spent(world, partial(world.write, naming(number, held=False))))

    each = growth(counts[0], counts[1], 10)
    assert {kind: number for kind, number in each.items() if number} == {("list", "archive"): 1}


def test_each_address_that_is_named_costs_a_fixed_number_of_requests(
    a_site: Callable[[int], MemoryWorld],
) -> None:
    counts = []
    for number in (2, 7, 12):
        world = a_site(40)
        counts.append(spent(world, partial(world.write, naming(number, held=True))))
        assert len(world.items()) == 40 - number

    assert growth(counts[0], counts[1], 5) == growth(counts[1], counts[2], 5)


def test_the_addresses_of_one_mail_share_the_listings(
    a_site: Callable[[int], MemoryWorld],
) -> None:
    counts = []
    for number in (2, 12):
        world = a_site(40)
        counts.append(spent(world, partial(world.write, naming(number, held=True))))

    each = growth(counts[0], counts[1], 10)
    assert total(each, WRITES) <= 3
    assert total(each, READS) <= 8  # three, and those by which the item is looked up and judged


def test_the_items_of_a_strangers_mask_share_the_listings(
    a_site: Callable[[int], MemoryWorld],
) -> None:
    counts = []
    for number in (2, 12):
        world = a_site(40)
        mail = partial(world.write, naming(number, held=True), sender="legal@rival-legal.example")
        counts.append(spent(world, mail))
        assert len(world.items()) == 40 - number

    each = growth(counts[0], counts[1], 10)
    assert total(each, WRITES) <= 5  # three, the rule, and that it was masked once
    assert total(each, READS) <= 10


def test_a_strangers_mail_about_nothing_we_hold_costs_a_list_an_address(
    a_site: Callable[[int], MemoryWorld],
) -> None:
    counts = []
    for number in (2, 12):
        world = a_site(40)
        text = "Please take down " + " ".join(f"https://h{n}.example/1" for n in range(number))
        unproved = {"dmarc": "GRAY", "dkim": "GRAY", "spf": "GRAY"}
        counts.append(spent(world, partial(world.write, text, verdicts=unproved)))

    each = growth(counts[0], counts[1], 10)
    assert {kind: number for kind, number in each.items() if number} == {("list", "archive"): 1}


def test_an_hour_with_a_masked_site_reads_each_item_twice_and_writes_none(
    a_site: Callable[[int], MemoryWorld],
) -> None:
    """The ledger is applied again: the record and the page of each item are looked at."""
    counts = []
    for size in (40, 400):
        world = a_site(size)
        ask(world)
        world.later()
        hour = partial(world.takedowns().hour, time_left=lambda: timedelta(minutes=14))
        counts.append(spent(world, hour))

    each = growth(counts[0], counts[1], 360)
    assert total(each, WRITES) == 0
    assert total(each, READS) <= 3.1  # the marker, too, and the rule once a slice


def test_a_mirror_without_cases_costs_an_hour_a_few_lists(
    a_site: Callable[[int], MemoryWorld],
) -> None:
    world = a_site(40)
    counted = spent(world, lambda: world.takedowns().hour(time_left=lambda: world.time_left))

    assert sum(counted.values()) <= 8


# More than one call can do.


@dataclass
class Queue:
    """A work queue that keeps what it is handed."""

    tasks: list[dict[str, Any]] = field(default_factory=list)

    def send(self, task: Mapping[str, Any]) -> None:
        self.tasks.append(dict(task))


@dataclass
class Ticking:
    """The time that a call has left: so many questions, then too little."""

    questions: int

    def __call__(self) -> timedelta:
        self.questions -= 1
        return RESERVE * 2 if self.questions >= 0 else RESERVE / 2


def in_slices(world: MemoryWorld, size: int) -> TakedownRun:
    """Return the jobs with smaller slices than they have."""
    run = world.takedowns()
    sweep = replace(run.carry_on.sweep, slice_size=size)
    return replace(run, carry_on=replace(run.carry_on, sweep=sweep))


@pytest.fixture
def begun(a_site: Callable[[int], MemoryWorld]) -> tuple[MemoryWorld, Queue, str]:
    """A site of 600 items whose takedown has had time for one slice of 50."""
    world = a_site(600)
    world.queue = queue = Queue()
    world.time_left = timedelta(0)
    case = ask(world)
    assert (case.state, gone(world)) == (State.RECEIVED, 0)
    in_slices(world, 50).do(queue.tasks[0], time_left=Ticking(1))
    assert gone(world) == 50
    return world, queue, case.id


def gone(world: MemoryWorld) -> int:
    return sum(isinstance(record, Tombstone) for record in world.records().values())


def drained(queue: Queue, deliver: Callable[[dict[str, Any]], object]) -> int:
    """Deliver what waits until nothing does; return how many calls it took."""
    for call in range(200):
        if not queue.tasks:
            return call
        deliver(queue.tasks.pop(0))
    raise AssertionError("the queue never became empty")


def is_finished(world: MemoryWorld, case: str) -> bool:
    known = world.takedowns().cases.load(case)
    assert known is not None
    pages = [world.stores.site.get(s.key) for s in world.stores.site.list("news.example.com/")]
    shown = [p for p in pages if p and b"Entry 7<" in p.content.body]
    return (known.state, gone(world), shown) == (State.MASKED, 600, [])


def test_a_large_host_goes_on_by_the_queue_until_all_of_it_is_gone(
    begun: tuple[MemoryWorld, Queue, str],
) -> None:
    world, queue, case = begun

    calls = drained(queue, lambda task: in_slices(world, 50).do(task, time_left=Ticking(3)))

    assert is_finished(world, case)
    assert 4 <= calls <= 8  # 11 slices, three a call
    assert len([mail for mail in world.sent() if mail["To"] == WEBMASTER]) == 1


def test_a_hosts_listings_are_put_once_a_call_however_many_slices_it_does(
    begun: tuple[MemoryWorld, Queue, str],
) -> None:
    """They are large, and each slice has items of every month."""
    world, queue, case = begun
    puts = world.watch()
    in_slices(world, 50).do(queue.tasks[0], time_left=Ticking(20))

    listed = Counter(key for key in puts.done if key.endswith("feed.json"))
    assert is_finished(world, case)
    assert listed["news.example.com/2026-11/feed.json"] == 1
    assert listed["news.example.com/feed.json"] == 1
    assert listed["feed.json"] <= 2  # once more for the list of hosts


def test_after_the_first_slice_no_listing_shows_anything_of_the_host(
    begun: tuple[MemoryWorld, Queue, str],
) -> None:
    world, _, _ = begun

    shown = [key for key, page in world.pages().items() if "Entry " in page]

    assert len(shown) == 550  # the pages of items that are yet to go
    assert all(key.count("/") == 2 and len(key.split("/")[1]) == 26 for key in shown)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95])
def test_a_run_within_which_a_host_goes_slice_by_slice_shows_nothing_of_it(
    a_site: Callable[[int], MemoryWorld], share: float
) -> None:
    """It has read ETags and rules before; each listing is put once, in the first slice."""

    world = a_site(40)
    edited = [entry(number, text="Edited text.") for number in range(40)]
    served = world.documents["/40"]
    world.serve(rss(*edited, *(entry(f"new{number}") for number in range(5))), "/40")
    world.later()
    quiet = world.copy()
    calls = quiet.watch().asked
    quiet.run()
    raw = a_mail(WHOLE, sender=WEBMASTER, date=world.now)
    ses_id, receipts = world.arrive(raw), []

    def goes(*_: str) -> None:
        receipts.append(world.receipt(ses_id, raw))
        in_slices(world, 5).receive(ses_id, receipts[0], time_left=lambda: timedelta(minutes=9))

    world.disturb(int(len(calls) * share), goes, when="after")
    world.run()
    world.documents["/40"] = served

    assert receipts
    assert world.items() == []
    assert not [key for key, page in world.pages().items() if "Entry " in page]


def test_a_mirror_run_between_the_slices_stores_nothing_that_is_covered(
    begun: tuple[MemoryWorld, Queue, str],
) -> None:
    world, queue, case = begun
    before = {key: r for key, r in world.records().items() if isinstance(r, Item)}
    edited = [entry(number, text="Edited text.") for number in range(0, 600, 20)]
    served = world.documents["/600"]
    world.serve(rss(*edited, entry("brand-new")), "/600")
    world.later()

    report = world.run()
    world.documents["/600"] = served

    assert (report.created, report.updated) == (0, 0)
    assert report.suppressed > 0
    after = {key: r for key, r in world.records().items() if isinstance(r, Item)}
    assert after == before
    pages = "".join(world.pages().values())
    assert "Edited text." not in pages
    assert "brand-new" not in pages
    drained(queue, lambda task: in_slices(world, 200).do(task, time_left=Ticking(9)))
    assert is_finished(world, case)


def test_a_slice_that_is_done_twice_or_dies_before_it_is_noted_changes_nothing(
    begun: tuple[MemoryWorld, Queue, str],
) -> None:
    world, queue, case = begun
    deaths: list[str] = []

    def deliver(task: dict[str, Any]) -> None:
        def die(method: str, key: str) -> None:
            if method == "put" and key.startswith("cases/") and len(deaths) % 2 == 0:
                deaths.append(key)
                world.calm()
                raise CrashError(key)

        world.watch().before = die
        try:
            in_slices(world, 150).do(task, time_left=Ticking(1))
        except CrashError:
            queue.tasks.append(task)  # as SQS would bring it again
        deaths.append("")
        world.calm()
        in_slices(world, 150).do(task, time_left=Ticking(1))  # and once more for nothing

    drained(queue, deliver)

    assert deaths
    assert is_finished(world, case)
    copies = list(world.mail.list(f"recovery/{case}/"))
    assert len(copies) == 600
    assert all(b'"kind": "item"' in world.all(world.mail, c.key)[c.key] for c in copies[::50])
    assert len([mail for mail in world.sent() if mail["To"] == WEBMASTER]) == 1


def test_slices_that_two_calls_do_at_once_end_in_the_same_place(
    begun: tuple[MemoryWorld, Queue, str],
) -> None:
    world, queue, case = begun
    tasks = queue.tasks * 2
    queue.tasks.clear()
    for task in tasks:
        in_slices(world, 125).do(task, time_left=Ticking(2))
    drained(queue, lambda task: in_slices(world, 125).do(task, time_left=Ticking(2)))

    assert is_finished(world, case)
    known = world.takedowns().cases.load(case)
    assert known is not None
    assert len(list(known.of(Event.MASKED))) == 1


def test_without_a_queue_the_hour_goes_on(begun: tuple[MemoryWorld, Queue, str]) -> None:
    world, queue, case = begun
    queue.tasks.clear()
    world.queue = None
    world.later()

    in_slices(world, 300).hour(time_left=lambda: timedelta(minutes=14))

    assert is_finished(world, case)
