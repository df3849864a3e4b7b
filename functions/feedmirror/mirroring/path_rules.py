"""Terms of parts of a host: patterns of paths, and which of them is meant for an address.

Patterns are RFC 9309's (§2.2.3): a path's beginning, ``*`` for anything, ``$`` for the end. The
longest that matches is the most specific and wins; of two as long, the one that permits less. (RSL
1.0 §3.3 refers to them; TDMRep has the same characters.)
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from feedmirror.mirroring.terms_table import ROWS

MOST_RULES = 100
_MOST_PATTERN = 300


def rule(pattern: str, signal: str) -> str | None:
    """Return a rule as it is remembered, or None if its pattern is none."""
    plain = pattern.strip()
    if not plain.startswith(("/", "*")) or len(plain) > _MOST_PATTERN:
        return None
    return f"{signal} {plain}"


def signals_for(rules: Iterable[str], address: str) -> tuple[str, ...]:
    """Return what a host's rules say of one address, one signal for each kind of terms."""
    parts = urlsplit(address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    best: dict[str, tuple[int, int, str]] = {}
    for each in rules:
        signal, _, pattern = each.partition(" ")
        if signal in ROWS and _matches(pattern, path):
            kind = signal.partition("-")[0]
            found = (len(pattern), -ROWS[signal].extent, signal)
            best[kind] = max(best.get(kind, found), found)
    return tuple(sorted(signal for _, _, signal in best.values()))


def _matches(pattern: str, path: str) -> bool:
    """Match part by part from the left, in linear time for any pattern."""
    to_end = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for part in others[:-1] if to_end else others:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    if not to_end:
        return True
    if not others:
        return at == len(path)
    return path.endswith(others[-1]) and len(path) - len(others[-1]) >= at
