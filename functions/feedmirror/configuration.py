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
    """The ``[mirror]`` table; ``site`` has no trailing slash."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """One ``[[feed]]`` table: a source, and on what terms; no interval means the feed's own.

    A feed that has ``ended`` is polled no more. Without bounds, all that it brings is kept.
    """

    url: str
    site: str | None = None
    publish: Publish = Publish.AUTO
    interval: timedelta | None = None
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
