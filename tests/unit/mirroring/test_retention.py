"""How long what a feed has brought is kept: one cut, at polls and at the daily look."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import AN_ID, an_item
from feedmirror.configuration import Ended, FeedSettings, Images, Publish
from feedmirror.jobs.slots import Delivery, Slot, plan_batch
from feedmirror.mirroring.entries import Entry, Feed
from feedmirror.mirroring.items import Draft, link_only, terms_of
from feedmirror.mirroring.limits import first_due
from feedmirror.mirroring.planning import Circumstances
from feedmirror.mirroring.poll_state import (
    FeedState,
    Look,
    Rank,
    ShardState,
    state_from_json,
    state_to_json,
)
from feedmirror.mirroring.reading import read_entries
from feedmirror.mirroring.retention import (
    Fate,
    bounds_of,
    cut_of,
    fate_of,
    floor_of,
    look_again,
    next_look,
    rank_of,
    under_settings,
)
from feedmirror.publishing.card_json import card_from_json, card_to_json
from feedmirror.publishing.cards import bare_card
from feedmirror.records import Item, Record, Tombstone, retired
from in_process import IN_PROCESS

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FEED = FeedSettings(url="https://example.com/feed")
ALONE = Circumstances(damaged=False, others=frozenset())


def drafts(dates: Iterable[tuple[int, datetime | None]]) -> tuple[Draft, ...]:
    entries = tuple(
        Entry(
            base_url=FEED.url,
            link=f"https://example.com/{number}",
            guid=f"g{number}",
            title=str(number),
            published=date,
        )
        for number, date in dates
    )
    feed = Feed(url=FEED.url, format="rss20", entries=entries)
    return read_entries(feed, settings=FEED, state=FeedState()).drafts


def ranks(*ages: int) -> list[Rank]:
    return [(NOW - age * DAY, f"{age:02}") for age in ages]


def test_without_bounds_everything_is_kept() -> None:
    cut = cut_of(FEED, (floor_of(FEED, ranks(1, 2, 3)),), now=NOW)

    assert all(fate_of(rank, FEED, cut) is Fate.STAYS for rank in ranks(1, 365, 36_500))


def test_an_item_goes_once_it_is_older_than_the_age() -> None:
    settings = replace(FEED, max_age=90 * DAY)
    cut = cut_of(settings, (None,), now=NOW)

    assert fate_of((NOW - 90 * DAY, "a"), settings, cut) is Fate.STAYS
    assert fate_of((NOW - 90 * DAY - timedelta(seconds=1), "z"), settings, cut) is Fate.GOES


def test_of_a_number_the_newest_stay_and_ids_break_ties() -> None:
    settings = replace(FEED, max_items=3)
    found = [*ranks(1), (NOW - 2 * DAY, "a"), (NOW - 2 * DAY, "b"), (NOW - 2 * DAY, "c")]
    cut = cut_of(settings, (floor_of(settings, found),), now=NOW)

    stay = [rank for rank in found if fate_of(rank, settings, cut) is Fate.STAYS]

    assert stay == [*ranks(1), (NOW - 2 * DAY, "b"), (NOW - 2 * DAY, "c")]
    assert floor_of(settings, found[:2]) is None


@pytest.mark.parametrize(
    ("ended", "fate"),
    [
        (None, Fate.STAYS),
        (Ended.STAY, Fate.STAYS),
        (Ended.LINKS, Fate.BECOMES_LINK),
        (Ended.GO, Fate.GOES),
    ],
)
def test_of_an_ended_feed_the_operator_says_what_becomes_of_its_items(
    ended: Ended | None, fate: Fate
) -> None:
    settings = replace(FEED, ended=ended, max_age=DAY)
    cut = cut_of(settings, (None,), now=NOW)

    assert fate_of((NOW, "a"), settings, cut) is fate
    assert fate_of((NOW - 2 * DAY, "a"), settings, cut) is Fate.GOES


def test_an_undated_entry_is_as_old_as_its_record_also_if_that_is_a_tombstone() -> None:
    (draft,) = drafts([(1, None)])
    item = an_item(id=draft.id, first_seen=NOW - 9 * DAY)

    assert rank_of(draft, None, now=NOW) == (NOW, draft.id)
    assert rank_of(draft, item, now=NOW) == (NOW - 9 * DAY, draft.id)
    assert rank_of(draft, retired(item, now=NOW), now=NOW) == (NOW - 9 * DAY, draft.id)


@given(st.datetimes(timezones=st.just(UTC)), st.none() | st.datetimes(timezones=st.just(UTC)))
def test_an_item_has_the_rank_that_its_card_has_in_a_listing(
    first_seen: datetime, published: datetime | None
) -> None:
    (draft,) = drafts([(1, published)])
    item = an_item(id=draft.id, first_seen=first_seen, published=published, updated=None)
    card = card_from_json(card_to_json(bare_card(item, site="https://mirror.example.org")))

    assert rank_of(draft, item, now=NOW) == (card.shown_from, card.id)
    assert rank_of(draft, retired(item, now=NOW), now=NOW) == (card.shown_from, card.id)


def test_a_date_in_the_future_makes_an_entry_no_younger_than_it_is_here() -> None:
    (draft,) = drafts([(1, NOW + 999 * DAY)])
    item = an_item(id=draft.id, first_seen=NOW - 9 * DAY)

    assert rank_of(draft, item, now=NOW) == (NOW - 9 * DAY, draft.id)


def test_a_link_is_stored_under_the_terms_of_links() -> None:
    whole = an_item(fingerprint=f"abc.{terms_of(FEED)}")
    bare = link_only(whole, FEED)

    assert (bare.content_html, bare.summary) == ("", "")
    assert bare.fingerprint == f"abc.{terms_of(replace(FEED, publish=Publish.LINK))}"
    assert link_only(bare, FEED) == bare
    same = replace(bare, content_html=whole.content_html, summary=whole.summary)
    assert replace(same, fingerprint=whole.fingerprint, terms=None) == whole


@pytest.mark.parametrize(
    ("settings", "look", "due"),
    [
        ({}, Look(), None),
        ({"ended": Ended.STAY}, Look("b"), None),
        ({"ended": Ended.GO}, Look("b"), datetime.min.replace(tzinfo=UTC)),
        ({"max_items": 3}, Look("b"), datetime.min.replace(tzinfo=UTC)),
        ({"max_items": 3}, Look("b", NOW + DAY), NOW + DAY),
        ({}, Look("b", NOW), None),
    ],
)
def test_only_a_feed_of_which_something_may_be_beyond_is_looked_at(
    settings: dict[str, Any], look: Look, due: datetime | None
) -> None:
    assert next_look(look, replace(FEED, **settings)) == due


@pytest.mark.parametrize(
    ("settings", "wrote", "failed", "after"),
    [
        ({"max_items": 3}, False, False, DAY),
        ({"max_age": DAY}, True, False, DAY),
        ({"ended": Ended.STAY, "max_age": DAY}, False, False, DAY),
        ({"ended": Ended.LINKS}, True, False, DAY),
        ({"ended": Ended.LINKS}, False, False, 30 * DAY),
        ({"ended": Ended.GO}, True, True, timedelta(hours=1)),
        ({"max_items": 3}, False, True, timedelta(hours=1)),
    ],
)
def test_a_look_comes_daily_sooner_after_a_failure_and_later_once_all_is_done(
    settings: dict[str, Any], after: timedelta, *, wrote: bool, failed: bool
) -> None:
    again = look_again(replace(FEED, **settings), now=NOW, wrote=wrote, failed=failed)

    assert again == NOW + after


def test_an_ended_feed_is_never_due_to_be_polled() -> None:
    state = FeedState(attempted=NOW - 9 * DAY)

    assert first_due([(state, replace(FEED, ended=Ended.STAY))]) is None
    assert first_due([(state, replace(FEED, interval=DAY))]) == NOW - 8 * DAY


def test_under_other_bounds_every_entry_is_looked_at_again() -> None:
    bounded = replace(FEED, max_age=90 * DAY)
    known = FeedState(terms="terms", look=Look(bounds_of(bounded), NOW, (NOW, "a")))

    assert under_settings(known, bounded) is known
    looser = replace(bounded, max_age=91 * DAY)
    assert under_settings(known, looser) == FeedState(look=Look(bounds_of(looser)))
    assert under_settings(known, FEED) == FeedState()
    plain = FeedState(terms="terms")
    assert under_settings(plain, FEED) is plain


def test_a_look_is_remembered_with_the_feed() -> None:
    for look in (Look("b", NOW, (NOW, AN_ID)), Look("b"), Look()):
        state = ShardState({FEED.url: FeedState(title="A", look=look)}, "mark", 1)

        assert state_from_json(state_to_json(state, "ab")) == state


@dataclass
class Mirror:
    """A mirror of one feed as far as keeping goes; it polls and looks with the real decisions."""

    records: dict[str, Record] = field(default_factory=dict)
    state: FeedState = field(default_factory=FeedState)
    seen: set[str] = field(default_factory=set)  # entries that are not looked at again
    settings: FeedSettings = FEED

    @property
    def items(self) -> dict[str, Item]:
        return {key: each for key, each in self.records.items() if isinstance(each, Item)}

    def configure(self, settings: FeedSettings) -> None:
        self.settings = settings
        before, self.state = self.state, under_settings(self.state, settings)
        if self.state is not before:
            self.seen.clear()

    def poll(self, offered: tuple[Draft, ...], now: datetime) -> None:
        delivery = Delivery(
            settings=self.settings,
            drafts=tuple(draft for draft in offered if draft.id not in self.seen),
            entries={},
            trusted=False,
            around=ALONE,
            floor=self.state.look.floor,
        )
        batch = [
            Slot(draft, delivery, stored=self.records.get(draft.id)) for draft in delivery.drafts
        ]
        plan_batch(batch, IN_PROCESS, images=Images.LINK, now=now)
        for slot in batch:
            self.seen.add(slot.draft.id)
            if slot.item is not None:
                self.records[slot.draft.id] = slot.item

    def look(self, now: datetime) -> int:
        """Look at everything, and return how much had to go."""
        shown = {(item.shown_from, item.id): item for item in self.items.values()}
        floor = floor_of(self.settings, shown)
        cut = cut_of(self.settings, (floor,), now=now)
        gone = [item for r, item in shown.items() if fate_of(r, self.settings, cut) is Fate.GOES]
        for item in gone:
            self.records[item.id] = retired(item, now=now)
        self.state = replace(self.state, look=Look(bounds_of(self.settings), now, floor))
        return len(gone)

    def kept(self, known: Iterable[Rank], now: datetime) -> set[str]:
        """Return what is within the bounds of what is known, said as the README does."""
        age, most = self.settings.max_age, self.settings.max_items
        newest = sorted(known, reverse=True)[:most]
        return {item for since, item in newest if age is None or since >= now - age}


BOUNDED = st.builds(
    lambda age, most: replace(FEED, max_age=age and age * DAY, max_items=most),
    st.none() | st.integers(1, 12),
    st.none() | st.integers(1, 5),
)
# What the feed offers on a day, of ten entries, and whether the operator changes the settings.
OFFERED = st.frozensets(st.integers(0, 9), max_size=8)
DAYS = st.lists(st.tuples(OFFERED, st.none() | BOUNDED), min_size=1, max_size=12)
DATES = st.lists(st.none() | st.integers(-15, 20), min_size=10, max_size=10)


@given(BOUNDED, DATES, DAYS)
def test_nothing_beyond_the_bounds_is_published_and_nothing_within_them_is_lost(
    settings: FeedSettings,
    dates: list[int | None],
    days: list[tuple[frozenset[int], FeedSettings | None]],
) -> None:
    dated = [(n, None if day is None else NOW + day * DAY) for n, day in enumerate(dates)]
    every = drafts(dated)
    mirror = Mirror()
    first: dict[str, datetime] = {}
    for number, (offered, change) in enumerate(((frozenset[int](), settings), *days)):
        now = NOW + number * DAY
        mirror.configure(change or mirror.settings)
        found = tuple(every[n] for n in sorted(offered))
        known = {(item.shown_from, item.id) for item in mirror.items.values()}
        for draft in found:
            if draft.id not in mirror.seen:  # what was never stored has no record of its first day
                record = mirror.records.get(draft.id)
                first[draft.id] = (record.first_seen if record else None) or now
            known.add((min(draft.entry.published or now, first[draft.id]), draft.id))

        mirror.poll(found, now)
        mirror.look(now)

        assert mirror.items.keys() == mirror.kept(known, now)
        before = dict(mirror.records)
        mirror.poll(found, now)
        assert mirror.records == before
        assert mirror.look(now) == 0
        stones = [each for each in mirror.records.values() if isinstance(each, Tombstone)]
        assert all(stone.is_retired for stone in stones)
