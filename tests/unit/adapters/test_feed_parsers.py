import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from feedmirror.adapters.isolation.child_process import (
    ChildProcess,
    Limits,
    OperationRefusedError,
)
from feedmirror.adapters.isolation.feed_parsers import IsolatedParsers
from feedmirror.configuration import Images
from feedmirror.mirroring.entries import Feed, FeedUnreadableError
from feedmirror.mirroring.health import advice
from feedmirror.mirroring.parsing import (
    Markup,
    Parsers,
    ParserUnavailableError,
    Texts,
    Unread,
)
from feedmirror.wiring.parsers import feed_parsers
from in_process import IN_PROCESS
from poisoned_operations import POISON as CRASH
from world import entry, rss

CORPUS = Path(__file__).parents[3] / "../shared/corpus/feeds"
FEED = "feedmirror.adapters.isolation.feed_operations"
URL = "https://news.example.com/feed"
SAFE = Markup(whole="<p onclick=x()>Hello</p>", base_url=URL, shown=True)
# Cutting eight million "<" costs four seconds of a processor.
POISON = Markup(whole="<" * 30_000_000, base_url=URL, shown=True)
TOKEN = "feedmirror-verify-" + "a" * 26


@pytest.fixture(scope="module")
def child() -> Iterator[ChildProcess]:
    """A child that has a tenth of the time, so that poison works soon."""
    child = ChildProcess(FEED, Limits(processor_seconds=1, seconds=60))
    yield child
    child.close()


@pytest.fixture
def parsers(child: ChildProcess) -> IsolatedParsers:
    return IsolatedParsers(lambda: child)


def outcome(parsers: Parsers, document: bytes, content_type: str = "") -> Feed | str:
    try:
        return parsers.feed(document, url=URL, content_type=content_type)
    except FeedUnreadableError as error:
        return str(error)


HOSTILE: dict[str, str] = {
    "a style of 20,000 nested url(": rss(entry(1, text=f'<p style="{"url(" * 20_000}">x</p>')),
    "an author of 80 kB in one word": rss(entry(1, more=f"<author>{'a.' * 40_000}</author>")),
    "60,000 attributes of the root": rss(entry(1)).replace(
        "<rss", "<rss " + " ".join(f'a{each}="1"' for each in range(60_000))
    ),
    "20,000 comments that never end": rss(entry(1)) + "<!--" * 20_000,
    "80,000 blank lines before the root": "\n" * 80_000 + rss(entry(1)),
    "20,000 categories": rss(entry(1, more="<category>x</category>" * 20_000)),
    "10,000 elements deep": rss(entry(1, more="<a>" * 10_000)),
    "40,000 <div> deep": rss(entry(1, text="&lt;div&gt;" * 40_000)),
    "a billion laughs": "<!DOCTYPE r [<!ENTITY a 'ha'>"
    + "".join(
        f"<!ENTITY {n} '{f'&{p};' * 10}'>" for p, n in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]>"
    + rss(entry(1, title="&j;")),
    "one large entity, 5,000 times": f"<!DOCTYPE r [<!ENTITY a '{'a' * 100_000}'>]>"
    + rss(entry(1, title="&a;" * 5000)),
    "an external entity": "<!DOCTYPE r [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
    + rss(entry(1, title="&a;")),
    "a reference to a surrogate": rss(entry(1, title="&#xD800;")),
    "a reference beyond Unicode": rss(entry(1, title="&#x110000;")),
    "NUL, as such and by reference": rss(entry(1, title="a&#0;b\0c", guid="\0")),
    "CDATA that never ends": rss("<item><title><![CDATA[" * 20_000),
    "JSON of 100,000 levels": '{"version": "https://jsonfeed.org/version/1.1", "items":'
    + "[" * 100_000,
    "nothing": "",
    "a page": "<html><head><title>Log in</title></head></html>",
}


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE)
def test_what_is_hostile_and_survived_means_the_same_in_a_child(
    parsers: IsolatedParsers, document: str
) -> None:
    body = document.encode()

    assert outcome(parsers, body) == outcome(IN_PROCESS, body)


def test_a_document_that_takes_too_long_is_unreadable_and_the_next_is_read(
    parsers: IsolatedParsers,
) -> None:
    many = rss("<item><title>a</title><link>https://news.example.com/x</link></item>" * 40_000)

    told = outcome(parsers, many.encode())

    assert told == "the feed cannot be parsed: it takes more than 1 seconds of a processor"
    assert "harm" in advice(str(told))
    assert isinstance(outcome(parsers, rss(entry(1)).encode()), Feed)


