"""What differs between two configurations, for whoever puts the second in force: pure."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta

from feedmirror.configuration import Configuration, FeedSettings, MirrorSettings
from feedmirror.configuration_values import written_time

# What stands on the pages of items and in lists, which are made anew only as they change.
_ON_EVERY_PAGE = ("name", "site", "contact", "purpose", "images", "noindex")


@dataclass(frozen=True, slots=True)
class Changes:
    """Feeds that come and go, and a line for each setting that is another.

    ``on_pages`` tells whether one of them stands on every page that is there already.
    """

    added: tuple[FeedSettings, ...]
    dropped: tuple[FeedSettings, ...]
    settings: tuple[str, ...]
    on_pages: bool = False


def changes_of(before: Configuration | None, after: Configuration) -> Changes:
    """Compare two configurations; without a first one everything is added."""
    old = {feed.same: feed for feed in before.feeds} if before else {}
    new = {feed.same: feed for feed in after.feeds}
    mirror = _differing("[mirror]", before.mirror, after.mirror) if before else ()
    both = (line for same in new if same in old for line in _feed(old[same], new[same]))
    return Changes(
        added=tuple(feed for same, feed in new.items() if same not in old),
        dropped=tuple(feed for same, feed in old.items() if same not in new),
        settings=(*mirror, *both),
        on_pages=before is not None
        and any(
            getattr(before.mirror, name) != getattr(after.mirror, name) for name in _ON_EVERY_PAGE
        ),
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
    match value:
        case None:
            return "not set"
        case str():
            return f'"{value}"'
        case timedelta():
            return f'"{written_time(value)}"'
        case bool():
            return str(value).lower()
        case tuple():
            return f"[{', '.join(map(_shown, value))}]"
        case _:
            return str(value)
