"""The takedown's half of the protocol where two things meet: people who change their minds,
cases that end, rules that take other rules' place, and whoever is at work meanwhile.
"""

import itertools
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from feedmirror.jobs.takedown.takedown_run import TakedownRun
from feedmirror.layout import CHALLENGES, CLOSED, LIFTS, LOG, RECOVERY, SUPPRESSIONS
from feedmirror.ports.object_store import Content
from feedmirror.records import Item, Tombstone
from feedmirror.takedowns.casework.cases import Case, Event, State
from feedmirror.takedowns.casework.challenges import challenge_from_json
from takedown_world import TakedownWorld, a_mail
from walks import walk
from world import SITE, Documents, entry, rss

TEXT = "and more of what the story tells. " * 12
STRANGER = "x@rival-legal.example"


@pytest.fixture
def world(tmp_path: Path, documents: Documents) -> TakedownWorld:
    world = TakedownWorld(tmp_path, documents)
    publish(world)
    return world


def story(number: int, **changes: str) -> str:
    """Return an entry with a word of its own, ``canary-<number>``, in title and text."""
    told = {"title": f"canary-{number}", "text": f"canary-{number} {TEXT}", **changes}
    return entry(number, **told)


def publish(world: TakedownWorld, *more: str, **changes: str) -> None:
    """Publish three stories in the site's feed, and mirror them; changes are to all of them."""
    world.serve(rss(*more, *(story(number, **changes) for number in (1, 2, 3))))
    world.later()
    world.run()


def readable(world: TakedownWorld, number: int) -> list[str]:
    """Return the keys of archive and site under which a story can be read."""
    word = re.compile(rb"canary-%d\b" % number)
    return [
        key
        for store in (world.stores.archive, world.stores.site)
        for key, body in world.all(store, "").items()
        if word.search(body)
    ]


def copies(world: TakedownWorld, number: int) -> list[str]:
    """Return the recovery copies in which a story can be read."""
    found = world.all(world.mail, RECOVERY)
    return [key for key, body in found.items() if f"canary-{number}".encode() in body]


def receipt_address(world: TakedownWorld) -> str:
    """Return the address that an answer to the last mail of ours goes to."""
    return str(world.sent()[-1]["Reply-To"].addresses[0].addr_spec)


def hour(world: TakedownWorld) -> None:
    world.takedowns().hour(time_left=lambda: world.time_left)


def approve(world: TakedownWorld, case: Case) -> Case:
    return world.takedowns().approve(world.case(case), time_left=lambda: world.time_left)


# A removal stands on rules that are in force.


@pytest.mark.parametrize("end", ["refused", "lapsed"])
def test_what_is_approved_after_its_mask_was_lifted_stays_away(
    world: TakedownWorld, end: str
) -> None:
    case = world.write(f"Take down {SITE}/1", sender=STRANGER)
    assert case.state is State.MASKED
    if end == "refused":
        world.takedowns().refuse(case)
    else:
        world.later(15 * 24)
        hour(world)
    assert world.case(case).state == end

    assert approve(world, case).state is State.REMOVED
    assert readable(world, 1) == []

    publish(world, entry(4))
    assert readable(world, 1) == []


def proof_of(world: TakedownWorld, case: Case) -> dict[str, str]:
    """Return the finding of a mirror that saw a case's token."""
    (body,) = world.all(world.stores.ledger, f"{CHALLENGES}").values()
    challenge = challenge_from_json(body)
    return {
        "kind": "proof",
        "case": case.id,
        "host": challenge.host,
        "way": "well-known",
        "token": challenge.token,
    }


def at_call(
    world: TakedownWorld, method: str, key: str, something: Callable[[], object], *, when: str
) -> None:
    """Have something else happen once, before or after the first such call."""

    def hook(asked: str, of: str) -> None:
        if asked == method and of.startswith(key):
            world.requests.before = world.requests.after = lambda *_: None
            something()

    setattr(world.requests, when, hook)


@pytest.mark.parametrize(
    ("method", "key", "when"),
    [
        ("put", "lifts/", "before"),  # the hour has read the case, and nothing more
        ("put", "lifts/", "after"),
        ("put", "items/", "after"),
        ("put", "cases/", "before"),  # all is back, and the case not told yet
    ],
)
def test_a_proof_while_its_mask_lapses_removes_for_good_or_not_at_all(
    world: TakedownWorld, method: str, key: str, when: str
) -> None:
    case = world.write(f"Take down {SITE}/1", sender=STRANGER)
    assert case.state is State.MASKED
    finding = proof_of(world, case)
    world.later(15 * 24)

    def prove() -> None:
        world.takedowns().do(finding, time_left=lambda: world.time_left)

    at_call(world, method, key, prove, when=when)
    hour(world)
    hour(world)
    publish(world, entry(4))

    gone = readable(world, 1) == []
    assert gone is (world.case(case).state is State.REMOVED)


# What is undone, and what is not.


