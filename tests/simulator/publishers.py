"""Publishers, their stories, and a fetcher over both: the port that the real fetcher fills.

Every version of a story has a word of its own, which stands in nothing else: what is readable is
known by the words.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import md5

from botocore.exceptions import ClientError, ReadTimeoutError

from feedmirror.ports.fetching import Fetched, FetchFailure, FetchRequest, Unfetched
from simulator.clients import Caller
from world import rss

NEWS, PLANET, FRESH = "news.example.com", "planet.example.net", "fresh.example.org"
FEEDS = (
    f"https://{NEWS}/a.xml",
    f"https://{NEWS}/b.xml",
    f"https://{PLANET}/feed.xml",
    f"https://{FRESH}/feed.xml",
)
A, B, PLANETS, NEW = FEEDS
NAMES = ("ant", "bee", "cat", "dog")
AUTHORS = ("Ann Author", "Bob Beta")
WORD = re.compile(rb"kanarie-([a-z]+)-(\d+)")
_SPELLINGS = (
    "https://{}/{}",
    "http://{}/{}",
    "https://www.{}/{}/",
    "https://{}/{}?utm_source=rss",
    "https://{}/{}#top",
)


@dataclass
class Story:
    """One story as its publisher has it now, and who wrote each of its versions."""

    name: str
    feeds: set[str]
    authors: list[str]  # by version
    host: str = NEWS
    guid: int = 0
    spelling: int = 0

    @property
    def link(self) -> str:
        return _SPELLINGS[self.spelling].format(self.host, self.name)

    @property
    def word(self) -> str:
        return f"kanarie-{self.name}-{len(self.authors) - 1}"

    def words(self, author: str = "") -> set[str]:
        """Return the words of all versions, or of those by one author."""
        return {
            f"kanarie-{self.name}-{number}"
            for number, by in enumerate(self.authors)
            if author in {"", by}
        }

    def entry(self, feed: str) -> str:
        guid = f"planet-{self.name}" if feed == PLANETS else f"{self.name}-{self.guid}"
        return (
            f"<item><title>{self.word}</title><link>{self.link.replace('&', '&amp;')}</link>"
            f"<guid isPermaLink='false'>{guid}</guid><dc:creator>{self.authors[-1]}</dc:creator>"
            f"<description>&lt;p&gt;The text of {self.word}.&lt;/p&gt;</description></item>"
        )


@dataclass
class Publishers:
    """All stories, and which feeds are there."""

    stories: list[Story] = field(default_factory=list)

    def document(self, feed: str) -> bytes | None:
        """Return what a feed's address answers with."""
        if feed not in FEEDS:
            return None
        entries = [story.entry(feed) for story in self.stories if feed in story.feeds]
        return rss(*entries, title=feed).encode()


@dataclass(frozen=True)
class ScriptedFetcher:
    """Asks the publishers as they are when a request is answered."""

    publishers: Publishers
    caller: Caller

    def fetch(self, requests: Iterable[FetchRequest]) -> Iterator[Fetched | Unfetched]:
        """Yield one outcome for each request, in their order."""
        for request in requests:
            yield self._outcome(request)

    def _outcome(self, request: FetchRequest) -> Fetched | Unfetched:
        try:
            return self.caller.call("fetch", request.url, lambda: self._answer(request))[1]
        except ClientError:
            return Fetched(request, 503, request.url)
        except ReadTimeoutError:
            return Unfetched(request, FetchFailure.TIMEOUT, "no answer within 10 s")

    def _answer(self, request: FetchRequest) -> Fetched:
        body = self.publishers.document(request.url)
        if body is None:
            return Fetched(request, 404, request.url)
        etag = f'"{md5(body, usedforsecurity=False).hexdigest()}"'
        headers = {"etag": etag, "content-type": "application/rss+xml"}
        if request.etag == etag:
            return Fetched(request, 304, request.url, headers=headers)
        return Fetched(request, 200, request.url, body, headers)
