"""A backup, however old, brings back nothing that a rule covers: here, there, or only by a claim.

What must not be read carries a canary; a load is disturbed at its calls, and run again after a
crash at any of them.
"""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from builders import a_rule, a_tombstone
from feedmirror.configuration import Ended
from feedmirror.jobs.configure import NotConfiguredError
from feedmirror.jobs.keeping.load_report import Brought, Configured
from feedmirror.jobs.rebuilding.rebuild_pages import NO_CASE
from feedmirror.layout import (
    CASES,
    CHALLENGES,
    CONFIGURATION,
    LAST_GOOD_CONFIGURATION,
    LIFTS,
    SUPPRESSIONS,
    item_page,
    record_key,
    suppressions_prefix,
)
from feedmirror.ports.mail import MailUnavailableError
from feedmirror.ports.object_store import Content, ObjectStore
from feedmirror.records import Item, Tombstone, record_to_json
from feedmirror.suppression import Scope, address_key, host_key
from feedmirror.takedowns.casework.cases import Case, Event, State, case_from_json
from keeping import Backup, back_up, configure, load, readable, rebuild, site
from memory_store import MemoryStore
from memory_world import CrashError, MemoryWorld, crash, fail
from walks import walk
from world import SITE, Documents, entry, rss

HOST = "news.example.com"
CANARY = "canary-words"
TEXT = f"{CANARY} " + "and more of what the story tells. " * 12
BY_ANN = "<dc:creator>Ann Author</dc:creator>"
BY_BOB = "<dc:creator>Bob Beta</dc:creator>"
BLOG = "https://blog.example.net"
STRANGER = "legal@rival-legal.example"


@pytest.fixture
def world(documents: Documents) -> MemoryWorld:
    """A mirror of two hosts and a canary, which a second feed claims to be by another author."""
    world = MemoryWorld(documents)
    canary = {"title": CANARY, "text": TEXT}
    world.serve(rss(entry(1, **canary, more=BY_ANN), entry(2, more="")))
    world.serve(rss(entry(7, link="https://linked.example.org/7", more="")), "/b", site=BLOG)
    configure(world)
    world.run()
    world.serve(rss(entry(1, **canary, more=BY_BOB)), "/second")
    configure(world)
    world.later()
    world.run()
    return world


@pytest.fixture
def fresh(documents: Documents) -> MemoryWorld:
    """A mirror that holds nothing yet, not even a configuration."""
    return MemoryWorld(documents)


def by_author(world: MemoryWorld, name: str) -> None:
    case = world.write(
        f"Please remove all articles by {name} from your mirror of news.example.com.",
        sender="ann@news.example.com",
    )
    world.takedowns().approve(case, time_left=lambda: world.time_left)


def whole_host(world: MemoryWorld) -> None:
    text = "Please remove our whole site news.example.com from your mirror, now and in the future."
    world.write(text, sender="webmaster@news.example.com")
    reply = world.sent()[-1]["Reply-To"].addresses[0].addr_spec
    world.write("Yes, that was me.", sender="webmaster@news.example.com", to=reply)


REMOVALS: dict[str, Callable[[MemoryWorld], object]] = {
    "item": lambda world: world.write(f"Please take down {SITE}/1 now and in the future. Ann"),
    "author": lambda world: by_author(world, "Ann Author"),
    "an author of a marker's alone": lambda world: by_author(world, "Bob Beta"),
    "host": whole_host,
}


def lost_archive(world: MemoryWorld) -> MemoryWorld:
    """Return a mirror that has kept its ledger, and nothing else."""
    other = world.copy()
    other.stores = replace(other.stores, archive=MemoryStore(), site=MemoryStore())
    return other


def poll(world: MemoryWorld) -> None:
    world.later()
    world.run()


def findings(world: MemoryWorld, of: MemoryWorld) -> object:
    world.feeds = list(of.feeds)
    return world.audit().run().findings