def test_withdrawing_one_by_one_brings_each_back_and_keeps_it(world: TakedownWorld) -> None:
    world.write(f"Please take down {SITE}/1 and {SITE}/2 and {SITE}/3")
    to = receipt_address(world)
    assert [readable(world, number) for number in (1, 2, 3)] == [[], [], []]

    world.write(f"I withdraw my request about {SITE}/1, please put it back.", to=to)
    assert readable(world, 1)
    assert [readable(world, number) for number in (2, 3)] == [[], []]
    world.write(f"I withdraw my request about {SITE}/2 too, please put it back.", to=to)
    assert readable(world, 2)
    assert readable(world, 3) == []

    for _ in range(2):
        publish(world, entry(4), more="<dc:creator>Ann B</dc:creator>")
        assert readable(world, 1)
        assert readable(world, 2)
        assert readable(world, 3) == []


def test_a_case_restored_as_a_whole_after_a_part_of_it_comes_back_as_a_whole(
    world: TakedownWorld,
) -> None:
    case = world.write(f"Please take down {SITE}/1 and {SITE}/2 and {SITE}/3")
    world.write(
        f"I withdraw my request about {SITE}/1, please put it back.", to=receipt_address(world)
    )
    assert readable(world, 1)

    world.takedowns().restore(world.case(case))

    assert all(readable(world, number) for number in (1, 2, 3))
    publish(world, entry(4))
    assert all(readable(world, number) for number in (1, 2, 3))


def test_withdrawing_what_is_not_held_brings_nothing_else_back(world: TakedownWorld) -> None:
    world.write(f"Please take down {SITE}/1 and {SITE}/2")

    world.write(
        f"I withdraw my request about {SITE}/77, please put it back.", to=receipt_address(world)
    )

    assert [readable(world, number) for number in (1, 2)] == [[], []]


def test_what_stays_down_of_a_case_stays_down_under_every_name_also_without_copies(
    world: TakedownWorld,
) -> None:
    world.write(
        f"Under the GDPR, please erase my personal data at {SITE}/1 and {SITE}/2."
        " Right to be forgotten."
    )
    assert copies(world, 1) + copies(world, 2) == []
    world.write(
        f"I withdraw my request about {SITE}/1, please put it back.", to=receipt_address(world)
    )
    assert readable(world, 2) == []

    publish(world, story(2, link=f"{SITE}/2/amp", guid="amp"))

    assert readable(world, 2) == []


@pytest.mark.parametrize("at", range(4))
def test_what_stays_down_of_a_case_stays_down_while_the_rest_comes_back(
    world: TakedownWorld, at: int
) -> None:
    """The mirror reads the rules, and the lifts, while one rule takes another's place."""
    world.write(f"Please take down {SITE}/1 and {SITE}/2")
    to = receipt_address(world)
    world.serve(rss(entry(4), *(story(n, more="<dc:creator>A</dc:creator>") for n in (1, 2))))
    world.later()
    seen = 0

    def hook(_: str, key: str) -> None:
        nonlocal seen
        seen += key.startswith((SUPPRESSIONS, LIFTS))
        if seen == at + 1:
            world.requests.before = lambda *_: None
            world.write(f"I withdraw my request about {SITE}/1, please put it back.", to=to)

    world.requests.before = hook
    world.run()
    assert readable(world, 2) == []
    world.later()
    world.run()
    assert readable(world, 2) == []


# What recovery copies may hold.


def test_a_repair_keeps_no_copy_of_what_privacy_forbids_to_keep(world: TakedownWorld) -> None:
    (item,) = (found for found in world.items() if found.title == "canary-1")
    key = f"items/{item.host}/{item.id}.json"
    before = world.stores.archive.get(key)
    world.write(f"Under the GDPR, please erase my personal data at {SITE}/1.")
    stone = world.stores.archive.get(key)
    assert before is not None
    assert stone is not None
    assert copies(world, 1) == []
    world.stores.archive.put(key, before.content, replaces=stone.etag)

    hour(world)

    assert not isinstance(world.records()[key], Item)
    assert copies(world, 1) == []


def test_a_proven_wish_for_privacy_empties_the_copies_of_earlier_cases_too(
    world: TakedownWorld,
) -> None:
    assert world.write(f"Take down {SITE}/1", sender=STRANGER).state is State.MASKED
    assert copies(world, 1)

    case = world.write(f"Under the GDPR, please erase my personal data at {SITE}/1.")

    assert case.state is State.REMOVED
    assert copies(world, 1) == []


# What may never stop the hour.


def test_a_rule_that_cannot_be_read_costs_no_other_case_its_hour(world: TakedownWorld) -> None:
    world.serve(
        rss(entry(9, link="https://other.example.net/9", title="canary-9")),
        "/other",
        site="https://other.example.net",
    )
    world.later()
    world.run()
    masks = [
        world.write(f"Take down {SITE}/1", sender=STRANGER),
        world.write("Take down https://other.example.net/9", sender="y@another-firm.example"),
    ]
    assert [case.state for case in masks] == [State.MASKED] * 2
    world.stores.ledger.put(
        "suppressions/com,example,news)/broken.json", Content(b"?", "text/plain"), replaces=None
    )
    world.stores.ledger.put(
        "suppressions/net,example,other)/aaaa.json", Content(b"?", "text/plain"), replaces=None
    )
    world.later(15 * 24)

    world.takedowns().hour(time_left=lambda: world.time_left)


# Two takedowns at once.


