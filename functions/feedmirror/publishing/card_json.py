"""Cards as items of a JSON Feed 1.1, and back, without loss.

What the format has a field for stands there; the rest stands in ``_feedmirror``, an extension as
the format provides for (see README.md in this folder).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from feedmirror.layout import ItemId
from feedmirror.publishing.cards import Author, Card
from feedmirror.publishing.texts import timestamp
from feedmirror.records import Enclosure, FeedReference, Publisher, Source
from feedmirror.stored import listed

EXTENSION = "_feedmirror"
CARDS_KEPT = 128  # as written: a host's latest and its months are put one after the other
_encode = json.JSONEncoder(ensure_ascii=False).encode
_UNSTATED_TYPE = "application/octet-stream"


def card_to_json(card: Card) -> dict[str, Any]:
    """Return a card as one item of a JSON Feed; fields without a value are left out."""
    fields: dict[str, Any] = {
        "id": card.address,
        "url": card.address,
        "external_url": card.original_url,
        "title": card.title,
        "content_html": card.content_html,
        "summary": card.summary,
        "date_published": _written(card.published),
        "date_modified": _written(card.updated),
        "authors": [_stated(name=author.name, url=author.url) for author in card.authors],
        "tags": list(card.categories),
        "attachments": [_attachment(enclosure) for enclosure in card.enclosures],
        "language": card.language,
        EXTENSION: _extension(card),
    }
    return {name: value for name, value in fields.items() if value or name == "content_html"}


@lru_cache(maxsize=CARDS_KEPT)
def card_line(card: Card) -> str:
    """Return a card as a line of JSON; the lists that show it one after the other share it."""
    return _encode(card_to_json(card))


def card_from_json(fields: Mapping[str, Any]) -> Card:
    """Read a card; raises KeyError, TypeError, ValueError or AttributeError if it is none."""
    own: Mapping[str, Any] = fields[EXTENSION]
    named = (fields["id"], fields["external_url"], own["id"], own["host"], own["link_host"])
    if not all(named):
        raise ValueError("a card of no item")
    source = own.get("source")
    return Card(
        id=ItemId(own["id"]),
        host=own["host"],
        address=fields["id"],
        original_url=fields["external_url"],
        link_host=own["link_host"],
        title=fields.get("title", ""),
        content_html=fields["content_html"],
        summary=fields.get("summary", ""),
        published=_read(fields.get("date_published")),
        updated=_read(fields.get("date_modified")),
        first_seen=datetime.fromisoformat(own["first_seen"]),
        shown_from=datetime.fromisoformat(own["shown_from"]),
        retrieved=datetime.fromisoformat(own["retrieved"]),
        authors=tuple(Author(a.get("name", ""), a.get("url")) for a in fields.get("authors", ())),
        categories=tuple(listed(fields.get("tags", []))),
        enclosures=tuple(_enclosure(each) for each in fields.get("attachments", ())),
        language=fields.get("language"),
        rights=own.get("rights"),
        license_url=own.get("license"),
        credit=own.get("credit"),
        publisher=Publisher(**own["publisher"]),
        feed=FeedReference(**own["feed"]),
        source=Source(source.get("title", ""), source.get("url")) if source else None,
        shown=own.get("shown", ""),
        terms=own.get("terms", ""),
    )


def _extension(card: Card) -> dict[str, Any]:
    source = card.source
    return _stated(
        id=card.id,
        host=card.host,
        link_host=card.link_host,
        first_seen=timestamp(card.first_seen),
        shown_from=timestamp(card.shown_from),
        retrieved=timestamp(card.retrieved),
        rights=card.rights,
        license=card.license_url,
        credit=card.credit,
        publisher={
            "name": card.publisher.name,
            "url": card.publisher.url,
            "host": card.publisher.host,
        },
        feed={"title": card.feed.title, "url": card.feed.url},
        source=_stated(title=source.title, url=source.url) if source else None,
        shown=card.shown,
        terms=card.terms,
    )


def _attachment(enclosure: Enclosure) -> dict[str, Any]:
    """JSON Feed asks for a type; that an entry stated none is kept beside it."""
    fields: dict[str, Any] = {
        "url": enclosure.url,
        "mime_type": enclosure.type or _UNSTATED_TYPE,
    }
    if enclosure.length is not None:
        fields["size_in_bytes"] = enclosure.length
    if not enclosure.type:
        fields[EXTENSION] = {"mime_type": "not stated"}
    return fields


def _enclosure(fields: Mapping[str, Any]) -> Enclosure:
    kind = "" if EXTENSION in fields else fields["mime_type"]
    return Enclosure(fields["url"], kind, fields.get("size_in_bytes"))


def _stated(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON values
    return {name: value for name, value in fields.items() if value}


def _written(moment: datetime | None) -> str | None:
    return timestamp(moment) if moment else None


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