@pytest.mark.parametrize("removal", REMOVALS)
@pytest.mark.parametrize("into", ["itself", "its ledger alone", "a mirror made again"])
def test_an_old_backup_brings_nothing_back(
    world: MemoryWorld, fresh: MemoryWorld, removal: str, into: str
) -> None:
    old = back_up(world)
    assert readable(world, CANARY)
    REMOVALS[removal](world)
    newest = back_up(world)
    target = {
        "itself": lambda: world,
        "its ledger alone": lambda: lost_archive(world),
        "a mirror made again": lambda: fresh,
    }[into]()
    if target is fresh:
        fresh.now = world.now
        load(newest, fresh)

    load(old, target)

    assert readable(target, CANARY) == []
    assert findings(target, world) == ()
    assert {record.title for record in target.items()} >= {"Entry 7"}
    poll(target)
    assert readable(target, CANARY) == []


@pytest.mark.parametrize("removal", REMOVALS)
def test_a_mirror_that_has_mirrored_again_what_was_taken_down_loses_it(
    world: MemoryWorld, fresh: MemoryWorld, removal: str
) -> None:
    REMOVALS[removal](world)
    fresh.feeds, fresh.now = list(world.feeds), world.now
    fresh.run()
    overwrite(fresh.stores.archive, LAST_GOOD_CONFIGURATION, b"")
    configure(fresh)
    assert readable(fresh, CANARY)

    report = load(back_up(world), fresh)

    assert report.brought[Brought.TAKEN_DOWN] >= 1
    assert readable(fresh, CANARY) == []
    assert findings(fresh, world) == ()
    poll(fresh)
    assert readable(fresh, CANARY) == []


def test_what_was_lifted_here_comes_back_from_an_old_backup_of_the_mask(
    world: MemoryWorld,
) -> None:
    REMOVALS["item"](world)
    receipt = world.sent()[-1]["Reply-To"].addresses[0].addr_spec
    old = back_up(world)
    world.write("I withdraw my request, please put it back.", to=receipt)
    before = world.records()

    load(old, world)

    assert world.records() == before
    assert readable(world, CANARY)


def test_twice_is_as_good_as_once(world: MemoryWorld, fresh: MemoryWorld) -> None:
    REMOVALS["item"](world)
    backup = back_up(world)
    load(backup, fresh)
    records, pages, ledger = fresh.records(), site(fresh), fresh.all(fresh.stores.ledger, "")
    fresh.watch()

    report = load(backup, fresh)

    assert (fresh.records(), site(fresh)) == (records, pages)
    assert fresh.all(fresh.stores.ledger, "") == ledger
    assert fresh.requests.done == []
    assert +Counter(report.brought) == {Brought.KEPT: 2}


def test_dates_tombstones_and_cases_are_as_they_were(
    world: MemoryWorld, fresh: MemoryWorld
) -> None:
    REMOVALS["item"](world)
    expected = world.records()
    backup = back_up(world)
    fresh.now = world.now
    fresh.later(24 * 400)

    load(backup, fresh)

    assert fresh.records() == expected
    assert [stone for stone in expected.values() if isinstance(stone, Tombstone)]
    for prefix in (CASES, SUPPRESSIONS, "log/"):
        assert fresh.all(fresh.stores.ledger, prefix) == world.all(world.stores.ledger, prefix)
    assert "1" in fresh.pages()["removed/index.html"]


def test_a_crash_at_any_call_is_only_a_reason_to_run_it_again(world: MemoryWorld) -> None:
    old = back_up(world)
    REMOVALS["an author of a marker's alone"](world)
    start = lost_archive(world)
    whole = start.copy()
    whole.watch()
    load(old, whole)
    expected, calls = (whole.records().keys(), site(whole).keys()), len(whole.requests.asked)

    for when in ("before", "after"):
        for call in walk(calls, when):
            other = start.copy()
            other.disturb(call, crash, when=when)
            with suppress(CrashError):  # a put that loses its condition has no end to die at
                load(old, other)
            other.calm()
            assert readable(other, CANARY) == []
            load(old, other)
            assert readable(other, CANARY) == []
            assert (other.records().keys(), site(other).keys()) == expected
            assert findings(other, world) == ()


