"""What a child process says of where entries lie, and of which it left unread, looked at again.

Digests are taken here, of the document's own bytes, so none can be made up: what a child may lie
about is which entry stands where, and no longer than until that entry's bytes, or those that it
named, change.
"""

import re
from collections.abc import Collection

from feedmirror.mirroring.entries import Feed
from feedmirror.mirroring.spans import are_entries, digests_of

_FRAME = re.compile("[a-z2-7]{26}")


def objection_to_spans(feed: Feed, document: bytes, known: Collection[str] | None) -> str:
    """Return why what is said of a document's entries cannot be, in words; "" if it can.

    ``known`` are the digests of the entries that may have been left unread.
    """
    if not feed.spans:
        return ""
    if known is None or feed.damaged or not _FRAME.fullmatch(feed.frame):
        return "entries where nobody asked"
    if not are_entries(document, feed.spans):
        return "entries that are none"
    digests = digests_of(document, feed.spans)
    unknown = sum(each not in known for each in digests)
    if len(set(digests)) != len(digests) or len(feed.entries) not in {unknown, len(digests)}:
        return "other entries than were asked for"
    return ""
