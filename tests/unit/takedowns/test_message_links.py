"""Addresses as people and programs write them, and where wrapped ones lead."""

from urllib.parse import quote

import pytest

from feedmirror.takedowns.mails.message import Link, Part
from feedmirror.takedowns.mails.reading_mail import read_message


def links(text: str, kind: str = "plain") -> tuple[Link, ...]:
    return read_message(f"Content-Type: text/{kind}; charset=utf-8\n\n{text}".encode()).links


def strong(text: str) -> list[str]:
    return [link.address for link in links(text) if not link.weak]


def weak(text: str) -> list[str]:
    return [link.address.removeprefix("https://") for link in links(text) if link.weak]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("see https://example.com/a", ["https://example.com/a"]),
        ("https://example.com/a.", ["https://example.com/a"]),
        ("https://example.com/a, https://example.com/b;", ["https://example.com/a", "https://example.com/b"]),
        ("is it https://example.com/a?b=1&c=2#d?!", ["https://example.com/a?b=1&c=2#d"]),
        ("(https://example.com/a)", ["https://example.com/a"]),
        ("(see https://example.com/a_(b))", ["https://example.com/a_(b)"]),
        ("(https://example.com/a).Next", ["https://example.com/a"]),
        ("<https://example.com/a>", ["https://example.com/a"]),
        ("<https://example.com/a/\nb/\nc>", ["https://example.com/a/b/c"]),
        ("https://example.com/a/\nb", ["https://example.com/a/"]),
        ("[my text](https://example.com/a)", ["https://example.com/a"]),
        ("[https://example.com/a](https://example.com/a)", ["https://example.com/a"]),
        ("**https://example.com/a**", ["https://example.com/a"]),
        ("_https://example.com/a_", ["https://example.com/a"]),
        ("https://example.com/a_", ["https://example.com/a_"]),
        ('"https://example.com/a"', ["https://example.com/a"]),
        ("“https://example.com/a”", ["https://example.com/a"]),
        ("«https://example.com/a»", ["https://example.com/a"]),
        ("'https://example.com/a'", ["https://example.com/a"]),
        ("https://example.com/a’s text", ["https://example.com/a"]),
        ("`https://example.com/a`", ["https://example.com/a"]),
        ("|https://example.com/a|b|", ["https://example.com/a"]),
        ("「https://example.com/a」です", ["https://example.com/a"]),
        ("(https://example.com/a)です。", ["https://example.com/a"]),
        ("https://example.com/a。次", ["https://example.com/a"]),
        ("见https://example.com/a,", ["https://example.com/a"]),
        ("https://example.com/ahttps://example.com/b", ["https://example.com/a", "https://example.com/b"]),
        ("https://example.com/a,https://example.com/b", ["https://example.com/a", "https://example.com/b"]),
        ("https://web.archive.org/web/2020/https://example.com/", ["https://web.archive.org/web/2020/https://example.com/"]),
        ("https://example.com/?u=https://example.org/", ["https://example.com/?u=https://example.org/"]),
        ("HTTPS://Example.com/A", ["https://Example.com/A"]),
        ("hxxps://example.com/a", ["https://example.com/a"]),
        ("hxxp://example[.]com/a", ["http://example.com/a"]),
        ("hXXps[:]//example[.]com/a", ["https://example.com/a"]),
        ("https://example.com/문서/a", ["https://example.com/문서/a"]),
        ("https://bücher.example/ä", ["https://bücher.example/ä"]),
        ("https://example.com/a\u200b", ["https://example.com/a"]),
        ("https://example.com/very/long…", []),
        ("https://example.com/a…b", []),
        ("https://example.com/a...", ["https://example.com/a"]),
        ("URL:https://example.com/a", ["https://example.com/a"]),
        ("https://user@example.com:8080/a", ["https://user@example.com:8080/a"]),
        ("http://localhost:8080/a", ["http://localhost:8080/a"]),
        ("http://[2001:db8::1]/a", ["http://[2001:db8::1]/a"]),
        ("https://", []),
        ("https:// example.com", []),
        ("https://\\evil", []),
        ("ftp://example.com/a", []),
        ("https://" + "a" * 3000 + ".example/", []),
    ],
)  # fmt: skip
def test_an_address_is_found_without_what_surrounds_it(text: str, addresses: list[str]) -> None:
    assert strong(text) == addresses


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("example.com/a", ["example.com/a"]),
        ("remove example.com/a, please", ["example.com/a"]),
        ("(www.example.com)", ["www.example.com"]),
        ("everything from example.com!", ["example.com"]),
        ("blog.example.co.uk is mine", ["blog.example.co.uk"]),
        ("example[.]com/a", ["example.com/a"]),
        ("https is off: example.com/?q=a", ["example.com/?q=a"]),
        ("site:example.com", ["example.com"]),
        ("medium.com/@ann/a", ["medium.com/@ann/a"]),
        ("münchen.example", ["münchen.example"]),
        ("tout sur exemple.fr svp", ["exemple.fr"]),
        ("alles von beispiel.de bitte", ["beispiel.de"]),
        ("mi.blog.es entero", ["mi.blog.es"]),
        ("beispiel.de", ["beispiel.de"]),
        ("ann@example.com", []),
        ("ann.example@example.com", []),
        ("mailto:ann@example.com", []),
        ("see notes.txt, page.html and main.c", []),
        ("our readme.md and script.py were copied", []),
        ("remove it.is it gone", []),
        ("Take it down.Thanks", []),
        ("the page.It is mine", []),
        ("so it ends.Info follows", []),
        ("e.g. and i.e. and etc.", []),
        ("1.2.3 and 10.5/20", []),
        ("and/or", []),
        ("...", []),
        ("a..example.com", []),
        ("version 2.0", []),
    ],
)  # fmt: skip
def test_without_a_scheme_only_what_must_be_an_address_is_one(
    text: str, addresses: list[str]
) -> None:
    assert weak(text) == addresses
    assert strong(text) == []