@pytest.mark.timeout(60)
@pytest.mark.parametrize("file", ["feed.xml", "feed.json"])
def test_a_takedown_shows_nothing_again_that_another_has_taken_out_meanwhile(
    world: TakedownWorld, file: str
) -> None:
    """One stands between two files of the front; the other opens it, is overtaken, and dies."""
    stopped, opened = threading.Event(), threading.Event()

    class DiedError(Exception):
        pass

    puts: list[str] = []

    def hook(method: str, key: str) -> None:
        if threading.current_thread().name == "first":
            if (method, key) == ("put", file) and not stopped.is_set():
                stopped.set()
                opened.wait(20)
        elif (method, key) == ("put", "index.html"):
            opened.set()  # all three files were opened: now the first may end
            first.join(20)
            puts.append(key)
        elif method == "put" and puts:
            raise DiedError

    first = threading.Thread(target=lambda: world.write(f"Please take down {SITE}/1"), name="first")
    world.requests.before = hook
    first.start()
    assert stopped.wait(20)
    with suppress(DiedError):
        world.write(f"Please take down {SITE}/2", sender="bob@news.example.com")
    assert not first.is_alive()
    world.requests.before = lambda *_: None

    assert readable(world, 1) == []


# What a rule covers.


def test_the_address_that_was_named_is_kept_away_whoever_brings_it(world: TakedownWorld) -> None:
    old = "https://blog.example.com/1"
    world.serve(rss(story(8, link=old)), "/moved")
    world.later()
    world.run()
    world.serve(rss(story(8, link=f"{SITE}/8")), "/moved")
    world.later()
    world.run()
    assert readable(world, 8)
    assert world.write(f"Please take down {old}", sender="ann@example.com").state is State.REMOVED
    assert readable(world, 8) == []

    world.serve(rss(story(8, link=old, guid="p8")), "/planet", site="https://planet.example.net")
    world.later()
    world.run()

    assert readable(world, 8) == []


def test_a_folder_covers_what_is_in_it_by_its_permanent_address(world: TakedownWorld) -> None:
    guid = f"{SITE}/private/8"
    by_proxy = story(8, link="https://proxy.example.net/r/8").replace(
        "<guid isPermaLink='false'>g8", f"<guid isPermaLink='true'>{guid}"
    )
    world.serve(rss(by_proxy, story(7, link=f"{SITE}/private/7")), "/proxied")
    world.later()
    world.run()
    assert readable(world, 8)
    case = world.write(f"Please remove everything under {SITE}/private/ from your mirror.")
    approve(world, case)
    assert readable(world, 7) == []

    assert readable(world, 8) == []


def test_one_item_of_a_feed_that_gives_all_the_same_guid_goes_alone(
    tmp_path: Path, documents: Documents
) -> None:
    world = TakedownWorld(tmp_path, documents)
    publish(world, guid="https://news.example.com/")
    (item,) = (found for found in world.items() if found.title == "canary-1")

    world.write(f"Please take down https://mirror.example.org/{item.host}/{item.id}/")

    assert readable(world, 1) == []
    assert readable(world, 2)
    assert readable(world, 3)


def test_one_of_two_sites_entries_with_one_number_goes_alone(world: TakedownWorld) -> None:
    world.serve(
        rss(
            entry(1, title="canary-1", text=f"canary-1 {TEXT}", guid="12"),
            entry(9, link="https://other.example.net/9", title="canary-9", guid="12"),
        ),
        "/planet",
        site="https://planet.example.net",
    )
    world.later()
    world.run()

    world.write(f"Please take down {SITE}/1")

    assert readable(world, 1) == []
    assert readable(world, 9)


def test_an_item_of_a_feed_that_was_dropped_is_found_by_its_number_alone(
    world: TakedownWorld,
) -> None:
    (item,) = (found for found in world.items() if found.title == "canary-1")
    world.feeds.clear()

    case = world.write("Please remove this.", to=f"takedown+{item.id}@mirror.example.org")

    assert case.state is State.REMOVED
    assert readable(world, 1) == []


# What is told.


def counted(world: TakedownWorld) -> int:
    """Return how many removals the public log tells of."""
    names = (key.rpartition(".") for key in world.all(world.stores.ledger, LOG))
    return sum(int(copies) for _, _, copies in names)


def test_a_mask_that_lapses_is_no_removal_in_the_public_log(world: TakedownWorld) -> None:
    world.write(f"Take down {SITE}/1", sender=STRANGER)
    world.later(15 * 24)
    hour(world)
    assert readable(world, 1)

    assert counted(world) == 0


def test_a_removal_after_a_mask_is_counted_once(world: TakedownWorld) -> None:
    case = world.write(f"Take down {SITE}/1", sender=STRANGER)
    world.later(24)
    approve(world, case)

    assert counted(world) == 1


# What changes while a sweep is at work.


def test_a_repair_leaves_what_is_restored_meanwhile(world: TakedownWorld) -> None:
    case = world.write(f"Take down {SITE}/1", sender=STRANGER)

    def refuse() -> None:
        world.takedowns().refuse(world.case(case))
        world.run()  # sees the lift, and has nothing more to do

    at_call(world, "list", "addresses/", refuse, when="before")
    hour(world)
    assert world.case(case).state is State.REFUSED
    world.later()
    world.run()

    assert readable(world, 1)


