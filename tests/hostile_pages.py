"""Pages out of hostile markup, in three ways: by the whole way in, and raw with and without policy.

The whole way is a feed that has a text in every place of its entries, its parser, the items, and
the renderer. Raw is the same page with the text written where only cleaned or escaped text belongs.
"""

import json
import re
from collections.abc import Iterable, Sequence
from html import escape

from builders import A_MOMENT, a_mirror, an_item
from feedmirror.configuration import FeedSettings, Images
from feedmirror.mirroring.content import texts_of
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.items import build_item, markup_of
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.reading import read_entries
from feedmirror.publishing.listings import Listing
from feedmirror.publishing.pages import Renderer
from feedmirror.publishing.templating import Templates
from feedmirror.records import Item

HOST = "news.example.com"
SETTINGS = FeedSettings(url=f"https://{HOST}/feed.xml")
_A_FEED = 300
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="[^"]*">')
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"'
    ' xmlns:creativeCommons="http://backend.userland.com/creativeCommonsRssModule"'
)
_RAW_PLACES = (
    '{0}<p title="{0}">x</p><p title=\'{0}\'>x</p><p title={0}>x</p><a href="{0}">x</a>'
    '<img alt="" src="{0}"><script type="application/ld+json">"{0}"</script>'
)


def items_of(texts: Sequence[str]) -> list[Item]:
    """Return an item for each text, which stands in every place that a feed has for an entry's.

    They come as RSS, or as JSON Feed where no XML document can hold them; 300 in each feed.
    """
    items = [
        item
        for first in range(0, len(texts), _A_FEED)
        for item in _items_of_feeds(texts[first : first + _A_FEED])
    ]
    assert len(items) == len(texts)
    return items


def renderer(images: Images = Images.LINK) -> Renderer:
    """Return the mirror's own renderer."""
    return Renderer(a_mirror(images=images))


def published(items: Iterable[Item], images: Images = Images.LINK) -> list[bytes]:
    """Return the pages of items as they are published."""
    renders = renderer(images)
    return [renders.item_page(item, nonce="ab").body for item in items]


def listed(items: Sequence[Item]) -> dict[str, bytes]:
    """Return the three files of a listing of items."""
    renders = renderer()
    listing = Listing(f"{HOST}/").updated_with([renders.card(item) for item in items], [])
    files = renders.listing(listing, nonce="ab")
    return {name: document.body for name, document in files.items()}


def raw(texts: Iterable[str], images: Images = Images.LINK) -> list[bytes]:
    """Return pages with each text where a sanitiser's output, or escaped text, should stand.

    In the content, in quoted and bare attributes, in an address, in a script block, in the title.
    """
    careless = (
        Templates().source("item.html").replace("card.headline }}", "card.headline | safe }}")
    )
    renders = Renderer(a_mirror(images=images), {"item.html": careless})
    return [
        renders.item_page(
            an_item(title=text, content_html=_RAW_PLACES.format(text)), nonce="ab"
        ).body
        for text in texts
    ]


def together(pages: Sequence[bytes], number: int) -> list[bytes]:
    """Return pages that show what so many of these show: the first, with the others' main parts."""
    mains = [page.partition(b'<main id="main">')[2].rpartition(b"</main>")[0] for page in pages]
    return [
        pages[first].replace(mains[first], b"".join(mains[first : first + number]), 1)
        for first in range(0, len(pages), number)
    ]


def without_policy(pages: Iterable[bytes]) -> list[bytes]:
    """Return pages without their Content-Security-Policy; each has one."""
    bare = [_POLICY.subn("", page.decode(), count=1) for page in pages]
    assert all(taken == 1 for _, taken in bare)
    return [page.encode() for page, _ in bare]


def _items_of_feeds(texts: Sequence[str]) -> list[Item]:
    in_json = {number: text for number, text in enumerate(texts) if _NOT_XML.search(text)}
    in_xml = {number: text for number, text in enumerate(texts) if number not in in_json}
    items = {
        **_read(_rss(in_xml), "application/rss+xml"),
        **_read(_json(in_json), "application/feed+json"),
    }
    return [items[number] for number in range(len(texts))]


def _read(document: bytes, kind: str) -> dict[int, Item]:
    """Return the items of a document by the numbers of its guids, or else by their order."""
    feed = parse_feed(document, url=SETTINGS.url, content_type=kind)
    reading = read_entries(feed, settings=SETTINGS, state=FeedState())
    numbered = {
        int(guid) if (guid := draft.entry.guid or "").isdecimal() else number: draft
        for number, draft in enumerate(reading.drafts)
    }
    return {
        number: build_item(draft, texts_of(markup_of(draft, images=Images.LINK)), now=A_MOMENT)
        for number, draft in numbered.items()
    }


def _rss(texts: dict[int, str]) -> bytes:
    entries = "".join(_entry(number, escape(text)) for number, text in texts.items())
    first = escape(next(iter(texts.values()), ""))
    return (
        f'<rss version="2.0" {_NAMESPACES}><channel><title>{first}</title><link>{first}</link>'
        f"<copyright>{first}</copyright><managingEditor>{first}</managingEditor>"
        f"{entries}</channel></rss>"
    ).encode()


def _entry(number: int, text: str) -> str:
    return (
        f'<item><guid isPermaLink="false">{number}</guid><title>{text}</title><link>{text}</link>'
        f"<description>{text}</description><content:encoded>{text}</content:encoded>"
        f"<author>{text}</author><dc:creator>{text}</dc:creator><category>{text}</category>"
        f'<enclosure url="{text}" type="{text}" length="{text}"/><dc:language>{text}</dc:language>'
        f'<source url="{text}">{text}</source><dc:rights>{text}</dc:rights>'
        f"<media:credit>{text}</media:credit><pubDate>{text}</pubDate>"
        f"<creativeCommons:license>{text}</creativeCommons:license></item>"
    )


def _json(texts: dict[int, str]) -> bytes:
    entries = [
        {
            "id": str(number),
            "title": text,
            "url": text,
            "external_url": text,
            "content_html": text,
            "summary": text,
            "image": text,
            "authors": [{"name": text, "url": text}],
            "tags": [text],
            "language": text,
            "attachments": [{"url": text, "mime_type": text, "title": text}],
        }
        for number, text in texts.items()
    ]
    first = next(iter(texts.values()), "")
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": first,
        "home_page_url": first,
        "authors": [{"name": first, "url": first}],
        "items": entries,
    }
    return json.dumps(feed).encode()
