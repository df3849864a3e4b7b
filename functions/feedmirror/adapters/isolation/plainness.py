"""Whether text is such as our own readers make: all of them leave these characters out."""

import re

_NO_TEXT = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u202a-\u202e\ud800-\udfff\ufffe\uffff]")
_NO_LINE = re.compile("[\t\n\u2028\u2029]")


def can_be_written(text: str) -> bool:
    """Tell whether a text has a form in UTF-8: half a pair of surrogates has none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_text(text: str) -> bool:
    """Tell whether a text has no control in it but tabs and ends of lines, nor what turns words."""
    return text.isprintable() or not _NO_TEXT.search(text)


def is_line(text: str) -> bool:
    """Tell whether a text is that, in one line."""
    return text.isprintable() or not (_NO_TEXT.search(text) or _NO_LINE.search(text))
