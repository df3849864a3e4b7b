"""Addresses in a text, as people write them: bare, in brackets, run together, defanged.

A text is cut into words at what no address holds; within a word, every scheme begins an address.
So the cost is that of the length. Without a scheme only what has a known public suffix counts,
as the weaker class, and a bare host only where it cannot be a file or a missing space.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from feedmirror.addresses import web_address

_LONGEST = 2_048
_LONGEST_HOST = 253
_CUE_WIDTH = 40
# Blanks, quotation marks, and the closings of East Asian writing end an address.
_WORD = re.compile(r"[^\s<>\"`|\\^\u2014\u2018-\u201f\u00ab\u00bb\u2039\u203a\u2026\u3000-\u3002"
                   r"\u3008-\u3011\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\uff5e]+")  # fmt: skip
_SCHEME = re.compile(r"h(?:tt|xx|\*\*)ps?(?:://|\[:\]//|\[://\])", re.IGNORECASE)
# Before a scheme: it belongs to the address that it stands in (the last is Proofpoint's).
_WITHIN = ("/", "=", "?", "&", "%", ":", "#", "+", "@", "/v3/__")
_MARKS = (".", "://", "dot")  # no address is without one of these
_DEFANGED = re.compile(r"\[\.\]|\(\.\)|\[dot\]|\(dot\)", re.IGNORECASE)
_CLOSERS = {")": "(", "]": "[", "}": "{"}
_TRAILING = ".,;:!?'"
_LEADING = "([{'*_~\u00bf\u00a1-\u2013\u2022\u00b7+="
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_BARE = re.compile(r"[^/?#]+")
_LABELLED = re.compile(r"[^\W\d_]{1,30}:(?=[^\W\d_])")
# Suffixes that are also words or endings of file names: a bare host needs more to be one.
_WORDLIKE = frozenset({
    "it", "is", "in", "my", "no", "so", "to", "me", "at", "be", "am", "as", "do", "de", "es", "la",
    "na", "us", "we", "id", "im", "il", "co", "app", "zip", "mov", "md", "py", "rs", "sh", "pl",
    "cc", "ps", "ai", "st", "tf", "vi", "mk", "ml", "mo", "ms", "pm", "ph", "pub", "page", "doc",
    "top", "one", "new", "now", "how", "here", "name",
})  # fmt: skip
# What stands before a host that is meant as one.
_CUES = frozenset({
    "site", "website", "web", "blog", "domain", "host", "feed", "page", "url", "link", "from", "of",
    "on", "at", "under", "for", "with", "visit", "www", "von", "auf", "unter", "bei", "für",
    "seite", "webseite", "sitio", "dominio", "página", "pagina", "de", "del", "en", "desde", "sur",
    "du", "domaine", "domínio", "do", "da", "em", "no", "na",
})  # fmt: skip
# Top-level names kept for documentation and tests (RFC 2606).
_RESERVED = frozenset({"example", "test", "localhost", "invalid"})


@dataclass(frozen=True, slots=True)
class Found:
    """An address in a text; a weak one was written without the scheme that it has here."""

    address: str
    weak: bool = False


def addresses_in(text: str) -> Iterator[Found]:
    """Yield the addresses in one line of text, in order, repeats among them."""
    for word in _WORD.finditer(text):
        if not any(mark in word[0] for mark in _MARKS):
            continue
        starts = _starts(word[0])
        if starts:
            cut = text[word.end() : word.end() + 1] == "\u2026"
            yield from _schemed(word[0], starts, cut=cut)
        else:
            weak = _weak(
                word[0],
                before=text[max(0, word.start() - _CUE_WIDTH) : word.start()],
                after=text[word.end() : word.end() + _CUE_WIDTH],
            )
            address = web_address(f"https://{weak}") if weak else None
            if address:
                yield Found(address, weak=True)


def is_weak_form(shown: str, address: str) -> bool:
    """Tell whether a text is the address without its scheme: a program made a link of it."""
    bare = address.partition("://")[2].rstrip("/")
    return shown.rstrip("/").casefold() in {bare.casefold(), bare.removeprefix("www.").casefold()}


def _starts(word: str) -> list[int]:
    """Return where addresses begin in a word, not those that another one holds."""
    starts: list[int] = []
    for scheme in _SCHEME.finditer(word):
        at = scheme.start()
        if not starts or not word.endswith(_WITHIN, 0, at):
            starts.append(at)
    return starts


def _schemed(word: str, starts: list[int], *, cut: bool) -> Iterator[Found]:
    for start, end in zip(starts, [*starts[1:], len(word)], strict=True):
        if end - start > _LONGEST or (cut and end == len(word)):
            continue  # what is shown shortened names nothing
        before = word[start - 1 : start] if start else ""
        address = web_address(_plain(_trimmed(word[start:end], before)))
        if address:
            yield Found(address)


def _plain(address: str) -> str:
    """Return an address as it was before it was made unclickable."""
    scheme = _SCHEME.match(address)
    if scheme is None:
        return address
    secure = "s" if scheme[0].lower().rstrip(":/[]").endswith("s") else ""
    return f"http{secure}://" + _DEFANGED.sub(".", address[scheme.end() :])


def _trimmed(address: str, before: str) -> str:
    """Return an address without what belongs to the sentence that it stands in."""
    emphasis = before if before and before in "*_~" else ""
    text = address[: _unbalanced(address)]
    while text and (text[-1] in _TRAILING or text[-1] == emphasis):
        text = text[:-1]
    return text


def _unbalanced(text: str) -> int:
    """Return where the first bracket closes that does not open in the text."""
    opened = dict.fromkeys(_CLOSERS.values(), 0)
    for at, letter in enumerate(text):
        if letter in opened:
            opened[letter] += 1
        elif letter in _CLOSERS:
            opened[_CLOSERS[letter]] -= 1
            if opened[_CLOSERS[letter]] < 0:
                return at
    return len(text)


def _weak(word: str, *, before: str, after: str) -> str:
    if len(word) > _LONGEST or "://" in word:
        return ""
    text = _LABELLED.sub("", word.lstrip(_LEADING), count=1)
    lead = word[: len(word) - len(text)][-1:]
    text = _DEFANGED.sub(".", _trimmed(text, lead))
    bare = _BARE.match(text)
    if bare is None or not _is_host(bare[0].partition(":")[0]):
        return ""
    host = bare[0].partition(":")[0]
    if text[len(host) :].startswith("/") or host.lower().startswith("www."):
        return text
    return text if text == host and _is_bare_host(host, before, after) else ""


def _is_bare_host(host: str, before: str, after: str) -> bool:
    """Tell a host from a file name and from two sentences without a space between them."""
    labels = host.split(".")
    suffix = labels[-1]
    if suffix[0].isupper() and not host.isupper():
        return False
    if len(labels) == len(("name", "suffix")) and suffix.lower() in _WORDLIKE:
        alone = not before.strip() and not after.strip(" .,;:!?)")
        return alone or _is_cue(before.rstrip())
    return True


def _is_cue(before: str) -> bool:
    last = before.rsplit(" ", maxsplit=1)[-1].strip("\"'*_([<,.").casefold()
    return before.endswith((":", "(")) or last in _CUES


def _is_host(host: str) -> bool:
    labels = host.split(".")
    if len(labels) < len(("name", "suffix")) or len(host) > _LONGEST_HOST:
        return False
    return all(_LABEL.fullmatch(label) for label in labels) and _is_suffix(labels[-1].lower())


@lru_cache(maxsize=1024)
def _is_suffix(name: str) -> bool:
    if name in _RESERVED:
        return True
    try:
        label = name.encode("idna").decode("ascii")
    except UnicodeError:
        return False
    return _suffixes().publicsuffix(label, accept_unknown=False) is not None


@cache
def _suffixes():  # type: ignore[no-untyped-def]  # noqa: ANN202 -- the package ships no types
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 -- 35 ms, only where it is asked

    return PublicSuffixList()
