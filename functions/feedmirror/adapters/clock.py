"""The one place that reads the clock and draws chance."""

import secrets
import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present time, aware, in UTC."""
    return datetime.now(UTC)


def elapsed() -> float:
    """Return seconds since some moment; they only grow, whatever is done to the machine's clock."""
    return time.monotonic()


def fresh_nonce() -> str:
    """Return 64 random bits as hexadecimal digits: no two bodies of a key ever share one."""
    return secrets.token_hex(8)
