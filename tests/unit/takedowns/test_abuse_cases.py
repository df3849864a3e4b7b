"""The abuse cases, as far as they are decided once a mail is read and its sender judged (P2)."""

from dataclasses import replace

import pytest

from feedmirror.suppression import Scope
from feedmirror.takedowns.decisions.claims import Claim, Held
from feedmirror.takedowns.decisions.decision import Background, Outcome, Plan, Proving, Say
from feedmirror.takedowns.decisions.decision_table import decide
from feedmirror.takedowns.mails.message import Automatic, DeliveryReport, Message
from feedmirror.takedowns.notices.notice import Future, Kind, Notice
from feedmirror.takedowns.senders.receipt import Verdict, mailbox_key
from feedmirror.takedowns.senders.sender import Sender
from takedown_situations import (
    AUTHOR,
    BY_CONTACT,
    BY_NOBODY,
    BY_ROLE,
    BY_STRANGER,
    CONTACT,
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

CHANGES = {Outcome.MASK, Outcome.REMOVE, Outcome.RESTORE}
EVERYTHING = (of_items(a_held()), *(of_scope(s) for s in Scope if s is not Scope.ITEM))
MASKED = a_held(masked_by="casecasecasecase")
RIVAL = Background(opened_by=mailbox_key(BY_STRANGER.address))


def written_to(plan: Plan) -> set[str]:
    """Return every mailbox that a plan makes us write to, the sender's apart."""
    return {key for step in plan.steps for key in (step.asks, *step.tells) if key}


@pytest.mark.parametrize(
    "address", [AUTHOR, CONTACT, "webmaster@example.com", "ceo@news.example.com", "x@rival.example"]
)
@pytest.mark.parametrize("dmarc", [Verdict.FAIL, Verdict.GRAY, Verdict.PROCESSING_FAILED])
def test_a_forged_from_changes_nothing_and_is_never_answered(address: str, dmarc: Verdict) -> None:
    plan = decide(a_situation(*EVERYTHING, sender=nobody(address), receipt=a_receipt(dmarc=dmarc)))

    assert not CHANGES & {step.outcome for step in plan.steps}
    assert plan.says == ()
    assert written_to(plan) <= {mailbox_key(CONTACT), mailbox_key(AUTHOR)}


@pytest.mark.parametrize("address", ["ceo@news.example.com", "webmaster@example.com"])
def test_a_forged_address_that_no_feed_states_hears_nothing(address: str) -> None:
    plan = decide(a_situation(*EVERYTHING, sender=nobody(address)))

    assert mailbox_key(address) not in written_to(plan)


@pytest.mark.parametrize(
    ("sender", "dmarc"),
    [
        (nobody(CONTACT), Verdict.FAIL),
        (replace(nobody(CONTACT), rejected=True), Verdict.GRAY),
    ],
)
def test_a_contact_whom_dmarc_calls_forged_hears_nothing(sender: Sender, dmarc: Verdict) -> None:
    plan = decide(a_situation(*EVERYTHING, sender=sender, receipt=a_receipt(dmarc=dmarc)))

    assert mailbox_key(CONTACT) not in written_to(plan)


def test_a_contact_of_a_domain_without_any_policy_is_asked_where_the_feed_says_he_is() -> None:
    plan = decide(a_situation(sender=nobody(CONTACT), receipt=a_receipt(dmarc=Verdict.GRAY)))

    step = only(plan)
    assert (step.outcome, step.asks, plan.says) == (
        Outcome.CHALLENGE,
        mailbox_key(CONTACT),
        (),
    )


def test_a_rival_with_a_domain_of_its_own_masks_a_little_for_a_while_and_is_undone() -> None:
    mask = only(decide(a_situation()))
    assert mask.outcome is Outcome.MASK
    assert mask.until is not None
    assert (mask.until - NOW).days == 14
    assert mask.tells == (mailbox_key(CONTACT),)

    undone = decide(
        a_situation(
            of_items(MASKED),
            sender=BY_CONTACT,
            notice=Notice(kind=Kind.COUNTER_NOTICE),
            background=RIVAL,
        )
    )
    assert only(undone).outcome is Outcome.RESTORE
    assert undone.bars == (mailbox_key(BY_STRANGER.address), (MASKED.place,))

    again = decide(a_situation(background=Background(barred=frozenset({MASKED.place}))))
    assert Outcome.MASK not in {step.outcome for step in again.steps}


def test_a_rival_cannot_ask_piece_by_piece() -> None:
    opened = Background(masked_hosts=frozenset({HOST}))
    used_up = Background(masks_used_up=True)

    for background in (opened, used_up):
        found = decide(a_situation(of_items(a_held(9)), background=background))
        assert Outcome.MASK not in {step.outcome for step in found.steps}


def test_a_rival_never_gets_the_nonce_that_would_prove_it() -> None:
    for claim in EVERYTHING:
        plan = decide(a_situation(claim))
        assert mailbox_key(BY_STRANGER.address) not in written_to(plan)


def test_a_rival_s_answer_with_a_guessed_or_forwarded_nonce_proves_nothing() -> None:
    challenged = (of_scope(Scope.HOST),)

    for answered in (an_answered(nonce_is_valid=False), an_answered(from_asked=False)):
        background = Background(answered=answered, answered_claims=challenged)
        for sender in (BY_STRANGER, BY_NOBODY, nobody(CONTACT)):
            plan = decide(
                a_situation(sender=sender, notice=Notice(kind=Kind.ANSWER), background=background)
            )
            assert not {Outcome.REMOVE, Outcome.RESTORE} & {step.outcome for step in plan.steps}


@pytest.mark.parametrize(
    "host", ["co.uk", "blogspot.com", "blogspot.co.uk", "github.io", "substack.com", "gmail.com"]
)
def test_remove_everything_on_a_platform_is_never_automatic(host: str) -> None:
    for sender in (a_sender(f"webmaster@{host}", shared=False), BY_CONTACT, BY_STRANGER):
        plan = decide(a_situation(of_scope(Scope.HOST, host=host), sender=sender))
        assert (outcomes(plan), plan.says) == ([(19, Outcome.REVIEW)], (Say.NARROWER,))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("ann.wordpress.com", "someone@wordpress.com"),
        ("ann.substack.com", "legal@substack.com"),
        ("ann.github.io", "webmaster@github.com"),
        ("medium.com", "someone@medium.com"),
    ],
)
def test_a_platform_s_user_or_staff_is_a_stranger_to_its_tenants(host: str, address: str) -> None:
    held = a_held(host=host)

    plan = decide(a_situation(of_items(held), sender=a_sender(address, shared=False)))

    assert outcomes(plan) == [(24, Outcome.MASK)]


