"""What an operator writes, or another program wrote for them."""

from collections.abc import Iterator

from builders import a_mirror
from feedmirror.configuration import Configuration, Ended, FeedSettings, Publish
from feedmirror.configuration_file import (
    ConfigurationError,
    parse_configuration,
    write_configuration,
)
from feedmirror.opml import FeedList, OpmlError, read_opml, write_opml
from fuzz.oracles import assert_told, assert_web
from fuzz.target import LINES, TAGS, Target, words

_RIGHT = ("expected", "did you mean", "this is not")  # how an advice begins


def _text(document: bytes) -> str:
    return document.decode("utf-8", "replace")


def _parse(document: bytes) -> Configuration | ConfigurationError:
    try:
        return parse_configuration(_text(document))
    except ConfigurationError as error:
        return error


def check(document: bytes, found: object) -> None:
    """Fail unless a file is read as it is written again, or refused by its lines."""
    if isinstance(found, ConfigurationError):
        lines = _text(document).count("\n") + 1
        assert found.problems
        for problem in found.problems:
            assert 1 <= problem.line <= lines, (problem.line, lines)
            assert_told(problem.wrong)
            assert_told(problem.right)
            assert problem.right.startswith(_RIGHT), problem.right
        return
    assert isinstance(found, Configuration)
    assert found.mirror.name
    assert_web(found.mirror.site)
    for feed in found.feeds:
        assert_web(feed.url)
        assert feed.host
    assert parse_configuration(write_configuration(found)) == found


def check_list(_document: bytes, found: object) -> None:
    """Fail unless a list of feeds is the same once it is written."""
    assert isinstance(found, FeedList)
    assert found.feeds
    for feed in found.feeds:
        assert_web(feed.url)
        assert feed.host
    for line in found.skipped:
        assert_told(line)
    assert read_opml(write_opml(found.feeds, title="x")).feeds == found.feeds


def _refused_list(document: bytes) -> FeedList | None:
    try:
        return read_opml(document)
    except OpmlError as error:
        for line in str(error).split("\n"):
            assert_told(line)
        raise


def _files() -> Iterator[bytes]:
    feeds = (
        FeedSettings(url="https://news.example.com/feed"),
        FeedSettings(
            url="https://feeds.example.net/a",
            site="https://blog.example.org",
            publish=Publish.LINK,
            permission="they wrote us",
            ended=Ended.LINKS,
            max_items=7,
        ),
    )
    whole = Configuration(
        mirror=a_mirror(purpose="for research", shared=("tumblr.com",)), feeds=feeds
    )
    yield write_configuration(whole).encode()
    yield write_configuration(Configuration(mirror=a_mirror(), feeds=())).encode()
    yield b'mirror = {name = "a", site = "https://a.example", contact = "a@b.example"}\n'


def _lists() -> Iterator[bytes]:
    feeds = [FeedSettings(url="https://a.example/f", site="https://b.example/")]
    yield write_opml(feeds, title="A & B")
    yield (
        b'<?xml version="1.0"?>\n<opml version="1.0"><body><outline text="Folder">\n'
        b'<outline title="A & B" xmlUrl="feed://c.example/f?a=1&b=2"/></outline></body></opml>'
    )


TARGETS = (
    Target(
        name="configuration",
        read=_parse,
        check=check,
        seeds=_files,
        tokens=words("configuration"),
        grain=LINES,
        longest=4096,
    ),
    Target(
        name="opml",
        read=_refused_list,
        check=check_list,
        seeds=_lists,
        refuses=(OpmlError,),
        tokens=words("opml"),
        grain=TAGS,
        longest=4096,
    ),
)
