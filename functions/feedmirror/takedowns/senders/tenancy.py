"""Who shares a host: which names stand for one organisation, and which for many strangers.

The Public Suffix List knows where the public may register names, but not most of the platforms
that give a subdomain, a path or a mailbox to anybody; ``tenants.toml`` names those. Mail from a
platform's domain proves nothing about its tenants, nor the other way round.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from feedmirror.addresses import organisational_domain

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_LONGEST_NAME = 253  # characters (RFC 1035 §2.3.4)


def organisation(host: str) -> str | None:
    """Return the domain that one organisation is behind, or None where none is.

    That is the registrable domain by the Public Suffix List with its private section, or a tenant's
    name at a platform that the list does not know.
    """
    name = _name(host)
    if len(name) > _LONGEST_NAME or name.rpartition(".")[2].isdigit():
        return None
    listed = organisational_domain(name)
    platform = _platform_above(name)
    if listed is None or platform is None:
        return listed
    tenant = name.removesuffix(f".{platform}").rpartition(".")[2]
    return None if name == platform else max(listed, f"{tenant}.{platform}", key=len)


def same_organisation(first: str, second: str) -> bool:
    """Whether one organisation is behind two hosts."""
    behind = organisation(first)
    return behind is not None and behind == organisation(second)


def is_platform(host: str) -> bool:
    """Whether a host is nobody's own.

    It is an IP address, a single label, a public suffix, or what a platform or mail provider
    itself is called; no rule may cover it without a person.
    """
    name = _name(host)
    tenants = _tenants()
    return organisation(name) is None or name in tenants.paths or name in tenants.freemail


def is_tenant(host: str) -> bool:
    """Whether a host is given to its holder by a platform, whose own mail proves nothing of it."""
    name, behind = _name(host), organisation(host)
    return behind is not None and behind != _registered().privatesuffix(name)


def has_path_tenants(host: str) -> bool:
    """Whether a host's paths belong to different people, as at ``example.com/@ann``."""
    return not _tenants().paths.isdisjoint(_chain(_name(host)))


def is_freemail(domain: str) -> bool:
    """Whether a domain, or one above it, gives mailboxes to anybody."""
    return not _tenants().freemail.isdisjoint(_chain(_name(domain)))


def is_shared(domain: str) -> bool:
    """Whether a mailbox at a domain says nothing of who is behind the domain."""
    return is_freemail(domain) or is_platform(domain) or has_path_tenants(domain)


@dataclass(frozen=True, slots=True)
class _Tenants:
    """The overlay: hosts whose subdomains, paths and mailboxes are anybody's."""

    platforms: frozenset[str]
    paths: frozenset[str]
    freemail: frozenset[str]


@cache
def _tenants() -> _Tenants:
    text = (
        files("feedmirror.takedowns.senders").joinpath("tenants.toml").read_text(encoding="utf-8")
    )
    groups = tomllib.loads(text)["group"]
    hosts: dict[str, list[str]] = {"platforms": [], "paths": [], "freemail": []}
    for group in groups:
        hosts[group["gives"]] += group["hosts"]
    return _Tenants(**{kind: frozenset(names) for kind, names in hosts.items()})


@cache
def _registered() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 -- 35 ms, only where it is asked

    return PublicSuffixList(only_icann=True)


def _platform_above(name: str) -> str | None:
    return next((parent for parent in _chain(name) if parent in _tenants().platforms), None)


def _chain(name: str) -> tuple[str, ...]:
    """Return a name and every name above it, the longest first."""
    labels = name[-_LONGEST_NAME:].split(".")
    return tuple(".".join(labels[index:]) for index in range(len(labels)))


def _name(host: str) -> str:
    """Return a host as the tables spell it: a platform's own ``www.`` is the platform."""
    return host.lower().rstrip(".").removeprefix("www.")
