"""What an answer to a poll means (the status table of RFC 9110 §15, as feeds use it).

Validators are kept from every 200, also where the body is the one that is known, and are only
committed with everything else at the end of a run (rules V1-V3).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, auto

from feedmirror.addresses import digest
from feedmirror.mirroring.changing import changed
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.schedule import LONGEST_HINT
from feedmirror.ports.fetching import Fetched, FetchRequest, Unfetched
from feedmirror.version import VERSION

_STORABLE = re.compile(r"[\x20-\x7e]{1,512}")
_MAX_AGE = re.compile(r"(?<![\w-])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_NOT_CACHED = re.compile(r"(?<![\w-])no-(cache|store)(?![\w-])", re.IGNORECASE)
CONFIRMED_AFTER = timedelta(days=1)  # what is gone is asked once more
_HOUR = timedelta(hours=1)
_LONGEST_RETRY = timedelta(days=31)
_FORBIDDEN, _TOO_MANY, _UNAVAILABLE = 403, 429, 503
_PAUSES = {_TOO_MANY, _UNAVAILABLE}
_SERVER = 500  # and above: the server's own trouble


class News(Enum):
    """What a poll brought."""

    DOCUMENT = auto()
    NOTHING = auto()
    FAILURE = auto()


@dataclass(frozen=True, slots=True)
class Poll:
    """What to make of one answer: the feed's next state, and the body if there is one to read."""

    news: News
    state: FeedState
    body: bytes = b""
    partial: bool = False  # a delta (226): what it leaves out is not gone


def conditional_request(url: str, state: FeedState) -> FetchRequest:
    """Return the request that sends the stored validators back as they came (rule V1).

    It goes to where the feed that is configured at an address is asked now (rule D7).
    """
    address = state.move.asked_at(url)
    if state.attempted is not None and state.rhythm.whole == state.attempted:
        return FetchRequest(address)  # the lease says that it is read whole this time (rule V2)
    return FetchRequest(address, etag=state.etag, last_modified=state.last_modified)


def read_answer(
    answer: Fetched | Unfetched, state: FeedState, *, now: datetime, limited: bool = False
) -> Poll:
    """Interpret one outcome of a poll for the feed whose state is given.

    ``limited`` says that the host has told another feed 429: some say 403 where they mean that, as
    Reddit does, and do so only after they have said it. What ends by 410 is asked once more, a day
    later, before it counts as gone.
    """
    if isinstance(answer, Unfetched):
        return failed(state, f"{answer.failure}: {answer.detail}")
    match answer.status:
        case 200 | 226:
            return _read_body(answer, state, now=now)
        case 304:
            kept = _with_validators(state, answer.headers, otherwise=state)
            return Poll(News.NOTHING, _well(kept, _hint(answer.headers, now, state.hint)))
        case 410:
            return _gone(state, now)
        case status if status in _PAUSES or (status == _FORBIDDEN and (limited or state.limited)):
            return _held_off(answer, state, now)
        case status:
            still = state.limited if status >= _SERVER else None
            return failed(replace(state, limited=still), f"the publisher answers {status}")


def failed(state: FeedState, error: str) -> Poll:
    """Return the outcome of a poll that failed: the error is kept with the feed, in words."""
    state = replace(state, failures=state.failures + 1, error=error, unread="")
    return Poll(News.FAILURE, state)


def unreadable(state: FeedState, error: str, *, document: str = "") -> FeedState:
    """Return the state of a feed whose document could not be read; the next poll fetches it anew.

    It is read anew as well, unless it is a ``document`` that is known by its digest to be no feed.
    """
    return replace(failed(state.forgetting_body(), error).state, unread=document)


def document_digest(answer: Fetched) -> str:
    """Return what an answer's document is known by, to a parser of this version."""
    content_type = answer.headers.get("content-type", "")
    return digest("document", VERSION, content_type, _hash(answer.body))


def retry_after(value: str, *, now: datetime) -> datetime | None:
    """Read Retry-After, in seconds or as a date (RFC 9110 §10.2.3), capped at 31 days."""
    try:
        later = (
            now + timedelta(seconds=int(value))
            if value.strip().isdigit()
            else parsedate_to_datetime(value)
        )
    except (ValueError, OverflowError):
        return None
    later = later.replace(tzinfo=later.tzinfo or UTC)
    return min(max(later, now), now + _LONGEST_RETRY)


