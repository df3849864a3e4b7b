"""Who writes to the mirror, and what each letter asks to go."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from feedmirror.takedowns.casework.cases import case_of_mail
from feedmirror.takedowns.notices import reading_notice
from feedmirror.takedowns.notices.hearing import Hearing, hear
from feedmirror.takedowns.notices.phrases import Table
from simulator.publishers import NEWS, Story
from takedown_world import CONTACT, ses_record

OWNER, WEBMASTER, STRANGER = f"ann@{NEWS}", f"webmaster@{NEWS}", "x@rival.example"
FORGED = f"boss@{NEWS}"  # in whose name somebody else writes


@dataclass(eq=False)
class Letter:
    """One mail that SES stored; what it asks to go, if anything, and what has become of that."""

    ses_id: str
    sender: str
    text: str
    to: str = CONTACT
    story: Story | None = None
    author: str = ""
    host: bool = False
    acknowledged: bool = False
    is_removed: bool = False
    hosts: frozenset[str] = frozenset()  # whose copies it hides so far; none are all
    undoing: bool = False  # somebody takes it back, or time does: nothing is promised any more
    approved: bool = False

    @property
    def case(self) -> str:
        return case_of_mail(self.ses_id)

    @property
    def is_forged(self) -> bool:
        return self.sender == FORGED

    @property
    def asks(self) -> bool:
        return self.story is not None or bool(self.author) or self.host

    def words(self, stories: list[Story]) -> set[str]:
        """Return the words that it asks to go, as the stories now are."""
        found: set[str] = set()
        for story in stories:
            if story is self.story or (self.host and story.host == NEWS):
                found |= story.words()
            elif self.author and story.host == NEWS:
                found |= story.words(self.author)
        return found

    def may_hide(self, story: Story) -> bool:
        """Tell whether it may well hide a story, as far as anybody can tell."""
        return self.host or story is self.story or self.author in story.authors

    def raw(self, now: datetime) -> bytes:
        """Return the mail."""
        return (
            f"From: {self.sender}\r\nTo: {self.to}\r\nSubject: Removal {self.ses_id}\r\n"
            f"Date: {format_datetime(now)}\r\nMessage-ID: <{self.ses_id}@mail.example>\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{self.text}\r\n"
        ).encode()

    def event(self, raw: bytes, now: datetime) -> dict[str, Any]:
        """Return SES's event for it: DMARC passes, unless it is forged."""
        verdicts = {"dmarc": "FAIL", "spf": "FAIL", "dkim": "FAIL"} if self.is_forged else {}
        record = ses_record(self.ses_id, raw, now=now, to=self.to, verdicts=verdicts)
        return {"Records": [record]}


def for_story(ses_id: str, sender: str, story: Story) -> Letter:
    """Ask for one story to go."""
    text = f"Please take down {story.link} now and in the future."
    return Letter(ses_id, sender, text, story=story)


def for_author(ses_id: str, sender: str, author: str) -> Letter:
    """Ask for everything by an author to go."""
    text = f"Please remove all articles by {author} from your mirror of {NEWS}."
    return Letter(ses_id, sender, text, author=author)


def for_host(ses_id: str, sender: str) -> Letter:
    """Ask for a whole site to go."""
    text = f"Please remove our whole site {NEWS} from your mirror, now and in the future."
    return Letter(ses_id, sender, text, host=True)


_heard: dict[tuple[str, tuple[int, ...]], Hearing] = {}


@contextmanager
def heard_once() -> Iterator[None]:
    """Let each text be understood once in a process: that is pure, and takes most of the time."""

    def remembered(text: str, spoken: Sequence[Table]) -> Hearing:
        key = text, tuple(map(id, spoken))  # tables are made once
        if key not in _heard:
            _heard[key] = hear(text, spoken)
        return _heard[key]

    setattr(reading_notice, "hear", remembered)  # noqa: B010 -- its own name for it
    try:
        yield
    finally:
        setattr(reading_notice, "hear", hear)  # noqa: B010 -- as above
