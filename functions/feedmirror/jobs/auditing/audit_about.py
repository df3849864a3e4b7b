"""The audit of the pages that tell hosts how they are treated: none names what is taken down."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.auditing.audit_report import Finding, Kind, Note, Tally
from feedmirror.jobs.auditing.audit_standing import Standing
from feedmirror.jobs.batches import batches
from feedmirror.layout import about_page
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers
from feedmirror.publishing.treatment import days_told
from feedmirror.suppression import Subject, describe, feed_key, find_suppression


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditAbout:
    """Looks at every such page, by the feeds that it names; ``feeds`` are the configured ones."""

    site: ObjectStore
    feeds: tuple[FeedSettings, ...]
    standing: Standing
    workers: Workers

    def run(self, tally: Tally) -> None:
        """Check that no rule covers a feed that a page names; raises StoreUnavailableError."""
        asked = {(feed.host, feed_key(feed.url).partition(":")[2]) for feed in self.feeds}
        for hosts in batches(self._hosts()):
            named = dict(zip(hosts, self.workers.map(self._named, hosts), strict=True))
            tally.look("feeds", sum(map(len, named.values())))
            told = [host for host, anchors in named.items() if anchors]
            rules = self.standing.of(told, tally)
            for host in told:
                for anchor in named[host]:
                    if (host, anchor) not in asked:
                        tally.note(Note.UNASKED)
                    rule = find_suppression(_subject(host, anchor), rules.concerning({host}))
                    if rule is not None:
                        words = f"rule {rule.id} of case {rule.case} covers a feed that it names"
                        finding = Finding(Kind.COVERED_FEED, f"site {about_page(host)}", words)
                        still = partial(self._names, host, anchor)
                        self.standing.report(tally, finding, rule=rule, still=still)

    def _hosts(self) -> Iterator[str]:
        """Yield the hosts that have such a page."""
        for summary in self.site.list(""):
            host = summary.key.partition("/")[0]
            if summary.key == about_page(host):
                yield host

    def _named(self, host: str) -> frozenset[str]:
        found = self.site.get(about_page(host))
        text = found.content.body.decode(errors="replace") if found else ""
        return frozenset(days_told(text))

    def _names(self, host: str, anchor: str) -> bool:
        return anchor in self._named(host)


def _subject(host: str, anchor: str) -> Subject:
    """Describe a feed by its hash, as rules know it, and by its host."""
    whole = describe(hosts=(host,), addresses=(), guid=None, authors=(), feeds=())
    return Subject(whole.keys | {f"feed:{anchor}"})
