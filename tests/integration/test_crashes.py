"""A crash at every store call, before it and after it: the next runs reach the same end.

The runs are the real jobs over the real embedded store. Only nonces and times may differ between a
run that was disturbed and one that was not, so states are compared without them.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedmirror.layout import state_key
from feedmirror.publishing.documents import without_nonce
from walks import walk
from world import SITE, Documents, World, entry, rss


class CrashError(BaseException):
    """The process dies: no handler of ours may catch it."""


def first_documents(world: World) -> None:
    world.serve(rss(entry(1), entry(2, link="https://linked.example.org/2")), "/a")
    world.serve(rss(entry(3, link="https://b.example.org/3")), "/b", site="https://b.example.org")


def second_documents(world: World) -> None:
    edited = entry(2, title="Edited", link="https://linked.example.org/2")
    world.serve(rss(entry(4), entry(1), edited), "/a")
    world.serve(
        rss(
            entry(5, link="https://b.example.org/5"),
            entry(3, link="https://b.example.org/3", more="<author>b@b.example.org (Bob)</author>"),
        ),
        "/b",
        site="https://b.example.org",
    )


def outcome(world: World) -> dict[str, Any]:
    """Return everything that is stored, poll state apart, without nonces."""
    found: dict[str, Any] = {}
    for key, body in world.all(world.stores.archive, "").items():
        if key.startswith("state/"):
            continue
        found[key] = {**json.loads(body), "nonce": ""}
    for key, body in world.all(world.stores.site, "").items():
        found[f"site {key}"] = without_nonce(body)
    return found


def undisturbed(world: World) -> tuple[list[int], dict[str, Any]]:
    """Return how many store calls each of the two runs makes, and where they end."""
    counts = []
    for documents in (first_documents, second_documents):
        documents(world)
        world.watch()
        world.run()
        counts.append(len(world.requests.asked))
    return counts, outcome(world)


def disturbed(world: World, run: int, call: int, when: str) -> dict[str, Any]:
    """Crash one of the two runs at one of its calls, and run again until nothing is new."""
    for number, documents in enumerate((first_documents, second_documents)):
        documents(world)
        world.watch()
        if number == run:
            setattr(world.requests, when, crash_at(world, call))
            with pytest.raises(CrashError):
                world.run()
            world.requests.before = world.requests.after = lambda *_: None
        world.run()
        world.run()
    return outcome(world)


def crash_at(world: World, call: int) -> Callable[[str, str], None]:
    def crash(method: str, key: str) -> None:
        if len(world.requests.asked) == call:
            raise CrashError(f"{method} {key}")

    return crash


@pytest.mark.timeout(240)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_call_leaves_a_state_from_which_the_same_end_is_reached(
    tmp_path: Path, when: str
) -> None:
    with Documents() as documents:

        def world(name: str) -> World:
            (tmp_path / name).mkdir()
            return World(tmp_path / name, documents)

        counts, expected = undisturbed(world("undisturbed"))
        assert min(counts) > 20
        walked = [(run, call) for run, count in enumerate(counts) for call in walk(count, when)]
        for run, call in walked:
            reached = disturbed(world(f"{run}-{call}"), run, call, when)
            assert reached == expected, f"run {run}, {when} call {call}"


def test_after_a_crash_before_the_end_the_validators_are_not_yet_known(tmp_path: Path) -> None:
    with Documents() as documents:
        world = World(tmp_path, documents)
        world.serve(rss(entry(1)))

        def die(method: str, key: str) -> None:
            if (method, key) == ("put", state_key(0)) and world.requests.done:
                raise CrashError

        world.requests.before = die
        with pytest.raises(CrashError):
            world.run()
        world.requests.before = lambda *_: None
        world.run()

        asked = [seen.header("if-none-match") for seen in world.publisher.seen]
        assert asked == [None, None]
        assert [item.attribution.original_url for item in world.items()] == [f"{SITE}/1"]
