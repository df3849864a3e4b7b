"""What a mail as a whole is: asked of a situation before any of its claims is looked at."""

from feedmirror.takedowns.decisions.decision import Situation
from feedmirror.takedowns.mails.message import Automatic
from feedmirror.takedowns.notices.notice import Element, Kind, TargetKind
from feedmirror.takedowns.senders.receipt import Verdict, mailbox_key

FORMAL_ELEMENTS = frozenset(
    {
        Element.SIGNATURE,
        Element.WORK,
        Element.MATERIAL,
        Element.CONTACT,
        Element.GOOD_FAITH,
        Element.ACCURACY,
    }
)
_DEMANDS = frozenset({"court", "authority", "child"})  # classes of urgent that ask for removal


def is_forged_by_policy(situation: Situation) -> bool:
    """Tell whether ``From`` failed DMARC at all, whatever its domain wants done about it."""
    receipt = situation.receipt
    return situation.sender.rejected or (receipt is not None and receipt.dmarc is Verdict.FAIL)


def is_spam(situation: Situation) -> bool:
    """Tell whether SES takes it for spam."""
    return situation.receipt is not None and situation.receipt.spam is Verdict.FAIL


def is_own(situation: Situation) -> bool:
    """Tell whether it is from ourselves, or an echo of what is."""
    return situation.own_mail or situation.message.reply_to_own_mark


def is_automatic(situation: Situation) -> bool:
    """Tell whether a machine sent it; what a machine sends in a known form is read all the same."""
    message = situation.message
    return (
        message.automatic is not Automatic.NO
        or message.report is not None
        or message.complaint
        or situation.notice.kind in {Kind.AUTOMATIC, Kind.BOUNCE}
    )


def is_machines_notice(situation: Situation) -> bool:
    """Tell whether a machine gives notice: in a form made for that, or as a formal notice."""
    message, notice = situation.message, situation.notice
    in_words = notice.formal and notice.kind is Kind.REMOVAL
    bulk = message.automatic in {Automatic.GENERATED, Automatic.LIST}
    return message.structured is not None or (bulk and in_words)


def may_be_answered(situation: Situation) -> bool:
    """Tell whether a mail may go to its sender: a proved one that is a person (RFC 3834).

    Where no receipt says so, an operator may vouch for the very address that an answer goes to.
    """
    receipt = situation.receipt
    return (
        situation.sender.proved
        and bool(situation.sender.address)
        and (situation.vouched or (receipt is not None and receipt.returnable))
        and not is_automatic(situation)
        and situation.message.structured is None
    )


def sender_key(situation: Situation) -> str:
    """Return the hash of the sender's mailbox, or nothing where no sender is proved."""
    sender = situation.sender
    return mailbox_key(sender.address) if sender.proved and sender.address else ""


def asks_for_removal(situation: Situation) -> bool:
    """Tell whether something is to be taken down.

    An answer whose nonce does not hold is a mail like any other: what it names is asked for.
    """
    kind = situation.notice.kind
    return kind is Kind.REMOVAL or (kind is Kind.ANSWER and bool(situation.claims))


def is_removal_if_approved(situation: Situation) -> bool:
    """Tell whether to approve a mail is to take down what it names.

    True of requests, of legal demands, and of a mail without a word to the address of a removal
    link; never of objections, corrections, questions, threats or the press.
    """
    notice, message = situation.notice, situation.message
    demanded = notice.kind is Kind.URGENT and notice.urgent in _DEMANDS
    said = (message.text, message.forwarded, message.quoted)
    wordless = notice.kind is Kind.UNCLEAR and not any(words.strip() for words in said)
    return asks_for_removal(situation) or demanded or wordless


def names_nothing_at_all(situation: Situation) -> bool:
    """Tell whether it does not say what it is about."""
    return not (situation.notice.targets or situation.claims or situation.notice.mine)


def belongs_to_a_case(situation: Situation) -> bool:
    """Tell whether it goes on with a case that we know, open or not, by whatever names it."""
    return situation.background.answered is not None


def brings_proof(situation: Situation) -> bool:
    """Tell whether the nonce came back from the very mailbox that it was sent to (I4)."""
    answered = situation.background.answered
    back = answered is not None and answered.nonce_is_valid and answered.from_asked
    return back and bool(sender_key(situation))


def is_retraction(situation: Situation) -> bool:
    """Tell whether whoever asked withdraws it."""
    key = sender_key(situation)
    withdraws = situation.notice.kind is Kind.RETRACTION
    return withdraws and bool(key) and key == situation.background.opened_by


def is_objection(situation: Situation) -> bool:
    """Tell whether somebody wants back what another had taken down.

    A contact who answers "put it back" to what we told him withdraws nothing of his own.
    """
    kind = situation.notice.kind
    proved = bool(sender_key(situation))
    return proved and (
        kind is Kind.COUNTER_NOTICE or (kind is Kind.RETRACTION and not is_retraction(situation))
    )


def has_all_elements(situation: Situation) -> bool:
    """Tell whether it is a complete formal notice (17 USC 512(c)(3))."""
    return situation.notice.formal and situation.notice.elements >= FORMAL_ELEMENTS


def names_only_short_links(situation: Situation) -> bool:
    """Tell whether every address that it names leads elsewhere without saying where."""
    kinds = {target.kind for target in situation.notice.targets}
    return kinds == {TargetKind.SHORTENED}


def names_some_short_links(situation: Situation) -> bool:
    """Tell whether an address that it names leads elsewhere without saying where."""
    targets = situation.notice.targets
    return any(target.kind is TargetKind.SHORTENED for target in targets)
