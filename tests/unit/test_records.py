"""Records: what is stored, in JSON and in the object's metadata (design §3.2)."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from email.header import Header, decode_header, make_header
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import feedmirror
from builders import a_tombstone, an_attribution, an_item
from feedmirror.records import (
    METADATA_LIMIT,
    Attribution,
    Contact,
    Enclosure,
    FeedReference,
    Item,
    Person,
    Publisher,
    RecordUnreadableError,
    Revisions,
    Source,
    object_metadata,
    record_from_json,
    record_to_json,
    retired,
)

SCHEMA = json.loads((Path(feedmirror.__path__[0]) / "record.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
WHEN = datetime(2026, 11, 22, 12, 0, 0, 250000, tzinfo=UTC)


def a_full_item() -> Item:
    attribution = replace(
        an_attribution(),
        authors=(Person("Ann", "https://a.example/", "ann@a.example"), Person("Bob")),
        rights="© 2026 Ann",
        license_url="https://creativecommons.org/licenses/by/4.0/",
        credit="Photo: Cy",
        source=Source("Another", "https://b.example/feed"),
    )
    return an_item(
        attribution=attribution,
        published=WHEN,
        updated=WHEN,
        categories=("a", "b"),
        enclosures=(Enclosure("https://a.example/x.mp3", "audio/mpeg", 12),),
        contacts=(Contact("owner", "o@a.example"),),
        revisions=Revisions(("f1", "f2"), 1),
    )


@pytest.mark.parametrize(
    "record", [an_item(), a_full_item(), a_tombstone(), retired(an_item(), now=WHEN)]
)
def test_a_record_is_read_back_as_it_was_written_and_keeps_to_its_schema(record: Item) -> None:
    body = record_to_json(record, "0123456789abcdef")

    assert record_from_json(body) == record
    assert [error.message for error in VALIDATOR.iter_errors(json.loads(body))] == []


def test_two_bodies_of_one_record_differ_by_their_nonce_alone() -> None:
    first, second = record_to_json(an_item(), "aa"), record_to_json(an_item(), "bb")

    assert first != second
    assert first.replace(b'"aa"', b'"bb"') == second


def test_a_tombstone_says_nothing_of_what_it_replaces() -> None:
    fields = json.loads(record_to_json(a_tombstone(), "aa"))

    told = {"schema", "kind", "id", "host", "when", "case", "ground", "rules", "nonce"}
    assert fields.keys() == told


@pytest.mark.parametrize(
    "wrong",
    [
        {"case": "case-1"},
        {"rules": ["suppressions/com,example,news)/r.json"]},
        {"first_seen": None},
        {"title": "A story"},
        {"ground": "publisher"},
    ],
)
def test_what_is_retired_has_neither_case_nor_rule_and_what_is_taken_down_has_a_case(
    wrong: dict[str, object],
) -> None:
    fields = json.loads(record_to_json(retired(an_item(), now=WHEN), "aa"))
    assert VALIDATOR.is_valid(fields)
    assert fields.keys() == {
        *("schema", "kind", "id", "host", "when", "case", "ground", "rules", "first_seen", "nonce")
    }

    assert not VALIDATOR.is_valid({**fields, **wrong})


def test_a_tombstone_that_names_no_rule_can_be_read() -> None:
    fields = json.loads(record_to_json(a_tombstone(), "aa"))
    del fields["rules"]

    assert record_from_json(json.dumps(fields).encode()) == a_tombstone()


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"{}", b"[]", b'{"schema": 2}', b'{"schema": 1, "kind": "item"}', b"\xff"],
)
def test_what_is_no_record_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(RecordUnreadableError, match="schema"):
        record_from_json(body)


@pytest.mark.parametrize("missing", ["original_url", "publisher", "feed"])
def test_an_attribution_that_lacks_a_part_cannot_be_built(missing: str) -> None:
    parts = {
        "original_url": "https://a.example/1",
        "publisher": Publisher("A", "https://a.example/", "a.example"),
        "feed": FeedReference("A", "https://a.example/feed"),
    }
    empty = {
        "original_url": "",
        "publisher": Publisher("", "https://a.example/", "a.example"),
        "feed": FeedReference("A", ""),
    }
    with pytest.raises(ValueError, match="an attribution needs"):
        Attribution(**{**parts, missing: empty[missing]})  # type: ignore[arg-type]  # mixed on purpose


def test_an_item_cannot_be_built_without_attribution() -> None:
    fields = {name: getattr(an_item(), name) for name in Item.__dataclass_fields__}
    del fields["attribution"]

    with pytest.raises(TypeError, match="attribution"):
        Item(**fields)


def test_metadata_shows_the_credit_to_any_s3_tool() -> None:
    metadata = object_metadata(a_full_item())

    assert metadata["record"] == "item"
    assert metadata["author"] == "Ann, Bob"
    assert metadata["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert metadata["published"] == "2026-11-22T12:00:00.250000Z"
    assert str(make_header(decode_header(metadata["rights"]))) == "© 2026 Ann"
    assert metadata.keys() >= {"original-url", "host", "feed-url", "retrieved", "title"}


def test_metadata_of_what_is_retired_have_no_case() -> None:
    stone = retired(an_item(), now=WHEN)

    assert object_metadata(stone).keys() == {"record", "host", "removed"}


def test_metadata_of_a_tombstone_names_its_case() -> None:
    stone = a_tombstone()

    assert object_metadata(stone).keys() == {"record", "host", "case", "removed"}
    assert object_metadata(stone)["record"] == "tombstone"


def test_a_title_of_5000_characters_is_shortened_and_nothing_else_is_lost() -> None:
    item = replace(a_full_item(), title="€" * 5000)

    metadata = object_metadata(item)

    assert sum(len(name) + len(value) for name, value in metadata.items()) <= METADATA_LIMIT
    assert str(make_header(decode_header(metadata["title"]))).endswith("€…")
    assert metadata["author"] == "Ann, Bob"
    assert metadata["original-url"] == item.attribution.original_url


def test_metadata_fits_also_where_every_value_is_too_long() -> None:
    long = "https://a.example/" + "x" * 4000
    attribution = replace(
        a_full_item().attribution, original_url=long, rights="r" * 4000, license_url=long
    )

    metadata = object_metadata(replace(a_full_item(), title="t" * 4000, attribution=attribution))

    assert sum(len(name) + len(value) for name, value in metadata.items()) <= METADATA_LIMIT
    assert metadata["original-url"].startswith("https://a.example/xxx")


@pytest.mark.parametrize("title", ["=?utf-8?q?fake?=", "a\nb\tc", "ünï", "\u202e", "a" * 100 + "é"])
def test_metadata_is_printable_ascii_and_decodes_to_the_text(title: str) -> None:
    value = object_metadata(replace(an_item(), title=title))["title"]

    assert value.isascii()
    assert value.isprintable()
    assert str(make_header(decode_header(value))) == " ".join(title.split())


def test_an_address_is_percent_encoded_once() -> None:
    address = "https://a.example/%C3%A9?x=1&y=ü"
    item = replace(an_item(), attribution=replace(an_attribution(), original_url=address))

    assert unquote(object_metadata(item)["original-url"]) == unquote(address)
    assert "%25" not in object_metadata(item)["original-url"]


def test_a_date_in_the_future_does_not_put_an_item_on_top_for_ever() -> None:
    seen = datetime(2026, 11, 22, tzinfo=UTC)
    item = an_item(published=datetime(2099, 1, 1, tzinfo=UTC), first_seen=seen)

    assert item.shown_from == seen


ANY_LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
SOME_LETTERS = st.sampled_from("abc XYZ 019 -_=?é“Ж好😀")  # of each length, in both encodings


@given(st.text(ANY_LETTERS, max_size=150) | st.text(SOME_LETTERS, min_size=40, max_size=200))
@example("é" + "a" * 200)
@example("é" + "= " * 40)
@example("好" * 100)
def test_a_text_is_encoded_as_the_standard_library_would(text: str) -> None:
    title = " ".join(text.split())
    assume(title and not (title.isascii() and title.isprintable() and "=?" not in title))

    encoded = object_metadata(an_item(title=title))["title"]

    expected = Header(title, "utf-8").encode(linesep="")
    assume(len(expected) < 1500)  # or else it is shortened
    assert encoded == expected
    assert str(make_header(decode_header(encoded))) == title
