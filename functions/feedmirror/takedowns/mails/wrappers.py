"""Addresses that lead to another address: opened where it is written in them, never fetched."""

import re
from base64 import urlsafe_b64decode
from html import unescape
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from feedmirror.addresses import host_of, web_address

_NESTED = 3
_PARAMETERS = 50
# Where each redirector keeps the address: its hosts, its path, its parameters.
_REDIRECTORS = tuple(
    (re.compile(host), re.compile(path), parameters)
    for host, path, parameters in (
        (r".*\.safelinks\.protection\.(outlook\.com|office365\.us)", r"/?.*", ("url",)),
        (r"urldefense(\.proofpoint)?\.com", r"/v1/url", ("u",)),
        (r"(www\.)?google\.[a-z.]{2,6}", r"/url", ("q", "url")),
        (r"(l|lm)\.facebook\.com", r"/l\.php", ("u",)),
        (r"l\.(instagram|threads)\.(com|net)", r"/?", ("u",)),
        (r"(www\.)?youtube\.com", r"/redirect", ("q",)),
        (r"t\.umblr\.com", r"/redirect", ("z",)),
        (r"out\.reddit\.com", r"/.*", ("url",)),
        (r"slack-redir\.net", r"/link", ("url",)),
        (r"linkprotect\.cudasvc\.com", r"/url", ("a",)),
        (r"(www\.)?linkedin\.com", r"/(safety/go|redir/redirect)/?", ("url",)),
    )
)
_PROOFPOINT = re.compile(r"urldefense(?:\.proofpoint)?\.com|urldefense\.us")
_V3 = re.compile(r"/v3/__(?P<address>.{1,6000}?)__;(?P<characters>[\w=-]{0,6000})!", re.DOTALL)
_V3_TOKEN = re.compile(r"\*\*([A-Za-z0-9_-])|\*")
# "**A" stands for two characters, "**B" for three, and so on.
_V3_RUNS = {
    letter: count
    for count, letter in enumerate(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", start=2
    )
}
_ONE_SLASH = re.compile(r"(https?:/)(?!/)", re.IGNORECASE)
# Known to lead elsewhere without saying where.
_SHORTENERS = frozenset({
    "bit.ly", "bitly.com", "t.co", "tinyurl.com", "goo.gl", "ow.ly", "is.gd", "v.gd", "buff.ly",
    "lnkd.in", "cutt.ly", "rb.gy", "rebrand.ly", "shorturl.at", "tiny.cc", "t.ly", "dlvr.it",
    "ift.tt", "fb.me", "wp.me", "trib.al", "j.mp", "s.id", "adf.ly", "bl.ink", "soo.gd", "x.gd",
    "qr.ae", "flip.it",
})  # fmt: skip
_OPAQUE = re.compile(
    r"(?:protect|url)[\w-]{0,20}\.(?:m\.)?mimecast(?:protect)?\.com|app\.goo\.gl|search\.app"
    r"|share\.google|secure-web\.cisco\.com"
)


def unwrap(address: str) -> str:
    """Return where a redirector's address leads, if it says so; up to three deep."""
    for _ in range(_NESTED):
        inner = _inner(address)
        if inner is None:
            break
        address = inner
    return address


def is_shortened(address: str) -> bool:
    """Tell whether an address leads to a place that it does not name."""
    parts = _parts(address)
    if parts is None or len(parts.path) <= 1:
        return False
    host = host_of(address) or ""
    return host in _SHORTENERS or _OPAQUE.fullmatch(host) is not None


def _inner(address: str) -> str | None:
    parts = _parts(address)
    if parts is None:
        return None
    host = (parts.hostname or "").lower()
    if _PROOFPOINT.fullmatch(host):
        found = _proofpoint_v3(address) if parts.path.startswith("/v3/") else _proofpoint_v2(parts)
        if found:
            return web_address(found)
    named = (names for hosts, paths, names in _REDIRECTORS if _leads(hosts, paths, parts=parts))
    stated = _stated(parts, next(named, ()))
    return web_address(stated)


def _leads(hosts: re.Pattern[str], paths: re.Pattern[str], *, parts: SplitResult) -> bool:
    host = (parts.hostname or "").lower()
    return bool(hosts.fullmatch(host) and paths.fullmatch(parts.path))


def _stated(parts: SplitResult, names: tuple[str, ...]) -> str:
    """Return the first parameter of those names that holds anything."""
    if not names or parts.query.count("&") > _PARAMETERS:
        return ""
    pairs = parse_qsl(parts.query.replace("&amp;", "&"))
    return next((value for name in names for key, value in pairs if key == name), "")


def _proofpoint_v2(parts: SplitResult) -> str:
    if not parts.path.startswith("/v2/url"):
        return ""
    written = _stated(parts, ("u",)).translate(str.maketrans("-_", "%/"))
    return unescape(unquote(written))


def _proofpoint_v3(address: str) -> str:
    """Return what version 3 keeps: stars stand for characters that are listed behind it."""
    found = _V3.search(address)
    if found is None:
        return ""
    try:
        listed = urlsafe_b64decode(found["characters"].rstrip("=") + "==").decode()
    except ValueError:
        return ""
    taken = 0

    def replaced(token: re.Match[str]) -> str:
        nonlocal taken
        count = _V3_RUNS[token[1]] if token[1] else 1
        run = listed[taken : taken + count]
        taken += count
        return run

    return _V3_TOKEN.sub(replaced, _ONE_SLASH.sub(r"\1/", found["address"]))


def _parts(address: str) -> SplitResult | None:
    try:
        return urlsplit(address)
    except ValueError:
        return None
