"""Ways into the inside network, each tried for real: nobody but a publisher may be dialled (V6).

Each case of ``escapes.py`` happens in ``internet.py``, where every address answers and every first
packet of a connection is seen below the code under test. Controls show that an escape is seen: the
same cases with plain clients, and with one guard of ours taken away. Without network namespaces,
``test_fetching.py`` and ``test_networks.py`` hold the core of it.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from escapes import CASES, CHECK, DNS_CASES, HERE, published
from internet import CANARY, PUBLIC_IPV4, PUBLIC_IPV6, Case, Internet, Told, an_internet
from needed import missing

PASSWORDS = "root:x:0:0"  # how /etc/passwd begins


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    try:
        with an_internet() as found:
            yield found
    except OSError as error:
        missing(f"escapes are tried in a network namespace: {error}")


def is_kept_in(told: Told) -> bool:
    said = " ".join(told.said)
    return not told.escapes and CANARY not in said and PASSWORDS not in said


def how_many_get_in(internet: Internet, what: str, tried: list[Case]) -> int:
    got_in = sum(not is_kept_in(internet.ask(case)) for case in tried)
    print(f"{what}: {got_in} of {len(tried)} get in")  # noqa: T201 -- `make escapes` shows it
    return got_in


@pytest.mark.parametrize("escape", CASES)
def test_nothing_inside_is_dialled_or_read(internet: Internet, escape: str) -> None:
    told = internet.ask(CASES[escape])

    assert told.escapes == []
    assert is_kept_in(told)
    assert not any("secret" in request for request in told.asked)


def test_a_publisher_is_reached_by_all_that_is_tried_here(internet: Internet) -> None:
    """What is never dialled is not kept in: it is broken."""
    feed = published("<atom:link rel='prev-archive' href='/older'/>")
    asked = {
        client: internet.ask(Case(asks=asks, client=client, answers=feed))
        for client, asks in {
            "fetcher": [HERE, f"http://[{PUBLIC_IPV6}]:8080/feed"],
            "hub": [HERE],
            "curl": [HERE],
            "urllib": [HERE],
        }.items()
    }
    mirrored = internet.ask(Case(asks=[HERE], client="mirror", answers=feed))
    checked = internet.ask(Case(asks=CHECK, client="command", answers=feed))

    assert all(told.asked for told in asked.values())
    assert set(asked["fetcher"].dialled) >= {(PUBLIC_IPV6, 8080)}
    assert json.loads(mirrored.said[0])["created"] == 1
    assert [entry["title"] for entry in json.loads(checked.said[0])["entries"]] == ["Entry 1"]
    assert any(request.startswith("GET /older ") for request in mirrored.asked)


def test_of_several_addresses_a_public_one_is_dialled(internet: Internet) -> None:
    for why in ("first private", "last private"):
        told = internet.ask(DNS_CASES[f"several answers, the {why}"])
        assert told.dialled == [(PUBLIC_IPV4, 80)]
        assert told.said == ["404 "]


@pytest.mark.parametrize("client", ["curl", "urllib"])
def test_a_plain_client_does_get_in(internet: Internet, client: str) -> None:
    every = int(os.environ.get("FEEDMIRROR_TEST_STRIDE", "8"))
    fetches = [case for case in CASES.values() if case.client == "fetcher"]
    tried = [replace(case, client=client) for case in fetches[::every]]

    assert how_many_get_in(internet, f"{client} alone", tried) >= len(tried) * 2 // 5


@pytest.mark.parametrize(
    ("guard", "of", "least"),
    [
        ("the seam", "address asked for", 35),
        ("the table", "address asked for", 8),
        ("web ports", "asked for: port", 5),
    ],
)
def test_without_one_guard_something_gets_in(
    internet: Internet, guard: str, of: str, least: int
) -> None:
    """The same cases, and our own fetcher with one of its guards taken away.

    In place of the table stands ``is_global`` of the standard library.
    """
    tried = [replace(case, without=guard) for name, case in CASES.items() if of in name]

    assert how_many_get_in(internet, f"the fetcher without {guard}", tried) >= least
