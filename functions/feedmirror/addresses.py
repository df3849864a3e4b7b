"""Addresses, compared: which two spellings name the same host, the same page, the same work.

One normaliser serves the mirror and the takedowns, so that what one stores the other finds.
Hosts follow RFC 5891 (A-labels), addresses RFC 3986 §6.2; the tracking parameters are those that
campaigns and share buttons add. Everything here is pure text: nothing is resolved or fetched.
"""

import hashlib
import ipaddress
import re
from base64 import b32encode
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urljoin, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_TRACKING = re.compile(
    r"(utm_.+|mtm_.+|pk_.+|hsa_.+|mc_[ce]id|[gy]clid|fbclid|dclid|msclkid|igshid|twclid|ttclid"
    r"|_hsenc|_hsmi|mkt_tok|cmpid|ocid|ref_src|spm|yclid|wt_mc|xtor|at_(medium|campaign|custom\d+)"
    r"|source=rss|feature=rss|partner=rss.*)$",
    re.IGNORECASE,
)
_PRINT_OR_AMP = {"amp", "print", "outputtype", "printable"}
_DEFAULT_DOCUMENT = re.compile(r"/(index|default)\.(html?|php|aspx?|jsp)$", re.IGNORECASE)
_AMP_PATH = re.compile(r"(/amp|\.amp(?=\.html?$)|/print)/?$|\.amp(?=\.html?$)", re.IGNORECASE)
_LONGEST = 8192  # characters: what servers accept at the most, and more than any page has
_MOST_FOLDERS = 32
_HASHED = 20  # bytes of which 26 letters of base32 say the first 130 bits
_BACKSLASH = re.compile(r"[^?#]*\\")  # which some read as a slash, as long as there may be one
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_SAFE = "!$&'()*+,;=:@/~-._"
# What is written like this means itself, resolved against anything, if its host is one.
_PLAIN = re.compile(
    r"""https?://([a-z0-9.-]+)/[!"$-:<->@-\[\]-~]*(?:\?[!"$-\[\]-~]+)?(?:#[!-\[\]-~]+)?"""
)
_remembered = lru_cache(maxsize=4096)  # a feed names few hosts, and each address many times
_lately = lru_cache(maxsize=512)  # an item's own address is asked for a few times, and may be long


def digest(*parts: str) -> str:
    """Return 26 characters of lower-case base32: 130 bits of SHA-256 over the parts, in order.

    A NUL separates the parts, so no two lists of parts meet in one text.
    """
    hashed = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
    return b32encode(hashed[:_HASHED])[:26].decode("ascii").lower()


def resolve(base: str, reference: str) -> str:
    """Resolve a reference against a base (RFC 3986 §5); what cannot be is returned bare."""
    bare = reference.strip()
    if _PLAIN.fullmatch(bare):
        return bare
    try:
        return urljoin(base, bare)
    except ValueError:
        return bare


def web_address(text: str | None) -> str | None:
    """Return the text, its spaces escaped, if it is an absolute http(s) address, else None."""
    stated = text or ""
    plain = _PLAIN.fullmatch(stated)
    if plain and len(stated) <= _LONGEST:
        return stated if _host_named(plain[1]) else None
    parts = _split(stated)
    return None if parts is None else parts.geturl()


@_remembered
def host_of(address: str) -> str | None:
    """Return the host of an http(s) address in the mirror's form, or None if it has none.

    The form (design §3.1): A-label, lower case, no port, no trailing dot, and no leading ``www.``
    where an organisational domain remains.
    """
    parts = _split(address)
    return None if parts is None else _host(parts)


def same_origin(one: str, other: str) -> bool:
    """Tell whether two web addresses are of one scheme, host and port (RFC 6454)."""
    if one == other:
        return _split(one) is not None
    parts = _split(one), _split(other)
    origins = {
        (each.scheme, (each.hostname or "").lower(), each.port or _DEFAULT_PORTS[each.scheme])
        for each in parts
        if each is not None
    }
    return all(parts) and len(origins) == 1


@_remembered
def parents(host: str) -> tuple[str, ...]:
    """Return the host and every parent of it, up to and including its organisational domain."""
    organisation = organisational_domain(host)
    if organisation is None:
        return (host,)
    chain = [host]
    while chain[-1] != organisation and "." in chain[-1]:
        chain.append(chain[-1].partition(".")[2])
    return tuple(chain)


@_remembered
def organisational_domain(host: str) -> str | None:
    """Return the registrable domain by the Public Suffix List with its private section, or None."""
    if _is_ip(host) or "." not in host:
        return None
    domain: str | None = _suffixes().privatesuffix(host)
    return domain


