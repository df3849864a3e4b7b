"""Feeds and their markup, parsed in a child process; what kills the child costs only itself."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from feedmirror.adapters.isolation.frames import Json
from feedmirror.mirroring.entries import Feed, FeedUnansweredError, FeedUnreadableError
from feedmirror.mirroring.parsing import Markup, ParserUnavailableError, Texts, Unread

if TYPE_CHECKING:
    from feedmirror.adapters.isolation.child_process import ChildProcess

T = TypeVar("T")

_TOGETHER = 64  # entries of one call, so that a call is nothing beside its work
_MOST_TOGETHER = 300_000  # characters of them: cleaned in a tenth of what a call may take
_MOST_POISON = 2  # entries of one document; with more it is no accident
_PATIENCE = 20.0  # seconds that one run loses to entries before it leaves the others to the next


class NoAnswerError(Exception):
    """The child has no answer that can be used; the message says why."""


class RefusedDocumentError(NoAnswerError):
    """The child refuses what it was given, in words that may be the answer themselves."""


@dataclass(slots=True)
class IsolatedParsers:
    """The parsers of one run, in a child process that runs may share.

    All but :meth:`feed` never raise for what they are given; whatever is asked for,
    ParserUnavailableError is raised if no child can be started. ``lost`` are the seconds that went
    into entries that came to nothing.
    """

    child: "Callable[[], ChildProcess]"
    lost: float = 0

    def feed(
        self,
        document: bytes,
        *,
        url: str,
        content_type: str,
        known: Collection[str] | None = None,
    ) -> Feed:
        """Read a feed that came from an address; raises FeedUnreadableError.

        Entries of which the bytes' digests are ``known`` may be left unread; None says that nobody
        asks where entries lie.
        """
        from feedmirror.mirroring.stand_ins import read_without_known  # noqa: PLC0415 -- most polls bring no document

        def read(document: bytes, known: Collection[str] | None) -> Feed:
            return self._read(document, url=url, content_type=content_type, known=known)

        return read_without_known(document, content_type=content_type, known=known, read=read)

    def _read(
        self, document: bytes, *, url: str, content_type: str, known: Collection[str] | None
    ) -> Feed:
        from feedmirror.adapters.isolation.vouching import objection  # noqa: PLC0415 -- see above
        from feedmirror.adapters.isolation.vouching_spans import objection_to_spans  # noqa: PLC0415 -- see above

        digests = None if known is None else sorted(known)
        arguments: Json = {"url": url, "content_type": content_type, "known": digests}
        try:
            feed = self.called(Feed, "feed", arguments, body=document)
            if against := objection(feed) or objection_to_spans(feed, document, known):
                raise self.no_answer(against)
        except RefusedDocumentError as error:
            raise FeedUnreadableError(str(error)) from error
        except NoAnswerError as error:
            raise FeedUnansweredError(f"the feed cannot be parsed: {error}") from error
        return feed

    def texts(self, markups: Sequence[Markup]) -> Sequence[Texts | Unread]:
        """Read the markup of one document's entries, in their order.

        Where several were the end of a child, each is tried alone, until two of the document have
        been. What costs a run more than twenty seconds in all is left to the next one.
        """
        document = _Document(self)
        return [text for batch in _batches(markups) for text in document.read(batch)]

    def rsl(self, text: str, *, address: str) -> tuple[str, ...]:
        """Return the rules of an RSL document for the host of an address; none if unreadable."""
        from feedmirror.adapters.isolation.vouching import are_own_rules  # noqa: PLC0415 -- see above

        arguments = {"address": address}
        try:
            rules = self.called(tuple[str, ...], "rsl", arguments, body=text.encode())
            if not are_own_rules(rules):
                raise self.no_answer("a rule that nobody follows")
        except NoAnswerError:
            return ()
        return rules

    def shown(self, tokens: Sequence[str], document: bytes) -> frozenset[str]:
        """Return which tokens a feed shows where its publisher speaks of the feed itself."""
        try:
            found = self.called(frozenset[str], "shown", [*tokens], body=document)
        except NoAnswerError:
            return frozenset()
        return found & {*tokens}

    def called(self, kind: type[T], operation: str, arguments: Json, *, body: bytes = b"") -> T:
        """Have the child do something, and return what it says, if that is of a type.

        Raises NoAnswerError and ParserUnavailableError.
        """
        from feedmirror.adapters.isolation import child_process, codec  # noqa: PLC0415 -- most polls bring no document

        try:
            return codec.from_json(kind, self.child().call(operation, arguments, body))
        except child_process.ChildUnavailableError as error:
            raise ParserUnavailableError(str(error)) from error
        except child_process.OperationRefusedError as error:
            raise RefusedDocumentError(str(error)) from error
        except (child_process.ChildDiedError, child_process.OperationFailedError) as error:
            raise NoAnswerError(str(error)) from error
        except codec.CodecError as error:
            raise self.no_answer(str(error)) from error

    def no_answer(self, what: str) -> NoAnswerError:
        """Return that what the child says is not believed; nor is anything that it would say."""
        self.child().close()
        return NoAnswerError(f"its parser answers what is no answer: {what}")


@dataclass(slots=True)
class _Document:
    """The entries of one document, of which some may be poison."""

    parsers: IsolatedParsers
    poison: int = 0

    def read(self, batch: Sequence[Markup]) -> Sequence[Texts | Unread]:
        """Read some entries, together if that goes well."""
        if len(batch) > 1 and self.poison < _MOST_POISON and self.parsers.lost < _PATIENCE:
            with suppress(NoAnswerError):
                return self._timed(batch)
        return [self._alone(markup) for markup in batch]

    def _timed(self, batch: Sequence[Markup]) -> Sequence[Texts | Unread]:
        began = time.monotonic()
        try:
            return self._together(batch)
        except NoAnswerError:
            self.parsers.lost += time.monotonic() - began
            raise

    def _together(self, batch: Sequence[Markup]) -> Sequence[Texts | Unread]:
        from feedmirror.adapters.isolation.answers import ReadMarkup  # noqa: PLC0415 -- see above
        from feedmirror.adapters.isolation.codec import to_json  # noqa: PLC0415 -- see above
        from feedmirror.adapters.isolation.vouching import is_as_asked  # noqa: PLC0415 -- see above

        found = self.parsers.called(tuple[ReadMarkup, ...], "texts", to_json(batch))
        if len(found) != len(batch):
            raise self.parsers.no_answer("as many as were not asked for")
        read = zip((each.texts for each in found), batch, strict=True)
        if not all(texts is None or is_as_asked(texts, markup) for texts, markup in read):
            raise self.parsers.no_answer("markup that is not ours")
        return [each.texts or Unread(_UNREADABLE + each.why) for each in found]

    def _alone(self, markup: Markup) -> Texts | Unread:
        if self.poison >= _MOST_POISON:
            return Unread("several entries of its document are poison to the parser")
        if self.parsers.lost >= _PATIENCE:
            return Unread("too much time went into other documents", later=True)
        try:
            return self._timed([markup])[0]
        except NoAnswerError as error:
            self.poison += 1
            return Unread(_UNREADABLE + str(error))


_UNREADABLE = "its markup cannot be read: "


def _batches(markups: Sequence[Markup]) -> Iterator[Sequence[Markup]]:
    """Yield the entries by the handful, none with too much markup unless it is one alone."""
    batch: list[Markup] = []
    size = 0
    for markup in markups:
        more = len(markup.whole) + len(markup.summary)
        if batch and (len(batch) == _TOGETHER or size + more > _MOST_TOGETHER):
            yield batch
            batch, size = [], 0
        batch.append(markup)
        size += more
    if batch:
        yield batch
