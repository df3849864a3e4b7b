"""What else an operator may want to know of feeds: how much is shown, and their archives.

The sentences are those of the page about the feed's host, so that both sides read the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from feedmirror.characters import printable
from feedmirror.configuration import FeedSettings
from feedmirror.jobs.treatments import treatment_of
from feedmirror.mirroring.poll_state import FeedState, ShardState

_USUAL = FeedSettings(url="https://usual.example/")


def words_of(settings: FeedSettings, state: FeedState) -> Mapping[str, Sequence[str]]:
    """Return what is told of a feed, by what it is about, where that is not the usual."""
    told = treatment_of(settings, ShardState({settings.url: state}))
    usual = treatment_of(_USUAL, ShardState())
    return {
        "shown": told.shown if told.shown != usual.shown else (),
        "archive": told.archive,
    }


def feed_lines(feeds: Iterable[tuple[FeedSettings, FeedState]]) -> Iterator[str]:
    """Yield what is told of feeds, each with its address; nothing of a feed without anything."""
    for settings, state in feeds:
        words = {name: told for name, told in words_of(settings, state).items() if told}
        if words:
            yield ""
            yield settings.url
            yield from (f"  {name}: {printable(' '.join(told))}" for name, told in words.items())
