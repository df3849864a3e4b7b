"""A mail taken in: read, judged, looked up and decided, and the decision kept before it is done.

Once a case has its decision, no retry decides again: two deliveries of one mail, or a retry after
a crash, do what the first wrote down.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any

from feedmirror.addresses import host_of
from feedmirror.configuration import MirrorSettings
from feedmirror.jobs.takedown.background import Asking, Backgrounds
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.jobs.takedown.find_claims import FindClaims
from feedmirror.jobs.takedown.limits import Limits
from feedmirror.layout import ItemId
from feedmirror.ports.dns import DnsUnavailableError
from feedmirror.ports.object_store import ObjectStore, StoreUnavailableError
from feedmirror.suppression import Ground, Scope
from feedmirror.takedowns.casework.cases import Case, Event
from feedmirror.takedowns.casework.orders import Making, order_to_json, orders_of
from feedmirror.takedowns.decisions.claims import Claim
from feedmirror.takedowns.decisions.decision import Outcome, Plan, Situation
from feedmirror.takedowns.decisions.decision_table import decide
from feedmirror.takedowns.decisions.matters import best_standing
from feedmirror.takedowns.mails.message import Message
from feedmirror.takedowns.notices.notice import Element, Future, Kind, Notice
from feedmirror.takedowns.reading.understood import (
    UNREAD,
    MailReader,
    MailUnreadableError,
    ReaderUnavailableError,
    Understood,
)
from feedmirror.takedowns.senders.mailboxes import bare_mailbox
from feedmirror.takedowns.senders.receipt import Receipt, Verdict, mailbox_key
from feedmirror.takedowns.senders.sender import Proof, Sender

_MOST_LOOKED_AT = 100  # items whose past is asked about: strangers are given 25
_FORMAL = (
    Element.SIGNATURE,
    Element.WORK,
    Element.MATERIAL,
    Element.CONTACT,
    Element.GOOD_FAITH,
    Element.ACCURACY,
)
_PATIENCE = timedelta(hours=6)  # with DNS: after that nobody's proof is waited for
_MOST_NAMED = 25
_MISSED = timedelta(days=2)  # by then neither the mail nor its event comes any more
_DECIDED = {Kind.REMOVAL, Kind.RETRACTION, Kind.COUNTER_NOTICE}


class MailMissingError(Exception):
    """The mail of an event is not in the bucket yet; the event has to come again."""


@dataclass(frozen=True, slots=True)
class Considered:
    """A mail and what was made of it, step by step."""

    situation: Situation
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeIn:
    """Takes mails in."""

    cases: CaseBook
    mail: ObjectStore
    find: FindClaims
    limits: Limits
    backgrounds: Backgrounds
    reader: MailReader
    mirror: MirrorSettings
    clock: Callable[[], datetime]
    draw: Callable[[], str]

    def run(self, case_id: str, key: str, receipt: Receipt | None, *, proven_as: str = "") -> Case:
        """Return the mail's case, decided; the operator vouches for whoever it is ``proven_as``.

        Raises MailMissingError, DnsUnavailableError (for some hours, then it goes on unproved),
        ReaderUnavailableError, StoreUnavailableError and CaseUnreadableError; nothing else,
        whatever the mail is.
        """
        stated = receipt.to_dict() if receipt else None
        case = self.cases.open(case_id, mail=key, receipt=stated)
        if case.decision is not None:
            return case
        if stated and case.receipt is None:
            case = self.cases.add(case, Event.RECEIVED, mail=key, receipt=stated)
        found = self.mail.get(key)
        if found is None and self.clock() - case.opened < _MISSED:
            raise MailMissingError(f"mail {key} is not there")
        if found is None:
            return self._left_to_a_person(case, "its mail is not there")
        try:
            decision = self._decided(case, found.content.body, proven_as)
        except (DnsUnavailableError, ReaderUnavailableError, StoreUnavailableError):
            raise
        except MailUnreadableError as error:
            return self._left_to_a_person(case, f"it could not be read: {error}")
        except Exception as error:  # noqa: BLE001 -- no mail may stop the queue; a person reads it
            return self._left_to_a_person(case, f"it could not be read: {type(error).__name__}")
        return self.cases.add(
            case, Event.DECIDED, unless=lambda known: known.decision is not None, **decision
        )

    def _decided(self, case: Case, raw: bytes, proven_as: str) -> dict[str, Any]:
        """Return what is decided about a mail, as the case keeps it; raises as ``run`` does."""
        considered = self.consider(raw, case.receipt, case=case.id, proven_as=proven_as)
        sender = considered.situation.sender
        waits = sender.temporary and (sender.doubted or not sender.proved)
        if waits and self.clock() - case.opened < _PATIENCE:
            raise DnsUnavailableError("the sender's keys could not be had")
        decision = {
            **self._decision(considered, case.id),
            "vouched": bool(proven_as),
            "sha256": sha256(raw).hexdigest(),
        }
        self._remember(considered, case.id)
        return decision

    def _left_to_a_person(self, case: Case, why: str) -> Case:
        return self.cases.add(
            case,
            Event.DECIDED,
            unless=lambda known: known.decision is not None,
            orders=[],
            beside=[Outcome.REVIEW],
            row=6,
            why=why,
            unread=True,
        )

    def consider(
        self, raw: bytes, receipt: Receipt | None, *, case: str, proven_as: str = ""
    ) -> Considered:
        """Return what a mail is and what would be done about it; nothing is changed.

        ``proven_as`` is an address that the operator vouches for, as if it were proved.
        """
        now = self.clock()
        infected = receipt is not None and receipt.virus is Verdict.FAIL
        read = UNREAD if infected else self.reader.read(raw, receipt, judged=now)
        sender = vouched(proven_as) if proven_as else read.sender
        notice, says_so = self._asked_for(read, sender)
        claims = self.find.run(notice, sender)
        asking = Asking(sender, notice, claims, case=case, says_so=says_so)
        situation = Situation(
            receipt=receipt,
            message=read.message,
            sender=sender,
            notice=notice,
            claims=claims,
            background=self.backgrounds.of(asking),
            unproven=self.mirror.unproven,
            own_hosts=_own_hosts(self.mirror),
            own_mail=bool(sender.address)
            and bare_mailbox(sender.address) == bare_mailbox(self.mirror.contact),
            vouched=bool(proven_as) and mailbox_key(read.address) == mailbox_key(proven_as),
            now=now,
        )
        plan = decide(situation)
        narrowed = {step.claim for step in plan.steps if not step.wide} - {None}
        held = tuple(
            self.find.all_of(claim) if number in narrowed else claim
            for number, claim in enumerate(claims)
        )
        return Considered(replace(situation, claims=held), plan)

    def _asked_for(self, read: Understood, sender: Sender) -> tuple[Notice, bool]:
        """Return what a mail asks for, and whether its own words say so, whatever it answers.

        A yes to a question that was not put to its sender is a mail like any other.
        """
        case = read.case or self.limits.case_of_sent(read.message.references) or read.notice.case
        notice = replace(read.notice, case=case)
        says_so = read.in_words.kind in _DECIDED
        asked = Asking(sender, notice, (), case="", says_so=says_so)
        if notice.kind is Kind.ANSWER and not self.backgrounds.is_answered(asked):
            notice = replace(read.in_words, case=case, nonce=notice.nonce)
        return notice, says_so

    def _decision(self, considered: Considered, case: str) -> dict[str, Any]:
        """Return a decision as the case keeps it: no address of a person, no word of the mail."""
        situation, plan = considered.situation, considered.plan
        notice, answered = situation.notice, situation.background.answered
        orders = orders_of(
            plan,
            situation.claims,
            Making(case, situation.now, self.draw, situation.sender.domain),
        )
        finished = self._finished(situation, plan)
        return {
            "row": min((step.row for step in plan.steps), default=0),
            "why": plan.why,
            "kind": notice.kind,
            "scope": notice.scope,
            "language": notice.language,
            "ground": _ground(notice),
            "future": notice.future is not Future.REFUSED,
            "elements": sorted(notice.elements),
            "missing": [e for e in _FORMAL if e not in notice.elements] if notice.formal else [],
            "unclear": len(notice.unclear),
            "sender": {
                "proof": situation.sender.proof,
                "why": situation.sender.why,
                "doubted": situation.sender.doubted,
            },
            "requester": mailbox_key(situation.sender.address) if situation.sender.proved else "",
            "standing": best_standing(situation),
            "named": _named(situation.claims),
            "claims": [[claim.scope, claim.host, claim.count] for claim in situation.claims],
            "orders": [order_to_json(order) for order in orders],
            "beside": sorted(
                {s.outcome for s in plan.steps if s.claim is None and s.finishes is None}
            ),
            "says": list(plan.says),
            "urgent": plan.urgent,
            "not_held": sum(not claim.is_held for claim in situation.claims),
            "finishes": answered.case if answered and finished else "",
            "finished": finished,
            "bars": [plan.bars[0], [list(place) for place in plan.bars[1]]] if plan.bars else None,
            "bounced": self._bounced(situation.message),
            "correction": notice.kind is Kind.CORRECTION,
        }

    def _bounced(self, message: Message) -> str:
        """Return the case whose mail a bounce is about, or nothing."""
        report = message.report
        return self.limits.case_of_sent([report.original_id]) if report and report.failed else ""

    def _finished(self, situation: Situation, plan: Plan) -> list[int]:
        """Return the numbers of the other case's orders that its answer proves."""
        asked = self.backgrounds.asked(situation.notice)
        return [
            asked[step.finishes].number
            for step in plan.steps
            if step.finishes is not None and step.outcome is Outcome.REMOVE
        ]

    def _remember(self, considered: Considered, case: str) -> None:
        """Count what bears on later mails; all by the case's id, so a retry counts once."""
        situation, plan = considered.situation, considered.plan
        sender = situation.sender
        if sender.message_key and sender.proved:
            self.limits.remember_message(sender.message_key, case)
        if sender.proved:
            if not sender.doubted:  # others can send it again, and use up the day's share
                self.limits.count_mail(sender, case, situation.now)
            if any(step.row == 24 and step.outcome is Outcome.MASK for step in plan.steps):  # noqa: PLR2004 -- strangers' masks
                self.limits.count_mask(mailbox_key(sender.address), case, situation.now)
        for step in plan.steps:
            if step.row == 26 and step.outcome is Outcome.CHALLENGE and step.claim is not None:  # noqa: PLR2004 -- contacts that are asked
                self._remember_asked(situation.claims[step.claim], case, situation.now)

    def _remember_asked(self, claim: Claim, case: str, now: datetime) -> None:
        for feed in sorted({held.feed for held in claim.items} - {""}):
            self.limits.remember_asked(feed, case, now)


def vouched(address: str) -> Sender:
    """Return the sender that an operator vouches for."""
    return Sender(address=address, domain=address.rpartition("@")[2], proof=Proof.DMARC)


def _own_hosts(mirror: MirrorSettings) -> frozenset[str]:
    site = host_of(mirror.site)
    return frozenset({mirror.contact.rpartition("@")[2].lower(), *([site] if site else [])})


def _named(claims: Sequence[Claim]) -> list[tuple[str, ItemId]]:
    """Return the first of the items that were named, for the person who reads it."""
    narrow = (held for claim in claims if claim.scope is Scope.ITEM for held in claim.items)
    return [(held.host, held.id) for held in islice(narrow, _MOST_NAMED)]


def _ground(notice: Notice) -> Ground:
    """Return on what ground it goes once that is proved: a legal one only by a formal notice."""
    stated = notice.ground
    return Ground.PUBLISHER if stated is Ground.LEGAL and not notice.formal else stated
