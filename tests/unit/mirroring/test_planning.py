"""What becomes of a draft, given what is stored in its place (rules C2-C5)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from builders import a_tombstone, an_attribution
from feedmirror.configuration import FeedSettings, Images
from feedmirror.mirroring.content import texts_of
from feedmirror.mirroring.entries import Entry, Feed
from feedmirror.mirroring.items import Draft, build_item, markup_of
from feedmirror.mirroring.planning import (
    MOST_SEEN,
    MOST_UNANNOUNCED,
    Circumstances,
    Step,
    plan_entry,
    updated_item,
)
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.reading import read_entries
from feedmirror.records import FeedReference, Item

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FEED = FeedSettings(url="https://example.com/feed")
WHOLE = Circumstances(damaged=False, others=frozenset())
DAMAGED = replace(WHOLE, damaged=True)


def drafts(*entries: Mapping[str, Any]) -> tuple[Draft, ...]:
    base = {"base_url": FEED.url, "link": "https://example.com/a", "title": "A"}
    feed = Feed(
        url=FEED.url, format="rss20", entries=tuple(Entry(**{**base, **e}) for e in entries)
    )
    return read_entries(feed, settings=FEED, state=FeedState()).drafts


def a_draft(**entry: Any) -> Draft:  # noqa: ANN401 -- any field of an entry
    return replace(drafts(entry)[0], last=False)


def stored(draft: Draft) -> Item:
    return build_item(draft, texts_of(markup_of(draft, images=Images.LINK)), now=NOW)


def test_a_draft_with_nothing_in_its_place_is_created() -> None:
    assert plan_entry(a_draft(), None, WHOLE) is Step.CREATE


def test_an_unchanged_entry_is_only_confirmed_whatever_its_dates_say() -> None:
    item = stored(a_draft(updated=NOW))

    assert plan_entry(a_draft(updated=NOW), item, WHOLE) is Step.CONFIRM
    assert plan_entry(a_draft(updated=NOW + timedelta(days=1)), item, WHOLE) is Step.CONFIRM


def test_a_changed_text_is_an_update() -> None:
    assert plan_entry(a_draft(title="B"), stored(a_draft()), WHOLE) is Step.UPDATE


def test_a_to_b_to_a_is_no_third_version() -> None:
    first, second = a_draft(title="A"), a_draft(title="B")
    item = updated_item(stored(first), stored(second))

    assert plan_entry(first, item, WHOLE) is Step.CONFIRM
    assert item.title == "B"


def test_a_to_b_to_a_is_a_third_version_where_the_entry_says_so_by_its_date() -> None:
    first, second = a_draft(title="A", updated=NOW), a_draft(title="B", updated=NOW)
    item = updated_item(stored(first), stored(second))
    again = a_draft(title="A", updated=NOW + timedelta(hours=1))

    assert plan_entry(again, item, WHOLE) is Step.UPDATE


def test_an_older_version_than_the_one_shown_is_left() -> None:
    item = stored(a_draft(updated=NOW))

    assert plan_entry(a_draft(title="B", updated=NOW - timedelta(1)), item, WHOLE) is Step.LEAVE


def test_an_edit_storm_stops_at_24_updates_until_the_date_moves() -> None:
    item = stored(a_draft(title="0", updated=NOW))
    for number in range(1, MOST_UNANNOUNCED + 1):
        edit = a_draft(title=str(number), updated=NOW)
        assert plan_entry(edit, item, WHOLE) is Step.UPDATE
        item = updated_item(item, stored(edit))

    assert MOST_UNANNOUNCED == 24
    assert plan_entry(a_draft(title="x", updated=NOW), item, WHOLE) is Step.CONFIRM
    announced = a_draft(title="y", updated=NOW + timedelta(hours=1))
    assert plan_entry(announced, item, WHOLE) is Step.UPDATE
    assert updated_item(item, stored(announced)).revisions.unannounced == 0


def test_the_versions_remembered_are_bounded_and_the_newest_is_among_them() -> None:
    item = stored(a_draft(title="0"))
    for number in range(200):
        item = updated_item(item, stored(a_draft(title=str(number))))

    assert len(item.revisions.seen) == MOST_SEEN
    assert item.revisions.seen[-1] == item.fingerprint


def test_an_update_keeps_when_the_item_was_first_seen() -> None:
    draft = a_draft(title="B")
    texts = texts_of(markup_of(draft, images=Images.LINK))
    later = build_item(draft, texts, now=NOW + timedelta(days=40))

    assert updated_item(stored(a_draft()), later).first_seen == NOW


def test_a_damaged_document_adds_all_but_its_last_entry_and_changes_none() -> None:
    whole, half = drafts({"title": "A"}, {"title": "B", "link": "https://example.com/b"})

    assert (whole.last, half.last) == (False, True)
    assert plan_entry(whole, None, DAMAGED) is Step.CREATE
    assert plan_entry(half, None, DAMAGED) is Step.LEAVE
    assert plan_entry(a_draft(title="B"), stored(a_draft()), DAMAGED) is Step.LEAVE
    assert plan_entry(whole, a_tombstone(), DAMAGED) is Step.LEAVE


def test_a_tombstone_may_be_restored_if_the_rules_allow() -> None:
    assert plan_entry(a_draft(), a_tombstone(), WHOLE) is Step.RESTORE


@pytest.mark.parametrize(("known", "step"), [(True, Step.CONFIRM), (False, Step.UPDATE)])
def test_two_feeds_of_a_site_do_not_take_turns_at_an_item(*, known: bool, step: Step) -> None:
    other = "https://example.com/other"
    item = replace(
        stored(a_draft()),
        attribution=an_attribution(feed=FeedReference("Other", other)),
    )
    around = replace(WHOLE, others=frozenset({other} if known else ()))

    assert plan_entry(a_draft(title="B"), item, around) is step
    assert plan_entry(a_draft(), item, around) is step


def test_an_item_whose_feed_is_polled_no_more_is_another_feeds_from_then_on_and_no_edit() -> None:
    draft = a_draft(updated=NOW)
    former = an_attribution(feed=FeedReference("Former", "http://example.com/rss"))
    item = replace(stored(draft), attribution=former)
    assert plan_entry(draft, item, WHOLE) is Step.UPDATE

    taken = updated_item(item, stored(draft))
    assert taken.attribution.feed.url == FEED.url
    assert taken.revisions == item.revisions
    assert plan_entry(draft, taken, WHOLE) is Step.CONFIRM


def test_a_date_in_the_future_does_not_freeze_an_item() -> None:
    item = stored(a_draft(updated=datetime(2099, 1, 1, tzinfo=UTC)))

    edit = a_draft(title="B", updated=NOW + timedelta(hours=1))

    assert plan_entry(edit, item, WHOLE) is Step.UPDATE


def test_what_an_item_was_once_known_by_it_is_always_known_by() -> None:
    first, second = stored(a_draft(title="A", guid="one")), stored(a_draft(title="B", guid="two"))

    assert updated_item(first, second).subject.keys >= first.subject.keys | second.subject.keys
