"""A text as sentences of words: folded for comparing, kept as written for quoting."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from feedmirror.suppression import fold

LINK, MAILBOX = "<link>", "<mailbox>"
_LONGEST = 200_000  # characters, long addresses among them
_MOST_WORDS = 6_000  # more than a person reads
_MOST_TOKENS = 150  # of a sentence
_SHORT_LINE = 45  # a shorter line was ended by hand, a longer one by the mail program
_HOST = r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}"
_WEB = r"(?:h(?:tt|xx)ps?://|www\.)[^\s<>\"]{1,4096}"
_MAILBOX = r"[\w.+-]{1,128}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
_TOKEN = re.compile(
    rf"(?P<web>{_WEB})|(?P<mailbox>{_MAILBOX})|(?P<host>\b{_HOST}\b(?:/[^\s<>\"]{{0,4096}})?)"
    r"|(?P<word>[^\W_]+)|(?P<break>[,;:()\[\]\"«»„“”]|\s[-\u2013\u2014]+\s)",
    re.IGNORECASE,
)
_ALONE = re.compile(rf"\s*[<(]?(?:{_WEB}|{_HOST}(?:/\S{{0,4096}})?)[>)]?\s*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[!?…])\s+|(?<=\w\w\.)\s+(?=[^\W\d])")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l"})
_WORD = re.compile(r"[^\W_]+")
_FILE_TYPES = frozenset(
    ("png", "jpg", "jpeg", "gif", "heic", "webp", "pdf", "doc", "docx", "csv", "txt", "zip", "html")
)
_AFTER_ADDRESS = ".,;:!?)]}'\u2019\u00bb\u201d"


@dataclass(frozen=True, slots=True)
class Token:
    """A word, an address, or a break within a sentence.

    ``key`` is what phrases compare: the word without case and accents, ``<link>``, ``<mailbox>``,
    or nothing for a break. ``text`` is as written.
    """

    key: str
    text: str

    @property
    def is_break(self) -> bool:
        """Whether it stands between clauses."""
        return not self.key


Sentence = tuple[Token, ...]


def plain_word(word: str) -> str:
    """Return a word as phrases compare it: folded, without accents."""
    decomposed = unicodedata.normalize("NFKD", fold(word).translate(_LIGATURES))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def sentences(text: str) -> tuple[tuple[Sentence, ...], bool]:
    """Return the sentences of a text, and whether all of it was read."""
    found: list[Sentence] = []
    room = _MOST_WORDS
    for passage in _passages(text[:_LONGEST]):
        for piece in _SENTENCE_END.split(passage):
            for tokens in _batches(piece):
                room -= len(tokens)
                if room < 0:
                    return tuple(found), False
                found.append(tokens)
    return tuple(found), len(text) <= _LONGEST


def _batches(piece: str) -> Iterator[Sentence]:
    """Yield a sentence, in parts where it is longer than any that is written."""
    tokens = _tokens(piece)
    while batch := tuple(islice(tokens, _MOST_TOKENS)):
        yield batch


def _passages(text: str) -> Iterator[str]:
    """Join the lines that a mail program broke; an address on a line of its own joins too."""
    lines = text.splitlines() or [""]
    passage = ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        passage = f"{passage} {line.strip()}"
        if not line.strip() or _ends_by_hand(line, following):
            yield passage
            passage = ""
    yield passage


def _ends_by_hand(line: str, following: str) -> bool:
    if _ALONE.fullmatch(following):
        return False
    if _ALONE.fullmatch(line):
        return following.strip()[:1].isupper()
    return len(line) < _SHORT_LINE and not line.rstrip().endswith((",", ":"))


def _tokens(piece: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(piece):
        text = match.group()
        if match.lastgroup == "break":
            yield Token("", text)
        elif match.lastgroup == "mailbox":
            yield Token(MAILBOX, text)
        elif match.lastgroup == "web" or (match.lastgroup == "host" and _is_host(text)):
            address = text.rstrip(_AFTER_ADDRESS)
            yield Token(LINK, address)
            if address != text:
                yield Token("", text[len(address) :])
        else:
            yield from (Token(plain_word(word), word) for word in _WORD.findall(text))


def _is_host(text: str) -> bool:
    """Tell a host name from two sentences without a space, an abbreviation and a file's name."""
    *labels, last = text.partition("/")[0].split(".")
    glued = last[:1].isupper() and not last.isupper()
    return len(labels[-1]) > 1 and not glued and last.casefold() not in _FILE_TYPES
