"""The ledger, read: which rules are in force for the hosts at hand.

Always read after the markers are written and the ETags are read (design §4). The ledger's keys
tell which rules there are and which are lifted, so only rules that concern a host are fetched.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from feedmirror.addresses import digest, parents
from feedmirror.layout import LIFTS, SUPPRESSIONS, lift_key, suppressions_prefix
from feedmirror.ports.object_store import ObjectStore, keys_of_one_page
from feedmirror.ports.workers import Workers
from feedmirror.suppression import RuleUnreadableError, Suppression, rule_from_json

EVERY_HOST = "*"  # in place of hosts that are too many to name


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force, by the host that they are kept under."""

    by_host: Mapping[str, tuple[Suppression, ...]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def concerning(self, hosts: Iterable[str]) -> tuple[Suppression, ...]:
        """Return the rules of these hosts and of their parents, each once.

        Raises RuleUnreadableError if one of them cannot be read: what it covers is not known, so
        nothing of these hosts may be written.
        """
        found: dict[str, Suppression] = {}
        for host in _with_parents(hosts):
            if host in self.unreadable:
                raise RuleUnreadableError(self.unreadable[host])
            found |= {rule.id: rule for rule in self.by_host.get(host, ())}
        return tuple(found[rule] for rule in sorted(found))

    def mark(self, hosts: Iterable[str]) -> str:
        """Return a digest of the rules that concern these hosts; empty if there are none."""
        rules = self.concerning(hosts)
        return digest(*(rule.id for rule in rules)) if rules else ""


@dataclass(frozen=True, slots=True)
class RuleReader:
    """Reads the rules of the ledger, and the lifts that end them."""

    ledger: ObjectStore
    workers: Workers
    known: dict[str, bytes] = field(default_factory=dict)  # bodies by key: a rule never changes

    def read(self, hosts: Iterable[str]) -> Rules:
        """Return the rules in force now for these hosts."""
        concerned = _with_parents(hosts)
        keys = self._keys(SUPPRESSIONS, concerned)
        lifted = self._keys(LIFTS, concerned) if keys else frozenset()
        if lifted:  # a rule that took a lifted one's place was written before the lift
            keys = self._keys(SUPPRESSIONS, concerned)
        standing = sorted(key for key in keys if lift_key(key) not in lifted)
        bodies = self.workers.map(self._body, standing)
        by_host: dict[str, list[Suppression]] = {}
        unreadable: dict[str, str] = {}
        names = {suppressions_prefix(host): host for host in concerned}
        for key, body in zip(standing, bodies, strict=True):
            host = next(host for prefix, host in names.items() if key.startswith(prefix))
            try:
                by_host.setdefault(host, []).append(rule_from_json(body))
            except RuleUnreadableError as error:
                unreadable[host] = f"ledger {key}: {error}"
        return Rules({host: tuple(rules) for host, rules in by_host.items()}, unreadable)

    def stands(self, key: str) -> bool:
        """Tell whether one rule is in force: it is there, and not lifted.

        Both are listed: to be told that a key is not there, S3 wants leave to list all of them.
        """
        return self._exists(key) and not self._exists(lift_key(key))

    def _exists(self, key: str) -> bool:
        return any(found.key == key for found in self.ledger.list(key))

    def _body(self, key: str) -> bytes:
        if key not in self.known:
            found = self.ledger.get(key)
            self.known[key] = found.content.body if found else b""
        return self.known[key]

    def lifts(self) -> tuple[str, ...]:
        """Return the keys of all lifts: what a run compares to see that content may come back."""
        return tuple(summary.key for summary in self.ledger.list(LIFTS))

    def _keys(self, root: str, hosts: frozenset[str]) -> frozenset[str]:
        """List the keys that concern the hosts: in one request while the ledger fits in it."""
        prefixes = tuple(root + suppressions_prefix(host)[len(SUPPRESSIONS) :] for host in hosts)
        page = keys_of_one_page(self.ledger, root)
        if page is not None:
            return frozenset(key for key in page if key.startswith(prefixes))
        listed = self.workers.map(lambda prefix: list(self.ledger.list(prefix)), prefixes)
        return frozenset(summary.key for found in listed for summary in found)


def lifts_mark(hosts: Iterable[str], lifts: Collection[str]) -> str:
    """Return a digest of the lifts that concern some hosts; empty if there are none."""
    if not lifts:  # as for most mirrors: then nobody needs the list of public suffixes for this
        return ""
    known = frozenset(hosts)
    prefixes = tuple(lift_key(suppressions_prefix(host)) for host in _with_parents(known))
    concerning = sorted(key for key in lifts if EVERY_HOST in known or key.startswith(prefixes))
    return digest(*concerning) if concerning else ""


def _with_parents(hosts: Iterable[str]) -> frozenset[str]:
    return frozenset(parent for host in hosts for parent in parents(host))
