"""What the addresses in a mail mean: our own pages, tags of our mailbox, other sites."""

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from feedmirror.addresses import canonical_link, host_of
from feedmirror.configuration import MirrorSettings
from feedmirror.takedowns.mails.message import Link, Part
from feedmirror.takedowns.notices.notice import Target, TargetKind

_ID = re.compile(r"[a-z2-7]{26}")
_CASE_TAG = re.compile(r"c\.([a-z2-7]{16})(?:\.([a-z2-7]{20}))?")
_SUBJECT = re.compile(r"\s*removal:\s*(\S{1,255})/([a-z2-7]{26})\s*", re.IGNORECASE)
REPLIED = re.compile(r"^\s*(re|aw|wg|fw|fwd|rv|res|enc|tr|sv)\s*:", re.IGNORECASE)
_CASE_IN_WORDS = re.compile(
    r"\b(?:case|vorgangs?|fall|caso|dossier|affaire|processo)\b"
    r"(?:\s{1,9}(?:number|nummer|n[uú]mero|num[eé]ro|no|nr|id|n[º°o]?)\b)?"
    r"[\s.,:;#º°(\[\"'*_-]{1,9}([a-z2-7]{16})(?![\w@])",
    re.IGNORECASE,
)
_MOST_READ = 20_000  # characters in which a case may be named
_OWN_FILES = frozenset({"index.html", "feed.xml", "feed.json"})
_OWN_FOLDERS = frozenset({"", "takedown", "removed"})
_FEED = re.compile(r"(^|[/=._-])(feeds?|rss2?|atom|feed\.json)([/._-]|\.xml|$)", re.IGNORECASE)
_MOST_TAGS = 50


def tags_of(addresses: Iterable[str], contact: str) -> tuple[str, ...]:
    """Return the plus-tags of those addresses that are our own mailbox, in order, once each."""
    own, _, domain = contact.casefold().rpartition("@")
    found = []
    for address in addresses:
        mailbox, _, at = address.strip().strip("<>").casefold().rpartition("@")
        name, plus, tag = mailbox.partition("+")
        if plus and tag and (name, at) == (own, domain):
            found.append(tag)
    return tuple(dict.fromkeys(found))[:_MOST_TAGS]


def tags_in(text: str, contact: str) -> tuple[str, ...]:
    """Return the plus-tags of our own mailbox wherever a text writes its address."""
    own, _, domain = contact.rpartition("@")
    written = re.compile(
        rf"(?<![\w.+-]){re.escape(own)}(?:\+|%2B)([a-z2-7.]{{1,64}})@{re.escape(domain)}",
        re.IGNORECASE,
    )
    return tuple(dict.fromkeys(tag.casefold() for tag in written.findall(text)))[:_MOST_TAGS]


def case_of(tags: Iterable[str]) -> tuple[str, str]:
    """Return the case and nonce of the first tag that has them, or nothing twice."""
    found = (_CASE_TAG.fullmatch(tag.casefold()) for tag in tags)
    match = next((match for match in found if match), None)
    return (match.group(1), match.group(2) or "") if match else ("", "")


def case_in_words(subject: str, text: str) -> str:
    """Return the case that the subject or else the text of a mail names, or nothing.

    It proves nothing: a nonce comes only in the tag of an address.
    """
    named = (_CASE_IN_WORDS.search(words[:_MOST_READ]) for words in (subject, text))
    return next((match.group(1).lower() for match in named if match), "")


def tagged_items(tags: Iterable[str], subject: str) -> tuple[Target, ...]:
    """Return the items that tags name; the host is known if our own subject names the same item."""
    named = item_in_subject(subject)
    items = (tag.casefold() for tag in tags if _ID.fullmatch(tag.casefold()))
    return tuple(
        named
        if named and named.value == item
        else Target(TargetKind.ITEM, item, part=Part.NEW.value)
        for item in items
    )


def item_in_subject(subject: str) -> Target | None:
    """Return the item that the subject of our own pages' links names, as ``Removal: host/id``."""
    match = _SUBJECT.fullmatch(subject)
    host = host_of(f"https://{match.group(1)}") if match else None
    if not match or not host:
        return None
    return Target(TargetKind.ITEM, match.group(2).lower(), host=host, part=Part.SUBJECT.value)


def target_of(link: Link, mirror: MirrorSettings) -> Target | None:
    """Return what an address names, or None if it names nothing that could be taken down."""
    host = host_of(link.address)
    if host is None:
        return None
    if link.shortened:
        return Target(TargetKind.SHORTENED, link.address, host=host, part=link.part.value)
    if is_own(link.address, mirror):
        return _own_target(link, mirror)
    if link.weak and is_root(link.address):
        return Target(TargetKind.HOST, host, host=host, part=link.part.value)
    return Target(TargetKind.ADDRESS, link.address, host=host, part=link.part.value)


def is_own(address: str, mirror: MirrorSettings) -> bool:
    """Whether an address lies on the mirror itself."""
    own, named = canonical_link(f"{mirror.site}/") or "", canonical_link(address) or ""
    return bool(own) and f"{named}/".startswith(own)


def is_root(address: str) -> bool:
    """Whether an address is that of a whole site: no path, no query."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.path in {"", "/", "/index.html", "/index.php"} and not parts.query


def is_feed(address: str) -> bool:
    """Whether an address looks like a feed's."""
    parts = urlsplit(address)
    return _FEED.search(f"{parts.path}?{parts.query}") is not None


def written_address(text: str) -> str:
    """Return an address as it is meant: with a scheme, and ``hxxp`` undone; or nothing."""
    schemed = re.sub(r"^hxxp", "http", text.strip("<>"), flags=re.IGNORECASE)
    if not re.match(r"https?://", schemed, re.IGNORECASE):
        schemed = f"https://{schemed}"
    return schemed if host_of(schemed) else ""


def _own_target(link: Link, mirror: MirrorSettings) -> Target | None:
    """Read our own layout (design §3.3): ``host/id/``, ``host/``, ``host/yyyy-mm/``."""
    path = unquote(urlsplit(link.address).path)
    inside = path.removeprefix(urlsplit(mirror.site).path.rstrip("/"))
    folders = [folder for folder in inside.split("/") if folder and folder not in _OWN_FILES]
    host = host_of(f"https://{folders[0]}") if folders and "." in folders[0] else None
    if host is None or folders[0] in _OWN_FOLDERS:
        return None
    if len(folders) > 1 and _ID.fullmatch(folders[1].lower()):
        return Target(TargetKind.ITEM, folders[1].lower(), host=host, part=link.part.value)
    return Target(TargetKind.HOST, host, host=host, part=link.part.value)
