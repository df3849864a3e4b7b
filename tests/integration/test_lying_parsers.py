"""A parser that was broken into says what it likes of one feed; the run, and the others, go on."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmirror.adapters.isolation.child_process import ChildDiedError, ChildProcess
from feedmirror.adapters.isolation.codec import to_json
from feedmirror.adapters.isolation.feed_operations import operations
from feedmirror.adapters.isolation.feed_parsers import IsolatedParsers
from feedmirror.adapters.isolation.frames import NoFrameError, head_of
from feedmirror.mirroring.entries import DeletedEntry, Entry, Feed
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.parsing import Parsers, Texts
from feedmirror.records import Contact, Enclosure, Item, Person, Source
from feedmirror.wiring.mirror import MirrorJobs
from markup_check import assert_safe
from memory_world import MemoryWorld
from world import SITE, Documents, entry, rss, state_of

LIE, HONEST = "LIE", "An honest word."
LIAR = "https://liar.example"
HONESTLY = operations()


@dataclass
class Liar:
    """A child that answers by the book, but about what bears a word."""

    feed: Feed = field(default_factory=lambda: Feed(url=LIAR, format=""))
    texts: Texts = field(default_factory=lambda: Texts("", ""))

    def close(self) -> None:
        """End, to begin anew as the same."""

    def call(self, operation: str, arguments: Any, body: bytes = b"") -> Any:  # noqa: ANN401 -- JSON
        """Return what comes out of the pipe, where all that JSON can write may come."""
        try:
            return head_of(
                json.dumps(self._said(operation, arguments, body)).encode(), most_values=10**6
            )
        except NoFrameError as error:
            raise ChildDiedError(str(error)) from error

    def _said(self, operation: str, arguments: Any, body: bytes) -> Any:  # noqa: ANN401 -- JSON
        if operation == "feed" and LIE.encode() in body:
            return to_json(self.feed)
        if operation == "texts" and HONEST not in str(arguments):
            return [{"texts": to_json(self.texts)} for _ in arguments]
        return HONESTLY[operation](arguments, body, lambda *_: None)


class Lied(MemoryWorld):
    """A mirror of two feeds, about one of which its parser lies."""

    def __init__(self, documents: Documents, liar: Liar) -> None:
        super().__init__(documents)
        self.parsers: Parsers = IsolatedParsers(lambda: cast("ChildProcess", liar))
        self.liar = self.serve(rss(entry(LIE)), "/liar", site=LIAR)
        self.honest = self.serve(rss(entry(1, text=HONEST)), "/honest")

    def jobs(self) -> MirrorJobs:
        jobs = super().jobs()
        store = replace(jobs.shard.store, parsers=self.parsers)
        return replace(jobs, shard=replace(jobs.shard, parsers=self.parsers, store=store))


@pytest.fixture
def documents() -> Iterator[Documents]:
    with Documents() as documents:
        yield documents


ONE = Entry(base_url=LIAR, guid="g", link=f"{LIAR}/1", title="One")
FIRST = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))


def feed_of(**fields: Any) -> Feed:  # noqa: ANN401 -- as the fields are
    return Feed(url=LIAR, format="RSS 2.0", entries=(replace(ONE, **fields),))


@pytest.mark.parametrize(
    "feed",
    [
        replace(feed_of(), title="\ud800"),
        replace(feed_of(), ttl=10**30),
        replace(feed_of(), skip_hours=frozenset({-(10**30)})),
        feed_of(title="\udcff"),
        feed_of(published=FIRST),
        feed_of(enclosures=(Enclosure("https://e.example/a.mp3", "", 10**400),)),
        feed_of(link="javascript:alert(1)"),
        replace(feed_of(), spans=((0, 5),), frame="a" * 26),
        replace(feed_of(), entries=(), spans=((158, 330),), frame="a" * 26),
    ],
)
def test_what_no_parser_of_ours_says_costs_its_feed_an_error_and_the_shard_nothing(
    documents: Documents, feed: Feed
) -> None:
    world = Lied(documents, Liar(feed))

    report = world.run()

    assert [item.title for item in world.items()] == ["Entry 1"]
    ((url, error),) = report.failures
    assert url == world.liar
    assert "answer" in error or "JSON" in error
    assert state_of(world, world.liar).failures == 1
    assert state_of(world, world.honest).failures == 0


@pytest.mark.parametrize(
    "texts",
    [
        Texts("x", "x", "<p>x</p></div><details>"),
        Texts("x", "x", "<script>alert(1)</script>"),
        Texts("x", "x" * 301, "<p>x</p>"),
    ],
)
def test_markup_that_is_not_ours_is_left_out_and_told(documents: Documents, texts: Texts) -> None:
    world = Lied(documents, Liar(feed_of(content_html="x"), texts))

    report = world.run()

    assert [item.title for item in world.items()] == ["Entry 1"]
    ((url, problem),) = report.problems
    assert url == world.liar
    assert "markup that is not ours" in problem


WORDS = st.sampled_from(
    [
        *(
            "",
            "x",
            " ",
            "\0",
            "\r\nX: y",
            "\u202e",
            "\x85\u2028",
            "]]>",
            "{{ 1 }}",
            "%s",
            "../../x",
        ),
        *("<script>alert(1)</script>", "é" * 3000, "a" * 20_000, "javascript:x", "\ufffe", "/"),
    ]
)
ADDRESSES = st.sampled_from(
    [
        *("http://", "https://[", "https://x", f"{SITE}/1", "https://a@b:99999/\r\nx", "http://.."),
        *(
            "https://\u0130.example/",
            "http://x:port/",
            "https://x/\0",
            "https://x/<script>alert(1)",
        ),
        *(
            "https://" + "a" * 9000,
            "http://localhost/",
            "https://xn--/",
            "https://x/%",
            "https:///",
        ),
        *('https://x/" onclick=x', "https://1.2.3.4.5/", "http://[::1]%/", "https://exa mple.com/"),
    ]
)
STATED = st.none() | ADDRESSES
MOMENTS = st.none() | st.sampled_from(
    [datetime(year, 1, 1, tzinfo=UTC) for year in (1, 1969, 2026, 9999)]
)
PEOPLE = st.lists(st.builds(Person, WORDS, STATED, st.none() | WORDS), max_size=2).map(tuple)
FILES = st.builds(Enclosure, ADDRESSES, WORDS, st.none() | st.sampled_from([0, 10**14]))
MARKUP = st.lists(
    st.sampled_from(["<p>", "</p>", "</div>", "<details>", "x", "&lt;", "\0", "<br>", "\u202e"]),
    max_size=5,
).map("".join)
ENTRIES = st.builds(
    Entry,
    base_url=ADDRESSES,
    guid=st.none() | WORDS | ADDRESSES,
    link=STATED,
    title=WORDS,
    content_html=WORDS,
    authors=PEOPLE,
    rights=WORDS,
    license_url=STATED,
    language=WORDS,
    published=MOMENTS,
    updated=MOMENTS,
    categories=st.lists(WORDS, max_size=2).map(tuple),
    enclosures=st.lists(FILES, max_size=2).map(tuple),
    source=st.none() | st.builds(Source, WORDS, STATED),
    signals=st.lists(WORDS, max_size=2).map(tuple),
)
FEEDS = st.builds(
    Feed,
    url=ADDRESSES,
    format=WORDS,
    title=WORDS,
    site_url=STATED,
    new_address=STATED,
    language=WORDS,
    authors=PEOPLE,
    contacts=st.lists(st.builds(Contact, WORDS, WORDS), max_size=1).map(tuple),
    ttl=st.none() | st.sampled_from([0, 60, 525600]),
    skip_days=st.frozensets(WORDS, max_size=2),
    entries=st.lists(ENTRIES, max_size=3).map(tuple),
    deleted=st.lists(st.builds(DeletedEntry, ref=WORDS, when=MOMENTS), max_size=1).map(tuple),
    signals=st.lists(WORDS, max_size=2).map(tuple),
    complete=st.booleans(),
    is_part=st.booleans(),
    older=STATED,
    damaged=st.booleans(),
    problems=st.lists(WORDS, max_size=2).map(tuple),
)


@settings(max_examples=30)
@given(FEEDS, st.builds(Texts, WORDS, WORDS, MARKUP), FEEDS)
def test_whatever_it_says_stays_under_its_own_host_and_is_safe_to_see(
    feed: Feed, texts: Texts, later: Feed
) -> None:
    liar = Liar(feed, texts)
    with Documents() as documents:
        world = Lied(documents, liar)
        for said in (feed, later):
            liar.feed = said
            report = world.run()
            world.later()
            assert {url for url, _ in report.failures} <= {world.liar}
            assert not any("not stored" in error for _, error in report.failures)

    assert "Entry 1" in [item.title for item in world.items()]
    for key, record in world.records().items():
        assert key.startswith(("items/news.example.com/", "items/liar.example/"))
        assert_safe(record.content_html if isinstance(record, Item) else "")
    for key, page in world.pages().items():
        assert "<script>alert" not in page or key.endswith(".json")


def test_who_lies_about_which_entry_is_whose_hides_no_mark_for_longer_than_it_lies(
    documents: Documents,
) -> None:
    """Its entries stand for each other's bytes; what changes is read by its own link."""
    second = entry(2)
    body = rss(entry(1, text=LIE), second)
    honest = parse_feed(body.encode(), url=LIAR, known=())
    swapped = replace(honest, entries=honest.entries[::-1])
    world = Lied(documents, Liar(swapped, Texts("x", "x", "<p>x</p>")))
    world.serve(body, "/liar", site=LIAR)
    world.run()
    assert all(each.span for each in state_of(world, world.liar).entries.values())

    marked = entry(1, more="<category>nofeedmirror</category>")
    world.serve(rss(marked, second), "/liar", site=LIAR)
    world.later()
    world.run()

    assert [task["on"] for task in world.handed.tasks] == [True]
