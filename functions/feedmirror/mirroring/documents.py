"""What is done to a document's bytes before any parser sees them, and what they are if no feed.

Parsers get text of which nothing can expand, raise or mislead: decoded, without byte order mark,
XML declaration, internal DTD subset, and characters or references that XML does not allow.
"""

import codecs
import re
import sys
from dataclasses import dataclass
from html.entities import name2codepoint

from feedmirror.characters import one_line
from feedmirror.mirroring.entries import FeedUnreadableError
from feedmirror.mirroring.texts import html_to_plain, only_xml_characters

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# XML 1.0 appendix F: how ``<?`` or ``<r`` begins without a mark.
_SNIFFED = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
# Python has codecs that are no character sets (punycode, unicode_escape, utf-7): never those.
_CHARACTER_SET = re.compile(
    r"(ascii|utf-8|iso8859-\d+|cp\d+|koi8-[rut]|mac-[a-z]+|tis-620|ptcp154"
    r"|gb18030|big5(hkscs)?|shift_jis\w*|euc_\w+|johab|hz|iso2022_\w+)$"
)
_SHIFTED = re.compile(r"hz|iso2022")  # all ASCII bytes, so any text of theirs is UTF-8 as well
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_ENCODING = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_BLANK = " \t\r\n\ufeff"
_DECLARATION = re.compile(r"<\?xml\b[^>]*>")
_PROLOG = re.compile(r"(?>\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE\b(?>[^\[\]>\"']|\"[^\"]*\"|'[^']*')*+", re.IGNORECASE)
_SUBSET = re.compile(
    r"\[(?>[^\]\"'<]|\"[^\"]*\"|'[^']*'|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<)*+\]", re.DOTALL
)
_ENTITY_DECLARATION = re.compile(r"<!ENTITY", re.IGNORECASE)
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_NAMED = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|&([A-Za-z][A-Za-z0-9]{1,31});", re.DOTALL
)
_XML_NAMES = {"amp", "lt", "gt", "quot", "apos"}
_FIRST_TAG = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")
_LATE_ROOT = re.compile(r"<(?:rss|rdf:RDF|feed)[\s>]")
_LATE = 4096
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_FEED_ROOTS = {"rss", "rdf", "feed", "channel"}
_HTML_ROOTS = {"html", "head", "body", "title", "meta", "div", "p", "script", "br"}
_KNOWN_ROOTS = {
    "opml": "an OPML list of feeds",
    "urlset": "a sitemap",
    "sitemapindex": "an index of sitemaps",
    "svg": "an SVG image",
    "error": "an XML error message",
}
_MAGIC = (
    (b"%PDF", "a PDF file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip-compressed bytes"),
    (b"ID3", "an MP3 file"),
)
_MOST_EXAMPLE = 60


@dataclass(frozen=True, slots=True)
class Document:
    """A document as text, ready for a parser, and what had to be repaired in it.

    ``encoding`` is the codec that its bytes were read by.
    """

    text: str
    is_json: bool = False
    problems: tuple[str, ...] = ()
    encoding: str = "utf-8"


def read_document(document: bytes, content_type: str = "") -> Document:
    """Decode and defuse a document; raises FeedUnreadableError if it cannot be a feed.

    The encoding is that of the byte order mark, else the declared one (RFC 7303 §3), unless the
    bytes are evidently something else.
    """
    text, problems, encoding = _decode(document, content_type)
    text = _bare(text)
    if not text:
        raise FeedUnreadableError("the document is empty")
    if text[0] in "{[" and ("jsonfeed.org" in text or "feed+json" in content_type.lower()):
        return Document(text, is_json=True, problems=tuple(problems))
    if not _is_xml_feed(text):
        raise FeedUnreadableError(f"the document is no feed: {_describe(document, text)}")
    for repair in (_without_control, _without_subset, _without_bad_references):
        text, problem = repair(text)
        problems += [problem] if problem else []
    return Document(text, problems=tuple(problems), encoding=encoding)


def _bare(text: str) -> str:
    """Return a document without blanks around it and without the declaration, now untrue."""
    bare = text.strip(_BLANK)
    declaration = _DECLARATION.match(bare)
    return bare[declaration.end() :].lstrip(_BLANK) if declaration else bare


def is_all_utf8(document: bytes, content_type: str) -> bool:
    """Tell whether a document is read as UTF-8, without a remark, and so would be any part of it.

    Of a part, only tags and texts may be missing behind the declaration.
    """
    others = (*(mark for mark, name in _BOMS if name != "utf-8"), *(start for start, _ in _SNIFFED))
    declared = _declared(document, content_type)
    if document.startswith(others) or any(map(_SHIFTED.match, declared)):
        return False
    try:
        document.decode()
    except UnicodeDecodeError:
        return False
    return document.startswith(codecs.BOM_UTF8) or not _override(declared, "utf-8", document)


def with_named_characters(text: str) -> str:
    """Return XML text with HTML's named entities (``&nbsp;``) as the characters that they mean.

    XML knows five names only; RSS 0.91's DTD, which no parser here fetches, declares HTML's.
    """

    def character(match: re.Match[str]) -> str:
        name = match.group(1)
        known = name in name2codepoint and name not in _XML_NAMES
        return chr(name2codepoint[name]) if known else match.group()

    return _NAMED.sub(character, text)