def test_the_webmaster_of_one_blog_at_a_university_masks_only_his_own() -> None:
    ann = a_held(1, host="uni.example", feed="https://uni.example/~ann/feed")
    bob = a_held(
        2,
        host="uni.example",
        feed="https://uni.example/~bob/feed",
        contacts=frozenset({mailbox_key("bob@mail.example")}),
    )
    whole = of_scope(Scope.HOST, host="uni.example", items=(ann, bob))

    assert outcomes(decide(a_situation(whole, sender=BY_CONTACT))) == [
        (25, Outcome.CHALLENGE),
        (25, Outcome.REVIEW),
    ]
    assert outcomes(decide(a_situation(of_items(ann, bob), sender=BY_CONTACT))) == [
        (20, Outcome.REMOVE),
        (24, Outcome.MASK),
    ]


def test_the_contact_of_one_path_tenant_does_not_reach_another_s() -> None:
    bob = a_held(2, host="medium.com", contacts=frozenset({mailbox_key("bob@mail.example")}))
    path_of_bob = of_scope(Scope.PATH, host="medium.com", items=(bob,))

    plan = decide(a_situation(path_of_bob, sender=BY_CONTACT))

    assert not CHANGES & {step.outcome for step in plan.steps}


@pytest.mark.parametrize(
    "message",
    [
        Message(automatic=Automatic.REPLIED),
        Message(automatic=Automatic.REPORT, report=DeliveryReport(failed=True)),
        Message(automatic=Automatic.LIST),
        Message(reply_to_own_mark=True),
    ],
    ids=["vacation bot", "our own bounce", "list", "a second mirror"],
)
def test_a_loop_ends_at_the_first_mail_even_where_it_carries_our_nonce(message: Message) -> None:
    background = Background(answered=an_answered(), answered_claims=(of_items(a_held()),))

    plan = decide(
        a_situation(
            sender=BY_CONTACT,
            message=message,
            notice=Notice(kind=Kind.ANSWER),
            background=background,
        )
    )

    assert (only(plan).outcome, plan.says) == (Outcome.RECORD, ())


