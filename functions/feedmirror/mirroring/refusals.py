"""What a publisher refuses this mirror, as far as it has to be remembered of a feed.

The mark in a document is a category ``nofeedmirror``, of the feed or of an entry, in RSS and Atom,
and in a JSON Feed ``"_feedmirror": {"mirror": false}``: each valid by its format's own rules.
"""

from dataclasses import dataclass

NO_MIRROR = "nofeedmirror"  # the category, whatever its case


@dataclass(frozen=True, slots=True)
class Refusal:
    """What stands against polling or storing a feed.

    ``robots`` is the rule of robots.txt that keeps it from being polled, ``switch`` whether that
    stands in a group that names this software, and ``permitted`` one that is overridden by the
    operator's permission. ``feed`` and ``items`` are what the document itself takes back, and has
    been handed on so. ``anew`` tells that a switch in robots.txt is gone, and with it perhaps the
    case of the feed's own mark: if the document still bears that, it is handed on again.
    """

    robots: str = ""
    switch: bool = False
    permitted: str = ""
    feed: bool = False
    anew: bool = False
    items: tuple[str, ...] = ()
