"""One function decides what is covered; these are its cases (design §3.1, §4)."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_rule
from feedmirror.suppression import (
    RuleId,
    RuleUnreadableError,
    Scope,
    Subject,
    address_key,
    author_keys,
    covers_all_of,
    describe,
    domain_key,
    feed_key,
    find_suppression,
    fold,
    guid_key,
    host_key,
    item_key,
    keys_of_one_author,
    keys_of_one_item,
    likenesses,
    may_be_like,
    path_key,
    rule_from_json,
    rule_to_json,
    text_key,
)

FEED = "https://news.example.com/feed"


def a_subject() -> Subject:
    return describe(
        hosts=("news.example.com",),
        addresses=("https://shop.example.org/blog/post?id=1",),
        guid="https://news.example.com/?p=12",
        authors=(("Ann Æ", "Ann@news.example.com"),),
        feeds=(FEED,),
    )


COVERING = {
    "the address in another spelling": address_key("http://www.shop.example.org/blog/post/?id=1#x"),
    "the guid under another scheme and host": guid_key("news.example.com", "/?p=12"),
    "the guid taken for an address": address_key("http://news.example.com/?p=12"),
    "the author at the source host": next(iter(author_keys("news.example.com", name="ann  æ"))),
    "the author at the link's host": next(iter(author_keys("shop.example.org", name="ANN Æ"))),
    "the author by mail address": next(
        iter(author_keys("news.example.com", address="ann@NEWS.example.com"))
    ),
    "the feed": feed_key("http://www.news.example.com/feed/"),
    "a path above the link": path_key("shop.example.org/blog/"),
    "the source host": host_key("news.example.com"),
    "the link's host": host_key("shop.example.org"),
    "the domain above the source host": domain_key("example.com"),
    "the domain itself": domain_key("shop.example.org"),
}
SPARING = {
    "another item": address_key("https://shop.example.org/blog/post?id=2"),
    "the guid at another host": guid_key("example.net", "/?p=12"),
    "the author at another host": next(iter(author_keys("example.net", name="Ann Æ"))),
    "another author": next(iter(author_keys("news.example.com", name="Bob"))),
    "another feed": feed_key("https://news.example.com/comments/feed"),
    "a path with the same beginning": path_key("shop.example.org/blo/"),
    "the host above, exactly": host_key("example.com"),
    "a host below": host_key("a.news.example.com"),
    "another domain": domain_key("example.net"),
    "a public suffix": domain_key("com"),
}


@pytest.mark.parametrize("what", COVERING)
def test_a_rule_covers_an_item_by(what: str) -> None:
    rule = a_rule(COVERING[what])

    assert find_suppression(a_subject(), [rule]) is rule


@pytest.mark.parametrize("what", SPARING)
def test_a_rule_spares_an_item_for(what: str) -> None:
    assert find_suppression(a_subject(), [a_rule(SPARING[what])]) is None


def test_a_text_is_known_whatever_its_case_spacing_and_invisible_characters() -> None:
    assert text_key("news.example.com", "The  Text\u200b of\nit") == text_key(
        "news.example.com", "the text of it"
    )
    assert text_key("news.example.com", "the text of it") != text_key(
        "news.example.com", "the text of him"
    )


def test_no_rules_cover_nothing() -> None:
    assert find_suppression(a_subject(), []) is None


def test_the_first_rule_that_covers_is_the_one_returned() -> None:
    rules = [a_rule("none", id=RuleId("a")), a_rule(host_key("news.example.com"), id=RuleId("b"))]

    assert find_suppression(a_subject(), rules) is rules[1]


def test_nothing_of_a_subject_can_be_read() -> None:
    readable = ("example", "ann", "p=12", "blog")

    assert not [key for key in a_subject().keys if any(word in key for word in readable)]


def test_a_rule_is_read_back_as_it_was_written() -> None:
    rule = a_rule("k1", "k2", scope=Scope.AUTHOR)

    assert rule_from_json(rule_to_json(rule)) == rule


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"id": "x", "scope": "planet"}'])
def test_a_rule_that_is_not_understood_is_never_taken_for_none(body: bytes) -> None:
    with pytest.raises(RuleUnreadableError, match="schema 1"):
        rule_from_json(body)


def test_what_is_one_items_alone_covers_neither_its_author_nor_its_site() -> None:
    alone = keys_of_one_item(
        Subject(
            a_subject().keys
            | {item_key("news.example.com", "x"), text_key("news.example.com", "words")}
        )
    )

    assert address_key("https://shop.example.org/blog/post?id=1") in alone
    assert guid_key("news.example.com", "/?p=12") in alone
    assert item_key("news.example.com", "x") in alone
    assert text_key("news.example.com", "words") in alone
    assert {key.partition(":")[0] for key in alone} == {"address", "guid", "item", "text"}


def test_a_text_counts_at_its_own_host_only() -> None:
    assert text_key("news.example.com", "words") != text_key("example.net", "words")


def test_the_name_of_a_marker_tells_what_shares_a_guid_or_a_text() -> None:
    host = "news.example.com"
    guid, text = guid_key(host, "g1"), text_key(host, "words")
    name = "hash" + likenesses({guid, text, address_key("https://news.example.com/1")})

    assert may_be_like(name, {guid})
    assert may_be_like(name, {text, guid_key(host, "g2")})
    assert not may_be_like(name, {guid_key(host, "g2"), text_key(host, "other")})
    assert not may_be_like(name, {address_key("https://news.example.com/1")})
    many = likenesses(guid_key(host, str(number)) for number in range(40))
    assert may_be_like("hash" + many, {guid})


def test_one_author_is_told_from_several_by_hashes_alone() -> None:
    def known(*names: str) -> frozenset[str]:
        return describe(
            hosts={"example.com"},
            addresses=("https://blog.example.net/a",),
            guid=None,
            authors=((name, f"{name}@example.com") for name in names),
            feeds=("https://example.com/feed",),
        ).keys

    ann = author_keys("example.com", name="Ann") | author_keys("blog.example.net", name="Ann")
    assert keys_of_one_author(known("Ann")) == ann
    assert keys_of_one_author(known("Ann", "ANN")) == ann
    assert keys_of_one_author(known("Ann", "Bob")) == frozenset()
    assert keys_of_one_author(known()) == frozenset()


@pytest.mark.parametrize("scope", [Scope.HOST, Scope.DOMAIN, Scope.FEED, Scope.ITEM])
@pytest.mark.parametrize("of", ["example.com", "news.example.com", "github.io", "com"])
@pytest.mark.parametrize(
    "host", ["example.com", "news.example.com", "a.news.example.com", "me.github.io", "example.org"]
)
def test_a_rule_covers_all_of_a_host_only_if_it_covers_any_item_of_it(
    scope: Scope, of: str, host: str
) -> None:
    keys = {Scope.HOST: {host_key(of)}, Scope.DOMAIN: {domain_key(of)}}.get(scope, {"item:1"})
    rule = a_rule(*keys, scope=scope, host=of)
    subject = describe(hosts=[host], addresses=[], guid=None, authors=[], feeds=[])

    assert covers_all_of(rule, host) == (find_suppression(subject, [rule]) is not None)


def test_a_rule_without_its_own_hosts_key_covers_no_host() -> None:
    for scope in (Scope.HOST, Scope.DOMAIN):
        assert not covers_all_of(a_rule("item:1", scope=scope), "news.example.com")


@given(st.text() | st.text("aA ß\tﬁ\u00ad\u200b\u2003\u3000\ufeff"))
def test_a_text_is_folded_the_same_whether_or_not_it_is_looked_at_closely(text: str) -> None:
    unseen = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
    seen = re.sub(unseen, "", unicodedata.normalize("NFKC", text))

    assert fold(text) == " ".join(seen.casefold().split())


def test_what_is_not_seen_is_not_printable_so_that_it_is_looked_for() -> None:
    codes = (0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF)

    assert not any(map(str.isprintable, map(chr, codes)))
    assert [
        chr(c) for c in range(sys.maxunicode + 1) if chr(c).isspace() and chr(c).isprintable()
    ] == [" "]
