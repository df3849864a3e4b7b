"""The takedown's writes of design §4: tombstones over records and pages, and cleaned listings.

Every key concerned is overwritten under the ETag that was just read, whether it exists or not and
whatever stands there: a writer that holds an older ETag loses its condition. Nothing is ever
taken away: a missing key would let a late writer create it again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from feedmirror.jobs.publish import OpenListing, Publisher, content_of, record_in
from feedmirror.layout import (
    ATOM,
    FRONT,
    INDEX,
    JSON,
    ItemId,
    host_folder,
    item_page,
    month_folder,
    record_key,
    recovery_key,
)
from feedmirror.ports.object_store import (
    Content,
    LostConditionError,
    ObjectStore,
    StoreUnavailableError,
)
from feedmirror.publishing.listings import Buried
from feedmirror.records import (
    Item,
    Record,
    Tombstone,
    object_metadata,
    record_to_json,
)
from feedmirror.suppression import Ground, rule_from_json

if TYPE_CHECKING:
    from feedmirror.publishing.pages import Renderer

_ATTEMPTS = 64  # against other writers, each of whom gives up when it loses
_JSON = "application/json"
# Of two takedowns at once none may find another's new page beside the index that it is made of.
_INDEX_FIRST = (JSON, INDEX, ATOM)
EMPTIED = b"{}"  # what a recovery copy says whose content may not be kept
# Of two grounds on one tombstone the one that binds more is told.
_WEIGHT = {Ground.UPSTREAM: 0, Ground.PUBLISHER: 1, Ground.PRIVACY: 2, Ground.LEGAL: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why items are taken down: the case, and the ledger's keys of the rules that cover them.

    ``covers`` tells of which hosts the rules, which stand already, cover all that there is. All of
    these is taken out of a listing at the first look, and the listing noted as ``cleared``: whoever
    puts it again has read its ETag after that, and then the rules (design §4).
    """

    case: str
    ground: Ground
    rules: tuple[str, ...]
    provisional: bool
    keeps_copies: bool
    covers: Callable[[str], bool] = lambda _: False
    cleared: set[str] = field(default_factory=set)

    def has_cleared(self, folder: str, host: str) -> bool:
        """Tell whether a listing can show none of a host's items any more."""
        return folder in self.cleared and self.covers(host)


