"""S3 or SES fails, or the function dies, at any call of a take-in: the retry ends in one place.

The jobs are the real ones. What a disturbed take-in and its retry leave is compared with what an
undisturbed one leaves: every object of the four buckets, and every mail that left.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedmirror.jobs.takedown.take_in import MailMissingError
from feedmirror.layout import CASES
from feedmirror.ports.mail import MailUnavailableError
from feedmirror.ports.object_store import Content, StoreUnavailableError
from feedmirror.publishing.documents import without_nonce
from feedmirror.takedowns.casework.cases import State, case_from_json
from memory_world import CrashError, MemoryWorld, crash, fail
from takedown_world import CONTACT, a_mail
from walks import walk
from world import SITE, Documents, entry, rss

OWNER, WEBMASTER = "ann@news.example.com", "webmaster@news.example.com"
STRANGER = "legal@rival-legal.example"
CONTACT_OF_FEED = "editor@mail.example"
PLANET = "https://planet.example.net"
WHOLE_SITE = "Please remove our whole site news.example.com from your mirror, now and in future."
# The full product takes minutes; a run in between asks at every call, but not in every way.
IN_FULL = bool(os.environ.get("FEEDMIRROR_TEST_SCHEDULES"))
FAULTS = {
    "S3 or SES fails before": ("before", fail),
    "S3 or SES fails after": ("after", fail),
    "the function dies before": ("before", crash),
    "the function dies after": ("after", crash),
}
_DRAWN = re.compile(r"feedmirror-takedown=[a-z2-7]+|takedown\+c\.[^@\s]+@")
_OF_CHANCE = {"nonce", "token", "ses_id"}
_WRITES = {"put", "send"}
_OF_A_WRITE = ("S3 or SES fails before", "the function dies after")
_OF_A_READ = ("S3 or SES fails before",)


@dataclass(frozen=True)
class Delivery:
    """One event that SES sends, maybe more than once."""

    ses_id: str
    raw: bytes
    to: str = CONTACT

    def __call__(self, world: MemoryWorld) -> object:
        return world.take_in(self.ses_id, self.raw, to=self.to)


CANARY = "kanarie"


def edited(world: MemoryWorld) -> MemoryWorld:
    """Publish a new version of what is mirrored."""
    world.serve(rss(entry(1, title=CANARY, text=CANARY), entry(2)))
    return world


def brought_for_the_first_time(world: MemoryWorld) -> MemoryWorld:
    """Publish it in a second feed of the site, which has not been polled before."""
    world.serve(rss(entry(2)))
    world.run()
    world.serve(rss(entry(1, title=CANARY, text=CANARY, guid="anew")), "/b")
    return world


def mirror(world: MemoryWorld) -> object:
    world.later()
    return world.run()


def in_between(world: MemoryWorld, call: int, act: "Act") -> None:
    def happens(*_: str) -> None:
        world.calm()
        act(world)

    world.disturb(call, happens, when="before")


def readable(world: MemoryWorld) -> list[str]:
    """Return the keys of archive and site under which the canary can be read."""
    return [
        key
        for store in world.buckets[:2]
        for key, body in world.all(store, "").items()
        if CANARY.encode() in body
    ]


Act = Callable[[MemoryWorld], object]


def hour(world: MemoryWorld) -> object:
    return world.takedowns().hour(time_left=lambda: world.time_left)


@pytest.fixture(scope="module")
def mirrored(documents: Documents) -> MemoryWorld:
    """A site's items, of which a planet carries one."""
    world = MemoryWorld(documents)
    contact = f"<managingEditor>{CONTACT_OF_FEED} (Ed)</managingEditor>"
    world.serve(rss(entry(1), entry(2), extra=contact))
    world.serve(rss(entry(1, guid="planet")), "/planet", site=PLANET)
    world.run()
    assert len(world.items()) == 3
    return world


