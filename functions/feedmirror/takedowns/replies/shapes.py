"""What may stand in a mail of ours: a wall that keeps out whatever is not ours to say."""

import re
from collections.abc import Iterable

from feedmirror.configuration import MirrorSettings

# Shapes that leave no room for a sentence.
PLACE = re.compile(r"(https?://)?[a-z0-9._:\[\]-]{1,255}(/[!-~]{0,2000})?")
HOST = re.compile(r"[a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\]")
TOKEN = re.compile(r"[a-z0-9=._-]{1,100}")
MAILBOX = re.compile(r"[a-z0-9._-]{1,64}@[a-z0-9.-]{1,255}")


def check_case(case: str) -> None:
    """Raise ValueError unless it is a case's id."""
    if not re.fullmatch(r"[a-z2-7]{16}", case):
        raise ValueError(f"a case's id has 16 characters of a to z and 2 to 7, unlike {case!r}")


def check_pages(addresses: Iterable[str], mirror: MirrorSettings) -> None:
    """Raise ValueError unless each is an address of our own site, as we write them."""
    for address in addresses:
        page = address.removeprefix(f"{mirror.site}/")
        if page == address or not re.fullmatch(r"[a-z0-9._:\[\]/-]{1,400}", page):
            raise ValueError(f"no page of {mirror.site}: {address!r}")


def check(shape: re.Pattern[str], texts: Iterable[str], what: str) -> None:
    """Raise ValueError unless each text has a shape."""
    for text in texts:
        if not shape.fullmatch(text):
            raise ValueError(f"expected {what}, not {text!r}")
