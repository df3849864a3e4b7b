"""What a sender is to the content that a claim names: the identities of the decision table.

Nothing here grants anything; the table does. A mail address counts only if the feed stated it
before anybody asked, and a domain only where the host is nobody else's: never for a tenant of a
platform, whose mail is the platform's, and never for a domain that gives mailboxes to anybody.
"""

from collections.abc import Iterable
from functools import lru_cache

from feedmirror.suppression import Scope, author_keys, feed_key, path_key
from feedmirror.takedowns.decisions.claims import Claim, Held, Standing
from feedmirror.takedowns.senders.receipt import mailbox_key
from feedmirror.takedowns.senders.sender import Sender
from feedmirror.takedowns.senders.tenancy import (
    has_path_tenants,
    is_freemail,
    is_platform,
    is_tenant,
    organisation,
    same_organisation,
)

_WEAKEST_FIRST = (
    Standing.NOBODY,
    Standing.STRANGER,
    Standing.HOST,
    Standing.ROLE,
    Standing.AUTHOR,
    Standing.CONTACT,
    Standing.PROVEN,
)
_OF_HOSTS = frozenset({Scope.HOST, Scope.DOMAIN, Scope.PATH})


def strength(standing: Standing) -> int:
    """Return a number that is greater for the stronger standing."""
    return _WEAKEST_FIRST.index(standing)


def standing_of(sender: Sender, claim: Claim, held: Held | None = None) -> Standing:
    """Return what a sender is to one item of a claim, or to a claim of a wider scope.

    Never ``PROVEN``: a proof comes with an answer or a token, not with an address.
    """
    if not sender.proved or not sender.address:
        return Standing.NOBODY
    return _to_item(sender, held) if held else _to_claim(sender, claim)


def covers_hosts(claim: Claim) -> bool:
    """Tell whether a claim is of a host, of a folder of it, or of all below it."""
    return claim.scope in _OF_HOSTS


def covers_whole_host(claim: Claim) -> bool:
    """Tell whether a claim leaves nothing of its host: a path at the root is the host."""
    if claim.scope is Scope.PATH:
        return path_key(f"{claim.host}/") in claim.keys
    return claim.scope in {Scope.HOST, Scope.DOMAIN}


def spokesmen(claim: Claim) -> frozenset[str]:
    """Return the stored contacts who may speak for the whole of a wider claim, as hashes.

    A feed's contact speaks for that feed. For a host he speaks only if no feed of it that we hold
    states others: one blogger's mailbox is not his university's.
    """
    if claim.scope is Scope.FEED:
        own = [held for held in claim.items if _is_of_feed(held, claim)]
        return frozenset().union(*(held.contacts for held in own))
    stated = [held.contacts for held in claim.items if held.host == claim.host and held.contacts]
    return frozenset.intersection(*stated) if stated else frozenset()


def speaks_for_domain(sender: Sender, claim: Claim) -> bool:
    """Tell whether a sender's domain is the very one whose every host a claim is of."""
    return sender.domain == claim.host == organisation(claim.host)


def _to_item(sender: Sender, held: Held) -> Standing:
    key = mailbox_key(sender.address)
    if key in held.contacts:
        return Standing.CONTACT
    if key in held.authors:
        return Standing.AUTHOR
    if _is_at(sender, held.hosts | {held.host}):
        return Standing.ROLE if sender.role else Standing.HOST
    return Standing.STRANGER


def _to_claim(sender: Sender, claim: Claim) -> Standing:
    if claim.scope is Scope.AUTHOR and _is_own(sender, claim):
        return Standing.AUTHOR
    if mailbox_key(sender.address) in spokesmen(claim):
        return Standing.CONTACT
    if _is_at(sender, (claim.host,)):
        return Standing.ROLE if sender.role and _is_above(sender, claim.host) else Standing.HOST
    return Standing.STRANGER


def _is_own(sender: Sender, claim: Claim) -> bool:
    """Tell whether a claim of an author's is of the sender's own, by mail address alone.

    A name is no proof: others bear it, and a co-author knows it.
    """
    is_own = bool(claim.keys) and claim.keys <= author_keys(claim.host, address=sender.address)
    return is_own and any(mailbox_key(sender.address) in held.authors for held in claim.items)


def _is_of_feed(held: Held, claim: Claim) -> bool:
    return bool(held.feed and claim.feed) and feed_key(held.feed) == feed_key(claim.feed)


def _is_at(sender: Sender, hosts: Iterable[str]) -> bool:
    """Tell whether a sender works at one of the hosts: of one organisation, and no tenancy."""
    return not sender.shared and any(_is_of(sender.domain, host) for host in hosts)


@lru_cache(maxsize=4096)  # a mail may name thousands of items of one host
def _is_of(domain: str, host: str) -> bool:
    if not domain or _is_let(domain) or _is_let(host):
        return False
    return same_organisation(domain, host)


def _is_let(host: str) -> bool:
    """Tell whether a host is a platform's or a tenant's of one, so that no mail proves it.

    Not even mail of the tenant's own name: what the platform signs passes as any tenant's.
    """
    return any(test(host) for test in (is_platform, is_tenant, has_path_tenants, is_freemail))


def _is_above(sender: Sender, host: str) -> bool:
    """Tell whether a host is the sender's domain or below it: one department is not another."""
    return host == sender.domain or host.endswith(f".{sender.domain}")