def mail_to(
    world: MemoryWorld, text: str, *, sender: str = OWNER, to: str = CONTACT
) -> tuple[MemoryWorld, Delivery]:
    raw = a_mail(text, sender=sender, to=to, date=world.now)
    return world, Delivery(world.arrive(raw), raw, to)


def an_item(world: MemoryWorld) -> tuple[MemoryWorld, Act]:
    return mail_to(world, f"Please take down {SITE}/1 now and in the future. Ann")


def a_site(world: MemoryWorld) -> tuple[MemoryWorld, Act]:
    return mail_to(world, WHOLE_SITE, sender=WEBMASTER)


def a_nonce(world: MemoryWorld) -> tuple[MemoryWorld, Act]:
    _, asked = a_site(world)
    asked(world)
    to = world.sent()[-1]["Reply-To"].addresses[0].addr_spec
    return mail_to(world, "Yes, that was me.", sender=WEBMASTER, to=to)


def a_retraction(world: MemoryWorld) -> tuple[MemoryWorld, Act]:
    _, removed = an_item(world)
    removed(world)
    to = world.sent()[-1]["Reply-To"].addresses[0].addr_spec
    return mail_to(world, "I withdraw my request, please put it back.", to=to)


def a_strangers_wish(world: MemoryWorld) -> tuple[MemoryWorld, Act]:
    return mail_to(world, f"Take down {SITE}/1 please.", sender=STRANGER)


def a_lapse(world: MemoryWorld) -> tuple[MemoryWorld, Act]:
    _, masked = a_strangers_wish(world)
    masked(world)
    world.later(15 * 24)
    return world, hour


def the_last_mail_of_a_day(world: MemoryWorld) -> tuple[MemoryWorld, Act]:
    """The twentieth mail of a sender is the last that is acted on without a person."""
    _, first = mail_to(world, "Hello.", sender=OWNER)
    first(world)
    counted = {s.key.rpartition("/")[0] for s in world.stores.ledger.list("limits/mails/")}
    for sender in counted:
        for number in range(18):
            key = f"{sender}/earlier{number}"
            world.stores.ledger.put(key, Content(b"", "text/plain"), replaces=None)
    return an_item(world)


def the_last_mask_of_a_day(world: MemoryWorld) -> tuple[MemoryWorld, Act]:
    """The third mask of a stranger's day is the last that it is given."""
    probe = world.copy()
    _, masked = a_strangers_wish(probe)
    masked(probe)
    key = next(s.key for s in probe.stores.ledger.list("limits/masks-of/"))
    for number in range(2):
        earlier = f"{key.rpartition('/')[0]}/earlier{number}"
        world.stores.ledger.put(earlier, Content(b"", "text/plain"), replaces=None)
    return a_strangers_wish(world)


SCENES: dict[str, tuple[Callable[[MemoryWorld], tuple[MemoryWorld, Act]], State]] = {
    "an item is removed": (an_item, State.REMOVED),
    "a site is masked until its answer": (a_site, State.MASKED),
    "a site's answer comes": (a_nonce, State.REMOVED),
    "a removal is withdrawn": (a_retraction, State.RESTORED),
    "a stranger's wish is a mask": (a_strangers_wish, State.MASKED),
    "a mask lapses": (a_lapse, State.LAPSED),
    "the last mail of a sender's day": (the_last_mail_of_a_day, State.REMOVED),
    "the last mask of a stranger's day": (the_last_mask_of_a_day, State.MASKED),
}


def _without_chance(body: bytes) -> object:
    try:
        return _pruned(json.loads(body))
    except ValueError:
        return body


def _pruned(value: Any) -> Any:  # noqa: ANN401 -- JSON
    if isinstance(value, dict):
        return {name: _pruned(each) for name, each in value.items() if name not in _OF_CHANCE}
    return [_pruned(each) for each in value] if isinstance(value, list) else value


def letters(world: MemoryWorld, *, since: MemoryWorld) -> list[str]:
    """Return the mails that have left, without what is drawn by chance, in their order."""
    return [_DRAWN.sub("", mail.as_string()) for mail in world.sent()[len(since.sent()) :]]


