"""HTML mail as lines: its text, its links, and what it marks as quoted or signature.

Read in one pass over its tags, without a tree, so neither depth nor broken markup costs more than
length. What mail programs mark is known by the names that they give it.
"""

import html
import re
from dataclasses import dataclass, field

from feedmirror.takedowns.mails.lines import LINES, Anchor, Line, unquoted
from feedmirror.takedowns.mails.remarks import Remarks

_DEPTH = 2_000
_NEAR = 50  # how far out of order an end tag may come
_ANCHORS = 5_000
_LONGEST_LINK = 8_192
_ATTRIBUTES = r"""(?:[\s/]++
    |[^\s/>][^\s/>=]*+
     (?:\s*+=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+|(?=>)|\Z))?+
    )*+"""
# HTML, "13.2.5 Tokenization". Every repetition is possessive and every end may be the document's,
# so the scan is linear.
_TOKEN = re.compile(
    rf"""<!--(?:-?>|.*?(?:--!?>|\Z))
    |<(?:[!?]|/(?![a-z]))[^>]*+(?:>|\Z)
    |<(?P<end>/?)(?P<name>[a-z][^\s/>]*+)(?P<attributes>{_ATTRIBUTES})(?:>|\Z)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE = re.compile(
    r"""\b(href|class|id|type|style)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"']++))""",
    re.IGNORECASE,
)
_ENDLESS_NUMBER = re.compile(r"&#x?[0-9a-f]{9,};?", re.IGNORECASE)
_UNSHOWN = frozenset({"script", "style", "title", "textarea", "template", "noscript"})
_UNSHOWN_END = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in _UNSHOWN}
_OWN_LINE = frozenset({
    "address", "article", "blockquote", "center", "dd", "div", "dl", "dt", "footer", "form", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section",
    "table", "tr", "ul",
})  # fmt: skip
_CELLS = frozenset({"td", "th"})
_CONTAINERS = (_OWN_LINE - {"hr", "p", "li", "dd", "dt"}) | {"span", "td"}
_QUOTED = re.compile(
    r"(?:^|[\s_])(?:yahoo_quoted|moz-cite-prefix|protonmail_quote|zmail_extra)(?=$|\s)"
)
_SIGNATURE = re.compile(
    r"(?:^|[\s_])(?:gmail_signature|moz-signature|protonmail_signature_block"
    r"|ms-outlook-mobile-signature|ms-outlook-ios-signature)(?=$|[\s-])"
)
_TAIL = re.compile(r"(?:^|[\s_])(?:divRplyFwdMsg|OutlookMessageHeader)(?=$|\s)")
_NOT_SHOWN = re.compile(r"display\s{0,3}:\s{0,3}none", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Mark:
    depth: int = 0
    signature: bool = False
    unseen: bool = False


@dataclass(slots=True)
class _Page:
    remarks: Remarks
    lines: list[Line] = field(default_factory=list)
    opened: list[tuple[str, _Mark]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)
    href: str | None = None
    label: list[str] = field(default_factory=list)
    tail: bool = False
    preformatted: int = 0
    linked: int = 0

    @property
    def mark(self) -> _Mark:
        return self.opened[-1][1] if self.opened else _Mark()


def html_lines(markup: str, remarks: Remarks) -> list[Line]:
    """Return the lines that a reader of the HTML sees."""
    page = _Page(remarks)
    at = 0
    while len(page.lines) < LINES:
        token = _TOKEN.search(markup, at)
        if token is None:
            _write(page, markup[at:])
            break
        _write(page, markup[at : token.start()])
        at = token.end()
        name = (token["name"] or "").lower()
        if token["end"]:
            _close(page, name)
        elif name:
            _open(page, name, token["attributes"])
            at = _past_unshown(markup, name, at)
    else:
        remarks.exceeds("lines")
    _end_anchor(page)
    _end_line(page)
    return page.lines[:LINES]


def _past_unshown(markup: str, name: str, at: int) -> int:
    if name not in _UNSHOWN:
        return at
    end = _UNSHOWN_END[name].search(markup, at)
    return end.start() if end else len(markup)


def _write(page: _Page, raw: str) -> None:
    if not raw or page.mark.unseen:
        return
    text = html.unescape(_ENDLESS_NUMBER.sub(" ", raw)).replace("\xa0", " ")
    if page.preformatted:
        first, *rest = text.split("\n")
        _add(page, first)
        for line in rest:
            _end_line(page)
            _add(page, line)
        return
    words = " ".join(text.split())
    before, after = text[:1].isspace(), text[-1:].isspace()
    _add(page, (" " if before else "") + words + (" " if after and words else ""))


def _add(page: _Page, text: str) -> None:
    page.text.append(text)
    if page.href is None:
        page.bare.append(text)
    else:
        page.label.append(text)
        page.bare.append(" ")


def _open(page: _Page, name: str, attributes: str) -> None:
    if name in _OWN_LINE or name == "br":
        empty = not page.text
        _end_line(page)
        if name == "p" or (name == "br" and empty):
            _blank_line(page)
    if name in _CELLS:
        _add(page, " ")
    if name == "a":
        _end_anchor(page)
        href = _attributes(attributes).get("href", "").strip()
        page.href = href if href.lower().startswith(("http:", "https:")) else None
    if name in _CONTAINERS and not attributes.endswith("/"):
        _enter(page, name, _attributes(attributes))


def _enter(page: _Page, name: str, stated: dict[str, str]) -> None:
    if len(page.opened) >= _DEPTH:
        page.remarks.exceeds("depth")
        return
    names = f"{stated.get('class', '')} {stated.get('id', '')}"
    outer = page.mark
    quoted = name == "blockquote" or _QUOTED.search(names) is not None
    page.tail = page.tail or _TAIL.search(names) is not None
    page.preformatted += name == "pre"
    mark = _Mark(
        outer.depth + quoted,
        outer.signature or _SIGNATURE.search(names) is not None,
        outer.unseen or _NOT_SHOWN.search(stated.get("style", "")) is not None,
    )
    page.opened.append((name, mark))


def _close(page: _Page, name: str) -> None:
    if name == "a":
        _end_anchor(page)
    if name in _OWN_LINE or name == "p":
        _end_line(page)
    if name == "p":
        _blank_line(page)
    if name in _CONTAINERS:
        near = [opened for opened, _ in page.opened[: -_NEAR - 1 : -1]]
        if name in near:
            ended = near[: near.index(name) + 1]
            page.preformatted -= ended.count("pre")
            del page.opened[-len(ended) :]


def _end_anchor(page: _Page) -> None:
    href, label = page.href, " ".join("".join(page.label).split())
    page.href, page.label = None, []
    if not href or page.mark.unseen:
        return
    page.linked += 1
    if page.linked > _ANCHORS or len(href) > _LONGEST_LINK:
        page.remarks.exceeds("addresses")
        return
    page.anchors.append(Anchor("".join(href.split()), label))


def _end_line(page: _Page) -> None:
    whole, bare, anchors = "".join(page.text), "".join(page.bare), tuple(page.anchors)
    page.text, page.bare, page.anchors = [], [], []
    if not page.preformatted:
        whole, bare = " ".join(whole.split()), " ".join(bare.split())
    mark = page.mark
    depth, text = unquoted(whole)
    if text or anchors or page.preformatted:
        line = Line(text, unquoted(bare)[1], mark.depth + depth, anchors, mark.signature, page.tail)
        page.lines.append(line)
        page.tail = False


def _blank_line(page: _Page) -> None:
    if page.lines and not page.lines[-1].blank:
        page.lines.append(Line("", "", page.mark.depth))


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for stated in _ATTRIBUTE.finditer(text):
        value = stated[2] or stated[3] or stated[4] or ""
        found.setdefault(stated[1].lower(), html.unescape(_ENDLESS_NUMBER.sub("", value)))
    return found
