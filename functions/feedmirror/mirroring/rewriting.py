"""Sanitised markup, written again: addresses made whole, images made quiet, media made links.

What comes in is nh3's output, whose tags have one exact form and whose texts hold no ``<``; so it
can be read token by token, and whatever is not of that form is left out.
"""

import re
from dataclasses import dataclass, field
from html import escape, unescape

from feedmirror.addresses import host_of, resolve, web_address
from feedmirror.configuration import Images
from feedmirror.mirroring.allowlist import (
    FLOW,
    HOLDS_PARAGRAPHS,
    MAY_VANISH,
    MEDIA,
    RENAMED,
    SWITCHES,
    VALUES,
    VOID,
)

_TOKEN = re.compile(r'<(/?)([a-z0-9]+)((?: [^\s=>"]+="[^"]*")*)>|([^<]+)')
_ATTRIBUTE = re.compile(r'([^\s=>"]+)="([^"]*)"')
_BLANK = re.compile(r"(?:\s|&nbsp;)*")
_MAILTO = re.compile(r"mailto:[^\s<>\"'`\\@]+@[^\s<>\"'`\\@]+", re.IGNORECASE)
_SIZE = re.compile("[0-9]{1,4}")
_REL = ' rel="noopener nofollow"'
_LAZY = ' loading="lazy" referrerpolicy="no-referrer"'
_QUIET = re.compile(f"{_REL}|{_LAZY}")