@dataclass(frozen=True)
class Outcome:
    """All that is stored, poll state apart, and the mails that left; without what chance drew.

    A listing's index also tells the ETags of its other files, which follow from their nonces.
    """

    objects: dict[str, Any]
    letters: list[str]

    @classmethod
    def of(cls, world: MemoryWorld, *, since: MemoryWorld) -> Self:
        found: dict[str, Any] = {}
        for name, store in zip(("archive", "site", "ledger", "mail"), world.buckets, strict=True):
            for summary in store.list(""):
                stored = store.get(summary.key)
                if stored is None or summary.key.startswith(("state/", "limits/sent/")):
                    continue
                body = stored.content.body
                told = without_nonce(body) if name == "site" else _without_chance(body)
                served = stored.content.metadata.items()
                metadata = {field: value for field, value in served if field[:5] != "etag-"}
                found[f"{name} {summary.key}"] = (told, metadata)
        return cls(found, letters(world, since=since))

    def differences(self, found: "Outcome") -> list[str]:
        """Return in what another outcome differs; the same mail may have left once more."""
        keys = sorted(self.objects.keys() | found.objects.keys())
        differ = [key for key in keys if self.objects.get(key) != found.objects.get(key)]
        told = set(self.letters) != set(found.letters)
        told = told or len(found.letters) > len(self.letters) + 1
        return [*differ, *(["the mails that left"] if told else [])]


@dataclass(frozen=True)
class Undisturbed:
    """How an act goes when nothing happens."""

    calls: tuple[tuple[str, str], ...]
    states: frozenset[State]
    outcome: Outcome

    @property
    def windows(self) -> set[tuple[str, int]]:
        """From SES's having taken a mail until its case says so: the calls, and when in them."""
        found: set[tuple[str, int]] = set()
        for call, (method, _) in enumerate(self.calls, 1):
            if method == "send":
                noted = next(
                    number
                    for number, (did, key) in enumerate(self.calls, 1)
                    if number > call and did == "put" and key.startswith(CASES)
                )
                found |= {("after", each) for each in range(call, noted)}
                found |= {("before", each) for each in range(call + 1, noted + 1)}
        return found


def undisturbed(base: MemoryWorld, act: Act) -> Undisturbed:
    world = base.copy()
    requests = world.watch()
    act(world)
    known = world.all(world.stores.ledger, CASES).values()
    states = frozenset(case_from_json(body).state for body in known)
    return Undisturbed(tuple(requests.asked), states, Outcome.of(world, since=base))


def faults(calls: tuple[tuple[str, str], ...]) -> Iterator[tuple[int, str]]:
    """Yield what may happen at which call.

    A read changes nothing, so a failure of the first of several in a row stands for all of them,
    and failing after it was done is failing before the next call. The suite takes every third of
    these; in full, nothing is left out.
    """
    whole = ((number, fault) for number, _ in enumerate(calls, 1) for fault in FAULTS)
    yield from whole if IN_FULL else islice(_telling(calls), 0, None, 3)


def _telling(calls: tuple[tuple[str, str], ...]) -> Iterator[tuple[int, str]]:
    before = "put"
    for number, (method, _) in enumerate(calls, 1):
        writes = method in _WRITES
        for fault in FAULTS:
            if fault in (_OF_A_WRITE if writes else _OF_A_READ if before else ()):
                yield number, fault
        before = method if writes else ""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scene", SCENES)
