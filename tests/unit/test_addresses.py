"""Spellings that must meet, and spellings that must not (design §3.1, RFC 3986 §6.2)."""

import hashlib
from base64 import b32encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publicsuffixlist import PSLFILE, PublicSuffixList

from feedmirror.addresses import (
    canonical_link,
    coarse_address,
    digest,
    host_of,
    organisational_domain,
    parents,
    path_prefixes,
    surt,
    web_address,
)

SAME_LINK = [
    "https://example.com/a?id=7",
    "http://example.com/a?id=7",
    "https://www.example.com/a?id=7",
    "https://EXAMPLE.com:443/a?id=7",
    "https://example.com./a?id=7",
    "https://example.com/a?utm_source=rss&id=7&utm_medium=feed",
    "https://example.com/%61?id=7&fbclid=x",
]
SAME_COARSE = [
    "https://example.com/a/b?x=1&y=2",
    "http://www.example.com/a/b/?y=2&x=1#part",
    "https://example.com/a/b/amp/?x=1&y=2",
    "https://example.com/a/b/index.html?x=1&y=2&amp=1",
    "https://example.com/a/b/print?x=1&y=2",
]
NO_ADDRESS = [
    "",
    "a",
    "//example.com/",
    "/a",
    "ftp://example.com/",
    "javascript:alert(1)",
    "mailto:a@example.com",
    "http://",
    "http://exa mple.com/",
    "http://[::1",
    "http://example.com:99999/",
    "http://example.com\\@evil.example/",
    "http://example.com\t/",
    "http://a..b/",
    "http://" + "a" * 64 + ".com/",
]


@pytest.mark.parametrize("address", SAME_LINK)
def test_scheme_www_port_escapes_and_tracking_do_not_make_another_link(address: str) -> None:
    assert canonical_link(address) == "example.com/a?id=7"


@pytest.mark.parametrize("address", SAME_COARSE)
def test_suppression_looks_through_variants_of_an_address(address: str) -> None:
    assert coarse_address(address) == "example.com/a/b?x=1&y=2"


@pytest.mark.parametrize(
    "other",
    [
        "https://example.com/a?id=8",
        "https://example.com/A?id=7",
        "https://example.com/a/?id=7",
        "https://example.com/a?id=7#x",
        "https://news.example.com/a?id=7",
        "https://example.com:8443/a?id=7",
        "https://example.org/a?id=7",
    ],
)
def test_what_can_name_another_page_makes_another_link(other: str) -> None:
    assert canonical_link(other) not in {None, canonical_link(SAME_LINK[0])}


@pytest.mark.parametrize("text", NO_ADDRESS)
def test_what_is_no_web_address_is_none(text: str) -> None:
    assert web_address(text) is None
    assert host_of(text) is None
    assert canonical_link(text) is None
    assert coarse_address(text) is None
    assert path_prefixes(text) == ()


def test_half_a_character_is_replaced_not_raised() -> None:
    assert (
        coarse_address("https://a.example/\ud800") == "a.example/%3F"
        or coarse_address("https://a.example/\ud800") == "a.example"
    )
    assert canonical_link("https://a.example/x\udc80") is not None


def test_a_space_in_a_path_is_escaped_not_refused() -> None:
    assert web_address(" https://example.com/a b ") == "https://example.com/a%20b"


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://www.example.com/", "example.com"),
        ("https://example.com\u3002/", "example.com"),  # a full stop too (RFC 3490 §3.1)
        ("https://www.www.example.com/", "example.com"),  # a host's form stays as it is
        ("https://www.gov.uk/", "www.gov.uk"),  # gov.uk is a public suffix: www names the site
        ("https://www.github.io/", "www.github.io"),  # so is github.io, in the private section
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://BÜCHER.example/", "xn--bcher-kva.example"),
        ("http://192.0.2.1:8080/", "192.0.2.1"),
        ("http://[2001:DB8::1]/", "2001:db8::1"),
        ("https://user:secret@example.com/", "example.com"),
    ],
)
def test_a_host_has_one_form(address: str, host: str) -> None:
    assert host_of(address) == host


def test_every_name_is_cut_where_the_public_suffix_list_has_it_cut() -> None:
    listed = PublicSuffixList()
    lines = Path(PSLFILE).read_text("utf-8").splitlines()
    rules = [
        line.removeprefix("!").removeprefix("*.") for line in lines if not line.startswith("//")
    ]
    names = [rule.encode("idna").decode() for rule in rules if rule] + [
        rule for rule in rules if rule
    ]

    for name in (f"{more}{name}" for name in names for more in ("", "a.", "b.a.")):
        cut = listed.privatesuffix(name) if "." in name else None
        assert organisational_domain(name) == cut


def test_the_parents_of_a_host_end_at_its_organisational_domain() -> None:
    assert parents("a.b.example.co.uk") == ("a.b.example.co.uk", "b.example.co.uk", "example.co.uk")
    assert parents("me.github.io") == ("me.github.io",)
    assert parents("192.0.2.1") == ("192.0.2.1",)


def test_one_surt_prefix_lists_a_domain_and_no_neighbour() -> None:
    assert surt("news.example.com") == "com,example,news)"
    assert surt("news.example.com").startswith("com,example,")
    assert not surt("example.community").startswith("com,example)")


def test_an_address_lies_below_each_of_its_folders() -> None:
    prefixes = path_prefixes("https://www.example.com/blog/2026/x.html?page=2")

    assert prefixes == (
        "example.com/",
        "example.com/blog/",
        "example.com/blog/2026/",
        "example.com/blog/2026/x.html/",
    )


def test_no_two_lists_of_parts_have_one_digest() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert len(digest("x")) == 26


@given(st.lists(st.text()))
def test_a_digest_is_the_beginning_of_a_hash_in_base32(parts: list[str]) -> None:
    hashed = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()

    assert digest(*parts) == b32encode(hashed).decode()[:26].lower()
