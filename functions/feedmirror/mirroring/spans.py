"""Parts of a document that are its entries, and the digests that their bytes are known by."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

MOST_ENTRIES = 2000
_DIGEST_BYTES = 12  # 96 bits: whoever makes two of its entries alike hides only its own edit
BEGINS = re.compile(rb"<(?:[^\s<>/:]{1,100}:)?(?:item|entry)[\s>]", re.IGNORECASE)
_ENDS = re.compile(rb"</(?:[^\s<>/:]{1,100}:)?(?:item|entry)\s*>", re.IGNORECASE)

Span = tuple[int, int]  # the first byte, and the one behind the last


def digests_of(document: bytes, spans: Sequence[Span]) -> tuple[str, ...]:
    """Return the digests of some parts of a document: 16 characters of base64 each."""
    known = _digests(document)
    return tuple(
        known.get(each) or known.setdefault(each, _digest(document[slice(*each)])) for each in spans
    )


@lru_cache(maxsize=2)  # one document is asked about a few times, whole and without what is known
def _digests(document: bytes) -> dict[Span, str]:  # noqa: ARG001 -- by which it is remembered
    return {}


def are_entries(document: bytes, spans: Sequence[Span]) -> bool:
    """Tell whether parts of a document, in its order, begin and end as entries do."""
    ends = (0, *(end for _, end in spans))
    return (
        0 < len(spans) <= MOST_ENTRIES
        and all(last <= start < end for last, (start, end) in zip(ends, spans, strict=False))
        and ends[-1] <= len(document)
        and all(_is_entry(document[start:end]) for start, end in spans)
    )


def _is_entry(part: bytes) -> bool:
    return bool(BEGINS.match(part) and _ENDS.fullmatch(part, part.rfind(b"<")))


def _digest(part: bytes) -> str:
    hashed = blake2b(part, digest_size=_DIGEST_BYTES).digest()
    return urlsafe_b64encode(hashed).decode()
