"""A feed's older documents, read once and bounded: its archive, or its further pages (RFC 5005).

They are read one an hour, from where the feed's own document says that they begin, each naming the
next. An end, a loop, the number that the operator wants, or a few failures in a row end it.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feedmirror.addresses import digest, same_origin

EVERY = timedelta(hours=1)
_TRIES = 3
_LONGEST = 2048  # characters of an address


@dataclass(frozen=True, slots=True)
class Backfill:
    """How far a feed's older documents have been read.

    ``start`` is the first, as the feed names it now; ``upcoming`` the next to read, if there is
    one; ``read`` of ``most`` were read. It was last ``asked`` for one then, and failed so many
    times in a row. ``seen`` are digests of the documents, by address and by what they list.
    """

    start: str = ""
    upcoming: str = ""
    read: int = 0
    most: int = 0
    asked: datetime | None = None
    failures: int = 0
    seen: tuple[str, ...] = ()

    def ended(self) -> "Backfill":
        """Return that there is nothing more to read."""
        return replace(self, upcoming="", failures=0, seen=())

    def failed(self, *, until: datetime | None = None) -> "Backfill":
        """Return that a document could not be read: tried again, a few times.

        ``until`` is the time before which it is asked not to be.
        """
        if self.failures + 1 >= _TRIES:
            return self.ended()
        asked = max(until - EVERY, self.asked or until - EVERY) if until else self.asked
        return replace(self, failures=self.failures + 1, asked=asked)


def named(known: Backfill, older: str | None, *, of: str, most: int, now: datetime) -> Backfill:
    """Return what is known once a document that came from ``of`` has named an older one.

    Only another document of the same origin is ever read. The first is read an hour later.
    """
    start = older if older and same_origin(older, of) and len(older) <= _LONGEST else ""
    known = replace(known, start=start)
    return replace(_begun(known, most), asked=now) if start and not known.most and most else known


def next_look(known: Backfill, *, most: int, now: datetime) -> Backfill | None:
    """Return what is known once a document is asked for now, or None if none is due.

    ``most`` is how many the operator wants; more than there were to be once begin anew.
    """
    if known.start and most > known.most:
        known = _begun(known, most)
    waits = known.asked is not None and now < known.asked + EVERY
    if waits or not known.upcoming or known.read >= most:
        return None
    return replace(known, asked=now)


def after(known: Backfill, *, listed: Collection[str], older: str | None) -> Backfill:
    """Return what is known once the upcoming document is read, which names an older one.

    One that lists nothing, or what another has listed, as a server that does not know pages does,
    is the end.
    """
    here, what = _mark(known.upcoming), _mark(*sorted(listed))
    seen = (*known.seen, here, what)
    read = known.read + 1
    goes_on = (
        listed
        and older
        and read < known.most
        and what not in known.seen
        and _mark(older) not in seen
        and same_origin(older, known.upcoming)
        and len(older) <= _LONGEST
    )
    known = replace(known, read=read, failures=0)
    return replace(known, upcoming=older or "", seen=seen) if goes_on else known.ended()


def _begun(known: Backfill, most: int) -> Backfill:
    return Backfill(known.start, known.start, most=most, asked=known.asked)


def _mark(*parts: str) -> str:
    return digest("older", *parts)[:10]
