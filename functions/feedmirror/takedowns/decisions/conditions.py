"""When the rows of the decision table match: one small question each.

A row about a mail asks of :attr:`Matter.is_mail`, a row about a claim of the opposite, so the two
never meet. Rows 16 and on are about what is to be taken down, and about nothing else.
"""

from feedmirror.suppression import Scope
from feedmirror.takedowns.decisions.claims import Standing
from feedmirror.takedowns.decisions.decision import Situation
from feedmirror.takedowns.decisions.matters import (
    MOST_BY_STRANGERS,
    MOST_HOSTS_BY_STRANGERS,
    Matter,
    best_standing,
    is_aided,
    is_beyond_anybody,
    is_nothing_held,
    spokesman_of,
    spokesman_of_claim,
)
from feedmirror.takedowns.decisions.settling import is_justified_objection
from feedmirror.takedowns.decisions.situations import (
    asks_for_removal,
    belongs_to_a_case,
    brings_proof,
    is_automatic,
    is_machines_notice,
    is_own,
    is_retraction,
    is_spam,
    names_nothing_at_all,
    names_only_short_links,
)
from feedmirror.takedowns.decisions.standing import speaks_for_domain
from feedmirror.takedowns.notices.notice import EXCEPTION, Kind
from feedmirror.takedowns.senders.receipt import Verdict

_AT_HOST = frozenset({Standing.HOST, Standing.ROLE})
_SPEAKS = frozenset({Standing.ROLE, Standing.CONTACT})
_OWN_SCOPE = {Scope.AUTHOR: Standing.AUTHOR, Scope.FEED: Standing.CONTACT}


# Of a mail.


def came_before(matter: Matter) -> bool:
    """Tell whether the same mail was delivered once already: a replay, or a copy."""
    return matter.is_mail and matter.situation.background.seen_before


def has_virus(matter: Matter) -> bool:
    """Tell whether SES found a virus."""
    receipt = matter.situation.receipt
    return matter.is_mail and receipt is not None and receipt.virus is Verdict.FAIL


def is_from_ourselves(matter: Matter) -> bool:
    """Tell whether it bears our mark, or our address."""
    return matter.is_mail and is_own(matter.situation)


def is_from_a_machine(matter: Matter) -> bool:
    """Tell whether it is automatic, and no notice: agents send theirs as bulk mail, too."""
    situation = matter.situation
    return matter.is_mail and is_automatic(situation) and not is_machines_notice(situation)


def exceeds_caps(matter: Matter) -> bool:
    """Tell whether it could not be read whole."""
    return matter.is_mail and bool(matter.situation.message.excess)


def is_rejected(matter: Matter) -> bool:
    """Tell whether the domain in ``From`` calls it a forgery."""
    return matter.is_mail and matter.situation.sender.rejected


def is_spam_of_no_standing(matter: Matter) -> bool:
    """Tell whether SES takes it for spam, and nothing that it names is its sender's."""
    situation = matter.situation
    return matter.is_mail and is_spam(situation) and not is_aided(best_standing(situation))


def is_over_limit(matter: Matter) -> bool:
    """Tell whether the sender, or its domain, has asked too often today."""
    return matter.is_mail and matter.situation.background.over_limit


def is_proof(matter: Matter) -> bool:
    """Tell whether it answers our question, from where we asked it; an objection is no yes."""
    situation = matter.situation
    answers = situation.notice.kind in {Kind.ANSWER, Kind.REMOVAL}
    return matter.is_mail and answers and brings_proof(situation)


def is_withdrawal(matter: Matter) -> bool:
    """Tell whether whoever asked withdraws it."""
    return matter.is_mail and is_retraction(matter.situation)


def is_own_counter_notice(matter: Matter) -> bool:
    """Tell whether somebody objects to what a stranger had masked of his."""
    return matter.is_mail and is_justified_objection(matter.situation)


def is_counter_notice(matter: Matter) -> bool:
    """Tell whether somebody objects."""
    return matter.is_mail and matter.situation.notice.kind is Kind.COUNTER_NOTICE


def is_urgent(matter: Matter) -> bool:
    """Tell whether it is of a court, an authority, a child's safety, a threat, the press."""
    return matter.is_mail and matter.situation.notice.kind is Kind.URGENT


def names_nothing(matter: Matter) -> bool:
    """Tell whether it asks, and does not say for what."""
    situation = matter.situation
    unsaid = names_nothing_at_all(situation) and not belongs_to_a_case(situation)
    return matter.is_mail and asks_for_removal(situation) and unsaid


