from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum, StrEnum
from typing import Any, NewType, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmirror.adapters.isolation.codec import CodecError, from_json, to_json
from feedmirror.adapters.isolation.frames import LENGTHS, NoFrameError, frame, head_of
from feedmirror.mirroring.entries import Feed
from feedmirror.mirroring.parsing import Markup, Texts
from feedmirror.takedowns.mails.message import Message

MOMENTS = st.datetimes(
    min_value=datetime(1990, 1, 2),  # noqa: DTZ001 -- Hypothesis puts the zones in
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 -- the same
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
st.register_type_strategy(datetime, MOMENTS)
st.register_type_strategy(str, TEXTS)


def whole(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Draw values of a dataclass with every field, not only those that it has to have."""
    return st.builds(kind, **{field.name: from_hint(kind, field.name) for field in fields(kind)})


def from_hint(kind: type[Any], name: str) -> st.SearchStrategy[Any]:
    hint = get_type_hints(kind)[name]
    inner = [
        each for each in (hint, *get_args(hint)) if isinstance(each, type) and is_dataclass(each)
    ]
    if not inner:
        return st.from_type(hint)
    (part,) = inner
    one = st.deferred(lambda: whole(part))
    return st.lists(one, max_size=2).map(tuple) if get_origin(hint) is tuple else st.none() | one


def piped(value: object) -> Any:  # noqa: ANN401 -- any JSON
    """Send a value through what goes through the pipe."""
    sent = frame(to_json(value), b"body")
    size, _ = LENGTHS.unpack(sent[: LENGTHS.size])
    return head_of(sent[LENGTHS.size : LENGTHS.size + size], most_values=10**6)


@settings(max_examples=60)
@given(whole(Feed))
def test_a_feed_comes_back_as_it_went(feed: Feed) -> None:
    assert from_json(Feed, piped(feed)) == feed


@settings(max_examples=30)
@given(whole(Markup), whole(Texts), whole(Message))
def test_so_do_markup_texts_and_mails(markup: Markup, texts: Texts, mail: Message) -> None:
    assert from_json(Markup, piped(markup)) == markup
    assert from_json(Texts, piped(texts)) == texts
    assert from_json(Message, piped(mail)) == mail


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([field.name for field in fields(Feed)] + ["else"]), inner, max_size=4
        )
    ),
)


@given(JSON)
def test_any_other_json_is_refused_or_is_a_feed(found: Any) -> None:  # noqa: ANN401 -- any JSON
    try:
        feed = from_json(Feed, found)
    except CodecError:
        return
    assert from_json(Feed, to_json(feed)) == feed


@given(st.binary(max_size=60))
def test_bytes_that_are_no_head_are_told_as_that(found: bytes) -> None:
    try:
        head = head_of(found, most_values=10)
    except NoFrameError:
        return
    assert frame(head)


def test_half_a_pair_of_surrogates_goes_through_no_pipe() -> None:
    assert piped(["a\ud800b", "\U0001f600"]) == ["a?b", "\U0001f600"]
    assert head_of(b'["\\ud83d\\ude00"]', most_values=10) == ["\U0001f600"]
    for found in (b'["\\ud800"]', '["\ud800"]'.encode("utf-8", "surrogatepass"), b"[NaN]"):
        with pytest.raises(NoFrameError):
            head_of(found, most_values=10)


Number = NewType("Number", int)


class Colour(Enum):
    RED = 1
    GREEN = 2


class Word(StrEnum):
    YES = "yes"


@dataclass(frozen=True)
class Inner:
    number: Number
    words: frozenset[str] = frozenset({"a"})


@dataclass(frozen=True)
class Whole:
    """A value of every type that has a form."""

    inner: Inner
    pair: tuple[int, str]
    colour: Colour
    word: Word = Word.YES
    raw: bytes = b""
    ratio: float = 0.5
    table: dict[str, tuple[bool, ...]] | None = None
    when: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what is no such value, as records do."""
        if self.ratio < 0:
            raise ValueError("a negative ratio")


WHOLE = Whole(
    Inner(Number(3), frozenset()),
    (1, "x"),
    Colour.GREEN,
    raw=b"\0\xff",
    table={"a": (True, False)},
    when=datetime(2026, 11, 29, tzinfo=UTC),
)
FORM = {
    "inner": {"number": 3, "words": []},
    "pair": [1, "x"],
    "colour": "GREEN",
    "raw": "AP8=",
    "table": {"a": [True, False]},
    "when": "2026-11-29T00:00:00+00:00",
}


def test_every_type_has_one_form_and_defaults_have_none() -> None:
    assert to_json(WHOLE) == FORM
    assert from_json(Whole, FORM) == WHOLE


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("inner", None),
        ("inner", {}),
        ("inner", {"number": True}),
        ("inner", {"number": 3.0}),
        ("inner", {"number": 3, "more": 1}),
        ("inner", {"number": 3, "words": [[]]}),
        ("inner", {"number": 3, "words": "ab"}),
        ("pair", [1]),
        ("pair", [1, "x", "y"]),
        ("pair", "1x"),
        ("colour", 1),
        ("colour", "BLUE"),
        ("word", "yes"),
        ("raw", "not base64"),
        ("raw", "é"),
        ("ratio", 1),
        ("ratio", -1.0),
        ("table", [["a", []]]),
        ("table", {"a": [1]}),
        ("when", "2026-11-29T00:00:00"),
        ("when", "yesterday"),
        ("when", "0001-01-01T00:00:00+23:59"),
        ("when", "9999-12-31T23:59:59-23:59"),
        ("when", "0001-01-01T00:00:00+14:00"),
        ("when", "9999-12-31T23:59:59-14:00"),
        ("when", 0),
        ("__class__", "Inner"),
    ],
)
def test_what_is_not_exactly_of_the_type_is_refused(name: str, wrong: object) -> None:
    with pytest.raises(CodecError):
        from_json(Whole, {**FORM, name: wrong})


def test_what_has_no_form_is_not_sent() -> None:
    with pytest.raises(TypeError, match="object has no form"):
        to_json({"a": object()})


def test_json_that_would_fill_the_memory_is_not_parsed() -> None:
    with pytest.raises(NoFrameError, match="too many values"):
        head_of(b"[" + b"[]," * 1000 + b"[]]", most_values=1000)
    with pytest.raises(NoFrameError, match="nests too deep"):
        head_of(b"[" * 200_000, most_values=10**6)
