"""How far a feed's older documents are read (RFC 5005 §3, §4)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmirror.mirroring.backfill import EVERY, Backfill, after, named, next_look

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FEED = "https://example.com/feed"


def page(number: int) -> str:
    return f"{FEED}?page={number}"


def begun(most: int = 20) -> Backfill:
    return named(Backfill(), page(2), of=FEED, most=most, now=NOW)


def test_the_first_older_document_is_read_an_hour_after_the_feed_has_named_it() -> None:
    assert next_look(begun(), most=20, now=NOW + EVERY - timedelta(seconds=1)) is None

    looked = next_look(begun(), most=20, now=NOW + EVERY)

    assert looked is not None
    assert (looked.upcoming, looked.asked) == (page(2), NOW + EVERY)
    assert next_look(looked, most=20, now=NOW + EVERY) is None


@pytest.mark.parametrize(
    "older",
    [
        None,
        "https://other.example/feed?page=2",
        "http://example.com/feed?page=2",
        "https://example.com:8443/feed?page=2",
        "file:///etc/passwd",
        f"{FEED}?{'x' * 3000}",
    ],
)
def test_only_documents_of_the_same_origin_are_read(older: str | None) -> None:
    assert named(Backfill(), older, of=FEED, most=20, now=NOW) == Backfill()
    assert after(begun(), listed=["a"], older=older).upcoming == ""


def test_none_is_read_where_the_operator_wants_none() -> None:
    assert next_look(begun(0), most=0, now=NOW + EVERY) is None


def test_one_that_lists_nothing_or_what_another_has_listed_is_the_end() -> None:
    assert after(begun(), listed=[], older=page(3)).upcoming == ""
    second = after(begun(), listed=["a", "b"], older=page(3))
    assert second.upcoming == page(3)
    assert after(second, listed=["b", "a"], older=page(4)).upcoming == ""


def test_a_loop_is_noticed() -> None:
    second = after(begun(), listed=["a"], older=page(3))

    assert after(second, listed=["b"], older=page(2)).upcoming == ""
    assert after(begun(), listed=["a"], older=page(2)).upcoming == ""


def test_a_document_that_fails_three_times_is_given_up_and_a_success_counts_anew() -> None:
    failing = begun().failed().failed()

    assert failing.upcoming == page(2)
    assert after(failing, listed=["a"], older=page(3)).failures == 0
    assert failing.failed().upcoming == ""


def test_a_time_to_wait_that_is_asked_for_is_waited() -> None:
    later = begun().failed(until=NOW + timedelta(days=2))

    assert next_look(later, most=20, now=NOW + timedelta(days=2, seconds=-1)) is None
    assert next_look(later, most=20, now=NOW + timedelta(days=2)) is not None
    sooner = begun().failed(until=NOW)
    assert next_look(sooner, most=20, now=NOW + EVERY - timedelta(seconds=1)) is None


def test_a_larger_number_begins_anew_and_a_smaller_one_only_ends_sooner() -> None:
    done = after(begun(1), listed=["a"], older=page(3))

    assert (done.read, done.upcoming) == (1, "")
    again = next_look(done, most=2, now=NOW + 2 * EVERY)
    assert again is not None
    assert (again.read, again.upcoming, again.most) == (0, page(2), 2)
    assert next_look(begun(5), most=0, now=NOW + EVERY) is None


def test_a_feed_that_names_another_first_document_meanwhile_goes_on_where_it_was() -> None:
    second = after(begun(), listed=["a"], older=page(3))

    moved = named(second, f"{FEED}/2026-11", of=FEED, most=20, now=NOW)

    assert (moved.start, moved.upcoming, moved.read) == (f"{FEED}/2026-11", page(3), 1)


@settings(max_examples=25)
@given(
    most=st.integers(0, 6),
    answers=st.lists(
        st.tuples(st.lists(st.sampled_from("abcdef"), max_size=2), st.none() | st.integers(0, 9)),
        min_size=8,
        max_size=8,
    ),
)
def test_whatever_documents_say_no_more_are_read_than_are_wanted(
    most: int, answers: list[tuple[list[str], int | None]]
) -> None:
    known, now, read = begun(most), NOW, list[str]()
    for listed, number in answers:
        now += EVERY
        looked = next_look(known, most=most, now=now)
        if looked is not None:
            read.append(looked.upcoming)
            known = after(looked, listed=listed, older=None if number is None else page(number))

    assert len(read) <= most
    assert len(set(read)) == len(read)