@_remembered
def surt(host: str) -> str:
    """Return the host with its labels reversed, closed by ``)``: one prefix lists a domain."""
    if _is_ip(host):
        return f"{host.strip('[]')})"
    return ",".join(reversed(host.split("."))) + ")"


@_lately
def canonical_link(address: str) -> str | None:
    """Return what identifies an entry's link, or None if it is no web address.

    Scheme, ``www.``, default port, tracking parameters and the spelling of escapes do not count;
    path, query and fragment do.
    """
    parts = _split(address)
    if parts is None:
        return None
    text = _host_and_port(parts) + _path(parts.path)
    query = _query(parts.query)
    return text + (f"?{query}" if query else "") + (f"#{parts.fragment}" if parts.fragment else "")


@_lately
def coarse_address(address: str) -> str | None:
    """Return the coarser form that suppression compares, or None if it is no web address.

    Beside what :func:`canonical_link` leaves out: fragment, order of parameters, AMP and print
    variants, default documents and trailing slashes.
    """
    parts = _split(address)
    if parts is None:
        return None
    path = _AMP_PATH.sub("", _DEFAULT_DOCUMENT.sub("/", _path(parts.path))).rstrip("/")
    pairs = sorted(
        (name, value)
        for name, value in parse_qsl(_query(parts.query), keep_blank_values=True)
        if name.lower() not in _PRINT_OR_AMP
    )
    return _host_and_port(parts) + path + (f"?{urlencode(pairs)}" if pairs else "")


def path_prefixes(address: str) -> tuple[str, ...]:
    """Return every folder above an address, coarsely: ``host/``, ``host/a/``, ``host/a/b/``."""
    coarse = coarse_address(address)
    if coarse is None:
        return ()
    head, *folders = coarse.partition("?")[0].split("/")
    prefixes = [f"{head}/"]
    for folder in folders[:_MOST_FOLDERS]:
        prefixes.append(f"{prefixes[-1]}{folder}/")
    return tuple(prefixes)


@_remembered
def _split(address: str) -> SplitResult | None:
    if len(address) > _LONGEST:
        return None
    text = address.strip().replace(" ", "%20").encode("utf-8", "replace").decode()
    if _CONTROL.search(text) or _BACKSLASH.match(text):
        return None
    try:
        parts = urlsplit(text)
        usable = parts.scheme in _DEFAULT_PORTS and parts.hostname and (parts.port or 1)
        return parts if usable and _host(parts) else None
    except (ValueError, UnicodeError):
        return None


def _a_label(name: str) -> str:
    """Encode one host by IDNA; raises UnicodeError where it is no host name."""
    # RFC 3490 §3.1 knows three more full stops, which become one only here.
    return name.rstrip(".").encode("idna").decode("ascii").lower().rstrip(".")


def _host(parts: SplitResult) -> str | None:
    return _host_named(parts.hostname or "")


@_remembered
def _host_named(name: str) -> str | None:
    if _is_ip(name):
        return ipaddress.ip_address(name.strip("[]")).compressed
    try:
        host = _a_label(unquote(name))
    except UnicodeError:
        return None
    if not re.fullmatch(r"[a-z0-9_.-]+", host) or ".." in host:
        return None
    while (bare := host.removeprefix("www.")) != host and organisational_domain(bare):
        host = bare
    return host


def _host_and_port(parts: SplitResult) -> str:
    port = "" if parts.port in {None, *_DEFAULT_PORTS.values()} else f":{parts.port}"
    return f"{_host(parts)}{port}"


def _path(path: str) -> str:
    """Escape one way only: unreserved characters bare, everything else percent-encoded."""
    bare = _without_dots(unquote(path, errors="surrogateescape"))
    return quote(bare, safe=_SAFE, errors="surrogateescape") or "/"


def _without_dots(path: str) -> str:
    """Remove dot segments (RFC 3986 §5.2.4)."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[max(len(kept) - 1, 1) :]
        elif segment != ".":
            kept.append(segment)
    return "/".join([*kept, ""] if path.endswith(("/.", "/..")) else kept)


def _query(query: str) -> str:
    return "&".join(
        pair
        for pair in query.split("&")
        if pair and not _TRACKING.match(pair) and not _TRACKING.match(pair.partition("=")[0])
    )


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


@cache
def _suffixes():  # type: ignore[no-untyped-def]  # noqa: ANN202 -- the package ships no types
    from publicsuffixlist import (  # noqa: PLC0415 -- 20 ms, only where it is asked
        PSLFILE,
        PublicSuffixList,
    )

    lines = Path(PSLFILE).read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("//")]
    # Encoded by IDNA here are the few that need it; the package would have all ten thousand.
    encoded = [rule.encode("idna").decode() for rule in rules if not rule.isascii()]
    return PublicSuffixList([*rules, *encoded], accept_encoded_idn=False)
