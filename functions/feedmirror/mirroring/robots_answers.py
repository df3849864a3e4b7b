"""What an answer to the request for a robots.txt means (RFC 9309 §2.3.1)."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from feedmirror.mirroring.houses import ASKED_AGAIN, House
from feedmirror.mirroring.polling import retry_after, validator_in
from feedmirror.mirroring.robots import Robots, forbidding, read_robots
from feedmirror.ports.fetching import Fetched, FetchFailure, FetchRequest, Unfetched

_NOT_MODIFIED, _TOO_MANY, _SERVER_ERRORS = 304, 429, 500
_SUCCESS, _ABSENT = range(200, 300), {404, 410}
_CLIENT_ERRORS = set(range(400, 500)) - {_TOO_MANY}


def robots_request(address: str, house: House) -> FetchRequest:
    """Return the conditional request for a robots.txt."""
    return FetchRequest(address, etag=house.etag or None, last_modified=house.last_modified or None)


def after_answer(
    house: House, answer: Fetched | Unfetched, addresses: Collection[str], *, now: datetime
) -> House:
    """Return what is known after an answer; ``addresses`` are judged by all of its rules.

    More redirects than are followed, and any 4xx, are "unavailable", which allows everything
    (§2.3.1.2, §2.3.1.3). 429 is none of them here: it says that we ask too much. A group that
    named this software is gone only where the file is: a server may turn away whom it takes for a
    robot, and that takes nothing back.
    """
    if isinstance(answer, Unfetched):
        if answer.failure is FetchFailure.REDIRECTS:
            return _after_reading(house, Robots(), addresses)
        return _unreachable(house, f"{answer.failure}: {answer.detail}", now=now)
    if answer.status == _NOT_MODIFIED and house.answered:
        return replace(house, unreachable=None, why="", later=None, limited=None)
    if answer.status in _SUCCESS:
        read = _after_reading(house, read_robots(answer.body), addresses)
        return read if answer.hops else _with_validators(read, answer)
    if answer.status in _ABSENT or (answer.status in _CLIENT_ERRORS and not house.named):
        return _after_reading(house, Robots(), addresses)
    return _turned_away(house, answer, now=now)


def _with_validators(house: House, answer: Fetched) -> House:
    """Take the validators of an answer that came from the origin itself."""
    etag, last_modified = (validator_in(answer.headers, name) for name in ("etag", "last-modified"))
    return replace(house, etag=etag, last_modified=last_modified)


def _after_reading(house: House, robots: Robots, addresses: Collection[str]) -> House:
    said = House(
        asked=house.asked,
        answered=True,
        rules=robots.kept(),
        named=robots.named,
        whole=robots.named and robots.forbids_everything,
        delay=robots.delay,
        licenses=robots.licenses,
        told=house.told,
    )
    if said.rules == robots.rules:
        return said.judged(addresses, ())
    return replace(said, verdicts={a: forbidding(robots.rules, a) for a in addresses})


def _turned_away(house: House, answer: Fetched, *, now: datetime) -> House:
    """Return that robots.txt could not be had; 429 is meant for all that we ask its origin.

    Said again after that wait, it is of robots.txt alone.
    """
    later = retry_after(answer.headers.get("retry-after", ""), now=now)
    if answer.status != _TOO_MANY:
        why = f"the publisher answers {answer.status}"
        return replace(_unreachable(house, why, now=now), later=later)
    later = later or now + ASKED_AGAIN
    why = f"{_TOO_MANY}: the publisher asks to be left alone for a while"
    return replace(_unreachable(house, why, now=now), later=later, limited=house.limited or later)


def _unreachable(house: House, why: str, *, now: datetime) -> House:
    return replace(house, unreachable=house.unreachable or now, why=why[:300], later=None)