def test_what_is_taken_down_during_a_load_is_not_readable_behind_it(
    world: MemoryWorld,
) -> None:
    old = back_up(world)
    start = lost_archive(world)
    start.later()
    configure(start)
    whole = start.copy()
    whole.watch()
    load(old, whole)
    assert readable(whole, CANARY)

    removed = 0
    for call in walk(len(whole.requests.asked)):
        other = start.copy()
        other.disturb(call, lambda *_, other=other: REMOVALS["item"](other), when="before")
        load(old, other)
        (body,) = other.all(other.stores.ledger, CASES).values()
        # What was not there when the mail came is not what it names: its case says so.
        if case_from_json(body).state is State.REMOVED:
            removed += 1
            assert readable(other, CANARY) == []
            assert findings(other, world) == ()
    assert removed > 5


def test_a_rule_that_is_made_during_a_load_keeps_out_what_comes_behind_it(
    world: MemoryWorld,
) -> None:
    """Nobody has swept for it: only the load itself looks at it, and the hour at what it missed."""
    old = back_up(world)
    start = lost_archive(world)
    whole = start.copy()
    whole.watch()
    load(old, whole)
    asked = whole.requests.asked
    landed = asked.index(("put", record_key(HOST, canary_of(world).id)))
    looked = max(n for n in range(landed) if asked[n] == ("list", SUPPRESSIONS))

    rule = a_rule(host_key(HOST), host=HOST, scope=Scope.HOST)
    for call in walk(landed + 2, "before"):
        other = start.copy()
        other.disturb(call, lambda *_, other=other: other.suppress(rule), when="before")
        load(old, other)
        assert call > looked + 1 or readable(other, CANARY) == []
        hour(other)
        assert readable(other, CANARY) == []


def test_what_a_rule_covers_by_then_comes_as_its_tombstone(world: MemoryWorld) -> None:
    """The rule is made behind the walk that applies the rules, and before the items come."""
    old = back_up(world)
    start = lost_archive(world)
    whole = start.copy()
    whole.watch()
    load(old, whole)
    asked = whole.requests.asked
    key = record_key(HOST, canary_of(world).id)
    looked = max(n for n in range(asked.index(("put", key))) if asked[n] == ("list", SUPPRESSIONS))
    rule = a_rule(host_key(HOST), host=HOST, scope=Scope.HOST)

    start.disturb(looked + 1, lambda *_: start.suppress(rule), when="before")
    report = load(old, start)

    assert report.brought[Brought.COVERED] == 2
    stone = start.records()[key]
    assert isinstance(stone, Tombstone)
    assert stone.rules == (f"{suppressions_prefix(HOST)}{rule.id}.json",)
    assert (stone.case, stone.when) == (rule.case, start.now)
    assert readable(start, CANARY) == []


def buried_by_what_no_claim_leads_to(world: MemoryWorld) -> tuple[str, str]:
    """Put a tombstone in the canary's place that alone knows its rule; return both keys."""
    elsewhere = a_rule(host_key("old.example.net"), host="old.example.net", scope=Scope.HOST)
    rule, item = world.suppress(elsewhere), canary_of(world)
    place = record_key(HOST, item.id)
    stone = a_tombstone(id=item.id, rules=(rule,))
    overwrite(world.stores.archive, place, record_to_json(stone, "ff"))
    return rule, place


def test_a_tombstone_of_the_backup_holds_while_its_rule_stands(
    world: MemoryWorld, fresh: MemoryWorld
) -> None:
    """No claim of the item's leads to the rule any more: only the tombstone knows it."""
    key, place = buried_by_what_no_claim_leads_to(world)
    fresh.feeds, fresh.now = list(world.feeds), world.now
    fresh.run()
    configure(fresh)
    lifted = fresh.copy()
    assert readable(fresh, CANARY)

    load(back_up(world), fresh)
    assert readable(fresh, CANARY) == []
    assert isinstance(fresh.records()[place], Tombstone)

    world.lift(key)
    load(back_up(world), lifted)
    assert readable(lifted, CANARY)


