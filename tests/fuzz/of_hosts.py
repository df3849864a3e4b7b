"""What a publisher's server says beside its feeds: addresses, files, headers, bodies."""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import brotli  # type: ignore[import-untyped,unused-ignore]

from feedmirror.adapters.decoding import BrokenCodingError, TooLargeError, decoder_for
from feedmirror.addresses import (
    canonical_link,
    coarse_address,
    host_of,
    parents,
    path_prefixes,
    resolve,
    web_address,
)
from feedmirror.mirroring.answer_terms import (
    HEADERS,
    MOST_LICENCES,
    header_signals,
    read_tdmrep,
    rsl_links,
)
from feedmirror.mirroring.path_rules import MOST_RULES, signals_for
from feedmirror.mirroring.poll_state import FeedState, ShardState, state_from_json, state_to_json
from feedmirror.mirroring.polling import Poll, read_answer
from feedmirror.mirroring.robots import LONGEST_DELAY, Robots, forbidding, read_robots
from feedmirror.mirroring.rsl import read_rsl
from feedmirror.mirroring.schedule import LONGEST_HINT
from feedmirror.mirroring.stated_rights import licence_signal, rights_signal
from feedmirror.mirroring.terms_table import ROWS
from feedmirror.ports.fetching import Fetched, FetchRequest
from feedmirror.takedowns.casework.proofs import dns_proves, feed_proves, well_known_proves
from fuzz.oracles import assert_web
from fuzz.target import LINES, PIECES, TAGS, Target, words

URL = "https://news.example.com/feed"
_PAGE = "https://news.example.com/2026/a-story?x=1"
_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_ROOM = 100_000  # bytes that a body may have
_TOKEN = f"feedmirror-takedown={'a' * 26}"
_CODINGS = ("gzip", "deflate", "br")


def _robots(body: bytes) -> tuple[Robots, str]:
    robots = read_robots(body)
    return robots, forbidding(robots.kept(), _PAGE)


def check_robots(_body: bytes, found: object) -> None:
    """Fail unless what a robots.txt says can be kept, and forbids what it says it forbids."""
    assert isinstance(found, tuple)
    robots, rule = found
    assert isinstance(robots, Robots)
    assert 0 <= robots.delay <= LONGEST_DELAY
    assert sum(map(len, robots.kept())) <= 4096
    assert not rule or rule in robots.kept()
    assert not robots.forbids_everything or rule
    for address in robots.licenses:
        assert_web(address)
    for kept in robots.rules:
        assert kept.startswith(("allow: ", "disallow: ")), kept
        kept.encode()


@dataclass(frozen=True, slots=True)
class Said:
    """What some text says of terms, wherever it might stand."""

    rules: tuple[str, ...]
    signals: tuple[str | None, ...]
    links: tuple[str, ...]


def _terms(body: bytes) -> Said:
    text = body.decode("utf-8", "replace")
    rules = (*read_tdmrep(text), *read_rsl(text, URL))
    headers = dict.fromkeys(HEADERS, text)
    stated = (signal for signals in header_signals(headers).values() for signal in signals)
    matched = signals_for(rules, _PAGE)
    return Said(
        rules,
        (*matched, *stated, rights_signal(text), licence_signal(text)),
        rsl_links(headers, URL),
    )


def check_terms(_body: bytes, said: object) -> None:
    """Fail unless all that was read is known, and bounded."""
    assert isinstance(said, Said)
    assert {*said.signals} <= {None, *ROWS}
    assert len(said.rules) <= 2 * MOST_RULES
    assert len(said.links) <= MOST_LICENCES
    for link in said.links:
        assert_web(link)
        assert link.startswith("https://news.example.com/")


