"""The terms of each entry of a document: its own, its source's, its feed's, its host's.

What a feed permits holds for its own entries, not for those that it took from elsewhere: of an
entry with a source the statements are its own or the source's, as with attribution. What the feed,
the answer or the host forbids holds for all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from feedmirror.addresses import digest
from feedmirror.configuration import FeedSettings
from feedmirror.mirroring.answer_terms import header_signals, rsl_links
from feedmirror.mirroring.entries import Entry, Feed
from feedmirror.mirroring.path_rules import signals_for
from feedmirror.mirroring.stated_rights import licence_signal, rights_signal
from feedmirror.mirroring.terms import (
    Place,
    Stated,
    Verdict,
    bounded,
    places_of,
    settle,
)
from feedmirror.mirroring.terms_table import MARKS

_MARKS = frozenset(row.signal for row in MARKS)


@dataclass(frozen=True, slots=True)
class FeedTerms:
    """What is stated around a feed's entries; ``rules`` are those of the files of its host."""

    settings: FeedSettings
    stated: Stated
    rules: tuple[str, ...] = ()

    def of(self, entry: Entry) -> Verdict:
        """Return how much of an entry is shown, and why."""
        feed, answer, host = places_of(self._at(entry))
        own = Place("the entry", _statement(entry.signals, entry.license_url, entry.rights))
        if entry.source is None:
            return settle(self.settings, (own, feed, answer, host))
        signals = _statement((), entry.source_license_url, entry.source_rights)
        around = (replace(place, signals=_only_marks(place.signals)) for place in (feed, answer))
        return settle(self.settings, (own, Place("its source", signals), *around, host))

    def _at(self, entry: Entry) -> Stated:
        """Return what is stated with what the host's files say of the entry's own page."""
        if not self.rules or not _same_origin(entry.link, self.settings.url):
            return self.stated
        own = signals_for(self.rules, entry.link or "")
        return replace(self.stated, host=bounded((*self.stated.host, *own)))


def read_stated(feed: Feed, headers: Mapping[str, str], settings: FeedSettings) -> Stated:
    """Return what a whole document and its answer state at the feed's level."""
    signals = header_signals(headers).values()
    stated = Stated(
        feed=bounded(_statement(feed.signals, feed.license_url, feed.rights)),
        answer=bounded(signal for each in signals for signal in each),
        licences=rsl_links(headers, settings.url),
    )
    return settled(stated, settings)


def settled(stated: Stated, settings: FeedSettings) -> Stated:
    """Return what is stated with what follows from it under a feed's settings."""
    verdict = settle(settings, places_of(stated))
    return replace(stated, shown=verdict.extent.word, why=verdict.why)


def rules_digest(rules: tuple[str, ...]) -> str:
    """Return a digest of all that a host's files say; of nothing it is empty."""
    return digest("rules", *rules)[:8] if rules else ""


def _statement(
    marks: tuple[str, ...], license_url: str | None, rights: str | None
) -> tuple[str, ...]:
    stated = (licence_signal(license_url), rights_signal(rights))
    return (*marks, *(signal for signal in stated if signal))


def _only_marks(signals: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(signal for signal in signals if signal in _MARKS)


def _same_origin(link: str | None, url: str) -> bool:
    return bool(link) and urlsplit(link or "")[:2] == urlsplit(url)[:2]
