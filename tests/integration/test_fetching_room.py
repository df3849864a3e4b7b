"""What the fetcher holds at once: large bodies wait for each other, and nobody fails for it."""

import gzip
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from feedmirror.adapters.fetching import CurlFetcher
from feedmirror.adapters.room import Room
from feedmirror.ports.fetching import Fetched, FetchFailure, FetchRequest, Unfetched
from loopback import Answer, Publisher

LOOPBACK = (ip_network("127.0.0.0/8"),)
LARGE = 400_000
HELD = 1_000_000


def fetcher(**changes: Any) -> CurlFetcher:  # noqa: ANN401 -- any field of the fetcher's
    fields = {"user_agent": "test", "allowed_networks": LOOPBACK}
    return CurlFetcher(**{**fields, "max_held": HELD, "max_bytes": LARGE, **changes})


class Watched(Room):
    """Room that notes the most that was held."""

    most = 0

    def take_in(self, size: int) -> None:
        super().take_in(size)
        Watched.most = max(Watched.most, self._under_way + self._handed_over())


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> type[Watched]:
    monkeypatch.setattr(Watched, "most", 0)
    monkeypatch.setattr("feedmirror.adapters.fetching.Room", Watched)
    return Watched


def publishers(stack: ExitStack, count: int, answer: Answer) -> list[str]:
    """Return the addresses of as many publishers of one answer."""
    hosts = [Publisher(lambda _: answer, address=f"127.0.5.{n}") for n in range(1, count + 1)]
    return [stack.enter_context(host).url() for host in hosts]


NOISE = random.Random(1).randbytes(LARGE)  # noqa: S311 -- a body that does not compress
BOMB = Answer(headers=(("Content-Encoding", "gzip"),), body=gzip.compress(b"\x00" * LARGE))


@pytest.mark.parametrize("answer", [Answer(body=NOISE), BOMB], ids=["plain", "compressed"])
def test_many_large_bodies_all_come_and_are_never_held_at_once(
    answer: Answer, watched: type[Watched]
) -> None:
    with ExitStack() as stack:
        urls = publishers(stack, 30, answer)
        sizes = []
        for outcome in fetcher(timeout=timedelta(seconds=2)).fetch(map(FetchRequest, urls)):
            assert isinstance(outcome, Fetched), outcome
            sizes.append(len(outcome.body))
            time.sleep(0.1)  # in all longer than each has

    assert sizes == [LARGE] * 30
    assert HELD <= watched.most <= HELD + 2 * LARGE


def test_while_the_caller_is_away_no_more_is_fetched_than_may_be_held(
    watched: type[Watched],
) -> None:
    with ExitStack() as stack:
        urls = publishers(stack, 12, Answer(body=NOISE))
        outcomes = fetcher().fetch(map(FetchRequest, urls))
        first = next(outcomes)
        time.sleep(1)
        held = watched.most
        rest = list(outcomes)

    assert [type(outcome) for outcome in (first, *rest)] == [Fetched] * 12
    assert held <= HELD + 2 * LARGE


def test_a_pause_of_ours_costs_nobody_a_deadline_and_a_slow_one_meets_its_own() -> None:
    def slow() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n" + NOISE[: LARGE // 2]
        while True:
            time.sleep(0.05)
            yield b"x"

    with ExitStack() as stack:
        urls = publishers(stack, 8, Answer(body=NOISE))
        dripping = stack.enter_context(Publisher(lambda _: Answer(raw=slow()), address="127.0.0.3"))
        requests = [FetchRequest(url) for url in (dripping.url(), *urls)]
        outcomes = fetcher(timeout=timedelta(seconds=0.6)).fetch(requests)
        found = []
        for outcome in outcomes:
            found.append(outcome)
            time.sleep(0.3)

    failed = [outcome for outcome in found if isinstance(outcome, Unfetched)]
    assert [(each.request.url, each.failure) for each in failed] == [
        (dripping.url(), FetchFailure.TIMEOUT)
    ]
    assert len(found) == 9


def test_a_body_that_was_paused_has_the_rest_of_its_time_when_it_goes_on() -> None:
    back = threading.Event()

    def late() -> Iterator[bytes]:
        time.sleep(0.2)  # so that the others fill all the room
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n" + NOISE[: LARGE // 2]
        back.wait(5)
        time.sleep(0.2)
        yield NOISE[LARGE // 2 :]

    with ExitStack() as stack:
        urls = publishers(stack, 4, Answer(body=NOISE))
        pausing = stack.enter_context(Publisher(lambda _: Answer(raw=late()), address="127.0.0.3"))
        requests = [FetchRequest(url) for url in (pausing.url(), *urls)]
        outcomes = fetcher(timeout=timedelta(seconds=0.8)).fetch(requests)
        found = [next(outcomes)]
        time.sleep(1.5)
        back.set()
        found += outcomes

    assert [type(outcome) for outcome in found] == [Fetched] * 5
    assert found[-1].request.url == pausing.url()


def test_large_bodies_that_never_end_keep_no_small_one_waiting() -> None:
    ended = threading.Event()

    def endless() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n" + NOISE * 20
        ended.wait(5)

    with ExitStack() as stack:
        stack.callback(ended.set)
        hosts = [
            stack.enter_context(Publisher(lambda _: Answer(raw=endless()), address=f"127.0.6.{n}"))
            for n in range(1, 9)
        ]
        small = publishers(stack, 8, Answer(body=b"small", pause=0.3))
        requests = [FetchRequest(url) for url in (*[host.url() for host in hosts], *small)]
        as_it_is = CurlFetcher(user_agent="test", allowed_networks=LOOPBACK)
        with closing(as_it_is.fetch(requests)) as outcomes:  # type: ignore[type-var]  # a generator
            began = time.monotonic()
            first = [next(outcomes) for _ in range(8)]
            took = time.monotonic() - began

    assert {outcome.request.url for outcome in first} == set(small)
    assert took < 2


def test_what_turns_out_too_large_when_it_goes_on_fails_alone() -> None:
    bomb = Answer(headers=(("Content-Encoding", "gzip"),), body=gzip.compress(b"\x00" * LARGE * 9))
    with ExitStack() as stack:
        good = publishers(stack, 6, Answer(body=NOISE))
        bad = [
            stack.enter_context(Publisher(lambda _: bomb, address=f"127.0.7.{n}")).url()
            for n in range(1, 7)
        ]
        requests = [FetchRequest(url) for pair in zip(good, bad, strict=True) for url in pair]
        found = []
        for outcome in fetcher(max_held=LARGE).fetch(requests):
            found.append(outcome)
            time.sleep(0.05)

    failed = {outcome.request.url for outcome in found if isinstance(outcome, Unfetched)}
    assert failed == set(bad)
    assert len(found) == 12


def test_closing_while_bodies_are_paused_ends_all() -> None:
    with ExitStack() as stack:
        urls = publishers(stack, 12, Answer(body=NOISE))
        with closing(fetcher().fetch(map(FetchRequest, urls))) as outcomes:  # type: ignore[type-var]  # a generator
            next(outcomes)
            time.sleep(0.3)

        assert not any(thread.name == "fetcher" for thread in threading.enumerate())
