"""A month of publishers on loopback, on a clock of the test's own, and what they were asked.

Each feed is a host of its own (127.0.0.x), publishes at times that are drawn once and for all from
its seed, and answers as of ``Month.now``: honouring validators, moving, failing, going for good.
Clients take turns over the same month; what each asked, and when it first had each post, is
written down on the publishers' side, the same way for all.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from itertools import pairwise
from random import Random
from statistics import fmean, median, quantiles
from typing import Self

from loopback import Answer, Publisher, Seen

BEGINS = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday
MONTH = timedelta(days=30)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_HISTORY = 150  # days before the month that feeds have posts of
_SILENT_SINCE = timedelta(days=200)

# When publishers publish, by what 329 feeds of the corpus (../shared/corpus/feeds) say of their
# newest 30 entries each, in the publishers' own time: shares of the hours in thousandths; 11.6 %
# on the full hour, 3.3 % on the half hour, the others at any minute.
# A feed lists 15 entries in the middle, 9 to 25 between the second and the eighth tenth.
_WAKING = (23, 20, 25, 21, 11, 16, 26, 32, 42, 43, 54, 55, 51, 52, 65, 61, 64, 61, 50, 53, 46, 47,
           48, 34)  # fmt: skip
_FULL_HOUR, _HALF_HOUR = 0.116, 0.033
# A newsroom's: most of it between eight and seven, little at night.
_OFFICE = tuple(share if 8 <= hour < 19 else share * 0.15 for hour, share in enumerate(_WAKING))
# What is dated is not in the feed at once: caches, builds, somebody who visits the site.
_LAG = (5, 90)  # seconds

Scripted = Callable[["Feed", datetime], Answer | None]


@dataclass(frozen=True, slots=True)
class Post:
    """One post: when it is dated, and when it is first in the feed."""

    dated: datetime
    appears: datetime


@dataclass(frozen=True, kw_only=True, eq=False)
class Feed:
    """One feed and how it behaves; ``instead`` may answer in its place, by the time.

    A 301 leads to the address that it ``moves_to``, which answers with the document.
    """

    name: str
    address: str
    posts: Sequence[Post]
    lists: int = 15
    size: int = 1500  # bytes of text in each entry
    validators: bool = True
    headers: tuple[tuple[str, str], ...] = ()
    channel: str = ""
    instead: Scripted = lambda _feed, _now: None
    moves_to: str = ""

    def listed(self, now: datetime) -> tuple[int, int]:
        """Return which posts the feed lists: from, and up to, as positions."""
        behind = bisect_right(self.posts, now, key=lambda post: post.appears)
        return max(behind - self.lists, 0), behind

    def answer(self, seen: Seen, now: datetime) -> Answer:
        """Answer a request for the feed as of now."""
        scripted = self.instead(self, now)
        return self.document(seen, now) if scripted is None else scripted

    def document(self, seen: Seen, now: datetime) -> Answer:
        """Answer with the document, or that it is unchanged (RFC 9110 §13.2.2)."""
        first, behind = self.listed(now)
        validators: tuple[tuple[str, str], ...] = ()
        if self.validators:
            etag = f'"{behind}"'
            changed = format_datetime(self.posts[behind - 1].appears, usegmt=True)
            validators = (("ETag", etag), ("Last-Modified", changed))
            asked = seen.header("if-none-match")
            if (asked == etag) if asked else (seen.header("if-modified-since") == changed):
                return Answer(304, headers=(*validators, *self.headers))
        kind = ("Content-Type", "application/rss+xml")
        return Answer(headers=(*validators, *self.headers, kind), body=_rss(self, first, behind))


@lru_cache(maxsize=64)
def _rss(feed: Feed, first: int, behind: int) -> bytes:
    site = f"https://{feed.name}.example.com"
    entries = "".join(
        f"<item><title>{feed.name} {number}</title><link>{site}/{number}</link>"
        f"<guid>{site}/{number}</guid><pubDate>{format_datetime(feed.posts[number].dated)}"
        f"</pubDate><description>{f'Words of {number}. ' * (feed.size // 12)}</description></item>"
        for number in reversed(range(first, behind))
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>{feed.name}</title><link>{site}/</link><description>{feed.name}</description>"
        f"{feed.channel}{entries}</channel></rss>"
    ).encode()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: who asked which feed's host for what, when, and what it got."""

    client: str
    at: datetime
    feed: str
    target: str
    status: int
    size: int


