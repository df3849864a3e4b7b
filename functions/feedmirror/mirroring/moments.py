"""Dates of a feed: aware, in UTC, and believable; anything else is no date."""

from collections.abc import Sequence
from datetime import UTC, datetime

_EARLIEST, _LATEST = 1990, 2100


def from_fields(fields: object) -> datetime | None:
    """Return the moment that year, month, day, hour, minute and second in UTC name, or None."""
    if not isinstance(fields, Sequence) or isinstance(fields, str):
        return None
    try:
        year, month, day, hour, minute, second = fields[:6]
        return _believable(datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC))
    except (TypeError, ValueError, OverflowError):
        return None


def from_rfc3339(text: object) -> datetime | None:
    """Return the moment that a date of RFC 3339 names, or None; one without a zone is in UTC."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.strip().upper())
        return _believable(moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def moment_of(seconds: int) -> datetime | None:
    """Return the moment that is so many seconds after 1970 began; 0 is none."""
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):  # what a state may say that we did not write
        return None


def _believable(moment: datetime) -> datetime | None:
    # Feeds began in the 1990s; 1970 and 0001 are a clock's or a database's idea of nothing.
    return moment if _EARLIEST <= moment.year <= _LATEST else None
