"""The parsers without a process of their own, for who compares the two, or parses by the thousand.

What users run always has the child; so has ``world.py``.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from feedmirror.mirroring.content import texts_of
from feedmirror.mirroring.entries import Feed
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.parsing import Markup, Texts
from feedmirror.mirroring.rsl import read_rsl
from feedmirror.mirroring.stand_ins import read_without_known
from feedmirror.takedowns.casework.proofs import feed_proves


@dataclass(frozen=True)
class InProcess:
    """The same functions that the child calls, called."""

    def feed(
        self,
        document: bytes,
        *,
        url: str,
        content_type: str,
        known: Collection[str] | None = None,
    ) -> Feed:
        def read(document: bytes, known: Collection[str] | None) -> Feed:
            return parse_feed(document, url=url, content_type=content_type, known=known)

        return read_without_known(document, content_type=content_type, known=known, read=read)

    def texts(self, markups: Sequence[Markup]) -> Sequence[Texts]:
        return [texts_of(markup) for markup in markups]

    def rsl(self, text: str, *, address: str) -> tuple[str, ...]:
        return read_rsl(text, address)

    def shown(self, tokens: Sequence[str], document: bytes) -> frozenset[str]:
        return frozenset(token for token in tokens if feed_proves(document, token))


IN_PROCESS = InProcess()