def test_a_tombstone_of_the_backup_holds_what_is_here_no_longer_kept(
    world: MemoryWorld, fresh: MemoryWorld
) -> None:
    """What is retired comes back by itself once its feed goes on, unless a rule is over it."""
    rule, place = buried_by_what_no_claim_leads_to(world)
    going = [replace(feed, ended=Ended.GO) for feed in world.feeds]
    fresh.feeds, fresh.now = list(world.feeds), world.now
    fresh.run()
    fresh.feeds = going
    configure(fresh)
    fresh.run()
    gone = fresh.records()[place]
    assert isinstance(gone, Tombstone)
    assert gone.is_retired

    load(back_up(world), fresh)
    stone = fresh.records()[place]
    assert isinstance(stone, Tombstone)
    assert stone.rules == (rule,)

    fresh.feeds = list(world.feeds)
    configure(fresh)
    poll(fresh)
    assert canary_is_down(fresh)


def test_a_tombstone_of_the_backup_adds_its_rule_to_another_cases_here(world: MemoryWorld) -> None:
    here = world.copy()
    rule, place = buried_by_what_no_claim_leads_to(world)
    case = here.write(f"Please take down {SITE}/1 now and in the future. Ann")
    assert case.state is State.REMOVED
    backup = back_up(world)

    load(backup, here)
    stone = here.records()[place]
    assert isinstance(stone, Tombstone)
    assert rule in stone.rules
    assert stone.case == case.id
    here.watch()
    load(backup, here)
    assert here.requests.done == []

    here.calm()
    here.takedowns().restore(here.case(case))
    assert canary_is_down(here)


def test_what_is_being_put_back_during_a_load_is_not_taken_down_by_it(
    world: MemoryWorld, fresh: MemoryWorld
) -> None:
    REMOVALS["item"](world)
    newest = back_up(world)
    (rule,) = (summary.key for summary in world.stores.ledger.list(SUPPRESSIONS))
    fresh.feeds, fresh.now = list(world.feeds), world.now
    fresh.run()
    configure(fresh)
    whole = fresh.copy()
    whole.watch()
    load(newest, whole)
    assert readable(whole, CANARY) == []
    # Once for the backup's tombstone, and once more before anything is taken down for it.
    _, again = [n for n, call in enumerate(whole.requests.asked) if call == ("list", rule)]

    fresh.disturb(again + 1, lambda *_: fresh.lift(rule), when="before")
    load(newest, fresh)

    assert record_key(HOST, canary_of(fresh).id) in readable(fresh, CANARY)


def hour(world: MemoryWorld) -> None:
    world.calm()
    world.takedowns().hour(time_left=lambda: world.time_left)


def test_a_run_of_the_mirror_during_a_load_brings_nothing_back(world: MemoryWorld) -> None:
    REMOVALS["item"](world)
    newest = back_up(world)
    start = lost_archive(world)
    start.stores = replace(start.stores, ledger=MemoryStore())
    configure(start)
    start.later()
    whole = start.copy()
    whole.watch()
    load(newest, whole)

    for call in walk(len(whole.requests.asked)):
        other = start.copy()
        other.disturb(call, lambda *_, other=other: other.run(), when="before")
        load(newest, other)
        assert readable(other, CANARY) == []
        poll(other)
        assert readable(other, CANARY) == []
        assert findings(other, world) == ()


def canary_of(world: MemoryWorld) -> Item:
    (item,) = (each for each in world.items() if each.title == CANARY)
    return item


# The configuration.


def test_the_configuration_comes_last_so_that_nothing_is_polled_before(
    world: MemoryWorld, fresh: MemoryWorld
) -> None:
    content = Content(b"<p>Ours</p>", "text/html")
    world.stores.archive.put("config/templates/credit.html", content, replaces=None)
    fresh.watch()

    report = load(back_up(world), fresh)

    assert report.configuration is Configured.LOADED
    done = fresh.requests.done
    last = done.index(CONFIGURATION)
    assert max(i for i, key in enumerate(done) if key.startswith("items/")) < last
    assert done.index("config/templates/credit.html") < last
    assert "Ours" in fresh.pages()[item_page(HOST, canary_of(world).id)]


def test_a_configuration_that_is_here_is_kept(world: MemoryWorld, fresh: MemoryWorld) -> None:
    content = Content(b"<p>Ours</p>", "text/html")
    world.stores.archive.put("config/templates/credit.html", content, replaces=None)
    fresh.mirror = replace(fresh.mirror, name="Another Name")
    configure(fresh)

    report = load(back_up(world), fresh)

    assert report.configuration is Configured.KEPT
    page = fresh.pages()[item_page(HOST, canary_of(world).id)]
    assert "Another Name" in page
    assert "Ours" not in page


