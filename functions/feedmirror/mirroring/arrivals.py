"""What a document that was read tells of its feed's rhythm, and of its validators."""

from dataclasses import replace

from feedmirror.mirroring.entries import Feed
from feedmirror.mirroring.moments import moment_of
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.polling import without_frozen
from feedmirror.mirroring.reading import Reading
from feedmirror.mirroring.rhythm import Arrivals, learn
from feedmirror.mirroring.schedule import AT_ONCE, LONGEST_HINT


def arrivals_in(
    reading: Reading, before: FeedState, last: FeedState, *, is_whole: bool
) -> Arrivals:
    """Return what came with a document, read with the state ``before``.

    ``last`` is the state as the attempt before this one left it.
    """
    dates = {item: moment_of(dated.published) for item, dated in reading.listed.items()}
    return Arrivals(
        fresh=[date for item, date in dates.items() if item not in before.entries],
        listed=list(dates.values()),
        previous=None if last.failures else last.attempted,
        is_whole=is_whole,
    )


def with_arrivals(
    state: FeedState, before: FeedState, *, feed: Feed, arrivals: Arrivals
) -> FeedState:
    """Return a feed's state with what its document says of when it is to be polled."""
    state = replace(
        state,
        rhythm=learn(before.rhythm, arrivals, now=before.attempted or AT_ONCE),
        ttl=min((feed.ttl or 0) * 60, int(LONGEST_HINT.total_seconds())),
        skip_hours=tuple(sorted(feed.skip_hours)),
        skip_days=tuple(sorted(feed.skip_days)),
    )
    return without_frozen(state, before) if arrivals.fresh else state
