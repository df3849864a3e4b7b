"""What may not be shown: the one place that knows.

A *subject* is everything that a rule could know an item by, as hashes: addresses, guid, authors,
feeds, paths, hosts and domains, text. A *suppression* is a standing rule that names some of those
hashes. A rule covers a subject when they share one; nothing else is ever asked. Each hash says
what kind of thing it is of (``guid:…``), so a guid can never be taken for an address, and whoever
takes one item down can tell what is that item's alone.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import NewType

from feedmirror.addresses import (
    canonical_link,
    coarse_address,
    digest,
    host_of,
    organisational_domain,
    parents,
    path_prefixes,
)
from feedmirror.migrations import NewerSchemaError, Steps, migrated, newest_schema
from feedmirror.stored import checked, listed, read_json

RuleId = NewType("RuleId", str)
STEPS: Steps = {}  # of the stored rule, which is at schema 1
_OF_ONE_ITEM = ("item", "address", "guid", "text")  # kinds of hashes; the others are shared
_LIKENESS = {"guid": "g", "text": "t"}
_MOST_LIKENESSES = 16
_LIKENESS_OF_ALL = "x"
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SCHEME_AND_HOST = re.compile(r"^[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)


class Ground(StrEnum):
    """Why something was removed (design §3.2)."""

    PUBLISHER = "publisher"
    LEGAL = "legal"
    PRIVACY = "privacy"
    UPSTREAM = "upstream"
    RETIRED = (
        "retired"  # no longer kept, as the operator chose: no rule, no case, and it may return
    )


class Scope(StrEnum):
    """How far a rule reaches."""

    ITEM = "item"
    AUTHOR = "author"
    FEED = "feed"
    PATH = "path"
    HOST = "host"
    DOMAIN = "domain"


WHOLE = frozenset({Scope.FEED, Scope.HOST, Scope.DOMAIN})  # of all that a feed may bring


@dataclass(frozen=True, slots=True)
class Subject:
    """All that an item is known by, as hashes; nothing in it can be read back."""

    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Suppression:
    """A standing rule: nothing that it covers may be stored or published, now or later."""

    id: RuleId
    scope: Scope
    host: str
    keys: frozenset[str]
    ground: Ground
    case: str
    when: datetime

    @property
    def reach(self) -> frozenset[str]:
        """All that the rule covers: what it names, and whatever its case has put a tombstone on."""
        return self.keys | {case_key(self.case)}


class RuleUnreadableError(Exception):
    """A rule in the ledger that cannot be understood; nothing of its host may be written."""


def find_suppression(subject: Subject, rules: Iterable[Suppression]) -> Suppression | None:
    """Return the first rule that covers the subject, or None if it may be shown."""
    return next((rule for rule in rules if not rule.reach.isdisjoint(subject.keys)), None)


def covers_all_of(rule: Suppression, host: str) -> bool:
    """Tell whether a rule covers whatever is stored under a host, now and later."""
    if rule.scope is Scope.HOST:
        return host == rule.host and host_key(host) in rule.keys
    below = rule.scope is Scope.DOMAIN and domain_key(rule.host) in rule.keys
    return below and rule.host in parents(host)


def address_key(address: str) -> str:
    """Return the hash of an address in its coarse form, as rules and markers compare it."""
    return f"address:{address_hash(address)}"


@lru_cache(maxsize=1024)  # what rules match on, and the keys of up to three markers
def address_hash(address: str) -> str:
    """Return the hash of an address as it stands in the keys of markers (design §3.1)."""
    return digest("address", coarse_address(address) or address.strip())


@lru_cache(maxsize=1024)  # these, since a feed's entries have most of them in common
def author_keys(host: str, *, name: str = "", address: str = "") -> frozenset[str]:
    """Return the hashes of an author at a host, by name and by mail address, where given."""
    spelled = (("author", fold(name)), ("mailbox", fold(address)))
    return frozenset(_key(kind, host, text) for kind, text in spelled if text)


@lru_cache(maxsize=1024)
def feed_key(address: str) -> str:
    """Return the hash of a feed's address."""
    return _key("feed", coarse_address(address) or address.strip())


def guid_key(host: str, guid: str) -> str:
    """Return the hash of a guid at a host; a guid's scheme and host may change (rule I4)."""
    return _key("guid", host, guid_alias(guid, host=host))


def guid_alias(guid: str, *, host: str) -> str:
    """Return a guid without the scheme and host that a site's move changes (rule I4).

    Only within the organisational domain of the host whose feed it is in: elsewhere, as in a feed
    of many sites, two sites' ``?p=12`` are two entries.
    """
    text = guid.strip()
    named = host_of(text)
    if named is None:
        return text
    moved = organisational_domain(named) == organisational_domain(host) or named == host
    return (_SCHEME_AND_HOST.sub("", text) if moved else canonical_link(text)) or text


def item_key(host: str, item: str) -> str:
    """Return the hash that covers one item whatever becomes of its link, guid and author."""
    return _key("item", host, item)


@lru_cache(maxsize=1024)
def host_key(host: str) -> str:
    """Return the hash that covers one host, exactly."""
    return _key("host", host)


@lru_cache(maxsize=4096)  # asked for each rule and each item
def case_key(case: str) -> str:
    """Return the hash that a tombstone is known by: while its case's rule stands, so does it."""
    return _key("case", case)


