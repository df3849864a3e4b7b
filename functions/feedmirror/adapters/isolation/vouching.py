"""What a child process says is looked at again before anybody is shown it.

A parser that was broken into can say anything that has the right type. So what would be run, or
followed, by a reader's browser is judged once more here, by a few expressions that no document can
stall: markup is of the mirror's own form, whose every part is known, and addresses are the web's.
So are numbers, which would be noticed in the middle of a run, and that of all feeds.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from feedmirror.characters import without_unseen
from feedmirror.configuration import Images
from feedmirror.mirroring.entries import LARGEST_FILE, Entry, Feed
from feedmirror.mirroring.parsing import EXCERPT, Markup, Texts

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
_VOID = frozenset({"br", "col", "hr", "img", "wbr"})  # of these (HTML Standard §13.1.2)
_NONE: frozenset[str] = frozenset()
_EVERYWHERE = frozenset({"dir", "lang", "title"})
_OWN = {
    "a": {"href", "rel"},
    "img": {"src", "alt", "width", "height", "loading", "referrerpolicy"},
    "blockquote": {"cite"},
    "q": {"cite"},
    "del": {"cite", "datetime"},
    "ins": {"cite", "datetime"},
    "time": {"datetime"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    "ol": {"start", "reversed"},
    "li": {"value"},
    "details": {"open"},
}
ATTRIBUTES: Mapping[str, AbstractSet[str]] = {
    name: _EVERYWHERE | _OWN.get(name, _NONE) for name in ELEMENTS
}
_FIXED = {
    "a": {"rel": "noopener nofollow"},
    "img": {"loading": "lazy", "referrerpolicy": "no-referrer"},
}
_NEEDED = {"a": {"href", *_FIXED["a"]}, "img": {"src", "alt", *_FIXED["img"]}}
_LEADING = {
    "href": re.compile(r"(?:https?://|mailto:)\S"),
    "cite": re.compile(r"https?://\S"),
    "src": re.compile(r"https://\S"),
}
# No reference but those that it writes: what an address means is then what it says.
_REFERENCE = "&(?:amp|lt|gt|nbsp|quot|#x27);"
_TOKEN = re.compile(
    rf"(?:[^<>&]|{_REFERENCE})++|</([a-z0-9]+)>"
    rf'|<([a-z0-9]+)((?: [a-z]+="(?:[^"<>&]|{_REFERENCE})*+")*+)>'
)
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
_WEB = re.compile("https?://")
_HOURS = 24
_MOST_MINUTES = 366 * 24 * 60


def is_as_asked(texts: Texts, markup: Markup) -> bool:
    """Tell whether some markup's texts are what was asked for: no more of it, and safe to show."""
    asked = markup.shown or not texts.content
    images = markup.images is not Images.NONE
    return asked and len(texts.summary) <= EXCERPT and is_own_form(texts.content, images=images)


def is_own_form(markup: str, *, images: bool = True) -> bool:
    """Tell whether markup holds nothing but what the mirror's own sanitiser writes.

    All that it opens it closes, and nothing else: it stands between others' markup, and could put
    the credit behind it where nobody sees it.
    """
    end = 0
    open_: list[str] = []
    for token in _TOKEN.finditer(markup):
        closed, opened, attributes = token.groups()
        if token.start() != end:
            return False
        if closed and not (open_ and open_.pop() == closed):
            return False
        if opened and not _is_known(opened, _ATTRIBUTE.findall(attributes), images=images):
            return False
        if opened and opened not in _VOID:
            open_.append(opened)
        end = token.end()
    return end == len(markup) and not open_ and without_unseen(markup) == markup


def has_web_addresses(feed: Feed) -> bool:
    """Tell whether every address in a feed that may become a link is one of the web."""
    return all(_WEB.match(address) for address in _addresses(feed))


def has_sound_numbers(feed: Feed) -> bool:
    """Tell whether numbers can be reckoned with: when to ask a feed, and how large files are."""
    files = (enclosure for entry in feed.entries for enclosure in entry.enclosures)
    return (
        0 <= (feed.ttl or 0) <= _MOST_MINUTES
        and all(0 <= hour < _HOURS for hour in feed.skip_hours)
        and all(0 <= (enclosure.length or 0) <= LARGEST_FILE for enclosure in files)
    )


def _is_known(element: str, stated: Sequence[tuple[str, str]], *, images: bool) -> bool:
    """Tell whether an element is one of ours, with the attributes that it may, or must, have."""
    attributes = dict(stated)
    return (
        (images or element != "img")
        and len(attributes) == len(stated)
        and attributes.keys() <= ATTRIBUTES.get(element, _NONE)
        and element in ELEMENTS
        and _NEEDED.get(element, _NONE) <= attributes.keys()
        and all(attributes[name] == value for name, value in _FIXED.get(element, {}).items())
        and all(_LEADING[name].match(attributes[name]) for name in _LEADING if name in attributes)
    )


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
