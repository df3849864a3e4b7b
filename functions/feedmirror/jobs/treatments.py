"""What is told of a feed, from its settings and its poll state: the one place that reads them so.

Pure. Nothing in it may follow from the time alone, or the page would be put at every poll of an
unchanged feed (promise P6): so no moment of a poll, and no number of failures.
"""

import re
from datetime import timedelta

from feedmirror.configuration import Ended, FeedSettings, Publish
from feedmirror.mirroring.poll_state import FeedState, ShardState
from feedmirror.mirroring.terms_table import Extent
from feedmirror.publishing.dates import day, duration
from feedmirror.publishing.treatment import Days, FeedTreatment, shown_address, shown_text
from feedmirror.suppression import feed_key

_LONGEST = timedelta(days=1)  # between two looks at a feed that asks for nothing and answers well
_MOST_WORDS = 300  # of one text that is not ours
_ENDED = {
    Ended.STAY: "What it has brought stays.",
    Ended.LINKS: "Of what it has brought, titles and links stay.",
    Ended.GO: "What it has brought goes.",
}
_SHOWN = {
    Publish.AUTO: "As much as the feed itself offers, within the terms that it states.",
    Publish.FULL: "As much as the feed itself offers: the operator chose so.",
    Publish.EXCERPT: "A short excerpt of each entry: the operator chose so.",
    Publish.LINK: "The title and the link of each entry: the operator chose so.",
}
# What the publisher's own terms make of "auto".
_BY_TERMS = {
    Extent.FULL: "As much as the feed itself offers",
    Extent.EXCERPT: "A short excerpt of each entry",
    Extent.LINK: "The title and the link of each entry",
    Extent.NOTHING: "Nothing",
}
# What a failed fetch begins with: its details differ from one attempt to the next.
_UNANSWERED = (
    ("name:", "The host's name could not be found in the DNS."),
    ("timeout:", "The server did not answer in time."),
    ("connection:", "No connection to the server came about, or it broke off."),
    ("tls:", "The server's certificate could not be trusted."),
    ("too large:", "The document is larger than any that is taken."),
    ("encoding:", "The server's compression could not be undone."),
    ("redirects:", "The server's redirects led nowhere."),
    ("address:", "The address does not lead to the public internet."),
    ("could not be read|not stored", "Its document could not be worked on; the fault is ours."),
)


def treatment_of(settings: FeedSettings, shard: ShardState) -> FeedTreatment:
    """Return what is told of a feed, by what its shard knows."""
    state = shard.feeds.get(settings.url) or FeedState()
    return FeedTreatment(
        anchor=feed_key(settings.url).partition(":")[2],
        address=shown_address(settings.url),
        title=_words(state.title),
        days=Days(state.told.since, state.told.news),
        entries=len(state.entries),
        asked=_asked(settings, state),
        trouble="" if state.refusal.robots else _trouble(state.error),
        moves=_moves(state),
        robots=_robots(settings, state),
        shown=(_shown(settings, state), *_bounds(settings)),
        archive=_archive(settings, state),
    )


def mark_of(settings: FeedSettings, shard: ShardState) -> str:
    """Return a digest of what is told of a feed: another one means that the page is put again.

    What is lifted for its host counts as well, since the page may have been covered till then.
    """
    lifts = shard.feeds[settings.url].lifts if settings.url in shard.feeds else ""
    return f"{treatment_of(settings, shard).mark}{lifts}"


def _asked(settings: FeedSettings, state: FeedState) -> tuple[str, ...]:
    if settings.ended is not None:
        return "It is asked no more: the operator has ended it.", _ENDED[settings.ended]
    if state.gone:
        return ("It is asked no more: your server answered that it is gone (410).",)
    if settings.interval is not None:
        return (f"Every {duration(settings.interval)}, as the operator has set it.",)
    fastest = duration(settings.fastest)
    usual = (
        f"At least {fastest} and at most {duration(_LONGEST)} apart, by when the feed brought"
        " something new before."
    )
    hints = [("Cache-Control", state.hint), ("ttl", state.ttl)]
    kept = (
        f"Its {name} asks for {duration(timedelta(seconds=seconds))}, which is kept."
        for name, seconds in hints
        if timedelta(seconds=seconds) > settings.fastest
    )
    return usual, *kept


def _trouble(error: str) -> str:
    if not error:
        return ""
    told = next((words for start, words in _UNANSWERED if re.match(start, error)), "")
    return told or f"The last look ended with: {_words(error)}."


def _moves(state: FeedState) -> tuple[str, ...]:
    move = state.move
    if move.into:
        return (f"It has moved to {_place(move.into)}, and is asked there as a feed of its own.",)
    told: list[str] = []
    if move.address:
        told.append(f"It has moved, and is asked at {_place(move.address)}.")
    if move.target and move.target != move.address:
        since = f" since {day(move.since)}" if move.since else ""
        told.append(
            f"It says{since} that it has moved to {_place(move.target)}; that is followed once it"
            " has said so for a week, and a feed is there."
        )
    return tuple(told)


def _robots(settings: FeedSettings, state: FeedState) -> tuple[str, ...]:
    if state.refusal.robots:
        rule = _words(state.refusal.robots)
        return (f"It forbids the feed ({rule}), which is not fetched. It is read once a day.",)
    if not settings.permission:
        return ()
    permission = _words(settings.permission)
    return (f"Where it disallows the feed, a permission is relied on: {permission}.",)


def _shown(settings: FeedSettings, state: FeedState) -> str:
    """Return how much of a feed is shown: by its operator's choice, or by the terms stated."""
    stated = state.stated
    if settings.publish is not Publish.AUTO or not (stated.feed or stated.answer or stated.host):
        return _SHOWN[settings.publish]
    return f"{_BY_TERMS[stated.extent]}, by the terms that are stated ({_words(stated.why)})."


def _bounds(settings: FeedSettings) -> tuple[str, ...]:
    told: list[str] = []
    if settings.max_age is not None:
        told.append(f"Copies older than {duration(settings.max_age)} go by themselves.")
    if settings.max_items is not None:
        told.append(f"Copies beyond the newest {settings.max_items} go by themselves.")
    return tuple(told)


def _archive(settings: FeedSettings, state: FeedState) -> tuple[str, ...]:
    backfill = state.backfill
    if not backfill.read or not settings.backfill:
        return ()
    if backfill.upcoming:
        return ("The feed's own archive (RFC 5005) is being read, a document an hour.",)
    documents = "1 document" if backfill.read == 1 else f"{backfill.read} documents"
    return (f"Of the feed's own archive (RFC 5005) {documents} were read; no more of it is.",)


def _words(text: str) -> str:
    return shown_text(text)[:_MOST_WORDS].rstrip(" .")


def _place(address: str) -> str:
    return shown_address(address) or "another address"