def test_the_subject_names_addresses_too() -> None:
    found = read_message(b"Subject: Remove https://example.com/a\n\nthanks").links

    assert found == (Link("https://example.com/a", Part.SUBJECT),)


def safelink(address: str) -> str:
    return f"https://eur02.safelinks.protection.outlook.com/?url={address}&data=05%7C01&reserved=0"


@pytest.mark.parametrize(
    ("wrapped", "address"),
    [
        (safelink("https%3A%2F%2Fexample.com%2Fa%3Fb%3D1"), "https://example.com/a?b=1"),
        (
            "https://urldefense.proofpoint.com/v2/url?u=https-3A__www.example.com_a-2Db_c-3Fd-3D1&d=DwMF",
            "https://www.example.com/a-b/c?d=1",
        ),
        ("https://urldefense.com/v3/__https://example.com/a__;!!AbC!xyz$", "https://example.com/a"),
        ("https://urldefense.com/v3/__https:/example.com/a__;!!AbC!xyz$", "https://example.com/a"),
        # "*" is one character of "#": base64 Iw.
        ("https://urldefense.com/v3/__https://example.com/a*b__;Iw!!AbC$", "https://example.com/a#b"),
        # "**A" is a run of two characters, "äö": base64 w6TDtg.
        ("https://urldefense.com/v3/__https://example.com/**A__;w6TDtg!!AbC$", "https://example.com/äö"),
        ("https://urldefense.proofpoint.com/v1/url?u=https%3A//example.com/a&k=x", "https://example.com/a"),
        ("https://www.google.com/url?q=https://example.com/a&sa=D", "https://example.com/a"),
        ("https://www.google.de/url?sa=t&url=https%3A%2F%2Fexample.com%2Fa", "https://example.com/a"),
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.com%2Fa&h=x", "https://example.com/a"),
        (safelink("https%3A%2F%2Fwww.google.com%2Furl%3Fq%3Dhttps%3A%2F%2Fexample.com%2Fa"), "https://example.com/a"),
    ],
)  # fmt: skip
def test_a_wrapped_address_is_the_one_that_it_leads_to(wrapped: str, address: str) -> None:
    assert links(f"See {wrapped} please") == (Link(address),)
    assert links(f'<a href="{wrapped.replace("&", "&amp;")}">x</a>', "html") == (Link(address),)