def test_a_document_for_which_there_is_no_memory_is_unreadable() -> None:
    child = ChildProcess(FEED, Limits(memory=64 * 2**20))
    large = rss(entry(1, text="&lt;p&gt;" * 700_000)).encode()

    told = outcome(IsolatedParsers(lambda: child), large)

    child.close()
    assert isinstance(told, str)
    assert told.startswith("the feed cannot be parsed: ")


@pytest.fixture(scope="module")
def samples() -> list[Path]:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real feeds is not beside this checkout")
    return sorted(each for each in CORPUS.iterdir() if each.suffix != ".json")[::16]


def test_real_feeds_and_their_markup_mean_the_same_in_a_child(samples: list[Path]) -> None:
    child = ChildProcess(FEED, Limits(seconds=60))
    parsers = IsolatedParsers(lambda: child)
    for sample in samples:
        feed = outcome(IN_PROCESS, sample.read_bytes())
        assert outcome(parsers, sample.read_bytes()) == feed, sample.name
        if isinstance(feed, Feed):
            wanted = [
                Markup(whole=each.content_html or each.summary_html, base_url=URL, shown=True)
                for each in feed.entries
            ]
            assert parsers.texts(wanted) == IN_PROCESS.texts(wanted), sample.name
    child.close()


@pytest.mark.parametrize(
    "encoding", ["utf-16", "koi8-r", "shift_jis", "gb18030", "euc_kr", "cp874"]
)
def test_every_encoding_is_at_hand_in_a_child(parsers: IsolatedParsers, encoding: str) -> None:
    title = {"koi8-r": "Привет", "cp874": "สวัสดี", "euc_kr": "안녕"}.get(encoding, "日本")
    body = rss(entry(1, title=title)).replace("utf-8", encoding).encode(encoding)

    feed = outcome(parsers, body)

    assert isinstance(feed, Feed)
    assert feed.entries[0].title == title
    assert feed == outcome(IN_PROCESS, body)


def test_texts_are_what_they_are_in_process(parsers: IsolatedParsers) -> None:
    wanted = [
        SAFE,
        Markup(whole="<p>All of it</p>", summary="<b>In short</b>"),
        Markup(whole="<img src=/a.png alt=A>", base_url=URL, images=Images.NONE, shown=True),
        *(Markup(whole=f"<p>{number}</p>", shown=True) for number in range(200)),
    ]

    texts = parsers.texts(wanted)

    assert texts == IN_PROCESS.texts(wanted)
    assert texts[0] == Texts("Hello", "Hello", "<p>Hello</p>")
    assert texts[1] == Texts("All of it", "In short")
    assert texts[2] == Texts("", "", "A")


def test_a_poison_entry_costs_itself_only(parsers: IsolatedParsers) -> None:
    texts = parsers.texts([SAFE, SAFE, POISON, SAFE])

    why = "its markup cannot be read: it takes more than 1 seconds of a processor"
    hello = Texts("Hello", "Hello", "<p>Hello</p>")
    assert texts == [hello, hello, Unread(why), hello]
    assert parsers.lost > 1


def test_a_document_of_poison_is_given_up_after_two_and_others_are_not() -> None:
    child = ChildProcess("poisoned_operations", Limits(seconds=60))
    parsers = IsolatedParsers(lambda: child)
    crashes = Markup(whole=CRASH)

    texts = parsers.texts([crashes, crashes, crashes, SAFE])

    assert [isinstance(each, Unread) for each in texts] == [True] * 4
    assert texts[2] == Unread("several entries of its document are poison to the parser")
    assert parsers.texts([SAFE, SAFE]) == IN_PROCESS.texts([SAFE, SAFE])
    child.close()


def test_a_run_that_has_lost_its_patience_leaves_the_rest_to_the_next(
    parsers: IsolatedParsers,
) -> None:
    parsers.lost = 20
    later = Unread("too much time went into other documents", later=True)

    assert parsers.texts([SAFE, SAFE]) == [later, later]
    assert isinstance(outcome(parsers, rss(entry(1)).encode()), Feed)


A_FEED = {"url": URL, "format": "RSS 2.0"}


def test_what_feeds_take_is_not_what_entries_may_take() -> None:
    child = ChildProcess("poisoned_operations", Limits(seconds=60))
    parsers = IsolatedParsers(lambda: child)

    told = outcome(parsers, f"<!--{CRASH}-->".encode())

    child.close()
    assert told == "the feed cannot be parsed: its parser crashes (SIGSEGV)"
    assert parsers.lost == 0  # or three such feeds would keep all others' entries away


@pytest.mark.parametrize(("name", "seconds"), [("mirror", 20), (None, 120)])
def test_a_busy_machine_has_longer_than_lambda_where_the_run_itself_would_end(
    monkeypatch: pytest.MonkeyPatch, name: str | None, seconds: float
) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    if name:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", name)

    parsers: Any = feed_parsers()
    limits = parsers.child.__wrapped__().limits

    assert (limits.processor_seconds, limits.seconds) == (5, seconds)


