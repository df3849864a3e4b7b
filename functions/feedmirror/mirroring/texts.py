"""Texts of a feed: markup made plain, plain text made markup, and nothing invisible in either."""

import html
import re
from collections.abc import Iterable
from functools import lru_cache
from html.entities import name2codepoint

from feedmirror.characters import one_line

_UNREAD = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_BREAKING = re.compile(
    r"</?(?:p|br|hr|div|li|ul|ol|dl|dt|dd|h[1-6]|t[dhr]|table|pre|blockquote|section)\b[^<>]*>",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_CLOSING_TAG = re.compile(r"</[A-Za-z][A-Za-z0-9]*\s*>")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|([A-Za-z][A-Za-z0-9]{1,31}));")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CONTROLS = bytes(each for each in range(0x20) if each not in b"\t\n\r")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")


@lru_cache(maxsize=4)  # the texts of an entry are compared with one another
def html_to_plain(markup: str) -> str:
    """Return what a reader would see of some HTML, in one line; comments and scripts are unseen.

    Tags that begin a line part words, others do not.
    """
    seen = _BREAKING.sub(" ", _UNREAD.sub(" ", markup))
    return one_line(html.unescape(_TAG.sub("", seen)))


def text_to_html(text: str) -> str:
    """Return plain text as HTML: escaped, blank lines as paragraphs, line ends as ``<br>``."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not lines:
        return ""
    paragraphs = _PARAGRAPHS.split(html.escape(lines, quote=False))
    return "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in paragraphs)


def encoded_once(text: str) -> str:
    """Return a text whose UTF-8 was taken for Latin-1 and encoded again ("rÃ©servÃ©") as it was."""
    if text.isascii():
        return text
    try:
        return text.encode("iso-8859-1").decode()
    except UnicodeError:
        return text


def looks_like_markup(text: str) -> bool:
    """Tell whether a text of unstated type is HTML: it closes a tag or names a known entity."""
    if _CLOSING_TAG.search(text):
        return True
    names = [match.group(1) for match in _ENTITY.finditer(text)]
    return bool(names) and all(name is None or name in name2codepoint for name in names)


def only_xml_characters(text: str) -> str:
    """Return a text without the characters that no XML document may hold (XML 1.0 §2.2)."""
    return text if _is_xml(text) else _NOT_IN_XML.sub("", text)


def _is_xml(text: str) -> bool:
    """Tell whether a text has nothing to lose: by the byte, in a tenth of an expression's time."""
    try:
        written = text.encode()
    except UnicodeEncodeError:  # half a pair of surrogates
        return False
    is_plain = len(written.translate(None, _CONTROLS)) == len(written)
    return is_plain and "\ufffe" not in text and "\uffff" not in text


def longest_and_other(candidates: Iterable[str]) -> tuple[str, str]:
    """Return the longest of some HTML, and the longest that reads differently, or ""."""
    ordered = sorted(dict.fromkeys((*candidates, "")), key=len, reverse=True)
    rest = [other for other in ordered[1:] if other]
    whole = html_to_plain(ordered[0]) if rest else ""
    return ordered[0], next((other for other in rest if html_to_plain(other) != whole), "")


def language_tag(text: str | None) -> str | None:
    """Return a language tag (RFC 5646) if the text has the form of one, else None.

    As stated, for what is stored and compared; publishing shows fewer (its ``shown_language``).
    """
    tag = (text or "").strip().replace("_", "-")
    return tag if _LANGUAGE.match(tag) else None
