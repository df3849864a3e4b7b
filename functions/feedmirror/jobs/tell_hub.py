"""Tells a WebSub hub which of the mirror's own feeds have changed: best effort, and last of all.

A hub that is not told costs its readers the time until it looks by itself, so nothing fails by it.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from feedmirror.layout import ATOM, FRONT, JSON
from feedmirror.ports.aftermath import Cdn, Hub

_FEEDS = (ATOM, JSON)


@dataclass(frozen=True, slots=True)
class TellHub:
    """Tells a hub of the feeds of folders; ``changed`` gathers them until it is told."""

    hub: Hub
    site: str
    changed: set[str] = field(default_factory=set)

    def run(self) -> tuple[str, ...]:
        """Tell of all that has changed; return what went wrong."""
        feeds = [
            f"{self.site}/{folder}{name}" for folder in sorted(self.changed) for name in _FEEDS
        ]
        self.changed.clear()
        why = self.hub.tell(feeds) if feeds else ""
        return (why,) if why else ()


@dataclass(frozen=True, slots=True)
class TellingCdn:
    """Caches, and a hub that hears of what they are to forget; ``complain`` gets what went wrong.

    A hub that fails once is let alone from then on.
    """

    cdn: Cdn
    tell: TellHub
    complain: Callable[[str], object]
    failed: list[str] = field(default_factory=list)

    def invalidate(self, paths: Sequence[str], *, reference: str) -> None:
        """Have the caches forget some paths, then tell the hub; raises what the caches raise."""
        self.cdn.invalidate(paths, reference=reference)
        if self.failed:
            return
        self.tell.changed.update(_folders(paths))
        for why in self.tell.run():
            self.failed.append(why)
            self.complain(why)


def _folders(paths: Collection[str]) -> Iterator[str]:
    """Yield the folders whose feeds some paths name: by themselves, or with all of a host."""
    for path in paths:
        name = path.removeprefix("/")
        if name in {"*", ATOM}:
            yield FRONT
        elif name.count("/") == 1 and name.endswith((f"/{ATOM}", "/*")):
            yield name.rpartition("/")[0] + "/"
