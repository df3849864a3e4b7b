"""What a robots.txt says to this mirror: the Robots Exclusion Protocol (RFC 9309).

Groups are told apart here, by the whole product token (§2.2.1), since a group that names it is the
publisher's switch. How a rule matches an address (§2.2.2) is Protego's, which is imported where a
rule has to be applied: what no rule forbids needs none.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from feedmirror.addresses import web_address

PRODUCT = "feedmirror"
MOST_BYTES = 500 * 2**10  # of the file: "at least 500 kibibytes" (§2.5)
LONGEST_DELAY = 60
_MOST_RULES, _LONGEST_RULE = 200, 500
_MOST_CHARACTERS = 4096  # of the rules that are kept for addresses to come
_MOST_LICENSES, _LONGEST_LICENSE = 4, 500
_TOKEN = re.compile(r"[a-z_-]+|\*", re.IGNORECASE)
_OURS = {PRODUCT, "*"}
_EVERYTHING = {"/", "*", "/*"}
# As Protego reads them: publishers are not held to their spelling.
_DISALLOW = {"disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"}
_ALLOW = {"allow"}
_DELAY = {"crawl-delay", "crawl delay"}
_AGENT = {"user-agent", "useragent", "user agent"}


@dataclass(frozen=True, slots=True)
class Robots:
    """What concerns us of a robots.txt: the rules of our group, as ``disallow: /path``.

    ``named`` tells that the group names this software, ``delay`` is in seconds, ``licenses`` are
    the addresses of RSL documents. Rules that are too many to keep forbid what they do not judge.
    """

    rules: tuple[str, ...] = ()
    named: bool = False
    delay: float = 0.0
    licenses: tuple[str, ...] = ()

    @property
    def forbids_everything(self) -> bool:
        """Whether nothing at all may be asked for."""
        kinds = [rule.partition(": ") for rule in self.rules]
        forbidden = any(kind == "disallow" and path in _EVERYTHING for kind, _, path in kinds)
        return forbidden and all(kind == "disallow" for kind, _, _ in kinds)

    def kept(self) -> tuple[str, ...]:
        """Return the rules that are small enough to keep, or one that forbids everything."""
        return self.rules if sum(map(len, self.rules)) <= _MOST_CHARACTERS else ("disallow: /",)


def read_robots(body: bytes) -> Robots:
    """Read a robots.txt; whatever it is, it says something, if only that all is allowed."""
    text = body[:MOST_BYTES].decode("utf-8", errors="replace").removeprefix("\ufeff")
    rules: dict[str, list[tuple[str, str]]] = {}
    licenses: dict[str, None] = {}
    agents: set[str] = set()
    begun = True  # the group's rules have begun, so another user-agent line begins another group
    for field, value in _lines(text):
        if field in _AGENT:
            agents = set() if begun else agents
            begun = False
            token = _TOKEN.match(value)
            agent = token[0].lower() if token else ""
            if agent in _OURS:  # of others nothing is kept, however many a group names
                agents.add(agent)
                rules.setdefault(agent, [])
        elif field == "license" and (address := web_address(value[:_LONGEST_LICENSE])):
            licenses[address] = None  # RSL 1.0: of the whole site, in whatever group it stands
        elif field in _ALLOW | _DISALLOW | _DELAY:
            begun = True
            for agent in agents:
                rules[agent].append((field, value))
    own = rules.get(PRODUCT, rules.get("*", ()))
    return Robots(
        rules=tuple(_rules(own)),
        named=PRODUCT in rules,
        delay=_delay(value for field, value in own if field in _DELAY),
        licenses=tuple(licenses)[:_MOST_LICENSES],
    )


def forbidding(rules: Sequence[str], address: str) -> str:
    """Return the rule that forbids an address, or nothing if it may be asked for (§2.2.2)."""
    forbidden = [rule for rule in rules if rule.startswith("disallow")]
    if not forbidden or _is_allowed(rules, address):
        return ""
    deciding = (rule for rule in forbidden if not _is_allowed([rule], address))
    return max(deciding, key=len, default=forbidden[0])


@lru_cache(maxsize=4096)  # each feed's is asked for several times in a run, and in the next
def origin_of(address: str) -> str:
    """Return the scheme, host and port whose robots.txt holds for an address (§2.3)."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()


def robots_address(origin: str) -> str:
    """Return where an origin's robots.txt is (§2.3)."""
    return f"{origin}/robots.txt"


def _is_allowed(rules: Iterable[str], address: str) -> bool:
    from protego import Protego  # noqa: PLC0415 -- only where a rule forbids something

    text = "\n".join(["user-agent: *", *rules])
    return bool(Protego.parse(text).can_fetch(address, PRODUCT))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        field, _, value = line.partition("#")[0].partition(":")
        yield " ".join(field.lower().split()), value.strip()


def _rules(lines: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the rules of a group, in the words that are kept; an empty one says nothing.

    Of more than are taken up nobody knows what they allow, so then nothing is.
    """
    stated = [(field, value) for field, value in lines if value and field in _ALLOW | _DISALLOW]
    if len(stated) > _MOST_RULES or any(len(value) > _LONGEST_RULE for _, value in stated):
        stated = [*stated[:_MOST_RULES], ("disallow", "/")]
    for field, value in stated:
        yield f"{'allow' if field in _ALLOW else 'disallow'}: {value}"


def _delay(values: Iterable[str]) -> float:
    """Return the longest delay that is stated (RFC 9309 knows none; it is widely used)."""
    found = (re.fullmatch(r"\d{1,6}(?:\.\d{1,3})?", value) for value in values)
    return min(max((float(each[0]) for each in found if each), default=0.0), LONGEST_DELAY)
