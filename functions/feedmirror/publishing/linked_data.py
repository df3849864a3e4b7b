"""Provenance for machines: schema.org's JSON-LD, as a page carries it."""

import json
from typing import Any

from feedmirror.configuration import MirrorSettings
from feedmirror.publishing.cards import Author, Card
from feedmirror.publishing.texts import timestamp

# Inside a script element only these could end it, open a comment, or end a line of script.
_ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
_encode = json.JSONEncoder(ensure_ascii=False).encode


def linked_data(card: Card, mirror: MirrorSettings) -> str:
    """Return the JSON-LD of an item's page, safe to stand in a ``script`` element.

    Authors are left out where none is stated; the owner never is (https://schema.org/creditText,
    https://schema.org/isBasedOn, https://schema.org/sdPublisher).
    """
    owner = {
        "@type": "Organization",
        "name": card.publisher.name,
        "url": card.publisher.url,
    }
    authors = [_person(author) for author in card.authors]
    fields: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Article",
        "url": card.address,
        "headline": card.headline,
        "isBasedOn": card.original_url if card.has_own_original else None,
        "author": authors,
        "copyrightHolder": [owner, *authors],
        "copyrightNotice": card.rights,
        "creditText": _credit_text(card),
        "license": card.license_url,
        "publisher": owner,
        "sdPublisher": {"@type": "Organization", "name": mirror.name, "url": f"{mirror.site}/"},
        "datePublished": timestamp(card.published) if card.published else None,
        "dateModified": timestamp(card.updated) if card.updated else None,
        "inLanguage": card.language,
        "keywords": list(card.categories),
    }
    stated = {name: value for name, value in fields.items() if value}
    script = _encode(stated)
    for letter, escape in _ESCAPES.items():
        script = script.replace(letter, escape)
    return script


def _person(author: Author) -> dict[str, str]:
    person = {"@type": "Person", "name": author.label}
    return {**person, "url": author.url} if author.url else person


def _credit_text(card: Card) -> str:
    names = ", ".join(author.label for author in card.authors)
    owner = f"{card.publisher.name} ({card.host})"
    return "; ".join(text for text in (names, owner, card.credit) if text)