def _decode(document: bytes, content_type: str) -> tuple[str, list[str], str]:
    """Return a document's text, what is to be told of it, and the codec that it was read by."""
    for mark, name in _BOMS:
        if document.startswith(mark):
            return document[len(mark) :].decode(name, "replace"), [], name
    for start, name in _SNIFFED:
        if document.startswith(start):
            return document.decode(name, "replace"), [], name
    declared = _declared(document, content_type)
    for name in (*filter(_SHIFTED.match, declared), "utf-8", *declared):
        try:
            return document.decode(name), _override(declared, name, document), name
        except UnicodeDecodeError:
            continue
    return _forgiving(document, declared)


def _declared(document: bytes, content_type: str) -> list[str]:
    """Return the known character sets that the header and the XML declaration name, in order."""
    stated = [match.group(1) for match in [_CHARSET.search(content_type)] if match]
    stated += [match.group(1).decode() for match in [_ENCODING.match(document)] if match]
    names = []
    for label in stated:
        try:
            name = codecs.lookup(label).name
        except LookupError:
            continue
        name = "gb18030" if name in {"gb2312", "gbk"} else name  # its superset
        if _CHARACTER_SET.match(name):
            names.append(name)
    return names


def _override(declared: list[str], used: str, document: bytes) -> list[str]:
    if not declared or used == declared[0] or document.isascii():
        return []
    return [f"declared as {declared[0]}, read as {used}"]


def _forgiving(document: bytes, declared: list[str]) -> tuple[str, list[str], str]:
    """Read bytes that no candidate fits: as UTF-8 if a few are broken, else as windows-1252."""
    text = document.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    if broken * 2 <= beyond_ascii:
        return text, [f"{broken} byte sequences are not UTF-8"], "utf-8"
    text = document.decode("windows-1252", "replace")
    label = declared[0] if declared else "utf-8"
    return text, [f"declared as {label}, read as windows-1252"], "windows-1252"


def _is_xml_feed(text: str) -> bool:
    start = _PROLOG.match(text)
    rest = text[start.end() if start else 0 :]
    doctype = _DOCTYPE.match(rest)
    if doctype and doctype.group().lower().startswith("<!doctype html"):
        return False
    found = _FIRST_TAG.search(_subsetless(rest))
    root = found.group(1).lower() if found else ""
    if root in _FEED_ROOTS:
        return True
    # A server that prints a warning before the feed still serves one.
    return root != "html" and bool(_LATE_ROOT.search(text[:_LATE]))


def _subsetless(text: str) -> str:
    """Return a text that may begin with a DOCTYPE, without that declaration's internal subset."""
    doctype = _DOCTYPE.match(text)
    subset = _SUBSET.match(text, doctype.end()) if doctype else None
    return text if subset is None else text[: subset.start()] + text[subset.end() :]


def _without_control(text: str) -> tuple[str, str | None]:
    kept = only_xml_characters(text)
    lost = len(text) - len(kept)
    return kept, f"{_counted(lost, 'character')} that XML does not allow" if lost else None


def _without_subset(text: str) -> tuple[str, str | None]:
    """Cut the internal DTD subset out: no entity is ever declared, so none can expand."""
    start = _PROLOG.match(text)
    prolog = text[: start.end()] if start else ""
    kept = prolog + _subsetless(text[len(prolog) :])
    # One that is not well-formed is no subset to XML, but feedparser still reads its entities.
    tag = _FIRST_TAG.search(kept)
    head = kept[: tag.start()] if tag else kept
    kept = _ENTITY_DECLARATION.sub("<!", head) + kept[len(head) :]
    return kept, "an internal DTD subset was left out" if len(kept) < len(text) else None


def _without_bad_references(text: str) -> tuple[str, str | None]:
    """Replace references to what is no character, as HTML does (HTML §13.2.5.80)."""
    # Those that may stay are the many, and the same few over and over.
    if all(_referenced(*each) is None for each in set(_REFERENCE.findall(text))):
        return text, None
    replaced = 0

    def character(match: re.Match[str]) -> str:
        nonlocal replaced
        kept = _referenced(match.group(1) or "", match.group(2) or "")
        replaced += kept is not None
        return match.group() if kept is None else kept

    text = _REFERENCE.sub(character, text)
    return text, f"{_counted(replaced, 'reference')} to no character" if replaced else None


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _referenced(hexadecimal: str, decimal: str) -> str | None:
    """Return what a reference must become, or None if it may stay as it is."""
    digits = (hexadecimal or decimal).lstrip("0")
    if not 0 < len(digits) <= len(str(sys.maxunicode)):
        return "\ufffd"
    point = int(digits, 16 if hexadecimal else 10)
    if point > sys.maxunicode or 0xD800 <= point <= 0xDFFF:  # noqa: PLR2004 -- the surrogates
        return "\ufffd"
    return None if only_xml_characters(chr(point)) else ""


def _describe(document: bytes, text: str) -> str:
    """Say what a document is that is no feed, in words for the operator."""
    for magic, name in _MAGIC:
        if document.startswith(magic):
            return name
    if "\0" in text[:_LATE]:
        return "binary data"
    if text[0] in "{[":
        return "JSON, but not a JSON Feed"
    found = _FIRST_TAG.search(text)
    root = found.group(1).lower() if found else ""
    if text[:_LATE].lower().lstrip().startswith("<!doctype html") or root in _HTML_ROOTS:
        title = _TITLE.search(text)
        named = html_to_plain(title.group(1)) if title else ""
        return f"an HTML page titled “{named}”" if named else "an HTML page"
    if text[0] == "<" and found:
        return _KNOWN_ROOTS.get(root, f"an XML document of <{one_line(root)[:_MOST_EXAMPLE]}>")
    return f"text that begins with “{one_line(text[: _MOST_EXAMPLE * 4])[:_MOST_EXAMPLE]}”"
