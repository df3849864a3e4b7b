"""Which entry is which item (rules I1-I5)."""

from datetime import UTC, datetime

from feedmirror.layout import ItemId
from feedmirror.mirroring.entries import Entry
from feedmirror.mirroring.identity import Identities, identify

HOST = "example.com"


def an_entry(
    link: str | None = None, guid: str | None = None, title: str = "", day: int | None = None
) -> Entry:
    published = datetime(2026, 11, day, tzinfo=UTC) if day else None
    return Entry(
        base_url="https://example.com/feed", link=link, guid=guid, title=title, published=published
    )


def ids_of(*entries: Entry, rung: int = 0) -> Identities:
    return identify(entries, host=HOST, rung=rung, known={}, moved={})


def test_a_link_identifies_an_entry_whatever_its_guid_scheme_www_and_tracking() -> None:
    first = ids_of(an_entry("https://www.example.com/a?utm_source=rss", "g1"))
    again = ids_of(an_entry("http://example.com/a", "g2"))

    assert first.ids == again.ids


def test_a_known_guid_under_a_new_link_keeps_its_id_and_so_does_the_link_afterwards() -> None:
    first = ids_of(an_entry("https://example.com/old", "g"))
    item = first.ids[0]
    known = {first.guids[item]: item}
    moved = identify(
        [an_entry("https://example.com/new", "g")], host=HOST, rung=0, known=known, moved={}
    )
    later = identify(
        [an_entry("https://example.com/new", "other")],
        host=HOST,
        rung=0,
        known={},
        moved=moved.moved,
    )

    assert moved.ids == first.ids
    assert later.ids == first.ids


def test_a_guid_that_moved_within_its_site_is_the_same_guid() -> None:
    first = ids_of(an_entry("https://example.com/old", "http://example.com/?p=1"))
    item = first.ids[0]
    moved = identify(
        [an_entry("https://blog.example.com/x", "https://blog.example.com/?p=1")],
        host=HOST,
        rung=0,
        known={first.guids[item]: item},
        moved={},
    )

    assert moved.ids == first.ids


def test_in_a_feed_of_many_sites_the_same_guid_at_two_hosts_is_two_entries() -> None:
    first = ids_of(an_entry("https://a.example.net/1", "https://a.example.net/?p=12"))
    item = first.ids[0]
    other = identify(
        [an_entry("https://b.example.org/2", "https://b.example.org/?p=12")],
        host=HOST,
        rung=0,
        known={first.guids[item]: item},
        moved={},
    )

    assert other.ids != first.ids


def test_a_link_taken_over_by_a_new_entry_does_not_take_the_old_ones_id() -> None:
    first = ids_of(an_entry("https://example.com/slug", "g1"))
    item = first.ids[0]
    both = identify(
        [
            an_entry("https://example.com/slug", "g2"),
            an_entry("https://example.com/slug-old", "g1"),
        ],
        host=HOST,
        rung=0,
        known={first.guids[item]: item},
        moved={},
    )

    assert both.ids[1] == item
    assert both.ids[0] != item


def test_a_link_shared_by_two_entries_gives_way_to_their_guids() -> None:
    home = "https://example.com/"
    both = ids_of(an_entry(home, "a"), an_entry(home, "b"))
    other_order = ids_of(an_entry(home, "b"), an_entry(home, "a"))

    assert len(set(both.ids)) == 2
    assert set(both.ids) == set(other_order.ids)


def test_an_entry_without_link_or_guid_is_told_apart_by_date_title_or_text() -> None:
    entries = [an_entry(title="One"), an_entry(title="Two"), an_entry(day=1), an_entry(day=2)]

    assert len(set(ids_of(*entries).ids)) == 4


def test_a_new_entry_at_the_top_changes_no_other_id() -> None:
    old = [an_entry(guid="same", title=str(n), day=n) for n in range(1, 9)]
    before = ids_of(*old)
    after = ids_of(an_entry(guid="same", title="new", day=20), *old, rung=before.rung)

    assert after.ids[1:] == before.ids


def test_a_feed_whose_guids_repeat_moves_to_the_next_rung_and_never_back() -> None:
    repeated = [an_entry(guid="same", title=str(n), day=n) for n in range(1, 9)]
    unique = [an_entry(guid=str(n), title=str(n), day=n) for n in range(1, 9)]
    degraded = ids_of(*repeated)

    assert degraded.rung > 0
    assert ids_of(*unique, rung=degraded.rung).rung == degraded.rung
    assert ids_of(*unique, rung=degraded.rung).ids == degraded.ids


def test_one_bad_guid_in_forty_does_not_change_how_the_others_are_known() -> None:
    good = [an_entry(guid=str(n), title=str(n)) for n in range(38)]
    bad = [an_entry(guid="twice", title="a"), an_entry(guid="twice", title="b")]

    assert ids_of(*good, *bad).rung == 0
    assert ids_of(*good, *bad).ids[:38] == ids_of(*good).ids


def test_entries_alike_in_everything_are_one_item() -> None:
    assert len(set(ids_of(an_entry(title="x"), an_entry(title="x")).ids)) == 1


def test_ids_are_26_characters_of_base32_whatever_a_publisher_writes() -> None:
    hostile = ids_of(an_entry(guid="../" * 400 + "\0é"), an_entry(title="☃"), an_entry())

    assert all(len(item) == 26 and item.isalnum() and item.islower() for item in hostile.ids)
    assert all(isinstance(item, str) for item in map(ItemId, hostile.ids))