def test_without_any_configuration_nothing_is_done(fresh: MemoryWorld) -> None:
    with pytest.raises(NotConfiguredError):
        load((MemoryStore(), MemoryStore()), fresh)

    assert fresh.requests.done == []


# The ledger.


def test_of_two_histories_of_a_case_the_longer_is_kept(
    world: MemoryWorld, fresh: MemoryWorld
) -> None:
    masked = world.write(f"Take down {SITE}/1 please.", sender="legal@rival-legal.example")
    assert masked.state == "masked"
    early = back_up(world)
    world.takedowns().approve(masked, time_left=lambda: world.time_left)
    late = back_up(world)
    load(early, fresh)
    fresh.now = world.now
    assert fresh.case(masked).state == "masked"

    report = load(late, fresh)
    assert fresh.case(masked).state == "removed"
    assert report.brought[Brought.CASES] == 1
    hour(fresh)
    assert masked.id not in set(fresh.takedowns().cases.unfinished())

    load(early, fresh)
    assert fresh.case(masked).state == "removed"
    challenges = fresh.all(fresh.stores.ledger, CHALLENGES).values()
    assert all(json.loads(body)["closed"] for body in challenges)


def lapses_and_dies(world: MemoryWorld) -> Case:
    """Let a stranger's mask lapse, and the hour die before it lifts anything."""
    case = world.write(f"Please take down {SITE}/1 now.", sender=STRANGER)
    world.later(24 * 15)
    world.watch().before = lambda _, key: crash("put", key) if key.startswith(LIFTS) else None
    with suppress(CrashError):
        world.takedowns().hour(time_left=lambda: world.time_left)
    world.calm()
    assert world.case(case).state is State.LAPSED
    assert canary_is_down(world)
    return case


def canary_is_down(world: MemoryWorld) -> bool:
    return readable(world, CANARY) == []


def test_a_load_closes_no_case_whose_mask_is_still_to_be_lifted(world: MemoryWorld) -> None:
    case = lapses_and_dies(world)

    load(back_up(world), world)
    hour(world)

    assert not canary_is_down(world)
    assert case.id not in set(world.takedowns().cases.unfinished())


def test_a_mask_that_was_lapsing_during_a_backup_is_lifted_where_it_is_loaded(
    world: MemoryWorld, fresh: MemoryWorld
) -> None:
    case = lapses_and_dies(world)
    fresh.now, fresh.feeds = world.now, list(world.feeds)
    load(back_up(world), fresh)

    hour(fresh)
    assert case.id not in set(fresh.takedowns().cases.unfinished())
    poll(fresh)

    assert not canary_is_down(fresh)
    assert fresh.sent() == []


def test_a_load_closes_no_case_whose_receipt_is_still_to_be_sent(world: MemoryWorld) -> None:
    world.watch().before = lambda method, key: fail(method, key) if method == "send" else None
    with pytest.raises(MailUnavailableError):
        REMOVALS["item"](world)
    world.calm()
    assert canary_is_down(world)

    load(back_up(world), world)
    assert world.sent() == []
    hour(world)

    assert len(world.sent()) == 1
    assert list(world.takedowns().cases.unfinished()) == []


def test_a_case_that_a_backup_carries_to_its_end_is_finished_though_it_was_closed_here(
    world: MemoryWorld, fresh: MemoryWorld
) -> None:
    """Refused and closed here; there it was approved afterwards, and its receipt is still due."""
    case = world.write(f"Please take down {SITE}/1 now.", sender=STRANGER)
    world.takedowns().refuse(world.case(case))
    load(back_up(world), fresh)
    fresh.now = world.now
    hour(fresh)
    assert list(fresh.takedowns().cases.unfinished()) == []
    world.takedowns().approve(world.case(case), time_left=lambda: world.time_left)
    late = back_up(world)
    whole = fresh.copy()
    whole.watch()
    load(late, whole)
    assert list(whole.takedowns().cases.unfinished()) == [case.id]

    for when in ("before", "after"):
        died = fresh.copy()
        ends = ("put", f"{CASES}{case.id}.json")
        calls = [n for n, call in enumerate(whole.requests.asked, 1) if call == ends]
        died.disturb(calls[-1], crash, when=when)
        with suppress(CrashError):
            load(late, died)
        assert list(died.takedowns().cases.unfinished()) == [case.id]