# Images that count readers and show nothing.
_COUNTERS = re.compile(
    r"""//feeds\d*\.feedburner\.com/~ | //feedads\. | /~(r|ff|a|at|4)/
    |//(pixel|stats)\.(wp|wordpress)\.com/ | //feeds\.wordpress\.com/1\.0/
    |//([\w-]+\.)*feedsportal\.com/ | //tracking\.feedpress\. | //feedpress\.me/
    |//medium\.com/_/stat | //([\w-]+\.)*doubleclick\.net/ | //([\w-]+\.)*google-analytics\.com/
    |//([\w-]+\.)*googletagmanager\.com/ | //([\w-]+\.)*scorecardresearch\.com/
    |//([\w-]+\.)*quantserve\.com/ | //www\.facebook\.com/tr\b | //([\w-]+\.)*vgwort\.de/
    |//counter\.theconversation\.com/ | //blogger\.googleusercontent\.com/tracker/
    |//([\w-]+\.)*feedblitz\.com/_/ | republication-tracker | /stats?/[^?]*\.gif
    |/(blank|clear|count(er)?|ping|pixel|spacer|track(er|ing)?|transparent|1x1)\.(gif|png)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_UNSEEN = re.compile(r"display\s*:\s*none|(?<![\w-])(width|height)\s*:\s*[012]px", re.IGNORECASE)
_NO_SIZE = frozenset({"0", "1", "2", "0px", "1px", "2px"})
# Pictures of one character; without the site's own style sheet they would fill the page.
_EMOJI = re.compile(r"//s\.w\.org/images/core/emoji/|/twemoji/|/images/smilies/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """Where markup comes from, and what becomes of its images."""

    base_url: str
    images: Images
    _known: dict[str, str | None] = field(default_factory=dict, compare=False)

    def web(self, reference: str) -> str | None:
        """Return the absolute http(s) address of a reference, or None if it has none."""
        if reference not in self._known:
            whole = resolve(self.base_url, reference) if reference.strip() else ""
            self._known[reference] = web_address(whole)
        return self._known[reference]

    def link(self, reference: str) -> str | None:
        """Return where a link may lead: the web, or one mail address."""
        bare = reference.strip()
        if _MAILTO.fullmatch(bare):
            return f"mailto:{bare.partition(':')[2]}"
        return self.web(bare)

    def is_settled(self) -> bool:
        """Tell whether each address that was made so far is the one that it would become again."""
        made = [address for address in self._known.values() if address]
        return all(self.web(address) == address for address in made)


@dataclass(slots=True)
class _Open:
    """An element that has not ended; an empty name means that it is not written."""

    name: str
    start: int
    player: bool = False
    filled: bool = False
    linked: bool = False


@dataclass(slots=True)
class Writer:
    """Writes sanitised markup for a page, once."""

    page: Page
    _out: list[str] = field(default_factory=list)
    _open: list[_Open] = field(default_factory=list)
    _players: list[_Open] = field(default_factory=list)
    _links: int = 0
    _linked: set[str] = field(default_factory=set)

    def write(self, markup: str) -> str:
        """Return nh3's output in the mirror's own form."""
        for end, name, attributes, text in _TOKEN.findall(markup):
            if text:
                self._text(text)
            elif end:
                self._end()
            else:
                self._start(name, _values_in(attributes) if attributes else {})
        return "".join(self._out).strip()

    def _text(self, text: str) -> None:
        if not self._players:
            self._out.append(text)
            if self._open and not (self._open[-1].filled or _BLANK.fullmatch(text)):
                self._open[-1].filled = True

    def _append(self, text: str, *, filled: bool) -> None:
        self._out.append(text)
        if filled and self._open:
            self._open[-1].filled = True

    def _start(self, name: str, values: dict[str, str]) -> None:
        if name in MEDIA:
            self._media(name, values)
        elif self._players:
            self._enter("", name)
        elif name == "img":
            image = self._image(values)
            self._append(image, filled=bool(image))
        elif name == "a":
            self._link(values)
        else:
            written = RENAMED.get(name, name)
            self._append(f"<{written}{self._kept(values)}>", filled=name in {"hr", "col"})
            self._enter(written, name)

    def _enter(self, written: str, name: str) -> None:
        if name not in VOID:
            self._open.append(_Open(written, len(self._out) - 1))

    def _end(self) -> None:
        ended = self._open.pop()
        if ended.player:
            self._players.pop()
        self._links -= ended.name == "a"
        filled = ended.filled
        if ended.name and (filled or ended.name not in MAY_VANISH):
            self._out.append(f"</{ended.name}>")
            filled = True
        elif ended.name in FLOW:
            self._out[ended.start :] = [" "]
        elif ended.name:
            self._out[ended.start] = ""  # white space inside stays: it may be all there is in code
        if filled and self._open:
            self._open[-1].filled = True

    def _link(self, values: dict[str, str]) -> None:
        address = None if self._links else self.page.link(values.get("href", ""))
        if address is None:
            self._enter("", "a")
            return
        self._append(f"<a{_leading_to(address)}{self._kept(values)}>", filled=False)
        self._enter("a", "a")
        self._links += 1

    def _media(self, name: str, values: dict[str, str]) -> None:
        """Leave a link to what is embedded: one for a player, whatever the forms it offers."""
        player = self._players[-1] if self._players else None
        address = self.page.web(values.get("src") or values.get("data") or "")
        linked = bool(address) and not _is_counter(address or "", values)
        if address and linked and not (player and player.linked) and address not in self._linked:
            self._linked.add(address)
            self._append(self._media_link(address), filled=True)
        if player:
            player.linked = player.linked or linked
        self._enter("", name)
        if name in {"audio", "video"}:
            entered = self._open[-1]
            entered.player, entered.linked = True, linked
            self._players.append(entered)

    def _media_link(self, address: str) -> str:
        text = f"Embedded media: {host_of(address)}"
        if self._links:
            return f" {text} "
        link = f"<a{_leading_to(address)}>{text}</a>"
        alone = all(element.name in HOLDS_PARAGRAPHS for element in self._open if element.name)
        return f"<p>{link}</p>" if alone else f" {link} "

    def _image(self, values: dict[str, str]) -> str:
        address = self.page.web(values.get("src", "")) or ""
        if _is_counter(address, values):
            return ""
        alternative = " ".join(values.get("alt", "").split())
        text = escape(alternative, quote=False)
        if self.page.images is Images.NONE or not address or _EMOJI.search(address):
            return text
        if not address.startswith("https:"):
            text = text if "alt" in values else f"Image: {host_of(address)}"
            linked = text and not self._links
            return f"<a{_leading_to(address)}>{text}</a>" if linked else text
        sizes = "".join(
            f' {side}="{values[side]}"'
            for side in ("width", "height")
            if _SIZE.fullmatch(values.get(side, ""))
        )
        return (
            f'<img src="{escape(address)}" alt="{escape(alternative)}"{self._kept(values)}{sizes}'
            f"{_LAZY}>"
        )

    def _kept(self, values: dict[str, str]) -> str:
        """Return the attributes whose values say no more than they should, by name."""
        if not values:
            return ""
        kept = []
        for name in sorted(values):
            value: str | None = values[name]
            if name == "cite":
                value = self.page.web(values[name])
            elif name in SWITCHES:
                value = ""
            elif name not in VALUES or not VALUES[name].fullmatch(values[name]):
                value = None
            if value is not None:
                kept.append(f' {name}="{escape(value)}"')
        return "".join(kept)


def as_allowed(written: str) -> str:
    """Return what nh3 makes of what was written here, if it reads the very elements and texts.

    Where it does, it would be written again as it is: of the same tokens nothing vanishes, as all
    that could has, and attributes and addresses stay, if the page's are settled.
    """
    return _QUIET.sub("", written).replace("&#x27;", "'")


def _values_in(attributes: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(attributes)}


def _leading_to(address: str) -> str:
    return f' href="{escape(address)}"{_REL}'


def _is_counter(address: str, values: dict[str, str]) -> bool:
    return (
        values.get("width") in _NO_SIZE
        or values.get("height") in _NO_SIZE
        or bool(_UNSEEN.search(values.get("style", "")))
        or bool(_COUNTERS.search(address))
    )
