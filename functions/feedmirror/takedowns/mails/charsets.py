"""Bytes of any stated charset as text; nothing is refused, nothing but text comes out."""

import codecs
import re

# Python also knows codecs that are no charsets, and "punycode" and "idna" cost the square of
# their input.
_CHARSET = re.compile(
    r"(?:ascii|utf-?(?:7|8|16|32)|iso8859|iso2022|latin|cp\d|koi8|gb|big5|euc|shift_jis|hz"
    r"|johab|mac-|tis|ptcp|kz)"
)
_LONGEST_NAME = 40
# Labels that say less than what is meant (WHATWG Encoding, "4.2 Names and labels").
_MEANT = {"ascii": "cp1252", "iso8859-1": "cp1252", "latin-1": "cp1252"}
_BREAKS = dict.fromkeys(map(ord, "\r\x0b\x0c\x85\u2028\u2029"), "\n")
_INVISIBLE = dict.fromkeys(
    (
        *map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff\x7f\ufffe\uffff"),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *(code for code in range(32) if chr(code) not in "\t\n\r"),
        *(code for code in range(0x80, 0xA0) if chr(code) != "\x85"),
        *range(0xD800, 0xE000),  # UTF-7 can state half a pair, which no text can be written with
    )
)
_CLEANED = _INVISIBLE | _BREAKS


def decoded(body: bytes, charset: str = "") -> str:
    """Decode by the stated charset, else as UTF-8, else as Latin-1; what cannot be is replaced."""
    codec = _codec(charset)
    for attempt in dict.fromkeys(["utf-8" if codec in {"", "cp1252"} else codec, "utf-8"]):
        text = _strictly(body, attempt)
        if text is not None:
            return text
    # The text may have been cut within a character, or hold one bad byte of thousands.
    return body.decode(codec or "latin-1", "replace")


def clean(text: str) -> str:
    """Return a text with plain line breaks, and without characters that nobody sees."""
    return text.replace("\r\n", "\n").translate(_CLEANED)


def _codec(charset: str) -> str:
    if not charset or len(charset) > _LONGEST_NAME:
        return ""
    try:
        name = codecs.lookup(charset.strip()).name
    except (LookupError, ValueError):
        return ""
    return _MEANT.get(name, name) if _CHARSET.match(name) else ""


def _strictly(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except ValueError:  # UnicodeDecodeError among them
        return None
