"""Marks of terms in a feed's XML, at the level of the feed or of an entry.

Feed Access Control 1.0 (Bloglines), ``urn:atom-extension:indexing`` as LiveJournal and the planets
write it (an attribute, or an element), Apple's and the Podcast namespace's ``block``, and RSL 1.0.
Licences and texts of rights are not among them: those are shown as well, so an entry has them.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from feedmirror.mirroring.elements import Node, attribute, plain_text

_INDEX = "{urn:atom-extension:indexing}index"
_US = "feedmirror"
_MOST = 50  # elements of one name


def marks_of(node: Node, *bearers: Element) -> tuple[str, ...]:
    """Return what a feed or an entry is marked with; ``bearers`` may carry attributes."""
    return tuple(sorted({*_restricted(node), *_indexing(node, bearers), *_licensed(node)}))


def _restricted(node: Node) -> Iterator[str]:
    for element in _named(node, "access:restriction"):
        if attribute(element, "relationship").lower() == "deny":
            yield "access-deny"
    if any(plain_text(element).lower() == "yes" for element in _named(node, "itunes:block")):
        yield "itunes-block"
    # By name before without one: a platform that is named "no" may show what all others may not.
    blocks = {
        attribute(element, "id").lower(): plain_text(element).lower()
        for element in _named(node, "podcast:block")
    }
    if blocks.get(_US, blocks.get("")) == "yes":
        yield "podcast-block"


def _indexing(node: Node, bearers: tuple[Element, ...]) -> Iterator[str]:
    stated = [bearer.get(_INDEX, "") for bearer in bearers]
    stated += [plain_text(element) for element in _named(node, "indexing:index")]
    if any(value.strip().lower() == "no" for value in stated):
        yield "index-no"


def _licensed(node: Node) -> Iterator[str]:
    for element in _named(node, "rsl:content"):
        from feedmirror.mirroring.rsl import content_signal  # noqa: PLC0415 -- rarely needed

        signal = content_signal(element)
        if signal:
            yield signal


def _named(node: Node, name: str) -> list[Element]:
    return list(node.named(name))[:_MOST]