@lru_cache(maxsize=1024)
def domain_key(host: str) -> str:
    """Return the hash that covers a host and every host below it."""
    return _key("domain", host)


@lru_cache(maxsize=1024)
def path_key(prefix: str) -> str:
    """Return the hash of a path prefix such as ``example.com/blog/``."""
    return _key("path", prefix)


def text_key(host: str, text: str) -> str:
    """Return the hash of a text at a host, whatever its case, spacing and invisible characters."""
    return _key("text", host, fold(text))


def keys_of_one_item(subject: Subject) -> frozenset[str]:
    """Return what a subject shares with no other item, or only by its publisher's own choice."""
    return frozenset(key for key in subject.keys if key.partition(":")[0] in _OF_ONE_ITEM)


def keys_of_one_author(keys: Iterable[str]) -> frozenset[str]:
    """Return the hashes of the author's name, if all that an item is known by names just one.

    An author has a hash at each host that the item claims.
    """
    of_kind = {"author": set[str](), "host": set[str]()}
    for key in keys:
        of_kind.get(key.partition(":")[0], set()).add(key)
    is_one = len(of_kind["author"]) == len(of_kind["host"])
    return frozenset(of_kind["author"]) if is_one else frozenset()


def likenesses(keys: Iterable[str]) -> str:
    """Return the beginnings of the guids' and texts' hashes, for the name of a marker.

    Whoever looks for an item's likes then reads only the markers whose names may be theirs.
    """
    short = sorted(_short(key) for key in keys if key.partition(":")[0] in _LIKENESS)
    return "".join(short) if len(short) <= _MOST_LIKENESSES else f"-{_LIKENESS_OF_ALL}"


def may_be_like(attributes: str, keys: Iterable[str]) -> bool:
    """Tell whether a marker with these attributes may share a guid or a text with some keys."""
    named = set(attributes.split("-")[1:])
    wanted = {_short(key)[1:] for key in keys if key.partition(":")[0] in _LIKENESS}
    return _LIKENESS_OF_ALL in named or not named.isdisjoint(wanted)


def _short(key: str) -> str:
    kind, _, hashed = key.partition(":")
    return f"-{_LIKENESS[kind]}{hashed[:8]}"


def _key(kind: str, *parts: str) -> str:
    return f"{kind}:{digest(kind, *parts)}"


def fold(text: str) -> str:
    """Return a text as scope words compare it: NFKC, case-folded, no invisible characters."""
    visible = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if visible.isprintable() and "  " not in visible:  # as a whole text is, that parsers return
        return visible.casefold().strip(" ")
    return " ".join(_INVISIBLE.sub("", visible).casefold().split())


def describe(
    *,
    hosts: Iterable[str],
    addresses: Iterable[str],
    guid: str | None,
    authors: Iterable[tuple[str, str]],
    feeds: Iterable[str],
) -> Subject:
    """Describe an item by every claim made about it.

    *To hide, any claim counts* (design §3.1): the hosts of its addresses, and of a guid that is an
    address, count like its source host. ``authors`` are pairs of name and mail address.
    """
    addresses, authors = tuple(addresses), tuple(authors)
    known = {*hosts, *claimed_hosts(addresses, guid)}
    named = (*addresses, guid) if guid and host_of(guid) else addresses
    keys = {address_key(address) for address in named}
    keys |= {path_key(prefix) for address in named for prefix in path_prefixes(address)}
    keys |= {feed_key(feed) for feed in feeds}
    for host in known:
        keys.add(host_key(host))
        keys |= {domain_key(parent) for parent in parents(host)}
        for name, mailbox in authors:
            keys |= author_keys(host, name=name, address=mailbox)
        if guid:
            keys.add(guid_key(host, guid))
    return Subject(frozenset(keys))


def claimed_hosts(addresses: Iterable[str], guid: str | None) -> frozenset[str]:
    """Return the hosts that an item's addresses name, its guid's too if that is an address."""
    claimed = (host_of(address) for address in (*addresses, guid or ""))
    return frozenset(host for host in claimed if host)


def rule_to_json(rule: Suppression) -> bytes:
    """Return the ledger's form of a rule."""
    fields = {
        "schema": newest_schema(STEPS),
        "id": rule.id,
        "scope": rule.scope,
        "host": rule.host,
        "keys": sorted(rule.keys),
        "ground": rule.ground,
        "case": rule.case,
        "when": rule.when.isoformat(),
    }
    return json.dumps(fields, indent=1).encode()


def rule_from_json(body: bytes) -> Suppression:
    """Read a rule; raises RuleUnreadableError, since a rule not understood must not be ignored."""
    try:
        fields = migrated(read_json(body), STEPS)
        rule = Suppression(
            id=RuleId(fields["id"]),
            scope=Scope(fields["scope"]),
            host=fields["host"],
            keys=frozenset(listed(fields["keys"])),
            ground=Ground(fields["ground"]),
            case=fields["case"],
            when=datetime.fromisoformat(fields["when"]),
        )
        return checked(rule)
    except NewerSchemaError as error:
        raise RuleUnreadableError(f"a suppression {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RuleUnreadableError(f"not a suppression of schema 1: {error}") from error
