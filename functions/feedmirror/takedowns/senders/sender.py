"""A sender, as far as a mail's is proved; a doubt is nobody."""

from dataclasses import dataclass
from enum import StrEnum

from feedmirror.takedowns.senders.receipt import Receipt, Verdict, receipts_objection
from feedmirror.takedowns.senders.tenancy import is_shared

_ROLES = {"webmaster", "hostmaster", "postmaster", "abuse"}  # RFC 2142
_ROLES |= {"admin", "administrator"}  # as certificate authorities accept them
_ROLES |= {"legal", "copyright", "dmca"}


class Proof(StrEnum):
    """What proves the domain of ``From``."""

    NONE = "none"
    DMARC = "dmarc"
    DKIM = "dkim"  # a signature of an aligned domain, checked here


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The sender of a mail.

    ``address`` and ``domain`` are what ``From`` says if it says one thing only, proved or not;
    ``domain`` is an A-label. ``signed`` tells that DKIM itself is aligned, which the proof by
    DMARC alone does not. ``why`` says in words why nothing is proved, naming nobody.
    ``doubted`` tells that DMARC's PASS rests on a signature that others could have sent again.
    ``rejected`` is a failure that the domain's own policy calls a forgery. ``temporary`` tells
    that DNS did not answer, so that another try may prove more. ``message_key`` is the hash of the
    ``Message-ID``: a proof by DKIM holds for the first mail that brings it, since a signed mail
    can be sent again by anybody.
    """

    address: str = ""
    domain: str = ""
    proof: Proof = Proof.NONE
    signed: bool = False
    doubted: bool = False
    rejected: bool = False
    role: bool = False  # webmaster, legal and the like (RFC 2142)
    shared: bool = False  # the domain gives mailboxes to anybody, or hosts many tenants
    temporary: bool = False
    message_key: str = ""
    why: str = ""

    @property
    def proved(self) -> bool:
        """Whether the domain of ``From`` is proved to have sent it."""
        return self.proof is not Proof.NONE


def standing_of(address: str) -> tuple[str, bool, bool]:
    """Return an address's domain, whether it is of a role, and whether its domain is shared."""
    local, _, domain = address.rpartition("@")
    return domain, local.casefold() in _ROLES, is_shared(domain)


def is_borne_out(sender: Sender, receipt: Receipt | None) -> bool:
    """Tell whether SES's verdicts let a sender be proved, whoever says that it is.

    DKIM alone proves somebody only where SES found a signature valid, and no DMARC policy. What
    follows from the address is not another's domain, nor more than its domain proves.
    """
    if not sender.proved:
        return True
    if receipt is None or receipts_objection(receipt, sender.address):
        return False
    if (sender.domain, sender.role, sender.shared) != standing_of(sender.address):
        return False
    by_dkim = receipt.dmarc is Verdict.GRAY and receipt.dkim is Verdict.PASS
    proof = Proof.DMARC if receipt.dmarc is Verdict.PASS else Proof.DKIM if by_dkim else Proof.NONE
    return sender.proof is proof
