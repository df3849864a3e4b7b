"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1), read strictly where it matters only.

An item that is no object, or has neither an id nor anything to show, costs only itself.
Of extensions (names that begin with ``_``) only our own is read.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from feedmirror.addresses import resolve, web_address
from feedmirror.characters import one_line
from feedmirror.mirroring.entries import LARGEST_FILE, Entry, Feed, FeedUnreadableError
from feedmirror.mirroring.moments import from_rfc3339
from feedmirror.mirroring.people import address_in, merge, people
from feedmirror.mirroring.texts import (
    html_to_plain,
    language_tag,
    only_xml_characters,
    text_to_html,
)
from feedmirror.records import Contact, Enclosure, Person

_VERSION = re.compile(r"https?://jsonfeed\.org/version/(1(?:\.[0-9])?)/?$")
_Object = Mapping[str, Any]


def read_json_feed(text: str, *, url: str) -> Feed:
    """Read a JSON Feed; raises FeedUnreadableError if the text is none."""
    feed = _object(text)
    version = _VERSION.match(_text(feed, "version").strip())
    items = feed.get("items", [])
    if version is None or not isinstance(items, list):
        raise FeedUnreadableError("the document is no feed: JSON, but not a JSON Feed")
    entries: list[Entry] = []
    problems: list[str] = []
    for position, item in enumerate(items, start=1):
        try:
            entries.append(_entry(item, url))
        except (TypeError, ValueError) as error:
            problems.append(f"entry {position}: {error}")
    authors = _authors(feed, url)
    older = _address(feed, "next_url", url)
    return Feed(
        url=url,
        format=f"JSON Feed {version.group(1)}",
        title=one_line(_text(feed, "title")),
        site_url=_address(feed, "home_page_url", url),
        language=language_tag(_text(feed, "language")),
        authors=authors,
        contacts=tuple(Contact("author", p.address) for p in authors if p.address),
        entries=tuple(entries),
        is_part=bool(older),
        older=older,
        damaged=len(entries) < len(items),
        problems=tuple(problems),
        refused=_is_refused(feed),
    )


def _object(text: str) -> _Object:
    try:
        # Raw control characters in strings are a common fault, and do no harm.
        feed = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        raise FeedUnreadableError(f"the document is no feed: broken JSON ({error})") from error
    if not isinstance(feed, dict):
        raise FeedUnreadableError("the document is no feed: JSON, but not a JSON Feed")
    return feed


def _entry(item: object, url: str) -> Entry:
    """Convert one item; raises TypeError or ValueError, saying what is wrong with it."""
    if not isinstance(item, dict):
        raise TypeError("an item must be an object")
    content = _markup(item, "content_html") or text_to_html(_markup(item, "content_text"))
    summary = text_to_html(_markup(item, "summary"))
    guid = _identity(item.get("id"))
    entry = Entry(
        base_url=url,
        guid=guid,
        link=_address(item, "url", url) or _address(item, "external_url", url) or web_address(guid),
        title=one_line(_text(item, "title")),
        content_html=content,
        summary_html="" if html_to_plain(summary) == html_to_plain(content) else summary,
        authors=_authors(item, url),
        language=language_tag(_text(item, "language")),
        published=from_rfc3339(item.get("date_published")),
        updated=from_rfc3339(item.get("date_modified")),
        categories=tuple(dict.fromkeys(_tags(item))),
        enclosures=tuple(_attachments(item, url)),
        refused=_is_refused(item),
    )
    if entry.is_empty:
        raise ValueError("it is empty")
    return entry


def _is_refused(holder: _Object) -> bool:
    """Tell whether ``"_feedmirror": {"mirror": false}`` is there, the publisher's mark."""
    stated = holder.get("_feedmirror")
    return isinstance(stated, dict) and stated.get("mirror") is False


def _identity(value: object) -> str | None:
    """Return an id as text; 1.0 tells readers to take a number for its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return only_xml_characters(str(value)).strip() or None


def _authors(holder: _Object, url: str) -> tuple[Person, ...]:
    """Return the authors: ``authors`` of 1.1, else the one ``author`` of 1.0."""
    stated = holder.get("authors")
    listed = stated if isinstance(stated, list) and stated else [holder.get("author")]
    return merge(
        person for author in listed if isinstance(author, dict) for person in _person(author, url)
    )


def _person(author: _Object, url: str) -> Iterator[Person]:
    page = _address(author, "url", url)
    mailbox = _text(author, "url").strip()
    address = address_in(mailbox) if mailbox.lower().startswith("mailto:") else None
    named = people(_text(author, "name")) or (Person(),)
    for person in named:
        yield Person(person.name, page, person.address or address)


def _tags(item: _Object) -> Iterator[str]:
    tags = item.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, str) and one_line(tag):
            yield one_line(tag)


def _attachments(item: _Object, url: str) -> Iterator[Enclosure]:
    attachments = item.get("attachments")
    for attachment in attachments if isinstance(attachments, list) else ():
        if isinstance(attachment, dict) and (address := _address(attachment, "url", url)):
            size = attachment.get("size_in_bytes")
            known = type(size) is int and 0 <= size <= LARGEST_FILE
            yield Enclosure(
                address, one_line(_text(attachment, "mime_type")), size if known else None
            )


def _text(holder: _Object, key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""


def _markup(holder: _Object, key: str) -> str:
    return only_xml_characters(_text(holder, key)).strip()


def _address(holder: _Object, key: str, base: str) -> str | None:
    reference = _text(holder, key).strip()
    return web_address(resolve(base, reference)) if reference else None
