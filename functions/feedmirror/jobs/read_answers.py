"""One answer to a poll, read: what it means for its feed, and what it brings to be stored."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from feedmirror.addresses import same_origin
from feedmirror.jobs.absences import Absences
from feedmirror.jobs.follow_moves import FollowMoves
from feedmirror.jobs.look_for_tokens import TokenSearch
from feedmirror.jobs.marked_documents import Document, heed, set_aside
from feedmirror.jobs.slots import Delivery
from feedmirror.jobs.withdrawals import HandOn
from feedmirror.layout import ItemId
from feedmirror.mirroring.changing import changed
from feedmirror.mirroring.entries import Feed, FeedUnansweredError, FeedUnreadableError
from feedmirror.mirroring.following import has_failed, read_as, sight_of
from feedmirror.mirroring.following_terms import Polled, after_answer, read_terms
from feedmirror.mirroring.items import Draft
from feedmirror.mirroring.listing import Document as Listed
from feedmirror.mirroring.moves import Sight
from feedmirror.mirroring.parsing import Parsers, ParserUnavailableError
from feedmirror.mirroring.planning import Circumstances
from feedmirror.mirroring.poll_state import EntryState, FeedState
from feedmirror.mirroring.polling import (
    News,
    Poll,
    document_digest,
    read_answer,
    unreadable,
)
from feedmirror.mirroring.reading import Reading, read_entries, read_new_entries, standing
from feedmirror.mirroring.spans import digests_of
from feedmirror.mirroring.terms import Stated
from feedmirror.ports.fetching import Fetched, Unfetched
from feedmirror.ports.object_store import StoreUnavailableError

if TYPE_CHECKING:
    from feedmirror.mirroring.entry_terms import FeedTerms

_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Read:
    """One feed's document, read, and what is needed to remember it."""

    before: FeedState
    last: FeedState  # as the attempt before this one left it
    poll: Poll
    feed: Feed
    reading: Reading
    stated: Stated
    delivery: Delivery

    @property
    def is_whole(self) -> bool:
        """Whether it is no delta, and is not damaged: what it leaves out is not there."""
        return _is_whole(self.feed, self.poll)


