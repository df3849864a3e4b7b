"""One thing at a time, in its turn, until it is done."""

import threading
from collections.abc import Iterator

import pytest

from feedmirror.adapters.clock import elapsed
from feedmirror.local.serving.worker import Worker, repeated, retried

SECONDS = 20.0  # that a slow machine is waited for


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker(elapsed)
    yield made
    made.end(seconds=SECONDS)


class Noted:
    """What was done, in order, and when there is enough of it."""

    def __init__(self, most: int) -> None:
        self.done: list[str] = []
        self._most = most
        self._enough = threading.Event()

    def add(self, what: str) -> None:
        self.done.append(what)
        if len(self.done) >= self._most:
            self._enough.set()

    def wait(self) -> list[str]:
        assert self._enough.wait(SECONDS)
        return self.done


def test_what_waits_is_done_in_its_order_and_the_lowest_rank_first(worker: Worker) -> None:
    noted = Noted(3)
    for name, rank in (("hour", 1), ("first", 0), ("second", 0)):
        worker.put(name, lambda name=name: noted.add(name), rank=rank)  # type: ignore[misc] # bound to each name

    worker.begin()

    assert noted.wait() == ["first", "second", "hour"]


def test_what_fails_is_tried_again_and_holds_up_nothing(worker: Worker) -> None:
    noted = Noted(3)
    failures: list[Exception] = []

    def attempt() -> None:
        if not failures:
            raise ValueError("not yet")
        noted.add("at last")

    worker.put("hard", retried(attempt, failures.append))
    worker.put("easy", retried(lambda: noted.add("easy"), failures.append))
    worker.put("later", retried(lambda: noted.add("later"), failures.append))
    worker.begin()

    assert noted.wait() == ["easy", "later", "at last"]
    assert [str(failure) for failure in failures] == ["not yet"]


def test_a_second_try_waits_for_the_first_ones_of_others() -> None:
    noted, now = Noted(3), [0.0]
    worker = Worker(lambda: now[0])

    def fails_once() -> float | None:
        noted.add("tried")
        if noted.done.count("tried") > 1:
            return None
        now[0] = 2.0
        worker.put("other", lambda: noted.add("first try of another"), rank=1)
        return -1.0  # due already, and before the other

    worker.put("hard", fails_once, later=3)
    worker.begin()

    assert noted.wait() == ["tried", "first try of another", "tried"]
    assert worker.end(seconds=SECONDS)


def test_what_is_long_overdue_comes_before_any_rank() -> None:
    """Else a flood of mails kept the hour from ever coming."""
    noted, now = Noted(3), [0.0]
    worker = Worker(lambda: now[0])
    worker.put("hour", lambda: noted.add("hour"), rank=1)
    now[0] = 301.0
    worker.put("mail", lambda: noted.add("mail"))
    worker.put("later", lambda: noted.add("later"), rank=2)

    worker.begin()

    assert noted.wait() == ["hour", "mail", "later"]
    assert worker.end(seconds=SECONDS)


def test_what_is_repeated_comes_again_also_after_a_failure(worker: Worker) -> None:
    noted, failures = Noted(3), Noted(3)

    def act() -> None:
        noted.add("turn")
        raise ValueError("again")

    worker.put("tick", repeated(act, lambda error: failures.add(str(error)), 0.01))
    worker.begin()

    assert noted.wait()[:3] == ["turn"] * 3
    assert failures.wait()[:3] == ["again"] * 3


def test_the_same_name_waits_once_and_keeps_its_place(worker: Worker) -> None:
    noted = Noted(2)
    for name in ("mail", "other", "mail"):
        worker.put(name, lambda name=name: noted.add(name))  # type: ignore[misc] # bound to each name
    worker.put("end", lambda: noted.add("end"), rank=1)

    worker.begin()
    worker.put("last", lambda: noted.add("last"), rank=2)

    assert noted.wait()[:2] == ["mail", "other"]


def test_the_end_waits_for_what_is_being_done_and_begins_nothing_more() -> None:
    worker, under_way, go_on = Worker(elapsed), threading.Event(), threading.Event()
    noted = Noted(1)

    def slow() -> None:
        under_way.set()
        go_on.wait(SECONDS)
        noted.add("whole")

    worker.put("slow", retried(slow, print))
    worker.put("never", retried(lambda: noted.add("never"), print))
    worker.begin()
    assert under_way.wait(SECONDS)

    assert not worker.end(seconds=0.01)
    go_on.set()
    assert worker.end(seconds=SECONDS)

    assert noted.done == ["whole"]
