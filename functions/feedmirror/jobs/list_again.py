"""Listings put from what the archive holds now: as they should be, whatever was thought before.

By the protocol of design §4, from its top: every ETag is looked up, then the rules are read. The
records are read once the listings are open, so whatever a takedown does later changes an ETag.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from feedmirror.jobs.publish import Publisher
from feedmirror.jobs.rules import RuleReader
from feedmirror.layout import ItemId
from feedmirror.publishing.selection import select
from feedmirror.records import Item
from feedmirror.suppression import RuleUnreadableError


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAgain:
    """Has listings show some items, or not, as they are."""

    publisher: Publisher
    rules: RuleReader

    def run(
        self, folders: Iterable[str], items: Iterable[tuple[str, ItemId]], *, now: datetime
    ) -> Mapping[str, str]:
        """Put listings with items, named by host and id; return why, by folder, if that failed."""
        places = tuple(items)
        listings = self.publisher.open(folders)
        records = self.publisher.records(places)
        hosts = {host for host, _ in places}
        hosts |= {record.link_host for record in records if isinstance(record, Item)}
        rules = self.rules.read(hosts | listings.hosts)
        try:
            publication = select(records, rules.concerning(hosts), now=now)
        except RuleUnreadableError as error:
            return dict.fromkeys(listings.by_folder, str(error))
        return self.publisher.update(listings, publication, rules, now=now)