@dataclass(slots=True)
class Month:
    """The publishers, the time, and the table of all that they were asked.

    ``client`` is whose turn it is. A post is had by a client with the first answer that lists it;
    what appears within the last day, and a little, nobody has to have (``patience``).
    """

    feeds: Sequence[Feed]
    begins: datetime = BEGINS
    lasts: timedelta = MONTH
    patience: timedelta = timedelta(hours=25)
    client: str = ""
    asked: list[Asked] = field(default_factory=list)
    had: dict[str, dict[tuple[str, int], datetime]] = field(default_factory=dict)
    now: datetime = field(init=False)
    publisher: Publisher = field(init=False)

    def __post_init__(self) -> None:
        """Listen at every address of loopback: each is a host of its own."""
        self.now = self.begins
        everywhere = "0.0.0.0"  # noqa: S104 -- all of 127.0.0.0/8
        self.publisher = Publisher(self._answer, address=everywhere, robots=self._answer)

    def __enter__(self) -> Self:
        """Begin to answer."""
        self.publisher.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Answer no more."""
        self.publisher.__exit__(None, None, None)

    @property
    def ends(self) -> datetime:
        """When the month is over."""
        return self.begins + self.lasts

    def url(self, feed: Feed) -> str:
        """Return the address that a feed is first known under."""
        return self.publisher.url("/feed", host=feed.address)

    def wakes(self, every: timedelta) -> Iterator[datetime]:
        """Yield each full period of the month, the clock set to it."""
        self.now = self.begins
        while self.now < self.ends:
            yield self.now
            self.now += every

    def _answer(self, seen: Seen) -> Answer:
        host = (seen.header("host") or "").rpartition(":")[0]
        feed = next(feed for feed in self.feeds if host in {feed.address, feed.moves_to})
        answer = Answer(404)
        if seen.target == "/feed":
            moved = host == feed.moves_to
            answer = feed.document(seen, self.now) if moved else feed.answer(seen, self.now)
        if answer.status == 301:
            elsewhere = self.publisher.url("/feed", host=feed.moves_to)
            answer = Answer(301, headers=(("Location", elsewhere),))
        what = (seen.target, answer.status, len(answer.body))
        self.asked.append(Asked(self.client, self.now, feed.name, *what))
        if answer.status == 200:
            had = self.had.setdefault(self.client, {})
            for number in range(*feed.listed(self.now)):
                had.setdefault((feed.name, number), self.now)
        return answer

    def expected(self, name: str = "") -> Iterator[tuple[Feed, int, Post]]:
        """Yield the posts of the month, of one feed or of all, that everybody should have."""
        for feed in self.feeds:
            for number, post in enumerate(feed.posts):
                in_time = self.begins < post.appears < self.ends - self.patience
                if in_time and name in {"", feed.name}:
                    yield feed, number, post

    def figures(self, client: str, name: str = "") -> "Figures":
        """Return what a client cost and what it had of it, of one feed or of all."""
        asked = [one for one in self.asked if one.client == client and name in {"", one.feed}]
        had = self.had.get(client, {})
        posts = [(had.get((feed.name, number)), post) for feed, number, post in self.expected(name)]
        return Figures(
            requests=len(asked),
            statuses=Counter(one.status for one in asked),
            beside=sum(one.target != "/feed" for one in asked),
            size=sum(one.size for one in asked),
            waits=tuple((got - post.dated) / _MINUTE for got, post in posts if got),
            missed=sum(got is None for got, _ in posts),
        )

    def if_asked(self, every: timedelta) -> "Figures":
        """Return what a client would cost that asks each feed once every full period.

        It is for short times, in which the publishers do nothing but publish.
        """
        posts = [post for _, _, post in self.expected()]
        got = [post.appears + (self.begins - post.appears) % every for post in posts]
        return Figures(
            requests=len(self.feeds) * (self.lasts // every),
            waits=tuple((at - post.dated) / _MINUTE for at, post in zip(got, posts, strict=True)),
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """What a client cost, and how long after its date it had each post, in minutes."""

    requests: int
    waits: tuple[float, ...]
    statuses: Mapping[int, int] = field(default_factory=dict)
    beside: int = 0  # of the requests: what is no feed (robots.txt and the like)
    size: int = 0  # bytes of bodies
    missed: int = 0

    @property
    def usual(self) -> float:
        """The median of the waits, in minutes."""
        return median(self.waits) if self.waits else 0.0

    @property
    def mean(self) -> float:
        """The mean of the waits, in minutes."""
        return fmean(self.waits) if self.waits else 0.0

    @property
    def late(self) -> float:
        """What nine of ten waits stay below, in minutes."""
        return quantiles(self.waits, n=10)[-1] if len(self.waits) > 1 else self.usual


def moments(
    random: Random,
    per_day: Sequence[float],
    hours: Sequence[float] = _WAKING,
    *,
    days: int = _HISTORY,
    until: timedelta = MONTH,
) -> list[Post]:
    """Draw posts: so many a day by the weekday (Monday first), at such hours, from before on."""
    posts: list[Post] = []
    for day in range(-days, until // _DAY):
        midnight = BEGINS + day * _DAY
        for _ in range(_poisson(random, per_day[midnight.weekday()])):
            (hour,) = random.choices(range(24), hours)
            kind = random.random()
            minute: float = random.uniform(0, 60)
            if kind < _FULL_HOUR + _HALF_HOUR:
                minute = 0 if kind < _FULL_HOUR else 30
            posts.append(_post(random, midnight + timedelta(hours=hour, minutes=minute)))
    return sorted(posts, key=lambda post: post.appears)


def routine(random: Random, weekdays: Sequence[int], hour: float, *, punctual: float) -> list[Post]:
    """Draw posts of certain days at a certain hour; those that are not punctual come later."""
    posts: list[Post] = []
    for day in range(-_HISTORY, MONTH // _DAY):
        midnight = BEGINS + day * _DAY
        if midnight.weekday() in weekdays:
            late = 0.0 if random.random() < punctual else random.expovariate(1 / 2)
            posts.append(_post(random, midnight + timedelta(hours=hour + min(late, 12))))
    return posts


def _post(random: Random, dated: datetime) -> Post:
    dated = dated.replace(microsecond=0)
    return Post(dated, dated + timedelta(seconds=random.randint(*_LAG)))


def _poisson(random: Random, mean: float) -> int:
    number, passed = 0, random.expovariate(1)
    while passed < mean:
        number, passed = number + 1, passed + random.expovariate(1)
    return number


def _every_day(number: float) -> Sequence[float]:
    return (number,) * 7


def the_feeds(seed: int = 6) -> tuple[Feed, ...]:
    """Return the month's publishers: one of each kind that the corpus and the issues know."""
    random = Random(seed)  # noqa: S311 -- a draw that can be had again
    hours = "".join(f"<hour>{hour}</hour>" for hour in (22, 23, 0, 1, 2, 3, 4, 5))
    awake = tuple(0 if hour >= 22 or hour < 6 else share for hour, share in enumerate(_WAKING))
    long_ago = _post(random, BEGINS - _SILENT_SINCE)
    silent = [Post(long_ago.dated - n * _DAY, long_ago.dated - n * _DAY) for n in range(9, -1, -1)]
    weekdays = (40.0,) * 5 + (12.0,) * 2
    return tuple(
        _ordered(feed)
        for feed in (
            Feed(name="newsroom", address="127.0.0.10", lists=30,
                 posts=moments(random, weekdays, _OFFICE, days=30)),
            Feed(name="magazine", address="127.0.0.11", lists=20, size=4000,
                 posts=moments(random, _every_day(6), _OFFICE, days=60),
                 headers=(("Cache-Control", "max-age=1800"),)),
            Feed(name="daily", address="127.0.0.12", lists=10, size=5000,
                 posts=routine(random, range(7), 7, punctual=0.7)),
            Feed(name="blog", address="127.0.0.13", lists=10, size=5000,
                 posts=moments(random, _every_day(3 / 7))),
            Feed(name="podcast", address="127.0.0.14", lists=25,
                 posts=routine(random, (3,), 5, punctual=0.9)),
            Feed(name="silent", address="127.0.0.15", posts=silent),
            Feed(name="hobby", address="127.0.0.16", posts=moments(random, _every_day(2 / 30))),
            Feed(name="forgetful", address="127.0.0.17", validators=False,
                 posts=moments(random, _every_day(1))),
            Feed(name="sleeper", address="127.0.0.18",
                 posts=moments(random, _every_day(3), awake),
                 channel=f"<ttl>120</ttl><skipHours>{hours}</skipHours>"),
            Feed(name="moved", address="127.0.0.19", moves_to="127.0.0.119",
                 posts=moments(random, _every_day(1)), instead=_moved_on(3)),
            Feed(name="down", address="127.0.0.20", lists=40,
                 posts=moments(random, _every_day(2)), instead=_down_between(10, 17)),
            Feed(name="gone", address="127.0.0.21",
                 posts=moments(random, _every_day(0.5), until=timedelta(days=18)),
                 instead=_gone_on(20)),
        )
    )  # fmt: skip


def _ordered(feed: Feed) -> Feed:
    """Return a feed whose posts stand in the order in which they appear."""
    assert all(one.appears <= other.appears for one, other in pairwise(feed.posts)), feed.name
    return feed


def _moved_on(day: int) -> Scripted:
    return lambda _, now: Answer(301) if now >= BEGINS + day * _DAY else None


def _down_between(first: int, last: int) -> Scripted:
    answer = Answer(503, headers=(("Retry-After", "21600"),))
    return lambda _, now: answer if first * _DAY <= now - BEGINS < last * _DAY else None


def _gone_on(day: int) -> Scripted:
    return lambda _, now: Answer(410) if now >= BEGINS + day * _DAY else None
