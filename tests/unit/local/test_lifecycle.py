"""What may be kept no longer is emptied, and nothing else is touched."""

from datetime import UTC, datetime, timedelta

import pytest

from feedmirror.jobs.takedown.entomb import EMPTIED
from feedmirror.local.serving.lifecycle import Lifecycle
from feedmirror.local.serving.mailroom import Letter, Mailroom
from feedmirror.ports.object_store import Content
from memory_store import MemoryStore
from signed_mail import Zone

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
COPY = "recovery/c1/news.example/abc.json"


def a_copy(store: MemoryStore, taken: str, body: bytes = b'{"kind": "item"}') -> None:
    content = Content(body, "application/json", metadata={"taken": taken})
    store.put(COPY, content, replaces=None)


def ended(store: MemoryStore, key: str) -> bytes:
    found = store.get(key)
    assert found is not None
    return found.content.body


@pytest.mark.parametrize(
    ("days", "emptied"), [(0, False), (29.9, False), (30.1, True), (4000, True)]
)
def test_a_recovery_copy_is_emptied_when_its_days_are_over(days: float, *, emptied: bool) -> None:
    store = MemoryStore()
    a_copy(store, (NOW - timedelta(days=days)).isoformat())

    done = Lifecycle(store, lambda: NOW).run(recovery_days=30)

    assert (done, ended(store, COPY) == EMPTIED) == (int(emptied), emptied)
    assert Lifecycle(store, lambda: NOW).run(recovery_days=30) == 0


@pytest.mark.parametrize("taken", ["", "once", "2026-01-01T00:00:00"])
def test_what_does_not_say_when_it_was_put_is_left_for_a_person(taken: str) -> None:
    """The audit finds it."""
    store = MemoryStore()
    a_copy(store, taken)

    assert Lifecycle(store, lambda: NOW).run(recovery_days=30) == 0
    assert ended(store, COPY) != EMPTIED


@pytest.mark.parametrize(("days", "emptied"), [(364, False), (366, True)])
def test_a_mail_is_emptied_after_a_year(days: int, *, emptied: bool) -> None:
    store = MemoryStore()
    came = NOW - timedelta(days=days)
    room = Mailroom(mail=store, dns=Zone, clock=lambda: came)
    letter = Letter(sender="a@b.example", recipients=("t@m.example",), client="x", body=b"hello")
    ses_id = room.take(letter)
    done_with(store, ses_id)
    store.put("outbox/x.eml", Content(b"ours", "message/rfc822"), replaces=None)

    Lifecycle(store, lambda: NOW).run(recovery_days=30)

    assert (ended(store, f"inbound/{ses_id}") == b"") is emptied
    assert ended(store, "outbox/x.eml") == b"ours"
    room.take(letter)  # the same again is known, and not kept again
    assert (ended(store, f"inbound/{ses_id}") == b"") is emptied


def done_with(store: MemoryStore, ses_id: str) -> None:
    key = f"arrivals/{ses_id}.json"
    found = store.get(key)
    assert found is not None
    store.put(key, Content(b"", "application/json"), replaces=found.etag)


def test_a_mail_that_still_waits_is_kept_however_old_it_is() -> None:
    store = MemoryStore()
    came = NOW - timedelta(days=400)
    room = Mailroom(mail=store, dns=Zone, clock=lambda: came)
    letter = Letter(sender="a@b.example", recipients=("t@m.example",), client="x", body=b"hello")
    ses_id = room.take(letter)

    assert Lifecycle(store, lambda: NOW).run(recovery_days=30) == 0

    done_with(store, ses_id)
    assert Lifecycle(store, lambda: NOW).run(recovery_days=30) == 1


@pytest.mark.parametrize("days", [4000, 15, -15])
def test_after_a_leap_of_the_clock_nothing_is_emptied_until_the_next_look(days: int) -> None:
    """A flat battery, or a date that was typed wrongly, and the copies were gone."""
    store, now = MemoryStore(), [NOW - timedelta(days=days)]
    lifecycle = Lifecycle(store, lambda: now[0])
    lifecycle.run(recovery_days=30)
    a_copy(store, (NOW - timedelta(days=31)).isoformat())

    now[0] = NOW
    assert lifecycle.run(recovery_days=30) == 0
    assert ended(store, COPY) != EMPTIED

    now[0] = NOW + timedelta(days=1)
    assert lifecycle.run(recovery_days=30) == 1


def test_what_changes_meanwhile_is_left_for_the_next_look() -> None:
    class Busy(MemoryStore):
        def put(self, key: str, content: Content, *, replaces: str | None) -> str:
            if content.body == EMPTIED:
                taken = {"taken": NOW.isoformat()}
                fresh = Content(b'{"kind": "another"}', "application/json", metadata=taken)
                super().put(key, fresh, replaces=replaces)
            return super().put(key, content, replaces=replaces)

    store = Busy()
    a_copy(store, (NOW - timedelta(days=31)).isoformat())

    assert Lifecycle(store, lambda: NOW).run(recovery_days=30) == 0
    assert ended(store, COPY) == b'{"kind": "another"}'
