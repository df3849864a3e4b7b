"""What is read back from the buckets: our own writing, unless somebody else was there."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from builders import A_MOMENT, AN_ID, a_mirror, a_rule, a_tombstone, an_item
from feedmirror.layout import ItemId
from feedmirror.mirroring.absence import Absence
from feedmirror.mirroring.backfill import Backfill
from feedmirror.mirroring.house_terms import HouseTerms
from feedmirror.mirroring.houses import House
from feedmirror.mirroring.moves import Move
from feedmirror.mirroring.poll_state import (
    EntryState,
    FeedState,
    Look,
    ShardState,
    state_from_json,
    state_to_json,
)
from feedmirror.mirroring.rhythm import Rhythm
from feedmirror.mirroring.terms import Stated
from feedmirror.mirroring.told import Told
from feedmirror.publishing.cards import bare_card
from feedmirror.publishing.feeds import json_feed, view
from feedmirror.publishing.listings import (
    Buried,
    Listing,
    ListingUnreadableError,
    read_listing,
)
from feedmirror.records import (
    METADATA_LIMIT,
    Item,
    RecordUnreadableError,
    Tombstone,
    object_metadata,
    record_from_json,
    record_to_json,
)
from feedmirror.suppression import (
    RuleUnreadableError,
    Scope,
    Suppression,
    rule_from_json,
    rule_to_json,
)
from feedmirror.takedowns.casework.cases import (
    Case,
    CaseUnreadableError,
    Entry,
    Event,
    case_from_json,
    case_to_json,
)
from feedmirror.takedowns.casework.challenges import (
    Challenge,
    ChallengeUnreadableError,
    challenge_from_json,
    challenge_to_json,
)
from feedmirror.takedowns.casework.orders import Order, order_to_json
from feedmirror.takedowns.decisions.decision import Outcome, Proving
from feedmirror.takedowns.senders.receipt import Receipt
from fuzz.target import Target, words
from fuzz.typed import assert_typed

_FOLDER = "news.example.com/"
_MIRROR = a_mirror()


def check_record(_body: bytes, record: object) -> None:
    """Fail unless a record that was read can be written again, shown and told."""
    assert isinstance(record, Item | Tombstone)
    assert_typed(record)
    assert record_from_json(record_to_json(record, "a")) == record
    metadata = object_metadata(record)
    assert sum(len(name) + len(value) for name, value in metadata.items()) <= METADATA_LIMIT
    for value in metadata.values():
        assert value.isascii()
        assert value.isprintable()
    if isinstance(record, Item):
        assert record.attribution.original_url
        assert record.attribution.publisher.name
        assert record.shown_from <= record.first_seen
        assert record.link_host
        bare_card(record, site="https://mirror.example.org")


def check_rule(body: bytes, rule: object) -> None:
    """Fail unless a rule that was read is the same once it is written."""
    assert isinstance(rule, Suppression)
    assert_typed(rule)
    assert rule_from_json(rule_to_json(rule)) == rule
    assert isinstance(json.loads(body)["keys"], list), "a text has items, too"
    assert rule.reach


def check_state(_body: bytes, state: object) -> None:
    """Fail unless a state that was not lost is the same once it is written."""
    if state is not None:
        assert isinstance(state, ShardState)
        assert_typed(state)
        assert state_from_json(state_to_json(state, "a")) == state


def check_case(_body: bytes, case: object) -> None:
    """Fail unless a case that was read tells where it stands."""
    assert isinstance(case, Case)
    assert_typed(case)
    assert case_from_json(case_to_json(case)) == case
    assert case.state
    assert case.opened.tzinfo
    assert isinstance(case.mail, str)


def check_challenge(_body: bytes, challenge: object) -> None:
    """Fail unless a challenge that was read can be looked for."""
    assert isinstance(challenge, Challenge)
    assert_typed(challenge)
    assert challenge_from_json(challenge_to_json(challenge)) == challenge
    assert challenge.is_open(A_MOMENT) in {True, False}


def check_listing(_body: bytes, listing: object) -> None:
    """Fail unless a listing that was read can be shown again, with another item in it."""
    assert isinstance(listing, Listing)
    assert_typed(listing)
    more = listing.updated_with([bare_card(an_item(id=ItemId("b" * 26)), site=_MIRROR.site)])
    back = _read_listing(_written(more))  # what was empty is now left out
    assert _read_listing(_written(back)) == back
    assert [each.address for each in back.cards] == [each.address for each in more.cards]
    assert back.buried == more.buried


def _written(listing: Listing) -> bytes:
    return json_feed(view(listing, mirror=_MIRROR), _MIRROR, nonce="a").body


def _read_listing(body: bytes) -> Listing:
    return read_listing(_FOLDER, body)


def _records() -> Iterator[bytes]:
    yield record_to_json(an_item(), "a")
    yield record_to_json(a_tombstone(rules=("suppressions/a.json",), first_seen=A_MOMENT), "a")


def _rules() -> Iterator[bytes]:
    yield rule_to_json(a_rule("host:a", "guid:b", scope=Scope.HOST))


def _states() -> Iterator[bytes]:
    feed = FeedState(
        attempted=A_MOMENT,
        etag='W/"a"',
        hint=3600,
        skip_hours=(1, 2),
        skip_days=("Monday",),
        not_before=A_MOMENT,
        failures=2,
        error="bad",
        limited=A_MOMENT,
        rung=1,
        problems=("p",),
        hosts=("b.example",),
        entries={AN_ID: EntryState("f", "m", "g", 5, 6), ItemId("b" * 26): EntryState()},
        moved={ItemId("c" * 26): AN_ID},
        look=Look("b", A_MOMENT, (A_MOMENT, AN_ID), "link"),
        move=Move("https://b.example/feed", "https://c.example/feed", A_MOMENT, stated=True),
        rhythm=Rhythm(since=A_MOMENT),
        stated=Stated(("robots-noarchive",), host=("rsl-free",), why="w"),
        absence=Absence({AN_ID: [3, 2, 1]}, (AN_ID,), {}, {}, A_MOMENT),
        backfill=Backfill("https://a.example/feed?page=2", read=1, asked=A_MOMENT, seen=("b",)),
        told=Told("p", A_MOMENT, A_MOMENT),
    )
    house = House(A_MOMENT, etag="e", answered=True, rules=("disallow: /",), delay=2.5)
    state = ShardState(
        {"https://a.example/feed": feed},
        "mark",
        shards=4,
        handed=6,
        houses={"https://a.example": house},
        house_terms={"https://a.example": HouseTerms()},
    )
    yield state_to_json(state, "a")
    yield state_to_json(ShardState(), "a")


def _cases() -> Iterator[bytes]:
    receipt = Receipt(ses_id="one", received=A_MOMENT, recipients=("a@b.example",))
    order = Order(
        number=0,
        row=3,
        outcome=Outcome.MASK,
        scope=Scope.ITEM,
        host="news.example.com",
        rules=(a_rule("guid:b"),),
        places=(("news.example.com", AN_ID),),
        keys=(frozenset({"guid:b"}),),
        count=1,
        until=A_MOMENT + timedelta(days=7),
        proving=(Proving.REPLY,),
        nonce="n",
    )
    events = (
        Entry(Event.RECEIVED, A_MOMENT, {"mail": "inbound/one", "receipt": receipt.to_dict()}),
        Entry(Event.DECIDED, A_MOMENT, {"orders": [order_to_json(order)]}),
        Entry(Event.RULED, A_MOMENT, {"order": 0}),
        Entry(Event.MASKED, A_MOMENT),
        Entry(Event.PROVED, A_MOMENT, {"way": "reply", "orders": [0]}),
    )
    yield case_to_json(Case("abcdefghijklmnop", events))


def _challenges() -> Iterator[bytes]:
    challenge = Challenge(
        case="abcdefghijklmnop",
        host="news.example.com",
        token=f"feedmirror-takedown={'a' * 26}",
        ways=tuple(Proving),
        until=A_MOMENT,
        feed="https://news.example.com/feed",
    )
    yield challenge_to_json(challenge)
    yield challenge_to_json(replace(challenge, closed=True, asks="h", nonce="n"))


def _listings() -> Iterator[bytes]:
    card = bare_card(an_item(), site=_MIRROR.site)
    gone = Buried(ItemId("c" * 26), "news.example.com", A_MOMENT)
    listing = Listing(_FOLDER, rules="r").updated_with([card], [gone])
    yield _written(listing)


TARGETS = (
    Target(
        name="records",
        read=record_from_json,
        check=check_record,
        seeds=_records,
        refuses=(RecordUnreadableError,),
        tokens=words("stored"),
    ),
    Target(
        name="rules",
        read=rule_from_json,
        check=check_rule,
        seeds=_rules,
        refuses=(RuleUnreadableError,),
        tokens=words("stored"),
    ),
    Target(
        name="states",
        read=state_from_json,
        check=check_state,
        seeds=_states,
        tokens=words("stored"),
    ),
    Target(
        name="cases",
        read=case_from_json,
        check=check_case,
        seeds=_cases,
        refuses=(CaseUnreadableError,),
        tokens=words("stored"),
    ),
    Target(
        name="challenges",
        read=challenge_from_json,
        check=check_challenge,
        seeds=_challenges,
        refuses=(ChallengeUnreadableError,),
        tokens=words("stored"),
    ),
    Target(
        name="listings",
        read=_read_listing,
        check=check_listing,
        seeds=_listings,
        refuses=(ListingUnreadableError,),
        tokens=words("stored"),
    ),
)
