"""The values of header fields: texts, moments, message ids and mailboxes, each read guardedly.

None of it says who sent a mail: ``From`` is read elsewhere, strictly.
"""

import re
from datetime import UTC, datetime
from email.header import decode_header
from email.message import Message as Entity
from email.utils import parsedate_to_datetime

from feedmirror.takedowns.mails.charsets import clean, decoded

_ENCODED_WORDS = 200
_RECIPIENTS = 200
_REFERENCES = 100
_ID = re.compile(r"<([^<>\s]{1,500})>")
_MAILBOX = re.compile(r"[^\s<>,;:\"()\[\]@]{1,254}@[^\s<>,;:\"()\[\]@]{1,254}")
_LANGUAGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4})(?![A-Za-z0-9-])")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
# Tokens of an address list (RFC 5322 §3.4); an unclosed quote or comment reaches to the end.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)', re.DOTALL)


def decoded_text(value: str) -> str:
    """Return a text such as a subject as one line, its encoded words (RFC 2047) decoded."""
    if value.count("=?") > _ENCODED_WORDS:
        return _one_line(value)
    try:
        words = [_word(word, charset) for word, charset in decode_header(value)]
    except Exception:  # noqa: BLE001 -- the library raises whatever its parts raise
        return _one_line(value)
    return _one_line("".join(words))


def moment(value: str) -> datetime | None:
    """Return a date (RFC 5322 §3.3) with its zone, or None."""
    try:
        when = parsedate_to_datetime(value[:200])
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        when.astimezone(UTC)
    except Exception:  # noqa: BLE001 -- ValueError, OverflowError, TypeError, IndexError
        return None
    return when


def message_ids(*values: str) -> tuple[str, ...]:
    """Return the message ids in the values, without their angle brackets, each once.

    An answer names them in its header, so what nobody could see in one makes it none.
    """
    named = (name for value in values for name in _ID.findall(value))
    found = dict.fromkeys(name for name in named if name.isprintable())
    return tuple(found)[:_REFERENCES]


def mailboxes(*values: str) -> tuple[str, ...]:
    """Return the addresses of address lists, lower-case; no name or comment counts as one."""
    found: dict[str, None] = {}
    for value in values:
        for entry in _without_comments(_QUOTED.sub(" ", value)).split(","):
            _, opened, inside = entry.rpartition("<")
            named = _MAILBOX.fullmatch((inside.partition(">")[0] if opened else entry).strip(" ;"))
            if named and named[0].isprintable():
                found[named[0].lower()] = None
    return tuple(found)[:_RECIPIENTS]


def language(value: str) -> str:
    """Return the first language that ``Content-Language`` (RFC 3282) names."""
    found = _LANGUAGE.match(value)
    return found[1] if found else ""


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """Return what a Content-* field states, lower-case, and its parameters (RFC 2231)."""
    stated = value.partition(";")[0].strip().lower()
    entity = Entity()
    try:
        entity["Content-Type"] = _CONTROLS.sub(" ", value)
        pairs = entity.get_params(failobj=[])
        return stated, {name.lower(): _parameter(text) for name, text in pairs[1:]}
    except Exception:  # noqa: BLE001 -- the library raises whatever its parts raise
        return stated, {}


def _parameter(value: object) -> str:
    """Return a parameter's text; RFC 2231 makes it a triple of charset, language and text."""
    return str(value[2] if isinstance(value, tuple) else value).strip()


def _word(word: bytes | str, charset: str | None) -> str:
    if isinstance(word, str):
        return word
    # The parts that are not encoded come back as the bytes that they were made of.
    return decoded(word, charset) if charset else word.decode("raw-unicode-escape")


def _one_line(text: str) -> str:
    return " ".join(clean(_CONTROLS.sub(" ", text)).split())


def _without_comments(text: str) -> str:
    kept: list[str] = []
    depth = 0
    for piece in re.split(r"([()])", text):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth = max(depth - 1, 0)
        elif not depth:
            kept.append(piece)
    return "".join(kept)