@dataclass(slots=True, kw_only=True)
class ReadAnswers:
    """Reads the answers of one run; what is wrong with one stays with its feed.

    ``known`` are the feeds' states as they were before the lease, ``by_host`` the feeds of each
    host, ``gone`` those that own no item any more, and ``states`` what becomes of those polled.
    """

    parsers: Parsers
    tokens: TokenSearch
    hand_on: HandOn
    moves: FollowMoves
    absences: Absences
    known: Mapping[str, FeedState]
    by_host: Mapping[str, frozenset[str]]
    gone: frozenset[str]
    states: dict[str, FeedState]
    clock: Callable[[], datetime]
    unchanged: int = 0
    changed: int = 0

    def run(self, polled: Polled, answer: Fetched | Unfetched) -> Read | None:
        """Read one answer; None if it brings nothing to store.

        Raises StoreUnavailableError and ParserUnavailableError.
        """
        url, before, now = polled.settings.url, polled.before, self.clock()
        sight = sight_of(answer, before, url=url, now=now)
        try:
            poll = read_answer(answer, before, now=now, limited=self.moves.is_limited(answer))
            state = changed(poll.state, landed=_landed(answer, before))
            poll = changed(poll, state=state)
            if poll.news is not News.DOCUMENT or not isinstance(answer, Fetched):
                state = self._without_document(polled, answer, poll)
                self.states[url] = self.moves.run(state, before, sight)
                return None
            return self._with_document(polled, answer, poll, sight=sight)
        except (ParserUnavailableError, StoreUnavailableError):
            raise
        except Exception as error:  # noqa: BLE001 -- one feed's failure, of any kind, is its own
            told = _told(error, answer, before)
            self.states[url] = self.moves.run(told, before, read_as(sight, None))
            return None

    def _without_document(
        self, polled: Polled, answer: Fetched | Unfetched, poll: Poll
    ) -> FeedState:
        """Return a feed's state after an answer that brought nothing new, or failed."""
        if poll.news is not News.NOTHING or not isinstance(answer, Fetched):
            return poll.state
        self.unchanged += 1
        repeats = answer.status == _NOT_MODIFIED
        state = after_answer(poll.state, answer.headers, settings=polled.settings, repeats=repeats)
        plain = not (answer.hops or polled.before.move.trial)
        self.absences.unchanged(polled.settings, polled.before, plain=plain)
        return set_aside(state, now=self.clock()) if polled.before.refusal.feed else state

    def _with_document(
        self, polled: Polled, answer: Fetched, poll: Poll, *, sight: Sight
    ) -> Read | None:
        """Read a document, unless it is of an address that proves to be none of the feed's."""
        settings, before = polled.settings, polled.before
        self._look_for_tokens(polled, poll)
        feed, terms, reading = self._entries(polled, answer, poll)
        whole = _is_whole(feed, poll)
        poll = replace(poll, state=self.moves.run(poll.state, before, read_as(sight, feed)))
        self.states[settings.url] = poll.state
        if has_failed(before.move, poll.state.move):
            return None
        if before.move.into and poll.state.move.into:  # what it has become brings the same
            self.states[settings.url] = poll.state.forgetting_body()
            return None
        self.changed += 1
        document = Document(feed, reading, settings, whole=whole)
        poll = replace(poll, state=heed(document, poll.state, before, hand_on=self.hand_on))
        if feed.refused or poll.state.refusal.feed:
            self.states[settings.url] = set_aside(poll.state, now=self.clock())
            return None
        plain = not (poll.partial or answer.hops or before.move.trial)
        held = self.absences.read(settings, before, Listed(feed, reading, plain=plain))
        last = self.known.get(settings.url) or FeedState()
        delivery = self._delivery(document, before, held)
        return Read(before, last, poll, feed, reading, terms.stated, delivery)

    def _look_for_tokens(self, polled: Polled, poll: Poll) -> None:
        url, move = polled.settings.url, polled.before.move
        # What another domain shows is no proof of this one's, wherever the feed has moved.
        foreign = move.trial or move.leaves_domain_of(url)
        self.tokens.read(url, b"" if foreign else poll.body, self.parsers)

    def _entries(
        self, polled: Polled, answer: Fetched, poll: Poll
    ) -> tuple[Feed, "FeedTerms", Reading]:
        """Read what is new in a document, or all of it; raises FeedUnreadableError."""
        settings, before = polled.settings, polled.before
        if before.unread and before.unread == document_digest(answer):
            raise FeedUnreadableError(before.error)  # as a parser has said of the same document
        known = {} if poll.partial else standing(before, settings.url)
        feed = self._parsed(answer, poll, None if poll.partial else known.keys())
        digests = digests_of(poll.body, feed.spans)
        terms = read_terms(polled, feed, answer.headers, whole=_is_whole(feed, poll))
        if feed.is_partly_read:
            reading = read_new_entries(
                feed, state=before, terms=terms, digests=digests, known=known
            )
            if reading is not None:
                return feed, terms, reading
            feed = self._parsed(answer, poll, frozenset())
            digests = digests_of(poll.body, feed.spans)
            terms = read_terms(polled, feed, answer.headers, whole=_is_whole(feed, poll))
        reading = read_entries(feed, settings=settings, state=before, terms=terms, digests=digests)
        return feed, terms, reading

    def _parsed(self, answer: Fetched, poll: Poll, known: Collection[str] | None) -> Feed:
        """Parse a document, as far as it is not known; raises FeedUnreadableError."""
        content_type = answer.headers.get("content-type", "")
        feed = self.parsers.feed(poll.body, url=answer.url, content_type=content_type, known=known)
        if feed.damaged and not feed.entries:
            raise FeedUnreadableError("the document breaks off before its first entry")
        return feed

    def _delivery(
        self, document: Document, before: FeedState, held: Collection[ItemId]
    ) -> Delivery:
        """Return what is to be stored of a document; what is ``held`` back is not."""
        settings = document.settings
        others = self.by_host[settings.host] - {settings.url}
        unseen = _unseen(document.reading, before)
        return Delivery(
            settings=settings,
            drafts=tuple(draft for draft in unseen if draft.id not in held),
            entries=before.entries,
            # What another feed of the host brought is there, though this one does not know it.
            trusted=bool(before.entries) and not others,
            around=Circumstances(document.feed.damaged, others - self.gone),
            floor=before.look.floor,
        )


def _told(error: Exception, answer: Fetched | Unfetched, before: FeedState) -> FeedState:
    """Return the state of a feed whose answer could not be read, and whether it ever can."""
    if not isinstance(error, FeedUnreadableError):
        return unreadable(before, f"could not be read: {error!r}")
    if isinstance(answer, Unfetched) or isinstance(error, FeedUnansweredError):
        return unreadable(before, str(error))
    return unreadable(before, str(error), document=document_digest(answer))


def _is_whole(feed: Feed, poll: Poll) -> bool:
    return not (poll.partial or feed.damaged)


def _landed(answer: Fetched | Unfetched, before: FeedState) -> str:
    """Return where redirects ended, if that is of another origin than what was asked."""
    if isinstance(answer, Unfetched):
        return before.landed
    return "" if same_origin(answer.url, answer.request.url) else answer.url


def _unseen(reading: Reading, before: FeedState) -> tuple[Draft, ...]:
    """Return the drafts that are not as they were last seen, and of which anything may be shown."""
    never = EntryState()
    return tuple(
        draft
        for draft in reading.drafts
        if before.entries.get(draft.id, never).fingerprint != draft.fingerprint
        and draft.may_be_stored
    )
