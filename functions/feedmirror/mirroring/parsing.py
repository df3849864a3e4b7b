"""What has to parse strangers' markup, behind one seam: what parses may be stalled, or broken into.

What goes through it, and what comes back, are values. In the functions the parsers have a process
of their own (``adapters/isolation``); an entry's item is built of what they say it says.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from feedmirror.configuration import Images
from feedmirror.mirroring.entries import Feed

EXCERPT = 300  # characters of an excerpt, and of every summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """An entry's markup, as its publisher wrote it, of which texts are wanted.

    ``summary`` is empty where the summary is that of the whole. ``shown`` says that the whole is
    to be shown, with such ``images``; then relative addresses are resolved against ``base_url``.
    """

    whole: str
    summary: str = ""
    base_url: str = ""
    images: Images = Images.LINK
    shown: bool = False


@dataclass(frozen=True, slots=True)
class Texts:
    """What an entry's markup says: its words, a summary of 300 characters, and what may be shown.

    ``content`` is safe markup; it is empty where it was not asked for.
    """

    words: str
    summary: str
    content: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """Markup that no parser could read, and why; ``later`` says that none has tried it yet."""

    why: str
    later: bool = False


class ParserUnavailableError(Exception):
    """No parser can be had, whatever the document is: so nothing is known of any."""


class Parsers(Protocol):
    """Reads what strangers wrote; whatever a document does, it does to itself alone.

    Each method raises ParserUnavailableError; the run then ends, and the next one begins anew.
    """

    def feed(
        self,
        document: bytes,
        *,
        url: str,
        content_type: str,
        known: Collection[str] | None = None,
    ) -> Feed:
        """Read a feed that came from an address; raises FeedUnreadableError.

        Entries of which the bytes' digests (``spans``) are ``known`` may be left unread; None says
        that nobody asks where entries lie.
        """

    def texts(self, markups: Sequence[Markup]) -> Sequence[Texts | Unread]:
        """Read the markup of one document's entries, in their order."""

    def rsl(self, text: str, *, address: str) -> tuple[str, ...]:
        """Return the rules of an RSL document for the host of an address; none if unreadable."""

    def shown(self, tokens: Sequence[str], document: bytes) -> frozenset[str]:
        """Return which tokens a feed shows where its publisher speaks of the feed itself."""
