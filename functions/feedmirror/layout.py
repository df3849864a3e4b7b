"""Where everything lies: the keys of design §3.1 and §3.3, built in one place.

No byte of a publisher's ever stands in a key: hosts are A-labels, the rest are hashes.
"""

from datetime import datetime
from typing import NewType

from feedmirror.addresses import surt
from feedmirror.suppression import address_hash

ItemId = NewType("ItemId", str)

CONFIGURATIONS = "config/"
RECORDS = "items/"
MARKERS = "addresses/"
CONFIGURATION = "config/mirror.toml"
PAUSED = "config/paused"
LAST_GOOD_CONFIGURATION = "state/mirror.toml"
LOOKS = "state/tokens.json"
FRONT_STATE = "state/front.json"
STATES = "state/"
LATEST = "state/latest/"
TEMPLATES = "config/templates/"
SUPPRESSIONS = "suppressions/"
LIFTS = "lifts/"
CHALLENGES = "challenges/"
CASES = "cases/"
CLOSED = "closed/"
LIMITS = "limits/"
LOG = "log/"
RECOVERY = "recovery/"
INDEX, ATOM, JSON = "index.html", "feed.xml", "feed.json"
LISTING_FILES = (INDEX, ATOM, JSON)
FRONT = ""
REMOVED = "removed/index.html"


def record_key(host: str, item: ItemId) -> str:
    """Return the archive's key of one record."""
    return f"{records_prefix(host)}{item}.json"


def records_prefix(host: str) -> str:
    """Return the archive's prefix of a host's records."""
    return f"{RECORDS}{host}/"


def marker_key(under: str, *, address: str, host: str, item: ItemId, attributes: str) -> str:
    """Return the archive's key of the marker that makes a record known under an address."""
    return f"{markers_prefix(under)}{address_hash(address)}/{host}/{item}.{attributes}"


def markers_prefix(host: str) -> str:
    """Return the archive's prefix of all markers under a host, and of that host alone."""
    return f"{MARKERS}{surt(host)}/"


def state_key(shard: int) -> str:
    """Return the archive's key of one shard's poll state."""
    return f"{STATES}{shard}.json"


def shard_of_state(key: str) -> int | None:
    """Return the shard whose poll state a key of the archive is, or None if it is another's."""
    name = key.removeprefix(STATES).removesuffix(".json")
    return int(name) if name.isdecimal() and key == state_key(int(name)) else None


def latest_key(shard: int) -> str:
    """Return the archive's key of the newest items that a shard's own runs have brought."""
    return f"{LATEST}{shard}.json"


def suppressions_prefix(host: str) -> str:
    """Return the ledger's prefix of the rules of one host."""
    return f"{SUPPRESSIONS}{surt(host)}/"


def suppression_key(host: str, rule: str) -> str:
    """Return the ledger's key of one rule."""
    return f"{suppressions_prefix(host)}{rule}.json"


def host_of_rule(key: str) -> str:
    """Return the host that a rule's key stands under."""
    labels = key.removeprefix(SUPPRESSIONS).partition(")")[0].split(",")
    return ".".join(reversed(labels))


def lift_key(suppression: str) -> str:
    """Return the ledger's key of the lift that ends the rule kept under a key."""
    return LIFTS + suppression.removeprefix(SUPPRESSIONS)


def challenges_prefix(host: str) -> str:
    """Return the ledger's prefix of the tokens that a host is to show."""
    return f"{CHALLENGES}{surt(host)}/"


def challenge_key(host: str, case: str) -> str:
    """Return the ledger's key of the token that a host is to show for a case."""
    return f"{challenges_prefix(host)}{case}.json"


def item_page(host: str, item: ItemId) -> str:
    """Return the site's key of an item's page."""
    return f"{host}/{item}/{INDEX}"


def host_folder(host: str) -> str:
    """Return the site's folder of a host's latest items."""
    return f"{host}/"


def month_folder(host: str, first_seen: datetime) -> str:
    """Return the site's folder of the month in which a host's item was first seen."""
    return f"{host}/{first_seen:%Y-%m}/"


def about_page(host: str) -> str:
    """Return the site's key of the page that tells a host how the mirror treats it."""
    return f"{host}/about/{INDEX}"


def page_keys(host: str, item: ItemId, first_seen: datetime) -> tuple[str, ...]:
    """Return every site key that shows an item because of its own attributes (design §4).

    The host's and the mirror's fixed pages are not among them: they follow from the host.
    """
    month = month_folder(host, first_seen)
    return (item_page(host, item), *(month + name for name in LISTING_FILES))


def fixed_pages(host: str) -> tuple[str, ...]:
    """Return the site keys that may show any item of a host."""
    return tuple(folder + name for folder in (FRONT, host_folder(host)) for name in LISTING_FILES)


def case_key(case: str) -> str:
    """Return the ledger's key of one case."""
    return f"{CASES}{case}.json"


def closed_key(case: str) -> str:
    """Return the ledger's key that says that a case is closed."""
    return CLOSED + case


def recovery_prefix(case: str) -> str:
    """Return the mail bucket's prefix of what a case took down."""
    return f"{RECOVERY}{case}/"


def recovery_key(case: str, host: str, item: ItemId) -> str:
    """Return the mail bucket's key of an item as it was before a case took it down."""
    return f"{recovery_prefix(case)}{host}/{item}.json"


def place_of_copy(key: str) -> tuple[str, ItemId]:
    """Return the host and the id of the item that a recovery copy is of."""
    _, _, host, name = key.split("/")
    return host, ItemId(name.removesuffix(".json"))


def domain_markers_prefixes(host: str) -> tuple[str, str]:
    """Return the archive's prefixes of all markers under a host, and under the hosts below it."""
    own = markers_prefix(host)
    return own, own.removesuffix(")/") + ","
