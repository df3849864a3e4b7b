"""The look of ``feedmirror status``: what it counts, what it asks for, and its verdict."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_mirror
from feedmirror.adapters.workers import InOrder
from feedmirror.cli.standing import FeedRow, Standing, verdict
from feedmirror.cli.status import Look
from feedmirror.configuration import Configuration, Ended, FeedSettings
from feedmirror.configuration_file import write_configuration
from feedmirror.jobs.configure import Configured
from feedmirror.jobs.count_records import CountRecords
from feedmirror.jobs.feed_states import FeedStates, KnownFeed
from feedmirror.jobs.pausing import Pause, Switch
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.layout import latest_key, state_key
from feedmirror.mirroring.poll_state import EntryState, FeedState, ShardState, state_to_json
from feedmirror.mirroring.schedule import NextPoll, shard_of
from feedmirror.ports.aftermath import Bells, Ringing
from feedmirror.ports.object_store import Content, ObjectStore, StoreUnavailableError
from feedmirror.takedowns.casework.cases import case_of_mail
from feedmirror.wiring.stores import Stores
from memory_store import MemoryStore
from world import Requests, Watched

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOSTS = st.sampled_from(
    ["a.example", "a-b.example", "b.example", "sub.a.example", "z.example", "xn--bcher-kva.example"]
)


def put(store: ObjectStore, key: str, body: bytes = b"{}") -> None:
    store.put(key, Content(body, "application/json"), replaces=None)


@given(records=st.sets(st.tuples(HOSTS, st.integers(0, 20)), max_size=40), wanted=st.sets(HOSTS))
def test_every_record_is_counted_once_under_its_host(
    records: set[tuple[str, int]], wanted: set[str]
) -> None:
    store = MemoryStore()
    for host, number in records:
        put(store, f"items/{host}/{number:026}.json")
    put(store, "addresses/com,example)/x/a.example/y.z")
    put(store, "state/0.json")

    found = CountRecords(store, InOrder()).run(wanted)

    truth = Counter(host for host, _ in records)
    assert found.by_host == {host: truth[host] for host in wanted}
    assert found.others == {host: truth[host] for host in truth if host not in wanted}


def a_state(*feeds: tuple[str, FeedState]) -> bytes:
    return state_to_json(ShardState(dict(feeds), "mark", 2), "nonce")


def test_what_is_known_of_a_feed_comes_from_the_shard_that_polled_it_last() -> None:
    """After a change of the number of shards two objects may hold it for a while."""
    store = MemoryStore()
    entries: Any = {"x": EntryState("f"), "y": EntryState("g")}
    old, new = (FeedState(attempted=NOW + timedelta(hours=n), failures=n) for n in (1, 2))
    put(store, state_key(0), a_state(("one", replace(new, entries=entries)), ("two", FeedState())))
    put(store, state_key(1), a_state(("one", old), ("two", old)))
    put(store, state_key(2), b"nothing that can be read")
    put(store, latest_key(0))
    put(store, "state/mirror.toml")

    found = FeedStates(store, InOrder()).run()

    assert found == {"one": KnownFeed(new, entries=2), "two": KnownFeed(old, entries=0)}


class Place:
    """The stores of a mirror in memory, watched, with a configuration or without one."""

    def __init__(self, configuration: Configuration | None) -> None:
        self.seen = Requests()
        archive, site, ledger, mail = (Watched(MemoryStore(), self.seen) for _ in range(4))
        self.archive, self.ledger, self.mail = archive, ledger, mail
        self.stores = Stores(archive, site, ledger, workers=InOrder())
        if configuration is not None:
            put(archive, "config/mirror.toml", write_configuration(configuration).encode())

    def look(self, bells: Bells | None = None) -> Standing:
        return Look(stores=self.stores, mail=self.mail, bells=bells, clock=lambda: NOW).run()


def some_feeds(number: int, *, shards: int = 1) -> Configuration:
    feeds = (FeedSettings(url=f"https://h{each}.example.com/feed") for each in range(number))
    return Configuration(mirror=a_mirror(shards=shards), feeds=tuple(feeds))


def test_a_feed_that_waits_for_what_another_of_its_host_was_told_says_so() -> None:
    configuration = Configuration(
        mirror=a_mirror(),
        feeds=tuple(FeedSettings(url=f"https://h.example.com/{name}") for name in "ab"),
    )
    told, other = (feed.url for feed in configuration.feeds)
    limited = FeedState(attempted=NOW, failures=1, error="429", limited=NOW)
    well = FeedState(attempted=NOW - timedelta(hours=9))
    place = Place(configuration)
    put(place.archive, state_key(0), a_state((told, limited), (other, well)))

    upcoming = {row.settings.url: row.next for row in place.look().feeds}

    assert upcoming[other] == NextPoll(
        NOW + timedelta(hours=2), "another feed of its host was told to wait (429)"
    )


def test_a_thousand_feeds_are_looked_at_with_a_request_for_each_host_and_shard() -> None:
    """One that has more than a thousand records takes one more for each further thousand."""
    configuration = some_feeds(1000, shards=10)
    place = Place(configuration)
    for shard in range(10):
        feeds = [f for f in configuration.feeds if shard_of(f.host, 10) == shard]
        state = FeedState(attempted=NOW, title="x")
        put(place.archive, state_key(shard), a_state(*((f.url, state) for f in feeds)))
    for feed in configuration.feeds:
        for number in range(3):
            put(place.archive, f"items/{feed.host}/{number:026}.json")
    place.seen.asked.clear()

    standing = place.look()

    assert verdict(standing) == "All well."
    assert (len(standing.feeds), standing.records, standing.others) == (1000, 3000, {})
    count = Counter(method for method, _ in place.seen.asked)
    configured, states, hosts = 2, 11, 1001
    cases_and_mails = 4
    assert count.total() == configured + states + hosts + cases_and_mails
    assert set(count) == {"get", "list"}


def test_a_mirror_without_a_configuration_says_so() -> None:
    standing = Place(None).look()

    assert verdict(standing) == "Not well: there is no configuration."
    assert standing.unconfigured == "config/mirror.toml is missing"


def test_what_is_refused_or_paused_is_not_well() -> None:
    configuration = some_feeds(1)
    place = Place(configuration)
    put(place.archive, "state/mirror.toml", write_configuration(configuration).encode())
    put(place.archive, state_key(0), a_state((configuration.feeds[0].url, FeedState())))
    found = place.archive.get("config/mirror.toml")
    assert found is not None
    place.archive.put(
        "config/mirror.toml", Content(b"[mirror]\n", "text/plain"), replaces=found.etag
    )
    Switch(place.archive).pause(since=NOW, note="why")

    standing = place.look()

    assert verdict(standing) == "Not well: the mirror is paused; the configuration is refused."
    assert standing.configured is not None
    assert standing.configured.paused == Pause(NOW, "why")


def test_mails_without_a_case_are_counted_and_sess_own_note_is_not() -> None:
    place = Place(some_feeds(1))
    for name in ("AMAZON_SES_SETUP_NOTIFICATION", "mail1", "mail2"):
        put(place.mail, f"inbound/{name}")
    CaseBook(place.ledger, lambda: NOW).open(case_of_mail("mail2"))

    standing = place.look()

    assert standing.mails == 1
    assert standing.cases.at_work == 1


class Rung:
    """CloudWatch's end: what rings, or why that cannot be told."""

    def __init__(self, found: tuple[Ringing, ...] | Exception | None) -> None:
        self.found = found

    def ringing(self) -> tuple[Ringing, ...] | None:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.mark.parametrize(
    ("bells", "told", "unheard"),
    [
        (Rung(()), "", ""),
        (Rung((Ringing("RepairedAlarm", NOW, "It was back."),)), "; 1 alarm rings", ""),
        (Rung(None), "", "there is none: name the stack by --stack"),
        (Rung(StoreUnavailableError("not allowed")), "", "not allowed"),
    ],
)
def test_alarms_count_and_where_they_cannot_be_had_the_rest_is_shown(
    bells: Rung, told: str, unheard: str
) -> None:
    standing = Place(some_feeds(1)).look(bells)

    assert verdict(standing) == f"Not well: nothing was polled yet{told}."
    assert standing.unheard == unheard


