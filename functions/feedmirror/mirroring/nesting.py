"""How deep markup nests, estimated from its tags, before a parser has to find out.

A parser of HTML costs the square of the depth, and reopens every unclosed ``<b>`` in each new
paragraph: 33 kB of such markup become 11 MB. Both are told here in one pass, without a tree. The
estimate errs upwards: an end tag counts only if it ends what was opened last. It holds for markup
in which no element switches the tokeniser or the namespace (no script, style, textarea, svg …).
"""

import re
from functools import lru_cache

LEVELS = 500
REOPENED = 500_000
_CLOSE = 8  # how far out of order formatting may end

# HTML, "13.2.5 Tokenization": a comment, a bogus comment, or a tag with its attributes. Every
# repetition is possessive and every end may be the document's, so the scan is linear.
_TOKEN = re.compile(
    r"""<!--(?:-?>|.*?(?:--!?>|\Z))
    |<(?:[!?]|/(?![a-z]))[^>]*+(?:>|\Z)
    |<(?P<end>/?)(?P<name>[a-z][^\t\n\f\r />]*+)
      (?:[\t\n\f\r /]++
        |[^\t\n\f\r />][^\t\n\f\r />=]*+
         (?:[\t\n\f\r ]*+=[\t\n\f\r ]*+
           (?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\t\n\f\r >"'][^\t\n\f\r >]*+|(?=>)|\Z))?+
      )*+(?:>|\Z)""",
    re.ASCII | re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_EMPTY = frozenset({"area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr"}) | {
    *("image", "img", "input", "keygen", "link", "meta", "param", "source", "track", "wbr"),
}
# These end one another, so they nest only inside something that is counted.
_SELF_ENDING = frozenset({"p", "li", "dt", "dd", "tr", "td", "th"}) | {
    *("tbody", "thead", "tfoot", "colgroup"),
}
_UNCOUNTED = _EMPTY | _SELF_ENDING
# HTML, "13.2.4.3 The list of active formatting elements".
_FORMATTING = frozenset({"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small"}) | {
    *("strike", "strong", "tt", "u"),
}


@lru_cache(maxsize=1)  # asked for an entry's text, and then for its content
def is_tangled(markup: str) -> bool:
    """Tell whether markup nests over 500 levels, or would make a parser reopen too many tags."""
    if markup.count("<") <= LEVELS:
        return False
    opened: list[str] = []
    formatting = reopened = 0
    for token in _TOKEN.finditer(markup):
        reopened += formatting
        name = (token["name"] or "").lower()
        if not name or name in _UNCOUNTED:
            pass
        elif not token["end"]:
            opened.append(name)
            formatting += name in _FORMATTING
        elif _ends(name, opened):
            formatting -= name in _FORMATTING
        if len(opened) > LEVELS or reopened > REOPENED:
            return True
    return False


def _ends(name: str, opened: list[str]) -> bool:
    """End what was opened last; formatting may end out of order (``<b><i></b></i>``)."""
    for depth, element in enumerate(reversed(opened[-_CLOSE:]), start=1):
        if element == name:
            del opened[-depth]
            return True
        if name not in _FORMATTING or element not in _FORMATTING:
            break
    return False