def test_what_a_person_restores_while_its_sweep_is_at_work_is_back_in_the_end(
    world: TakedownWorld,
) -> None:
    cases: list[Case] = []

    def restore() -> None:
        (case_id,) = world.takedowns().cases.ids()
        case = world.takedowns().cases.load(case_id)
        assert case is not None
        cases.append(case)
        world.takedowns().restore(case)
        world.run()

    at_call(world, "put", "recovery/", restore, when="after")
    world.write(f"Please take down {SITE}/1 and {SITE}/2")
    assert cases
    world.later()
    world.run()

    state = world.case(cases[0]).state
    assert (readable(world, 1) == []) is (state is State.REMOVED)
    assert (readable(world, 2) == []) is (state is State.REMOVED)


def test_withdrawing_a_site_brings_back_nothing_of_another_site(world: TakedownWorld) -> None:
    world.serve(
        rss(entry(9, link="https://blog.example.com/9", title="canary-9")),
        "/blog",
        site="https://blog.example.com",
    )
    world.later()
    world.run()
    world.write(
        f"Please take down {SITE}/1 and https://blog.example.com/9", sender="ann@example.com"
    )
    assert readable(world, 1) + readable(world, 9) == []

    world.write(
        "I withdraw my request about everything from blog.example.com, please put it back.",
        sender="ann@example.com",
        to=receipt_address(world),
    )

    assert readable(world, 1) == []


@dataclass
class Caches:
    """A CDN that keeps what it is asked to forget."""

    paths: list[str] = field(default_factory=list)

    def invalidate(self, paths: Sequence[str], *, reference: str) -> None:
        """Keep the paths."""
        assert reference
        self.paths += paths

    def forgot(self, key: str) -> bool:
        """Tell whether a page is among what was forgotten."""
        return any(fnmatchcase(f"/{key}", path) for path in self.paths)


@pytest.mark.parametrize("scope", ["item", "text", "host", "domain"])
def test_the_caches_forget_every_page_that_showed_what_is_gone(
    world: TakedownWorld, scope: str
) -> None:
    caches = Caches()
    carry_on = world.takedowns
    world.takedowns = lambda: with_caches(carry_on(), caches)  # type: ignore[method-assign]  # a CDN of the test's
    world.serve(rss(story(1, guid="again", link=f"{SITE}/elsewhere")), "/second")
    world.serve(rss(story(1, guid="planet")), "/planet", site="https://planet.example.net")
    world.later()
    world.run()
    before = readable(world, 1)
    if scope in {"item", "text"}:
        world.write(f"Please take down {SITE}/1")
    else:
        what = "news.example.com" if scope == "host" else "example.com and all its subdomains"
        case = world.write(
            f"Please remove our whole site {what} from your mirror.",
            sender="ann@example.com",
        )
        approve(world, case)
    assert readable(world, 1) == []

    shown = [key for key in before if not key.startswith("items/")]
    assert [key for key in shown if not caches.forgot(key)] == []


def with_caches(run: TakedownRun, caches: Caches) -> TakedownRun:
    """Return the jobs with a CDN of the test's own."""
    return replace(run, carry_on=replace(run.carry_on, cdn=caches))


ODD = {
    "a long Message-ID": ("Message-ID", f"<{'x' * 2000}@mail.example>"),
    "a Message-ID with a gap": ("Message-ID", "<a b c@mail.example>"),
    "a Message-ID of letters beyond ASCII": ("Message-ID", "<jörg@mail.example>"),
    "no Message-ID": ("Message-ID", ""),
    "long references": ("References", " ".join(f"<{n}@mail.example>" for n in range(300))),
    "odd references": ("References", "<a b> <jörg@x> not-one <>"),
    "an encoded newline": ("Subject", "=?utf-8?q?Removal=0D=0ABcc:_x@y.example?="),
    "two senders": ("From", "ann@news.example.com, bob@news.example.com"),
    "a quoted mailbox": ("From", '"ann b"@news.example.com'),
    "a mailbox beyond ASCII": ("From", "jörg@news.example.com"),
    "an IP domain": ("From", "ann@[192.0.2.1]"),
    "a long mailbox": ("From", f"{'x' * 900}@news.example.com"),
}


@pytest.mark.parametrize("odd", ODD)
def test_no_header_of_a_mail_keeps_its_case_from_its_end(world: TakedownWorld, odd: str) -> None:
    name, value = ODD[odd]
    headers = {
        "From": "ann@news.example.com",
        "To": "takedown@mirror.example.org",
        "Subject": "Removal",
        "Date": "Sun, 22 Nov 2026 14:00:00 +0000",
        "Message-ID": "<1@mail.example>",
        "Content-Type": "text/plain; charset=utf-8",
        name: value,
    }
    head = "".join(f"{each}: {stated}\r\n" for each, stated in headers.items() if stated)
    raw = f"{head}\r\nPlease take down {SITE}/1\r\n".encode()

    case = world.take_in(world.arrive(raw), raw)

    assert case.state is not State.RECEIVED
    report = world.takedowns().hour(time_left=lambda: world.time_left)
    assert report.problems == []


def test_a_mask_that_lapses_brings_back_the_copies_that_went_with_it(world: TakedownWorld) -> None:
    path = "/second"
    world.serve(rss(story(1, guid="again", link=f"{SITE}/elsewhere")), path)
    world.later()
    world.run()
    before = sorted(readable(world, 1))
    world.serve(rss(entry(5)), path)  # the feed has moved on
    world.write(f"Take down {SITE}/1", sender=STRANGER)
    assert readable(world, 1) == []

    world.later(15 * 24)
    hour(world)

    assert sorted(readable(world, 1)) == before


