"""The promises of design §2, as far as the mirror's own half can keep or break them."""

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import a_rule
from feedmirror.layout import state_key
from feedmirror.ports.object_store import Content
from feedmirror.records import object_metadata
from feedmirror.suppression import (
    RuleId,
    Scope,
    Suppression,
    address_key,
    author_keys,
    find_suppression,
    guid_key,
)
from world import SITE, Documents, World, entry, rss

SLOW = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TEXT = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Cn"), blacklist_characters="￾￿"), max_size=40
)
NAMES = itertools.count()


def a_world(tmp_path: Path, documents: Documents) -> World:
    folder = tmp_path / str(next(NAMES))
    folder.mkdir()
    return World(folder, documents)


@st.composite
def entries(draw: st.DrawFn) -> str:
    """Draw one RSS item that may lack anything and hold any text."""
    fields = {
        "title": draw(st.none() | TEXT),
        "link": draw(st.none() | st.sampled_from([f"{SITE}/{n}" for n in range(5)]) | TEXT),
        "guid": draw(st.none() | st.sampled_from("abc") | TEXT),
        "dc:creator": draw(st.none() | TEXT),
        "description": draw(st.none() | TEXT),
        "pubDate": draw(st.none() | st.just("Sun, 22 Nov 2026 10:00:00 GMT") | TEXT),
    }
    inner = "".join(f"<{n}>{escape(v)}</{n}>" for n, v in fields.items() if v is not None)
    return f"<item>{inner}</item>"


@SLOW
@given(drawn=st.lists(entries(), max_size=6))
def test_p4_whatever_is_mirrored_is_credited_everywhere(
    tmp_path: Path, documents: Documents, drawn: list[str]
) -> None:
    world = a_world(tmp_path, documents)
    url = world.serve(rss(*drawn))

    report = world.run()

    assert report.failures == ()
    for item in world.items():
        credit = item.attribution
        assert credit.original_url.startswith("http")
        assert credit.publisher.host == item.host == "news.example.com"
        metadata = object_metadata(item)
        assert metadata.keys() >= {"record", "original-url", "host", "feed-url", "retrieved"}
        page = world.pages()[f"news.example.com/{item.id}/index.html"]
        block = page[page.index('class="credit"') :]
        assert "not stated" in block or any(a.name for a in credit.authors)
        assert f"takedown+{item.id}@" in block
        assert url in block
        own = credit.original_url != credit.publisher.url
        assert ('rel="canonical"' in page) == own
    shown = world.pages().get("news.example.com/feed.xml", "")
    assert shown.count("<source>") == shown.count("<entry") == len(world.items())


@SLOW
@given(drawn=st.lists(entries(), max_size=6), lost=st.booleans())
def test_p6_mirroring_twice_writes_nothing_the_second_time(
    tmp_path: Path, documents: Documents, drawn: list[str], *, lost: bool
) -> None:
    world = a_world(tmp_path, documents)
    world.serve(rss(*drawn))
    world.run()
    world.later()
    if lost:
        found = world.stores.archive.get(state_key(0))
        assert found is not None
        content = Content(b"lost", "text/plain")
        world.stores.archive.put(state_key(0), content, replaces=found.etag)
    requests = world.watch()

    world.run()

    assert [key for key in requests.done if key != state_key(0)] == []
    assert requests.done.count(state_key(0)) <= 1 + lost


RULES: dict[str, tuple[Scope, Callable[[int], str]]] = {
    "link": (Scope.ITEM, lambda n: address_key(f"{SITE}/{n}")),
    "guid": (Scope.ITEM, lambda n: guid_key("news.example.com", f"g{n}")),
    "author": (
        Scope.AUTHOR,
        lambda n: next(iter(author_keys("news.example.com", name=f"Author {n}"))),
    ),
}
STEP = (
    st.tuples(st.just("serve"), st.sets(st.integers(0, 3)), st.integers(0, 2))
    | st.tuples(st.just("suppress"), st.sampled_from(sorted(RULES)), st.integers(0, 3))
    | st.tuples(st.just("lift"), st.just(""), st.integers(0, 3))
    | st.tuples(st.just("lose"), st.just(""), st.just(0))
)


@SLOW
@given(steps=st.lists(STEP, max_size=8))
def test_p1_what_a_rule_covers_before_it_is_brought_is_never_stored_and_comes_with_the_lift(
    tmp_path: Path, documents: Documents, steps: list[tuple[str, object, int]]
) -> None:
    """After a quiet run: no new copy that a rule covers, and every copy that none covers."""
    world = a_world(tmp_path, documents)
    served: dict[int, int] = {}
    standing: dict[str, Suppression] = {}
    covered_from_birth: set[str] = set()
    for number, (what, which, value) in enumerate(steps):
        if what == "serve" and isinstance(which, set):
            served |= dict.fromkeys(which, value)
        elif what == "suppress" and isinstance(which, str):
            scope, make = RULES[which]
            rule = a_rule(make(value), id=RuleId(f"r{number}"), scope=scope, case=f"c{number}")
            standing[world.suppress(rule)] = rule
        elif what == "lift" and standing:
            key = sorted(standing)[value % len(standing)]
            world.lift(key)
            del standing[key]
        elif what == "lose" and (found := world.stores.archive.get(state_key(0))):
            content = Content(b"lost", "text/plain")
            world.stores.archive.put(state_key(0), content, replaces=found.etag)
        before = {item.id for item in world.items()}
        world.serve(rss(*(a_story(n, version) for n, version in sorted(served.items()))))
        world.later()
        world.run()
        for item in world.items():
            if find_suppression(item.subject, standing.values()) and item.id not in before:
                covered_from_birth.add(item.id)

    assert covered_from_birth == set()
    titles = {re.sub(r" v\d", "", item.title) for item in world.items()}
    free = {
        f"Story {n}"
        for n in served
        if not any(rule.keys & keys_of(n) for rule in standing.values())
    }
    assert free <= titles


def a_story(number: int, version: int) -> str:
    return entry(
        number,
        title=f"Story {number} v{version}",
        text=f"Text {number} {version}",
        more=f"<dc:creator>Author {number}</dc:creator>",
    )


def keys_of(number: int) -> frozenset[str]:
    return frozenset(make(number) for _, make in RULES.values())