@pytest.mark.parametrize(
    "address",
    [
        safelink("javascript%3Aalert(1)"),
        "https://eur02.safelinks.protection.outlook.com/?data=1",
        "https://urldefense.com/v3/__nothing",
        "https://urldefense.com/v3/__https://a*b__;%%%!x",
        "https://www.google.com/search?q=https://example.com/a",
        "https://example.com/url?q=https://example.org/a",
        "https://www.google.com.evil.example/url?q=https://example.org/a",
        "https://www.google.com/url?" + "a=b&" * 60 + "q=https://example.com/a",
        "https://safelinks.protection.outlook.com.evil.example/?url=https%3A%2F%2Fexample.com",
    ],
)
def test_what_is_no_known_wrapper_stays_as_it_is(address: str) -> None:
    assert links(address) == (Link(address),)


def test_wrappers_are_opened_three_deep_and_no_deeper() -> None:
    wrapped = ["https://example.com/"]
    for _ in range(4):
        wrapped.append("https://www.google.com/url?q=" + quote(wrapped[-1], safe=""))

    assert links(wrapped[3]) == (Link("https://example.com/"),)
    assert links(wrapped[4]) == (Link(wrapped[1]),)


@pytest.mark.parametrize(
    "address",
    ["https://bit.ly/3abc", "https://t.co/abc", "http://tinyurl.com/x", "https://lnkd.in/x"],
)
def test_a_shortened_address_is_said_to_be(address: str) -> None:
    assert links(address) == (Link(address, shortened=True),)


def test_the_front_page_of_a_shortener_is_an_address() -> None:
    assert links("https://bit.ly/") == (Link("https://bit.ly/"),)


@pytest.mark.parametrize(
    ("markup", "link"),
    [
        ("<a href='https://example.com/a'>my page</a>", Link("https://example.com/a")),
        ("<a href=https://example.com/a>x</a>", Link("https://example.com/a")),
        ('<A HREF="https://example.com/?a=1&amp;b=2">x</A>', Link("https://example.com/?a=1&b=2")),
        ('<a href="https://example.com/a">https://example.com/a</a>', Link("https://example.com/a")),
        ('<a href="https://example.com/a">https://www.example.com/a/</a>', Link("https://example.com/a")),
        (
            '<a href="https://evil.example/a">https://example.com/a</a>',
            Link("https://evil.example/a", shown="https://example.com/a"),
        ),
        (
            '<a href="https://evil.example/a">see example.com/a now</a>',
            Link("https://evil.example/a", shown="see example.com/a now"),
        ),
        ('<a href="https://example.com/a/b">example.com/a</a>', Link("https://example.com/a/b")),
        ('<a href="http://example.com/">example.com</a>', Link("http://example.com/", weak=True)),
        ('<a href="http://example.com/a">example.com/a</a>', Link("http://example.com/a")),
        (
            f'<a href="{safelink("https%3A%2F%2Fexample.com%2Fa")}">https://example.com/a</a>',
            Link("https://example.com/a"),
        ),
        ('<a href="https://example.com/a"><img src="https://example.com/i.png"></a>', Link("https://example.com/a")),
        ('<a href=" https://example.com/a\n/b ">x</a>', Link("https://example.com/a/b")),
    ],
)  # fmt: skip
def test_a_link_in_html_counts_by_where_it_leads(markup: str, link: Link) -> None:
    assert links(f"<p>Remove {markup} please</p>", "html") == (link,)


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "mailto:ann@example.com", "#top", "/a", "", "data:text/html,x"]
)
def test_a_link_that_is_no_web_address_is_none(href: str) -> None:
    assert links(f'<p><a href="{href}">words</a></p>', "html") == ()


def test_an_address_written_in_html_text_is_found() -> None:
    assert links("<p>Remove https://example.com/?a=1&amp;b=2</p>", "html") == (
        Link("https://example.com/?a=1&b=2"),
    )


def test_the_same_address_in_two_parts_stands_in_both() -> None:
    found = links("https://example.com/a\n> https://example.com/a\n")

    assert [link.part for link in found] == [Part.NEW, Part.QUOTED]
