"""What safe markup may hold, written down a second time, and read by another parser (libxml2)."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

from lxml import html as lxml_html

_TEXT = (
    "abbr address b bdi blockquote br caption cite code col colgroup dd del details dfn div dl dt"
    " em figcaption figure h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre q rp rt ruby s samp small"
    " span strong sub summary sup table tbody td tfoot th thead time tr u ul var wbr"
)
_TAGS = {*_TEXT.split(), "a", "img"}
_EVERYWHERE = {"dir", "lang", "title"}
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
_SCHEMES = {"href": {"http", "https", "mailto"}, "src": {"https"}, "cite": {"http", "https"}}
_UNSEEN = {*range(0x9), 0xB, 0xC, *range(0xE, 0x20), *range(0x7F, 0xA0), 0x200B, 0xFEFF, 0xFFFE} | {
    *range(0x200E, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    *range(0xD800, 0xE000),
    *range(0xFDD0, 0xFDF0),
}


class _Tags(HTMLParser):
    """A third opinion: a reader that knows no error correction at all."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.others: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if len(dict(attrs)) != len(attrs):
            self.others.append(f"an attribute twice in {tag}")

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_decl(self, decl: str) -> None:
        self.others.append(decl)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)


def assert_safe(markup: str) -> None:
    """Fail unless the markup holds only what the mirror's pages may show."""
    assert not {ord(character) for character in markup} & _UNSEEN
    tags = _Tags()
    tags.feed(markup)
    tags.close()
    assert not tags.others, tags.others
    for name, attributes in tags.seen:
        _assert_element(name, attributes)
    tree = lxml_html.fragment_fromstring(markup, create_parent="main")
    for element in tree.iterdescendants():
        assert isinstance(element.tag, str), element
        _assert_element(element.tag, {str(k): str(v) for k, v in element.attrib.items()})


def _assert_element(name: str, attributes: dict[str, str | None]) -> None:
    assert name in _TAGS, name
    assert set(attributes) <= _EVERYWHERE | _OWN.get(name, set()), (name, attributes)
    for attribute, schemes in _SCHEMES.items():
        address = attributes.get(attribute)
        if address is not None:
            assert urlsplit(address).scheme in schemes, address
            assert address == address.strip(), address
    if name == "a":
        assert attributes["rel"] == "noopener nofollow"
        assert attributes["href"]
    if name == "img":
        assert attributes["src"]
        assert attributes["alt"] is not None
        assert attributes["loading"] == "lazy"
        assert attributes["referrerpolicy"] == "no-referrer"
