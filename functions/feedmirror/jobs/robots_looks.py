"""Asks the origins of due feeds for robots.txt, and tells which of the feeds may be polled.

Of one origin's feeds none is polled before it has answered, or its last answer is known. What the
publisher's switch takes back is handed on to the takedown function.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.in_time import in_time
from feedmirror.jobs.shard_state import Lease
from feedmirror.jobs.withdrawals import HandOn
from feedmirror.mirroring.admission import admit, taken_back
from feedmirror.mirroring.houses import House, may_fetch
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.robots import origin_of, robots_address
from feedmirror.mirroring.robots_answers import after_answer, robots_request
from feedmirror.ports.fetching import Fetcher

if TYPE_CHECKING:
    from feedmirror.jobs.findings import Withdrawal

Feed = tuple[str, FeedSettings]  # and the address that it is asked for at


@dataclass(slots=True)
class Looked:
    """What a look at the houses of a run's feeds brought.

    ``polled`` are the feeds that may be polled, with their states and in their order, ``refused``
    the states of those that may not; what is in neither was not reached. ``pauses`` are the seconds
    to leave between two requests, ``barred`` where no redirect may lead, by feed.
    """

    houses: dict[str, House] = field(default_factory=dict)
    polled: dict[str, FeedState] = field(default_factory=dict)
    refused: dict[str, FeedState] = field(default_factory=dict)
    pauses: dict[str, float] = field(default_factory=dict)
    barred: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    now: datetime | None = None

    def is_known_of(self, origin: str) -> bool:
        """Tell whether it is known what an origin says to robots, and nothing keeps us waiting."""
        house, now = self.houses.get(origin), self.now
        if house is None or now is None:
            return False
        return not (house.is_closed(now) or house.is_waited_for(now))

    def may_fetch(self, address: str) -> bool:
        """Tell whether another address of an origin that was looked at may be asked for."""
        house = self.houses.get(origin_of(address))
        return (
            house is not None and self.now is not None and may_fetch(house, address, now=self.now)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsLooks:
    """Looks at robots.txt for a run; ``fetcher`` waits for no answer for long."""

    fetcher: Fetcher
    clock: Callable[[], datetime]

    def run(
        self,
        lease: Lease,
        states: Mapping[str, FeedState],
        *,
        hand_on: HandOn,
        time_left: Callable[[], timedelta],
    ) -> Looked:
        """Ask what the lease says is to be asked, and judge the due feeds, whose states are given.

        At most half of the time that is left is spent on asking.
        """
        feeds: defaultdict[str, list[Feed]] = defaultdict(list)
        for url, state in states.items():
            for address in state.addresses(url):
                feeds[origin_of(address)].append((address, lease.due[url]))
        asked = {origin: lease.state.houses[origin] for origin in sorted(lease.asked)}
        houses = {**lease.before.houses, **dict(self._answers(asked, feeds, time_left=time_left))}
        known = lease.state.feeds.items()
        in_use = {address for url, state in known for address in state.addresses(url)}
        looked = Looked(now=self.clock())
        for origin, own in feeds.items():
            house = houses.get(origin)
            if house is None or not (house.answered or house.unreachable):
                continue  # not reached, or only by a run that died
            house = house.judged([address for address, _ in own], in_use)
            looked.houses[origin] = _handed_on(house, own, lease=lease, hand_on=hand_on)
        for url, state in states.items():
            house = looked.houses.get(origin_of(state.move.asked_at(url)))
            if house is not None:
                self._admit(state, lease.due[url], house, looked=looked)
        return looked

    def _admit(
        self, state: FeedState, settings: FeedSettings, house: House, *, looked: Looked
    ) -> None:
        url, address = settings.url, state.move.asked_at(settings.url)
        admission = admit(state, settings, house, now=self.clock())
        if not admission.admitted:
            told = {_name(*each) for each in taken_back(house, [(address, settings)])}
            waits = told <= set(house.told)  # what could not be handed on is tried again soon
            looked.refused[url] = (
                admission.state if waits else replace(admission.state, not_before=None)
            )
            return
        looked.polled[url] = admission.state
        looked.pauses[url] = house.delay
        if state.landed and not (settings.permission or looked.may_fetch(state.landed)):
            looked.barred[url] = (state.landed,)
        permitted = admission.state.refusal.permitted
        if permitted and permitted != state.refusal.permitted:
            words = f"polled by permission ({settings.permission}), whatever robots.txt says"
            looked.problems.append((url, f"{words}: {permitted}"))

    def _answers(
        self,
        asked: Mapping[str, House],
        feeds: Mapping[str, list[Feed]],
        *,
        time_left: Callable[[], timedelta],
    ) -> Iterator[tuple[str, House]]:
        """Yield what origins answer, as far as time allows."""
        addresses = {robots_address(origin): origin for origin in asked}
        if not addresses:
            return
        enough = time_left() / 2
        requests = [robots_request(a, asked[origin]) for a, origin in addresses.items()]
        for answer in self.fetcher.fetch(in_time(requests, is_short=lambda: time_left() < enough)):
            origin = addresses[answer.request.url]
            judged = [address for address, _ in feeds[origin]]
            yield origin, after_answer(asked[origin], answer, judged, now=self.clock())
            if time_left() < enough / 2:  # many wait for one server
                return


def _handed_on(house: House, feeds: Sequence[Feed], *, lease: Lease, hand_on: HandOn) -> House:
    """Hand on what the switch in robots.txt takes back, or no longer does, and note what was.

    Of a feed that is not due nobody has looked at what holds now.
    """
    if not house.answered or not (house.named or house.told):
        return house
    wanted = taken_back(house, feeds)
    looked_at = {settings.url for _, settings in feeds}
    told = {(host, feed) for host, _, feed in (each.partition(" ") for each in house.told)}
    over = {
        (host, feed)
        for host, feed in told - wanted
        if (feed in looked_at or feed not in lease.state.feeds if feed else not house.whole)
    }
    words = f"{robots_address(origin_of(feeds[0][0]))} names this software"
    taken = {each for each in wanted - told if hand_on(_switch(*each, words=words))}
    ended = {each for each in over if hand_on(_switch(*each, words=words, on=False))}
    known = sorted((told | taken) - ended)
    return replace(house, told=tuple(_name(host, feed) for host, feed in known))


def _name(host: str, feed: str) -> str:
    return f"{host} {feed}".strip()


def _switch(host: str, feed: str, *, words: str, on: bool = True) -> "Withdrawal":
    from feedmirror.jobs.findings import Reason, Withdrawal  # noqa: PLC0415 -- rarely needed

    return Withdrawal(reason=Reason.SWITCH, host=host, feed=feed, words=words, on=on)
