"""Cases on their way: proof that comes late, people who decide, hours that pass."""

import shlex
from datetime import timedelta
from pathlib import Path

import pytest

from feedmirror.adapters.telemetry import telemetry
from feedmirror.layout import CHALLENGES, CLOSED, RECOVERY
from feedmirror.ports.dns import DnsUnavailableError
from feedmirror.records import Item
from feedmirror.settings import Settings
from feedmirror.takedowns.casework.case_orders import waits_for_a_person
from feedmirror.takedowns.casework.cases import OPEN, State, case_of_mail
from feedmirror.takedowns.casework.challenges import challenge_from_json
from feedmirror.wiring.takedown import surroundings_of
from signed_mail import a_key, signed
from takedown_world import TakedownWorld, a_mail
from world import SITE, Documents, entry, rss

CANARY = "canary-words"
GRAY = {"dmarc": "GRAY"}


@pytest.fixture
def world(tmp_path: Path, documents: Documents) -> TakedownWorld:
    world = TakedownWorld(tmp_path, documents)
    world.serve(rss(entry(1, title=CANARY), entry(2), entry(3)))
    world.run()
    return world


def shown(world: TakedownWorld) -> set[str]:
    """Return the titles of what is shown."""
    front = world.pages()["feed.json"]
    return {item.title for item in world.items() if item.title in front}


def hour(world: TakedownWorld) -> None:
    world.takedowns().hour(time_left=lambda: world.time_left)


class Silence:
    """DNS that does not answer."""

    def txt(self, name: str) -> tuple[bytes, ...]:
        raise DnsUnavailableError(f"no answer about {name}")


def test_a_mail_whose_keys_cannot_be_had_waits_for_dns_and_then_goes_on_unproved(
    world: TakedownWorld,
) -> None:
    bare = a_mail(f"Please take down {SITE}/1", date=world.now)
    raw = signed(bare, "news.example.com", key=a_key())
    ses_id = world.arrive(raw)
    zone, world.zone = world.zone, Silence()  # type: ignore[assignment]  # as a zone, but silent
    with pytest.raises(DnsUnavailableError):
        world.take_in(ses_id, raw, verdicts=GRAY)
    assert CANARY in shown(world)

    world.later(7)
    case = world.take_in(ses_id, raw, verdicts=GRAY)

    assert case.decision is not None
    assert case.decision["requester"] == ""
    assert CANARY in shown(world)
    world.zone = zone


def test_a_mail_that_no_event_came_for_is_taken_up_without_proof(world: TakedownWorld) -> None:
    ses_id = world.arrive(a_mail(f"Please take down {SITE}/1", date=world.now))
    case = case_of_mail(ses_id)

    for hours, taken_up in ((0, False), (8, False), (1, True)):
        world.later(hours)
        hour(world)
        assert (world.takedowns().cases.load(case) is not None) is taken_up

    assert CANARY in shown(world)
    assert world.sent()[-1]["To"] == "ops@example.org"  # a person is asked


def test_what_a_person_was_asked_about_waits_on_when_nobody_proves_it(world: TakedownWorld) -> None:
    case = world.write(
        "Please remove everything from news.example.com", sender="x@rival-legal.example"
    )
    assert case.state is State.ASKED
    world.later(15 * 24)
    hour(world)

    assert world.case(case).state is State.WAITING
    assert CANARY in shown(world)
    world.takedowns().approve(world.case(case), time_left=lambda: world.time_left)
    assert shown(world) == set()


def test_a_refused_mask_is_undone_and_its_requester_masks_nothing_more(
    world: TakedownWorld,
) -> None:
    case = world.write(f"Take down {SITE}/1", sender="x@rival-legal.example")
    assert CANARY not in shown(world)
    world.takedowns().refuse(case)

    assert world.case(case).state is State.REFUSED
    assert CANARY in shown(world)
    again = world.write(f"Take down {SITE}/2", sender="x@rival-legal.example")
    assert again.state is not State.MASKED
    assert "Entry 2" in shown(world)


def test_an_operator_restores_what_was_removed_and_the_mirror_keeps_it(
    world: TakedownWorld,
) -> None:
    case = world.write(f"Take down {SITE}/1")
    assert world.takedowns().restore(case) == 1

    assert world.case(case).state is State.RESTORED
    world.later()
    world.run()
    assert CANARY in shown(world)


def test_a_proven_wish_for_privacy_keeps_no_copy(world: TakedownWorld) -> None:
    case = world.write(
        f"Under the GDPR, please erase my personal data at {SITE}/1. Right to be forgotten.",
    )
    assert case.state is State.REMOVED
    copies = world.all(world.mail, RECOVERY)

    assert len(copies) == 1
    assert not any(CANARY.encode() in body for body in copies.values())


def test_a_mask_keeps_a_copy_until_privacy_is_proven(world: TakedownWorld) -> None:
    text = "GDPR: please erase all personal data of news.example.com, the whole site."
    world.write(text, sender="webmaster@news.example.com")
    assert any(CANARY.encode() in body for body in world.all(world.mail, RECOVERY).values())
    reply = world.sent()[-1]["Reply-To"].addresses[0].addr_spec

    world.write("Yes, please remove it.", sender="webmaster@news.example.com", to=reply)

    assert shown(world) == set()
    assert not any(CANARY.encode() in body for body in world.all(world.mail, RECOVERY).values())


