"""What a child process says is looked at again before anybody is shown it.

A parser that was broken into can say anything that has the right type. So what would be run, or
followed, by a reader's browser is judged once more here, by a few expressions that no document can
stall: markup is of the mirror's own form, whose every part is known, and addresses are the web's.
"""

import re
from collections.abc import Iterable, Iterator

from feedmirror.mirroring.entries import Entry, Feed

# What ``mirroring/allowlist`` lets stand; a test compares the two, since that loads the sanitiser.
ELEMENTS = frozenset(
    {
        *("a", "abbr", "address", "b", "bdi", "blockquote", "br", "caption", "cite", "code"),
        *("col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em"),
        *("figcaption", "figure", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins"),
        *("kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp"),
        *("small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td"),
        *("tfoot", "th", "thead", "time", "tr", "u", "ul", "var", "wbr"),
    }
)
_PLAIN = frozenset(
    {
        *("alt", "colspan", "datetime", "dir", "height", "lang", "loading", "open"),
        *("referrerpolicy", "rel", "reversed", "rowspan", "scope", "span", "start", "title"),
        *("value", "width"),
    }
)
_LEADING = {
    "href": re.compile("https?://|mailto:"),
    "cite": re.compile("https?://"),
    "src": re.compile("https://"),
}
_TOKEN = re.compile(r'[^<>]+|</([a-z0-9]+)>|<([a-z0-9]+)((?: [a-z]+="[^"<>]*")*)>')
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
_WEB = re.compile("https?://")


def is_own_form(markup: str) -> bool:
    """Tell whether markup holds nothing but what the mirror's own sanitiser writes."""
    end = 0
    for token in _TOKEN.finditer(markup):
        closed, opened, attributes = token.groups()
        if token.start() != end or not _is_known(closed or opened, attributes):
            return False
        end = token.end()
    return end == len(markup)


def has_web_addresses(feed: Feed) -> bool:
    """Tell whether every address in a feed that may become a link is one of the web."""
    return all(_WEB.match(address) for address in _addresses(feed))


def _is_known(name: str | None, attributes: str | None) -> bool:
    if name is not None and name not in ELEMENTS:
        return False
    return all(_is_harmless(*stated) for stated in _ATTRIBUTE.findall(attributes or ""))


def _is_harmless(name: str, value: str) -> bool:
    leading = _LEADING.get(name)
    return name in _PLAIN if leading is None else leading.match(value) is not None


def _addresses(feed: Feed) -> Iterator[str]:
    stated = [feed.site_url, feed.new_address, feed.license_url, feed.older]
    stated += [person.url for person in feed.authors]
    yield from _stated(stated)
    for entry in feed.entries:
        yield from _stated(_addresses_of(entry))


def _addresses_of(entry: Entry) -> Iterator[str | None]:
    yield from (entry.link, entry.license_url, entry.source_license_url)
    yield from (person.url for person in (*entry.authors, *entry.source_authors))
    yield from (enclosure.url for enclosure in entry.enclosures)
    if entry.source is not None:
        yield entry.source.url


def _stated(addresses: Iterable[str | None]) -> Iterator[str]:
    return (address for address in addresses if address)
