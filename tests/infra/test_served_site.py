"""What `serve` answers is what the CDN answers: the same objects, asked of both."""

from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import pytest

from edge import at_the_edge, request_of, response_of
from feedmirror.local.serving.site import SECURITY_HEADERS, Answer, answer_of
from feedmirror.ports.object_store import Content, StoredObject
from memory_store import MemoryStore
from stack_template import resources

Answered = tuple[int, dict[str, str], bytes]
MINUTE = "public, max-age=60"
HTML, ATOM = "text/html; charset=utf-8", "application/atom+xml; charset=utf-8"
OBJECTS = {
    "index.html": Content(b"front", HTML, MINUTE),
    "404.html": Content(b"missing", HTML, MINUTE),
    "feed.xml": Content(b"<feed/>", ATOM, MINUTE),
    "style.css": Content(b"a{}", "text/css; charset=utf-8", "public, max-age=3600"),
    "plain.txt": Content(b"no cache control", "text/plain; charset=utf-8"),
    "news.example/index.html": Content(b"host", HTML, MINUTE),
    "news.example/abc/index.html": Content(
        b"an item", HTML, MINUTE, {"record": "item", "host": "news.example"}
    ),
    "news.example/gone/index.html": Content(b"gone", HTML, MINUTE, {"status": "410", "case": "c"}),
    "news.example/legal/index.html": Content(b"legal", HTML, MINUTE, {"status": "451"}),
    "news.example/odd/index.html": Content(b"odd", HTML, MINUTE, {"status": "500"}),
    "\N{SNOWMAN} x.html": Content(b"snow", HTML, MINUTE),
}
PATHS = [
    "/", "/index.html", "/feed.xml", "/style.css", "/plain.txt", "/404.html", "/news.example",
    "/news.example/", "/news.example/abc", "/news.example/abc/", "/news.example/abc/index.html",
    "/news.example/gone/", "/news.example/gone", "/news.example/legal/", "/news.example/odd/",
    "/nowhere", "/nowhere/", "/nowhere.html", "//evil.example", "/\\evil.example", "/a//b",
    "/%5cevil.example", "/%e2%98%83%20x.html", "/%E2%98%83 x.html", "/news.example%2Fabc/",
    "/../index.html", "/news.example/../index.html", "/%00", "/%ff", "/x\ny", "/feed.xml/",
]  # fmt: skip


@pytest.fixture(scope="module")
def site() -> MemoryStore:
    store = MemoryStore()
    for key, content in OBJECTS.items():
        store.put(key, content, replaces=None)
    return store


@pytest.fixture(scope="module")
def by_the_cdn(site: MemoryStore) -> dict[str, Answered]:
    """Return what CloudFront answers: its functions about S3's answer, or the page for 404."""
    requests = at_the_edge("CompleteIndex", [request_of(path) for path in PATHS])
    answers: dict[str, Answered] = {}
    shown: dict[str, tuple[Content, dict[str, str]]] = {}
    for path, request in zip(PATHS, requests, strict=True):
        key = _decoded(request.get("uri", "/").removeprefix("/"))
        stored = site.get(key) if key else None
        if "statusCode" in request:
            found = {name: each["value"] for name, each in request["headers"].items()}
            answers[path] = (request["statusCode"], found, b"")
        elif stored is None:  # no function runs for an error of the origin
            page = OBJECTS["404.html"]
            headers = {"content-type": page.content_type, "cache-control": page.cache_control or ""}
            answers[path] = (404, headers, page.body)
        else:
            shown[path] = (stored.content, _by_s3(stored))
    events = [response_of(200, **headers) for _, headers in shown.values()]
    for path, answer in zip(shown, at_the_edge("GoneStatus", events), strict=True):
        found = {name: each["value"] for name, each in answer["headers"].items()}
        answers[path] = (answer["statusCode"], found, shown[path][0].body)
    return answers


def _by_s3(stored: StoredObject) -> dict[str, str]:
    content = stored.content
    headers = {"content_type": content.content_type, "etag": stored.etag}
    if content.cache_control:
        headers["cache_control"] = content.cache_control
    return headers | {f"x_amz_meta_{name}": text for name, text in content.metadata.items()}


def _decoded(key: str) -> str:
    """Return the key that S3 takes a path for."""
    try:
        return unquote(key, errors="strict")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("path", PATHS)
def test_each_path_is_answered_as_by_the_cdn(
    site: MemoryStore, by_the_cdn: dict[str, Answered], path: str
) -> None:
    answer = answer_of(site, path)

    ours = {name.lower(): value for name, value in answer.headers.items()}
    policy = {name.lower() for name in SECURITY_HEADERS}
    described = {name: value for name, value in ours.items() if name not in policy}
    assert (answer.status, described, answer.body) == by_the_cdn[path]


def test_the_headers_are_those_of_the_template_but_for_what_needs_tls() -> None:
    """RFC 6797 §7.2: no HSTS without TLS. Header names as CloudFront documents its policies."""
    (policy,) = resources("AWS::CloudFront::ResponseHeadersPolicy").values()
    stated: dict[str, Any] = policy["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]

    assert dict(SECURITY_HEADERS) == {
        "Content-Security-Policy": stated["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": stated["FrameOptions"]["FrameOption"],
        "Referrer-Policy": stated["ReferrerPolicy"]["ReferrerPolicy"],
    }
    assert set(stated) == {
        "ContentSecurityPolicy", "ContentTypeOptions", "FrameOptions", "ReferrerPolicy",
        "StrictTransportSecurity",
    }  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_headers(site: MemoryStore, path: str) -> None:
    assert SECURITY_HEADERS.items() <= answer_of(site, path).headers.items()


def confirmed(site: MemoryStore, path: str, known: str) -> Answer:
    return answer_of(site, path, known=known)


@pytest.mark.parametrize("form", ["{0}", "W/{0}", '"x", {0}', '"x",W/{0} , "y"', "*"])
def test_what_a_reader_has_is_confirmed_without_a_body(site: MemoryStore, form: str) -> None:
    """RFC 9110 §13.1.2, §15.4.5."""
    whole = answer_of(site, "/feed.xml")

    answer = confirmed(site, "/feed.xml", form.format(whole.headers["ETag"]))

    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["ETag"] == whole.headers["ETag"]
    assert answer.headers["Cache-Control"] == MINUTE


@pytest.mark.parametrize("known", ['"other"', "", "nonsense", '""'])
def test_what_a_reader_does_not_have_is_sent(site: MemoryStore, known: str) -> None:
    assert confirmed(site, "/feed.xml", known).status == HTTPStatus.OK


@pytest.mark.parametrize("path", ["/news.example/gone/", "/news.example/legal/"])
def test_a_tombstone_is_never_confirmed(site: MemoryStore, path: str) -> None:
    stored = site.get(f"{path.removeprefix('/')}index.html")
    assert stored is not None

    assert confirmed(site, path, "*").status in {410, 451}
    assert confirmed(site, path, stored.etag).status in {410, 451}


def test_a_site_that_has_no_pages_yet_says_so() -> None:
    assert answer_of(MemoryStore(), "/").status == HTTPStatus.NOT_FOUND
