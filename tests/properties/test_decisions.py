"""Nobody else's say (P2): what holds for any situation whatever."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedmirror.configuration import Unproven
from feedmirror.suppression import Ground, Scope, author_keys, host_key, path_key
from feedmirror.takedowns.decisions.claims import Claim, Held, Standing
from feedmirror.takedowns.decisions.decision import Answered, Background, Outcome, Plan, Situation
from feedmirror.takedowns.decisions.decision_table import BY_THE_CALLER, TABLE, decide
from feedmirror.takedowns.mails.message import Automatic, DeliveryReport, Message, StructuredNotice
from feedmirror.takedowns.notices.notice import Element, Future, Kind, Notice, Target, TargetKind
from feedmirror.takedowns.senders.receipt import Receipt, Verdict, mailbox_key
from feedmirror.takedowns.senders.sender import Proof, Sender
from takedown_situations import (
    BY_AUTHOR,
    BY_CONTACT,
    BY_HOST,
    BY_NOBODY,
    BY_ROLE,
    BY_STRANGER,
    NOW,
    a_sender,
    a_situation,
    an_id,
    of_items,
    of_many,
    of_scope,
)

HOSTS = (
    "example.com",
    "news.example.com",
    "other.example.net",
    "ann.substack.com",
    "substack.com",
    "medium.com",
    "co.uk",
    "mirror.example.org",
)
PLATFORMS = {"substack.com", "medium.com", "co.uk", "mirror.example.org"}
ADDRESSES = (
    "",
    "ann@mail.example",
    "editor@mail.example",
    "webmaster@example.com",
    "joe@news.example.com",
    "counsel@rival-legal.example",
    "ben@gmail.com",
    "webmaster@substack.com",
)
CASES = ("", "casecasecasecase", "othercaseothercas")
STRENGTH = (
    Outcome.RECORD,
    Outcome.REVIEW,
    Outcome.CHALLENGE,
    Outcome.MASK,
    Outcome.REMOVE,
)

_keys = st.frozensets(st.sampled_from([mailbox_key(a) for a in ADDRESSES if a]), max_size=2)
_feeds = st.sampled_from(["", *(f"https://{host}/feed" for host in HOSTS[:4])])
_ids = st.integers(0, 40).map(an_id)
_verdicts = st.sampled_from([*[Verdict.PASS] * 8, *Verdict])
SELDOM = st.sampled_from([*[False] * 19, True])
PLACES = st.tuples(st.sampled_from(HOSTS), _ids)


@st.composite
def held_items(draw: st.DrawFn) -> Held:
    host = draw(st.sampled_from(HOSTS[:4]))
    return Held(
        host=host,
        id=draw(_ids),
        hosts=frozenset({host, draw(st.sampled_from(HOSTS))}),
        feed=draw(_feeds),
        authors=draw(_keys),
        contacts=draw(_keys),
        masked_by=draw(st.sampled_from(CASES)),
        gone=draw(SELDOM),
    )


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    host = draw(st.sampled_from([*HOSTS[:4], *HOSTS]))
    items = tuple(draw(st.lists(held_items(), max_size=4)))
    scope = draw(st.sampled_from([*[Scope.ITEM] * 4, *Scope]))
    keys = draw(
        st.sampled_from(
            [
                frozenset(),
                host_key_of(host),
                frozenset({path_key(f"{host}/")}),
                author_keys(host, address=draw(st.sampled_from(ADDRESSES[1:]))),
                author_keys(host, name="Ann"),
            ]
        )
    )
    count = len(items) if scope is Scope.ITEM else draw(st.integers(0, 900))
    return Claim(scope=scope, host=host, keys=keys, items=items, count=count, feed=draw(_feeds))


def host_key_of(host: str) -> frozenset[str]:
    return frozenset({host_key(host)})


@st.composite
def senders(draw: st.DrawFn) -> Sender:
    address = draw(st.sampled_from(ADDRESSES))
    return Sender(
        address=address,
        domain=address.partition("@")[2],
        proof=draw(st.sampled_from([*Proof, Proof.DMARC])),
        rejected=draw(SELDOM),
        role=address.startswith("webmaster@"),
        shared=draw(SELDOM),
    )


MESSAGES = st.builds(
    Message,
    automatic=st.sampled_from([*[Automatic.NO] * 15, *Automatic]),
    reply_to_own_mark=SELDOM,
    report=SELDOM.map(lambda is_one: DeliveryReport() if is_one else None),
    complaint=SELDOM,
    structured=SELDOM.map(lambda is_one: StructuredNotice("ACNS") if is_one else None),
    excess=SELDOM.map(lambda is_one: ("size",) if is_one else ()),
)
RECEIPTS = st.builds(
    Receipt,
    ses_id=st.just("s1"),
    received=st.just(NOW),
    returnable=SELDOM.map(lambda is_not: not is_not),
    spam=_verdicts,
    virus=_verdicts,
    dmarc=_verdicts,
)
_SETTLING = (Kind.ANSWER, Kind.RETRACTION, Kind.COUNTER_NOTICE)
NOTICES = st.builds(
    Notice,
    kind=st.sampled_from([*[Kind.REMOVAL] * 8, *_SETTLING * 2, *Kind]),
    targets=st.lists(
        st.builds(Target, st.sampled_from(TargetKind), st.just("https://x.example/")), max_size=2
    ).map(tuple),
    mine=st.booleans(),
    future=st.sampled_from(Future),
    ground=st.sampled_from(Ground),
    elements=st.frozensets(st.sampled_from(Element)),
    case=st.sampled_from(CASES),
    formal=st.booleans(),
    urgent=st.sampled_from(["", "court", "press"]),
    unclear=st.sampled_from([(), ("what it wants of us",)]),
)
BACKGROUNDS = st.builds(
    Background,
    seen_before=SELDOM,
    over_limit=SELDOM,
    masks_used_up=SELDOM,
    discredited=SELDOM,
    masked_hosts=st.frozensets(st.sampled_from(HOSTS), max_size=1),
    masked_before=st.frozensets(PLACES, max_size=2),
    barred=st.frozensets(PLACES, max_size=2),
    asked_this_week=st.frozensets(_feeds, max_size=2),
    answered=st.none()
    | st.builds(
        Answered,
        case=st.just(CASES[1]),
        nonce_is_valid=st.booleans(),
        from_asked=st.booleans(),
        open=st.booleans(),
        ground=st.sampled_from(Ground),
    ),
    answered_claims=st.lists(claims(), max_size=2).map(tuple),
    opened_by=st.sampled_from(["", *(mailbox_key(a) for a in ADDRESSES[1:])]),
    opened_with=st.sampled_from(Standing),
)
SITUATIONS = st.builds(
    Situation,
    receipt=RECEIPTS,
    message=MESSAGES,
    sender=senders(),
    notice=NOTICES,
    claims=st.lists(claims(), max_size=3).map(tuple),
    background=BACKGROUNDS,
    unproven=st.sampled_from([Unproven.MASK, *Unproven]),
    own_hosts=st.just(frozenset({"mirror.example.org"})),
    own_mail=SELDOM,
    now=st.just(NOW),
)
ANY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def found(plan: Plan) -> set[Outcome]:
    return {step.outcome for step in plan.steps}


def claim_of(situation: Situation, number: int | None, finishes: int | None) -> Claim | None:
    if finishes is not None:
        return situation.background.answered_claims[finishes]
    return None if number is None else situation.claims[number]


@ANY
@given(SITUATIONS)
def test_every_mail_is_decided_by_a_row_and_always_the_same_way(situation: Situation) -> None:
    plan = decide(situation)

    assert plan.steps
    assert plan.why
    assert {step.row for step in plan.steps} <= {row.number for row in TABLE} | set(BY_THE_CALLER)
    assert decide(replace(situation)) == plan


@ANY
@given(SITUATIONS)
def test_who_is_not_proved_changes_nothing_and_hears_nothing(situation: Situation) -> None:
    unproved = replace(situation, sender=replace(situation.sender, proof=Proof.NONE))

    plan = decide(unproved)

    assert found(plan) <= {Outcome.RECORD, Outcome.REVIEW, Outcome.CHALLENGE}
    assert (plan.says, plan.bars) == ((), None)
    assert not any(step.tells for step in plan.steps)


@ANY
@given(SITUATIONS)
def test_what_goes_for_good_goes_on_the_say_of_who_speaks_for_it(situation: Situation) -> None:
    own_scope = {Scope.AUTHOR: Standing.AUTHOR, Scope.FEED: Standing.CONTACT}

    for step in decide(situation).steps:
        if step.outcome is not Outcome.REMOVE:
            continue
        claim = claim_of(situation, step.claim, step.finishes)
        assert claim is not None
        assert step.standing not in {Standing.NOBODY, Standing.STRANGER}
        if step.finishes is None and claim.scope is not Scope.ITEM:
            assert own_scope.get(claim.scope) is step.standing


@ANY
@given(SITUATIONS)
def test_a_step_never_reaches_beyond_its_claim(situation: Situation) -> None:
    for step in decide(situation).steps:
        claim = claim_of(situation, step.claim, step.finishes)
        if claim is not None and step.items is not None:
            assert set(step.items) <= {held.place for held in claim.items}
        if claim is not None and step.claim is not None and claim.scope is Scope.ITEM:
            assert step.items is not None


@ANY
@given(SITUATIONS)
def test_nothing_automatic_ever_covers_a_platform_or_ourselves(situation: Situation) -> None:
    for step in decide(situation).steps:
        claim = claim_of(situation, step.claim, step.finishes)
        if claim is None or step.items is not None or claim.host not in PLATFORMS:
            continue
        at_root = path_key(f"{claim.host}/") in claim.keys
        if claim.scope in {Scope.HOST, Scope.DOMAIN} or (claim.scope is Scope.PATH and at_root):
            assert step.outcome in {Outcome.RECORD, Outcome.REVIEW}


@ANY
@given(SITUATIONS)
def test_a_nonce_goes_only_to_whom_the_content_knows(situation: Situation) -> None:
    for step in decide(situation).steps:
        claim = claim_of(situation, step.claim, step.finishes)
        if not step.asks or claim is None:
            continue
        stated = {key for held in claim.items for key in held.contacts | held.authors}
        sender = situation.sender
        is_sender = sender.proved and step.asks == mailbox_key(sender.address)
        speaks = step.standing not in {Standing.NOBODY, Standing.STRANGER}
        assert step.asks in stated or (is_sender and speaks)


@ANY
@given(SITUATIONS)
def test_a_mask_always_ends_and_never_states_a_legal_ground(situation: Situation) -> None:
    for step in decide(situation).steps:
        if step.outcome is Outcome.MASK:
            assert step.until == NOW + timedelta(days=14)
            assert step.ground is Ground.PUBLISHER
        else:
            assert step.until is None


@ANY
@given(SITUATIONS)
def test_what_asks_for_proof_says_how_and_nothing_else_does(situation: Situation) -> None:
    for step in decide(situation).steps:
        if step.outcome is Outcome.CHALLENGE:
            assert step.proving
        if step.outcome not in {Outcome.CHALLENGE, Outcome.MASK}:
            assert not step.proving
            assert not step.asks


@ANY
@given(SITUATIONS)
def test_what_a_person_decides_is_of_this_mail_s_own_case(situation: Situation) -> None:
    for step in decide(situation).steps:
        assert step.claim is None or step.finishes is None
        if step.finishes is not None:
            assert step.outcome in {Outcome.REMOVE, Outcome.RESTORE}


@ANY
@given(SITUATIONS)
def test_what_a_person_may_approve_was_asked_to_be_taken_down(situation: Situation) -> None:
    never = {Kind.COUNTER_NOTICE, Kind.RETRACTION, Kind.CORRECTION, Kind.OTHER}
    kind = situation.notice.kind

    if kind in never or (kind is Kind.URGENT and situation.notice.urgent == "press"):
        reviews = [s for s in decide(situation).steps if s.outcome is Outcome.REVIEW]
        assert all(step.claim is None for step in reviews)


@ANY
@given(SITUATIONS)
def test_whom_nothing_may_be_sent_to_is_told_nothing(situation: Situation) -> None:
    silent = replace(situation, receipt=None)

    assert decide(silent).says == ()


@settings(max_examples=100, deadline=None)
@given(
    scope=st.sampled_from(Scope),
    count=st.integers(1, 30),
    background=st.builds(Background, discredited=st.booleans(), masks_used_up=st.booleans()),
    formal=st.booleans(),
)
def test_stronger_evidence_never_does_less(
    scope: Scope, count: int, background: Background, *, formal: bool
) -> None:
    claim = of_many(count) if scope is Scope.ITEM else of_scope(scope)
    ladder = (BY_NOBODY, BY_STRANGER, BY_HOST, BY_ROLE)
    notice = replace(a_situation().notice, formal=formal)

    def strongest(sender: Sender) -> int:
        plan = decide(a_situation(claim, sender=sender, notice=notice, background=background))
        return max(STRENGTH.index(step.outcome) for step in plan.steps)

    reached = [strongest(sender) for sender in ladder]
    assert reached == sorted(reached)
    assert strongest(BY_CONTACT) >= strongest(BY_STRANGER)
    assert strongest(BY_AUTHOR) >= strongest(BY_STRANGER)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=60), st.integers(1, 5))
def test_how_a_stranger_splits_a_mail_into_claims_never_masks_more(
    numbers: list[int], parts: int
) -> None:
    held = of_many(61).items
    named = [held[number] for number in numbers]
    split = [of_items(*named[part::parts]) for part in range(parts) if named[part::parts]]

    def masked(*claimed: Claim) -> set[object]:
        plan = decide(a_situation(*claimed))
        masks = (step for step in plan.steps if step.outcome is Outcome.MASK)
        return {place for step in masks for place in step.items or ()}

    assert masked(*split) == masked(of_items(*named))
    assert len(masked(*split)) <= 25


@ANY
@given(SITUATIONS)
def test_nothing_comes_back_for_who_neither_asked_nor_speaks_for_it(situation: Situation) -> None:
    opened_by = mailbox_key("somebody@else.example")
    stranger = replace(
        situation,
        sender=a_sender("x@nobody-knows.example"),
        background=replace(situation.background, opened_by=opened_by, answered=None),
    )

    assert Outcome.RESTORE not in found(decide(stranger))