def names_short_links(matter: Matter) -> bool:
    """Tell whether it names only addresses that do not say where they lead."""
    situation = matter.situation
    asks = asks_for_removal(situation) and not situation.claims
    return matter.is_mail and asks and names_only_short_links(situation)


# Of a claim; row 18 is of a mail, too, where nothing came of its targets.


def names_nothing_held(matter: Matter) -> bool:
    """Tell whether nothing named is held, nor is a host named that could be barred beforehand."""
    if matter.is_mail:
        situation = matter.situation
        asks = asks_for_removal(situation) and not situation.claims
        return asks and not _insists(situation)
    return is_nothing_held(matter)


def is_nobodys_to_ask(matter: Matter) -> bool:
    """Tell whether the host is a suffix, an address, a platform, or our own."""
    return not matter.is_mail and is_beyond_anybody(matter.situation, matter.named)


def is_own_content(matter: Matter) -> bool:
    """Tell whether it is an author's own, or of the feed that the sender is the contact of."""
    if matter.is_wide:
        return _OWN_SCOPE.get(matter.named.scope) is matter.standing
    own = matter.standing in {Standing.AUTHOR, Standing.CONTACT}
    return matter.is_of_items and own and not matter.tally.too_many


def is_of_own_host(matter: Matter) -> bool:
    """Tell whether it is items of the sender's host."""
    return matter.is_of_items and matter.standing in _AT_HOST and not matter.tally.too_many


def is_spoken_for(matter: Matter) -> bool:
    """Tell whether it is more than items, asked from a mailbox that speaks for the host."""
    return matter.is_wide and matter.standing in _SPEAKS and _reaches(matter)


def is_asked_from_within(matter: Matter) -> bool:
    """Tell whether it is more than items, asked by somebody at the host."""
    return matter.is_wide and matter.standing in _AT_HOST | _SPEAKS


def is_little_asked_by_a_stranger(matter: Matter) -> bool:
    """Tell whether it is few items on few hosts, named by somebody proved, but a stranger."""
    few = len(matter.tally.strangers) <= MOST_BY_STRANGERS
    few = few and len(matter.tally.hosts) <= MOST_HOSTS_BY_STRANGERS
    return matter.is_of_items and matter.standing is Standing.STRANGER and few


def is_asked_by_a_stranger(matter: Matter) -> bool:
    """Tell whether it is anything else that somebody proved, but a stranger, names."""
    return not matter.is_mail and matter.standing is Standing.STRANGER


def has_a_contact(matter: Matter) -> bool:
    """Tell whether nobody is proved to ask, but the feed names whom to ask."""
    if matter.is_mail or matter.standing is not Standing.NOBODY:
        return False
    if matter.is_wide:
        return bool(spokesman_of_claim(matter.situation, matter.named))
    return all(spokesman_of(matter.situation, held) for held in matter.items)


def has_no_contact(matter: Matter) -> bool:
    """Tell whether nobody is proved to ask, and nobody is known to be asked."""
    return not matter.is_mail and matter.standing is Standing.NOBODY


def is_too_much_at_once(matter: Matter) -> bool:
    """Tell whether it is more items than an address or a domain speaks for at once."""
    return matter.is_of_items and is_aided(matter.standing)


def concerns_something(matter: Matter) -> bool:
    """Tell whether a person has to see it: a correction, or about what is held, or a case.

    Every mail of ours promises that a person reads the answer. Plain thanks need no reader.
    """
    situation = matter.situation
    if not matter.is_mail or asks_for_removal(situation):
        return matter.is_mail and _insists(situation)
    notice, in_case = situation.notice, belongs_to_a_case(situation)
    if notice.kind is Kind.OTHER:
        return in_case and bool(notice.unclear)
    held = any(claim.is_held for claim in situation.claims)
    excepts = EXCEPTION in notice.unclear  # no rule of a whole site can leave a part of it out
    return held or in_case or excepts or notice.kind is Kind.CORRECTION


def concerns_nothing(matter: Matter) -> bool:
    """Tell whether it is anything else that asks for nothing."""
    return matter.is_mail and not asks_for_removal(matter.situation)


def _insists(situation: Situation) -> bool:
    """Tell whether it only goes on about its case: whoever answers us need not name it again."""
    asks = asks_for_removal(situation) and belongs_to_a_case(situation)
    return asks and names_nothing_at_all(situation)


def _reaches(matter: Matter) -> bool:
    """Tell whether a mailbox's domain is the whole domain, where a claim is of every host of it."""
    if matter.named.scope is not Scope.DOMAIN:
        return True
    return speaks_for_domain(matter.situation.sender, matter.named)
