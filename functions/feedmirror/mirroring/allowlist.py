"""What markup may hold to be shown: the elements, attributes and characters that are kept.

nh3 (ammonia: a browser's own parsing algorithm, written out again) drops every element and
attribute that is not listed here; what a list cannot say is said in ``rewriting``.
"""

import re
from itertools import groupby
from operator import itemgetter

import nh3

from feedmirror.characters import without_unseen

# The page around the content has the one h1, and its own header, main part and footer.
RENAMED = {
    **dict.fromkeys(("article", "aside", "center", "footer", "header"), "div"),
    **dict.fromkeys(("hgroup", "main", "nav", "section"), "div"),
    "h1": "h2",
    "acronym": "abbr",
    "strike": "s",
    "tt": "code",
}
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_TABLE = frozenset({"caption", "table", "tbody", "td", "tfoot", "th", "thead", "tr"})
FLOW = (
    _HEADINGS
    | _TABLE
    | {"address", "blockquote", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "hr"}
    | {"li", "ol", "p", "pre", "summary", "ul"}
)
_PHRASING = frozenset({"a", "abbr", "b", "bdi", "br", "cite", "code", "col", "colgroup"}) | {
    *("del", "dfn", "em", "i", "img", "ins", "kbd", "mark", "q", "rp", "rt", "ruby", "s"),
    *("samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr"),
}
TAGS = FLOW | _PHRASING
MEDIA = frozenset({"audio", "embed", "object", "source", "video"})
VOID = frozenset({"br", "col", "embed", "hr", "img", "source", "wbr"})
# Without content these show nothing; a cell or a list's entry still keeps its place.
MAY_VANISH = (_PHRASING | _HEADINGS | {"div", "figcaption", "figure", "p"}) - VOID - {"colgroup"}
HOLDS_PARAGRAPHS = frozenset({"blockquote", "dd", "details", "div", "figure", "li", "td", "th"})

_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "style"},
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
    "object": {"data", "width", "height"},
    **{name: {"src", "width", "height"} for name in MEDIA - {"object"}},
}
SWITCHES = frozenset({"open", "reversed"})
_SPAN = re.compile("[0-9]{1,3}")
_ORDINAL = re.compile("-?[0-9]{1,9}")
VALUES = {
    "dir": re.compile("ltr|rtl|auto", re.IGNORECASE),
    "lang": re.compile("[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,4}"),
    "title": re.compile(".+", re.DOTALL),
    "datetime": re.compile("[0-9A-Za-z:+. -]{1,40}"),
    "scope": re.compile("(row|col)(group)?", re.IGNORECASE),
    **dict.fromkeys(("start", "value"), _ORDINAL),
    **dict.fromkeys(("colspan", "rowspan", "span"), _SPAN),
}

# Elements that switch a parser's tokeniser or namespace are where sanitisers and browsers come to
# differ (and where depth cannot be told from tags), so they go before any parser sees them. A
# template's content is dropped; "unwrapped" is no element of HTML, so its content stays.
_BEFORE_PARSING = {
    **dict.fromkeys(("script", "style", "svg", "select", "textarea", "title"), "template"),
    **dict.fromkeys(("noembed", "noframes", "annotation", "annotation-xml"), "template"),
    **dict.fromkeys(("math", "merror", "mfrac", "mi", "mmultiscripts", "mn", "mo"), "unwrapped"),
    **dict.fromkeys(("mover", "mpadded", "mphantom", "mprescripts", "mroot", "mrow"), "unwrapped"),
    **dict.fromkeys(("ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup"), "unwrapped"),
    **dict.fromkeys(("mtable", "mtd", "mtext", "mtr", "munder", "munderover"), "unwrapped"),
    **dict.fromkeys(("noscript", "semantics"), "unwrapped"),
    **dict.fromkeys(("xmp", "listing", "plaintext"), "pre"),
    "iframe": "embed",
}
# By their first letters, since most tags begin with none of them.
_SWITCHING_NAMES = "|".join(
    f"[{first}{first.upper()}](?i:{'|'.join(name[1:] for name in names)})"
    for first, names in groupby(sorted(_BEFORE_PARSING, reverse=True), itemgetter(0))
)
# In ASCII, since among all letters U+017F is an "s" but for its case, and U+0131 an "i", which no
# parser of HTML takes them for.
_SWITCHING = re.compile(rf"<(/?)({_SWITCHING_NAMES})(?![^\t\n\f\r />])", re.ASCII)
_BARE_AMPERSAND = re.compile("&(?![#0-9A-Za-z])")

_cleaner = nh3.Cleaner(
    tags=set(TAGS | MEDIA | RENAMED.keys()),
    clean_content_tags={"template"},
    attributes=_ATTRIBUTES,
    link_rel=None,
    url_schemes={"http", "https", "mailto"},
)
_outliner = nh3.Cleaner(
    tags=set(FLOW | {"br", *(name for name, new in RENAMED.items() if new in FLOW)}),
    clean_content_tags={"audio", "template", "video"},
    attributes={},
    link_rel=None,
)


def defuse(markup: str) -> str:
    """Return markup in which no element changes how a parser reads what follows it."""
    # A row of ampersands that begin no reference costs html5ever the square of its length.
    return _SWITCHING.sub(_renamed, _BARE_AMPERSAND.sub("&amp;", markup))


def allowed(markup: str) -> str:
    """Return the allowlisted elements and attributes of defused markup, in nh3's exact form."""
    return visible(_cleaner.clean(markup))


def outline(markup: str) -> str:
    """Return the text of defused markup with nothing but the tags that end a word or a line."""
    return _outliner.clean(markup)


def visible(text: str) -> str:
    """Return a text without characters that are not seen but change what is."""
    return without_unseen(text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", " "))


def _renamed(tag: re.Match[str]) -> str:
    return f"<{tag[1]}{_BEFORE_PARSING[tag[2].lower()]}"
