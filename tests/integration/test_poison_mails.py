"""A mail that breaks its reader costs itself an outcome, and nobody else anything (P3)."""

import pytest

from feedmirror.adapters.isolation.child_process import ChildProcess, Limits
from feedmirror.adapters.isolation.mail_reader import IsolatedMailReader, mail_child
from feedmirror.configuration import MirrorSettings
from feedmirror.ports.dns import TxtLookup
from feedmirror.ports.mail import MailUnavailableError
from feedmirror.takedowns.casework.cases import Case, Event, State, case_of_mail
from feedmirror.takedowns.reading.understood import MailReader, ReaderUnavailableError
from feedmirror.wiring.takedown import isolated_reader
from memory_world import MemoryWorld, fail
from poisonable_mails import POISON
from takedown_world import a_mail
from world import SITE, Documents, entry, rss

ONE = f"Please take down {SITE}/1 now and in the future."
OPERATOR = "ops@example.org"


def read_by(world: MemoryWorld, child: ChildProcess) -> None:
    """Have a world's mails read by a child process of its own."""

    def reader(mirror: MirrorSettings, dns: TxtLookup) -> MailReader:
        return IsolatedMailReader(child, mirror, dns)

    world.reader = reader


@pytest.fixture
def world(documents: Documents) -> MemoryWorld:
    world = MemoryWorld(documents)
    world.serve(rss(entry(1), entry(2)))
    world.run()
    return world


def is_running(child: ChildProcess) -> bool:
    return child.pid is not None


def why(case: Case) -> str:
    return str((case.decision or {})["why"])


def test_a_poison_mail_is_left_to_a_person_and_the_next_is_done(world: MemoryWorld) -> None:
    child = mail_child("poisonable_mails", Limits(processor_seconds=1, seconds=60))
    read_by(world, child)
    raw = a_mail(POISON, date=world.now)
    ses_id = world.arrive(raw)
    poison = world.take_in(ses_id, raw)

    assert poison.state is State.WAITING
    assert why(poison) == "it could not be read: it takes more than 1 seconds of a processor"
    assert not is_running(child)
    (told,) = world.sent()
    assert told["To"] == OPERATOR
    assert "more than 1 seconds of a processor" in told.get_content()

    # Its event comes again, and the hour: it is not read again, and nobody hears of it again.
    assert world.take_in(ses_id, raw) == poison
    world.later(1)
    assert world.takedowns().hour(time_left=lambda: world.time_left).problems == []
    assert not is_running(child)
    assert len(world.sent()) == 1

    case = world.write(ONE)
    assert case.state is State.REMOVED
    assert is_running(child)
    child.close()


def test_a_mail_waits_where_no_reader_can_be_had(world: MemoryWorld) -> None:
    read_by(world, mail_child("no_such_operations"))
    raw = a_mail(ONE, date=world.now)
    ses_id = world.arrive(raw)
    with pytest.raises(ReaderUnavailableError):
        world.take_in(ses_id, raw)
    hour = world.takedowns().hour(time_left=lambda: world.time_left)

    assert "ReaderUnavailableError" in hour.problems[0]

    world.reader = isolated_reader
    world.takedowns().hour(time_left=lambda: world.time_left)
    case = world.takedowns().cases.load(case_of_mail(ses_id))

    assert case is not None
    assert case.state is State.REMOVED


def test_an_answer_that_nobody_can_address_any_more_is_noted_as_unwritten(
    world: MemoryWorld,
) -> None:
    def fail_to_send(method: str, key: str) -> None:
        if method == "send":
            fail(method, key)

    raw = a_mail(ONE, date=world.now)
    ses_id = world.arrive(raw)
    world.requests.before = fail_to_send
    with pytest.raises(MailUnavailableError):
        world.take_in(ses_id, raw)
    world.calm()
    child = mail_child("breakable_mails")  # knows nothing of this mail, so it fails
    read_by(world, child)
    case = world.take_in(ses_id, raw)
    child.close()
    (unwritten,) = case.of(Event.UNWRITTEN)

    assert case.state is State.REMOVED
    assert unwritten.details == {
        "step": "answer",
        "why": "the mail that it answers cannot be read any more",
    }
    assert world.sent() == []


def test_no_reader_starts_where_there_is_nothing_to_read(world: MemoryWorld) -> None:
    child = mail_child()
    read_by(world, child)
    world.takedowns().hour(time_left=lambda: world.time_left)
    case = world.write(ONE, verdicts={"virus": "FAIL"})

    assert case.state is State.RECORDED
    assert not is_running(child)