def a_row(state: FeedState, number: int = 0, *, entries: int = 3) -> FeedRow:
    return FeedRow(
        FeedSettings(url=f"https://h{number}.example.com/"), KnownFeed(state, entries), 3
    )


def a_standing(*states: FeedState, on_schedule: bool = True, paused: bool = False) -> Standing:
    configured = Configured(some_feeds(0), "", "", paused=Pause(NOW) if paused else None)
    return Standing(
        now=NOW,
        configured=configured,
        feeds=tuple(a_row(state, number) for number, state in enumerate(states)),
        on_schedule=on_schedule,
    )


WELL = FeedState(attempted=NOW - timedelta(minutes=30))
LATE = FeedState(attempted=NOW - timedelta(hours=3))
GONE = FeedState(attempted=NOW - timedelta(days=9), gone=True, error="410 Gone: …")
BAD = FeedState(attempted=NOW, failures=1, error="the publisher answers 404")
FIRST = FeedState(attempted=NOW, failures=1, error="timeout: h took too long.")


@pytest.mark.parametrize(
    ("standing", "told"),
    [
        (a_standing(), "Not well: no feed is configured."),
        (a_standing(WELL, WELL), "All well."),
        (a_standing(WELL, FIRST, FeedState()), "All well."),
        (a_standing(FeedState(), FeedState()), "Not well: nothing was polled yet."),
        (a_standing(WELL, BAD), "Not well: 1 feed fails."),
        (a_standing(BAD, BAD, GONE), "Not well: 2 feeds fail; 1 feed has ended."),
        (a_standing(GONE, GONE), "Not well: 2 feeds have ended."),
        (a_standing(LATE, WELL), "Not well: 1 feed should have been polled an hour ago."),
        (a_standing(LATE, WELL, on_schedule=False), "All well."),
        (a_standing(LATE, FeedState(), paused=True), "Not well: the mirror is paused."),
    ],
)
def test_the_verdict_names_what_needs_somebody_and_nothing_else(
    standing: Standing, told: str
) -> None:
    assert verdict(standing) == told


def test_what_needs_somebody_comes_first() -> None:
    rows = [a_row(state, n) for n, state in enumerate((WELL, FIRST, GONE, FeedState(), BAD))]

    found = [row.settings.url for row in sorted(rows, key=lambda row: row.place)]

    assert found == [f"https://h{number}.example.com/" for number in (4, 2, 1, 3, 0)]


@pytest.mark.parametrize("state", [WELL, LATE, GONE, BAD, FeedState()])
def test_a_feed_that_its_operator_has_ended_needs_nobody(state: FeedState) -> None:
    polled = a_row(WELL)
    settings = replace(polled.settings, url="https://over.example/", ended=Ended.LINKS)
    over = replace(polled, settings=settings, known=KnownFeed(state, 3))

    assert verdict(replace(a_standing(), feeds=(polled, over))) == "All well."
    assert sorted((over, polled), key=lambda row: row.place) == [polled, over]
    assert over.next == NextPoll(None, "ended in the configuration")
