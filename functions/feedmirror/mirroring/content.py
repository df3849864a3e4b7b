"""A publisher's markup, made safe to show: what it says is kept, what it could do is not.

Markup passes through an allowlist and is written again until nothing changes any more: what is
returned is what a browser reads, and cleaning it again changes nothing.
"""

import re
from functools import lru_cache
from html import escape, unescape

from feedmirror.characters import one_line
from feedmirror.configuration import Images
from feedmirror.mirroring.allowlist import FLOW, allowed, defuse, outline, visible
from feedmirror.mirroring.nesting import is_tangled
from feedmirror.mirroring.parsing import EXCERPT, Markup, Texts
from feedmirror.mirroring.rewriting import Page, Writer, as_allowed

LIMIT = 500_000
CUT_NOTE = "<p>[…] The rest is in the original.</p>"
_ROOM = 12_000  # for the end tags of what a cut leaves open, and the note
_PASSES = 8
_BARE_TAG = re.compile(r"<[^<>]*>")
_FLOW_TAG = re.compile(rf"</?(?:{'|'.join(sorted(FLOW))}|br)\b[^<>]*>", re.IGNORECASE)
_BEFORE_ELLIPSIS = " ,;:-\N{EN DASH}\N{EM DASH}"


def texts_of(markup: Markup) -> Texts:
    """Return what an entry's markup says. Never raises, whatever it is."""
    summary = plain_text(markup.summary, limit=EXCERPT) if markup.summary else None
    text, content = plain_text(markup.whole), ""
    if markup.shown:
        content = clean_content(markup.whole, base_url=markup.base_url, images=markup.images)
    return Texts(text, _shortened(text, EXCERPT) if summary is None else summary, content)


def clean_content(html: str, *, base_url: str, images: Images) -> str:
    """Return markup that is safe to show: allowlisted elements, attributes and schemes only.

    Relative addresses are resolved against ``base_url``. An image is shown from where it is, over
    https only: asking an http host for its https form may find nothing, and a page that is https
    does not load the other; so such an image becomes a link that says what it showed, unless it
    is decoration by its own account (an empty ``alt``). Embedded media become links. At most
    500,000 characters are returned; what is nested over 500 levels deep is returned as plain
    paragraphs. Never raises, whatever the text and the base.
    """
    page = Page(base_url, images)
    settled = _settle(html, page)
    if settled is None:
        settled = _settle(_paragraphs(html), page)
    return settled or ""


def plain_text(html: str, *, limit: int | None = None) -> str:
    """Return the text of markup in one line, cut at a word with "…" to at most ``limit``."""
    markup = _defused(html[:LIMIT])[:LIMIT]
    lines = markup if is_tangled(markup) else outline(markup)
    text = one_line(unescape(_BARE_TAG.sub(" ", lines)))
    return text if limit is None else _shortened(text, limit)


def _shortened(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    head = text[: max(limit - 1, 0)]
    if not text[len(head)].isspace():
        head = head.rpartition(" ")[0] or head
    return head.rstrip(_BEFORE_ELLIPSIS) + "…"


def _settle(markup: str, page: Page) -> str | None:
    """Clean until nothing changes; None if that takes too long, as only an attack does."""
    for number in range(_PASSES):
        if number and _stands(markup, page):
            return markup
        cleaned = _clean(markup, page)
        if cleaned == markup:
            return cleaned
        markup = cleaned
    return None


def _stands(written: str, page: Page) -> bool:
    """Tell whether what was written would be written again as it is, if that is plain to see."""
    whole = _defused(written)
    return (
        whole == written
        and len(whole) <= LIMIT
        and page.is_settled()
        and not is_tangled(whole)
        and allowed(whole) == as_allowed(written)
    )


def _clean(markup: str, page: Page) -> str:
    whole = _defused(markup)
    kept = _cut(whole)
    cleaned = _paragraphs(kept) if is_tangled(kept) else Writer(page).write(allowed(kept))
    return cleaned if kept == whole else cleaned + CUT_NOTE


@lru_cache(maxsize=1)  # an entry's text and its content are read from the same markup in turn
def _defused(markup: str) -> str:
    return defuse(visible(markup))


def _cut(markup: str) -> str:
    if len(markup) <= LIMIT:
        return markup
    end = LIMIT - _ROOM
    space = markup.rfind(" ", end - 1000, end)
    return markup[: end if space < 0 else space]


def _paragraphs(markup: str) -> str:
    """Return what markup says in plain paragraphs, told from its tags alone, without a parser."""
    lines = _BARE_TAG.sub("", _FLOW_TAG.sub("\n", markup.replace("\n", " "))).split("\n")
    texts = (" ".join(visible(unescape(line)).split()) for line in lines)
    return "".join(f"<p>{escape(text, quote=False)}</p>" for text in texts if text)