def test_a_load_leaves_cases_closed_that_are_the_same_here(world: MemoryWorld) -> None:
    """Else the hour would read every one of them again."""
    REMOVALS["item"](world)
    assert list(world.takedowns().cases.unfinished()) == []

    load(back_up(world), world)

    assert list(world.takedowns().cases.unfinished()) == []


def test_the_hour_closes_loaded_cases_without_their_mails_each_after_one_look(
    world: MemoryWorld, fresh: MemoryWorld
) -> None:
    REMOVALS["item"](world)
    REMOVALS["host"](world)
    fresh.now = world.now
    load(back_up(world), fresh)
    ids = set(fresh.takedowns().cases.ids())
    assert len(ids) == 3

    hour(fresh)
    assert list(fresh.takedowns().cases.unfinished()) == []
    fresh.watch()
    hour(fresh)

    assert fresh.sent() == []
    assert not [key for _, key in fresh.requests.asked if key.startswith(CASES) and key != CASES]


def test_two_histories_that_part_keep_what_is_here(world: MemoryWorld, fresh: MemoryWorld) -> None:
    masked = world.write(f"Take down {SITE}/1 please.", sender="legal@rival-legal.example")
    load(back_up(world), fresh)
    fresh.now = world.now
    fresh.later()
    fresh.takedowns().refuse(fresh.case(masked))
    here = fresh.all(fresh.stores.ledger, CASES)
    world.takedowns().approve(masked, time_left=lambda: world.time_left)

    load(back_up(world), fresh)

    assert fresh.all(fresh.stores.ledger, CASES) == here
    assert readable(fresh, CANARY) == []  # a rule of the backup stands


def test_a_lift_of_a_history_that_is_not_the_one_here_stays_away(
    world: MemoryWorld, fresh: MemoryWorld
) -> None:
    """Put back in a spare mirror, to try it out; here the case has gone on otherwise."""
    case = world.write(f"Please take down {SITE}/1 now and in the future. Ann")
    fresh.now = world.now
    load(back_up(world), fresh)
    fresh.takedowns().restore(fresh.case(case))
    (lift,) = fresh.all(fresh.stores.ledger, LIFTS)
    world.takedowns().cases.add(world.case(case), Event.BOUNCED, by="another")

    report = load(back_up(fresh), world)

    assert world.case(case).state is State.REMOVED
    assert [each for each in report.problems if lift in each and case.id in each]
    assert world.all(world.stores.ledger, LIFTS) == {}
    assert canary_is_down(world)
    poll(world)
    assert canary_is_down(world)


@pytest.mark.parametrize(
    "ending", ["lapse", "refusal", "refusal, then approval", "restore", "free"]
)
def test_every_lift_comes_with_the_case_that_wrote_it(
    world: MemoryWorld, fresh: MemoryWorld, ending: str
) -> None:
    sender = "ann@news.example.com" if ending in {"restore", "free"} else STRANGER
    case = world.write(f"Please take down {SITE}/1 and {SITE}/2 now, for ever.", sender=sender)
    receipt = world.sent()[-1]["Reply-To"].addresses[0].addr_spec
    if ending == "lapse":
        world.later(24 * 15)
        hour(world)
    elif ending == "restore":
        world.takedowns().restore(world.case(case))
    elif ending == "free":
        world.write(f"I withdraw my request for {SITE}/1, please put it back.", to=receipt)
    else:
        world.takedowns().refuse(world.case(case))
    if ending.endswith("approval"):
        world.takedowns().approve(world.case(case), time_left=lambda: world.time_left)
    assert world.all(world.stores.ledger, LIFTS)

    report = load(back_up(world), fresh)

    assert report.problems == ()
    for prefix in (LIFTS, SUPPRESSIONS):
        assert fresh.all(fresh.stores.ledger, prefix) == world.all(world.stores.ledger, prefix)


