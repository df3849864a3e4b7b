"""What a child process says is looked at again before anybody acts on it.

A parser that was broken into can say anything that has the right type. So what would be run, or
followed, by a reader's browser is judged once more here, by a few expressions that no document can
stall: markup is of the mirror's own form, whose every part is known, and addresses are the web's.
So is what could not be stored, or would be stored for all feeds and stop them all: text that is no
text, a number or a word that nothing here knows.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from html import unescape

from feedmirror.adapters.isolation.plainness import can_be_written, is_line, is_text
from feedmirror.addresses import web_address
from feedmirror.characters import without_unseen
from feedmirror.configuration import Images
from feedmirror.mirroring.entries import LARGEST_FILE, Entry, Feed
from feedmirror.mirroring.parsing import EXCERPT, Markup, Texts
from feedmirror.mirroring.path_rules import MOST_RULES, rule
from feedmirror.mirroring.terms_table import ROWS
from feedmirror.records import Person

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
    "href": re.compile("(?:https?://|mailto:)[^\0-\x20]"),
    "cite": re.compile("https?://[^\0-\x20]"),
    "src": re.compile("https://[^\0-\x20]"),
}
_BRACKET = re.compile(r"https?://[^/?#]*[\[\]]")  # half of two is an error to whoever reads it
# No reference but those that it writes: what an address means is then what it says.
_REFERENCE = "&(?:amp|lt|gt|nbsp|quot|#x27);"
_TOKEN = re.compile(
    rf"(?:[^<>&]|{_REFERENCE})++|</([a-z0-9]+)>"
    rf'|<([a-z0-9]+)((?: [a-z]+="(?:[^"<>&]|{_REFERENCE})*+")*+)>'
)
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
_HOURS = frozenset(range(24))
_MOST_MINUTES = 366 * 24 * 60


def is_as_asked(texts: Texts, markup: Markup) -> bool:
    """Tell whether some markup's texts are what was asked for: no more of it, and safe to show."""
    asked = markup.shown or not texts.content
    lines = all(map(is_line, (texts.words, texts.summary)))
    images = markup.images is not Images.NONE
    short = len(texts.summary) <= EXCERPT
    return asked and lines and short and is_own_form(texts.content, images=images)


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
    whole = end == len(markup) and not open_
    return whole and is_text(markup) and without_unseen(markup) == markup


def objection(feed: Feed) -> str:
    """Return what a feed holds that no parser of ours says, in words; "" if it holds nothing."""
    if not all(web_address(address) == address for address in _addresses(feed)):
        return "an address that is none of the web"
    if not all(map(can_be_written, _names(feed))) or not all(map(is_line, _lines(feed))):
        return "a text that is none"
    if not all(map(can_be_written, _markup(feed))):
        return "markup that is no text"
    if not _is_known_terms(feed) or _says_nothing(feed):
        return "what no feed says"
    return ""


def are_own_rules(rules: Sequence[str]) -> bool:
    """Tell whether a host's rules are such as the mirror remembers."""
    parts = ((each, each.partition(" ")) for each in rules)
    known = (name in ROWS and rule(path, name) == each for each, (name, _, path) in parts)
    return len(rules) <= MOST_RULES and all(known) and can_be_written("".join(rules))


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
        and all(_leads(name, attributes[name]) for name in _LEADING if name in attributes)
    )


def _leads(name: str, address: str) -> bool:
    """Tell whether an attribute leads where it may, and to a host that can be read."""
    leads = bool(_LEADING[name].match(address))
    return leads and not (_BRACKET.match(address) and web_address(unescape(address)) is None)


def _is_known_terms(feed: Feed) -> bool:
    """Tell whether a feed states only terms that there are, and numbers that can be reckoned with.

    A number without bounds would be noticed in the middle of a run, and that of all feeds.
    """
    signals = {*feed.signals, *(name for entry in feed.entries for name in entry.signals)}
    sizes = (each.length for entry in feed.entries for each in entry.enclosures)
    return (
        signals <= ROWS.keys()
        and feed.skip_hours <= _HOURS
        and 0 <= (feed.ttl or 0) <= _MOST_MINUTES
        and all(0 <= (size or 0) <= LARGEST_FILE for size in sizes)
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


def _says_nothing(feed: Feed) -> bool:
    """Tell whether an entry is nothing, or a person nobody."""
    people = (each for people in _all_people(feed) for each in people)
    nobody = any(each == Person() for each in people)
    return nobody or any(entry.is_empty for entry in feed.entries)


def _all_people(feed: Feed) -> Iterator[Iterable[Person]]:
    yield feed.authors
    for entry in feed.entries:
        yield from (entry.authors, entry.source_authors)


def _names(feed: Feed) -> Iterator[str]:
    """Yield what identifies: it is kept as it is stated, in one line or not."""
    yield feed.url
    yield from (deleted.ref for deleted in feed.deleted)
    for entry in feed.entries:
        yield from _stated((entry.base_url, entry.guid))


def _markup(feed: Feed) -> Iterator[str]:
    """Yield the publisher's markup, which is anything that can be written down."""
    return (text for entry in feed.entries for text in (entry.content_html, entry.summary_html))


def _lines(feed: Feed) -> Iterator[str]:
    yield from (feed.format, feed.title, *feed.skip_days, *feed.problems)
    yield from _stated((feed.language, feed.rights))
    yield from _people(feed.authors)
    for contact in feed.contacts:
        yield from (contact.role, contact.address)
    for entry in feed.entries:
        yield from _lines_of(entry)


def _lines_of(entry: Entry) -> Iterator[str]:
    yield from (entry.title, *entry.categories, *(each.type for each in entry.enclosures))
    yield from _stated((entry.rights, entry.source_rights, entry.credit, entry.language))
    yield from _people((*entry.authors, *entry.source_authors))
    if entry.source is not None:
        yield entry.source.title


def _people(people: Iterable[Person]) -> Iterator[str]:
    for person in people:
        yield from (person.name, person.address or "")


def _stated(addresses: Iterable[str | None]) -> Iterator[str]:
    return (address for address in addresses if address)
