"""What differs between two configurations, for whoever puts the second in force: pure."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from feedmirror.addresses import coarse_address
from feedmirror.configuration import Configuration, FeedSettings, MirrorSettings


@dataclass(frozen=True, slots=True)
class Changes:
    """Feeds that come and go, and a line for each setting that is another."""

    added: tuple[FeedSettings, ...]
    dropped: tuple[FeedSettings, ...]
    settings: tuple[str, ...]


def changes_of(before: Configuration | None, after: Configuration) -> Changes:
    """Compare two configurations; without a first one everything is added."""
    old = {_same(feed): feed for feed in before.feeds} if before else {}
    new = {_same(feed): feed for feed in after.feeds}
    mirror = _differing("[mirror]", before.mirror, after.mirror) if before else ()
    both = (line for same in new if same in old for line in _feed(old[same], new[same]))
    return Changes(
        added=tuple(feed for same, feed in new.items() if same not in old),
        dropped=tuple(feed for same, feed in old.items() if same not in new),
        settings=(*mirror, *both),
    )


def _feed(before: FeedSettings, after: FeedSettings) -> Iterator[str]:
    return _differing(after.url, before, after)


def _differing(
    what: str, before: MirrorSettings | FeedSettings, after: MirrorSettings | FeedSettings
) -> Iterator[str]:
    for each in fields(after):
        old, new = getattr(before, each.name), getattr(after, each.name)
        if old != new:
            yield f"{what} {each.name}: {_shown(old)} → {_shown(new)}"


def _shown(value: object) -> str:
    return "not set" if value is None else f'"{value}"' if isinstance(value, str) else str(value)


def _same(feed: FeedSettings) -> str:
    return coarse_address(feed.url) or feed.url