@pytest.mark.parametrize("minutes", [0, 10])
@pytest.mark.parametrize("key", ["feed.json", "recovery/", "items/"])
def test_a_proof_while_its_mask_is_swept_ends_as_a_removal(
    world: TakedownWorld, key: str, minutes: int
) -> None:
    """The proof's call may have no time left to do more than to note it."""

    def prove() -> None:
        (case_id,) = world.takedowns().cases.ids()
        case = world.takedowns().cases.load(case_id)
        assert case is not None
        finding = proof_of(world, case)
        world.takedowns().do(finding, time_left=lambda: timedelta(minutes=minutes))

    at_call(world, "put", key, prove, when="after")
    case = world.write(f"Take down {SITE}/1", sender=STRANGER)
    hour(world)

    assert world.case(case).state is State.REMOVED
    world.later(15 * 24)
    hour(world)
    assert readable(world, 1) == []


def test_an_hour_ends_in_its_time_however_much_one_rule_covers(world: TakedownWorld) -> None:
    world.serve(rss(*(entry(n) for n in range(100, 400))), "/many")
    world.later()
    world.run()
    case = world.write("Please remove our whole site news.example.com from your mirror.")
    approve(world, case)
    asked = world.watch().asked

    world.takedowns().hour(time_left=lambda: timedelta(seconds=160 - len(asked)))

    assert len(asked) < 300
    before = world.stores.ledger.get("limits/reapplied")
    hour(world)
    assert before != world.stores.ledger.get("limits/reapplied")


def test_a_removal_is_found_gone_by_its_next_asker_and_counted_so(world: TakedownWorld) -> None:
    first = world.write(f"Take down {SITE}/1", sender=STRANGER)
    second = world.write(f"Please take down {SITE}/1")
    assert second.state is State.REMOVED
    world.later(15 * 24)
    hour(world)
    assert world.case(first).state is State.LAPSED
    assert readable(world, 1) == []

    world.takedowns().restore(world.case(second))
    assert readable(world, 1)


def test_the_ground_of_an_unproved_mask_is_not_told_for_a_removal(world: TakedownWorld) -> None:
    world.write(f"Please take down {SITE}/1")
    (stone,) = (r for r in world.records().values() if isinstance(r, Tombstone))
    assert stone.ground == "publisher"
    assert len(stone.rules) == 1


def test_a_replay_of_the_withdrawn_mail_changes_nothing(world: TakedownWorld) -> None:
    raw = a_mail(f"Please take down {SITE}/1", date=world.now)
    ses_id = world.arrive(raw)
    world.take_in(ses_id, raw)
    world.write("I withdraw my request, please put it back.", to=receipt_address(world))
    assert readable(world, 1)

    world.take_in(ses_id, raw)
    world.take_in(world.arrive(raw), raw)
    publish(world, entry(4))

    assert readable(world, 1)


def test_whoever_withdrew_may_ask_again(world: TakedownWorld) -> None:
    world.write(f"Please take down {SITE}/1")
    world.write("I withdraw my request, please put it back.", to=receipt_address(world))
    assert readable(world, 1)
    world.later()

    world.write(f"Please take down {SITE}/1 after all, now and in the future.")
    assert readable(world, 1) == []
    publish(world, entry(4), more="<dc:creator>B</dc:creator>")
    assert readable(world, 1) == []


def test_withdrawing_one_item_of_a_masked_site_does_not_keep_the_site_masked_for_ever(
    world: TakedownWorld,
) -> None:
    sender = "webmaster@news.example.com"
    case = world.write(
        "Please remove our whole site news.example.com from your mirror.", sender=sender
    )
    assert case.state is State.MASKED
    world.write(
        f"I withdraw my request about {SITE}/1, please put it back.",
        sender=sender,
        to=f"takedown+c.{case.id}@mirror.example.org",
    )
    world.later(15 * 24)
    hour(world)

    assert readable(world, 2)


def test_an_item_whose_words_many_others_have_goes_alone(
    tmp_path: Path, documents: Documents
) -> None:
    world = TakedownWorld(tmp_path, documents)
    picture = '&lt;a href="https://pictures.example.net/{0}{1}.jpg"&gt;Picture of the day&lt;/a&gt;'
    world.serve(
        rss(*(entry(n, title=f"canary-{n}", text=picture.format("x" * 200, n)) for n in (1, 2, 3)))
    )
    world.run()

    world.write(f"Please take down {SITE}/1")

    assert readable(world, 1) == []
    assert readable(world, 2)
    assert readable(world, 3)


def test_what_was_withdrawn_first_stays_when_more_is_withdrawn(world: TakedownWorld) -> None:
    world.write(f"Please take down {SITE}/1 and {SITE}/2 and {SITE}/3")
    to = receipt_address(world)
    for number in (1, 2):
        world.write(f"I withdraw my request about {SITE}/{number}, put it back.", to=to)
    assert readable(world, 1)

    publish(world, entry(4), more="<dc:creator>Ann B</dc:creator>")
    assert "canary-1" in world.pages()["feed.json"]
    report = world.takedowns().hour(time_left=lambda: world.time_left)

    assert report.repaired == 0
    assert readable(world, 1)


