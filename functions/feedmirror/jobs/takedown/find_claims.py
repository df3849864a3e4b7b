"""What a notice names, looked up: a fixed number of requests for each thing that it names.

An address is one list of the markers under it, in whatever spelling it is asked for. A host is one
list of its markers. Authors, feeds and paths are told by the markers' bodies, of which no more are
read than it takes to see whether anything is held.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.publish import record_in
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.jobs.takedown.sweep import Sweep, read_marker_key
from feedmirror.layout import FRONT, JSON, ItemId, markers_prefix, record_key, recovery_key
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.publishing.listings import ListingUnreadableError, read_listing
from feedmirror.records import Item, Tombstone
from feedmirror.suppression import (
    Ground,
    RuleId,
    Scope,
    Suppression,
    address_hash,
    address_key,
    author_keys,
    item_key,
    keys_of_one_author,
    keys_of_one_item,
)
from feedmirror.takedowns.casework.case_orders import is_withdrawal
from feedmirror.takedowns.casework.cases import Case, CaseUnreadableError, State
from feedmirror.takedowns.decisions.asks import Ask, asks_of, whole_host
from feedmirror.takedowns.decisions.claims import Claim, Held
from feedmirror.takedowns.notices.notice import Notice
from feedmirror.takedowns.senders.receipt import mailbox_key
from feedmirror.takedowns.senders.sender import Sender

_SAMPLE = 20  # items of a wide claim by which its contacts are known
_MOST_READ = 20_000  # markers of a host that are read to see what a wide claim reaches
_MOST_COUNTED = 1000
_MOST_OF_NOW = 2000  # items that go where the future is not asked for
_MOST_OF_NOBODY = 100  # things that are looked up for whom nothing is proved of
Place = tuple[str, ItemId]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindClaims:
    """Looks up what notices name."""

    archive: ObjectStore
    site: ObjectStore
    mail: ObjectStore
    cases: CaseBook
    sweep: Sweep
    workers: Workers
    feeds: Sequence[FeedSettings]

    def run(self, notice: Notice, sender: Sender) -> tuple[Claim, ...]:
        """Return a claim for each thing asked for, held or not."""
        most = None if sender.proved else _MOST_OF_NOBODY
        claims = self.workers.map(self.find, asks_of(notice, sender, self.feeds)[:most])
        if notice.scope is Scope.AUTHOR:
            claims = [*self._by_the_author_of(claims), *claims]
            if notice.mine and not any(claim.is_held for claim in claims):
                hosts = dict.fromkeys(claim.host for claim in claims if claim.host)
                claims = [self.find(whole_host(host)) for host in hosts]
        return tuple(claims)

    def find(self, ask: Ask) -> Claim:
        """Return what is held of one thing asked for."""
        if ask.scope is not Scope.ITEM:
            return self._wide(ask)
        places = self._under(ask.host, ask.address) if ask.address else self._by_id(ask)
        looked = self.workers.map(self.look, places)
        held = [each for each in looked if each]
        if ask.address:  # which is kept away at its own host too, whatever the link is by now
            named = [each or _unknown(*at) for each, at in zip(looked, places, strict=True)]
            own = frozenset({address_key(ask.address)})
            held = [replace(h, asked_at=ask.host, keys=h.keys | own) for h in named]
        else:
            held = [*map(self._unshared, held), *self._copies(held)]
        return Claim(
            scope=Scope.ITEM,
            host=ask.host or (held[0].host if held else ""),
            keys=frozenset({address_key(ask.address)}) if ask.address else frozenset(),
            items=tuple(held),
            count=sum(not each.gone for each in held),
        )

    def look(self, place: Place) -> Held | None:
        """Return what is known of one item, also of one that is out of sight; None if nothing."""
        host, item = place
        record = record_in(self.archive.get(record_key(host, item)))
        if isinstance(record, Tombstone) and record.is_retired:
            return _unknown(host, item)  # it is not gone for good: it may be brought again
        if isinstance(record, Tombstone):
            kept = record_in(self.mail.get(recovery_key(record.case, host, item)))
            known = _held(kept) if isinstance(kept, Item) else _unknown(host, item)
            case = self._case(record.case)
            if case is not None and is_withdrawal(case):
                return known  # it may be shown again, so whoever asks for it asks for something
            masked = case is not None and case.state is State.MASKED
            return replace(
                known,
                masked_by=record.case if masked else "",
                taken_by="" if masked else record.case,
                gone=not masked,
            )
        return _held(record) if record else None

    def withdrawn_in(self, place: Place) -> Case | None:
        """Return the case of a whole feed's mark by which an item is out of sight, if it is."""
        record = record_in(self.archive.get(record_key(*place)))
        case = self._case(record.case) if isinstance(record, Tombstone) else None
        is_feeds = case is not None and (case.decision or {}).get("scope") == Scope.FEED
        return case if is_feeds else None

    def all_of(self, claim: Claim) -> Claim:
        """Return a wide claim as the items that it reaches now, and nothing of the future."""
        if claim.scope is Scope.ITEM:
            return claim
        probe = _probe(claim.scope, claim.host, claim.keys)
        held = [
            each
            for each in self.workers.map(self.look, islice(self._places(probe), _MOST_OF_NOW))
            if each and not each.gone
        ]
        return replace(claim, scope=Scope.ITEM, items=tuple(held), count=len(held))

    def mailboxes(self, places: Iterable[Place]) -> dict[str, str]:
        """Return the mail addresses that the feeds of some items state, by their hashes."""
        found: dict[str, str] = {}
        for host, item in islice(places, _SAMPLE):
            record = record_in(self.archive.get(record_key(host, item)))
            if isinstance(record, Tombstone):
                record = record_in(self.mail.get(recovery_key(record.case, host, item)))
            if isinstance(record, Item):
                found |= {mailbox_key(address): address for address in _addresses(record)}
        return found

    def sample(self, scope: Scope, host: str, keys: frozenset[str]) -> list[Place]:
        """Return some of the items that a wide rule reaches."""
        return list(islice(self._places(_probe(scope, host, keys)), _SAMPLE))

    def _places(self, probe: Suppression) -> Iterator[Place]:
        """Yield what a wide rule reaches, each once; for hosts the markers' names tell it."""
        named = probe.scope in {Scope.HOST, Scope.DOMAIN}
        markers = ((each.host, each.id) for each in self.sweep.markers(probe))
        read = ((each.host, each.id) for each in self.sweep.concerned(probe, most=_MOST_READ))
        seen: set[Place] = set()
        for place in markers if named else read:
            if place not in seen:
                seen.add(place)
                yield place

    def _under(self, host: str, address: str) -> list[Place]:
        """Return the items that are known under an address: one list request."""
        prefix = f"{markers_prefix(host)}{address_hash(address)}/"
        markers = (read_marker_key(found.key) for found in self.archive.list(prefix))
        return list(dict.fromkeys((marker.host, marker.id) for marker in markers if marker))

    def _by_id(self, ask: Ask) -> list[Place]:
        """Return where an item may be; without its host, at any host whose feeds are mirrored."""
        item = ask.item
        if item is None or ask.host:
            return [(ask.host, item)] if item else []
        hosts = sorted({feed.host for feed in self.feeds} | self._shown_hosts())
        found = self.workers.map(lambda host: self.archive.head(record_key(host, item)), hosts)
        return [(host, item) for host, known in zip(hosts, found, strict=True) if known]

    def _shown_hosts(self) -> frozenset[str]:
        """Return the hosts that the front page lists: a feed may have been dropped since."""
        found = self.site.get(f"{FRONT}{JSON}")
        try:
            listing = read_listing(FRONT, found.content.body) if found else None
        except ListingUnreadableError:
            return frozenset()
        return frozenset(each.host for each in listing.hosts) if listing else frozenset()

    def _unshared(self, held: Held) -> Held:
        """Leave out an address that other items of the same host have too, such as a home page."""
        record = self._item(held)
        if record is None:
            return held
        address = record.attribution.original_url
        others = {p for p in self._under(record.link_host, address) if p[0] == held.host}
        if others <= {(held.host, held.id)}:
            return held
        return replace(held, keys=held.keys - {address_key(address)})

    def _copies(self, held: Sequence[Held]) -> list[Held]:
        """Return the copies of the same address that other sites' feeds brought."""
        known = {(each.host, each.id) for each in held}
        places: dict[Place, None] = {}
        for each in held:
            record = self._item(each)
            if record is not None:
                under = self._under(record.link_host, record.attribution.original_url)
                places |= dict.fromkeys(p for p in under if p[0] != each.host and p not in known)
        return [found for place in places if (found := self.look(place))]

    def _item(self, held: Held) -> Item | None:
        record = record_in(self.archive.get(record_key(held.host, held.id)))
        return record if isinstance(record, Item) else None

    def _wide(self, ask: Ask) -> Claim:
        probe = _probe(ask.scope, ask.host, ask.keys)
        whole = ask.scope in {Scope.HOST, Scope.DOMAIN}
        places = list(islice(self._places(probe), None if whole else _MOST_COUNTED))
        held = self.workers.map(self.look, places[:_SAMPLE])
        return Claim(
            scope=ask.scope,
            host=ask.host,
            keys=ask.keys,
            items=tuple(each for each in held if each),
            count=len(places),
            feed=ask.feed,
        )

    def _by_the_author_of(self, claims: Iterable[Claim]) -> list[Claim]:
        """Return the claims to all else by the one author of the items that are named.

        A tombstone names nobody: there the author is known by what the markers hold.
        """
        asks: dict[Ask, None] = {}
        bare: dict[str, set[ItemId]] = {}
        for held in (each for claim in claims if claim.scope is Scope.ITEM for each in claim.items):
            record = self._item(held)
            if record is None:
                bare.setdefault(held.host, set()).add(held.id)
                continue
            names = {author.name for author in record.attribution.authors if author.name}
            if len(names) == 1:
                keys = author_keys(held.host, name=names.pop())
                asks[Ask(scope=Scope.AUTHOR, host=held.host, keys=keys)] = None
        for host, items in bare.items():
            known = self.sweep.known_by(host, items, most=_MOST_COUNTED)
            authors = (keys_of_one_author(known[item]) for item in sorted(known))
            asks |= {Ask(scope=Scope.AUTHOR, host=host, keys=a): None for a in authors if a}
        return [self.find(ask) for ask in asks]

    def _case(self, case: str) -> Case | None:
        try:
            return self.cases.load(case)
        except CaseUnreadableError:
            return None


def _probe(scope: Scope, host: str, keys: frozenset[str]) -> Suppression:
    """Return a rule that is never written: what it would reach is looked up by it."""
    when = datetime(1970, 1, 1, tzinfo=UTC)
    return Suppression(RuleId(""), scope, host, keys, Ground.PUBLISHER, "", when)


def _unknown(host: str, item: ItemId) -> Held:
    """Return what is left to be known of an item that no copy was kept of."""
    return Held(host=host, id=item, hosts=frozenset({host}), keys=frozenset({item_key(host, item)}))


def _held(item: Item) -> Held:
    authors = (author.address for author in item.attribution.authors)
    return Held(
        host=item.host,
        id=item.id,
        hosts=frozenset({item.host, item.link_host}),
        feed=item.attribution.feed.url,
        authors=frozenset(mailbox_key(address) for address in authors if address),
        contacts=frozenset(mailbox_key(contact.address) for contact in item.contacts),
        keys=keys_of_one_item(item.subject),
    )


def _addresses(item: Item) -> list[str]:
    authors = [author.address for author in item.attribution.authors if author.address]
    return [*(contact.address for contact in item.contacts), *authors]