class Liar:
    """A child that was broken into: it says whatever it was made to say."""

    def __init__(self, says: Any) -> None:  # noqa: ANN401 -- any JSON
        self.says = says
        self.closed = 0

    def call(self, *_: object) -> Any:  # noqa: ANN401 -- any JSON
        return self.says

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (lambda p: outcome(p, b"x"), None),
        (lambda p: outcome(p, b"x"), {"url": URL, "format": 3}),
        (lambda p: outcome(p, b"x"), {"url": URL, "format": "", "is_admin": True}),
        (lambda p: outcome(p, b"x"), {"url": URL, "format": "", "ttl": "60"}),
        (lambda p: outcome(p, b"x"), {"url": URL, "format": "", "site_url": "javascript:x"}),
        (lambda p: outcome(p, b"x"), {**A_FEED, "authors": [{"url": "data:text/html,x"}]}),
        (lambda p: outcome(p, b"x"), {**A_FEED, "entries": [{"base_url": URL, "link": "/x"}]}),
        (lambda p: p.texts([SAFE]), [{"texts": {"words": "", "summary": "", "content": "<p x>"}}]),
        (lambda p: p.texts([SAFE]), [[]]),
        (lambda p: p.texts([SAFE]), []),
        (lambda p: p.texts([SAFE]), [{}, {}]),
        (lambda p: p.texts([SAFE]), {"texts": {}}),
        (lambda p: p.rsl("<rsl/>", address=URL), [1]),
        (lambda p: p.rsl("<rsl/>", address=URL), ["rsl-none /\ud800"]),
        (lambda p: p.rsl("<rsl/>", address=URL), ["all-yours /"]),
        (lambda p: p.rsl("<rsl/>", address=URL), ["rsl-none"]),
        (lambda p: p.rsl("<rsl/>", address=URL), ["rsl-none /"] * 101),
        (lambda p: p.shown([TOKEN], b"x"), [None]),
    ],
)
def test_what_is_of_another_type_is_not_believed(
    asked: Callable[[Parsers], Any], says: object
) -> None:
    liar: Any = Liar(says)

    told = asked(IsolatedParsers(lambda: liar))

    match told:
        case str():
            assert "what is no answer" in told
        case [Unread(why=why)]:
            assert "cannot be read: its parser answers" in why
        case _:
            assert not told
    assert liar.closed == 1


class Refuser(Liar):
    """A child that says of everything that it refuses it, as only a feed can be refused."""

    def call(self, *_: object) -> Any:  # noqa: ANN401 -- any JSON
        raise OperationRefusedError("the document is no feed")


def test_only_a_feed_can_be_refused_so_that_nothing_else_ends_a_run() -> None:
    refuser: Any = Refuser(None)
    parsers = IsolatedParsers(lambda: refuser)

    assert outcome(parsers, b"x") == "the document is no feed"
    assert (
        parsers.texts([SAFE, SAFE])
        == [Unread("its markup cannot be read: the document is no feed")] * 2
    )
    assert parsers.rsl("<rsl/>", address=URL) == ()
    assert parsers.shown([TOKEN], b"x") == frozenset()


def test_a_token_is_believed_only_if_it_was_asked_for() -> None:
    liar: Any = Liar([TOKEN, "another"])

    assert IsolatedParsers(lambda: liar).shown([TOKEN], b"x") == {TOKEN}


def test_rules_and_tokens_are_read_in_a_child_too(parsers: IsolatedParsers) -> None:
    rsl = (
        '<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
        '<prohibits type="usage">all</prohibits></license></content></rsl>'
    )
    shows = rss(entry(1), extra=f"<description>{TOKEN}</description>").encode()

    assert parsers.rsl(rsl, address=f"{URL}/") == IN_PROCESS.rsl(rsl, address=f"{URL}/") != ()
    assert parsers.rsl("<rsl", address=URL) == ()
    assert parsers.shown([TOKEN, TOKEN[:-1] + "b"], shows) == IN_PROCESS.shown([TOKEN], shows)


def test_a_machine_that_starts_no_child_is_no_document_s_fault() -> None:
    child = ChildProcess("no_such_module")

    with pytest.raises(ParserUnavailableError):
        outcome(IsolatedParsers(lambda: child), b"<rss/>")


def test_a_child_that_is_killed_between_two_documents_is_replaced(
    parsers: IsolatedParsers, child: ChildProcess
) -> None:
    assert isinstance(outcome(parsers, rss(entry(1)).encode()), Feed)
    assert child.pid is not None

    os.kill(child.pid, signal.SIGKILL)

    assert isinstance(outcome(parsers, rss(entry(1)).encode()), Feed)