@pytest.mark.parametrize("withdrawn", ["answer", "tag"])
def test_a_withdrawal_of_one_thing_is_one_things(world: TakedownWorld, withdrawn: str) -> None:
    case = world.write(f"Please take down {SITE}/1 and {SITE}/2")
    to = receipt_address(world)
    if withdrawn == "tag":
        to = f"takedown+c.{case.id}@mirror.example.org"
    world.write(f"I withdraw my request about {SITE}/1, please put it back.", to=to)

    assert readable(world, 1)
    assert readable(world, 2) == []
    hour(world)
    assert readable(world, 1)
    assert readable(world, 2) == []
    assert world.case(case).state is State.REMOVED


def test_an_unreadable_case_or_challenge_costs_no_other_its_hour(world: TakedownWorld) -> None:
    masked = world.write(f"Take down {SITE}/1", sender=STRANGER)
    for key in (
        "cases/aaaaaaaaaaaaaaaa.json",
        "challenges/com,example,news)/aaaaaaaaaaaaaaaa.json",
    ):
        world.stores.ledger.put(key, Content(b"?", "text/plain"), replaces=None)
    order = (
        b'{"schema":1,"id":"bbbb","events":[{"event":"received","at":"2026-11-22T12:00:00+00:00"},'
    )
    order += b'{"event":"decided","at":"2026-11-22T12:00:00+00:00","orders":[{"number":0}]}]}'
    world.stores.ledger.put("cases/bbbb.json", Content(order, "text/plain"), replaces=None)
    world.later(15 * 24)

    report = world.takedowns().hour(time_left=lambda: world.time_left)

    assert len(report.problems) == 2
    assert world.case(masked).state is State.LAPSED


def test_a_proof_that_was_decided_and_died_says_nothing_is_done_once_its_case_lapsed(
    world: TakedownWorld,
) -> None:
    class DiedError(Exception):
        pass

    sender = "webmaster@news.example.com"
    case = world.write(
        "Please remove our whole site news.example.com from your mirror.", sender=sender
    )
    to = receipt_address(world)
    world.later(13.99 * 24)

    raw = a_mail("Yes, please remove it.", sender=sender, to=to, date=world.now)
    ses_id = world.arrive(raw)
    decided: list[str] = []

    def hook(method: str, key: str) -> None:
        if method == "put" and key.startswith("limits/mails/"):
            decided.append(key)
        if decided and (method, key) == ("put", f"cases/{case.id}.json"):
            raise DiedError

    world.requests.before = hook
    with pytest.raises(DiedError):
        world.take_in(ses_id, raw, to=to)
    world.requests.before = lambda *_: None
    world.later(1)
    hour(world)

    world.take_in(ses_id, raw, to=to)
    hour(world)

    publish(world, entry(4))
    answers = [str(mail.get_body().get_content()) for mail in world.sent()]  # type: ignore[union-attr]
    acknowledged = any("Nothing of what you named is shown" in answer for answer in answers)
    assert acknowledged is (readable(world, 2) == [])
    assert acknowledged is (world.case(case).state is State.REMOVED)


@pytest.mark.parametrize("end", ["refused", "recorded"])
def test_what_is_approved_after_it_was_closed_is_finished_by_the_hour(
    world: TakedownWorld, end: str
) -> None:
    """There may be no queue, and a queue's message may be lost."""
    if end == "refused":
        case = world.write(f"Take down {SITE}/1", sender=STRANGER)
        world.takedowns().refuse(case)
    else:
        case = world.write(
            "Please remove our whole site news.example.com from your mirror.",
            sender="ann@news.example.com",
        )
        world.takedowns().refuse(world.case(case))
    assert world.all(world.stores.ledger, CLOSED)
    world.takedowns().approve(world.case(case), time_left=lambda: timedelta(seconds=1))
    assert world.case(case).state is State.RECEIVED
    hour(world)

    assert world.case(case).state is State.REMOVED
    assert readable(world, 1) == []


def test_all_under_an_address_with_a_query_is_not_the_whole_site(world: TakedownWorld) -> None:
    world.write(
        f"Please remove everything under {SITE}/?cat=3 from your mirror.",
        sender="webmaster@news.example.com",
    )

    assert readable(world, 1)


def test_a_proven_wish_for_privacy_empties_the_copies_of_all_earlier_cases(
    world: TakedownWorld,
) -> None:
    world.write(f"Take down {SITE}/1", sender=STRANGER)
    world.write(f"Please take down {SITE}/1")
    assert len(copies(world, 1)) == 2

    world.later()
    world.write(f"Under the GDPR, please erase my personal data at {SITE}/1.")

    assert copies(world, 1) == []


def test_whoever_proves_it_while_it_lapses_is_not_discredited(world: TakedownWorld) -> None:
    sender = "webmaster@news.example.com"
    case = world.write(
        "Please remove our whole site news.example.com from your mirror.", sender=sender
    )
    to = receipt_address(world)
    world.later(15 * 24)
    at_call(
        world,
        "put",
        "limits/discredited/",
        lambda: world.write("Yes, please remove it.", sender=sender, to=to),
        when="after",
    )
    hour(world)

    requester = (world.case(case).decision or {})["requester"]
    proved = world.case(case).state is State.REMOVED
    assert not (proved and world.takedowns().limits.is_discredited(requester, "another"))


