"""Names whose servers never answer, in the network namespace of ``internet.py``."""

from collections.abc import Iterator

import pytest

from internet import PUBLIC_IPV4, Case, Internet, an_internet
from needed import missing

# Longer than the second that the fetcher gives a connection there, however busy the machine is.
SYSTEM = {"RES_OPTIONS": "timeout:30 attempts:1"}


@pytest.fixture
def internet() -> Iterator[Internet]:
    """A network with a process of its own: the system reads its resolver's options once in each."""
    try:
        with an_internet() as found:
            yield found
    except OSError as error:
        missing(f"silent names need a network namespace: {error}")


def test_names_that_nobody_answers_for_cost_the_others_nothing(internet: Internet) -> None:
    """They come first, are more than one server's worth, and the run does not wait for them."""
    silent = {f"silent{n}.example": [["silence"]] for n in range(40)}
    sound = {f"sound{n}.example": [[f"A {PUBLIC_IPV4}"]] for n in range(40)}
    told = internet.ask(
        Case(
            asks=[f"http://{name}/" for name in (*silent, *sound)],
            names={**silent, **sound},
            environment=SYSTEM,
            client="at once",
        )
    )

    came = {url: (what, float(when)) for url, what, when in map(str.split, told.said)}
    assert {came[f"http://{name}/"][0] for name in sound} == {"404"}
    assert max(came[f"http://{name}/"][1] for name in sound) < 1.5
    assert {came[f"http://{name}/"][0] for name in silent} == {"timeout"}
    assert told.seconds < 3.5


def test_a_name_is_looked_up_once_for_all_of_a_hosts_feeds(internet: Internet) -> None:
    """Its addresses may change at each look-up, and of one run they are the same."""
    turns = [[f"A {PUBLIC_IPV4}"], ["A 10.0.0.1"]]
    asks = [f"http://news.changing.example/{n}" for n in range(5)]
    told = internet.ask(Case(asks=asks, names={"news.changing.example": turns}, client="at once"))

    assert sorted(said.split()[1] for said in told.said) == ["404"] * 5
    assert set(told.dialled) == {(PUBLIC_IPV4, 80)}


def test_a_name_that_does_not_exist_is_told_as_that(internet: Internet) -> None:
    told = internet.ask(Case(asks=["http://nowhere.example/feed", "http://x.invalid/"]))

    assert [said.partition(":")[0] for said in told.said] == ["name", "name"]
    assert "nowhere.example has a name that leads to no address" in told.said[0]
