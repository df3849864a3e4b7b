"""Moves of feeds, in words for whoever runs the mirror."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from feedmirror.characters import printable
from feedmirror.configuration import FeedSettings
from feedmirror.mirroring.moves import PROVEN_AFTER, Move, is_upgrade, permanent_target
from feedmirror.ports.fetching import Hop


def moved_settings(feed: FeedSettings, move: Move) -> FeedSettings:
    """Return a feed's settings with the address that it is asked at; the host stays what it is."""
    if not move.address:
        return feed
    moved = replace(feed, url=move.address)
    return moved if moved.host == feed.host else replace(moved, site=f"https://{feed.host}")


def lines_of(feed: FeedSettings, move: Move, *, command: str) -> Iterator[str]:
    """Yield what is to be said of a feed's moves, and what can be done."""
    if move.address:
        yield f"  asked at {printable(move.address)}{_since(move.adopted)}, where it has moved"
        moved = moved_settings(feed, move)
        site = f', with site = "{moved.site}"' if moved.site != feed.site else ""
        whose = "If that is still the same publisher: " if move.leaves_domain_of(feed.url) else ""
        yield f"  → {whose}{command} puts it into mirror.toml{site}"
    if move.target:
        said = "its document says so" if move.stated else "it leads there"
        yield (
            f"  may have moved to {printable(move.target)}: {said}{_since(move.since)},"
            f" and is believed after {PROVEN_AFTER.days} days"
        )


def check_words(url: str, hops: Iterable[Hop], stated: str | None) -> str:
    """Return where a feed would be asked in time, by what one look at it shows, or ""."""
    led = permanent_target(hops)
    target = led or stated or ""
    if not target or target == url:
        return ""
    if is_upgrade(url, target):
        when = "from the next poll on"
    elif led:
        when = f"once it has led there for {PROVEN_AFTER.days} days"
    else:
        when = f"once its document has said so for {PROVEN_AFTER.days} days, if the feed is there"
    return f"Mirrored, it would be asked at {printable(target)} {when}."


def move_to_dict(move: Move) -> dict[str, Any]:
    """Return what is known of a feed's moves as JSON has it."""
    return {
        "asked_at": move.address or None,
        "asked_there_since": _iso(move.adopted),
        "may_have_moved_to": move.target or None,
        "said_since": _iso(move.since),
        "polled_as": move.into or None,
    }


def _since(when: datetime | None) -> str:
    return "" if when is None else f" since {when:%Y-%m-%d}"


def _iso(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat()
