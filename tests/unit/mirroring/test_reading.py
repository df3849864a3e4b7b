"""What stands of a feed, and what is known of its bytes once it was read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedmirror.configuration import FeedSettings
from feedmirror.layout import ItemId
from feedmirror.mirroring.absence import Absence
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.listing import as_listed
from feedmirror.mirroring.moves import Move
from feedmirror.mirroring.poll_state import EntryState, FeedState
from feedmirror.mirroring.reading import Reading, read_entries, standing
from feedmirror.mirroring.refusals import Refusal
from feedmirror.mirroring.spans import digests_of
from feedmirror.mirroring.terms import Stated
from world import SITE, entry, rss

URL = f"{SITE}/feed"
FEED = FeedSettings(url=URL)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BODY = rss(entry(1), entry(2)).encode()


def a_reading(body: bytes = BODY, *, state: FeedState | None = None) -> Reading:
    feed = parse_feed(body, url=URL, known=())
    state = state or FeedState(attempted=NOW)
    return read_entries(feed, settings=FEED, state=state, digests=digests_of(body, feed.spans))


def a_state() -> tuple[FeedState, dict[str, ItemId]]:
    """Return what is known of a feed once its two entries were stored, and what stands then."""
    reading = a_reading()
    entries = {
        draft.id: EntryState(draft.fingerprint, "a", draft.guid, span=draft.span)
        for draft in reading.drafts
    }
    state = FeedState(attempted=NOW, body_hash="b", context=reading.context, entries=entries)
    return state, {draft.span: draft.id for draft in reading.drafts}


def test_what_was_stored_as_its_bytes_are_stands_for_a_week() -> None:
    state, entries = a_state()

    assert standing(state, URL) == entries
    assert standing(replace(state, attempted=NOW + timedelta(days=7)), URL) == {}


@pytest.mark.parametrize(
    "other",
    [
        {"body_hash": ""},
        {"context": ""},
        {"move": Move(target="https://elsewhere.example/feed", trial=True)},
        {"move": Move(into="https://elsewhere.example/feed")},
    ],
)
def test_nothing_stands_where_all_has_to_be_read(other: dict[str, object]) -> None:
    state, _ = a_state()

    assert standing(replace(state, **other), URL) == {}  # type: ignore[arg-type]  # any field


def test_what_is_kept_away_or_to_be_looked_at_again_does_not_stand() -> None:
    state, entries = a_state()
    (span, first), (other, second) = entries.items()
    forgotten = {**state.entries, first: replace(state.entries[first], fingerprint="")}

    for changed in (
        replace(state, entries=forgotten),
        replace(state, absence=Absence(deleted={first: 1})),
        replace(state, absence=Absence(suspended={first: "vanished"})),
        replace(state, refusal=Refusal(items=(first,))),
        replace(state, stated=Stated(denied=(first,))),
        replace(state, stated=Stated(told=(first,))),
    ):
        assert standing(changed, URL) == {other: second}
    assert span


def test_bytes_are_known_with_their_own_fingerprint_only() -> None:
    reading = a_reading()
    first, second = reading.drafts
    known = {
        first.id: EntryState("another", "a", "g"),
        second.id: EntryState(second.fingerprint, "a", "g"),
    }

    listed = as_listed(known, reading)

    assert [each.span for each in listed.values()] == ["", second.span]
    # Held back, it has other bytes than those that are known.
    again = {first.id: replace(known[first.id], span="s")}
    assert as_listed(again, reading)[first.id].span == ""


@pytest.mark.parametrize(
    "body",
    [
        rss(entry(1), entry(2, link=f"{SITE}/1")),
        rss(entry(1), entry(2, guid="g1")),
        rss(entry(1), "<item><title>x</title><guid>not a link</guid></item>"),
    ],
)
def test_no_entry_stands_where_one_is_told_by_another(body: str) -> None:
    assert a_reading(body.encode()).context == ""


def test_a_document_s_context_is_of_what_its_entries_inherit() -> None:
    contexts = {
        a_reading(rss(entry(1), extra=extra).encode()).context
        for extra in (
            "",
            "<ttl>7</ttl>",
            "<language>de</language>",
            "<copyright>me</copyright>",
            "<dc:creator>Ann</dc:creator>",
        )
    }

    assert len(contexts) == 4
    assert "" not in contexts
