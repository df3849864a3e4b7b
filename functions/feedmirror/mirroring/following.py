"""What a poll means for where its feed is asked next: the moves of ``moves``, among all feeds."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from feedmirror.addresses import coarse_address, host_of, same_origin
from feedmirror.configuration import FeedSettings
from feedmirror.mirroring.changing import changed
from feedmirror.mirroring.entries import Feed
from feedmirror.mirroring.moves import Elsewhere, Found, Move, Sight, followed
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.ports.fetching import Fetched, FetchFailure, Unfetched

_GONE, _NOT_MODIFIED = 410, 304
_READ, _MISSING = {200, 226}, {404, _GONE}
_MOST_PROBLEMS = 20
_NOWHERE = {FetchFailure.NAME, FetchFailure.ADDRESS}


def sight_of(answer: Fetched | Unfetched, before: FeedState, *, url: str, now: datetime) -> Sight:
    """Return what an answer shows of where a feed is, before any document is read."""
    return Sight(
        url=url,
        found=_found(answer, before),
        now=now,
        hops=answer.hops,
        ended=isinstance(answer, Fetched) and answer.status == _GONE,
    )


def read_as(sight: Sight, feed: Feed | None) -> Sight:
    """Return what is seen once the document was read, which may have turned out to be no feed."""
    if feed is None:
        return replace(sight, found=Found.OTHER)
    found = Found.FEED if feed.entries or feed.spans else Found.EMPTY
    return replace(sight, found=found, stated=feed.new_address or "")


def follow(state: FeedState, before: FeedState, sight: Sight, *, elsewhere: Elsewhere) -> FeedState:
    """Return a feed's state after a poll, with what the poll says of its moves.

    Validators are of one address, and left behind with it (rule V3). Where a trial has failed,
    nothing but that is learnt: the feed is where it was.
    """
    move = followed(before.move, sight, elsewhere=elsewhere)
    if has_failed(before.move, move):
        told = f"{before.move.target}, where it is said to have moved, did not bring the feed"
        problems = tuple(dict.fromkeys((*before.problems, told)))[-_MOST_PROBLEMS:]
        return replace(before, move=move, problems=problems)
    if move.asked_at(sight.url) == before.move.asked_at(sight.url):
        return changed(state, move=move)
    moved = replace(state, move=move, etag=None, last_modified=None)
    if not (state.error and move.trial):
        return moved
    # What ended is not the feed, as far as is known, and its new address is not made to wait.
    ended = state.error.partition(";")[0]
    told = f"{ended}; asked next at {move.target}, where it was said to have moved"
    return replace(moved, error=told, failures=before.failures, gone_since=None, gone=False)


def has_failed(before: Move, after: Move) -> bool:
    """Tell whether a poll that tried a new address has not come to believe it."""
    return before.trial and (after.address, after.into) == (before.address, "")


def feeds_by_address(states: Mapping[str, FeedState]) -> dict[str, str]:
    """Return which feed is asked at which address: of several at one, the first of the mapping.

    The others are left to a later run.
    """
    found: dict[str, str] = {}
    for url, state in states.items():
        found.setdefault(state.move.asked_at(url), url)
    return found


def is_limited(address: str, states: Mapping[str, FeedState]) -> bool:
    """Tell whether the host of an address has told any of some feeds 429."""
    host = host_of(address)
    return any(
        state.limited is not None and host_of(state.move.asked_at(url)) == host
        for url, state in states.items()
    )


def polled_at(
    address: str, *, but: str, feeds: Mapping[str, FeedSettings], states: Mapping[str, FeedState]
) -> str:
    """Return the feed, other than one, that is polled at an address already, or "" (rule D6).

    ``feeds`` are the operator's, ``states`` what is known of some of them. A host that the operator
    spells with other letters (RFC 5891) is not recognised.
    """
    unknown = FeedState()
    return next(
        (
            url
            for url in _configured_at(address, feeds, states)
            if url != but and feeds[url].ended is None and not states.get(url, unknown).is_over
        ),
        "",
    )


def settled(
    states: Mapping[str, FeedState], feeds: Mapping[str, FeedSettings]
) -> dict[str, FeedState]:
    """Return the states of a shard's feeds with moves that the configuration allows.

    A feed that has become another one begins anew once that one is polled no more; and it becomes
    another one where the operator has added the address that it is asked at.
    """
    return {
        url: state if state.move == Move() else _settled(state, feeds, states)
        for url, state in states.items()
    }


def _settled(
    state: FeedState,
    feeds: Mapping[str, FeedSettings],
    states: Mapping[str, FeedState],
) -> FeedState:
    into, address, unknown = state.move.into, state.move.address, FeedState()
    if into:
        other = feeds.get(into)
        stays = other is not None and other.ended is None and not states.get(into, unknown).gone
        return state if stays else replace(state, move=Move())
    other = feeds.get(address)
    if other is None or other.ended is not None or states.get(address, unknown).is_over:
        return state
    return replace(state, move=Move(into=address, adopted=state.move.adopted))


def _configured_at(
    address: str, feeds: Mapping[str, FeedSettings], states: Mapping[str, FeedState]
) -> Iterator[str]:
    if address in feeds:
        yield address
    yield from (url for url, state in states.items() if state.move.address == address)
    name, same = urlsplit(address).hostname or "", coarse_address(address)
    bare = name.removeprefix("www.")
    # Of a million addresses few name the host: only those are worth a closer look.
    yield from (url for url, feed in feeds.items() if bare in url.lower() and feed.same == same)


def _found(answer: Fetched | Unfetched, before: FeedState) -> Found:
    """Tell what an answer shows without its document: what is unchanged is as it was known.

    A server that was sent no validators of its own has no say in what has not changed.
    """
    if isinstance(answer, Unfetched):
        return Found.OTHER if answer.failure in _NOWHERE else Found.NOTHING
    if answer.status in _MISSING:
        return Found.MISSING
    if answer.status not in {*_READ, _NOT_MODIFIED}:
        return Found.NOTHING
    was_asked = bool(before.etag or before.last_modified) and same_origin(
        answer.url, answer.request.url
    )
    is_known = answer.status in _READ or was_asked
    return Found.FEED if is_known and before.entries else Found.EMPTY
