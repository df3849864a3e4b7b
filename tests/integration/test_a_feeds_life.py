"""A feed's whole life, seven weeks of it: what its publisher sees, readers see, operators read."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from feedmirror.cli.desk import Desk
from feedmirror.cli.showing_status import print_standing
from feedmirror.cli.status import Look
from feedmirror.configuration import Configuration
from feedmirror.configuration_file import write_configuration
from feedmirror.ports.object_store import Content
from loopback import Answer, Seen
from street import Asked, Street, WokenWorld, dated, validated
from world import SITE, START

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OLD, NEW = "127.0.0.2/feed", "127.0.0.3/feed"
HEADERS = {"noarchive": (("X-Robots-Tag", "noarchive"),)}
DENIED = (
    '<access:restriction xmlns:access="http://www.bloglines.com/about/specs/fac-1.0"'
    ' relationship="deny"/>'
)
LONG = "One more sentence of it. " * 30  # beyond what an excerpt shows
LISTED = 8


class Life:
    """A publisher, and the mirror of it."""

    def __init__(self, street: Street) -> None:
        """Be born, with a history of a few days."""
        self.street, self.world, self.place = street, WokenWorld(street), OLD
        self.posts = [START - n * DAY for n in range(5, 0, -1)]
        self.terms = ""
        self.url = street.serve(OLD, self.document)
        self.world.configure(self.url)
        settings = Configuration(mirror=self.world.mirror, feeds=tuple(self.world.feeds))
        content = Content(write_configuration(settings).encode(), "application/toml")
        self.world.stores.archive.put("config/mirror.toml", content, replaces=None)

    def document(self, seen: Seen) -> Answer:
        """Answer with the feed as of now."""
        shown = [post for post in self.posts if post <= self.world.now][-LISTED:]
        body = dated(shown, site=SITE, more=LONG)
        if self.terms == "deny":
            body = body.replace(b"<item>", f"{DENIED}<item>".encode(), 1)
        return validated(seen, body, *HEADERS.get(self.terms, ()))

    def live(self, span: timedelta, *, every: timedelta | None = None) -> list[Asked]:
        """Let time pass, with a post every so often; return what was asked meanwhile."""
        began, step = self.world.now, every or span
        post = began + step
        while every and post <= began + span:
            self.posts.append(post)
            post += step
        self.world.live(span)
        return [asked for asked in self.street.asked if asked.at >= began]

    def status(self, capsys: pytest.CaptureFixture[str]) -> str:
        """Return what ``feedmirror status`` says."""
        capsys.readouterr()
        clock = lambda: self.world.now  # noqa: E731 -- the world's, at any time
        look = Look(stores=self.world.stores, mail=self.world.mail, clock=clock)
        print_standing(look.run(), Desk(None), everything=True)
        return " ".join(capsys.readouterr().out.split())

    def shown(self) -> list[datetime]:
        """Return the posts that have a page with their title."""
        pages = [page for key, page in self.world.pages().items() if key.count("/") == 2]
        return [post for post in self.posts if any(f"{post:%d %b %H:%M}" in each for each in pages)]

    def missing(self) -> list[datetime]:
        """Return the posts that have no page although they are out for more than a day."""
        due = [post for post in self.posts if post <= self.world.now - 25 * HOUR]
        return sorted(set(due) - set(self.shown()))

    def told_in_full(self) -> int:
        """Return how many pages have the whole text."""
        return sum(page.count("The end.") for page in self.world.pages().values())


@pytest.fixture
def life(monkeypatch: pytest.MonkeyPatch) -> Iterator[Life]:
    monkeypatch.setenv("COLUMNS", "240")
    with Street() as street:
        yield Life(street)


def test_a_feed_from_its_birth_to_its_end(life: Life, capsys: pytest.CaptureFixture[str]) -> None:
    it_is_born_and_busy(life, capsys)
    it_moves(life, capsys)
    it_falls_silent(life, capsys)
    it_fails_for_a_week_and_comes_back(life, capsys)
    it_turns_its_terms_down_and_up(life, capsys)
    it_ends(life, capsys)


def it_is_born_and_busy(life: Life, capsys: pytest.CaptureFixture[str]) -> None:
    asked = life.live(DAY, every=3 * HOUR)

    assert life.missing() == []
    assert all(later.at - earlier.at >= HOUR for earlier, later in pairwise(asked))
    assert {one.status for one in asked} <= {200, 304}
    assert "All well." in life.status(capsys)


def it_moves(life: Life, capsys: pytest.CaptureFixture[str]) -> None:
    """D4, D5, D7."""
    moved = Answer(301, headers=(("Location", life.street.serve(NEW, life.document)),))
    life.street.serve(OLD, moved)
    life.place = NEW
    within = life.live(6 * DAY, every=DAY)
    claimed = life.status(capsys)
    life.live(2 * DAY, every=DAY)
    life.street.serve(OLD, Answer(404))
    after = life.live(DAY, every=DAY)

    assert {one.host for one in within} == {"127.0.0.2", "127.0.0.3"}
    assert {one.host for one in after} == {"127.0.0.3"}
    assert life.missing() == []
    assert len(life.world.records()) == len(life.shown())  # no item twice
    for told in (claimed, life.status(capsys)):
        assert life.street.url(NEW) in told


def it_falls_silent(life: Life, capsys: pytest.CaptureFixture[str]) -> None:
    """S2."""
    weeks = [len(life.live(7 * DAY)) for _ in range(3)]

    assert weeks[0] > weeks[1] > weeks[2] >= 6
    assert weeks[2] <= weeks[0] * 3 / 4
    assert "All well." in life.status(capsys)


def it_fails_for_a_week_and_comes_back(life: Life, capsys: pytest.CaptureFixture[str]) -> None:
    """S5."""
    life.street.serve(life.place, Answer(503, headers=(("Retry-After", "172800"),)))
    stated = life.live(4 * DAY)
    life.street.serve(life.place, Answer(503))
    unstated = life.live(3 * DAY)
    failing = life.status(capsys)
    life.street.serve(life.place, life.document)
    life.live(2 * DAY, every=12 * HOUR)

    assert all(later.at - earlier.at >= 2 * DAY for earlier, later in pairwise(stated))
    assert 1 <= len(unstated) <= 6
    assert "503" in failing
    assert life.world.state(life.url).error == ""
    assert life.missing() == []
    assert "All well." in life.status(capsys)


def it_turns_its_terms_down_and_up(life: Life, capsys: pytest.CaptureFixture[str]) -> None:
    life.live(26 * HOUR)  # what is only just out is got
    before, in_full = life.shown(), life.told_in_full()
    life.terms = "noarchive"
    life.live(DAY)
    cut, cut_pages = life.told_in_full(), life.shown()
    told = life.status(capsys)
    life.terms = "deny"
    life.live(DAY)
    denied = life.shown()
    again = life.status(capsys)
    life.terms = ""
    life.live(2 * DAY)

    assert in_full >= len(before)
    assert (cut, cut_pages) == (0, before)
    assert "noarchive" in told
    assert denied == []
    assert "access:restriction" in again
    # What the feed still lists is there again; what it no longer does was kept for that.
    assert life.shown() == before
    assert life.told_in_full() >= LISTED


def it_ends(life: Life, capsys: pytest.CaptureFixture[str]) -> None:
    """The status table: one confirming fetch, a day later."""
    before = life.shown()
    life.street.serve(life.place, Answer(410))
    asked = life.live(3 * DAY)

    answers = [one for one in asked if one.status == 410]
    assert len(answers) == 2
    assert DAY <= answers[1].at - answers[0].at < DAY + 2 * HOUR
    assert life.shown() == before
    told = life.status(capsys)
    assert "1 feed has ended" in told
    assert "410" in told
