"""What is published: bodies, how they are served, and the nonce that makes each one new.

An ETag is of the body only, so every overwrite carries a fresh nonce where no reader sees it
(design §4); what is compared to decide whether something changed is compared without it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

CACHE_CONTROL = "public, max-age=60"  # a takedown may show for so many seconds more (promise P1)
HTML = "text/html; charset=utf-8"
ATOM = "application/atom+xml; charset=utf-8"
JSON_FEED = "application/feed+json; charset=utf-8"
CSS = "text/css; charset=utf-8"
OPML = "text/x-opml; charset=utf-8"

_NONCE = re.compile(r"[0-9a-f]{1,128}")
# At the very end only: a publisher's text that spells a mark is text.
_MARK_AT_END = re.compile(rb'feedmirror-nonce:[0-9a-f]+(?=(?: -->| \*/|"\s*\}\s*\})\s*\Z)')
_MARK_REACH = 256


@dataclass(frozen=True, slots=True)
class Document:
    """One object of the site: its body, its headers, and the metadata that the CDN reads."""

    body: bytes
    content_type: str
    cache_control: str = CACHE_CONTROL
    metadata: Mapping[str, str] = field(default_factory=dict)


def nonce_mark(nonce: str) -> str:
    """Return the form of a nonce in a body; raises ValueError unless it is 1 to 128 hex digits."""
    if not _NONCE.fullmatch(nonce):
        raise ValueError(f"a nonce is 1 to 128 of 0-9 and a-f, not {nonce!r}")
    return f"feedmirror-nonce:{nonce}"


def markup_with_nonce(markup: str, nonce: str) -> bytes:
    """Return HTML or XML with the nonce in a comment behind its last element."""
    return f"{markup.rstrip()}\n<!-- {nonce_mark(nonce)} -->\n".encode()


def style_with_nonce(style: str, nonce: str) -> bytes:
    """Return a style sheet with the nonce in a comment at its end."""
    return f"{style.rstrip()}\n/* {nonce_mark(nonce)} */\n".encode()


def without_nonce(body: bytes) -> bytes:
    """Return a body without its nonce: what tells whether a document changed."""
    return body[:-_MARK_REACH] + _MARK_AT_END.sub(b"", body[-_MARK_REACH:])