def test_a_fault_at_any_call_is_made_good_by_the_retry(mirrored: MemoryWorld, scene: str) -> None:
    begin, state = SCENES[scene]
    base, act = begin(mirrored.copy())
    expected = undisturbed(base, act)
    assert state in expected.states
    walked, twice, wrong = set(), set(), []
    for call, fault in faults(expected.calls):
        when, happens = FAULTS[fault]
        world = base.copy()
        world.disturb(call, happens, when=when)
        with suppress(CrashError, StoreUnavailableError, MailUnavailableError):
            act(world)
        world.calm()
        act(world)
        found = Outcome.of(world, since=base)
        at = f"{fault} call {call}, {' '.join(expected.calls[call - 1])}"
        wrong += [f"{at}: {what}" for what in expected.outcome.differences(found)]
        walked.add((when, call))
        twice |= {(when, call)} if len(found.letters) > len(expected.outcome.letters) else set()
    assert wrong == []
    assert twice == expected.windows & walked


def test_a_site_is_mirrored_anew_while_a_mail_takes_it_down(mirrored: MemoryWorld) -> None:
    """Both halves of the protocol, each at every call of the other (design §4)."""
    for begin in (edited, brought_for_the_first_time):
        base, removal = an_item(begin(mirrored.copy()))
        for first, second in ((mirror, removal), (removal, mirror)):
            counted = base.copy()
            calls = counted.watch()
            first(counted)
            for call in walk(len(calls.asked)):
                world = base.copy()
                in_between(world, call, second)
                first(world)
                assert readable(world) == [], f"call {call}"
                mirror(world)
                assert readable(world) == [], f"call {call}, and once more"


@pytest.mark.parametrize("scene", SCENES)
def test_the_same_event_again_changes_nothing(mirrored: MemoryWorld, scene: str) -> None:
    base, act = SCENES[scene][0](mirrored.copy())
    act(base)
    before = Outcome.of(base, since=mirrored)
    act(base)

    after = Outcome.of(base, since=mirrored)
    assert before.differences(after) == []
    assert len(after.letters) == len(before.letters)


def test_a_mail_that_is_not_there_yet_is_asked_for_again(mirrored: MemoryWorld) -> None:
    world = mirrored.copy()
    receipt = world.receipt("never-arrived", a_mail("Hello.", date=world.now))

    with pytest.raises(MailMissingError):
        world.takedowns().receive(receipt.ses_id, receipt, time_left=lambda: world.time_left)
    with pytest.raises(MailMissingError):
        world.takedowns().receive(receipt.ses_id, None, time_left=lambda: world.time_left)


NAMES = (
    "From",
    "To",
    "Date",
    "Subject",
    "Message-ID",
    "Content-Type",
    "Reply-To",
    "Auto-Submitted",
)
HEADERS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.binary(max_size=60)).map(
        lambda header: header[0].encode() + b": " + header[1]
    ),
    max_size=6,
).map(b"\r\n".join)
WORDS = st.sampled_from(
    [
        b"Please remove ",
        f"{SITE}/1 ".encode(),
        b"https://news.example.com ",
        b"now and in the future",
        b"\xff\xfe",
        b"multipart/mixed; boundary=a\r\n--a\r\n",
        b"=?utf-8?b?!!!?= ",
        b"<html><p",
        b"DMCA ",
        b"Content-Transfer-Encoding: base64\r\n\r\n",
    ]
)
MAILS = st.one_of(
    st.binary(max_size=2000),
    st.builds(
        lambda headers, texts: headers + b"\r\n\r\n" + b"".join(texts),
        HEADERS,
        st.lists(st.one_of(WORDS, st.binary(max_size=40)), max_size=20),
    ),
)


@settings(
    max_examples=2000 if IN_FULL else 150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(raw=MAILS, is_told_of=st.booleans())
def test_no_mail_whatever_its_bytes_raises_or_is_lost(
    mirrored: MemoryWorld, *, raw: bytes, is_told_of: bool
) -> None:
    world = mirrored.copy()
    ses_id = world.arrive(raw)
    told = world.receipt(ses_id, a_mail("", date=world.now)) if is_told_of else None

    case = world.takedowns().receive(ses_id, told, time_left=lambda: world.time_left)

    assert case is not None
    assert case.state is not State.RECEIVED
    assert case.mail == f"inbound/{ses_id}"
    assert len(world.items()) == 3  # nothing in it proves anything
