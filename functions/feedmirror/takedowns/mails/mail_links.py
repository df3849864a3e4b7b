"""The addresses that a mail names, each with the part of the mail that it stands in."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from feedmirror.addresses import coarse_address, host_of, organisational_domain, web_address
from feedmirror.takedowns.mails.lines import Anchor, Line
from feedmirror.takedowns.mails.links import Found, addresses_in, is_weak_form
from feedmirror.takedowns.mails.message import Link, Part
from feedmirror.takedowns.mails.quoting import below_sign_off
from feedmirror.takedowns.mails.remarks import Remarks
from feedmirror.takedowns.mails.wrappers import is_shortened, unwrap

ADDRESSES = 1_000
_LONGEST_SHOWN = 500
# From what speaks for the sender to what does not.
_ORDER = (Part.NEW, Part.SUBJECT, Part.FORWARDED, Part.ATTACHED, Part.SIGNATURE, Part.QUOTED)
# Where people have profiles: below a sign-off these are theirs, and not what the mail is about.
_PROFILES = frozenset({
    "linkedin.com", "twitter.com", "x.com", "facebook.com", "instagram.com", "youtube.com",
    "tiktok.com", "t.me", "wa.me", "threads.net", "bsky.app", "mastodon.social", "xing.com",
    "pinterest.com", "github.com", "calendly.com", "aka.ms",
})  # fmt: skip
_CSV_CELL = re.compile(r'"((?:[^"]|"")*+)"|[^,;\t"]++')


@dataclass(slots=True)
class LinkCollector:
    """Collects the links of a whole mail, each address once a part, up to a thousand addresses."""

    remarks: Remarks
    found: dict[tuple[str, Part], Link] = field(default_factory=dict)
    addresses: set[str] = field(default_factory=set)

    @property
    def links(self) -> tuple[Link, ...]:
        """All that was added, in order."""
        return tuple(self.found.values())

    def add(self, links: Iterable[Link]) -> None:
        """Add links; above the cap only addresses that are known already."""
        for link in links:
            if link.address not in self.addresses and len(self.addresses) >= ADDRESSES:
                self.remarks.exceeds("addresses")
                continue
            self.addresses.add(link.address)
            self.found.setdefault((link.address, link.part), link)

    def add_text(self, text: str, part: Part) -> None:
        """Add the addresses in a text of one part."""
        self.add(links_of_lines([Line(line, line) for line in text.split("\n")], part))

    def add_attachment(self, text: str, media_type: str) -> None:
        """Add the addresses in an attachment's text, by what its type makes of them."""
        structured = not media_type.endswith(("/plain", "/csv"))
        text = text.replace("\\/", "/").replace("&amp;", "&") if structured else text
        for line in text.split("\n"):
            cells = _cells(line) if media_type == "text/csv" else (line,)
            found = (item for cell in cells for item in addresses_in(cell))
            kept = (item for item in found if not (item.weak and structured))
            self.add(_link(item, Part.ATTACHED) for item in kept)


def links_of_lines(lines: Iterable[Line], part: Part) -> Iterator[Link]:
    """Yield the links in lines that all belong to one part."""
    for line in lines:
        for anchor in line.anchors:
            yield from _anchored(anchor, part)
        for found in addresses_in(line.bare):
            yield _link(found, part)


def links_of(lines: Sequence[Line], parts: Sequence[Part]) -> list[Link]:
    """Return the links in lines, each address once a part.

    Below a sign-off an address is a signature, unless it is a page's and stands there alone, as
    phones share it.
    """
    found: dict[tuple[str, Part], Link] = {}
    addresses: set[str] = set()
    for line, part, signed in zip(lines, parts, below_sign_off(lines, parts), strict=True):
        shown = Part.SIGNATURE if signed and not _is_page_alone(line) else part
        for link in links_of_lines([line], shown):
            found.setdefault((link.address, link.part), link)
            addresses.add(link.address)
            if len(addresses) > ADDRESSES:
                return list(found.values())
    return list(found.values())


def agreed(versions: Sequence[Sequence[Link]]) -> Iterator[Link]:
    """Yield the links of a text that a mail holds in several versions (RFC 2046 §5.1.4).

    A page that two versions name speaks for the sender only if it does in both: one of them may
    have lost the marks of what is quoted.
    """
    best = [_best(version) for version in versions if version]
    given: set[str] = set()
    for version in versions:
        for link in version:
            key = _key(link)
            named = [parts[key] for parts in best if key in parts]
            if len(named) == 1:
                yield link
            elif key not in given:
                given.add(key)
                yield _strongest(versions, key, max(named, key=_ORDER.index))


def _best(links: Iterable[Link]) -> dict[str, Part]:
    best: dict[str, Part] = {}
    for link in links:
        known = best.get(_key(link), link.part)
        best[_key(link)] = min(known, link.part, key=_ORDER.index)
    return best


def _strongest(versions: Sequence[Sequence[Link]], key: str, part: Part) -> Link:
    """Return the one of several links to a page that says most, in the part that is agreed."""
    same = [link for version in versions for link in version if _key(link) == key]
    link = max(same, key=lambda link: (not link.weak, bool(link.shown)))
    return Link(link.address, part, link.shown, link.weak, link.shortened)


def _key(link: Link) -> str:
    return coarse_address(link.address) or link.address


def _link(found: Found, part: Part) -> Link:
    if found.weak:
        return Link(found.address, part, weak=True)
    address = unwrap(found.address)
    return Link(address, part, shortened=is_shortened(address))


def _anchored(anchor: Anchor, part: Part) -> Iterator[Link]:
    written = web_address(anchor.address)
    if written is None:
        return
    label = anchor.text[: _LONGEST_SHOWN * 2]
    if "/" not in label.rstrip("/") and is_weak_form(label, written):
        yield Link(written, part, weak=True)
        return
    address = unwrap(written)
    shown = label[:_LONGEST_SHOWN] if _misleads(label, written, address) else ""
    yield Link(address, part, shown, shortened=is_shortened(address))


def _misleads(label: str, written: str, address: str) -> bool:
    """Tell whether a link's text names another address than it leads to, or a part of it."""
    named = next(addresses_in(label), None)
    if named is None:
        return False
    shown = coarse_address(unwrap(named.address))
    leads = [coarse_address(written) or "", coarse_address(address) or ""]
    return shown is not None and not any(lead.startswith(shown.rstrip("/")) for lead in leads)


def _is_page_alone(line: Line) -> bool:
    if line.anchors:
        address = line.anchors[0].address if not line.bare.strip() and line.text else ""
    else:
        address = line.text.strip().strip("<>")
        address = address if "://" in address else f"https://{address}"
    host = host_of(address)
    if host is None or (organisational_domain(host) or host) in _PROFILES:
        return False
    return len(urlsplit(address).path) > 1 and not any(letter.isspace() for letter in address)


def _cells(line: str) -> Iterator[str]:
    for cell in _CSV_CELL.finditer(line):
        yield cell[1] if cell[1] is not None else cell[0]
