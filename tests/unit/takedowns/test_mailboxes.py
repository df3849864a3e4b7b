"""One ``From``, one mailbox, one way to read it; all else is a defect (RFC 5322 §3.4, §3.6.2)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.takedowns.senders.mailboxes import Defect, bare_mailbox, printed_mailbox, read_from

PLAIN = {
    "ann@news.example": "ann@news.example",
    "  ann@news.example\t": "ann@news.example",
    "<ann@news.example>": "ann@news.example",
    "Ann <ann@news.example>": "ann@news.example",
    "Ann Author<ann@news.example>": "ann@news.example",
    '"Author, Ann" <ann@news.example>': "ann@news.example",
    '"Ann \\"the pen\\" Author" <ann@news.example>': "ann@news.example",
    "Ann (Legal) <ann@news.example>": "ann@news.example",
    "ann@news.example (Ann Author)": "ann@news.example",
    "O'Neil & Co | Legal / Team <legal@news.example>": "legal@news.example",
    "Ann Æther <ann@news.example>": "ann@news.example",
    "=?utf-8?q?J=C3=B6rg?= <joerg@news.example>": "joerg@news.example",
    "=?utf-8?b?QXV0aG9yLCBBbm4=?= <ann@news.example>": "ann@news.example",  # "Author, Ann"
    '"ann@news.example" <ann@news.example>': "ann@news.example",  # one address, said twice
    "Ann.O'Neil+tag@Mail.News.EXAMPLE": "Ann.O'Neil+tag@mail.news.example",
    "ann@bücher.example": "ann@xn--bcher-kva.example",
    "ann@BÜCHER.example": "ann@xn--bcher-kva.example",
    "ann@xn--bcher-kva.example": "ann@xn--bcher-kva.example",
    "x@gіthub.com": "x@xn--gthub-n2e.com",  # a Cyrillic letter: another domain, and seen to be
}


@pytest.mark.parametrize(("value", "address"), PLAIN.items())
def test_one_plain_mailbox_is_read_with_its_domain_as_an_a_label(value: str, address: str) -> None:
    reading = read_from([value])

    assert (reading.address, reading.defects) == (address, ())
    assert reading.domain == address.rpartition("@")[2]


DEFECTIVE: dict[str, tuple[list[str], set[Defect]]] = {
    "none": ([], {Defect.MISSING}),
    "empty": ([""], {Defect.FORM}),
    "two headers": (["a@victim.example", "x@evil.example"], {Defect.SEVERAL}),
    "the same header twice": (["a@victim.example", "a@victim.example"], {Defect.SEVERAL}),
    "an odd header beside it": (["a@victim.example", ""], {Defect.SEVERAL}),  # From :
    "an address as name": (["a@victim.example <x@evil.example>"], {Defect.NAMED_ADDRESS}),
    "a quoted address as name": (['"a@victim.example" <x@evil.example>'], {Defect.NAMED_ADDRESS}),
    "an address within the name": (
        ['"Legal (a@victim.example)" <x@evil.example>'],
        {Defect.NAMED_ADDRESS},
    ),
    "an encoded address as name": (
        ["=?utf-8?q?a=40victim.example?= <x@evil.example>"],
        {Defect.NAMED_ADDRESS},
    ),
    "an encoded address in base64": (
        ["=?utf-8?b?YUB2aWN0aW0uZXhhbXBsZQ==?= <x@evil.example>"],
        {Defect.NAMED_ADDRESS},
    ),
    "an encoded angle": (["=?utf-8?q?=3Ca?= <x@evil.example>"], {Defect.NAMED_ADDRESS}),
    "a full-width at": (["a＠victim.example <x@evil.example>"], {Defect.NAMED_ADDRESS}),
    "an encoding of nobody's": (["=?nonesuch?q?a?= <x@evil.example>"], {Defect.FORM}),
    "broken base64": (["=?utf-8?b?a?= <x@evil.example>"], {Defect.FORM}),
    "two mailboxes": (["a@victim.example, x@evil.example"], {Defect.FORM}),
    "two named mailboxes": (
        ["A <a@victim.example>, X <x@evil.example>"],
        {Defect.NAMED_ADDRESS},
    ),
    "two mailboxes by semicolon": (["a@victim.example; x@evil.example"], {Defect.FORM}),
    "two angles": (["<a@victim.example> <x@evil.example>"], {Defect.NAMED_ADDRESS}),
    "an angle within an angle": (["<a@victim.example<x@evil.example>>"], {Defect.NAMED_ADDRESS}),
    "words behind": (["<a@victim.example> x@evil.example"], {Defect.FORM}),
    "a group": (["Us: a@victim.example;"], {Defect.FORM}),
    "an empty group": (["undisclosed-recipients:;"], {Defect.FORM}),
    "a route": (["<@victim.example:x@evil.example>"], {Defect.FORM}),
    "a route with commas": (["<@a.example,@b.example:x@evil.example>"], {Defect.FORM}),
    "an address in a comment": (["x@evil.example (a@victim.example)"], {Defect.FORM}),
    "a comment within": (["a@victim.example(@)evil.example"], {Defect.FORM}),
    "a comment in the domain": (["a@(c)victim.example"], {Defect.FORM}),
    "nested comments": (["((x)) <a@victim.example>"], {Defect.FORM}),
    "a quoted local part": (['"a b"@victim.example'], {Defect.FORM}),
    "a quoted local part with @": (['"a@victim.example"@evil.example'], {Defect.FORM}),
    "an encoded local part": (["=?utf-8?q?x?=@evil.example"], {Defect.DOMAIN}),
    "blanks around @": (["a @ victim.example"], {Defect.FORM}),
    "an unquoted period in the name": (["A. Author <a@victim.example>"], {Defect.READERS}),
    "no domain": (["Ann"], {Defect.FORM}),
    "a name only": (["Ann <>"], {Defect.FORM}),
    "no local part": (["@victim.example"], {Defect.FORM}),
    "two at": (["a@b@victim.example"], {Defect.FORM}),
    "dots in the local part": (["a..b@victim.example"], {Defect.DOMAIN}),
    "a dot in front": ([".a@victim.example"], {Defect.DOMAIN}),
    "a local part beyond ASCII": (["jörg@victim.example"], {Defect.FORM}),
    "a long local part": (["a" * 65 + "@victim.example"], {Defect.DOMAIN}),
    "a long address": (["a@" + "b.example." * 30 + "example"], {Defect.DOMAIN}),
    "a domain that grows long in ASCII": (
        ["a" * 60 + "@" + ("ü" * 40 + ".") * 4 + "example"],
        {Defect.DOMAIN},
    ),
    "an IP address": (["a@[192.0.2.1]"], {Defect.FORM}),
    "a bare IP address": (["a@192.0.2.1"], {Defect.DOMAIN}),
    "a single label": (["a@localhost"], {Defect.DOMAIN}),
    "a dot behind": (["a@victim.example."], {Defect.DOMAIN}),
    "dots in the domain": (["a@victim..example"], {Defect.DOMAIN}),
    "an underscore": (["a@_dmarc.victim.example"], {Defect.DOMAIN}),
    "a hyphen in front": (["a@-victim.example"], {Defect.DOMAIN}),
    "a letter that IDNA maps": (["a@straße.example"], {Defect.DOMAIN}),
    "full-width letters": (["a@ｖictim.example"], {Defect.DOMAIN}),
    "an ideographic stop": (["a@victim。example"], {Defect.DOMAIN}),
    "an invisible letter": (["a@vic\u200btim.example"], {Defect.DOMAIN}),
    "a percent": (["a@victim%2eexample.example"], {Defect.DOMAIN}),
    "a public suffix": (["a@co.uk"], {Defect.SUFFIX}),
    "a private suffix": (["a@github.io"], {Defect.SUFFIX}),
    "a NUL": (["a@victim.example\0<x@evil.example>"], {Defect.CONTROL}),
    "a line break": (["a@victim.example\r\nFrom: x@evil.example"], {Defect.CONTROL}),
    "half a character": (["\ud800 <a@victim.example>"], {Defect.CONTROL}),
    "200,000 brackets": (["(" * 200_000], {Defect.LONG}),
    "2,000 brackets": (["(" * 2000 + "a@victim.example"], {Defect.FORM}),
    "2,000 closed brackets": (["(" * 900 + ")" * 900 + "a@victim.example"], {Defect.FORM}),
    "800 angles": (["<" * 800 + "a@victim.example" + ">" * 800], {Defect.NAMED_ADDRESS}),
    "a name of 3,000 bytes": (["Æ" * 1500 + " <a@victim.example>"], {Defect.LONG}),
}


@pytest.mark.parametrize(("values", "defects"), DEFECTIVE.values(), ids=DEFECTIVE.keys())
def test_what_could_be_read_in_two_ways_names_nobody(
    values: list[str], defects: set[Defect]
) -> None:
    reading = read_from(values)

    assert (reading.address, reading.domain) == ("", "")
    assert set(reading.defects) == defects


@given(value=st.text(max_size=200) | st.text(alphabet='a.@<>()[]:;,"\\ =?', max_size=60))
def test_whatever_it_reads_is_an_address_that_the_text_holds(value: str) -> None:
    reading = read_from([value])

    assert bool(reading.address) != bool(reading.defects)
    local, _, domain = reading.address.rpartition("@")
    assert local in value
    assert reading.domain == domain
    assert value.count("@") == 1 or reading.defects or f'"{reading.address}' in value.lower()


@pytest.mark.parametrize("letter", ["(", '"', "<", " ", "a", "=?", "\\", ".", "@", "a@", "=?a?q?"])
def test_reading_takes_no_time_whatever_is_repeated(letter: str) -> None:
    start = time.perf_counter()

    for tail in ("", "a@victim.example", "<a@victim.example>"):
        read_from([letter * (2000 // len(letter)) + tail])
        printed_mailbox(letter * (2000 // len(letter)) + tail)

    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    ("printed", "address"),
    [
        ("ann@news.example", "ann@news.example"),
        ("Ann Author <ann@news.example>", "ann@news.example"),
        ('"Author, Ann" <ann@news.example>', "ann@news.example"),
        ("Author, Ann <ann@news.example>", "ann@news.example"),  # an encoded word, decoded
        ("Jörg A. <joerg@News.example>", "joerg@news.example"),
        ("a@victim.example <x@evil.example>", ""),
        ("a@victim.example, x@evil.example", ""),
        ("Ann <ann@news.example>, Bob <bob@news.example>", ""),
        ("ann@[192.0.2.1]", ""),
        ("", ""),
        ("Ann", ""),
        ("a\0@news.example", ""),
    ],
)
def test_ses_own_print_of_a_mailbox_is_read_with_names_unquoted(printed: str, address: str) -> None:
    assert printed_mailbox(printed) == address


def test_a_plus_tag_and_case_make_no_other_mailbox() -> None:
    assert bare_mailbox("TakeDown+abc+d@Mirror.example") == "takedown@mirror.example"
    assert bare_mailbox("nothing") == "@nothing"
