"""Workers: many calls at once, in order, and never waiting for themselves."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from feedmirror.adapters.workers import InOrder, Threads
from feedmirror.ports.workers import Workers


@pytest.fixture(params=["threads", "in order"])
def workers(request: pytest.FixtureRequest) -> Workers:
    return Threads(ThreadPoolExecutor(2)) if request.param == "threads" else InOrder()


def test_results_come_in_the_order_of_the_values(workers: Workers) -> None:
    assert workers.map(lambda value: value * 2, range(50)) == [value * 2 for value in range(50)]


@pytest.mark.timeout(20)
def test_calls_may_call_for_more_however_few_threads_there_are(workers: Workers) -> None:
    def outer(value: int) -> int:
        return sum(workers.map(lambda inner: inner + value, range(10)))

    assert workers.map(outer, range(10)) == [45 + 10 * value for value in range(10)]


def test_the_first_exception_is_raised(workers: Workers) -> None:
    with pytest.raises(ZeroDivisionError):
        workers.map(lambda value: 1 // value, [1, 0, 2])


@pytest.mark.timeout(20)
def test_threads_work_at_the_same_time() -> None:
    meeting = threading.Barrier(2)

    Threads(ThreadPoolExecutor(2)).map(lambda _: meeting.wait(10), range(2))
