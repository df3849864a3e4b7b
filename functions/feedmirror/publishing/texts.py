"""Texts made fit to be shown: characters, addresses, languages.

A feed's own words are untrusted. Markup is escaped by the templates, and a name or a title is made
``one_line`` of characters that are seen; what neither can mend is mended here: characters that
XML 1.0 cannot hold (§2.2), links that are no web addresses, mail addresses.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

from feedmirror.addresses import web_address
from feedmirror.characters import one_line

# RFC 4287's grammar of a media type; a feed may say anything.
MEDIA_TYPE = re.compile(r"[\w.+*-]+/[\w.+*-]+(\s*;.*)?", re.ASCII)

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Anchored at a word's start and possessive, so linear; ``@ann@social.example`` is no mail address.
_LOCAL = r"[\w.!#$%&'*+=?^`{}~-]"
_MAIL_ADDRESS = re.compile(
    rf"(?<!{_LOCAL})(?<!@)(?:mailto:)?(?:{_LOCAL}++@++)+[\w-]++(?:\.[\w-]+)+", re.IGNORECASE
)
_LEFT_OVER = re.compile(r"<\s*(mailto:)?\s*>|\(\s*\)|\[\s*\]")
_ONLY_IN_BRACKETS = re.compile(r"[(<\[]([^()<>\[\]]*)[)>\]]")
_PARTING = " ,;:|/\"'-\u2013\u2014\u2018\u2019\u201a\u201c\u201d\u201e\u2022\u00ab\u00b7\u00bb"
_HOST_AND_PORT = re.compile(r"[\w.~%:\[\]-]+", re.ASCII)
# What may not stand in a path, query or fragment; beyond ASCII, _escape looks closer.
_UNFIT = re.compile(r"%(?![0-9A-Fa-f]{2})|[^\w.~!$&'()*+,;=:@/?%-]", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_RIGHT_TO_LEFT = re.compile(
    "ar|arc|arz|azb|ckb|dv|fa|glk|he|iw|ji|ks|lrc|mzn|nqo|pnb|prs|ps|rhg|sd|skr|syr|ug|ur|yi"
)
_RIGHT_TO_LEFT_SCRIPTS = frozenset({"arab", "hebr", "thaa", "syrc", "nkoo", "adlm", "rohg"})


def legal(text: str) -> str:
    """Return a text without the characters that XML 1.0 forbids, and without other controls."""
    return _ILLEGAL.sub("", text)


def legal_markup(markup: str) -> str:
    """Return sanitised markup with spaces for the characters that XML 1.0 forbids.

    Leaving them out would undo the sanitiser's work, since an address that no browser follows for
    the U+0001 in its scheme would become one of a script.
    """
    return _NOT_IN_XML.sub(" ", markup)


def without_addresses(text: str, known: Iterable[str] = ()) -> str:
    """Return a line of credit without the mail addresses that are known; they are kept for proof.

    Whatever the case; an address that is the whole of a text leaves nothing.
    """
    if "@" not in text:
        return text
    bare = text
    for address in known:
        if "@" in address:
            bare = re.sub(re.escape(address), "", bare, flags=re.IGNORECASE)
    return " ".join(_LEFT_OVER.sub("", bare).split()) if bare != text else text


def name_without_addresses(text: str, known: Iterable[str] = ()) -> str:
    """Return a name, of whom or of what it may be, without any mail address, known or not.

    ``a@b.example (Ann)`` is Ann; an address that is the whole of a name leaves nothing.
    """
    name = one_line(text)
    if "@" not in name:
        return name
    bare = _MAIL_ADDRESS.sub("", without_addresses(name, known))
    if bare == name:
        return name
    bare = " ".join(_LEFT_OVER.sub("", bare).split()).strip(_PARTING)
    in_brackets = _ONLY_IN_BRACKETS.fullmatch(bare)
    return in_brackets[1].strip() if in_brackets else bare


@lru_cache(maxsize=256)  # a feed's items name the same site, feed, licence and authors
def link(text: str | None) -> str | None:
    """Return an http(s) address fit for an attribute (RFC 3986 §2), or None if it is none.

    What may not stand in an address is escaped; a user name before the host is left out.
    """
    address = web_address(legal(text or ""))
    if address is None:
        return None
    parts = urlsplit(address)
    host_and_port = parts.netloc.rpartition("@")[2]
    if not host_and_port.isascii():
        port = f":{parts.port}" if parts.port else ""
        host_and_port = (parts.hostname or "").encode("idna").decode("ascii") + port
    if not _HOST_AND_PORT.fullmatch(host_and_port):
        return None
    rest = (_UNFIT.sub(_escape, part) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, host_and_port, *rest))


def shown_language(text: str | None) -> str | None:
    """Return the value of ``lang`` for a language as stored, or None if no reader would know it.

    Narrower than what mirroring takes for a tag and stores as stated (its ``language_tag``, which
    fingerprints rest on): no language has a primary subtag of more than three letters, and the
    credit's templates are found by it in lower case.
    """
    tag = (text or "").strip().replace("_", "-")
    primary, dash, rest = tag.partition("-")
    tag = primary.lower() + dash + rest
    return tag if _LANGUAGE.fullmatch(tag) else None


@lru_cache(maxsize=256)
def direction(language: str | None) -> str:
    """Return the value of ``dir`` for a text by its language; ``auto`` where that is unknown."""
    if language is None:
        return "auto"
    primary, *subtags = language.lower().split("-")
    scripts = [subtag for subtag in subtags if len(subtag) == 4]  # noqa: PLR2004 -- ISO 15924
    if scripts:
        return "rtl" if scripts[0] in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if _RIGHT_TO_LEFT.fullmatch(primary) else "ltr"


def utc(moment: datetime) -> datetime:
    """Return a moment in UTC; one without a zone is taken for UTC."""
    if moment.tzinfo is UTC:  # as what is stored is
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def timestamp(moment: datetime) -> str:
    """Return a moment as RFC 3339 has it, in UTC."""
    return utc(moment).isoformat().replace("+00:00", "Z")


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if not character.isascii() and unicodedata.category(character)[0] in "LMN":
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode())