@pytest.mark.parametrize("key", ["recovery/", "items/", "log/"])
def test_what_is_withdrawn_of_a_case_while_its_sweep_is_at_work_is_back_in_the_end(
    world: TakedownWorld, key: str
) -> None:
    def withdraw() -> None:
        (case_id,) = world.takedowns().cases.ids()
        world.write(
            f"I withdraw my request about {SITE}/1, please put it back.",
            to=f"takedown+c.{case_id}@mirror.example.org",
        )

    at_call(world, "put", key, withdraw, when="after")
    world.write(f"Please take down {SITE}/1 and {SITE}/2")
    world.run()
    world.later()
    hour(world)
    world.run()

    assert readable(world, 2) == []
    withdrawal = [mail for mail in world.sent() if "back" in str(mail.get_body())]
    assert bool(readable(world, 1)) or not withdrawal


# Everything at every call of everything else.


def at_each_call(
    tmp_path: Path,
    documents: Documents,
    begin: Callable[[TakedownWorld], Callable[[], object]],
    when: str,
) -> Iterator[tuple[TakedownWorld, Callable[[Callable[[], object]], None]]]:
    """Yield a world for each store call of what ``begin`` returns, and what runs it disturbed."""

    def fresh(name: str) -> TakedownWorld:
        folder = tmp_path / name
        folder.mkdir()
        world = TakedownWorld(folder, documents)
        publish(world)
        return world

    measured = fresh("measured")
    act = begin(measured)
    measured.watch()
    act()
    calls = len(measured.requests.asked)
    for call in walk(calls, when):
        world = fresh(str(call))
        act = begin(world)
        world.watch()

        def disturb(
            something: Callable[[], object],
            world: TakedownWorld = world,
            act: Callable[[], object] = act,
            call: int = call,
        ) -> None:
            def hook(*_: str) -> None:
                if len(world.requests.asked) == call:
                    world.requests.before = world.requests.after = lambda *_: None
                    something()

            setattr(world.requests, when, hook)
            act()

        yield world, disturb


def an_edit(world: TakedownWorld) -> Callable[[], object]:
    """The mirror runs, and everything was edited and has moved."""
    world.serve(
        rss(
            *(story(n, link=f"{SITE}/{n}-moved", more="<dc:creator>B</dc:creator>") for n in (1, 2))
        )
    )
    world.later()
    return world.run


def a_lapse(world: TakedownWorld) -> Callable[[], object]:
    """A mask of the first story lapses."""
    world.write(f"Take down {SITE}/1", sender=STRANGER)
    world.later(15 * 24)
    return lambda: hour(world)


def another_removal(world: TakedownWorld) -> Callable[[], object]:
    """Somebody else has the second story removed."""
    return lambda: world.write(f"Please take down {SITE}/2", sender="bob@news.example.com")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("begin", [an_edit, a_lapse, another_removal])
def test_a_removal_at_any_moment_of_something_else_is_for_good(
    tmp_path: Path,
    documents: Documents,
    begin: Callable[[TakedownWorld], Callable[[], object]],
    when: str,
) -> None:
    for world, disturb in at_each_call(tmp_path, documents, begin, when):
        disturb(lambda world=world: world.write(f"Please take down {SITE}/1"))  # type: ignore[misc]  # binds the loop's value

        assert readable(world, 1) == [], world.requests.asked[-1]
        publish(world, entry(4))
        assert readable(world, 1) == []
        assert "canary-3" in world.pages()["feed.json"]


def a_removal(world: TakedownWorld) -> Callable[[], object]:
    """The first story is removed."""
    return lambda: world.write(f"Please take down {SITE}/1")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_at_any_moment_of_a_removal_brings_nothing_back(
    tmp_path: Path, documents: Documents, when: str
) -> None:
    for world, disturb in at_each_call(tmp_path, documents, a_removal, when):
        run = an_edit(world)
        disturb(run)

        assert readable(world, 1) == []
        publish(world, entry(4))
        assert readable(world, 1) == []
        assert readable(world, 2)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_at_any_moment_of_a_lapse_leaves_all_as_it_would_be(
    tmp_path: Path, documents: Documents, when: str
) -> None:
    for world, disturb in at_each_call(tmp_path, documents, a_lapse, when):
        disturb(an_edit(world))
        hour(world)
        world.later()
        world.run()

        assert readable(world, 1)
        front = world.pages()["feed.json"]
        assert all(f"canary-{number}" in front for number in (1, 2, 3))


# What the mends of the above got wrong at first.

OTHER = "https://other.example.net"
PUT_BACK = "I withdraw my request about {}, please put it back."


def second_site(world: TakedownWorld) -> None:
    """Mirror an item of another site."""
    text = "canary-9 and what it tells. " * 20
    world.serve(rss(entry(9, link=f"{OTHER}/9", title="canary-9", text=text)), "/other", site=OTHER)
    world.later()
    world.run()


