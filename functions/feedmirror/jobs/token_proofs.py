"""What hosts, their names and feeds show of the tokens that they were asked for.

Loaded only where a token is looked for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from feedmirror.addresses import host_of
from feedmirror.configuration import FeedSettings
from feedmirror.jobs.findings import Finding
from feedmirror.layout import challenge_key
from feedmirror.mirroring.parsing import Parsers
from feedmirror.ports.dns import DnsUnavailableError, TxtLookup
from feedmirror.ports.fetching import Fetched, Fetcher, FetchRequest, Unfetched
from feedmirror.ports.workers import Workers
from feedmirror.takedowns.casework.challenges import (
    WELL_KNOWN_PATH,
    Challenge,
    ChallengeUnreadableError,
    challenge_from_json,
    dns_name,
)
from feedmirror.takedowns.casework.proofs import dns_proves, well_known_proves
from feedmirror.takedowns.decisions.decision import Proving

_OK = 200


def read_challenge(key: str, body: bytes) -> Challenge:
    """Read the challenge stored under a key; raises ChallengeUnreadableError."""
    try:
        challenge = challenge_from_json(body)
    except ChallengeUnreadableError as error:
        raise ChallengeUnreadableError(f"ledger {key}: {error}") from error
    if key != challenge_key(challenge.host, challenge.case):
        raise ChallengeUnreadableError(f"ledger {key}: it is of another host or case")
    return challenge


def in_feed(document: bytes, challenges: Sequence[Challenge], parsers: Parsers) -> list[Finding]:
    """Return the tokens that a feed's document shows; never raises."""
    if not document:
        return []
    shown = parsers.shown([challenge.token for challenge in challenges], document)
    return [_finding(each, Proving.FEED) for each in challenges if each.token in shown]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskHosts:
    """Asks hosts and DNS, each once for all challenges; ``dns`` is called where it is needed."""

    fetcher: Fetcher
    dns: Callable[[], TxtLookup]
    workers: Workers
    feeds: tuple[FeedSettings, ...]

    def run(self, challenges: Sequence[Challenge]) -> tuple[list[Finding], list[str]]:
        """Return what was found, and in words what could not be asked."""
        by_file = [c for c in challenges if Proving.WELL_KNOWN in c.ways]
        by_name = [c for c in challenges if Proving.DNS in c.ways]
        files = self._files({c.host for c in by_file})
        records, problems = self._records(sorted({c.host for c in by_name}))
        found = [
            *(
                _finding(c, Proving.WELL_KNOWN)
                for c in by_file
                if well_known_proves(files.get(c.host, b""), c.token)
            ),
            *(_finding(c, Proving.DNS) for c in by_name if dns_proves(records[c.host], c.token)),
        ]
        return found, problems

    def _files(self, hosts: Iterable[str]) -> dict[str, bytes]:
        """Return the files that hosts serve for us; what a redirect led to is none of them.

        A host that redirects to its own other spelling is asked there once more: the answer that
        counts is always the one to the address that was asked.
        """
        asked = {self._address(host): host for host in sorted(hosts)}
        files: dict[str, bytes] = {}
        elsewhere: dict[str, str] = {}
        for host, answer in self._answers(asked):
            files |= _file(host, answer)
            target = answer.hops[0].url if answer.hops else ""
            if target in _spellings(host) and target not in asked:
                elsewhere[target] = host
        for host, answer in self._answers(elsewhere):
            files |= _file(host, answer)
        return files

    def _address(self, host: str) -> str:
        """Return where a host's file is asked for: beside its feeds, where it has any here.

        Encrypted if a feed of the host is, and then on the usual port.
        """
        parts = [urlsplit(feed.url) for feed in self.feeds if host_of(feed.url) == host]
        names = {f"https://{p.hostname}{WELL_KNOWN_PATH}" for p in parts if p.scheme == "https"}
        encrypted = [address for address in _spellings(host) if address in names]
        plain = [
            f"http://{p.netloc.rpartition('@')[2]}{WELL_KNOWN_PATH}"
            for p in parts
            if p.scheme == "http"
        ]
        return next(iter((*encrypted, *plain)), _spellings(host)[0])

    def _answers(self, asked: Mapping[str, str]) -> Iterator[tuple[str, Fetched | Unfetched]]:
        for answer in self.fetcher.fetch([FetchRequest(url) for url in asked]):
            yield asked[answer.request.url], answer

    def _records(self, hosts: Sequence[str]) -> tuple[dict[str, tuple[bytes, ...]], list[str]]:
        """Return the TXT records of hosts' names, and which could not be had."""
        problems: list[str] = []
        if not hosts:
            return {}, problems
        lookup = self.dns()

        def ask(host: str) -> tuple[bytes, ...]:
            try:
                return lookup.txt(dns_name(host))
            except DnsUnavailableError as error:
                problems.append(f"DNS {dns_name(host)}: {error}")
                return ()

        return dict(zip(hosts, self.workers.map(ask, hosts), strict=True)), problems


def _finding(challenge: Challenge, way: Proving) -> Finding:
    return Finding(case=challenge.case, host=challenge.host, way=way.value, token=challenge.token)


def _spellings(host: str) -> tuple[str, str]:
    """Return the addresses of a host's file: what the mirror calls a host includes its ``www.``."""
    return f"https://{host}{WELL_KNOWN_PATH}", f"https://www.{host}{WELL_KNOWN_PATH}"


def _file(host: str, answer: Fetched | Unfetched) -> dict[str, bytes]:
    """Return the body of a plain answer with a text that was asked for at this very address."""
    if isinstance(answer, Unfetched) or answer.status != _OK or answer.hops:
        return {}
    is_text = answer.headers.get("content-type", "text/plain").strip().lower().startswith("text/")
    return {host: answer.body} if is_text else {}
