"""Really Simple Licensing 1.0 (rslstandard.org/rsl): licences in feeds and in files of a host.

A ``content`` has one ``license`` or several, each an offer. RSL is written for automated uses; of
its words only ``all`` has what a mirror does among it, and ``search`` comes nearest to an excerpt
with a link. Prohibitions stand before permissions (§3.6).
"""

from xml.etree.ElementTree import Element

from feedmirror.mirroring.elements import name_of, read_tree, whole_text
from feedmirror.mirroring.path_rules import MOST_RULES, rule
from feedmirror.mirroring.terms_table import ROWS

_MOST_LICENCES = 20
_MOST_TEXT = 200_000  # characters of a document
_FREE = {"", "free", "attribution"}
# Whose use a licence is for: who is none of these cannot tell that it is for a mirror.
_USERS = {"commercial", "non-commercial"}


def content_signal(content: Element) -> str | None:
    """Return what the licences of one ``content`` come to: the best offer of them.

    None where it has none. One that prohibits all, whatever else is offered, is taken at its word.
    """
    licences = [child for child in content if _name(child) == "license"][:_MOST_LICENCES]
    found = [_licence(each) for each in licences]
    if "rsl-none" in found:
        return "rsl-none"
    return max(found, key=lambda signal: ROWS[signal].extent, default=None)


def read_rsl(text: str, address: str) -> tuple[str, ...]:
    """Return the rules of an RSL document for the host of an address (``path_rules``).

    A ``content`` of another host's address is not for this one to license. What is no RSL document
    has no rules, and neither has one with a document type: nothing of RSL needs one.
    """
    text = text[:_MOST_TEXT].lstrip("\ufeff \t\r\n")
    if "<!DOCTYPE" in text.upper() or not text.startswith("<"):
        return ()
    root, _ = read_tree(_without_declaration(text))
    if root is None or _name(root) != "rsl":
        return ()
    rules = (_rule(child, address) for child in root if _name(child) == "content")
    return tuple(found for found in rules if found)[:MOST_RULES]


def _without_declaration(text: str) -> str:
    """Leave out the XML declaration: what it says of the encoding is no longer true."""
    return text.partition("?>")[2] if text.startswith("<?xml") else text


def _rule(content: Element, address: str) -> str | None:
    signal = content_signal(content)
    where = content.get("url", "").strip() or "/"
    origin = "/".join(address.split("/")[:3])
    if where.startswith(origin):
        where = where.removeprefix(origin) or "/"
    return rule(where, signal) if signal else None


def _licence(licence: Element) -> str:
    permits, prohibits = _words(licence, "permits"), _words(licence, "prohibits")
    if "all" in prohibits["usage"]:
        return "rsl-none"
    paid = any(child.get("type", "") not in _FREE for child in licence if _name(child) == "payment")
    for_others = permits["user"] and not permits["user"] & _USERS
    if paid or for_others or permits["geo"] or any(_is_priced(child) for child in licence):
        return "rsl-paid"
    if not permits["usage"]:
        return "rsl-ai" if prohibits["usage"] else "rsl-free"
    return "rsl-free" if "all" in permits["usage"] else "rsl-some"


def _is_priced(child: Element) -> bool:
    """Tell whether a payment of no stated type has terms of its own."""
    stated = _name(child) == "payment" and not child.get("type")
    return stated and any(_name(term) in {"amount", "standard", "custom"} for term in child)


def _words(licence: Element, name: str) -> dict[str, set[str]]:
    """Return the words of ``permits`` or ``prohibits`` by their type; without one it is usage."""
    found: dict[str, set[str]] = {"usage": set(), "user": set(), "geo": set()}
    for child in licence:
        if _name(child) == name:
            words = whole_text(child).lower().replace(",", " ").split()
            found.setdefault(child.get("type", "usage"), set()).update(words)
    return found


def _name(element: Element) -> str:
    return name_of(element).removeprefix("rsl:")
