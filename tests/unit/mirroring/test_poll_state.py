"""Poll state: a cache that may be lost, and is read back whole when it is not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.layout import ItemId
from feedmirror.mirroring.absence import Absence
from feedmirror.mirroring.backfill import Backfill
from feedmirror.mirroring.houses import House
from feedmirror.mirroring.moves import Move
from feedmirror.mirroring.poll_state import (
    EntryState,
    FeedState,
    ShardState,
    StateWriter,
    state_from_json,
    state_to_json,
)
from feedmirror.mirroring.rhythm import Rhythm
from feedmirror.mirroring.terms import Stated
from feedmirror.mirroring.told import Told
from feedmirror.stored_rows import Rows

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FULL = FeedState(
    attempted=NOW,
    etag='W/"é"',
    last_modified="Sun",
    body_hash="h",
    hint=3600,
    ttl=60,
    not_before=NOW,
    failures=2,
    error="bad",
    gone=True,
    limited=NOW,
    gone_since=NOW,
    rung=1,
    title="T",
    problems=("p",),
    lifts="l",
    entries={ItemId("a"): EntryState("f", "m", "g"), ItemId("b"): EntryState(published=5)},
    moved={ItemId("c"): ItemId("a")},
    move=Move("https://b.example/feed", "https://c.example/feed", NOW, stated=True, lost=NOW),
    rhythm=Rhythm(since=NOW),
    stated=Stated(("x-robots-tag: noarchive",)),
    absence=Absence({ItemId("a"): [3, 2, 1]}, (ItemId("b"),), {}, {}, NOW),
    backfill=Backfill("https://a.example/feed?page=2", read=1, asked=NOW, seen=("b",)),
    told=Told("p", NOW, NOW),
)


@pytest.mark.parametrize("feed", [FULL, FeedState(), FeedState(attempted=NOW)])
def test_a_state_is_read_back_as_it_was_written(feed: FeedState) -> None:
    houses = {"https://a.example": House(NOW), "https://b.example": House()}
    state = ShardState({"https://a.example/feed": feed}, "mark", shards=4, handed=6, houses=houses)

    assert state_from_json(state_to_json(state, "aa")) == state


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"schema": 99}',
        b'{"schema": 1, "mark": "", "feeds": {"u": 3}}',
        b'{"schema": 2, "mark": "", "feeds": {"u": {"entries": "a f;"}}}',
        b'{"schema": 2, "mark": "", "feeds": {"u": {"entries": ["a f"]}}}',
        b'{"schema": 1, "mark": "", "feeds": {"u": {"entries": {"a": ["f", "m", 3]}}}}',
        b'{"schema": 2, "mark": "", "feeds": {"u": {"entries": {"a": [], "b": 3}}}}',
    ],
)
def test_a_state_that_cannot_be_read_is_lost(body: bytes) -> None:
    assert state_from_json(body) is None


def test_a_state_of_the_first_schema_says_the_same() -> None:
    entries = b'{"a": ["f", "m", "g"], "b": ["", "", "", 5], "c": ["f", "", "", 0, 6, "s"]}'
    body = b'{"schema": 1, "mark": "", "feeds": {"u": {"entries": %b}}}' % entries
    state = state_from_json(body)

    assert state is not None
    assert state.feeds["u"].entries == {
        "a": EntryState("f", "m", "g"),
        "b": EntryState(published=5),
        "c": EntryState("f", updated=6, span="s"),
    }
    assert state_from_json(state_to_json(state, "aa")) == state


def test_an_entry_that_cannot_stand_in_a_row_is_kept_all_the_same() -> None:
    entries = {ItemId("a b"): EntryState("f;g", published=-5), ItemId("ä"): EntryState(span='"')}
    state = ShardState({"u": FeedState(entries=entries)})

    assert state_from_json(state_to_json(state, "aa")) == state


def test_entries_that_nobody_asks_for_are_never_read() -> None:
    body = state_to_json(ShardState({"u": FULL}), "aa")
    state = state_from_json(body)

    assert state is not None
    rows = state.feeds["u"].entries
    assert isinstance(rows, Rows)
    assert state_to_json(state, "aa") == body
    assert len(rows) == 2
    assert rows._read is None  # noqa: SLF001 -- that nothing was made of it shows nowhere else


ADDRESSES = st.sampled_from(["https://a.example/ä", 'https://b.example/"', "https://c.example/"])
FEEDS = st.builds(FeedState, title=st.sampled_from(["", "T", '"\n', "鏡"]), attempted=st.just(NOW))


@given(st.lists(st.dictionaries(ADDRESSES, FEEDS | st.sampled_from([FULL])), max_size=4))
def test_a_writer_writes_of_each_state_what_one_writes_that_has_written_no_other(
    changes: list[dict[str, FeedState]],
) -> None:
    writer, state = StateWriter(), ShardState()
    for feeds in changes:
        state = replace(state, feeds={**state.feeds, **feeds})

        assert writer.write(state, "aa") == state_to_json(state, "aa")
        assert state_from_json(writer.write(state, "bb")) == state


def test_the_same_state_is_written_as_another_body_each_time() -> None:
    assert state_to_json(ShardState(), "aa") != state_to_json(ShardState(), "bb")