def _headers(block: bytes) -> Mapping[str, str]:
    """Read a block of header fields as a fetcher hands them on: lower-case, Latin-1."""
    lines = (line.partition(":") for line in block.decode("latin-1").splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _answers(block: bytes) -> tuple[Poll, ...]:
    headers = _headers(block)
    request = FetchRequest(URL)
    return tuple(
        read_answer(
            Fetched(request, status, URL, body=b"x", headers=headers),
            FeedState(attempted=_NOW, etag='"a"', hint=3600),
            now=_NOW,
        )
        for status in (200, 226, 304, 403, 410, 429, 500, 503)
    )


def check_answers(_block: bytes, polls: object) -> None:
    """Fail unless no header makes a state that cannot be kept, or that is never polled again."""
    assert isinstance(polls, tuple)
    for poll in polls:
        state = poll.state
        assert 0 <= state.hint <= LONGEST_HINT.total_seconds()
        assert state.not_before is None or _NOW <= state.not_before <= _NOW + timedelta(days=31)
        for validator in (state.etag, state.last_modified):
            assert not validator or (validator.isascii() and validator.isprintable())
        shard = ShardState({URL: state})
        assert state_from_json(state_to_json(shard, "a")) == shard


def _body(body: bytes) -> bytes:
    """Decode a body whose first byte says by which coding, in chunks of its second byte."""
    return _decoded(body, (body[1] if body[1:] else 0) + 1)


def _decoded(body: bytes, size: int) -> bytes:
    decoder = decoder_for(_CODINGS[body[0] % len(_CODINGS)] if body else "")
    decoded = bytearray()
    for at in range(2, len(body), size):
        decoded += decoder.decode(body[at : at + size], room=_ROOM - len(decoded))
    decoder.finish()
    return bytes(decoded)


def check_body(body: bytes, decoded: object) -> None:
    """Fail unless a body stays within its room, and is the same however it arrives."""
    assert isinstance(decoded, bytes)
    assert len(decoded) <= _ROOM
    assert _decoded(body, max(len(body), 1)) == decoded


def _address(text: bytes) -> str | None:
    return web_address(resolve(URL, text.decode("utf-8", "replace")))


def check_address(text: bytes, address: object) -> None:
    """Fail unless what identifies a link also tells what a rule knows it by.

    Else what a takedown names and what the mirror stores would not meet.
    """
    coarse_address(text.decode("utf-8", "surrogateescape"))
    if address is None:
        return
    assert isinstance(address, str)
    assert_web(address)
    host = host_of(address)
    assert host
    assert host in parents(host)
    if ":" in host:  # an address of IPv6 has no brackets in any form
        return
    assert host_of(f"https://{host}/") == host
    coarse, canonical = coarse_address(address), canonical_link(address)
    assert coarse
    assert canonical
    assert canonical_link(f"https://{canonical}") == canonical, (canonical,)
    assert coarse_address(f"https://{canonical}") == coarse, (canonical, coarse)
    assert len(path_prefixes(address)) <= 33


def _proofs(body: bytes) -> tuple[bool, bool, bool]:
    return (
        well_known_proves(body, _TOKEN),
        dns_proves([body], _TOKEN),
        feed_proves(body, _TOKEN),
    )


def check_proofs(body: bytes, proofs: object) -> None:
    """Fail if a text proves a token that it does not show."""
    assert isinstance(proofs, tuple)
    readings = (body.decode(name, "ignore") for name in ("latin-1", "utf-16-le", "utf-16-be"))
    shown = any(_TOKEN in reading or "&#" in reading for reading in readings)
    shown = shown or b"\\u" in body or b"+A" in body  # written by escapes, or in UTF-7
    assert not any(proofs) or shown


def _seed_terms() -> Iterator[bytes]:
    yield json.dumps([{"location": "/*", "tdm-reservation": 1, "tdm-policy": "https://a"}]).encode()
    yield (
        b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/2026/*"><license>'
        b'<permits type="usage">search</permits><prohibits type="usage">ai-train</prohibits>'
        b'<payment type="attribution"/></license></content></rsl>'
    )
    yield b"feedmirror: noarchive, max-snippet: 20, unavailable_after: x"
    yield b"train-ai=n, search=y;a=b"
    yield b'<https://news.example.com/l.xml>; rel="license"; type="application/rsl+xml"'
    yield b"https://creativecommons.org/licenses/by-nc-nd/4.0/ (c) 2026 All rights reserved"


def _seed_headers() -> Iterator[bytes]:
    yield (
        b'ETag: W/"a"\nLast-Modified: Sun, 22 Nov 2026 11:00:00 GMT\nCache-Control: max-age=600\n'
        b"Expires: Sun, 22 Nov 2026 13:00:00 GMT\nDate: Sun, 22 Nov 2026 12:00:00 GMT\n"
    )
    yield b"Retry-After: 120\nCache-Control: no-store\n"
    yield b"Retry-After: Sun, 22 Nov 2026 13:00:00 -0000\nExpires: 0\n"


def _seed_bodies() -> Iterator[bytes]:
    plain = b"<rss><channel><item><title>A story</title></item></channel></rss>" * 20
    yield b"\x00\x3f" + gzip.compress(plain)
    yield b"\x00\x07" + gzip.compress(plain[:99]) + gzip.compress(plain[99:])
    yield b"\x01\xff" + zlib.compress(plain)
    yield b"\x01\x10" + zlib.compress(plain)[2:-4]
    yield b"\x02\x20" + brotli.compress(plain)


def _seed_addresses() -> Iterator[bytes]:
    yield "https://www.Bücher.example:443/a/./b/../c%2fd/index.html?utm_source=x&b=2&a=1#f".encode()
    yield b"//news.example.co.uk:8080/amp/story.amp.html?amp=1&ref_src=x"
    yield b"http://user:pw@[2001:db8::1]:80/%7Ea//b;c?d=%00&d"
    yield b"?p=12"


def _seed_proofs() -> Iterator[bytes]:
    token = _TOKEN.encode()
    yield token + b"\n"
    yield (
        b"<rss><channel><title>a</title><description>x " + token + b"</description></channel></rss>"
    )
    yield b'{"version": "https://jsonfeed.org/version/1.1", "description": "' + token + b'"}'
    yield (
        b"<feed xmlns='http://www.w3.org/2005/Atom'><rights>" + token + b"</rights><entry/></feed>"
    )


TARGETS = (
    Target(
        name="robots",
        read=_robots,
        check=check_robots,
        seeds=lambda: [
            b"User-agent: *\nDisallow: /private/*.html$\nAllow: /private/a\nCrawl-delay: 2.5\n",
            b"\xef\xbb\xbfuser-agent: feedmirror # we\nuser-agent:*\ndisallow: /\nLicense: https://a.b/",
        ],
        tokens=words("robots"),
        grain=LINES,
    ),
    Target(
        name="terms",
        read=_terms,
        check=check_terms,
        seeds=_seed_terms,
        tokens=words("terms"),
        grain=TAGS,
        longest=4096,
    ),
    Target(
        name="headers",
        read=_answers,
        check=check_answers,
        seeds=_seed_headers,
        tokens=words("headers"),
        grain=PIECES,
        longest=1024,
    ),
    Target(
        name="bodies",
        read=_body,
        check=check_body,
        seeds=_seed_bodies,
        refuses=(BrokenCodingError, TooLargeError),
        grain=PIECES,
    ),
    Target(
        name="addresses",
        read=_address,
        check=check_address,
        seeds=_seed_addresses,
        tokens=words("addresses"),
        grain=PIECES,
        longest=512,
    ),
    Target(
        name="proofs",
        read=_proofs,
        check=check_proofs,
        seeds=_seed_proofs,
        tokens=words("proofs"),
        grain=TAGS,
        longest=2048,
    ),
)
