"""What the page about its host tells of a feed: kept, so that it is put when that changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What was last told of a feed, and what only its history tells.

    ``page`` is a digest of what the page says of it. ``since`` is the day of the first item
    that is known of, ``news`` that of the last, both None where they are not known.
    """

    page: str = ""
    since: datetime | None = None
    news: datetime | None = None

    def after(self, first_seen: Iterable[datetime], *, is_first: bool) -> "Told":
        """Return what is to be told once items were seen, by when each first was.

        Only what is the feed's first document, as far as is known, tells since when. In days, so
        that the page of a busy feed is put once a day.
        """
        days = sorted(
            each.replace(hour=0, minute=0, second=0, microsecond=0) for each in first_seen
        )
        if not days:
            return self
        since = days[0] if is_first else self.since
        return Told(self.page, since, max(days[-1], self.news or days[-1]))
