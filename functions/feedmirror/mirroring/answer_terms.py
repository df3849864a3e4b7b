"""Terms that an answer's headers state, and those of a host's ``tdmrep.json``.

``X-Robots-Tag`` is read as search engines document it, ``Content-Usage`` by
draft-ietf-aipref-attach (a dictionary of RFC 9651), ``tdm-reservation`` by TDMRep, ``Link`` by RFC
8288. Everything is bounded, and what cannot be read says nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from feedmirror.addresses import resolve, web_address
from feedmirror.mirroring.path_rules import MOST_RULES, rule

HEADERS = ("x-robots-tag", "content-usage", "tdm-reservation", "link")
MOST_LICENCES = 4  # documents of terms that one origin names
_MOST = 4096  # characters of a header
_US = "feedmirror"
_EXCERPT = 300
_ROBOTS = {"noarchive", "nosnippet", "noindex", "none"}
_WITH_VALUES = {"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"}
_NUMBER = re.compile("[0-9]+")  # "²" is a digit as well, and no number
_AGENT = re.compile(r"([a-z0-9_-]{1,64})\s*:\s*(.*)", re.DOTALL)
_LINK = re.compile(r"<([^<>]{1,2000})>([^<]{0,1000})")
_RELATION = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]{0,200})\"|([^\s;,\"]{1,200}))", re.IGNORECASE)
_KIND = re.compile(r";\s*type\s*=\s*\"?application/rsl\+xml", re.IGNORECASE)


def header_signals(headers: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the signals of an answer by header; a header that says nothing of terms has none."""
    readers = {"x-robots-tag": _robots, "content-usage": _usage, "tdm-reservation": _reservation}
    return {
        name: tuple(sorted(set(read(headers[name][:_MOST].lower()))))
        for name, read in readers.items()
        if name in headers
    } | (
        {"link": tuple(signal for _, signal in _licences(headers["link"], "") if signal)}
        if "link" in headers
        else {}
    )


def rsl_links(headers: Mapping[str, str], address: str) -> tuple[str, ...]:
    """Return the addresses of RSL documents of the same origin that an answer names."""
    found = (where for where, signal in _licences(headers.get("link", ""), address) if not signal)
    return tuple(dict.fromkeys(where for where in found if where))[:MOST_LICENCES]


def read_tdmrep(text: str) -> tuple[str, ...]:
    """Return the rules of a ``/.well-known/tdmrep.json`` (TDMRep 1.0, "TDM file on the origin")."""
    try:
        stated = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    rules: list[str] = []
    for each in stated[:MOST_RULES] if isinstance(stated, list) else ():
        if isinstance(each, dict) and isinstance(each.get("location"), str):
            signal = {"1": "tdm-reserved", "0": "tdm-open"}.get(str(each.get("tdm-reservation")))
            found = rule(each["location"], signal) if signal else None
            rules += [found] if found else []
    return tuple(rules)


def _robots(value: str) -> Iterator[str]:
    """Yield what is said to all, or to us; an agent's name is for the rest of its line."""
    for line in value.splitlines():
        yield from _robots_line(line)


def _robots_line(line: str) -> Iterator[str]:
    agent = ""
    for part in line.split(","):
        directive = part.strip()
        named = _AGENT.match(directive)
        if named and named[1] not in _WITH_VALUES:
            agent, directive = named[1], named[2].strip()
        if agent not in {"", _US}:
            continue
        name, _, number = (text.strip() for text in directive.partition(":"))
        if name in _ROBOTS:
            yield f"robots-{name}"
        elif name == "max-snippet" and _NUMBER.fullmatch(number) and int(number[:9]) < _EXCERPT:
            yield "robots-max-snippet"


def _usage(value: str) -> Iterator[str]:
    for member in value.split(","):
        category, _, preference = (text.strip() for text in member.partition("="))
        if preference.partition(";")[0].strip() == "n":
            known = {"search": "usage-search", "train-ai": "usage-ai", "ai-use": "usage-ai"}
            if category in known:
                yield known[category]


def _reservation(value: str) -> Iterator[str]:
    known = {"1": "tdm-reserved", "0": "tdm-open"}
    if value.strip() in known:
        yield known[value.strip()]


def _licences(value: str, base: str) -> Iterator[tuple[str, str]]:
    """Yield the licences that links name: what is known of each, or where its document lies.

    Without a ``base`` only what is known of is named, and addresses are taken as they stand.
    """
    from feedmirror.mirroring.stated_rights import licence_signal  # noqa: PLC0415 -- rarely needed

    for found in _LINK.finditer(value[:_MOST]):
        relation = _RELATION.search(found[2])
        if relation is None:
            continue
        if "license" not in (relation[1] or relation[2] or "").lower().split():
            continue
        address = web_address(resolve(base, found[1])) if base else found[1]
        signal = licence_signal(address) or ""
        is_rsl = _KIND.search(found[2]) is not None
        if address and (signal or (base and is_rsl and _same_origin(address, base))):
            yield address, signal


def _same_origin(address: str, base: str) -> bool:
    return urlsplit(address)[:2] == urlsplit(base)[:2]