@dataclass(frozen=True, slots=True)
class Concerned:
    """One item that a rule reaches, landed or announced, and the listings that may show it."""

    host: str
    id: ItemId
    folders: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entomb:
    """Puts tombstones in the place of items, and takes them out of every listing."""

    archive: ObjectStore
    site: ObjectStore
    mail: ObjectStore
    ledger: ObjectStore
    publisher: Publisher
    clock: Callable[[], datetime]

    @property
    def renderer(self) -> "Renderer":
        """The renderer of the mirror's pages."""
        return self.publisher.renderer()

    def run(self, items: Sequence[Concerned], cause: Cause) -> None:
        """Take the items down: recovery copies, records, pages, then the listings."""
        stones = self.publisher.workers.map(lambda item: self._entomb(item, cause), items)
        gone: dict[str, list[Buried]] = {}
        for (stone, folders), item in zip(stones, items, strict=True):
            for folder in {FRONT, host_folder(item.host), *folders, *item.folders}:
                if not cause.has_cleared(folder, item.host):
                    gone.setdefault(folder, []).append(Buried(stone.id, stone.host, stone.when))
        self._withdraw(gone, cause.covers)
        cause.cleared.update(gone)

    def forget_host(self, covers: Callable[[str], bool]) -> None:
        """Take hosts out of the front page's list of hosts."""
        self._put_again(FRONT, lambda opened: replace_hosts(opened, covers))

    def _entomb(self, item: Concerned, cause: Cause) -> tuple[Tombstone, frozenset[str]]:
        """Overwrite one record and its page; return the tombstone and the item's month."""
        stone, was = self._put_stone(item, cause)
        page = content_of(self.renderer.tombstone_page(stone, nonce=self.publisher.nonce()))
        key = item_page(item.host, item.id)
        for _ in range(_ATTEMPTS):
            found = self.site.head(key)
            try:
                self.site.put(key, page, replaces=found.etag if found else None)
            except LostConditionError:
                continue
            months = {month_folder(was.host, was.first_seen)} if isinstance(was, Item) else set()
            return stone, frozenset(months)
        raise StoreUnavailableError(f"site {key}: changed {_ATTEMPTS} times")

    def _put_stone(self, item: Concerned, cause: Cause) -> tuple[Tombstone, Record | None]:
        key = record_key(item.host, item.id)
        for _ in range(_ATTEMPTS):
            found = self.archive.get(key)
            was = record_in(found)
            if found is not None:
                self._keep_copy(item, (found.content.body, was), cause)
            stone = _stone(item, was, cause, now=self.clock())
            body = record_to_json(stone, self.publisher.nonce())
            content = Content(body, _JSON, metadata=object_metadata(stone))
            try:
                self.archive.put(key, content, replaces=found.etag if found else None)
            except LostConditionError:
                continue
            return stone, was
        raise StoreUnavailableError(f"archive {key}: changed {_ATTEMPTS} times")

    def _keep_copy(self, item: Concerned, found: tuple[bytes, Record | None], cause: Cause) -> None:
        """Keep what is about to be overwritten, so that it can be put back as it was.

        A copy that is there already is of an earlier attempt, or of a version before an edit that
        came in between: the newer one takes its place. Where another case has put a tombstone,
        its copy is the one to keep. Of what is retired that is its tombstone, which says nothing.
        """
        key = recovery_key(cause.case, item.host, item.id)
        body, was = found
        if isinstance(was, Tombstone) and was.is_retired:
            self._put_copy(key, body)
            return
        if isinstance(was, Tombstone):
            for case in () if cause.keeps_copies else self._cases_of(was):
                self._empty_copy(recovery_key(case, item.host, item.id))
            if was.case == cause.case or not set(cause.rules).isdisjoint(was.rules):
                return  # this case's own, put before a crash, or by the mask that it was before
            earlier = self.mail.get(recovery_key(was.case, item.host, item.id))
            if earlier is None:
                return
            body = earlier.content.body
        self._put_copy(key, body if cause.keeps_copies else EMPTIED)

    def _cases_of(self, stone: Tombstone) -> frozenset[str]:
        """Return every case that has put a tombstone somewhere."""
        found = [self.ledger.get(key) for key in stone.rules]
        return frozenset({stone.case, *(rule_from_json(f.content.body).case for f in found if f)})

    def _empty_copy(self, key: str) -> None:
        if self.mail.head(key) is not None:
            self._put_copy(key, EMPTIED)

    def _put_copy(self, key: str, body: bytes) -> None:
        content = Content(body, _JSON, metadata={"taken": self.clock().isoformat()})
        replaces: str | None = None
        for _ in range(_ATTEMPTS):
            try:
                self.mail.put(key, content, replaces=replaces)
            except LostConditionError:
                known = self.mail.head(key)
                replaces = known.etag if known else None
                continue
            return
        raise StoreUnavailableError(f"mail {key}: changed {_ATTEMPTS} times")

    def _withdraw(
        self, gone: Mapping[str, Sequence[Buried]], covers: Callable[[str], bool]
    ) -> None:
        """Put every listing again without the items; also one that never showed them."""
        now = self.clock()

        def without(opened: OpenListing, folder: str) -> OpenListing:
            cards = opened.listing.cards
            covered = [Buried(card.id, card.host, now) for card in cards if covers(card.host)]
            # An item that is in both has the date of its tombstone: the last one counts.
            listing = opened.listing.updated_with((), [*covered, *gone[folder]])
            return replace(opened, listing=listing)

        def withdraw(folder: str) -> None:
            self._put_again(folder, lambda opened: without(opened, folder))

        self.publisher.workers.map(withdraw, sorted(gone))

    def _put_again(self, folder: str, change: Callable[[OpenListing], OpenListing]) -> None:
        host = folder.partition("/")[0]
        folders = {folder, host_folder(host)} if host else {folder}
        for _ in range(_ATTEMPTS):
            listings = self.publisher.open(folders)
            changed = change(listings.by_folder[folder])
            if self.publisher.put_listing(
                changed, changed.listing, listings.months_of(host), files=_INDEX_FIRST
            ):
                return
        raise StoreUnavailableError(f"site {folder}{JSON}: changed {_ATTEMPTS} times")


def replace_hosts(opened: OpenListing, covers: Callable[[str], bool]) -> OpenListing:
    """Return the front without the hosts that are covered."""
    return replace(opened, listing=opened.listing.without_hosts(covers))


def _stone(item: Concerned, was: Record | None, cause: Cause, *, now: datetime) -> Tombstone:
    """Return the tombstone to put; one that stands keeps its date and its rules (RFC 6721 §3).

    One that only says that the item is no longer kept gives way like an item, but for its age.
    """
    if not isinstance(was, Tombstone) or was.is_retired:
        return Tombstone(
            id=item.id,
            host=item.host,
            when=now,
            case=cause.case,
            ground=cause.ground,
            rules=cause.rules,
            first_seen=was.first_seen if isinstance(was, Tombstone) else None,
        )
    ground = max(was.ground, cause.ground, key=_WEIGHT.__getitem__)
    return replace(
        was,
        case=was.case if cause.provisional else cause.case,
        ground=was.ground if cause.provisional else ground,
        rules=tuple(dict.fromkeys((*was.rules, *cause.rules))),
    )


def folders_of(pages: Iterable[str]) -> frozenset[str]:
    """Return the listings among some page keys, by folder."""
    return frozenset(page.removesuffix(JSON) for page in pages if page.endswith(f"/{JSON}"))
