"""Where a feed is asked once it has been moved: rules D1 to D8, one by one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.mirroring.moves import Found, Move, Sight, followed, is_upgrade, permanent_target
from feedmirror.ports.fetching import Hop

OLD, NEW, OTHER = (f"https://{name}.example.com/feed" for name in ("old", "new", "other"))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = 7 * DAY
MOVED = (Hop(301, NEW),)


def nowhere(_: str) -> str:
    return ""


def sight(
    found: Found = Found.FEED,
    *hops: Hop,
    after: timedelta = timedelta(0),
    stated: str | None = None,
    ended: bool = False,
) -> Sight:
    return Sight(url=OLD, found=found, now=NOW + after, hops=hops, stated=stated, ended=ended)


def after(
    *sights: Sight, move: Move | None = None, elsewhere: Callable[[str], str] = nowhere
) -> Move:
    move = move or Move()
    for each in sights:
        move = followed(move, each, elsewhere=elsewhere)
    return move


@pytest.mark.parametrize(
    ("hops", "target"),
    [
        ((), ""),
        ((301,), "1"),
        ((308,), "1"),
        ((301, 308, 301), "3"),
        ((302,), ""),
        ((303,), ""),
        ((307,), ""),
        ((302, 301), ""),
        ((301, 302, 301), "1"),
        ((301, 301, 307), "2"),
    ],
)
def test_d1_the_target_is_where_the_permanent_run_at_the_start_ends(
    hops: tuple[int, ...], target: str
) -> None:
    chain = [Hop(status, str(number)) for number, status in enumerate(hops, 1)]

    assert permanent_target(chain) == target


def test_d2_no_target_is_believed_that_does_not_lead_to_a_feed_with_entries() -> None:
    for found in (Found.EMPTY, Found.MISSING, Found.OTHER, Found.NOTHING):
        move = after(sight(found, *MOVED), sight(found, *MOVED, after=9 * DAY))

        assert (move.address, move.target, move.since) == ("", NEW, NOW)
        assert after(sight(Found.FEED, *MOVED, after=9 * DAY), move=move).address == NEW


@pytest.mark.parametrize(
    ("old", "new", "upgrade"),
    [
        ("http://a.example/feed?x=1", "https://a.example/feed?x=1", True),
        ("http://A.example", "https://a.example/", True),
        ("http://a.example:80/feed", "https://a.example:443/feed", True),
        ("http://a.example/feed", "https://www.a.example/feed", False),
        ("http://a.example/feed", "https://a.example/feed/", False),
        ("http://a.example/feed", "https://a.example/feed?x=1", False),
        ("http://a.example:8080/feed", "https://a.example/feed", False),
        ("https://a.example/feed", "http://a.example/feed", False),
        ("http://a.example:x/feed", "https://a.example/feed", False),
        ("http://[a/feed", "https://a.example/feed", False),
    ],
)
def test_d3_https_of_the_same_address_is_told_from_every_other_move(
    old: str, new: str, *, upgrade: bool
) -> None:
    assert is_upgrade(old, new) is upgrade


def test_d3_https_is_adopted_at_once_if_the_feed_is_there() -> None:
    url, upgraded = "http://old.example.com/feed", (Hop(301, OLD),)
    seen = Sight(url=url, found=Found.FEED, now=NOW, hops=upgraded)
    failed = Sight(url=url, found=Found.NOTHING, now=NOW, hops=upgraded)

    assert after(seen) == Move(OLD, adopted=NOW)
    assert after(failed).address == ""


def test_d4_the_same_target_is_adopted_once_it_has_been_seen_for_seven_days() -> None:
    early = after(sight(Found.FEED, *MOVED), sight(Found.FEED, *MOVED, after=WEEK - DAY / 24))

    assert early == Move(target=NEW, since=NOW)
    assert after(sight(Found.FEED, *MOVED, after=WEEK), move=early) == Move(NEW, adopted=NOW + WEEK)


def test_d4_another_target_in_between_begins_anew() -> None:
    move = after(
        sight(Found.FEED, *MOVED),
        sight(Found.FEED, Hop(301, OTHER), after=6 * DAY),
        sight(Found.FEED, *MOVED, after=8 * DAY),
    )

    assert move == Move(target=NEW, since=NOW + 8 * DAY)


def test_d4_an_answer_without_the_redirect_ends_the_claim_and_trouble_does_not() -> None:
    claimed = after(sight(Found.FEED, *MOVED))

    assert after(sight(), move=claimed) == Move()
    assert after(sight(Found.EMPTY), move=claimed) == Move()
    assert after(sight(Found.FEED, Hop(302, OTHER)), move=claimed) == Move()
    for found in (Found.NOTHING, Found.OTHER):
        assert after(sight(found, Hop(302, OTHER)), move=claimed) == claimed


def test_d5_an_old_address_that_ends_has_the_target_on_record_asked_next() -> None:
    claimed = after(sight(Found.FEED, *MOVED))
    trial = after(sight(Found.MISSING, after=DAY), move=claimed)

    assert trial.asked_at(OLD) == NEW
    assert after(sight(Found.FEED, after=DAY), move=trial) == Move(NEW, adopted=NOW + DAY)
    assert after(sight(Found.MISSING)) == Move()


def test_d5_a_target_that_is_no_feed_is_forgotten_and_one_in_trouble_asked_again() -> None:
    trial = after(sight(Found.FEED, *MOVED), sight(Found.MISSING, after=DAY))

    for found in (Found.MISSING, Found.OTHER, Found.EMPTY):
        assert after(sight(found), move=trial) == Move()
    back = after(sight(Found.NOTHING), move=trial)
    assert (back.asked_at(OLD), back.target) == (OLD, NEW)
    assert after(sight(Found.MISSING), move=back).asked_at(OLD) == NEW


def test_d5_a_missing_page_at_the_end_of_a_redirect_is_not_the_old_address_ending() -> None:
    move = after(sight(Found.FEED, *MOVED), sight(Found.MISSING, *MOVED, after=DAY))

    assert (move.trial, move.target) == (False, NEW)


def test_d6_a_feed_that_moves_to_another_one_becomes_that_one() -> None:
    sights = [sight(Found.FEED, *MOVED), sight(Found.FEED, *MOVED, after=WEEK)]
    move = after(*sights, elsewhere={NEW: "feed b"}.__getitem__)

    assert move == Move(into="feed b", adopted=NOW + WEEK)


def test_d6_it_stays_so_until_it_is_asked_and_does_not_lead_there_any_more() -> None:
    merged = Move(into="feed b", adopted=NOW)

    for same in (sight(Found.FEED, *MOVED), sight(Found.MISSING), sight(Found.NOTHING)):
        assert after(same, move=merged) == merged
    assert after(sight(), move=merged) == Move()


def test_d7_a_feed_that_moves_back_is_asked_where_it_is_configured() -> None:
    adopted, back = Move(NEW, adopted=NOW), (Hop(301, OLD),)
    move = after(sight(Found.FEED, *back), sight(Found.FEED, *back, after=WEEK), move=adopted)

    assert move == Move()
    assert move.asked_at(OLD) == OLD


def test_d8_what_the_document_says_for_a_week_is_tried_and_then_adopted() -> None:
    read = sight(stated=NEW)
    claimed = after(read, sight(after=6 * DAY))
    trial = after(sight(after=WEEK), move=claimed)

    assert claimed == Move(target=NEW, since=NOW, stated=True)
    assert (trial.asked_at(OLD), claimed.asked_at(OLD)) == (NEW, OLD)
    assert after(sight(stated=NEW, after=8 * DAY), move=trial) == Move(NEW, adopted=NOW + 8 * DAY)


def test_d8_if_there_is_no_feed_the_claim_begins_anew() -> None:
    trial = Move(target=NEW, since=NOW, stated=True, trial=True)

    for found in (Found.EMPTY, Found.MISSING, Found.OTHER, Found.NOTHING):
        back = after(sight(found, after=WEEK), move=trial)
        assert back == Move(target=NEW, since=NOW + WEEK, stated=True, tries=1)
        assert after(sight(after=WEEK + 6 * DAY), move=back).asked_at(OLD) == OLD
        assert after(sight(after=2 * WEEK), move=back).asked_at(OLD) == NEW


def test_d8_a_document_that_says_it_no_more_ends_the_claim() -> None:
    claimed = after(sight(stated=NEW))

    assert after(sight(stated=""), move=claimed) == Move()
    assert after(sight(stated=OTHER, after=DAY), move=claimed).since == NOW + DAY


def test_d8_a_feed_that_names_its_own_address_makes_no_claim() -> None:
    assert after(sight(stated=OLD)) == Move()
    assert after(sight(stated="http://www.old.example.com/feed/")) == Move()


def test_d8_two_addresses_that_name_each_other_do_not_take_turns() -> None:
    trial = Move(target=NEW, since=NOW, stated=True, trial=True)
    led_back = sight(Found.FEED, Hop(301, OLD), stated=NEW, after=WEEK)

    assert after(led_back, move=trial).address == ""


def test_d8_https_is_tried_at_the_next_poll() -> None:
    seen = Sight(url="http://old.example.com/feed", found=Found.FEED, now=NOW, stated=OLD)

    assert after(seen).asked_at(seen.url) == OLD


def test_a_redirect_of_the_new_address_is_a_claim_of_its_own() -> None:
    adopted = Move(NEW, adopted=NOW)

    assert after(sight(Found.FEED, Hop(301, OTHER)), move=adopted) == Move(
        NEW, OTHER, NOW, adopted=NOW
    )


@pytest.mark.parametrize("found", [Found.MISSING, Found.OTHER])
def test_an_adopted_address_without_a_feed_for_a_week_is_given_up(found: Found) -> None:
    adopted = Move(NEW, adopted=NOW)
    lost = after(sight(found), sight(Found.NOTHING, after=8 * DAY), move=adopted)

    assert lost == Move(NEW, adopted=NOW, lost=NOW)
    assert after(sight(found, after=6 * DAY), move=lost) == lost
    assert after(sight(found, after=WEEK), move=lost) == Move()
    assert after(sight(after=WEEK), move=lost) == adopted


def test_a_410_at_an_adopted_address_is_confirmed_there() -> None:
    adopted = Move(NEW, adopted=NOW)
    twice = (sight(Found.MISSING, after=n * DAY, ended=True) for n in (0, 8))

    assert after(*twice, move=adopted).asked_at(OLD) == NEW
    assert after(sight(Found.MISSING, ended=True)) == Move()


@pytest.mark.parametrize(
    ("move", "leaves"),
    [
        (Move(), False),
        (Move("https://feeds.example.com/x"), False),
        (Move("https://elsewhere.example.org/x"), True),
        (Move("http://127.0.0.2/feed"), True),
        (Move("https://new.example.com/", "https://elsewhere.example.org/", trial=True), True),
    ],
)
def test_a_move_to_another_organisations_domain_is_told_from_one_within(
    move: Move, *, leaves: bool
) -> None:
    assert move.leaves_domain_of(OLD) is leaves


_HOPS = st.lists(
    st.builds(Hop, st.sampled_from([301, 302, 303, 307, 308]), st.sampled_from([OLD, NEW, OTHER])),
    max_size=3,
)
_SIGHTS = st.lists(
    st.tuples(
        st.sampled_from(Found), _HOPS, st.none() | st.sampled_from(["", OLD, NEW]), st.booleans()
    ),
    max_size=12,
)


@given(_SIGHTS)
def test_whatever_is_seen_within_a_week_no_address_is_adopted_unless_the_old_one_ends(
    seen: list[tuple[Found, list[Hop], str | None, bool]],
) -> None:
    move, ended = Move(), False
    for number, (found, hops, stated, is_gone) in enumerate(seen):
        at = number * timedelta(hours=13)
        ended = ended or (found is Found.MISSING and not hops)
        move = after(sight(found, *hops, after=at, stated=stated, ended=is_gone), move=move)

    assert ended or (not move.address and move.asked_at(OLD) == OLD)
    assert move.since is None or move.target
