"""The files in which origins state terms: fetched before the polls that they bear on, weekly.

Small, conditional, and all origins at once. An origin that has none answers 404 and has said
nothing; what fails otherwise leaves standing what was known, and is tried again the next day.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from feedmirror.jobs.in_time import in_time
from feedmirror.jobs.robots_looks import Looked
from feedmirror.jobs.shard_state import Lease
from feedmirror.mirroring.answer_terms import MOST_LICENCES, read_tdmrep
from feedmirror.mirroring.house_terms import TDMREP, HouseTerms, asked_of
from feedmirror.mirroring.parsing import Parsers
from feedmirror.mirroring.polling import validator_in
from feedmirror.mirroring.robots import origin_of
from feedmirror.ports.fetching import Fetched, Fetcher, FetchRequest, Unfetched

_ABSENT = {404, 410}
_REFUSED = set(range(400, 500)) - {429}
_OK, _UNCHANGED = 200, 304


@dataclass(frozen=True, slots=True)
class LookAtHouses:
    """Asks origins for their files of terms; the fetcher bounds what one may cost."""

    fetcher: Fetcher
    parsers: Parsers

    def run(
        self, lease: Lease, *, robots: Looked, enough: Callable[[], bool]
    ) -> dict[str, HouseTerms]:
        """Return what is known now of the origins that a lease says are asked.

        ``robots`` is what they say to robots, as of this run. Of whom that is not known is given
        back as it was; what it keeps us from says nothing. Whom it is ``enough`` to wait for is
        asked again like one that did not answer.
        """
        before = asked_of(lease.before.house_terms, lease.state.house_terms)
        asked = {origin: house for origin, house in before.items() if robots.is_known_of(origin)}
        wanted: defaultdict[str, list[str]] = defaultdict(list)
        for origin in asked:
            for address in filter(robots.may_fetch, _documents(origin, lease, robots)):
                wanted[address].append(origin)  # two may name the same
        found = self._found(wanted, asked, enough)
        documents: dict[str, dict[str, list[str]]] = {origin: {} for origin in asked}
        pairs = [(address, origin) for address, origins in wanted.items() for origin in origins]
        for address, origin in pairs:
            document = found.get((address, origin)) or asked[origin].documents.get(address)
            if document is not None and document[1:]:
                documents[origin][address] = document
        failed = {origin for address, origin in pairs if found.get((address, origin)) is None}
        return before | {
            origin: replace(
                lease.state.house_terms[origin],
                documents=documents[origin],
                failed=origin in failed,
            )
            for origin in asked
        }

    def _found(
        self,
        wanted: Mapping[str, Sequence[str]],
        asked: Mapping[str, HouseTerms],
        enough: Callable[[], bool],
    ) -> dict[tuple[str, str], list[str] | None]:
        """Return the files by address and origin; None, or no entry, is what could not be had."""
        requests = [
            FetchRequest(address, etag=_etag(address, [asked[origin] for origin in origins]))
            for address, origins in wanted.items()
        ]
        found: dict[tuple[str, str], list[str] | None] = {}
        in_turn = in_time(requests, is_short=enough)
        for answer in self.fetcher.fetch(in_turn) if requests else ():
            address = answer.request.url
            for origin in wanted[address]:
                known = asked[origin].documents.get(address)
                found[address, origin] = _document(
                    answer, origin, known=known, parsers=self.parsers
                )
            if enough():
                break
        return found


def read_house(fetcher: Fetcher, origin: str, parsers: Parsers) -> tuple[str, ...]:
    """Return the rules of an origin's ``tdmrep.json``, for who only looks."""
    (answer,) = fetcher.fetch([FetchRequest(origin + TDMREP)])
    document = _document(answer, origin, known=None, parsers=parsers)
    return tuple(document[1:]) if document else ()


def _etag(address: str, houses: Sequence[HouseTerms]) -> str | None:
    """Return the ETag of a file, if all who are asked about it know it as the same."""
    etags = {house.documents.get(address, [""])[0] for house in houses}
    return etags.pop() or None if len(etags) == 1 else None


def _documents(origin: str, lease: Lease, robots: Looked) -> Mapping[str, None]:
    """Return the addresses of an origin's files: the well-known one, and RSL that is named."""
    named = [*robots.houses[origin].licenses]
    for url, state in lease.state.feeds.items():
        if origin_of(state.move.asked_at(url)) == origin:
            named += state.stated.licences
    return dict.fromkeys([origin + TDMREP, *named[:MOST_LICENCES]])


def _document(
    answer: Fetched | Unfetched, origin: str, *, known: list[str] | None, parsers: Parsers
) -> list[str] | None:
    """Return a file's ETag and rules; None if it could not be had."""
    if isinstance(answer, Unfetched):
        return None
    if answer.status == _UNCHANGED and known:
        return known
    # Who turns us away, or shows a page in its place, takes back nothing that was said before.
    if answer.status in _ABSENT or (answer.status in _REFUSED and not known):
        return [""]
    if answer.status != _OK:
        return None
    text = answer.body.decode("utf-8", errors="replace")
    if known and text.lstrip().lower().startswith(("<!doctype html", "<html")):
        return None
    is_tdmrep = answer.request.url == origin + TDMREP
    rules = read_tdmrep(text) if is_tdmrep else parsers.rsl(text, address=f"{origin}/")
    return [validator_in(answer.headers, "etag"), *rules]
