"""What is missing from a feed, and when that means something (rules U1-U4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmirror.layout import ItemId
from feedmirror.mirroring.absence import (
    DELETED,
    MOST_REMEMBERED,
    UNLISTED,
    VANISHED,
    Absence,
    Dated,
    Listing,
    Seen,
    kept_after,
    read_again,
    read_listing,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = 86400


def named(number: int) -> ItemId:
    return ItemId(f"item{number}")


def window(numbers: Iterable[int]) -> Listing:
    """A document of entries of one a day, in the order given."""
    return Listing(items={named(n): Dated(n * DAY) for n in numbers})


TEN = window(range(20, 10, -1))


def polled(*documents: Listing | None, begin: Absence | None = None) -> list[Seen]:
    """Poll hourly; no document is a 304."""
    known: Mapping[ItemId, Dated] = {}
    seen = [Seen(begin or Absence())]
    for hours, listing in enumerate(documents):
        now = NOW + hours * HOUR
        if listing is None:
            seen.append(read_again(known, seen[-1].absence, now=now))
            continue
        seen.append(read_listing(listing, known, seen[-1].absence, now=now))
        known = listing.items if listing.is_whole else {**known, **listing.items}
    return seen[1:]


def gone(*documents: Listing | None, begin: Absence | None = None) -> dict[ItemId, str]:
    """What all these polls find to be gone."""
    found: dict[ItemId, str] = {}
    for seen in polled(*documents, begin=begin):
        found |= seen.gone
    return found


def without(*numbers: int, of: Listing = TEN) -> Listing:
    return replace(of, items={i: d for i, d in of.items.items() if i not in map(named, numbers)})


# U1: the publisher says that an entry is deleted.


def deleted(*numbers: int, since: int, of: Listing) -> Listing:
    return replace(of, deleted={named(n): since * DAY for n in numbers})


def test_u1_what_is_said_to_be_deleted_is_gone_at_once_and_told_once() -> None:
    document = deleted(15, since=21, of=without(15))

    first, *later = polled(document, None, document)

    assert first.gone == {named(15): DELETED}
    assert not any(seen.gone or seen.back for seen in later)


def test_u1_an_entry_as_new_as_its_deletion_or_newer_is_not_deleted() -> None:
    assert gone(deleted(15, since=15, of=TEN)) == {}
    assert gone(deleted(15, since=14, of=TEN)) == {}
    assert gone(deleted(15, since=16, of=TEN)) == {named(15): DELETED}


def test_u1_a_version_since_then_brings_it_back_and_an_older_one_does_not() -> None:
    newer = Listing(items={**TEN.items, named(15): Dated(15 * DAY, 22 * DAY)})

    *_, older, back = polled(deleted(15, since=21, of=without(15)), TEN, newer)

    assert not older.back
    assert back.back == {named(15): DELETED}
    assert back.absence.deleted == {}


def test_u1_an_undated_entry_is_back_once_nothing_says_any_more_that_it_is_deleted() -> None:
    listed = Listing(items={named(1): Dated()})
    document = replace(listed, deleted={named(1): DAY})

    first, second, third = polled(document, document, listed)

    assert first.gone == {named(1): DELETED}
    assert not second.back
    assert third.back == {named(1): DELETED}


def test_u1_a_delta_may_say_it_and_a_damaged_document_may_not() -> None:
    document = deleted(15, since=21, of=window((20,)))

    assert gone(TEN, replace(document, is_whole=False)) == {named(15): DELETED}
    assert gone(TEN, replace(document, is_damaged=True)) == {}


def test_u1_what_was_suspended_and_is_said_to_be_deleted_is_deleted_only() -> None:
    document = deleted(15, since=21, of=without(15))

    *_, seen = polled(TEN, without(15), None, document)

    assert (seen.gone, seen.back) == ({named(15): DELETED}, {named(15): VANISHED})
    assert seen.absence.withdrawn == {named(15)}
    assert seen.absence.suspended == {}


def test_u1_a_thousand_deletions_are_remembered_and_no_more_than_two() -> None:
    listing = Listing(items={}, deleted={named(n): DAY for n in range(MOST_REMEMBERED + 5)})

    (seen,) = polled(listing)

    assert len(seen.gone) == MOST_REMEMBERED + 5
    assert len(seen.absence.deleted) == MOST_REMEMBERED


# U2: missing where it would have to be listed.


@pytest.mark.parametrize("second", [None, without(15), without(15, 11)])
def test_u2_what_is_missing_inside_the_window_on_two_fetches_has_vanished(
    second: Listing | None,
) -> None:
    assert gone(TEN, without(15)) == {}
    assert gone(TEN, without(15), second) == {named(15): VANISHED}


def test_u2_it_is_told_once_and_comes_back_with_the_entry() -> None:
    *_, quiet, back = polled(TEN, without(15), None, None, TEN)

    assert (quiet.gone, quiet.back) == ({}, {})
    assert back.back == {named(15): VANISHED}
    assert back.absence.suspended == {}


def test_u2_what_rolls_out_of_the_window_has_not_vanished() -> None:
    days = [window(range(20 + day, 10 + day, -1)) for day in range(8)]

    assert gone(*days, None, None) == {}


def test_u2_the_newest_entry_is_waited_for_for_a_day_since_stale_copies_lack_it() -> None:
    assert gone(TEN, without(20), *[None] * 23) == {}
    assert gone(TEN, without(20), *[None] * 24) == {named(20): VANISHED}
    assert gone(TEN, without(20), window([21, *range(19, 10, -1)])) == {named(20): VANISHED}


def test_u2_what_is_missing_once_and_back_again_makes_the_feed_unsteady_for_a_month() -> None:
    flapping = [TEN, without(15), TEN]

    assert gone(*flapping, without(16), None, None) == {}
    month = [None] * (30 * 24)
    assert gone(*flapping, *month, without(16), None) == {named(16): VANISHED}


def test_u2_a_feed_lost_from_memory_lacks_nothing() -> None:
    assert gone(without(15), None, without(15)) == {}


# U3: the guards. "Items randomly retired" (radgeek/feedwordpress#38) is what each is for.


def test_u3_at_most_a_fifth_of_what_was_listed_is_missing_at_once() -> None:
    assert set(gone(TEN, without(14, 15), None)) == {named(14), named(15)}
    assert gone(TEN, without(14, 15, 16), None, None) == {}
    assert gone(TEN, without(14), without(14, 15, 16), None, None) == {}


def test_u3_a_truncated_answer_retires_nothing() -> None:
    assert gone(TEN, window([20, 19]), None, window([20, 19]), TEN) == {}


def test_u3_two_servers_with_different_windows_retire_nothing() -> None:
    short, stale = window(range(20, 15, -1)), window(range(19, 9, -1))

    assert gone(*[TEN, short] * 5, None, None) == {}
    assert gone(*[TEN, stale] * 5, TEN, stale, stale, stale, TEN) == {}


@pytest.mark.parametrize("how", ["partial", "damaged", "empty", "undated", "disordered"])
def test_u3_no_other_document_than_a_whole_one_in_order_retires_anything(how: str) -> None:
    lacking = {
        "partial": replace(without(15), is_whole=False),
        "damaged": replace(without(15), is_damaged=True),
        "empty": Listing(items={}, is_whole=False),
        "undated": Listing(items={**without(15).items, named(30): Dated()}),
        "disordered": window([20, 11, 19, 18, 17, 16, 14, 13, 12]),
    }[how]

    assert gone(TEN, lacking, None, lacking, None) == {}
    assert gone(TEN, lacking, lacking) == {}


def test_u3_a_feed_of_the_latest_updates_retires_nothing() -> None:
    stated = Listing(items={**without(11).items, named(1): Dated(DAY, 21 * DAY)})
    unstated = window([1, *range(20, 11, -1)])
    sorted_by_date = window([*range(20, 11, -1), 1])
    then = window([*range(20, 12, -1), 11, 1])

    assert gone(TEN, stated, None, None) == {}
    assert gone(TEN, unstated, None, window([5, 1, *range(20, 12, -1)]), None) == {}
    assert gone(TEN, sorted_by_date, None, then, None, None) == {}


def test_u3_what_a_delta_lists_meanwhile_has_to_be_missing_twice_again() -> None:
    delta = replace(window([15]), is_whole=False)

    assert gone(TEN, without(15), delta, without(15)) == {}


def test_u3_a_feed_by_updates_that_states_dates_too_retires_nothing() -> None:
    """What rolls out may have been published later than what was updated."""
    updated = {named(12): Dated(12 * DAY, 19 * DAY)}
    first = Listing(items={**window([20]).items, **updated, **window(range(19, 12, -1)).items})
    then = Listing(items={**window([21, 20]).items, **updated, **window(range(19, 13, -1)).items})

    assert gone(first, then, None, None) == {}


def test_u3_a_feed_by_date_that_states_updates_too_retires_nothing() -> None:
    """What rolls out may have been updated lately."""
    updated = Listing(items={**TEN.items, named(11): Dated(11 * DAY, 20 * DAY)})

    assert gone(updated, window(range(21, 11, -1)), None, None) == {}


def test_u3_what_another_feed_of_the_host_offers_is_not_gone() -> None:
    *_, seen = polled(TEN, without(15), None)

    kept = kept_after(seen, {named(15)})

    assert (kept.gone, kept.back, kept.absence.suspended) == ({}, {}, {})


def test_u3_what_another_feed_offers_later_is_back() -> None:
    *_, seen = polled(TEN, without(15), None, None)

    kept = kept_after(seen, {named(15)})

    assert kept.back == {named(15): VANISHED}
    assert kept.absence.suspended == {}


def test_u3_where_the_operator_keeps_what_vanishes_nothing_is_inferred_and_all_comes_back() -> None:
    *_, seen = polled(TEN, without(15), None)

    kept = read_again(without(15).items, seen.absence, now=NOW, infers=False)

    assert kept.back == {named(15): VANISHED}
    absence = read_listing(without(16), TEN.items, Absence(), now=NOW, infers=False).absence
    assert absence == Absence()


# U4: the feed says that it is complete.


def test_u4_what_a_complete_feed_no_longer_lists_is_gone_on_two_fetches() -> None:
    left = replace(window([20]), is_complete=True)

    assert gone(TEN, left) == {}
    assert gone(TEN, left, None) == dict.fromkeys(TEN.items.keys() - left.items.keys(), UNLISTED)
    assert gone(TEN, replace(left, is_whole=False), None) == {}
    assert gone(TEN, left, TEN, None) == {}
    assert gone(TEN, left, replace(TEN, is_complete=True), None) == {}


def test_u4_what_a_delta_lists_meanwhile_has_to_be_missing_twice_again() -> None:
    left = replace(window([20]), is_complete=True)
    delta = replace(window([15]), is_whole=False)

    assert named(15) not in gone(TEN, left, delta, left)
    assert named(15) in gone(TEN, left, delta, left, None)


def test_u4_an_empty_complete_feed_removes_nothing() -> None:
    empty = Listing(items={}, is_complete=True)

    assert gone(TEN, empty, empty, None) == {}


@st.composite
def documents(draw: st.DrawFn) -> Sequence[Listing | None]:
    dates = st.builds(Dated, st.integers(0, 40), st.integers(0, 40))
    listings = st.builds(
        Listing,
        items=st.dictionaries(st.integers(0, 25).map(named), dates, max_size=25)
        | st.sets(st.integers(1, 25), max_size=25).map(
            lambda numbers: window(sorted(numbers, reverse=True)).items
        ),
        is_whole=st.booleans(),
        is_damaged=st.booleans(),
    )
    return draw(st.lists(st.none() | listings, max_size=12))


@settings(max_examples=40)
@given(documents())
def test_u3_whatever_comes_what_is_inferred_was_seen_is_not_listed_and_is_few(
    polls: Sequence[Listing | None],
) -> None:
    listed: list[Mapping[ItemId, Dated]] = [{}]
    ever: set[ItemId] = set()
    for listing, seen in zip(polls, polled(*polls), strict=True):
        if listing is not None:
            listed.append(listing.items)
            ever |= listing.items.keys()
        assert seen.gone.keys().isdisjoint(listed[-1])
        assert seen.gone.keys() <= ever
        assert len(seen.gone) * 5 <= len(ever)
