"""What an untrusted child process answers: frames to values that the functions act upon.

Whoever breaks into a parser may answer anything, so what is believed is looked at as if a stranger
had said it: it is of its types, goes back as it came, and can be stored and shown.
"""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from unittest.mock import patch

from builders import a_mirror
from feedmirror.adapters.isolation.answers import ReadMarkup
from feedmirror.adapters.isolation.child_process import ChildProcess, ChildUnavailableError, Limits
from feedmirror.adapters.isolation.codec import from_json, to_json
from feedmirror.adapters.isolation.feed_parsers import IsolatedParsers
from feedmirror.adapters.isolation.frames import LENGTHS, frame
from feedmirror.adapters.isolation.mail_reader import IsolatedMailReader
from feedmirror.mirroring.entries import Feed, FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.parsing import Markup, Texts, Unread
from feedmirror.takedowns.reading.understanding import Understanding
from feedmirror.takedowns.reading.understood import MailUnreadableError, Understood
from feedmirror.takedowns.senders.receipt import Receipt, Verdict, mailbox_key
from feedmirror.takedowns.senders.sender import Proof, is_borne_out
from fuzz import of_feeds, of_mails
from fuzz.target import CHUNKS, Target, words
from fuzz.typed import assert_typed, is_of
from signed_mail import Zone

_SOME = 12
_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_LIMITS = Limits(seconds=5, start_seconds=5, answer=2**20)
_ASKED = Markup(whole="<p>x</p>", base_url=of_feeds.URL, shown=True)
_TOKENS = ("feedmirror-takedown=a", "feedmirror-takedown=b")
_RECEIPT = Receipt(
    ses_id="one",
    received=_NOW,
    from_keys=(mailbox_key("ann@news.example"),),
    dkim=Verdict.PASS,
    dmarc=Verdict.GRAY,
)


class _Said:
    """A process that has said all that it ever says, and waits for nothing."""

    pid = 0

    def __init__(self, said: bytes) -> None:
        """Put before it that the child is ready."""
        self.stdin = Path(os.devnull).open("wb", buffering=0)  # noqa: SIM115 -- as below
        self.stdout = TemporaryFile(buffering=0)  # noqa: SIM115 -- closed as a process's is
        self.stdout.write(frame({"ready": ""}) + said)
        self.stdout.seek(0)

    def poll(self) -> int | None:
        """Return that it runs."""
        return None

    def wait(self, timeout: float | None = None) -> int:  # noqa: ARG002 -- as a process has it
        """Return that it ended well."""
        return 0

    def kill(self) -> None:
        """Be ended."""


@dataclass(frozen=True, slots=True)
class Believed:
    """What is believed of an answer, by each who might have asked for it: None is nothing."""

    feed: Feed | None
    texts: Texts | None
    rules: tuple[str, ...]
    shown: frozenset[str]
    mail: Understood | None

    @property
    def anything(self) -> bool:
        """Whether anybody believed it."""
        return any((self.feed, self.texts, self.rules, self.shown, self.mail))


class NobodyError(Exception):
    """Nobody believes it."""


def read(said: bytes) -> Believed:
    """Give what a child says to everybody who asks one, by a pipe."""

    def child() -> ChildProcess:
        return ChildProcess("nothing", _LIMITS)

    with patch.object(subprocess, "Popen", lambda *_, **__: _Said(said)):
        (text,) = IsolatedParsers(child).texts([_ASKED])
        believed = Believed(
            _feed(IsolatedParsers(child)),
            None if isinstance(text, Unread) else text,
            IsolatedParsers(child).rsl("", address=of_feeds.URL),
            IsolatedParsers(child).shown(_TOKENS, b""),
            _mail(IsolatedMailReader(child(), a_mirror(), Zone({}))),
        )
    if not believed.anything:
        raise NobodyError
    return believed


def _feed(parsers: IsolatedParsers) -> Feed | None:
    try:
        return parsers.feed(b"", url=of_feeds.URL, content_type="")
    except FeedUnreadableError:
        return None


def _mail(reader: IsolatedMailReader) -> Understood | None:
    try:
        return reader.read(b"", _RECEIPT, judged=_NOW)
    except MailUnreadableError:
        return None


def read_head(head: bytes) -> Believed:
    """Read an answer of which only what it says is to be doubted, not its frame."""
    return read(LENGTHS.pack(len(head), 0) + head)


def check(_said: bytes, believed: object) -> None:
    """Fail unless all that is believed is what it is said to be, and breaks nothing."""
    assert isinstance(believed, Believed)
    for value in (believed.feed, believed.texts, believed.mail):
        if value is not None:
            assert_typed(value)
            assert from_json(type(value), to_json(value)) == value
    assert is_of(believed.rules, tuple[str, ...])
    assert is_of(believed.shown, frozenset[str])
    assert believed.shown <= {*_TOKENS}
    if believed.texts is not None:
        of_feeds.check_texts(believed.texts)
    if believed.feed is not None:
        of_feeds.check(b"", of_feeds.mirrored(believed.feed))
    if believed.mail is not None:
        _check_mail(believed.mail)


def _check_mail(mail: Understood) -> None:
    of_mails.check_message(mail.message)
    of_mails.check_words(b"", mail.notice)
    of_mails.check_words(b"", mail.in_words)
    assert is_borne_out(mail.sender, _RECEIPT)
    assert mail.sender.proof in {Proof.NONE, Proof.DKIM}


def _heads() -> Iterator[bytes]:
    for result in _results():
        said = frame({"result": to_json(result), "last": False})
        yield said[LENGTHS.size :]
    yield b'{"refused": "the document is no feed"}'
    yield b'{"failed": "KeyError()", "last": true}'


def _results() -> Iterator[object]:
    for document in islice(of_feeds.documents(), _SOME):
        yield parse_feed(document, url=of_feeds.URL)
    markup = of_feeds.cleaned(b"<p>A <a href=/b title=c>b</a> <img src=https://a.example/b.png>")
    yield (ReadMarkup(Texts("A b", "A b", markup)),)
    yield (ReadMarkup(why="KeyError()"),)
    yield ("/2026/* ai-train",)
    yield _TOKENS
    reader = Understanding(a_mirror(), Zone({}))
    for mail in islice(of_mails.seeds(), _SOME):
        yield reader.read(mail, _RECEIPT, judged=_NOW)


def _frames() -> Iterator[bytes]:
    for head in _heads():
        yield LENGTHS.pack(len(head), 0) + head
    yield frame({"ask": ["txt", "a._domainkey.news.example"]}) + frame({"result": []})


TARGETS = (
    Target(
        name="answers",
        read=read_head,
        check=check,
        seeds=_heads,
        refuses=(NobodyError,),
        tokens=words("answers"),
        longest=4096,
    ),
    Target(
        name="frames",
        read=read,
        check=check,
        seeds=_frames,
        refuses=(NobodyError, ChildUnavailableError),
        tokens=words("answers"),
        longest=4096,
        grain=CHUNKS,
    ),
)
