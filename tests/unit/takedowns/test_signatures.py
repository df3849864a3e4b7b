"""Which signatures count for a domain: RFC 6376, and what it leaves to the verifier."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmirror.takedowns.senders.signatures import SignatureCheck, aligned_signature, is_aligned
from signed_mail import USUAL_HEADERS, Key, Zone, a_key, a_mail, a_short_key, signed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DOMAIN = "news.example"
SELECTOR = "sel._domainkey"
HEADERS = {
    "From": "Ann <ann@news.example>",
    "To": "takedown@mirror.example",
    "Subject": "Please take this down",
    "Date": "Sun, 22 Nov 2026 11:00:00 +0000",
    "Message-ID": "<1@news.example>",
}
MAIL = a_mail(HEADERS)


def a_zone(domain: str = DOMAIN, *records: bytes) -> Zone:
    return Zone({f"{SELECTOR}.{domain}": records or (a_key().record(),)})


def check(raw: bytes, zone: Zone | None = None, *, domain: str = DOMAIN) -> SignatureCheck:
    return aligned_signature(raw, domain, dns=zone or a_zone(), now=NOW)


@pytest.mark.parametrize("canonicalisation", ["relaxed/relaxed", "relaxed/simple"])
def test_a_signature_of_the_domain_itself_is_valid(canonicalisation: str) -> None:
    body = "One  line \t with blanks \t\r\n\r\n  Another\r\n\r\n\r\n"
    found = check(signed(a_mail(HEADERS, body), DOMAIN, c=canonicalisation))

    assert (found.valid, found.domain, found.why) == (True, DOMAIN, "")
    assert found.covered == {name.lower() for name in USUAL_HEADERS}


def test_a_signature_that_dkimpy_made_is_valid() -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    header = dkim.sign(MAIL, b"sel", DOMAIN.encode(), pem)
    numbers = key.private_numbers()
    zone = a_zone(DOMAIN, Key(numbers.public_numbers.n, numbers.d).record())

    assert check(header + MAIL, zone).valid


def test_a_mail_whose_lines_end_in_lf_alone_is_verified_as_if_they_ended_in_crlf() -> None:
    assert check(signed(MAIL, DOMAIN).replace(b"\r\n", b"\n")).valid


def test_a_mail_without_a_body_can_be_signed() -> None:
    assert check(signed(a_mail(HEADERS, ""), DOMAIN)).valid


@pytest.mark.parametrize(
    "alter",
    [
        lambda raw: raw.replace(b"Please take this down.", b"Please take all down.."),
        lambda raw: raw + b"And all the rest.\r\n",
        lambda raw: raw.replace(b"Subject: Please", b"Subject: Kindly"),
        lambda raw: raw.replace(b"ann@news.example", b"bob@news.example"),
        lambda raw: raw.replace(b"11:00:00", b"11:00:01"),
        lambda raw: raw.replace(b"takedown@mirror", b"takedown@mirrors"),
    ],
)
def test_a_mail_changed_after_signing_is_not_valid(alter: Callable[[bytes], bytes]) -> None:
    raw = signed(MAIL, DOMAIN)
    assert alter(raw) != raw

    found = check(alter(raw))

    assert (found.valid, found.temporary) == (False, False)
    assert found.why == "the signature is not valid"


@pytest.mark.parametrize("header", ["From", "To", "Subject", "Date"])
def test_a_signature_that_leaves_out_a_header_that_matters_is_not_valid(header: str) -> None:
    covered = [name for name in USUAL_HEADERS if name != header]

    assert not check(signed(MAIL, DOMAIN, covered=covered)).valid


def test_a_copy_line_must_be_covered_where_there_is_one() -> None:
    raw = a_mail({**HEADERS, "Cc": "takedown@mirror.example"})

    assert not check(signed(raw, DOMAIN)).valid
    assert check(signed(raw, DOMAIN, covered=[*USUAL_HEADERS, "cc"])).valid


@pytest.mark.parametrize(
    "added", ["From", "Subject", "To", "Date", "Message-ID", "Content-Type", "subject"]
)
@pytest.mark.parametrize("on_top", [True, False])
def test_a_second_header_added_to_a_signed_mail_makes_it_not_valid(
    added: str, *, on_top: bool
) -> None:
    raw = signed(a_mail({**HEADERS, "Content-Type": "text/plain"}), DOMAIN)
    assert check(raw).valid
    line = f"{added}: another\r\n".encode()
    head, _, body = raw.partition(b"\r\n\r\n")

    assert not check(line + raw if on_top else head + b"\r\n" + line + b"\r\n" + body).valid


def test_a_header_smuggled_behind_a_bare_return_makes_it_not_valid() -> None:
    raw = signed(MAIL, DOMAIN)

    assert not check(b"X-Note: a\rSubject: Remove it all\r\n" + raw).valid


def test_a_signature_over_a_part_of_the_body_is_not_valid() -> None:
    whole = len(b"Please take this down.\r\n")
    partly = signed(MAIL, DOMAIN, l=str(whole))

    found = check(partly + b"And all the rest.\r\n")

    assert not found.valid
    assert found.why == "the signature covers a part of the body only"
    assert not check(partly).valid


@pytest.mark.parametrize(("bits", "valid"), [(648, False), (1024, True), (2048, True)], ids=str)
def test_a_key_has_at_least_1024_bits(bits: int, *, valid: bool) -> None:
    key = a_short_key() if bits == 648 else a_key(bits)
    assert key.modulus.bit_length() == bits

    assert check(signed(MAIL, DOMAIN, key=key), a_zone(DOMAIN, key.record())).valid is valid


@pytest.mark.parametrize(
    ("expiry", "valid"),
    [
        ("4102444800", True),  # 2100
        ("1795348799", False),  # one second before NOW
        ("-1", False),
        ("soon", False),
        ("9" * 5000, False),
    ],
)
def test_a_signature_holds_until_it_expires(expiry: str, *, valid: bool) -> None:
    assert int(NOW.timestamp()) == 1795348800

    assert check(signed(MAIL, DOMAIN, x=expiry)).valid is valid


def test_expiry_is_by_the_time_that_is_given() -> None:
    last = datetime(2100, 1, 1, tzinfo=UTC)
    late = datetime(2100, 1, 1, 0, 0, 1, tzinfo=UTC)
    raw = signed(MAIL, DOMAIN, x="4102444800")

    assert aligned_signature(raw, DOMAIN, dns=a_zone(), now=last).valid
    assert aligned_signature(raw, DOMAIN, dns=a_zone(), now=late).why == (
        "the signature has expired"
    )


def test_a_signature_by_sha1_is_not_valid_though_dkimpy_takes_it() -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    header = dkim.sign(MAIL, b"sel", DOMAIN.encode(), pem, signature_algorithm=b"rsa-sha1")
    numbers = key.private_numbers()
    record = Key(numbers.public_numbers.n, numbers.d).record()
    assert dkim.verify(header + MAIL, dnsfunc=lambda *_, **__: record)

    assert not check(header + MAIL, a_zone(DOMAIN, record)).valid


@pytest.mark.parametrize("algorithm", ["rsa-sha1", "none", "", "rsa-md5"])
def test_other_algorithms_are_not_valid(algorithm: str) -> None:
    assert not check(signed(MAIL, DOMAIN, a=algorithm)).valid


def test_a_signature_with_ed25519_beside_one_with_rsa_does_no_harm() -> None:
    own = ed25519.Ed25519PrivateKey.generate().public_key()
    public = own.public_bytes(Encoding.Raw, PublicFormat.Raw).hex().encode()
    zone = Zone(
        {
            f"{SELECTOR}.{DOMAIN}": (a_key().record(),),
            f"ed._domainkey.{DOMAIN}": (b"v=DKIM1; k=ed25519; p=" + public,),
        }
    )
    raw = signed(signed(MAIL, DOMAIN), DOMAIN, a="ed25519-sha256", s="ed")

    assert check(raw, zone).valid


@pytest.mark.parametrize(
    "tags",
    [
        "v=DKIM1; k=rsa; t=y",  # testing: as if unsigned
        "v=DKIM2; k=rsa",
        "v=DKIM1; k=rsa; s=tlsrpt",
        "v=DKIM1; k=rsa; s=other",
        "v=DKIM1; k=rsa; h=sha1",
        "v=DKIM1; k=dsa",
        "v=DKIM1; k=rsa; n=" + "x" * 1000,
    ],
)
def test_a_key_is_used_for_what_it_is_made_for_only(tags: str) -> None:
    assert not check(signed(MAIL, DOMAIN), a_zone(DOMAIN, a_key().record(tags))).valid


@pytest.mark.parametrize("tags", ["k=rsa", "v=DKIM1", "v=DKIM1; t=s; s=email; h=sha256:sha512"])
def test_what_a_key_leaves_out_or_allows_does_no_harm(tags: str) -> None:
    assert check(signed(MAIL, DOMAIN), a_zone(DOMAIN, a_key().record(tags))).valid


def test_a_strict_key_signs_for_no_subdomain() -> None:
    raw = signed(MAIL, DOMAIN, i="@mail.news.example")

    assert check(raw).valid
    assert not check(raw, a_zone(DOMAIN, a_key().record("v=DKIM1; t=s"))).valid


@pytest.mark.parametrize(
    "records",
    [
        (b"",),
        (b"v=DKIM1; p=",),
        (b"v=DKIM1; p=!!!",),
        (b"\xff\xfe",),
        (b"v=spf1 -all",),
        (a_key().record(), a_key(1024).record()),
    ],
)
def test_no_key_a_revoked_one_or_two_prove_nothing(records: tuple[bytes, ...]) -> None:
    found = check(signed(MAIL, DOMAIN), Zone({f"{SELECTOR}.{DOMAIN}": records}))

    assert (found.valid, found.temporary) == (False, False)


def test_another_text_beside_the_key_does_no_harm() -> None:
    assert check(signed(MAIL, DOMAIN), a_zone(DOMAIN, b"v=spf1 -all", a_key().record())).valid


def test_dns_without_an_answer_is_told_apart_from_a_signature_that_is_wrong() -> None:
    zone = Zone(silent=frozenset({f"{SELECTOR}.{DOMAIN}"}))

    found = check(signed(MAIL, DOMAIN), zone)

    assert (found.valid, found.temporary) == (False, True)


def test_of_two_signatures_one_without_an_answer_the_valid_one_counts() -> None:
    zone = a_zone()
    zone.silent = frozenset({f"mute._domainkey.{DOMAIN}"})

    assert check(signed(signed(MAIL, DOMAIN), DOMAIN, s="mute"), zone).valid
    assert check(signed(signed(MAIL, DOMAIN, x="1"), DOMAIN, s="mute"), zone).temporary


def test_a_signature_of_another_domain_is_not_even_asked_about() -> None:
    zone = a_zone("evil.example")

    found = check(signed(MAIL, "evil.example"), zone)

    assert (found.valid, found.why) == (False, "no aligned domain signed it")
    assert zone.asked == []


def test_the_aligned_signature_is_found_below_those_of_others() -> None:
    raw = signed(MAIL, DOMAIN)
    for number in range(20):
        raw = signed(raw, f"list{number}.example")

    assert check(raw).valid


def test_at_most_five_signatures_are_tried() -> None:
    raw = MAIL
    for number in range(8):
        raw = signed(raw, DOMAIN, s=f"s{number}")
    zone = Zone()

    assert not check(raw, zone).valid
    assert len(zone.asked) == 5


def test_the_mark_that_ses_signs_with_is_no_signature_of_the_sender() -> None:
    raw = signed(MAIL, DOMAIN).replace(b"DKIM-Signature:", b"X-SES-DKIM-SIGNATURE:")

    assert check(raw).why == "no aligned domain signed it"


@pytest.mark.parametrize(
    ("signing", "domain", "aligned"),
    [
        ("news.example", "news.example", True),
        ("example.com", "news.example.com", True),
        ("mail.example.com", "example.com", True),
        ("a.example.com", "b.example.com", True),
        ("example.com", "example.org", False),
        ("evil-example.com", "example.com", False),
        ("com", "example.com", False),
        ("co.uk", "news.co.uk", False),
        ("other.co.uk", "news.co.uk", False),
        ("gmail.com", "gmail.com", True),
        ("mail.gmail.com", "gmail.com", False),
        ("substack.com", "ann.substack.com", False),
        ("bob.substack.com", "ann.substack.com", False),
        ("x.ann.substack.com", "ann.substack.com", False),
        ("ann.substack.com", "ann.substack.com", True),
        ("github.io", "ann.github.io", False),
        ("", "example.com", False),
        ("192.0.2.1", "192.0.2.1.example", False),
    ],
)
def test_alignment_is_relaxed_within_one_organisation_and_exact_among_strangers(
    signing: str, domain: str, *, aligned: bool
) -> None:
    assert is_aligned(signing, domain) is aligned


def test_a_subdomain_is_signed_for_by_its_organisation() -> None:
    raw = signed(MAIL.replace(b"ann@news.example", b"ann@mail.news.example"), DOMAIN)

    assert check(raw, domain="mail.news.example").valid


def test_nobodys_domain_or_key_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        check(signed(MAIL, DOMAIN))
        check(signed(MAIL, DOMAIN), a_zone(DOMAIN, b"p=broken"))

    assert caplog.records == []


HOSTILE = {
    "blanks in the body": signed(MAIL, DOMAIN) + b" " * 1_900_000,
    "blank lines": signed(MAIL, DOMAIN) + b"\r\n" * 900_000 + b"x",
    "short lines": signed(MAIL, DOMAIN) + b"a\n" * 900_000,
    "blanks in h=": signed(MAIL, DOMAIN, h=f"from:to:subject:date:a{' ' * 60_000}b"),
    "blanks in b=": b"DKIM-Signature: v=1; a=rsa-sha256; d=news.example; s=sel; h=from:to:"
    b"subject:date; bh=AA==; b=" + b"A " * 1500 + b"!\r\n" + MAIL,
    "folds in b=": b"DKIM-Signature: v=1; a=rsa-sha256; d=news.example; s=sel; h=from:to:"
    b"subject:date; bh=AA==; b" + b"\r\n " * 1200 + b"\r\n" + MAIL,
    "names in h=": signed(MAIL, DOMAIN, covered=[*USUAL_HEADERS, *map(str, range(900))]),
    "headers": b"a:\r\n" * 16_000 + signed(MAIL, DOMAIN),
    "signatures": b"DKIM-Signature: d=news.example\r\n" * 2000 + MAIL,
    "too much of all": signed(a_mail(HEADERS, "x" * (2 * 1024 * 1024)), DOMAIN),
    "no end of headers": b"a: b\r\n" * 200_000,
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_mail_is_refused_in_seconds(raw: bytes) -> None:
    start = time.perf_counter()

    assert not check(raw).valid
    assert time.perf_counter() - start < 3


def test_a_huge_key_is_not_reckoned_with() -> None:
    key = Key((1 << 40_000) + 1, 1)
    start = time.perf_counter()

    assert not check(signed(MAIL, DOMAIN), a_zone(DOMAIN, key.record())).valid
    assert time.perf_counter() - start < 1


SIGNED = signed(MAIL, DOMAIN)
LAST_WORD = SIGNED.rindex(b"down")


@settings(max_examples=50)
@given(raw=st.binary(max_size=400), record=st.binary(max_size=200))
def test_it_never_raises_on_any_bytes(raw: bytes, record: bytes) -> None:
    check(raw, a_zone(DOMAIN, record))
    check(SIGNED, a_zone(DOMAIN, record))


@settings(max_examples=50)
@given(cut=st.integers(0, LAST_WORD), text=st.binary(max_size=20))
def test_it_never_raises_on_a_signed_mail_with_bytes_in_it(cut: int, text: bytes) -> None:
    check(SIGNED[:cut] + text + SIGNED[cut:])
    assert not check(SIGNED[:cut]).valid