@pytest.mark.parametrize("what", ["all", "one", "by the operator"])
@pytest.mark.parametrize("days", [0, 15])
def test_what_was_removed_can_be_undone_whatever_became_of_the_rest(
    world: TakedownWorld, what: str, days: int
) -> None:
    second_site(world)
    case = world.write(f"Please take down {SITE}/1 and {OTHER}/9")
    to = receipt_address(world)
    assert readable(world, 1) == []
    world.later(days * 24)
    hour(world)

    match what:
        case "by the operator":
            world.takedowns().restore(world.case(case))
        case "one":
            world.write(PUT_BACK.format(f"{SITE}/1"), to=to)
        case _:
            world.write("I withdraw my request, please put it back.", to=to)

    assert readable(world, 1)


def test_one_of_two_items_that_a_person_approved_can_be_withdrawn(world: TakedownWorld) -> None:
    for number in range(20):  # more than a sender may ask for without a person
        world.write(f"Hello, number {number}, what is this?", subject=f"q{number}")
    case = approve(world, world.write(f"Please take down {SITE}/1 and {SITE}/2"))
    assert case.state is State.REMOVED
    world.later(24)

    world.write(PUT_BACK.format(f"{SITE}/1"), to=f"takedown+c.{case.id}@mirror.example.org")

    assert readable(world, 1)
    assert readable(world, 2) == []


@pytest.mark.parametrize("end", ["by the operator", "the rest is withdrawn"])
def test_a_freeing_that_died_before_it_lifted_does_not_outlive_its_case(
    world: TakedownWorld, end: str
) -> None:
    class DiedError(Exception):
        pass

    def die() -> None:
        raise DiedError

    case = world.write(f"Please take down {SITE}/1 and {SITE}/2 and {SITE}/3")
    to = receipt_address(world)
    at_call(world, "put", LIFTS, die, when="before")
    with pytest.raises(DiedError):
        world.write(PUT_BACK.format(f"{SITE}/1"), to=to)

    if end == "by the operator":
        world.takedowns().restore(world.case(case))
    else:
        rest = f"{SITE}/2 and {SITE}/3"
        world.write(f"I withdraw my request about {rest}, please put them back.", to=to)
    hour(world)

    assert world.case(case).state is State.RESTORED
    assert all(readable(world, number) for number in (1, 2, 3))


def test_whoever_was_countered_is_told_at_once(world: TakedownWorld) -> None:
    case = world.write(f"Take down {SITE}/1", sender=STRANGER)
    before = len(world.sent())

    world.write(f"Please put it back: {SITE}/1 was taken down by mistake. Counter-notice.")

    assert world.case(case).state is State.RESTORED
    assert STRANGER in [str(mail["To"]) for mail in world.sent()[before:]]
    assert case.id not in list(world.takedowns().cases.unfinished())


@pytest.mark.parametrize("call", range(1, 12))
def test_who_withdraws_undoes_nothing_that_another_proves_meanwhile(
    world: TakedownWorld, call: int
) -> None:
    case = world.write(f"Take down {SITE}/1", sender=STRANGER)
    to = receipt_address(world)
    finding = proof_of(world, case)
    reads = itertools.count(1)

    def hook(method: str, key: str) -> None:
        if (method, key) == ("get", f"cases/{case.id}.json") and next(reads) == call:
            world.requests.before = lambda *_: None
            world.takedowns().do(finding, time_left=lambda: world.time_left)

    world.requests.before = hook
    world.write("I withdraw my request, please put it back.", to=to, sender=STRANGER)
    world.requests.before = lambda *_: None
    hour(world)

    proved = any(True for _ in world.case(case).of(Event.PROVED))
    assert (readable(world, 1) == []) is proved


def test_whoever_has_an_items_old_address_takes_nothing_down_for_good(world: TakedownWorld) -> None:
    for link in ("https://old.example.org/5", f"{SITE}/5"):
        world.serve(rss(story(5, link=link, guid="g5")))
        world.later()
        world.run()

    case = world.write("Please take down https://old.example.org/5", sender="bob@old.example.org")

    assert case.state is not State.REMOVED


@pytest.mark.parametrize("call", range(2, 40, 4))
def test_what_is_freed_while_its_sweep_is_at_work_is_back_in_the_end(
    world: TakedownWorld, call: int
) -> None:
    calls = itertools.count(1)

    def hook(method: str, key: str) -> None:
        put = method == "put" and key.startswith(("items/", "news.example.com/", "recovery/"))
        if put and next(calls) == call:
            world.requests.after = lambda *_: None
            (number,) = world.takedowns().cases.ids()
            to = f"takedown+c.{number}@mirror.example.org"
            world.write(PUT_BACK.format(f"{SITE}/1"), to=to)

    world.requests.after = hook
    case = world.write(f"Please take down {SITE}/1 and {SITE}/2")
    world.requests.after = lambda *_: None
    hour(world)

    freed = any(True for _ in world.case(case).of(Event.FREED))
    assert readable(world, 2) == []
    expected = shown_everywhere(world, 3, 1) if freed else []
    assert sorted(readable(world, 1)) == sorted(expected)


def shown_everywhere(world: TakedownWorld, shown: int, number: int) -> list[str]:
    """Return the keys that an item is to be readable under, by those of one that never went."""
    ids = {item.title: item.id for item in world.items()}
    ours, theirs = ids[f"canary-{number}"], ids[f"canary-{shown}"]
    return [key.replace(theirs, ours) for key in readable(world, shown)]