def test_a_lift_that_cannot_be_read_stays_away(world: MemoryWorld, fresh: MemoryWorld) -> None:
    REMOVALS["item"](world)
    (rule,) = world.all(world.stores.ledger, SUPPRESSIONS)
    lift = rule.replace(SUPPRESSIONS, LIFTS)
    overwrite(world.stores.ledger, lift, b"[]")

    report = load(back_up(world), fresh)

    assert [each for each in report.problems if lift in each]
    assert fresh.all(fresh.stores.ledger, LIFTS) == {}


def test_rules_and_lifts_of_both_are_in_force_afterwards(
    world: MemoryWorld, fresh: MemoryWorld
) -> None:
    theirs = world.suppress(a_rule(address_key("https://a.example/1"), host="a.example"))
    world.lift(theirs)
    ours = fresh.suppress(a_rule(address_key("https://b.example/1"), host="b.example"))

    fresh.watch()
    load(back_up(world), fresh)

    ledger = fresh.stores.ledger
    assert {s.key for s in ledger.list(SUPPRESSIONS)} == {theirs, ours}
    assert len(list(ledger.list(LIFTS))) == 1
    done = fresh.requests.done
    assert done.index(theirs) < done.index(theirs.replace(SUPPRESSIONS, LIFTS))


def test_a_rule_that_cannot_be_read_keeps_its_hosts_items_out(
    world: MemoryWorld, fresh: MemoryWorld
) -> None:
    key = f"{suppressions_prefix(HOST)}newer.json"
    content = Content(b'{"schema": 2}', "application/json")
    fresh.stores.ledger.put(key, content, replaces=None)

    report = load(back_up(world), fresh)

    assert [each for each in report.problems if key in each and "upgrade" in each]
    assert readable(fresh, CANARY) == []
    assert {record.title for record in fresh.items()} == {"Entry 7"}


# Records.


def overwrite(store: ObjectStore, key: str, body: bytes) -> None:
    found = store.get(key)
    store.put(key, Content(body, "application/json"), replaces=found.etag if found else None)


def test_a_newer_record_is_named_and_not_loaded(world: MemoryWorld, fresh: MemoryWorld) -> None:
    key = record_key(HOST, canary_of(world).id)
    overwrite(world.stores.archive, key, b'{"schema": 2}')

    report = load(back_up(world), fresh)

    (problem,) = report.problems
    assert problem.startswith(f"backup {key}: the record is of schema 2")
    assert "upgrade feedmirror" in problem
    assert {record.title for record in fresh.items()} == {"Entry 2", "Entry 7"}


def test_what_is_here_stays_as_it_is(world: MemoryWorld) -> None:
    old = back_up(world)
    world.later()
    world.serve(rss(entry(1, title=f"{CANARY} edited", text=TEXT, more=BY_ANN)))
    world.run()
    before = world.records()

    report = load(old, world)

    assert world.records() == before
    assert report.brought[Brought.KEPT] == 3


def test_a_record_that_cannot_be_read_here_is_left(world: MemoryWorld) -> None:
    old = back_up(world)
    key = record_key(HOST, canary_of(world).id)
    overwrite(world.stores.archive, key, b'{"schema": 2}')

    load(old, world)

    assert world.all(world.stores.archive, key)[key] == b'{"schema": 2}'


def test_a_page_that_a_rebuild_took_down_for_want_of_a_record_comes_back(
    world: MemoryWorld,
) -> None:
    backup: Backup = back_up(world)
    forgotten = MemoryStore()
    key = record_key(HOST, canary_of(world).id)
    for summary in world.stores.archive.list(""):
        found = world.stores.archive.get(summary.key)
        if found and summary.key != key:
            forgotten.put(summary.key, found.content, replaces=None)
    world.stores = replace(world.stores, archive=forgotten)
    rebuild(world)
    stone = world.records()[key]
    assert isinstance(stone, Tombstone)
    assert stone.case == NO_CASE
    assert readable(world, CANARY) == []

    load(backup, world)

    assert key in readable(world, CANARY)
    assert item_page(HOST, canary_of(world).id) in readable(world, CANARY)