def _gone(state: FeedState, now: datetime) -> Poll:
    """Believe a 410 once it has been said twice: servers in trouble have said it by mistake."""
    since = state.gone_since or state.attempted or now
    is_sure = state.gone or now - since >= CONFIRMED_AFTER
    then = "it is polled no more" if is_sure else "asked once more in a day"
    poll = failed(state, f"410 Gone: the publisher has ended this feed; {then}")
    return replace(
        poll, state=replace(poll.state, gone=is_sure, gone_since=None if is_sure else since)
    )


def _held_off(answer: Fetched, state: FeedState, now: datetime) -> Poll:
    """Leave the publisher alone for as long as it asks; 503 is of this feed, and no limit."""
    means = f"{_TOO_MANY}, said as {_FORBIDDEN}" if answer.status == _FORBIDDEN else answer.status
    poll = failed(state, f"{means}: the publisher asks to be left alone for a while")
    later = retry_after(answer.headers.get("retry-after", ""), now=now)
    limited = state.limited if answer.status == _UNAVAILABLE else state.limited or now
    return replace(poll, state=replace(poll.state, not_before=later, limited=limited))


def _read_body(answer: Fetched, state: FeedState, *, now: datetime) -> Poll:
    body_hash = _hash(answer.body)
    fresh = _with_validators(state, answer.headers, otherwise=FeedState())
    fresh = _well(fresh, _hint(answer.headers, now, 0))
    partial = answer.status == 226  # noqa: PLR2004 -- "IM Used", RFC 3229 §10.4.1
    if not partial:
        fresh = changed(fresh, unvalidated=not (fresh.etag or fresh.last_modified))
    if body_hash == state.body_hash and not partial:
        return Poll(News.NOTHING, fresh)
    kept = state.body_hash if partial else body_hash
    return Poll(News.DOCUMENT, changed(fresh, body_hash=kept), answer.body, partial)


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def validator_in(headers: Mapping[str, str], name: str) -> str:
    """Return a validator of an answer as it came (rule V1), or "" if there is none to send back.

    What is no printable ASCII, or is over 512 characters long, could not be sent as it is.
    """
    stated = headers.get(name, "")
    return stated if _STORABLE.fullmatch(stated) else ""


def without_frozen(state: FeedState, before: FeedState) -> FeedState:
    """Return a feed's state once new entries came: a validator that is the old one is frozen.

    It would be answered by 304 whatever comes, so it is not sent again (rule V2). An ETag is looked
    at alone, as servers do (RFC 9110 §13.2.2).
    """
    if state.etag and state.etag == before.etag:
        state = replace(state, frozen=state.etag, etag=None)
    elif not state.etag and state.last_modified and state.last_modified == before.last_modified:
        state = replace(state, frozen=state.last_modified, last_modified=None)
    return replace(state, unvalidated=not (state.etag or state.last_modified))


def _well(state: FeedState, hint: int) -> FeedState:
    return changed(
        state,
        failures=0,
        error="",
        unread="",
        gone=False,
        gone_since=None,
        limited=None,
        not_before=None,
        hint=hint,
    )


def _hint(headers: Mapping[str, str], now: datetime, otherwise: int) -> int:
    """Return the seconds that an answer is fresh for (RFC 9111 §4.2.1), in whole hours.

    What a cache counts down is so no news, and no write (promise P6). Of an answer that says
    nothing of it the ``otherwise`` holds.
    """
    control, expires = headers.get("cache-control", ""), headers.get("expires")
    if not control and expires is None:
        return otherwise
    stated = _MAX_AGE.search(control)
    if _NOT_CACHED.search(control):
        fresh = timedelta(0)
    elif stated:  # it beats Expires (RFC 9111 §5.3)
        fresh = timedelta(seconds=int(stated[1]))
    else:
        fresh = _until(expires, since=headers.get("date"), now=now)
    return min(max(fresh, timedelta(0)), LONGEST_HINT) // _HOUR * 3600


def _until(expires: str | None, *, since: str | None, now: datetime) -> timedelta:
    """Return the time to an Expires by the server's own clock; an invalid one is over."""
    end = _http_date(expires)
    return timedelta(0) if end is None else end - (_http_date(since) or now)


def _http_date(value: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value or "")
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _with_validators(
    state: FeedState, headers: Mapping[str, str], *, otherwise: FeedState
) -> FeedState:
    """Take the validators of an answer, but for one that is frozen."""
    etag, last_modified = (
        "" if (stated := validator_in(headers, name)) == state.frozen else stated
        for name in ("etag", "last-modified")
    )
    return changed(
        state,
        etag=etag or otherwise.etag,
        last_modified=last_modified or otherwise.last_modified,
    )