def test_a_token_that_the_mirror_saw_finishes_the_case(world: TakedownWorld) -> None:
    case = world.write(
        "Please remove our whole site news.example.com", sender="ann@news.example.com"
    )
    assert case.state is State.ASKED
    (body,) = world.all(world.stores.ledger, CHALLENGES).values()
    challenge = challenge_from_json(body)
    finding = {
        "kind": "proof",
        "case": case.id,
        "host": "news.example.com",
        "way": "well-known",
        "token": challenge.token,
    }

    def found(**changes: str) -> None:
        world.takedowns().do({**finding, **changes}, time_left=lambda: world.time_left)

    found(token="feedmirror-takedown=aaaaaaaaaaaaaaaaaaaaaaaaaa")  # noqa: S106 -- not the one
    found(host="example.com")
    found(way="reply")
    assert CANARY in shown(world)

    found()
    found()
    assert world.case(case).state is State.REMOVED
    assert shown(world) == set()
    (body,) = world.all(world.stores.ledger, CHALLENGES).values()
    assert challenge_from_json(body).closed
    assert [str(mail["To"]) for mail in world.sent()] == ["ann@news.example.com"] * 2


def test_time_that_runs_out_leaves_the_rest_to_the_queue_or_to_the_hour(
    world: TakedownWorld,
) -> None:
    handed: list[dict[str, str]] = []

    class Queue:
        def send(self, task: dict[str, str]) -> None:
            handed.append(task)

    world.time_left, world.queue = timedelta(seconds=5), Queue()
    case = world.write(f"Please take down {SITE}/1")
    assert case.state is State.RECEIVED
    assert handed == [{"kind": "case", "case": case.id}]
    world.serve(rss(entry(1, title=f"{CANARY} edited"), entry(4)))
    world.later()
    world.run()
    assert not any("edited" in item.title for item in world.items())  # the rule stands already

    world.time_left = timedelta(minutes=10)
    world.takedowns().do(handed[0], time_left=lambda: world.time_left)
    assert world.case(case).state is State.REMOVED
    assert CANARY not in shown(world)


def test_what_returned_by_no_fault_of_the_protocol_is_taken_down_within_hours_and_told(
    world: TakedownWorld,
) -> None:
    (item,) = (found for found in world.items() if found.title == CANARY)
    key = f"items/{item.host}/{item.id}.json"
    before = world.stores.archive.get(key)
    world.write(f"Please take down {SITE}/1")
    stone = world.stores.archive.get(key)
    assert before is not None
    assert stone is not None
    world.stores.archive.put(key, before.content, replaces=stone.etag)  # by hand, say
    assert isinstance(world.records()[key], Item)

    hour(world)

    assert not isinstance(world.records()[key], Item)
    assert ["1 items" in text for _, text in world.alarms.told] == [True]
    hour(world)
    assert len(world.alarms.told) == 1


def test_every_case_that_ended_is_closed_and_read_no_more(world: TakedownWorld) -> None:
    ended = world.write(f"Please take down {SITE}/1")
    waiting = world.write(f"Take down {SITE}/2", sender="x@rival-legal.example")

    assert set(world.all(world.stores.ledger, CLOSED)) == {f"{CLOSED}{ended.id}"}
    assert list(world.takedowns().cases.unfinished()) == [waiting.id]
    assert ended.state not in OPEN


@pytest.mark.parametrize(
    "text",
    [
        f"Please remove everything from news.example.com except {SITE}/1",
        f"Entfernen Sie bitte alles von news.example.com, außer {SITE}/1",
    ],
)
def test_a_site_with_an_exception_is_for_a_person(world: TakedownWorld, text: str) -> None:
    case = world.write(text, sender="webmaster@news.example.com")

    assert case.state is State.WAITING
    assert len(shown(world)) == 3
    assert "ops@example.org" in [str(mail["To"]) for mail in world.sent()]


def test_what_is_to_stay_of_several_stays(world: TakedownWorld) -> None:
    world.write(f"Please remove {SITE}/2 and {SITE}/3 but not {SITE}/1. Ann")

    assert shown(world) == {CANARY}


def test_a_mail_that_the_days_limits_hold_back_is_told_until_it_leaves(
    world: TakedownWorld,
) -> None:
    """Row 24 answers the stranger; an address gets one such mail a day."""
    stranger = "x@rival-legal.example"
    first = world.write(f"Take down {SITE}/99, please.", sender=stranger)
    assert world.takedowns().correspond.due(first) == ()
    sent = len(world.sent())

    masked = world.write(f"Take down {SITE}/1", sender=stranger)

    assert masked.state is State.MASKED
    assert [mail["To"] for mail in world.sent()[sent:]] == []
    assert world.takedowns().correspond.due(masked) == ("answer",)
    world.later(24)
    hour(world)
    assert [mail["To"] for mail in world.sent()[sent:]] == [stranger]
    assert world.takedowns().correspond.due(world.case(masked)) == ()


def test_what_a_person_decides_a_part_of_waits_for_a_person(world: TakedownWorld) -> None:
    much = world.write(
        "Please remove everything from news.example.com", sender="x@rival-legal.example"
    )
    mask = world.write(f"Take down {SITE}/1", sender="y@another.example")

    assert much.state is State.ASKED
    assert waits_for_a_person(much)
    assert mask.state is State.MASKED
    assert not waits_for_a_person(mask)
    world.takedowns().refuse(much)
    assert not waits_for_a_person(world.case(much))


def test_on_one_machine_commands_name_the_folder() -> None:
    settings = Settings(
        archive_bucket="archive",
        site_bucket="site",
        ledger_bucket="ledger",
        embedded_store=Path("my mirror/store.sqlite"),
    )
    where = surroundings_of(settings, telemetry("takedown")).where

    assert shlex.split(f"feedmirror case 4f7a{where}")[-2:] == [
        "--local",
        str(Path("my mirror").resolve()),
    ]
