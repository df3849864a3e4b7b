"""Whatever stands in headers, files and texts of rights: read without a fault, within bounds."""

import json

from hypothesis import given
from hypothesis import strategies as st

from feedmirror.mirroring.answer_terms import HEADERS, header_signals, read_tdmrep, rsl_links
from feedmirror.mirroring.path_rules import MOST_RULES, signals_for
from feedmirror.mirroring.rsl import read_rsl
from feedmirror.mirroring.stated_rights import licence_signal, rights_signal
from feedmirror.mirroring.terms_table import ROWS

URL = "https://news.example.com/feed"
WORDS = st.sampled_from(
    [
        "noarchive",
        "googlebot:",
        "max-snippet:",
        "999999999999999999999",
        "<",
        ">",
        ";",
        "rel=license",
        '"',
        ",",
        "=",
        "n",
        "search",
        "/",
        "*",
        "$",
        "all\u2005rights",
        "may",
        "not",
        "be",
        "copied",
        "\x00",
        "é",
        "creativecommons.org/licenses/by",
        "http://[",
    ]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=60).map(" ".join))


@given(st.dictionaries(st.sampled_from(HEADERS), TEXTS))
def test_any_headers_are_read_to_known_signals(headers: dict[str, str]) -> None:
    for signals in header_signals(headers).values():
        assert set(signals) <= ROWS.keys()
    assert len(rsl_links(headers, URL)) <= 4


@given(TEXTS)
def test_any_text_of_rights_says_something_known_or_nothing(text: str) -> None:
    assert {rights_signal(text), licence_signal(text)} <= {None, *ROWS}


@given(
    st.one_of(
        TEXTS,
        st.lists(
            st.fixed_dictionaries(
                {"location": st.one_of(TEXTS, st.none()), "tdm-reservation": st.integers(-1, 2)}
            ),
            max_size=150,
        ).map(json.dumps),
    ),
    TEXTS,
)
def test_any_tdmrep_has_few_rules_which_match_any_address(text: str, path: str) -> None:
    rules = read_tdmrep(text)

    assert len(rules) <= MOST_RULES
    assert set(signals_for(rules, f"https://news.example.com/{path}")) <= ROWS.keys()


TAGS = st.sampled_from(
    [
        "<content url='/'>",
        "</content>",
        "<license>",
        "</license>",
        "<permits>",
        "</permits>",
        "all",
        "search",
        "&a;",
        "<",
        "<prohibits type='usage'>",
        "</prohibits>",
        "<payment type='x'/>",
    ]
)


@given(st.lists(TAGS, max_size=30).map("".join))
def test_any_document_of_rsl_has_few_rules_of_known_signals(inside: str) -> None:
    text = f"<rsl xmlns='https://rslstandard.org/rsl'>{inside}</rsl>"

    rules = read_rsl(text, URL)

    assert len(rules) <= MOST_RULES
    assert {rule.partition(" ")[0] for rule in rules} <= ROWS.keys()