def test_a_replayed_mail_changes_nothing() -> None:
    replayed = Background(seen_before=True)

    for kind in (Kind.REMOVAL, Kind.RETRACTION, Kind.ANSWER):
        background = replace(replayed, opened_by=mailbox_key(CONTACT), answered=an_answered())
        plan = decide(
            a_situation(sender=BY_CONTACT, notice=a_removal(kind=kind), background=background)
        )
        assert (only(plan).outcome, plan.says) == (Outcome.RECORD, ())


def test_ten_thousand_addresses_of_a_stranger_mask_nothing() -> None:
    plan = decide(a_situation(of_many(10_000)))

    assert {step.outcome for step in plan.steps} == {Outcome.CHALLENGE, Outcome.REVIEW}


def test_ten_thousand_addresses_of_nobody_ask_one_contact_once() -> None:
    plan = decide(a_situation(of_many(10_000), sender=BY_NOBODY))

    assert written_to(plan) == {mailbox_key(CONTACT)}
    assert len(plan.steps) == 1


def test_a_mail_past_the_caps_is_never_acted_on() -> None:
    for excess in ("size", "parts", "depth", "lines"):
        plan = decide(a_situation(sender=BY_CONTACT, message=Message(excess=(excess,))))
        assert outcomes(plan) == [(6, Outcome.REVIEW)]


@pytest.mark.parametrize("host", ["xn--exmple-cua.com", "example.com.rival.example", "example.co"])
def test_a_host_that_only_looks_alike_speaks_for_nothing(host: str) -> None:
    plan = decide(a_situation(sender=a_sender(f"webmaster@{host}")))

    assert outcomes(plan) == [(24, Outcome.MASK)]


def test_who_bought_a_domain_may_add_but_not_lift_what_its_old_owner_asked_for() -> None:
    gone, before = a_held(gone=True), Background(opened_by=mailbox_key("old@example.com"))
    buyer = a_sender("new@example.com")

    lifted = decide(
        a_situation(
            of_items(gone), sender=buyer, notice=Notice(kind=Kind.RETRACTION), background=before
        )
    )
    added = decide(a_situation(of_items(a_held(2)), sender=buyer, background=before))

    assert Outcome.RESTORE not in {step.outcome for step in lifted.steps}
    assert outcomes(added) == [(21, Outcome.REMOVE)]


def test_a_host_wide_request_of_a_stranger_is_seen_by_a_person() -> None:
    plan = decide(a_situation(of_scope(Scope.HOST)))

    assert Outcome.REVIEW in {step.outcome for step in plan.steps}
    assert not CHANGES & {step.outcome for step in plan.steps}


def test_a_co_author_or_namesake_cannot_take_down_everything_by_a_name() -> None:
    by_name: Claim = of_scope(Scope.AUTHOR, keys=frozenset({"author:aaaa"}))

    plan = decide(a_situation(by_name, sender=a_sender(AUTHOR)))

    assert outcomes(plan) == [(25, Outcome.CHALLENGE), (25, Outcome.REVIEW)]


def test_a_token_in_a_feed_never_proves_more_than_that_feed() -> None:
    one, two = a_held(1), a_held(2, feed="https://news.example.com/comments")
    no_feed = a_held(3, feed="")

    def ways(*items: Held) -> tuple[Proving, ...]:
        return decide(a_situation(of_items(*items))).steps[0].proving

    assert Proving.FEED in ways(one)
    assert Proving.FEED not in ways(one, two)
    assert Proving.FEED not in ways(one, no_feed)
    for scope in (Scope.HOST, Scope.DOMAIN, Scope.PATH, Scope.AUTHOR):
        assert Proving.FEED not in decide(a_situation(of_scope(scope))).steps[0].proving


def test_a_mask_that_was_asked_for_only_once_bars_no_future() -> None:
    plan = decide(
        a_situation(of_scope(Scope.HOST), sender=BY_ROLE, notice=a_removal(future=Future.REFUSED))
    )

    assert only(plan).wide is False
