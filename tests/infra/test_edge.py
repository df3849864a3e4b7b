"""What the two functions at the edge answer."""

import pytest

from edge import CODE, answered, asked
from stack_template import resources


@pytest.mark.parametrize(
    ("uri", "key"),
    [
        ("/", "/index.html"),
        ("/news.example.com/", "/news.example.com/index.html"),
        ("/news.example.com/abc/", "/news.example.com/abc/index.html"),
        ("/news.example.com/2026-11/", "/news.example.com/2026-11/index.html"),
        ("/feed.xml", "/feed.xml"),
        ("/news.example.com/feed.json", "/news.example.com/feed.json"),
        ("/style.css", "/style.css"),
        ("/404.html", "/404.html"),
    ],
)
def test_a_folder_is_its_index(uri: str, key: str) -> None:
    assert asked(uri)["uri"] == key


@pytest.mark.parametrize(
    "uri", ["/news.example.com", "/news.example.com/abc", "/xn--bcher-kva.example/2026-11"]
)
def test_a_folder_without_its_slash_is_sent_to_it(uri: str) -> None:
    answer = asked(uri)

    assert answer["statusCode"] == 301
    assert answer["headers"] == {"location": {"value": f"{uri}/"}}


@pytest.mark.parametrize(
    "uri", ["//evil.example", "/\\evil.example", "/%5cevil.example", "//evil.example/a", "/a//b"]
)
def test_nobody_is_sent_to_another_host(uri: str) -> None:
    assert asked(uri)["uri"] == uri


PAGE = {
    "etag": '"e"',
    "last_modified": "Sun, 22 Nov 2026 12:00:00 GMT",
    "content_type": "text/html",
}


def test_an_item_is_shown_as_it_is() -> None:
    answer = answered(200, cache_control="public, max-age=60", **PAGE)

    assert answer["statusCode"] == 200
    assert answer["headers"]["etag"] == {"value": '"e"'}
    assert answer["headers"]["cache-control"] == {"value": "public, max-age=60"}


@pytest.mark.parametrize(
    ("said", "description"), [("410", "Gone"), ("451", "Unavailable For Legal Reasons")]
)
@pytest.mark.parametrize("status", [200, 206])
def test_a_tombstone_is_gone_and_is_never_confirmed(
    said: str, description: str, status: int
) -> None:
    """RFC 9110 §15.5.11, RFC 7725 §3; without a validator no 304 can stand for the status."""
    answer = answered(status, x_amz_meta_status=said, **PAGE)

    assert (answer["statusCode"], answer["statusDescription"]) == (int(said), description)
    assert answer["headers"] == {
        "content-type": {"value": "text/html"},
        "cache-control": {"value": "public, max-age=60"},
    }


def test_a_missing_page_stays_one() -> None:
    answer = answered(404, content_type="text/html")

    assert (answer["statusCode"], answer["headers"]["content-type"]) == (
        404,
        {"value": "text/html"},
    )


@pytest.mark.parametrize("status", [304, 404, 503])
def test_only_what_the_origin_has_is_turned_into_gone(status: int) -> None:
    assert answered(status, x_amz_meta_status="410")["statusCode"] == status


@pytest.mark.parametrize("said", ["200", "500", "abc", "", "410 ", "constructor", "__proto__"])
def test_a_status_that_is_not_ours_is_nothing(said: str) -> None:
    assert answered(200, x_amz_meta_status=said)["statusCode"] == 200


def test_what_a_record_says_of_itself_is_not_shown_to_visitors() -> None:
    answer = answered(200, x_amz_meta_status="410", x_amz_meta_case="c", x_amz_meta_host="h")

    assert [name for name in answer["headers"] if name.startswith("x-amz-")] == []


@pytest.mark.parametrize("name", CODE)
def test_the_edge_takes_it(name: str) -> None:
    """CloudFront Developer Guide, "Restrictions on CloudFront Functions": 10 KB."""
    assert len(CODE[name].encode()) < 10_000
    assert resources("AWS::CloudFront::Function")[name]["FunctionConfig"]["Runtime"] == (
        "cloudfront-js-2.0"
    )
