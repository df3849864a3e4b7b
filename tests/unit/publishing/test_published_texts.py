from datetime import UTC, datetime, timedelta, timezone
from time import monotonic

import pytest

from feedmirror.publishing import dates
from feedmirror.publishing.texts import (
    direction,
    legal,
    link,
    name_without_addresses,
    shown_language,
    timestamp,
    utc,
    without_addresses,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("https://a.example/x y", "https://a.example/x%20y"),
        ('https://a.example/"><img onerror=x>', "https://a.example/%22%3E%3Cimg%20onerror=x%3E"),
        ("https://a.example/100%", "https://a.example/100%25"),
        ("https://a.example/100%25", "https://a.example/100%25"),
        ("https://ann@mail.example:secret@a.example/", "https://a.example/"),
        ("https://a.example/übung?ß=\u0915\u093f", "https://a.example/übung?ß=\u0915\u093f"),
        ("https://a.example/\u00a0\u2028“", "https://a.example/%C2%A0%E2%80%A8%E2%80%9C"),
        ("https://a.example/[x]?[y]#[z]#", "https://a.example/%5Bx%5D?%5By%5D#%5Bz%5D%23"),
        ("https://bücher.example:8080/", "https://xn--bcher-kva.example:8080/"),
        ("https://[::1]:8080/x", "https://[::1]:8080/x"),
        ('https://[::1%"><img>]/', None),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("mailto:ann@mail.example", None),
        ("//a.example/x", None),
        ("/x", None),
        ("", None),
        (None, None),
    ],
)
def test_only_web_addresses_become_links_and_nothing_ends_their_attribute(
    text: str | None, expected: str | None
) -> None:
    assert link(text) == expected
    assert link(expected) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann@mail.example (Ann Author)", "Ann Author"),
        ("Ann Author <ann@mail.example>", "Ann Author"),
        ("ann@mail.example", ""),
        ("Ann Author", "Ann Author"),
        ("Ann (the author)", "Ann (the author)"),
        ("(Ann)", "(Ann)"),
        ("@ann@social.example", "@ann@social.example"),
        ("noreply@blogger.example (Ann)", "Ann"),
        ("Ann, mailto:ann@mail.example", "Ann"),
        ("Ann <MAILTO:ann@mail.example>", "Ann"),
        ("o'brien=x@mail.example", ""),
        ("“ann@mail.example”", ""),
        ("'ann@mail.example'", ""),
        ("Ann|ann@mail.example", "Ann"),
        ("Ann \u2013 ann@mail.example", "Ann"),
        ("连络ann@mail.example", ""),
        ("Notes:", "Notes:"),
        ("a@b@mail.example, Ann", "Ann"),
        ("x" * 80 + "@mail.example", ""),
        ("Ann @ home", "Ann @ home"),
        ("ann@localhost", "ann@localhost"),
    ],
)
def test_a_mail_address_is_no_part_of_a_name(text: str, expected: str) -> None:
    assert name_without_addresses(text) == expected


@pytest.mark.parametrize(
    "text", ["a@" * 50_000, "x" * 100_000, "a'" * 50_000, "@" * 100_000, "a@b-" * 30_000]
)
def test_looking_for_addresses_takes_no_longer_than_the_text_is_long(text: str) -> None:
    started = monotonic()

    name_without_addresses(text)

    assert monotonic() - started < 1


def test_a_known_address_leaves_a_statement_of_rights_and_the_rest_stays() -> None:
    stated = "© 2026 Ann <ANN@mail.example>, licensing@mail.example"

    assert without_addresses(stated, ["ann@mail.example"]) == "© 2026 Ann , licensing@mail.example"


def test_a_known_address_that_is_no_mail_address_changes_nothing() -> None:
    assert without_addresses("a banana", ["a"]) == "a banana"


def test_characters_that_xml_forbids_are_left_out() -> None:
    assert legal("a\x00b\x1bc\ud800d\uffffe\nf") == "abcde\nf"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("en", "en"),
        ("en_US", "en-US"),
        ("EN-us", "en-us"),
        (" pt-BR ", "pt-BR"),
        ("English", None),
        ('en" onload="x', None),
        ("", None),
        (None, None),
    ],
)
def test_a_language_is_a_tag_or_not_stated(text: str | None, expected: str | None) -> None:
    assert shown_language(text) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("ar", "rtl"),
        ("he-IL", "rtl"),
        ("fa", "rtl"),
        ("en", "ltr"),
        ("az-Arab", "rtl"),
        ("ar-Latn", "ltr"),
        ("arn", "ltr"),
        (None, "auto"),
    ],
)
def test_the_direction_follows_the_language_and_its_script(
    language: str | None, expected: str
) -> None:
    assert direction(language) == expected


def test_a_moment_is_told_in_utc_whatever_its_zone() -> None:
    moment = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))

    assert timestamp(moment) == "2025-12-31T22:30:00Z"
    assert timestamp(datetime(2026, 1, 1)) == "2026-01-01T00:00:00Z"  # noqa: DTZ001 -- it is the case
    assert utc(datetime.min.replace(tzinfo=timezone(timedelta(hours=2)))).tzinfo is UTC


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "1 March 2026"),
        ("es", "1 de marzo de 2026"),
        ("fr", "1er mars 2026"),
        ("de", "1. März 2026"),
        ("pt", "1 de março de 2026"),
        ("xx", "1 March 2026"),
    ],
)
def test_a_day_is_told_in_the_words_of_the_language(language: str, expected: str) -> None:
    assert dates.day(datetime(2026, 3, 1, 9, tzinfo=UTC), language) == expected


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (3_400_000, "3.4 MB"),
        (10**16, "10000 TB"),
    ],
)
def test_a_size_is_told_in_powers_of_a_thousand(length: int, expected: str) -> None:
    assert dates.size(length) == expected


def test_a_month_is_told_in_words() -> None:
    assert dates.month("2026-11") == "November 2026"
