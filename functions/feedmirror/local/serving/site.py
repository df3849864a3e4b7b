"""The site as its readers get it: what the CDN does in front of the site bucket, done here.

The rules are those of ``infra/template.yaml``: its two functions at the edge, its headers and its
page for what is missing. A test asks both the same questions.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import unquote

from feedmirror.layout import INDEX
from feedmirror.ports.object_store import ObjectStore, StoredObject
from feedmirror.publishing.policy import policy_for

# As the template says; but a server without TLS must not send HSTS (RFC 6797 §7.2).
SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        f"{policy_for(images=True)}; frame-ancestors 'none'; sandbox allow-downloads allow-popups"
        " allow-popups-to-escape-sandbox allow-same-origin"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
_MISSING = "404.html"
_GONE = {"410": HTTPStatus.GONE, "451": HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS}
_GONE_CACHE = "public, max-age=60"
_FILE = re.compile(r"\.(html|xml|json|css|txt|ico)\Z")
_PLAIN = re.compile(r"(/[A-Za-z0-9._-]+)+")  # never //elsewhere, which is another host
_TAG = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: a status, headers by name, and a body."""

    status: HTTPStatus
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def answer_of(site: ObjectStore, path: str, *, known: str | None = None) -> Answer:
    """Answer a request for a path as it was sent, without its query.

    ``known`` is what the reader has, as ``If-None-Match`` says. Raises StoreUnavailableError.
    """
    if not path.endswith("/") and _PLAIN.fullmatch(path) and not _FILE.search(path):
        return _secured(HTTPStatus.MOVED_PERMANENTLY, {"Location": f"{path}/"})
    found = _get(site, path + INDEX if path.endswith("/") else path)
    if found is None:
        return _missing(site)
    gone = _GONE.get(found.content.metadata.get("status", ""))
    if gone is not None:  # no validator: no 304 may stand for it
        headers = {"Content-Type": found.content.content_type, "Cache-Control": _GONE_CACHE}
        return _secured(gone, headers, found.content.body)
    headers = {**_described(found), "ETag": found.etag}
    if known is not None and _has(known, found.etag):
        del headers["Content-Type"]
        return _secured(HTTPStatus.NOT_MODIFIED, headers)
    return _secured(HTTPStatus.OK, headers, found.content.body)


def _get(site: ObjectStore, path: str) -> StoredObject | None:
    with suppress(ValueError):  # no key of S3's
        return site.get(unquote(path.removeprefix("/"), errors="strict"))
    return None


def _missing(site: ObjectStore) -> Answer:
    page = site.get(_MISSING)
    if page is None:
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        return _secured(HTTPStatus.NOT_FOUND, headers, b"There is no such page.\n")
    return _secured(HTTPStatus.NOT_FOUND, _described(page), page.content.body)


def _described(found: StoredObject) -> dict[str, str]:
    cache = found.content.cache_control
    return {
        "Content-Type": found.content.content_type,
        **({"Cache-Control": cache} if cache else {}),
    }


def _has(known: str, etag: str) -> bool:
    """Tell whether a reader has this version; tags are compared weakly (RFC 9110 §13.1.2)."""
    return known.strip() == "*" or etag in _tags(known)


def _tags(known: str) -> Iterator[str]:
    return (match[1] for match in _TAG.finditer(known))


def _secured(status: HTTPStatus, headers: Mapping[str, str], body: bytes = b"") -> Answer:
    return Answer(status, {**headers, **SECURITY_HEADERS}, body)
