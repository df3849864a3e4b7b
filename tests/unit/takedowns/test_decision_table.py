"""The decision table, row by row in its order: where a row fires, and where just beside it not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from feedmirror.configuration import Unproven
from feedmirror.suppression import Ground, Scope, path_key
from feedmirror.takedowns.decisions.claims import Claim, Held, Standing
from feedmirror.takedowns.decisions.decision import Background, Outcome, Proving, Say
from feedmirror.takedowns.decisions.decision_table import BY_THE_CALLER, TABLE, decide, row_words
from feedmirror.takedowns.mails.message import Automatic, DeliveryReport, Message, StructuredNotice
from feedmirror.takedowns.notices.notice import (
    Correction,
    Element,
    Future,
    Kind,
    Notice,
    Target,
    TargetKind,
)
from feedmirror.takedowns.senders.receipt import Verdict, mailbox_key
from feedmirror.takedowns.senders.sender import Sender
from takedown_situations import (
    ADDRESS,
    ALL_ELEMENTS,
    AUTHOR,
    BY_AUTHOR,
    BY_CONTACT,
    BY_FREEMAIL,
    BY_HOST,
    BY_NOBODY,
    BY_ROLE,
    BY_STRANGER,
    CONTACT,
    FEED,
    HOST,
    NOW,
    a_held,
    a_receipt,
    a_removal,
    a_sender,
    a_situation,
    an_answered,
    nobody,
    of_items,
    of_many,
    of_scope,
    only,
    outcomes,
)

RECORD, REVIEW, CHALLENGE = Outcome.RECORD, Outcome.REVIEW, Outcome.CHALLENGE
MASK, REMOVE, RESTORE = Outcome.MASK, Outcome.REMOVE, Outcome.RESTORE
STRANGER_KEY = mailbox_key(BY_STRANGER.address)
SHORT = Target(TargetKind.SHORTENED, "https://bit.ly/x")
STRUCTURED = Message(
    automatic=Automatic.GENERATED, structured=StructuredNotice("ACNS", (ADDRESS.value,))
)
A_LITTLE = of_items(a_held())
SPAM = a_receipt(spam=Verdict.FAIL)


# The table itself.


def test_every_row_is_there_once_in_its_order_and_says_what_it_is() -> None:
    numbers = [row.number for row in TABLE]

    assert numbers == [1, *range(3, 33)]
    assert set(BY_THE_CALLER) == {1, 2}
    assert all(row_words(number) for number in range(1, 33))


def test_a_plan_says_by_which_rows_it_came() -> None:
    plan = decide(a_situation(sender=BY_HOST))

    assert plan.why == f"row 21: {row_words(21)}"


# Rows 1 to 15: mails.


def test_row_1_a_mail_that_came_before_is_only_recorded() -> None:
    again = Background(seen_before=True)

    plan = decide(a_situation(sender=BY_HOST, background=again))

    assert (outcomes(plan), plan.says) == ([(1, RECORD)], ())


def test_row_3_a_virus_is_only_recorded() -> None:
    infected = a_receipt(virus=Verdict.FAIL)

    assert outcomes(decide(a_situation(sender=BY_HOST, receipt=infected))) == [(3, RECORD)]


@pytest.mark.parametrize("verdict", [Verdict.GRAY, Verdict.DISABLED, Verdict.PROCESSING_FAILED])
def test_row_3_no_verdict_is_no_virus_and_no_spam(verdict: Verdict) -> None:
    receipt = a_receipt(virus=verdict, spam=verdict)

    assert outcomes(decide(a_situation(sender=BY_HOST, receipt=receipt))) == [(21, REMOVE)]


def test_row_4_what_is_from_ourselves_is_only_recorded() -> None:
    marked = Message(reply_to_own_mark=True)

    assert outcomes(decide(a_situation(own_mail=True))) == [(4, RECORD)]
    assert outcomes(decide(a_situation(sender=BY_HOST, message=marked))) == [(4, RECORD)]


@pytest.mark.parametrize(
    "message",
    [
        *(Message(automatic=kind) for kind in Automatic if kind is not Automatic.NO),
        Message(report=DeliveryReport(failed=True)),
        Message(complaint=True),
    ],
)
def test_row_5_a_machine_s_mail_is_only_recorded(message: Message) -> None:
    plan = decide(a_situation(sender=BY_HOST, message=message))

    assert (outcomes(plan), plan.says) == ([(5, RECORD)], ())


@pytest.mark.parametrize("kind", [Kind.AUTOMATIC, Kind.BOUNCE])
def test_row_5_goes_by_the_words_too(kind: Kind) -> None:
    assert outcomes(decide(a_situation(notice=Notice(kind=kind)))) == [(5, RECORD)]


@pytest.mark.parametrize("automatic", [Automatic.LIST, Automatic.GENERATED])
def test_row_5_spares_an_agent_s_formal_notice_sent_as_bulk_mail(automatic: Automatic) -> None:
    formal = a_removal(formal=True)

    plan = decide(a_situation(sender=BY_HOST, message=Message(automatic=automatic), notice=formal))

    assert (outcomes(plan), plan.says) == ([(21, REMOVE)], ())


def test_row_6_what_is_too_large_goes_to_a_person_and_the_sender_hears_what_to_send() -> None:
    large = Message(excess=("size",))

    plan = decide(a_situation(sender=BY_HOST, message=large))

    assert (outcomes(plan), plan.says) == ([(6, REVIEW)], (Say.PLAIN_TEXT,))
    assert decide(a_situation(sender=BY_NOBODY, message=large)).says == ()


def test_row_7_what_its_own_domain_calls_forged_is_only_recorded() -> None:
    forged = replace(BY_NOBODY, rejected=True)

    assert outcomes(decide(a_situation(sender=forged))) == [(7, RECORD)]
    assert outcomes(decide(a_situation(sender=BY_NOBODY))) == [(26, CHALLENGE)]


@pytest.mark.parametrize("sender", [BY_NOBODY, BY_STRANGER])
def test_row_8_spam_by_whom_the_content_does_not_know_is_only_recorded(sender: Sender) -> None:
    assert outcomes(decide(a_situation(sender=sender, receipt=SPAM))) == [(8, RECORD)]


@pytest.mark.parametrize(
    ("sender", "claim", "row"),
    [
        (BY_HOST, A_LITTLE, 21),
        (BY_AUTHOR, A_LITTLE, 20),
        (BY_CONTACT, of_scope(Scope.FEED), 20),
        (BY_AUTHOR, of_scope(Scope.AUTHOR), 20),
    ],
)
def test_row_9_what_looks_like_spam_takes_nothing_down_for_good(
    sender: Sender, claim: Claim, row: int
) -> None:
    plan = decide(a_situation(claim, sender=sender, receipt=SPAM))

    step = only(plan)
    assert (step.row, step.outcome) == (row, MASK)
    assert step.until == NOW + timedelta(days=14)
    assert (step.proving, step.asks) == ((Proving.REPLY,), mailbox_key(sender.address))
    assert plan.says == (Say.MASKED, Say.PROVE)
    assert "row 9" in plan.why


def test_row_9_whom_nothing_can_be_sent_to_waits_for_a_person() -> None:
    silent = a_receipt(spam=Verdict.FAIL, returnable=False)

    plan = decide(a_situation(sender=BY_HOST, receipt=silent))

    assert outcomes(plan) == [(21, MASK), (21, REVIEW)]
    assert all(step.proving == () for step in plan.steps)


def test_row_10_over_the_limit_a_person_decides() -> None:
    busy = Background(over_limit=True)

    plan = decide(a_situation(sender=BY_HOST, background=busy))

    assert (outcomes(plan), plan.says) == ([(10, REVIEW)], (Say.HELD_FOR_REVIEW,))
    step = only(plan)
    assert (step.claim, step.items, step.standing) == (0, (a_held().place,), Standing.HOST)


def test_row_10_what_the_person_decides_is_all_that_is_held_and_no_more() -> None:
    busy = Background(over_limit=True)
    wide = of_scope(Scope.FEED)
    situation = a_situation(of_items(), wide, sender=BY_CONTACT, background=busy)

    step = only(decide(situation))
    assert (step.row, step.claim, step.items) == (10, 1, None)

    for kind in (Kind.COUNTER_NOTICE, Kind.RETRACTION, Kind.CORRECTION, Kind.OTHER):
        other = replace(situation, notice=Notice(kind=kind))
        assert only(decide(other)).claim is None
    nothing = decide(replace(situation, claims=(of_items(),)))
    assert (only(nothing).outcome, only(nothing).claim) == (REVIEW, None)


CHALLENGED = (of_scope(Scope.HOST), of_items(a_held(7)))


def an_answer(**overrides: Any) -> Background:  # noqa: ANN401 -- a builder takes any field
    return Background(**{"answered": an_answered(), "answered_claims": CHALLENGED, **overrides})


ANSWER = Notice(kind=Kind.ANSWER)


def test_row_11_an_answer_finishes_what_was_challenged_and_nothing_that_it_adds() -> None:
    wider = of_scope(Scope.DOMAIN, host="example.com")

    plan = decide(a_situation(wider, sender=BY_ROLE, notice=ANSWER, background=an_answer()))

    assert outcomes(plan) == [(11, REMOVE), (11, REMOVE)]
    assert [(step.claim, step.finishes, step.items) for step in plan.steps] == [
        (None, 0, None),
        (None, 1, None),
    ]
    assert {step.standing for step in plan.steps} == {Standing.PROVEN}
    assert plan.says == (Say.DONE,)


def test_row_11_states_the_ground_and_the_future_of_the_notice_that_it_answers() -> None:
    answered = an_answered(ground=Ground.PRIVACY, future=Future.REFUSED)

    plan = decide(
        a_situation(sender=BY_ROLE, notice=ANSWER, background=an_answer(answered=answered))
    )

    assert [(step.ground, step.wide) for step in plan.steps] == [(Ground.PRIVACY, False)] * 2


@pytest.mark.parametrize(
    "answered",
    [an_answered(nonce_is_valid=False), an_answered(from_asked=False), None],
)
def test_row_11_a_nonce_from_elsewhere_is_only_a_tag(answered: Any) -> None:  # noqa: ANN401
    background = an_answer(answered=answered)

    plan = decide(a_situation(sender=BY_STRANGER, notice=ANSWER, background=background))

    assert outcomes(plan) == [(24, MASK)]


def test_row_11_an_answer_of_nobody_s_is_looked_at() -> None:
    plan = decide(
        replace(
            a_situation(sender=nobody(CONTACT), notice=ANSWER, background=an_answer()), claims=()
        )
    )

    assert (outcomes(plan), plan.says) == ([(31, REVIEW)], ())


@pytest.mark.parametrize("kind", [Kind.UNCLEAR, Kind.OTHER, Kind.URGENT, Kind.CORRECTION])
def test_row_11_a_nonce_is_no_yes_by_itself(kind: Kind) -> None:
    plan = decide(a_situation(sender=BY_CONTACT, notice=Notice(kind=kind), background=an_answer()))

    assert only(plan).outcome in {REVIEW, RECORD}


def test_row_11_an_answer_that_looks_like_spam_waits_for_a_person() -> None:
    background = an_answer(answered_claims=(A_LITTLE,))

    plan = decide(a_situation(sender=BY_ROLE, notice=ANSWER, background=background, receipt=SPAM))

    assert (outcomes(plan), plan.says) == ([(11, REVIEW)], (Say.HELD_FOR_REVIEW,))


RETRACTION = Notice(kind=Kind.RETRACTION, case="casecasecasecase")
OPENED_BY_STRANGER = Background(opened_by=STRANGER_KEY)


def test_row_12_whoever_asked_may_withdraw_all_of_it() -> None:
    situation = a_situation(notice=RETRACTION, background=OPENED_BY_STRANGER)

    plan = decide(replace(situation, claims=()))

    step = only(plan)
    assert (step.row, step.outcome, step.claim, step.case) == (
        12,
        RESTORE,
        None,
        "casecasecasecase",
    )
    assert plan.says == (Say.RESTORED,)


def test_row_12_or_only_what_he_names_of_it_and_never_another_case_s() -> None:
    mine = a_held(1, masked_by="casecasecasecase")
    theirs = a_held(2, masked_by="othercaseothercas")

    plan = decide(
        a_situation(of_items(mine, theirs), notice=RETRACTION, background=OPENED_BY_STRANGER)
    )

    assert [(step.outcome, step.claim, step.items) for step in plan.steps] == [
        (RESTORE, 0, (mine.place,)),
        (REVIEW, None, None),
    ]


def test_row_12_a_stranger_cannot_withdraw_what_somebody_else_has_proved() -> None:
    gone = a_held(gone=True)

    def withdrawn(sender: Sender) -> list[tuple[int, Outcome]]:
        background = Background(opened_by=mailbox_key(sender.address))
        return outcomes(
            decide(
                a_situation(of_items(gone), sender=sender, notice=RETRACTION, background=background)
            )
        )

    assert withdrawn(BY_STRANGER) == [(12, REVIEW)]
    assert withdrawn(BY_HOST) == [(12, RESTORE)]


def test_row_12_what_its_feed_stated_when_it_was_asked_for_counts_still() -> None:
    bare = a_held(gone=True, taken_by="casecasecasecase", authors=frozenset(), contacts=frozenset())
    background = Background(opened_by=mailbox_key(AUTHOR), opened_with=Standing.AUTHOR)
    situation = a_situation(
        replace(of_items(bare), count=0), sender=BY_AUTHOR, notice=RETRACTION, background=background
    )

    step = only(decide(situation))
    assert (step.row, step.outcome, step.items) == (12, RESTORE, (bare.place,))

    theirs = replace(bare, taken_by="othercaseothercas")
    assert outcomes(decide(replace(situation, claims=(of_items(theirs),)))) == [(12, REVIEW)]


@pytest.mark.parametrize(
    ("opened_with", "is_open", "outcome"),
    [
        (Standing.STRANGER, True, RESTORE),
        (Standing.STRANGER, False, REVIEW),
        (Standing.HOST, False, RESTORE),
    ],
)
def test_row_12_a_stranger_s_case_that_somebody_settled_is_no_longer_his(
    opened_with: Standing, outcome: Outcome, *, is_open: bool
) -> None:
    background = replace(
        OPENED_BY_STRANGER,
        opened_with=opened_with,
        answered=an_answered(nonce_is_valid=False, open=is_open),
    )
    situation = a_situation(notice=RETRACTION, background=background)

    assert outcomes(decide(replace(situation, claims=()))) == [(12, outcome)]


def test_row_12_no_case_nothing_to_undo() -> None:
    unknown = a_situation(notice=replace(RETRACTION, case=""), background=OPENED_BY_STRANGER)

    assert outcomes(decide(replace(unknown, claims=()))) == [(12, REVIEW)]


@pytest.mark.parametrize("sender", [nobody(BY_STRANGER.address), a_sender("x@rival.example")])
def test_row_12_nobody_else_withdraws_it(sender: Sender) -> None:
    plan = decide(
        a_situation(
            of_items(a_held(masked_by="casecasecasecase")),
            sender=sender,
            notice=RETRACTION,
            background=OPENED_BY_STRANGER,
        )
    )

    assert outcomes(plan) == [(31, REVIEW)]


COUNTER = Notice(kind=Kind.COUNTER_NOTICE)
MASKED = a_held(masked_by="casecasecasecase")


@pytest.mark.parametrize("sender", [BY_AUTHOR, BY_CONTACT, BY_HOST, BY_ROLE])
@pytest.mark.parametrize("kind", [Kind.COUNTER_NOTICE, Kind.RETRACTION])
def test_row_13_whoever_speaks_for_it_gets_back_what_a_stranger_masked(
    sender: Sender, kind: Kind
) -> None:
    plan = decide(
        a_situation(
            of_items(MASKED),
            sender=sender,
            notice=Notice(kind=kind),
            background=OPENED_BY_STRANGER,
        )
    )

    step = only(plan)
    assert (step.row, step.outcome, step.items, step.case) == (
        13,
        RESTORE,
        (MASKED.place,),
        "casecasecasecase",
    )
    assert plan.bars == (STRANGER_KEY, (MASKED.place,))
    assert plan.says == (Say.RESTORED,)


def test_row_13_leaves_what_is_not_his_to_a_person() -> None:
    other = a_held(2, host="other.example.net", masked_by="casecasecasecase", contacts=frozenset())

    plan = decide(
        a_situation(
            of_items(MASKED, other),
            sender=BY_CONTACT,
            notice=COUNTER,
            background=OPENED_BY_STRANGER,
        )
    )

    assert [(step.outcome, step.claim, step.items) for step in plan.steps] == [
        (RESTORE, 0, (MASKED.place,)),
        (REVIEW, None, None),
    ]
    assert plan.bars == (STRANGER_KEY, (MASKED.place,))
    assert plan.says == (Say.RESTORED, Say.RECEIVED)


def test_row_13_whoever_was_told_of_a_mask_may_say_no_by_answering() -> None:
    background = an_answer(answered_claims=(of_items(MASKED),), opened_by=STRANGER_KEY)
    situation = a_situation(sender=BY_CONTACT, notice=RETRACTION, background=background)

    plan = decide(replace(situation, claims=()))

    step = only(plan)
    assert (step.row, step.outcome, step.finishes) == (13, RESTORE, 0)
    assert plan.bars == (STRANGER_KEY, (MASKED.place,))


@pytest.mark.parametrize(
    ("sender", "background", "items"),
    [
        (BY_STRANGER, Background(opened_by=mailbox_key("else@rival.example")), (MASKED,)),
        (BY_CONTACT, OPENED_BY_STRANGER, (a_held(),)),
        (BY_CONTACT, OPENED_BY_STRANGER, (MASKED, a_held(2, masked_by="othercaseothercas"))),
        (BY_CONTACT, replace(OPENED_BY_STRANGER, opened_with=Standing.ROLE), (MASKED,)),
        (BY_CONTACT, Background(opened_by=mailbox_key(CONTACT)), (MASKED,)),
        (nobody(CONTACT), OPENED_BY_STRANGER, (MASKED,)),
    ],
    ids=["stranger", "not masked", "two cases", "the host's mask", "his own mask", "nobody"],
)
def test_row_14_any_other_counter_notice_goes_to_a_person(
    sender: Sender, background: Background, items: tuple[Held, ...]
) -> None:
    plan = decide(
        a_situation(of_items(*items), sender=sender, notice=COUNTER, background=background)
    )

    assert outcomes(plan) == [(14, REVIEW)]
    assert only(plan).claim is None  # to approve it would take down what he wants back
    assert plan.says == ((Say.RECEIVED,) if sender.proved else ())
    assert plan.bars is None


def test_row_15_what_is_urgent_goes_to_a_person_at_once() -> None:
    plan = decide(a_situation(notice=Notice(kind=Kind.URGENT, urgent="court")))

    assert (outcomes(plan), plan.says, plan.urgent) == ([(15, REVIEW)], (Say.RECEIVED,), True)


@pytest.mark.parametrize(
    ("urgent", "named"),
    [("court", 0), ("authority", 0), ("child", 0), ("threat", None), ("press", None)],
)
def test_row_15_only_what_demands_removal_can_be_approved(urgent: str, named: int | None) -> None:
    notice = Notice(kind=Kind.URGENT, urgent=urgent)

    for sender in (BY_STRANGER, BY_NOBODY):
        step = only(decide(a_situation(sender=sender, notice=notice)))
        assert (step.row, step.outcome, step.claim) == (15, REVIEW, named)
        assert step.items == (None if named is None else (a_held().place,))


def test_row_15_names_what_is_held_of_it_each_by_its_standing() -> None:
    theirs = a_held(2, host="else.example.net", contacts=frozenset(), authors=frozenset())
    court = Notice(kind=Kind.URGENT, urgent="court")
    situation = a_situation(
        of_items(a_held()), of_items(theirs), of_items(), sender=BY_HOST, notice=court
    )

    assert [(step.claim, step.outcome, step.standing) for step in decide(situation).steps] == [
        (0, REVIEW, Standing.HOST),
        (1, REVIEW, Standing.STRANGER),
    ]
    nothing = decide(a_situation(of_items(), notice=court))
    assert (only(nothing).outcome, only(nothing).claim) == (REVIEW, None)


# Rows 16 to 19: what is named.


def test_row_16_a_request_that_names_nothing_is_told_how_to() -> None:
    situation = replace(a_situation(notice=a_removal(targets=())), claims=())

    plan = decide(situation)

    assert (outcomes(plan), plan.says) == ([(16, RECORD)], (Say.SAY_WHICH,))
    assert decide(replace(situation, sender=BY_NOBODY)).says == ()


def test_row_16_whoever_goes_on_about_his_case_need_not_name_it_again() -> None:
    background = Background(answered=an_answered(nonce_is_valid=False, open=False))
    situation = a_situation(notice=a_removal(targets=()), background=background)

    plan = decide(replace(situation, claims=()))

    assert (outcomes(plan), plan.says) == ([(31, REVIEW)], (Say.RECEIVED,))


def test_row_16_everything_of_mine_names_something() -> None:
    mine = a_removal(targets=(), mine=True, scope=Scope.AUTHOR)

    assert outcomes(decide(a_situation(of_scope(Scope.AUTHOR), sender=BY_AUTHOR, notice=mine))) == [
        (20, REMOVE)
    ]
    assert outcomes(decide(replace(a_situation(notice=mine), claims=()))) == [(18, RECORD)]


def test_row_17_shortened_addresses_alone_are_asked_for_in_full() -> None:
    situation = a_situation(notice=a_removal(targets=(SHORT,)))

    plan = decide(replace(situation, claims=()))

    assert (outcomes(plan), plan.says) == ([(17, RECORD)], (Say.FULL_ADDRESSES,))


def test_row_17_beside_others_they_are_asked_for_too() -> None:
    plan = decide(a_situation(sender=BY_HOST, notice=a_removal(targets=(SHORT, ADDRESS))))

    assert (outcomes(plan), plan.says) == ([(21, REMOVE)], (Say.DONE, Say.FULL_ADDRESSES))


@pytest.mark.parametrize(
    ("claim", "sender"),
    [
        (of_items(), BY_HOST),
        (of_items(), BY_NOBODY),
        (of_scope(Scope.FEED, count=0, items=()), BY_ROLE),
        (of_scope(Scope.AUTHOR, count=0, items=()), BY_ROLE),
        (of_scope(Scope.HOST, count=0, items=()), BY_NOBODY),
        (of_items(a_held(gone=True)), BY_STRANGER),
        (of_items(a_held(gone=True)), BY_NOBODY),
    ],
)
def test_row_18_what_is_not_held_is_only_recorded(claim: Claim, sender: Sender) -> None:
    plan = decide(a_situation(claim, sender=sender))

    assert outcomes(plan) == [(18, RECORD)]
    assert plan.says == ((Say.NOT_HELD,) if sender.proved else ())


def test_row_18_a_host_may_be_barred_beforehand_by_who_proves_it() -> None:
    claim = of_scope(Scope.HOST, count=0, items=())

    assert outcomes(decide(a_situation(claim, sender=BY_ROLE))) == [(22, MASK)]
    assert outcomes(decide(a_situation(claim, sender=BY_HOST))) == [(23, CHALLENGE)]
    assert outcomes(decide(a_situation(claim, sender=BY_STRANGER))) == [(25, CHALLENGE)]


def test_row_18_its_publisher_may_have_barred_what_is_gone_already() -> None:
    plan = decide(a_situation(of_items(a_held(gone=True)), sender=BY_HOST))

    assert outcomes(plan) == [(21, REMOVE)]


BEYOND = [
    "old.reddit.com",
    "co.uk",
    "com",
    "blogspot.com",
    "github.io",
    "substack.com",
    "gmail.com",
    "medium.com",
]


@pytest.mark.parametrize("host", [*BEYOND, "192.0.2.1", "intranet", "mirror.example.org"])
@pytest.mark.parametrize("scope", [Scope.HOST, Scope.DOMAIN])
@pytest.mark.parametrize("sender", [BY_NOBODY, BY_STRANGER, BY_CONTACT])
def test_row_19_nobody_asks_for_a_suffix_a_platform_or_for_us(
    host: str, scope: Scope, sender: Sender
) -> None:
    plan = decide(a_situation(of_scope(scope, host=host), sender=sender))

    assert outcomes(plan) == [(19, REVIEW)]
    assert plan.says == ((Say.NARROWER,) if sender.proved else ())


def test_row_19_a_path_at_the_root_is_the_host_and_a_domain_above_us_is_ours() -> None:
    root = of_scope(Scope.PATH, host="medium.com", keys=frozenset({path_key("medium.com/")}))
    above = of_scope(Scope.DOMAIN, host="example.org")

    assert outcomes(decide(a_situation(root))) == [(19, REVIEW)]
    assert outcomes(decide(a_situation(above))) == [(19, REVIEW)]
    assert outcomes(decide(a_situation(replace(above, scope=Scope.HOST)))) != [(19, REVIEW)]


def test_row_19_spares_a_tenant_and_a_path_of_one() -> None:
    tenant = of_scope(Scope.HOST, host="ann.substack.com")
    path = of_scope(Scope.PATH, host="medium.com")

    named = of_scope(Scope.HOST, host="ann.medium.com")
    assert outcomes(decide(a_situation(tenant, sender=BY_CONTACT))) == [(22, MASK)]
    assert outcomes(decide(a_situation(named, sender=BY_CONTACT))) == [(22, MASK)]
    assert outcomes(decide(a_situation(path, sender=BY_CONTACT))) == [(22, MASK)]


def test_row_19_holds_for_an_answer_as_well() -> None:
    background = an_answer(answered_claims=(of_scope(Scope.HOST, host="blogspot.com"),))

    plan = decide(a_situation(sender=BY_CONTACT, notice=ANSWER, background=background))

    assert (outcomes(plan), plan.says) == ([(11, REVIEW)], (Say.HELD_FOR_REVIEW,))


# Rows 20 to 23: whoever speaks for it.


@pytest.mark.parametrize(
    ("sender", "claim"),
    [
        (BY_AUTHOR, A_LITTLE),
        (BY_CONTACT, A_LITTLE),
        (BY_AUTHOR, of_scope(Scope.AUTHOR)),
        (BY_CONTACT, of_scope(Scope.FEED)),
        (BY_AUTHOR, of_many(500)),
    ],
)
def test_row_20_one_s_own_goes_now(sender: Sender, claim: Claim) -> None:
    plan = decide(a_situation(claim, sender=sender))

    step = only(plan)
    assert (step.row, step.outcome, step.until, step.proving) == (20, REMOVE, None, ())
    assert plan.says == (Say.DONE,)


@pytest.mark.parametrize(
    ("sender", "claim"),
    [
        (BY_AUTHOR, of_scope(Scope.FEED)),
        (BY_AUTHOR, of_scope(Scope.HOST)),
        (BY_CONTACT, of_scope(Scope.HOST)),
        (BY_CONTACT, of_scope(Scope.AUTHOR)),
        (BY_CONTACT, of_scope(Scope.FEED, feed=f"https://{HOST}/comments")),
    ],
)
def test_row_20_is_of_one_s_own_scope_only(sender: Sender, claim: Claim) -> None:
    plan = decide(a_situation(claim, sender=sender))

    assert REMOVE not in {step.outcome for step in plan.steps}


@pytest.mark.parametrize("sender", [BY_HOST, BY_ROLE])
@pytest.mark.parametrize("count", [1, 26, 500])
def test_row_21_items_of_one_s_host_go_now(sender: Sender, count: int) -> None:
    step = only(decide(a_situation(of_many(count), sender=sender)))

    assert (step.row, step.outcome, len(step.items or ())) == (21, REMOVE, count)


@pytest.mark.parametrize(
    ("said", "formal", "stated"),
    [
        (Ground.PUBLISHER, False, Ground.PUBLISHER),
        (Ground.PRIVACY, False, Ground.PRIVACY),
        (Ground.LEGAL, True, Ground.LEGAL),
        (Ground.LEGAL, False, Ground.PUBLISHER),
        (Ground.UPSTREAM, True, Ground.PUBLISHER),
    ],
)
def test_rows_20_and_21_state_the_ground(said: Ground, stated: Ground, *, formal: bool) -> None:
    notice = a_removal(ground=said, formal=formal)

    assert only(decide(a_situation(sender=BY_HOST, notice=notice))).ground is stated


@pytest.mark.parametrize(
    ("future", "wide"), [(Future.REFUSED, False), (Future.UNSAID, True), (Future.ASKED, True)]
)
def test_row_20_only_what_is_held_now_goes_if_the_future_is_refused(
    future: Future, *, wide: bool
) -> None:
    plan = decide(
        a_situation(of_scope(Scope.FEED), sender=BY_CONTACT, notice=a_removal(future=future))
    )

    assert only(plan).wide is wide


@pytest.mark.parametrize("scope", [Scope.HOST, Scope.PATH, Scope.FEED, Scope.AUTHOR])
def test_row_22_a_role_mailbox_masks_the_host_until_its_answer(scope: Scope) -> None:
    plan = decide(a_situation(of_scope(scope), sender=BY_ROLE))

    step = only(plan)
    assert (step.row, step.outcome, step.items) == (22, MASK, None)
    assert step.until == NOW + timedelta(days=14)
    assert (step.proving, step.asks) == ((Proving.REPLY,), mailbox_key(BY_ROLE.address))
    assert step.tells == (mailbox_key(CONTACT),)
    assert step.ground is Ground.PUBLISHER
    assert plan.says == (Say.MASKED, Say.PROVE)


def test_row_22_a_contact_is_not_told_of_what_he_asked_himself() -> None:
    step = only(decide(a_situation(of_scope(Scope.HOST), sender=BY_CONTACT)))

    assert (step.row, step.outcome, step.tells) == (22, MASK, ())
    assert step.asks == mailbox_key(CONTACT)


def test_row_22_all_hosts_of_a_domain_are_the_domain_s_own_mailbox_s_to_ask_for() -> None:
    def decided(sender: Sender, host: str) -> list[tuple[int, Outcome]]:
        return outcomes(decide(a_situation(of_scope(Scope.DOMAIN, host=host), sender=sender)))

    assert decided(BY_ROLE, "example.com") == [(22, MASK)]
    assert decided(BY_ROLE, "news.example.com") == [(23, CHALLENGE)]
    assert decided(a_sender("webmaster@news.example.com"), "example.com") == [(23, CHALLENGE)]
    assert decided(BY_CONTACT, "example.com") == [(23, CHALLENGE)]


def test_row_22_whoever_let_a_case_lapse_masks_no_host_again() -> None:
    background = Background(discredited=True)

    plan = decide(a_situation(of_scope(Scope.HOST), sender=BY_ROLE, background=background))

    assert outcomes(plan) == [(22, CHALLENGE), (22, REVIEW)]
    assert plan.steps[0].proving == (Proving.WELL_KNOWN, Proving.DNS)


def test_row_22_whom_nothing_can_be_sent_to_waits_for_a_person() -> None:
    silent = a_receipt(returnable=False)

    plan = decide(a_situation(of_scope(Scope.HOST), sender=BY_ROLE, receipt=silent))

    assert (outcomes(plan), plan.says) == ([(22, MASK), (22, REVIEW)], ())
    assert [step.until for step in plan.steps] == [NOW + timedelta(days=14), None]


@pytest.mark.parametrize("scope", [Scope.FEED, Scope.AUTHOR, Scope.PATH, Scope.HOST])
def test_row_23_working_at_the_host_is_asked_for_more(scope: Scope) -> None:
    plan = decide(a_situation(of_scope(scope), sender=BY_HOST))

    step = only(plan)
    assert (step.row, step.outcome, step.asks) == (23, CHALLENGE, "")
    feed = (Proving.FEED,) if scope is Scope.FEED else ()
    assert step.proving == (Proving.WELL_KNOWN, Proving.DNS, *feed)
    assert plan.says == (Say.PROVE,)


def test_row_23_what_is_named_goes_meanwhile() -> None:
    plan = decide(a_situation(of_scope(Scope.HOST), A_LITTLE, sender=BY_HOST))

    assert outcomes(plan) == [(23, CHALLENGE), (21, REMOVE)]
    assert plan.says == (Say.PROVE, Say.DONE)


# Rows 24 and 25: strangers.


def test_row_24_a_stranger_s_little_is_masked_for_two_weeks_and_its_contact_told() -> None:
    plan = decide(a_situation())

    step = only(plan)
    assert (step.row, step.outcome, step.items) == (24, MASK, (a_held().place,))
    assert step.until == NOW + timedelta(days=14)
    assert step.proving == (Proving.WELL_KNOWN, Proving.DNS, Proving.FEED, Proving.REPLY)
    assert (step.asks, step.tells) == (mailbox_key(CONTACT), (mailbox_key(CONTACT),))
    assert step.feed == FEED
    assert plan.says == (Say.MASKED, Say.PROVE)
    assert not plan.urgent


def test_row_24_without_a_contact_the_author_is_told_and_without_either_nobody() -> None:
    by_author = only(decide(a_situation(of_items(a_held(contacts=frozenset())))))
    by_nobody = only(
        decide(a_situation(of_items(a_held(contacts=frozenset(), authors=frozenset()))))
    )

    assert (by_author.asks, by_author.tells) == (mailbox_key(AUTHOR), (mailbox_key(AUTHOR),))
    assert (by_nobody.asks, by_nobody.tells) == ("", ())
    assert Proving.REPLY not in by_nobody.proving


def test_row_24_no_contact_settles_another_s_items() -> None:
    other = mailbox_key("bob@other.example")
    mine, theirs = a_held(1), a_held(2, host="other.example.net", contacts=frozenset({other}))

    plan = decide(a_situation(of_items(mine, theirs)))

    assert [(step.items, step.asks, step.tells) for step in plan.steps] == [
        ((mine.place,), mailbox_key(CONTACT), (mailbox_key(CONTACT),)),
        ((theirs.place,), other, (other,)),
    ]


@pytest.mark.parametrize(("count", "rows"), [(25, {24}), (26, {25})])
def test_row_24_is_of_25_items(count: int, rows: set[int]) -> None:
    assert {step.row for step in decide(a_situation(of_many(count))).steps} == rows


@pytest.mark.parametrize(("count", "rows"), [(3, {24}), (4, {25})])
def test_row_24_is_of_three_hosts(count: int, rows: set[int]) -> None:
    claims = (of_items(a_held(host=f"h{number}.example.net")) for number in range(count))

    assert {step.row for step in decide(a_situation(*claims)).steps} == rows


def test_row_24_counts_a_whole_mail_however_its_items_are_split() -> None:
    claims = [of_items(a_held(number)) for number in range(26)]

    assert {step.row for step in decide(a_situation(*claims)).steps} == {25}
    assert {step.row for step in decide(a_situation(*claims[:25])).steps} == {24}


def test_row_24_an_item_named_twice_is_one() -> None:
    claims = [of_many(25), of_items(a_held(0))]

    assert {step.row for step in decide(a_situation(*claims)).steps} == {24}


@pytest.mark.parametrize(
    "overrides",
    [
        {"sender": BY_FREEMAIL},
        {"unproven": Unproven.REVIEW},
        {"background": Background(discredited=True)},
        {"background": Background(masks_used_up=True)},
        {"background": Background(masked_hosts=frozenset({HOST}))},
        {"background": Background(masked_before=frozenset({a_held().place}))},
        {"background": Background(barred=frozenset({a_held().place}))},
        {"claims": (of_items(MASKED),)},
    ],
    ids=["freemail", "policy", "lapsed", "used up", "host", "second", "barred", "masked"],
)
def test_row_24_past_its_bounds_nothing_is_masked(overrides: dict[str, Any]) -> None:
    plan = decide(a_situation(**overrides))

    assert outcomes(plan) == [(24, CHALLENGE), (24, REVIEW)]
    assert plan.says == (Say.PROVE, Say.HELD_FOR_REVIEW)
    assert all(step.asks == "" and step.tells == () for step in plan.steps)


def test_row_24_bounds_hold_item_by_item() -> None:
    background = Background(masked_before=frozenset({a_held(1).place}))

    plan = decide(a_situation(of_items(a_held(1), a_held(2)), background=background))

    assert [(step.outcome, step.items) for step in plan.steps] == [
        (MASK, (a_held(2).place,)),
        (CHALLENGE, (a_held(1).place,)),
        (REVIEW, (a_held(1).place,)),
    ]


def test_row_24_another_host_s_or_item_s_bound_does_not_count() -> None:
    background = Background(
        masked_hosts=frozenset({"other.example"}),
        masked_before=frozenset({a_held(2).place}),
        barred=frozenset({a_held(3).place}),
    )

    assert outcomes(decide(a_situation(background=background))) == [(24, MASK)]


def test_row_24_a_complete_formal_notice_is_seen_by_a_person_soon() -> None:
    plan = decide(a_situation(notice=a_removal(formal=True, elements=ALL_ELEMENTS)))

    assert (outcomes(plan), plan.urgent) == ([(24, MASK), (24, REVIEW)], True)
    assert Say.MISSING_ELEMENTS not in plan.says


@pytest.mark.parametrize("missing", sorted(ALL_ELEMENTS))
def test_row_24_an_incomplete_one_is_asked_for_the_rest(missing: Element) -> None:
    plan = decide(a_situation(notice=a_removal(formal=True, elements=ALL_ELEMENTS - {missing})))

    assert (outcomes(plan), plan.urgent) == ([(24, MASK)], False)
    assert plan.says == (Say.MASKED, Say.PROVE, Say.MISSING_ELEMENTS)


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope is not Scope.ITEM])
def test_row_25_a_stranger_s_much_changes_nothing(scope: Scope) -> None:
    plan = decide(a_situation(of_scope(scope)))

    assert outcomes(plan) == [(25, CHALLENGE), (25, REVIEW)]
    assert plan.says == (Say.PROVE, Say.HELD_FOR_REVIEW)
    assert Proving.REPLY not in plan.steps[0].proving


# Rows 26 and 27: nobody.


def test_row_26_the_contact_is_asked_and_from_hears_nothing() -> None:
    plan = decide(a_situation(sender=BY_NOBODY))

    step = only(plan)
    assert (step.row, step.outcome) == (26, CHALLENGE)
    assert (step.proving, step.asks) == ((Proving.REPLY,), mailbox_key(CONTACT))
    assert plan.says == ()


def test_row_26_each_contact_is_asked_about_his_own() -> None:
    other = mailbox_key("bob@other.example")
    mine, theirs = a_held(1), a_held(2, host="other.example.net", contacts=frozenset({other}))

    plan = decide(a_situation(of_items(mine, theirs), sender=BY_NOBODY))

    assert [(step.items, step.asks) for step in plan.steps] == [
        ((mine.place,), mailbox_key(CONTACT)),
        ((theirs.place,), other),
    ]


def test_row_26_a_feed_s_contact_is_asked_once_a_week() -> None:
    asked = Background(asked_this_week=frozenset({FEED}))
    another = Background(asked_this_week=frozenset({"https://other.example/feed"}))

    for claim in (A_LITTLE, of_scope(Scope.FEED), of_scope(Scope.HOST)):
        situation = a_situation(claim, sender=BY_NOBODY, background=asked)
        assert outcomes(decide(situation)) == [(26, REVIEW)]
        assert outcomes(decide(replace(situation, background=another))) == [(26, CHALLENGE)]


def test_row_26_one_mail_makes_us_write_to_three_contacts_at_the_most() -> None:
    claims = [
        of_items(a_held(host=f"h{n}.example.net", contacts=frozenset({mailbox_key(f"c@h{n}.net")})))
        for n in range(5)
    ]

    found = [step.outcome for step in decide(a_situation(*claims, sender=BY_NOBODY)).steps]

    assert found == [CHALLENGE] * 3 + [REVIEW] * 2


def test_row_26_for_a_host_only_whoever_speaks_for_it_is_asked() -> None:
    others = a_held(2, contacts=frozenset({mailbox_key("bob@other.example")}))
    disputed = of_scope(Scope.HOST, items=(a_held(), others))

    assert only(decide(a_situation(of_scope(Scope.HOST), sender=BY_NOBODY))).asks == mailbox_key(
        CONTACT
    )
    assert outcomes(decide(a_situation(disputed, sender=BY_NOBODY))) == [(27, REVIEW)]


def test_row_26_confirms_no_ground_that_a_forger_chose() -> None:
    notice = a_removal(ground=Ground.PRIVACY)

    assert only(decide(a_situation(sender=BY_NOBODY, notice=notice))).ground is Ground.PUBLISHER


@pytest.mark.parametrize(
    ("formal", "elements", "urgent"),
    [
        (True, ALL_ELEMENTS, True),
        (True, ALL_ELEMENTS - {Element.WORK}, False),
        (False, ALL_ELEMENTS, False),
    ],
)
def test_row_27_without_a_contact_a_person_decides(
    elements: frozenset[Element], *, formal: bool, urgent: bool
) -> None:
    bare = of_items(a_held(contacts=frozenset(), authors=frozenset()))

    plan = decide(
        a_situation(bare, sender=BY_NOBODY, notice=a_removal(formal=formal, elements=elements))
    )

    assert (outcomes(plan), plan.says, plan.urgent) == ([(27, REVIEW)], (), urgent)


# Rows 28 to 32.


@pytest.mark.parametrize("sender", [BY_HOST, BY_ROLE, BY_AUTHOR, BY_CONTACT])
def test_row_28_the_first_500_go_and_the_rest_is_masked(sender: Sender) -> None:
    claim = of_many(501)

    plan = decide(a_situation(claim, sender=sender))

    assert outcomes(plan) == [(28, REMOVE), (28, MASK), (28, REVIEW)]
    first, rest, seen = plan.steps
    assert first.items == tuple(held.place for held in claim.items[:500])
    assert rest.items == seen.items == (claim.items[500].place,)
    assert rest.until == NOW + timedelta(days=14)
    assert plan.says == (Say.DONE, Say.MASKED, Say.TOO_MANY)


def test_row_28_counts_a_whole_mail_however_its_items_are_split() -> None:
    claims = [of_items(*(a_held(300 * part + n) for n in range(300))) for part in range(2)]

    plan = decide(a_situation(*claims, sender=BY_HOST))

    removed = [len(step.items or ()) for step in plan.steps if step.outcome is REMOVE]
    assert removed == [300, 200]


def test_row_29_each_part_goes_by_its_own_row() -> None:
    mine = a_held(1)
    theirs = a_held(2, host="other.example.net", authors=frozenset(), contacts=frozenset())
    gone = a_held(3, host="other.example.net", authors=frozenset(), contacts=frozenset(), gone=True)

    plan = decide(a_situation(of_items(mine, theirs, gone), sender=BY_HOST))

    assert [(step.row, step.outcome, step.items) for step in plan.steps] == [
        (21, REMOVE, (mine.place,)),
        (24, MASK, (theirs.place,)),
        (18, RECORD, (gone.place,)),
    ]
    assert plan.says == (Say.DONE, Say.MASKED, Say.PROVE, Say.NOT_HELD)
    assert "row 29" in plan.why


@pytest.mark.parametrize(
    ("sender", "claim", "expected"),
    [
        (BY_HOST, A_LITTLE, [(21, REMOVE)]),
        (BY_ROLE, of_scope(Scope.HOST), [(22, MASK), (22, REVIEW)]),
        (BY_HOST, of_scope(Scope.HOST), [(23, CHALLENGE)]),
        (BY_STRANGER, A_LITTLE, [(24, MASK)]),
        (BY_NOBODY, A_LITTLE, [(26, CHALLENGE)]),
    ],
)
def test_row_30_a_machine_s_notice_is_read_and_never_answered(
    sender: Sender, claim: Claim, expected: list[tuple[int, Outcome]]
) -> None:
    plan = decide(a_situation(claim, sender=sender, message=STRUCTURED))

    assert (outcomes(plan), plan.says) == (expected, ())
    assert mailbox_key(sender.address) not in {step.asks for step in plan.steps}


def test_row_31_a_correction_goes_to_a_person_with_what_to_change() -> None:
    notice = Notice(kind=Kind.CORRECTION, correction=Correction("author", "Ann", "Anne"))

    plan = decide(a_situation(notice=notice))

    assert (outcomes(plan), plan.says, plan.urgent) == ([(31, REVIEW)], (Say.RECEIVED,), False)
    assert decide(a_situation(notice=notice, sender=BY_NOBODY)).says == ()


def test_row_31_what_is_unclear_but_names_something_held_is_looked_at() -> None:
    plan = decide(a_situation(notice=Notice(kind=Kind.UNCLEAR)))

    assert (outcomes(plan), plan.says) == ([(31, REVIEW)], (Say.HELD_FOR_REVIEW,))


@pytest.mark.parametrize("kind", [Kind.OTHER, Kind.UNCLEAR, Kind.ANSWER, Kind.RETRACTION])
@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("sender", [BY_STRANGER, BY_NOBODY])
def test_row_31_an_answer_to_us_is_read_by_a_person_whatever_became_of_its_case(
    kind: Kind, sender: Sender, *, is_open: bool
) -> None:
    background = Background(answered=an_answered(nonce_is_valid=False, open=is_open))
    notice = Notice(kind=kind, unclear=("what it wants of us",))
    situation = a_situation(sender=sender, notice=notice, background=background)

    plan = decide(replace(situation, claims=()))

    assert outcomes(plan) == [(31, REVIEW)]
    assert only(plan).claim is None
    assert plan.says == ((Say.RECEIVED,) if sender.proved else ())


def test_row_31_plain_thanks_need_no_reader_nor_does_a_machine_s_answer() -> None:
    background = Background(answered=an_answered(nonce_is_valid=False))
    thanks = a_situation(notice=Notice(kind=Kind.OTHER), background=background)
    vacation = replace(
        thanks,
        notice=Notice(kind=Kind.AUTOMATIC, unclear=("what it wants of us",)),
        message=Message(automatic=Automatic.REPLIED),
    )

    assert outcomes(decide(thanks)) == [(32, RECORD)]
    assert outcomes(decide(vacation)) == [(5, RECORD)]


def test_row_31_a_mail_without_words_to_an_item_s_address_can_be_approved() -> None:
    wordless = a_situation(sender=BY_CONTACT, notice=Notice(kind=Kind.UNCLEAR))
    worded = replace(wordless, message=Message(text="hm"))

    step = only(decide(wordless))
    assert (step.row, step.outcome, step.claim, step.items) == (31, REVIEW, 0, (a_held().place,))
    assert (only(decide(worded)).outcome, only(decide(worded)).claim) == (REVIEW, None)


@pytest.mark.parametrize("kind", [Kind.CORRECTION, Kind.RETRACTION])
def test_row_31_what_asks_for_no_removal_names_nothing_to_approve(kind: Kind) -> None:
    step = only(decide(a_situation(sender=BY_CONTACT, notice=Notice(kind=kind))))

    assert (step.row, step.outcome, step.claim) == (31, REVIEW, None)


def test_row_32_what_is_unclear_and_names_nothing_held_is_only_recorded() -> None:
    plan = decide(a_situation(of_items(), notice=Notice(kind=Kind.UNCLEAR)))

    assert (outcomes(plan), plan.says) == ([(32, RECORD)], ())


def test_row_32_what_is_no_matter_of_ours_is_only_recorded_whatever_it_names() -> None:
    plan = decide(a_situation(notice=Notice(kind=Kind.OTHER)))

    assert (outcomes(plan), plan.says) == ([(32, RECORD)], ())


# Replies.


@pytest.mark.parametrize(
    "overrides",
    [
        {"receipt": None},
        {"receipt": a_receipt(returnable=False)},
        {"message": STRUCTURED},
        {"own_mail": True},
        {"sender": nobody("joe@example.com")},
    ],
    ids=["no receipt", "nobody to answer", "a machine", "ourselves", "not proved"],
)
def test_nothing_is_said_to_whom_nothing_may_be_sent(overrides: dict[str, Any]) -> None:
    assert decide(a_situation(**{"sender": BY_HOST, **overrides})).says == ()
