"""What a document lists that is out of sight, for a reason that the feed's state knows nothing of.

The state may have been lost, and what the publisher took back with it. So it is handed on that a
whole document lists it, without a mark; the takedown function knows what that ends, if anything.
Of what is deleted nobody knows any more since when, so that stays away.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from feedmirror.jobs.read_answers import Read
from feedmirror.jobs.remember import is_first
from feedmirror.jobs.slots import Stored
from feedmirror.jobs.withdrawals import HandOn
from feedmirror.layout import ItemId, record_key
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.terms_table import Extent
from feedmirror.ports.object_store import ObjectStore

if TYPE_CHECKING:
    from feedmirror.jobs.findings import Withdrawal

_WORDS = "the feed lists it, and bears no mark against it"


@dataclass(frozen=True, slots=True)
class Tell:
    """Where it is looked up what is there, and to whom it is told."""

    archive: ObjectStore
    hand_on: HandOn


def met_again(
    read: Read, stored: Stored, state: FeedState, *, host_is_open: bool, tell: Tell
) -> FeedState:
    """Hand on what a document lists all the same; return the state to be remembered of its feed.

    ``host_is_open`` tells that the host's own robots.txt lets all of its feeds be polled. What
    could not be handed on, or is of no whole document, is read again like something new.
    """
    host = read.delivery.settings.host
    unknown = stored.kept_away - read.before.entries.keys()
    met = [i for i in sorted(unknown) if tell.archive.head(record_key(host, i))]
    first = bool(stored.kept_away) and is_first(read)
    if not (met or first):
        return state
    told = _told(read, met, of_host=first and host_is_open, of_feed=first)
    if read.is_whole and all(tell.hand_on(each) for each in told):
        return state
    before = read.before
    return replace(state, title=before.title, entries=before.entries).forgetting_body()


def _told(
    read: Read, items: Collection[ItemId], *, of_host: bool, of_feed: bool
) -> "list[Withdrawal]":
    from feedmirror.jobs.findings import Reason, Withdrawal  # noqa: PLC0415 -- rarely needed

    settings = read.delivery.settings
    feed = Withdrawal(
        reason=Reason.SWITCH, host=settings.host, feed=settings.url, on=False, words=_WORDS
    )
    listed = replace(feed, items=tuple(items))
    reasons = (Reason.SWITCH, Reason.TERMS, Reason.VANISHED, Reason.UNLISTED)
    found = [replace(listed, reason=reason) for reason in reasons if items]
    if of_feed:
        found.append(feed)
        if read.stated.extent is not Extent.NOTHING:
            found.append(replace(feed, reason=Reason.TERMS))
    return [*found, replace(feed, feed="")] if of_host else found
