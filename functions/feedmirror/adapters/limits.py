"""What S3 refuses to store; the embedded store refuses the same, so that nothing differs later."""

import re
from dataclasses import replace
from functools import lru_cache

from feedmirror.ports.object_store import Content
from feedmirror.records import METADATA_LIMIT

KEY_LIMIT = 1024
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_TEXT = re.compile(r"([!-~]([ -~]*[!-~])?)?")


def check_key(key: str) -> None:
    """Raise ValueError for a key that S3 refuses (User Guide, "Naming Amazon S3 objects")."""
    length = len(key.encode())
    if not 0 < length <= KEY_LIMIT:
        raise ValueError(f"a key has 1 to {KEY_LIMIT} bytes of UTF-8, not {length}: {key[:80]!r}")


def acceptable(key: str, content: Content, *, replaces: str | None) -> Content:
    """Return the content as S3 keeps it, or raise ValueError for a put that S3 refuses.

    User metadata is limited by the sum of the bytes of its names and values, and its names are
    kept in lower case (User Guide, "Working with object metadata"). What is served as a header is
    printable ASCII without outer spaces, which metadata lose on their way (RFC 9110 §5.5). A
    ``replaces`` that some stores take as no condition at all is refused too.
    """
    check_key(key)
    if replaces is not None and replaces.strip() in {"", "*"}:
        raise ValueError(f"{replaces!r} is no ETag that {key!r} could have")
    metadata = {name.lower(): text.strip(" ") for name, text in content.metadata.items()}
    size = sum(len(name.encode()) + len(text.encode()) for name, text in metadata.items())
    if size > METADATA_LIMIT:
        raise ValueError(f"metadata of {key!r} has {size} bytes, more than {METADATA_LIMIT}")
    for name in metadata:
        if not _is_header_name(name):
            raise ValueError(f"metadata of {key!r}: {name!r} cannot be a header's name")
    headers = (("Content-Type", content.content_type), ("Cache-Control", content.cache_control))
    for name, text in (*metadata.items(), *headers):
        if text and not _HEADER_TEXT.fullmatch(text):
            raise ValueError(f"{name} of {key!r} cannot be a header's value: {text[:80]!r}")
    return content if metadata == content.metadata else replace(content, metadata=metadata)


@lru_cache(maxsize=64)  # of all that this software stores there are a dozen
def _is_header_name(name: str) -> bool:
    return _HEADER_NAME.fullmatch(name) is not None
