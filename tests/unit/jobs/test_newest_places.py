"""What a run remembers of what it brought, for the front."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from builders import A_MOMENT, a_tombstone, an_item
from feedmirror.jobs.latest import newest_and_gone, places_of
from feedmirror.layout import ItemId
from feedmirror.publishing.selection import Publication, newest_of

batches = st.lists(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9), st.booleans()), max_size=40),
    max_size=6,
)


def brought(rows: list[tuple[int, int, bool]], batch: int) -> Publication:
    """Return a publication: of each row the age, the host, and whether it is gone."""
    items, stones = [], []
    for number, (age, host, gone) in enumerate(rows):
        named = {"id": ItemId(f"{batch}-{number}"), "host": f"{host}.example.com"}
        if gone:
            stones.append(a_tombstone(**named))
        else:
            seen = A_MOMENT - timedelta(hours=age)
            items.append(an_item(**named, published=None, updated=None, first_seen=seen))
    return Publication(tuple(items), tuple(stones))


@given(batches)
def test_places_are_remembered_as_publications_would_be(
    rows: list[list[tuple[int, int, bool]]],
) -> None:
    whole, places = Publication(), newest_and_gone(())
    apart = []
    for batch, each in enumerate(rows):
        publication = brought(each, batch)
        whole = newest_of(whole, publication)
        places = newest_and_gone((*places, *places_of(publication)))
        apart.append(newest_and_gone(places_of(publication)))

    assert list(places) == places_of(whole)
    assert set(newest_and_gone(place for each in apart for place in each)) == set(places)
