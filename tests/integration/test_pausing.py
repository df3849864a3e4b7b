"""The kill switch: what stands still, what goes on, and that it is asked for by no request more."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from builders import a_mirror
from feedmirror.configuration import Configuration
from feedmirror.configuration_file import write_configuration
from feedmirror.jobs.configure import ReadConfiguration
from feedmirror.jobs.pausing import Pause, Switch
from feedmirror.layout import CHALLENGES, LIFTS, LIMITS, PAUSED
from feedmirror.ports.object_store import Content, ObjectStore
from feedmirror.takedowns.casework.case_orders import settled_orders
from feedmirror.takedowns.casework.cases import State
from feedmirror.takedowns.casework.challenges import challenge_from_json
from memory_store import MemoryStore
from memory_world import CrashError
from takedown_world import TakedownWorld
from world import SITE, START, Documents, Handed, Requests, Watched, entry, rss


@pytest.fixture
def archive() -> ObjectStore:
    store = MemoryStore()
    text = write_configuration(Configuration(mirror=a_mirror(), feeds=()))
    for key, body in {"mirror.toml": text, "templates/style.css": "p {}"}.items():
        store.put(f"config/{key}", Content(body.encode(), "text/plain"), replaces=None)
    return store


def pause_of(archive: ObjectStore) -> Pause | None:
    return ReadConfiguration(archive, "1").run().paused


def test_a_mirror_is_paused_until_it_is_resumed(archive: ObjectStore) -> None:
    assert pause_of(archive) is None

    paused = Switch(archive).pause(since=START, note="somebody called")
    assert paused == pause_of(archive) == Pause(START, "somebody called")

    assert Switch(archive).resume(at=START) == paused
    assert pause_of(archive) is None
    assert Switch(archive).resume(at=START) is None

    Switch(archive).pause(since=START + timedelta(days=1))
    assert pause_of(archive) == Pause(START + timedelta(days=1))


def test_a_second_pause_changes_nothing(archive: ObjectStore) -> None:
    first = Switch(archive).pause(since=START, note="one")

    assert Switch(archive).pause(since=START + timedelta(hours=1), note="two") == first
    assert pause_of(archive) == first


def test_a_pause_is_no_change_of_the_configuration(archive: ObjectStore) -> None:
    """Else every shard would be polled, and every fixed page put, once more afterwards."""
    marks = {ReadConfiguration(archive, "1").run().mark}
    Switch(archive).pause(since=START)
    marks.add(ReadConfiguration(archive, "1").run().mark)
    Switch(archive).resume(at=START)
    marks.add(ReadConfiguration(archive, "1").run().mark)
    assert len(marks) == 1

    archive.put("config/templates/base.html", Content(b"x", "text/html"), replaces=None)
    assert ReadConfiguration(archive, "1").run().mark not in marks


def test_a_mirror_that_runs_is_asked_for_its_switch_by_no_request_of_its_own(
    archive: ObjectStore,
) -> None:
    Switch(archive).pause(since=START)
    Switch(archive).resume(at=START)
    seen = Requests()

    ReadConfiguration(Watched(archive, seen), "1").run()

    assert seen.asked == [("get", "config/mirror.toml"), ("list", "config/")]


@pytest.mark.parametrize(
    ("body", "note"),
    [
        (b"STOP\n now", "STOP now"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b'{"schema": 2}', '{"schema": 2}'),
        (b'{"schema": 1, "since": "soon", "note": ""}',) * 2,
        (b'{"schema": 1, "since": "2026-11-22T12:00:00", "note": ""}',) * 2,
        (b"[]", "[]"),
    ],
)
def test_whatever_somebody_puts_there_by_hand_pauses(
    archive: ObjectStore, body: bytes, note: str | bytes
) -> None:
    archive.put(PAUSED, Content(body, "text/plain"), replaces=None)

    assert pause_of(archive) == Pause(None, note if isinstance(note, str) else note.decode())
    assert Switch(archive).resume(at=START) is not None
    assert pause_of(archive) is None


def test_the_switch_tells_when_it_was_resumed_if_anybody_said(archive: ObjectStore) -> None:
    switch = Switch(archive)
    assert switch.resumed() is None
    switch.pause(since=START)
    assert switch.resumed() is None
    later = START + timedelta(hours=3)
    switch.resume(at=later)
    assert switch.resumed() == later

    switch.pause(since=later)
    found = archive.head(PAUSED)
    by_hand = Content(b"", "text/plain", metadata={"resumed": "today"})
    archive.put(PAUSED, by_hand, replaces=found.etag if found else None)
    assert switch.resumed() is None


@pytest.mark.parametrize("thrown", [True, False])
def test_of_two_who_switch_at_once_the_second_looks_again(
    archive: ObjectStore, *, thrown: bool
) -> None:
    """Each may only write what it has read."""
    if not thrown:
        Switch(archive).pause(since=START, note="first")
    seen = Requests()

    def meanwhile(method: str, _: str) -> None:
        if method == "put":
            seen.before = lambda *_: None
            if thrown:
                Switch(archive).pause(since=START, note="first")
            else:
                Switch(archive).resume(at=START)

    seen.before = meanwhile
    late = Switch(Watched(archive, seen))
    found = late.pause(since=START, note="late") if thrown else late.resume(at=START)

    assert found == (Pause(START, "first") if thrown else None)
    assert seen.done == []


@pytest.fixture
def world(tmp_path: Path, documents: Documents) -> TakedownWorld:
    """A mirror of three items that is paused."""
    made = TakedownWorld(tmp_path, documents)
    made.serve(rss(entry(1), entry(2), entry(3)))
    made.run()
    made.paused = True
    return made


def shown(world: TakedownWorld) -> list[str]:
    """Return the titles of what is stored as an item, and can be read."""
    pages = world.pages()
    return [i.title for i in world.items() if i.title in pages[f"{i.host}/{i.id}/index.html"]]


def hour(world: TakedownWorld) -> None:
    world.takedowns().hour(time_left=lambda: world.time_left)


def test_a_takedown_goes_on_while_the_mirror_is_paused(world: TakedownWorld) -> None:
    case = world.write(f"Please take down {SITE}/1 now and for ever.")

    assert case.state is State.REMOVED
    assert shown(world) == ["Entry 2", "Entry 3"]


STRANGER = "bob@elsewhere.example"


def test_what_nobody_proved_in_time_is_shown_again_only_once_the_mirror_resumes(
    world: TakedownWorld,
) -> None:
    case = world.write(f"Please take down {SITE}/1 now and for ever.", sender=STRANGER)
    assert case.state is State.MASKED
    world.later(24 * 15)

    hour(world)
    assert world.case(case).state is State.MASKED
    assert shown(world) == ["Entry 2", "Entry 3"]

    resume(world)
    hour(world)
    assert world.case(case).state is State.MASKED

    world.later(24 * 2)
    hour(world)
    assert world.case(case).state is State.LAPSED
    assert shown(world) == ["Entry 1", "Entry 2", "Entry 3"]


def resume(world: TakedownWorld) -> None:
    """End the pause as an operator does."""
    switch = Switch(world.stores.archive)
    switch.pause(since=world.now)
    switch.resume(at=world.now)
    world.paused = False


def test_a_token_that_was_shown_during_the_pause_proves_after_it(world: TakedownWorld) -> None:
    case = world.write("Please remove our whole site news.example.com")
    assert case.state is State.ASKED
    (challenge,) = world.all(world.stores.ledger, CHALLENGES).values()
    token = challenge_from_json(challenge).token
    world.later(24 * 15)
    hour(world)
    assert world.case(case).state is State.ASKED

    resume(world)
    world.names.records["_feedmirror.news.example.com"] = (token.encode(),)
    for _ in range(2):  # whichever function's schedule comes first
        hour(world)
        world.run()
    for task in world.handed.tasks:
        world.takedowns().do(task, time_left=lambda: world.time_left)

    assert world.case(case).state is State.REMOVED
    assert shown(world) == []


def test_nobody_fails_to_prove_what_was_not_looked_for(world: TakedownWorld) -> None:
    """Whoever is asked for a token is not discredited before a run has looked for it."""
    case = world.write("Please remove our whole site news.example.com")
    assert case.state is State.ASKED
    world.later(24 * 15)

    hour(world)
    assert world.case(case).state is State.ASKED

    resume(world)
    for _ in range(2):
        hour(world)
        assert world.case(case).state is State.ASKED
        assert list(world.stores.ledger.list(f"{LIMITS}discredited/")) == []
        world.later(24)

    hour(world)
    assert world.case(case).state is State.LAPSED


def test_what_was_proved_is_not_asked_for_again_after_a_pause(world: TakedownWorld) -> None:
    case = world.write("Please remove our whole site news.example.com")
    open_challenges = world.takedowns().carry_on.challenges
    open_challenges.close(case, settled_orders(case))
    closed = world.all(world.stores.ledger, CHALLENGES)

    open_challenges.extend(case, settled_orders(case), world.now + timedelta(days=99))

    assert world.all(world.stores.ledger, CHALLENGES) == closed


def dies_over_its_lifts(world: TakedownWorld, act: Callable[[], object]) -> None:
    """Do something that ends a case, and die when that is noted, before anything is shown."""

    def die(method: str, key: str) -> None:
        if method == "put" and key.startswith(LIFTS):
            raise CrashError(key)

    world.requests.before = die
    with suppress(CrashError):
        act()
    world.requests.before = lambda *_: None
    assert shown(world) == ["Entry 2", "Entry 3"]


def test_a_lapse_that_died_half_way_goes_on_only_once_the_mirror_resumes(
    world: TakedownWorld,
) -> None:
    world.paused = False
    case = world.write(f"Please take down {SITE}/1 now and for ever.", sender=STRANGER)
    world.later(24 * 15)
    dies_over_its_lifts(world, lambda: hour(world))
    assert world.case(case).state is State.LAPSED
    mails = len(world.sent())

    world.paused = True
    hour(world)
    assert shown(world) == ["Entry 2", "Entry 3"]
    assert len(world.sent()) == mails
    assert case.id in set(world.takedowns().cases.unfinished())

    resume(world)
    hour(world)
    assert shown(world) == ["Entry 1", "Entry 2", "Entry 3"]
    assert case.id not in set(world.takedowns().cases.unfinished())


@pytest.mark.parametrize("decide", ["refuse", "restore"])
def test_what_a_person_decided_and_died_half_way_goes_on_all_the_same(
    world: TakedownWorld, decide: str
) -> None:
    case = world.write(f"Please take down {SITE}/1 now and for ever.", sender=STRANGER)
    dies_over_its_lifts(world, lambda: getattr(world.takedowns(), decide)(case))

    hour(world)

    assert shown(world) == ["Entry 1", "Entry 2", "Entry 3"]
    assert case.id not in set(world.takedowns().cases.unfinished())


@pytest.mark.parametrize(
    ("decide", "state"),
    [
        (lambda world, case: world.takedowns().refuse(case), State.REFUSED),
        (lambda world, case: world.takedowns().restore(case), State.RESTORED),
    ],
)
def test_what_a_person_decides_is_done_all_the_same(
    world: TakedownWorld, decide: Callable[[TakedownWorld, object], object], state: State
) -> None:
    case = world.write(f"Please take down {SITE}/1 now and for ever.", sender=STRANGER)

    decide(world, case)

    assert world.case(case).state is state
    assert shown(world) == ["Entry 1", "Entry 2", "Entry 3"]


def test_a_publisher_who_takes_it_back_by_mail_waits_for_the_mirror_and_goes_round_in_no_queue(
    world: TakedownWorld,
) -> None:
    world.queue = Handed()
    world.write(f"Please take down {SITE}/1 now and for ever.")
    back = world.write(f"I withdraw my request for {SITE}/1, please put it back.")
    hour(world)

    assert world.case(back).state is State.RECEIVED
    assert shown(world) == ["Entry 2", "Entry 3"]
    assert world.queue.tasks == []

    world.paused = False
    hour(world)
    assert world.case(back).state is State.RESTORED
    assert shown(world) == ["Entry 1", "Entry 2", "Entry 3"]
