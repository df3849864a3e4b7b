"""What the operator chooses: the contents of ``config/mirror.toml`` (design §3.4)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from feedmirror.addresses import coarse_address, host_of


class Publish(StrEnum):
    """How much of an entry is published."""

    AUTO = "auto"  # what the feed offers, within the terms that it states
    FULL = "full"
    EXCERPT = "excerpt"
    LINK = "link"


class Ended(StrEnum):
    """What becomes of what a feed has brought, once the operator has ended it."""

    STAY = "stay"
    LINKS = "links"  # title and link stay
    GO = "go"


class Vanished(StrEnum):
    """What becomes of items that a publisher has taken out of the feed without a word."""

    SUSPEND = "suspend"  # taken down like what the publisher says is deleted, and undone likewise
    KEEP = "keep"


class Images(StrEnum):
    """What becomes of the images in an entry."""

    LINK = "link"  # they stay where they are and are shown from there
    NONE = "none"


class Unproven(StrEnum):
    """What a stranger's request does to a few pages until it is decided, its domain proved."""

    MASK = "mask"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorSettings:
    """The ``[mirror]`` table; ``site`` has no trailing slash.

    ``shared`` are domains whose hosts are one publisher's to the limits that it sets (429). ``hub``
    is told of what changed in the mirror's own feeds (W3C WebSub).
    """

    name: str
    site: str
    contact: str
    operator: str
    unproven: Unproven = Unproven.MASK
    recovery_days: int = 30
    shards: int = 1
    purpose: str = ""
    images: Images = Images.LINK
    noindex: bool = True
    shared: tuple[str, ...] = ()
    hub: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """One ``[[feed]]`` table: a source, and on what terms; no interval means the feed's own.

    Without an interval nothing is polled more often than ``fastest``. A ``permission`` says, in the
    operator's words, why the feed is polled although robots.txt disallows it. ``backfill`` is how
    many documents of its archive are read (RFC 5005). A feed that has ``ended`` is polled no more.
    Without bounds, all that it brings is kept.
    """

    url: str
    site: str | None = None
    publish: Publish = Publish.AUTO
    interval: timedelta | None = None
    fastest: timedelta = timedelta(hours=1)
    permission: str = ""
    vanished: Vanished = Vanished.SUSPEND
    backfill: int = 20
    ended: Ended | None = None
    max_age: timedelta | None = None
    max_items: int | None = None

    @property
    def same(self) -> str:
        """What every spelling of the feed's address has in common."""
        return coarse_address(self.url) or self.url

    @property
    def host(self) -> str:
        """The source host: only the operator decides it (design §3.1)."""
        return host_of(self.site or self.url) or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One operator's whole choice."""

    mirror: MirrorSettings
    feeds: tuple[FeedSettings, ...]
