"""What Amazon SES would say of a mail's sender, found out here from its signatures and DNS.

The client's address says nothing behind a relay on the same machine, so SPF is not asked; DMARC
(RFC 7489) then passes by an aligned signature alone. A mail without any signature may have passed
by SPF, so its failure is nobody's word that it is forged.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from feedmirror.local.arrivals import PASSED, Head, read_head
from feedmirror.ports.dns import DnsUnavailableError, TxtLookup
from feedmirror.takedowns.senders.mailboxes import read_from
from feedmirror.takedowns.senders.receipt import Verdict
from feedmirror.takedowns.senders.signatures import Signatures, is_aligned, signatures_of
from feedmirror.takedowns.senders.tenancy import organisation

_VERSION = re.compile(rb"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_NEXT_LOWER = {"reject": "quarantine", "quarantine": "none", "none": "none"}  # RFC 7489 §6.6.4


@dataclass(frozen=True, slots=True)
class Judgement:
    """Verdicts by the name of the check; ``temporary`` tells that another try may prove more.

    ``policy`` is what the domain asks for where DMARC failed by signatures.
    """

    verdicts: Mapping[str, str]
    policy: str = ""
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """A mail looked at: what its header says, and what was found out about its sender."""

    head: Head
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class _Dmarc:
    """What a domain states: its policy for the domain that was asked about, and how to align."""

    policy: str
    strict: bool


def look_at(raw: bytes, *, dns: TxtLookup, judged: datetime | None) -> Looked:
    """Look at a mail, and judge it at a moment; without one everything counts as passed."""
    judgement = judge_mail(raw, dns=dns, now=judged) if judged else Judgement(PASSED)
    return Looked(read_head(raw), judgement)


def judge_mail(raw: bytes, *, dns: TxtLookup, now: datetime) -> Judgement:
    """Say what is found out about a mail; never raises, and what is not proves nothing."""
    signatures = signatures_of(raw, dns=dns, now=now)
    domain = read_from(read_head(raw).from_values).domain
    dmarc, policy = _dmarc(domain, signatures, dns)
    verdicts = {
        "spam": Verdict.DISABLED,
        "virus": Verdict.DISABLED,
        "spf": Verdict.GRAY,
        "dkim": _dkim(signatures),
        "dmarc": dmarc,
    }
    stated = {name: str(each) for name, each in verdicts.items()}
    return Judgement(stated, policy, _is_unsure(domain, signatures, dmarc))


def _is_unsure(domain: str, signatures: Signatures, dmarc: Verdict) -> bool:
    """Tell whether DNS keeps back what may prove the author: no key of anybody else does."""
    if dmarc is Verdict.PASS or not domain:
        return False
    if _any_aligned(signatures.domains, domain):
        return dmarc is Verdict.PROCESSING_FAILED
    return _any_aligned(signatures.silent, domain)


def _dkim(signatures: Signatures) -> Verdict:
    if signatures.domains:
        return Verdict.PASS
    if signatures.silent or not signatures.readable:
        return Verdict.PROCESSING_FAILED
    return Verdict.FAIL if signatures.stated else Verdict.GRAY


def _dmarc(domain: str, signatures: Signatures, dns: TxtLookup) -> tuple[Verdict, str]:
    """Return the verdict, and the domain's policy where a signature fails (RFC 7489 §6.6.2).

    What DNS does not tell, strict alignment perhaps, is no lack of a policy: nothing is proved.
    """
    if not domain or not signatures.readable:
        return Verdict.PROCESSING_FAILED, ""
    try:
        stated = _policy_of(domain, dns)
    except DnsUnavailableError:
        return Verdict.PROCESSING_FAILED, ""
    if stated is None:
        return Verdict.GRAY, ""
    if any(_speaks(signing, domain, stated) for signing in signatures.domains):
        return Verdict.PASS, ""
    if _any_aligned(signatures.silent, domain):
        return Verdict.PROCESSING_FAILED, ""
    return Verdict.FAIL, stated.policy if signatures.stated else ""


def _any_aligned(signing: Iterable[str], domain: str) -> bool:
    return any(is_aligned(each, domain) for each in signing)


def _speaks(signing: str, domain: str, stated: _Dmarc) -> bool:
    return signing == domain if stated.strict else is_aligned(signing, domain)


def _policy_of(domain: str, dns: TxtLookup) -> _Dmarc | None:
    """Return what a domain, or else its organisation, states (RFC 7489 §6.6.3).

    Raises DnsUnavailableError.
    """
    own = _record(domain, dns)
    if own is not None:
        return _read(own, "p")
    above = organisation(domain)
    inherited = _record(above, dns) if above and above != domain else None
    return None if inherited is None else _read(inherited, "sp", "p")


def _record(domain: str, dns: TxtLookup) -> Mapping[str, str] | None:
    """Return the tags of a domain's record; of several there is none."""
    found = [text for text in dns.txt(f"_dmarc.{domain}") if _VERSION.match(text)]
    if len(found) != 1:
        return None
    pairs = (part.partition("=") for part in found[0].decode("ascii", "replace").split(";"))
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs}


def _read(tags: Mapping[str, str], *names: str) -> _Dmarc | None:
    """Return what a record says; one without a policy that has no use for reports is none."""
    policy = next((tags[name] for name in names if tags.get(name) in _NEXT_LOWER), "")
    if not policy and "rua" not in tags:
        return None
    stated = policy or "none"
    applied = _NEXT_LOWER[stated] if tags.get("pct") == "0" else stated
    return _Dmarc(applied, tags.get("adkim") == "s")
