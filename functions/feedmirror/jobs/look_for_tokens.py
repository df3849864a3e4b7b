"""Looks for the tokens of open challenges: at hosts, in DNS, and in the feeds that a run polls.

The mirror may read challenges and write none: what it finds it hands on to the takedown function,
which asks its own copy before it believes it. Takedown code is loaded only where there is
something to look for.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.token_looks import Look, Looks, TokenLooks, due, looked, taken_up
from feedmirror.layout import CHALLENGES, challenge_key
from feedmirror.ports.aftermath import WorkQueue
from feedmirror.ports.fetching import Fetcher
from feedmirror.ports.object_store import ObjectStore
from feedmirror.ports.workers import Workers

if TYPE_CHECKING:
    from feedmirror.jobs.findings import Finding
    from feedmirror.mirroring.parsing import Parsers
    from feedmirror.ports.dns import TxtLookup
    from feedmirror.takedowns.casework.challenges import Challenge

_NEEDED = timedelta(minutes=2)  # to ask as many hosts as one run may, if none of them answers


@dataclass(frozen=True, slots=True)
class _Stored:
    """A challenge as the ledger has it, or what is wrong with it."""

    etag: str = ""
    challenge: "Challenge | None" = None
    problem: str = ""

    def has_ended(self, now: datetime) -> bool:
        return not self.problem and not (self.challenge and self.challenge.is_open(now))


@dataclass(slots=True)
class TokenSearch:
    """One run's search: what feeds may show, and what has been found so far.

    ``whole`` are feeds to be polled without validators, ``findings`` counts what was handed on,
    ``problems`` are for the operator.
    """

    opened: Mapping[str, "Challenge"] = field(default_factory=dict)  # by key
    by_feed: Mapping[str, "tuple[Challenge, ...]"] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    findings: int = 0
    problems: list[str] = field(default_factory=list)
    shown: "dict[str, list[Finding]]" = field(default_factory=dict)  # by feed that was read

    def read(self, url: str, document: bytes, parsers: "Parsers") -> None:
        """Look at the document that a poll of a feed brought; never raises."""
        if url in self.by_feed:
            from feedmirror.jobs.token_proofs import in_feed  # noqa: PLC0415 -- see the module

            self.shown[url] = in_feed(document, self.by_feed[url], parsers)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookForTokens:
    """Looks for what open challenges ask for; a host is asked in one run of a clock hour."""

    ledger: ObjectStore
    workers: Workers
    looks: TokenLooks
    fetcher: Fetcher
    dns: "Callable[[], TxtLookup]"
    hand_on: WorkQueue
    clock: Callable[[], datetime]
    feeds: tuple[FeedSettings, ...]

    def begin(self, *, time_left: Callable[[], timedelta]) -> TokenSearch:
        """Ask the hosts whose turn it is, hand on what they show, and return what feeds may show.

        While there is no challenge it costs one list request and nothing else; what time does not
        allow is left to the next run. Raises StoreUnavailableError.
        """
        listed = {found.key: found.etag for found in self.ledger.list(CHALLENGES)}
        if not listed:
            return TokenSearch()
        looks, etag = self.looks.load()
        keys = taken_up(listed, looks)
        if not keys:
            return TokenSearch()
        now, stored = self.clock(), self._stored(keys)
        asked = due(keys, looks, now) if time_left() >= _NEEDED else frozenset()
        seen = {key: Look(read.etag, ended=read.has_ended(now)) for key, read in stored.items()}
        fresh = looked(looks, listed=listed, seen=seen, asked=asked, now=now)
        # Kept before anybody is asked, so that of two runs at once only one asks.
        if fresh != looks and not self.looks.put(fresh, etag):
            asked = frozenset()
        search = _search(stored, fresh, now)
        self._ask(search, asked)
        return search

    def finish(self, search: TokenSearch) -> None:
        """Hand on what feeds have shown; to be called before what was learnt of them is saved.

        A feed whose proof could not be handed on is fetched whole at its next poll. Raises
        StoreUnavailableError if that cannot be noted.
        """
        marks = {
            challenge_key(challenge.host, challenge.case): sent
            for url, findings in search.shown.items()
            for sent in [self._hand_on(findings, search)]
            for challenge in search.by_feed[url]
            if not sent or url in search.whole
        }
        if marks:
            self.looks.mark_read(marks)

    def _stored(self, keys: Sequence[str]) -> dict[str, _Stored]:
        from feedmirror.jobs.token_proofs import read_challenge  # noqa: PLC0415 -- see the module
        from feedmirror.takedowns.casework.challenges import (  # noqa: PLC0415 -- see the module
            ChallengeUnreadableError,
        )

        def read(key: str) -> _Stored:
            found = self.ledger.get(key)
            if found is None:
                return _Stored()
            try:
                return _Stored(found.etag, read_challenge(key, found.content.body))
            except ChallengeUnreadableError as error:
                return _Stored(found.etag, problem=str(error))

        return dict(zip(keys, self.workers.map(read, keys), strict=True))

    def _ask(self, search: TokenSearch, asked: Collection[str]) -> None:
        """Ask the hosts of some challenges, and hand on what they show."""
        challenges = [search.opened[key] for key in sorted(asked) if key in search.opened]
        if not challenges:
            return
        from feedmirror.jobs.token_proofs import AskHosts  # noqa: PLC0415 -- see the module

        hosts = AskHosts(fetcher=self.fetcher, dns=self.dns, workers=self.workers, feeds=self.feeds)
        findings, problems = hosts.run(challenges)
        search.problems += problems
        self._hand_on(findings, search)

    def _hand_on(self, findings: "Iterable[Finding]", search: TokenSearch) -> bool:
        """Hand on what was found; return whether all of it was taken."""
        taken = True
        for finding in findings:
            try:
                self.hand_on.send(finding.to_dict())
                search.findings += 1
            except Exception as error:  # noqa: BLE001 -- one case's failure is its own, done inline too
                search.problems.append(f"case {finding.case}: proof not handed on: {error!r}")
                taken = False
        return taken


def _search(stored: Mapping[str, _Stored], looks: Looks, now: datetime) -> TokenSearch:
    """Return what is sought: by key, and by the feed that may show it."""
    opened = {
        key: read.challenge
        for key, read in stored.items()
        if read.challenge and not read.has_ended(now)
    }
    by_feed: defaultdict[str, list[Challenge]] = defaultdict(list)
    whole: set[str] = set()
    for key, challenge in opened.items():
        if "feed" in challenge.ways:
            by_feed[challenge.feed].append(challenge)
            whole |= set() if looks[key].read else {challenge.feed}
    return TokenSearch(
        opened=opened,
        by_feed={url: tuple(challenges) for url, challenges in by_feed.items()},
        whole=frozenset(whole),
        problems=[read.problem for read in stored.values() if read.problem],
    )
