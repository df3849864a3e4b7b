from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import A_MOMENT, a_mirror, an_attribution, an_item
from feedmirror.layout import ItemId
from feedmirror.publishing.cards import Card
from feedmirror.publishing.listings import (
    FRONT_CARDS,
    LATEST_BURIED,
    Buried,
    Listing,
    ListingUnreadableError,
    read_listing,
)
from feedmirror.publishing.pages import Renderer
from feedmirror.records import Publisher

HOST = "news.example.com"
RENDERER = Renderer(a_mirror())
A_CARD = RENDERER.card(an_item())


def a_card(name: int, host: str = HOST, shown_from: datetime = A_MOMENT) -> Card:
    return replace(A_CARD, id=ItemId(f"{name:026}"), host=host, shown_from=shown_from)


def a_burial(name: int, host: str = HOST, when: datetime = A_MOMENT) -> Buried:
    return Buried(ItemId(f"{name:026}"), host, when)


def ids(listing: Listing) -> list[int]:
    return [int(card.id) for card in listing.cards]


def test_cards_stand_newest_first_and_in_the_order_of_their_ids_where_they_came_together() -> None:
    later = A_MOMENT + timedelta(hours=1)

    listing = Listing("").updated_with([a_card(3), a_card(1), a_card(2, shown_from=later)])

    assert ids(listing) == [2, 1, 3]


def test_a_card_that_comes_again_is_renewed_and_not_doubled() -> None:
    listing = Listing("").updated_with([a_card(1)])

    renewed = listing.updated_with([replace(a_card(1), title="Another title")])

    assert [card.title for card in renewed.cards] == ["Another title"]


def test_the_same_id_under_two_hosts_is_two_items() -> None:
    listing = Listing("").updated_with([a_card(1), a_card(1, host="other.example")])

    assert len(listing.updated_with(buried=[a_burial(1)]).cards) == 1


def test_a_buried_item_leaves_the_cards_and_comes_back_when_its_card_does() -> None:
    listing = Listing("").updated_with([a_card(1), a_card(2)])

    buried = listing.updated_with(buried=[a_burial(1)])
    revived = buried.updated_with([a_card(1)])

    assert ids(buried) == [2]
    assert buried.buried == (a_burial(1),)
    assert ids(revived) == [1, 2]
    assert revived.buried == ()


def test_what_is_buried_in_the_same_breath_is_not_shown() -> None:
    listing = Listing("").updated_with([a_card(1)], [a_burial(1)])

    assert (listing.cards, listing.buried) == ((), (a_burial(1),))


def test_an_item_buried_again_keeps_the_date_of_its_burial() -> None:
    listing = Listing("").updated_with(buried=[a_burial(1)])

    again = listing.updated_with(buried=[a_burial(1, when=A_MOMENT + timedelta(days=1))])

    assert again == listing


@pytest.mark.parametrize("folder", ["", f"{HOST}/"])
def test_the_latest_are_limited(folder: str) -> None:
    cards = [a_card(n, shown_from=A_MOMENT + timedelta(minutes=n)) for n in range(60)]
    burials = [a_burial(n, when=A_MOMENT + timedelta(minutes=n)) for n in range(100, 220)]

    listing = Listing(folder).updated_with(cards, burials)

    assert ids(listing) == list(range(59, 59 - FRONT_CARDS, -1))
    assert [int(each.id) for each in listing.buried] == list(range(219, 219 - LATEST_BURIED, -1))


def test_a_month_keeps_everything() -> None:
    folder = f"{HOST}/2026-11/"

    listing = Listing(folder).updated_with(
        [a_card(n) for n in range(200)], [a_burial(n) for n in range(200, 500)]
    )

    assert (len(listing.cards), len(listing.buried)) == (200, 300)


def test_the_front_knows_the_hosts_by_the_name_that_their_newest_item_gave() -> None:
    later = A_MOMENT + timedelta(hours=1)
    renamed = Publisher("A New Name", "https://news.example.com/", HOST)
    listing = Listing("").updated_with([a_card(1), a_card(2, host="beta.example")])

    updated = listing.updated_with([replace(a_card(3, shown_from=later), publisher=renamed)])
    older = updated.updated_with([a_card(4, shown_from=A_MOMENT - timedelta(days=9))])

    assert [(each.host, each.name, each.latest) for each in updated.hosts] == [
        (HOST, "A New Name", later),
        ("beta.example", "Example News", A_MOMENT),
    ]
    assert older.hosts == updated.hosts


