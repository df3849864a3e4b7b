"""A street of publishers, every address of loopback a host of its own, and a mirror that is woken.

Nothing but the clock is the test's own, and nobody sleeps: ``WokenWorld.live`` lets hours or weeks
pass and runs the mirror at each five minutes at which its shard says that something is due.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from feedmirror.adapters.workers import InOrder
from feedmirror.layout import state_key
from feedmirror.mirroring.poll_state import FeedState, state_from_json
from feedmirror.wiring.stores import Stores
from loopback import Answer, Publisher, Seen
from memory_store import MemoryStore
from takedown_world import TakedownWorld
from world import START, Documents

if TYPE_CHECKING:
    from feedmirror.jobs.reports import MirrorReport

WAKE = timedelta(minutes=5)  # the schedule of the mirror function
NEVER = datetime.max.replace(tzinfo=UTC)

Scripted = Answer | Callable[[Seen], Answer]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: when, of which host, how, and what was answered."""

    at: datetime
    host: str
    seen: Seen
    status: int


class Street:
    """Publishers by ``host/path``; who is not at home answers 404.

    ``asked`` is what feeds' hosts were asked, ``beside`` what else: robots.txt, and the like.
    """

    def __init__(self) -> None:
        """Listen at every address of loopback."""
        self.answers: dict[str, Scripted] = {}
        self.asked: list[Asked] = []
        self.beside: list[Asked] = []
        self.clock: Callable[[], datetime] = lambda: START
        everywhere = "0.0.0.0"  # noqa: S104 -- all of 127.0.0.0/8
        self.publisher = Publisher(self._answer, address=everywhere, robots=self._answer)

    def __enter__(self) -> Self:
        """Begin to answer."""
        self.publisher.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Answer no more."""
        self.publisher.__exit__(None, None, None)

    def serve(self, place: str, scripted: Scripted) -> str:
        """Let a host answer so at a path (``127.0.0.3/feed``); return the address."""
        self.answers[place] = scripted
        return self.url(place)

    def url(self, place: str) -> str:
        """Return the address of a place."""
        host, _, path = place.partition("/")
        return self.publisher.url(f"/{path}", host=host)

    def of(self, place: str, *, since: datetime = START) -> list[Asked]:
        """Return what a host was asked at a path, or at any of its feeds."""
        host, _, path = place.partition("/")
        return [
            asked
            for asked in self.asked
            if asked.host == host and asked.at >= since and asked.seen.target in {f"/{path}", path}
        ]

    def _answer(self, seen: Seen) -> Answer:
        host = (seen.header("host") or "").rpartition(":")[0]
        scripted = self.answers.get(f"{host}{seen.target}", Answer(404))
        answer = scripted(seen) if callable(scripted) else scripted
        aside = seen.target == "/robots.txt" or seen.target.startswith("/.well-known/")
        log = self.beside if aside else self.asked
        log.append(Asked(self.clock(), host, seen, answer.status))
        return answer


class WokenWorld(TakedownWorld):
    """A mirror in memory that is woken every five minutes.

    What it hands on to the takedown function is done at once.
    """

    def __init__(
        self, street: Street | Publisher, *, now: datetime = START, stores: Stores | None = None
    ) -> None:
        """Mirror what publishers offer; with the stores of another mirror, as that one goes on."""
        publisher = street if isinstance(street, Publisher) else street.publisher
        documents = Documents.__new__(Documents)
        documents.by_path, documents.publisher = {}, publisher
        fresh = Stores(MemoryStore(), MemoryStore(), MemoryStore(), workers=InOrder())
        super().__init__(Path("memory"), documents, stores=stores or fresh, mail=MemoryStore())
        self.now = now
        self.reports: list[MirrorReport] = []
        if isinstance(street, Street):
            street.clock = lambda: self.now

    def due(self) -> datetime:
        """Return when something is due, by what the shard's object says of itself."""
        head = self.stores.archive.head(state_key(0))
        if head is None:
            return self.now
        told = head.metadata.get("due")
        return datetime.fromisoformat(told) if told else NEVER

    def wake(self) -> None:
        """Run once as the schedule does; a run with nothing due would ask nobody."""
        if self.due() <= self.now:
            self.reports.append(self.run(at_once=False))
            tasks, self.handed.tasks = self.handed.tasks, []
            for task in tasks:
                self.takedowns().do(task, time_left=lambda: self.time_left)

    def live(self, span: timedelta) -> None:
        """Let time pass: woken at its beginning, and at each five minutes at which it is due."""
        ends = self.now + span
        while self.now < ends:
            self.wake()
            idle = min(self.due(), ends) - self.now
            self.now += max(-(-idle // WAKE), 1) * WAKE

    def state(self, url: str) -> FeedState:
        """Return what is known of a feed."""
        found = self.stores.archive.get(state_key(0))
        state = state_from_json(found.content.body) if found else None
        assert state is not None
        return state.feeds[url]


def dated(moments: Iterable[datetime], *, site: str, more: str = "") -> bytes:
    """Return an RSS document of entries at some moments; each is told apart by its moment."""
    entries = "".join(
        f"<item><title>{moment:%d %b %H:%M}</title><link>{site}/{moment:%Y%m%d%H%M}</link>"
        f"<guid>{site}/{moment:%Y%m%d%H%M}</guid><pubDate>{format_datetime(moment)}</pubDate>"
        f"<description>What happened on {moment:%d %B, %H:%M}. {more}The end.</description></item>"
        for moment in sorted(moments, reverse=True)
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>'
        f"<link>{site}/</link>{entries}</channel></rss>"
    ).encode()


def validated(seen: Seen, body: bytes, *headers: tuple[str, str], etag: str = "") -> Answer:
    """Answer with a document and its ETag, or that it is unchanged."""
    etag = etag or f'"{hash(body)}"'
    if seen.header("if-none-match") == etag:
        return Answer(304, headers=(("ETag", etag), *headers))
    return Answer(headers=(("ETag", etag), *headers), body=body)
