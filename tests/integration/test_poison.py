"""Documents that are the end of the process that parses them, among others in one run."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from feedmirror.adapters.isolation.child_process import ChildProcess, Limits
from feedmirror.adapters.isolation.feed_parsers import IsolatedParsers
from feedmirror.mirroring.health import Health, health
from feedmirror.mirroring.parsing import Parsers, ParserUnavailableError
from feedmirror.mirroring.schedule import next_poll
from feedmirror.wiring.mirror import MirrorJobs
from loopback import Answer
from poisoned_operations import POISON
from world import Documents, World, entry, rss, state_of

CRASHES = f"<!--{POISON}-->" + rss()
TOLD = "the feed cannot be parsed: its parser crashes (SIGSEGV)"


@pytest.fixture(scope="module")
def child() -> Iterator[ChildProcess]:
    child = ChildProcess("poisoned_operations", Limits(seconds=60))
    yield child
    child.close()


class Poisonable(World):
    """A mirror whose parsers a word can crash."""

    parsers: Parsers

    def jobs(self) -> MirrorJobs:
        jobs = super().jobs()
        store = replace(jobs.shard.store, parsers=self.parsers)
        return replace(jobs, shard=replace(jobs.shard, parsers=self.parsers, store=store))


@pytest.fixture
def world(tmp_path: Path, child: ChildProcess) -> Iterator[Poisonable]:
    with Documents() as documents:
        world = Poisonable(tmp_path, documents)
        world.parsers = IsolatedParsers(lambda: child)
        yield world


def titles(world: World) -> list[str]:
    return [item.title for item in world.items()]


def serve_at(world: World, name: str, document: str) -> str:
    return world.serve(document, f"/{name}", site=f"https://{name}.example")


def only_entry(name: str) -> str:
    return rss(entry(name, link=f"https://{name}.example/1"))


def test_a_feed_that_takes_too_long_costs_itself_an_error_and_nobody_else_anything(
    world: Poisonable,
) -> None:
    hasty = ChildProcess(
        "feedmirror.adapters.isolation.feed_operations", Limits(processor_seconds=1, seconds=60)
    )
    world.parsers = IsolatedParsers(lambda: hasty)
    serve_at(world, "before", only_entry("before"))
    many = "<item><title>a</title><link>https://poison.example/x</link></item>" * 40_000
    poison = serve_at(world, "poison", rss(many))
    serve_at(world, "behind", only_entry("behind"))

    report = world.run()

    hasty.close()
    told = "the feed cannot be parsed: it takes more than 1 seconds of a processor"
    assert titles(world) == ["Entry before", "Entry behind"]
    (failure,) = report.failures
    assert poison in str(failure)
    assert told in str(failure)
    assert state_of(world, poison).error == told


def test_one_that_crashes_its_parser_is_remembered_as_failed_and_asked_ever_more_seldom(
    world: Poisonable,
) -> None:
    poison = serve_at(world, "poison", CRASHES)
    behind = serve_at(world, "behind", only_entry("behind"))
    (settings, _) = world.feeds
    world.run(at_once=False)
    waits: list[timedelta] = []

    for failures in range(1, 5):
        state = state_of(world, poison)
        assert (state.error, state.failures) == (TOLD, failures)
        planned = next_poll(state, settings)
        assert planned is not None
        assert planned.due is not None
        waits.append(planned.due - world.now)
        world.now = planned.due - timedelta(minutes=1)
        world.run(at_once=False)  # it is not asked before
        assert state_of(world, poison).failures == failures
        world.now = planned.due + timedelta(minutes=1)
        world.run(at_once=False)

    assert waits[0] < waits[1] < waits[2] < waits[3]
    assert titles(world) == ["Entry behind"]
    assert (state_of(world, behind).error, state_of(world, behind).failures) == ("", 0)
    assert health(state_of(world, poison), entries=0) is Health.FAILING


def test_what_was_mirrored_of_it_before_stays_and_goes_on_once_it_is_well(
    world: Poisonable,
) -> None:
    feed = serve_at(world, "poison", only_entry("poison"))
    world.run()
    page = world.pages()["poison.example/index.html"]
    world.later()
    serve_at(world, "poison", CRASHES)
    world.run()

    assert titles(world) == ["Entry poison"]
    assert world.pages()["poison.example/index.html"] == page
    assert state_of(world, feed).error == TOLD

    world.later(48)
    new = entry("new", link="https://poison.example/2")
    serve_at(world, "poison", only_entry("poison").replace("<item>", new + "<item>"))
    world.run()

    assert titles(world) == ["Entry new", "Entry poison"]
    assert (state_of(world, feed).error, state_of(world, feed).failures) == ("", 0)


def test_a_poison_entry_is_left_out_and_told_and_the_others_are_shown(
    world: Poisonable, child: ChildProcess
) -> None:
    feed = world.serve(rss(entry(1), entry(2, text=POISON), entry(3)))
    other = serve_at(world, "other", only_entry("other"))

    report = world.run()

    assert titles(world) == ["Entry 1", "Entry 3", "Entry other"]
    ((url, problem),) = report.problems
    assert url == feed
    assert problem.endswith(" is left out: its markup cannot be read: its parser crashes (SIGSEGV)")
    assert {state_of(world, url).error for url in (feed, other)} == {""}

    parser = child.pid
    world.later()
    again = world.run()

    assert again.polled == 2
    assert again.problems == report.problems
    assert child.pid == parser  # the same document is not tried again

    world.later()
    world.serve(rss(entry(1), entry(2), entry(3)))
    world.run()

    assert titles(world) == ["Entry 1", "Entry 2", "Entry 3", "Entry other"]


def test_an_entry_that_becomes_poison_leaves_what_is_there(world: Poisonable) -> None:
    world.serve(rss(entry(1, text="As it was."), entry(2)))
    world.run()
    world.later()
    world.serve(rss(entry(1, text=POISON), entry(2, text="Anew.")))

    report = world.run()

    assert [item.content_html for item in world.items()] == ["<p>As it was.</p>", "<p>Anew.</p>"]
    assert (report.updated, len(report.problems)) == (1, 1)


def test_what_a_run_has_no_patience_for_is_stored_by_the_next(
    world: Poisonable, child: ChildProcess
) -> None:
    world.parsers = IsolatedParsers(lambda: child, lost=3600)
    world.serve(rss(entry(1)))

    assert world.run().created == 0
    world.later()
    world.parsers = IsolatedParsers(lambda: child)
    assert world.run().created == 1


def test_a_machine_that_starts_no_child_fails_the_run_and_blames_no_feed(
    world: Poisonable, child: ChildProcess
) -> None:
    broken = ChildProcess("no_such_module")
    world.parsers = IsolatedParsers(lambda: broken)
    feed = world.serve(rss(entry(1)))

    with pytest.raises(ParserUnavailableError, match="no_such_module"):
        world.run(at_once=False)

    state = state_of(world, feed)
    assert (state.error, state.failures, state.etag) == ("", 0, None)
    world.later()
    world.parsers = IsolatedParsers(lambda: child)
    report = world.run(at_once=False)
    assert (report.created, report.failures) == (1, ())


def test_nor_does_one_that_starts_none_any_more_when_it_comes_to_markup(
    world: Poisonable, child: ChildProcess
) -> None:
    broken = ChildProcess("no_such_module")
    children = iter([child])
    world.parsers = IsolatedParsers(lambda: next(children, broken))
    feed = world.serve(rss(entry(1)))

    with pytest.raises(ParserUnavailableError):
        world.run()

    assert world.records() == {}
    assert state_of(world, feed).error == ""
    world.parsers = IsolatedParsers(lambda: child)
    assert world.run().created == 1


def test_nor_over_older_documents(world: Poisonable, child: ChildProcess) -> None:
    world.parsers = IsolatedParsers(lambda: child)
    older = world.publisher.url("/older")
    link = f'<atom:link rel="prev-archive" href="{older}"/>'
    feed = world.serve(rss(entry(1), extra=link))
    world.documents["/older"] = Answer(body=rss(entry(2)).encode())
    world.run()
    before = state_of(world, feed).backfill
    broken = ChildProcess("no_such_module")
    world.parsers = IsolatedParsers(lambda: broken)

    world.later(30)
    with pytest.raises(ParserUnavailableError):
        world.run(at_once=False)

    after = state_of(world, feed).backfill
    assert (after.upcoming, after.failures) == (before.upcoming, 0)
    world.later()
    world.parsers = IsolatedParsers(lambda: child)
    assert world.run(at_once=False).created == 1