def test_a_host_whose_newest_item_is_buried_is_dated_by_the_newest_that_is_left() -> None:
    later, latest = A_MOMENT + timedelta(hours=1), A_MOMENT + timedelta(hours=2)
    cards = [a_card(1), a_card(2, shown_from=later), a_card(3, shown_from=latest)]
    other = a_card(4, host="beta.example", shown_from=latest)
    listing = Listing("").updated_with([*cards, other])

    without_newest = listing.updated_with(buried=[a_burial(3)])
    without_oldest = listing.updated_with(buried=[a_burial(1)])

    assert {each.host: each.latest for each in without_newest.hosts} == {
        HOST: later,
        "beta.example": latest,
    }
    assert without_oldest.hosts == listing.hosts


def test_a_host_has_no_date_while_the_front_shows_nothing_that_is_left_of_it() -> None:
    old = [a_card(1, shown_from=A_MOMENT - timedelta(days=9))]
    crowd = [a_card(n, host="beta.example") for n in range(2, 2 + FRONT_CARDS)]
    listing = Listing("").updated_with(old).updated_with(crowd)

    bereft = listing.updated_with(buried=[a_burial(1)])
    revived = bereft.updated_with([a_card(60)])

    assert HOST not in {card.host for card in listing.cards}
    assert {each.host: each.latest for each in bereft.hosts} == {
        HOST: None,
        "beta.example": A_MOMENT,
    }
    assert read_listing("", RENDERER.listing(bereft, nonce="ab")["feed.json"].body) == bereft
    assert {each.host: each.latest for each in revived.hosts}[HOST] == A_MOMENT


def test_a_host_knows_the_months_of_all_that_it_has_shown() -> None:
    folder = f"{HOST}/"
    old = replace(a_card(1), first_seen=A_MOMENT - timedelta(days=70))

    listing = Listing(folder).updated_with([old]).updated_with([a_card(2)], [a_burial(1)])

    assert listing.months == ("2026-11", "2026-08")
    assert Listing("").updated_with([old]).months == ()


def test_a_folder_tells_the_kind_of_the_listing() -> None:
    assert [
        (each.kind.value, each.host, each.month)
        for each in (Listing(""), Listing("a.example/"), Listing("a.example/2026-11/"))
    ] == [("front", "", ""), ("host", "a.example", ""), ("month", "a.example", "2026-11")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b'{"items": [], "_feedmirror": {"schema": 2, "folder": ""}}',
        b'{"items": [{}], "_feedmirror": {"schema": 1, "folder": "", "buried": [], "hosts": []}}',
        b'{"items": 7, "_feedmirror": {"schema": 1, "folder": "", "buried": [], "hosts": []}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_listing_is_refused(body: bytes) -> None:
    with pytest.raises(ListingUnreadableError):
        read_listing("", body)


def test_the_listing_of_another_folder_is_refused() -> None:
    body = RENDERER.listing(Listing(f"{HOST}/"), nonce="ab")["feed.json"].body

    assert read_listing(f"{HOST}/", body) == Listing(f"{HOST}/")
    with pytest.raises(ListingUnreadableError):
        read_listing("", body)


def test_a_listing_is_read_back_as_it_was() -> None:
    other = an_item(
        id=ItemId("b" * 26),
        host="beta.example",
        published=None,
        updated=None,
        language=None,
        title="",
        enclosures=(),
        attribution=an_attribution(authors=(), rights=None, license_url=None, credit="Photo: Cy"),
    )
    front = Listing("", rules="digest").updated_with([A_CARD, RENDERER.card(other)], [a_burial(9)])

    body = RENDERER.listing(front, nonce="ab")["feed.json"].body

    assert read_listing("", body) == front


small = st.integers(0, 5)
moments = st.integers(0, 3).map(lambda hours: A_MOMENT + timedelta(hours=hours))
folders = st.sampled_from(["", f"{HOST}/", f"{HOST}/2026-11/"])
steps = st.tuples(
    st.lists(st.builds(a_card, small, st.just(HOST), moments), max_size=4),
    st.lists(st.builds(a_burial, small, st.just(HOST), moments), max_size=4),
)


@given(folders, st.lists(steps, max_size=5))
def test_updating_twice_equals_once_and_nothing_is_both_shown_and_buried(
    folder: str, updates: list[tuple[list[Card], list[Buried]]]
) -> None:
    listing = Listing(folder)
    for cards, buried in updates:
        listing = listing.updated_with(cards, buried)

        assert listing.updated_with(cards, buried) == listing
        assert {c.id for c in listing.cards}.isdisjoint({b.id for b in listing.buried})
        assert {b.id for b in buried} <= {b.id for b in listing.buried}
