"""Large inputs that are made by repeating a little: what a reader may take too long for."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random

_FOUND = Path(__file__).parents[1] / "data" / "found"
_LONGEST_FOUND = 2000  # bytes


@dataclass(frozen=True, slots=True)
class Shape:
    """One input of any size: ``first`` again and again, then ``second``, between two ends."""

    place: int
    before: bytes
    first: bytes
    second: bytes
    after: bytes

    def of(self, size: int) -> bytes:
        """Return the input of about so many bytes."""
        room = max(size - len(self.before) - len(self.after), 0)
        half = room // 2 if self.second else room
        middle = _repeated(self.first, half) + _repeated(self.second, half)
        return self.before + middle + self.after

    def __str__(self) -> str:
        """Return it as who looks for the reason needs it."""
        return f"place {self.place}: {self.first!r:.200} then {self.second!r:.200}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where in its inputs a target may be given anything, up to ``most`` bytes in all.

    ``quoted`` is how a piece is written there. ``share`` is that of the time that is spent on it,
    ``least`` the bytes of the smallest input.
    """

    target: str
    most: int
    share: int = 1
    least: int = 20_000
    around: tuple[tuple[bytes, bytes], ...]
    pieces: tuple[bytes, ...]
    quoted: Callable[[bytes], bytes] = bytes

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes that every shape is read at, in bytes."""
        return tuple(min(self.least * times, self.most) for times in (1, 2, 4))

    def shapes(self, chance: Random) -> Iterator[Shape]:
        """Yield every piece in every place, in an order by chance, and then pairs without end."""
        found = sorted((_FOUND / self.target).glob("*"))
        known = tuple(path.read_bytes()[:_LONGEST_FOUND] for path in found)
        plain = list(product(range(len(self.around)), (*self.pieces, *known)))
        chance.shuffle(plain)
        for place, piece in plain:
            yield self._shape(place, piece, b"")
        pieces = (*self.pieces, *_COMMON, *known)
        while True:
            place = chance.randrange(len(self.around))
            one, other = chance.choice(pieces), chance.choice(pieces)
            if chance.random() < 0.5:
                one, other = one + other, b""
            yield self._shape(place, one, other)

    def _shape(self, place: int, first: bytes, second: bytes) -> Shape:
        before, after = self.around[place]
        return Shape(place, before, self.quoted(first), self.quoted(second), after)


def in_json(piece: bytes) -> bytes:
    """Return a piece as it stands in a text of JSON."""
    return json.dumps(piece.decode("utf-8", "replace"))[1:-1].encode()


def _repeated(piece: bytes, size: int) -> bytes:
    return piece * (size // len(piece)) if piece else b""


_COMMON = (
    *(b" ", b"\n", b"\t", b"\r", b"\0", b"a", b"A.", b"a ", b"a\n", b"-", b"_", b"\\", b"'", b'"'),
    *(b"(", b")", b"()", b"[", b"]", b"{", b"}", b"<", b">", b"<>", b"=", b"&", b"&amp;", b"&#1;"),
    *(
        b",",
        b";",
        b":",
        b"/",
        b"//",
        b"?",
        b"#",
        b"%",
        b"%41",
        b"@",
        b"a@b.c",
        b"a.a.a",
        b"*",
        b"$",
    ),
    *(
        b"http://",
        b"https://a.example/",
        b"www.",
        b"xn--",
        "é".encode(),
        "\u200d".encode(),
        b"\xff",
    ),
)
_TAGS = (
    *(b"<b>", b"</b>", b"<p>", b"<div>", b"</div>", b"<a href='/x'>", b"<a ", b"<a x='", b"<br>"),
    *(b"<!--", b"-->", b"<!", b"<?", b"?>", b"<![CDATA[", b"]]>", b"&lt;b&gt;", b"&lt;", b"<li>"),
    *(b"<table><tr><td>", b"<style>", b"<svg><title>", b"<script>", b"<iframe src=/x>", b"<h1>"),
    *(b'<p style="url(', b"url(", b"<img src=/a alt=b>", b"<img>", b"<blockquote>", b"<ruby><rt>"),
)
_RSS = b'<rss version="2.0"><channel><title>a</title><link>https://news.example.com/</link>'
_ITEM = _RSS + b"<item><link>https://news.example.com/a</link><title>a</title>"
_ENDS = b"</item></channel></rss>"
_ATOM = b'<feed xmlns="http://www.w3.org/2005/Atom"><title>a</title>'
_FEED_PIECES = (
    *(
        b"<item><title>a</title></item>",
        b"<item>",
        b"<entry><id>a</id></entry>",
        b"<category>a</category>",
    ),
    *(b"<author>a@b.c (d)</author>", b"<author>", b"<link>https://a.example/</link>", b"<link/>"),
    *(
        b"<guid>a</guid>",
        b"<title>a</title>",
        b"<enclosure url='/a'/>",
        b"<description>a</description>",
    ),
    *(
        b"<at:deleted-entry ref='a'/>",
        b"<source url='/a'>a</source>",
        b"<a:b>",
        b" a='b'",
        b" xmlns:a='b'",
    ),
    *(
        b"<media:group>",
        b"<!DOCTYPE a [",
        b"<!ENTITY a 'b'>",
        b"<content:encoded>",
        b"<a xml:base='b/'>",
    ),
)
_HEAD = b"From: Ann <ann@news.example>\r\nTo: takedown@mirror.example.org\r\n"
_MAIL_PIECES = (
    *(
        b"=?utf-8?q?a?= ",
        b"=?utf-8?b?YQ==?=",
        b"=?",
        b"?=",
        b"<a@b.c> ",
        b"a@b.c, ",
        b"(",
        b"\r\n ",
        b"a;",
    ),
    *(
        b"; a=b",
        b"; a*0=b",
        b"> ",
        b">",
        b"\r\n",
        b"-- \r\n",
        b"--b\r\n",
        b"--b\r\n\r\na\r\n",
        b"https://a.example/b\n",
    ),
    *(
        b"a.example ",
        b"Please remove https://a.example/b ",
        b"please ",
        b"remove all of my articles. ",
    ),
    *(
        b"not ",
        b"On 3 Nov, Ann wrote:\r\n",
        b"From: a@b.c\r\n",
        b"a: b\r\n",
        b"=3D",
        b"=\r\n",
        b"YQ==\r\n",
    ),
    *(
        b"Content-Type: message/rfc822\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
    ),
    *(
        b"<a href=https://a.example>",
        b"<blockquote>",
        b"<p>a</p>",
        b"<div>",
        b"&nbsp;",
        b"hxxps[:]//a[.]b ",
    ),
    *(
        b"and ",
        b"or ",
        b", ",
        b". ",
        b"! ",
        b'my article "a" ',
        b"by Ann Author ",
        b"except ",
        b"now and ",
    ),
)
PLACES = (
    Places(
        target="feeds",
        share=6,
        most=8 * 2**20,
        around=(
            (b"", b"<rss><channel>" + _ENDS),
            (_RSS, _ENDS),
            (_ITEM, _ENDS),
            (_ITEM + b"<description><![CDATA[", b"]]></description>" + _ENDS),
            (_ITEM + b"<description>", b"</description>" + _ENDS),
            (_ITEM + b"<author>", b"</author>" + _ENDS),
            (_ITEM + b"<guid>", b"</guid>" + _ENDS),
            (_ITEM + b"<pubDate>", b"</pubDate>" + _ENDS),
            (_ITEM + b"<a ", b">" + _ENDS),
            (_ATOM, b"</feed>"),
            (_ATOM + b"<entry><title type='html'>", b"</title></entry></feed>"),
        ),
        pieces=(*_FEED_PIECES, *_TAGS),
    ),
    Places(
        target="json-feeds",
        share=2,
        most=8 * 2**20,
        around=tuple(
            (b'{"version": "https://jsonfeed.org/version/1.1", "title": "a", ' + before, after)
            for before, after in (
                (b'"items": [{"id": "1", "content_html": "', b'"}]}'),
                (b'"items": [{"id": "1", "content_text": "', b'"}]}'),
                (b'"items": [{"id": "', b'", "title": "b"}]}'),
                (b'"items": [{"id": "1", "title": "', b'"}]}'),
                (b'"items": [{"id": "1", "title": "a", "url": "', b'"}]}'),
                (b'"items": [{"id": "1", "title": "a", "date_published": "', b'"}]}'),
                (b'"items": [{"id": "1", "title": "a", "authors": [{"name": "', b'"}]}]}'),
                (b'"items": [{"id": "1", "title": "a", "authors": [{"url": "', b'"}]}]}'),
                (b'"items": [{"id": "1", "title": "a", "tags": ["', b'"]}]}'),
            )
        ),
        pieces=(*_TAGS, b'", "', b'a"}, {"id": "', b"mailto:a@b.c"),
        quoted=in_json,
    ),
    Places(
        target="markup",
        share=3,
        most=2**20,
        around=((b"", b""), (b"<p>", b"</p>"), (b"<a href='", b"'>a</a>"), (b"<pre>", b"</pre>")),
        pieces=(*_TAGS, *_COMMON),
    ),
    *(
        Places(
            target=target,
            share=4,
            least=least,
            most=2 * 2**20,
            around=(
                (_HEAD + b"Subject: a\r\n\r\n", b"\r\n"),
                (_HEAD + b"Subject: ", b"\r\n\r\na\r\n"),
                (_HEAD, b"\r\n\r\na\r\n"),
                (b"From: ", b"\r\nTo: a@b.c\r\n\r\na\r\n"),
                (_HEAD + b"Content-Type: ", b"\r\n\r\na\r\n"),
                (_HEAD + b"References: ", b"\r\n\r\na\r\n"),
                (_HEAD + b"DKIM-Signature: v=1; ", b"\r\n\r\na\r\n"),
                (_HEAD + b"Content-Type: text/html\r\n\r\n<p>", b"</p>\r\n"),
                (_HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", b"--b--\r\n"),
                (
                    _HEAD
                    + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n",
                    b"",
                ),
                (_HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", b""),
                (_HEAD + b"Content-Type: application/json\r\n\r\n{", b"}"),
                (_HEAD + b"Content-Type: text/xml\r\n\r\n<Infringement>", b"</Infringement>"),
            ),
            pieces=_MAIL_PIECES,
        )
        for target, least in (("mails", 20_000), ("notices", 5000))
    ),
    Places(
        target="configuration",
        most=2**20,
        around=(
            (b"", b"\n"),
            (b'[mirror]\nname = "', b'"\n'),
            (b"[mirror]\nshared = [", b"]\n"),
            (b"[[feed]]\nurl = 'https://a.example/", b"'\n"),
        ),
        pieces=(
            b"[[feed]]\n",
            b"[a]\n",
            b"a = 1\n",
            b"[",
            b"{a=",
            b'"a",',
            b"a.",
            b"'''",
            b"#",
            b"[[feed]]\nurl='https://a.example'\n",
        ),
    ),
    Places(
        target="opml",
        most=2**20,
        around=(
            (b"<opml><body>", b"</body></opml>"),
            (b"", b""),
            (b"<opml><body><outline xmlUrl='", b"'/></body></opml>"),
        ),
        pieces=(
            b"<outline xmlUrl='https://a.example/'/>",
            b"<outline>",
            b"<outline title='a & b'/>",
            *_TAGS,
        ),
    ),
    Places(
        target="robots",
        most=500 * 2**10,
        around=(
            (b"", b""),
            (b"User-agent: *\n", b""),
            (b"User-agent: *\nDisallow: /", b"\n"),
            (b"User-agent: *\nDisallow: /\nAllow: ", b"$\n"),
        ),
        pieces=(
            b"Disallow: /a*b*c$\n",
            b"Allow: /a\n",
            b"User-agent: *\n",
            b"User-agent: a\n",
            b"a*",
            b"Crawl-delay: 1\n",
            b"License: https://a.b/\n",
            b"\n",
            b"#",
        ),
    ),
    Places(
        target="headers",
        most=64 * 2**10,
        around=tuple(
            (name + b": ", b"\n")
            for name in (
                b"ETag",
                b"Last-Modified",
                b"Cache-Control",
                b"Expires",
                b"Retry-After",
                b"Date",
            )
        ),
        pieces=(b"max-age=1, ", b", ", b"a=", b"no-store,", b"1", b"Sun, ", b'"', b"W/"),
    ),
    Places(
        target="terms",
        most=200_000,
        around=(
            (b"", b""),
            (b'[{"location": "/', b'", "tdm-reservation": 1}]'),
            (b'<rsl xmlns="https://rslstandard.org/rsl">', b"</rsl>"),
        ),
        pieces=(
            b"<content url='/'><license><permits type='usage'>search</permits></license></content>",
            b"<content>",
            b'{"location": "/", "tdm-reservation": 1},',
            b"noai, ",
            b"a: noindex, ",
            b"<https://news.example.com/a>; rel=license,",
            b"; a=b",
            b"all rights reserved ",
        ),
    ),
    Places(
        target="records",
        most=2**20,
        around=((b'{"schema": 1, "kind": "item", "title": "', b'"}'),),
        pieces=(b"a", b"\\", b'"', "\u200d".encode(), b"\x00"),
        quoted=in_json,
    ),
    Places(
        target="answers",
        most=4 * 2**20,
        around=tuple(
            (b'{"result": ' + before, after + b"}")
            for before, after in (
                (b'[{"texts": {"words": "a", "summary": "a", "content": "', b'"}}]'),
                (b'[{"texts": {"summary": "", "words": "', b'"}}]'),
                (b'["tdm-reserved /', b'"]'),
                (b'{"url": "https://news.example.com/feed", "format": "', b'"}'),
                (b'{"url": "", "format": "", "entries": [{"base_url": "", "link": "', b'"}]}'),
            )
        ),
        pieces=(*_TAGS, b'<b dir="ltr">', b"<b ", b'", "', b'a"}, {"a": "'),
        quoted=in_json,
    ),
    Places(
        target="addresses",
        most=64 * 2**10,
        around=((b"https://", b"/"), (b"https://a.example/", b""), (b"https://a.example/?", b"")),
        pieces=(b"www.", b"a.", b"a=b&", b"utm_a=b&", b"../", b"./", b"a/", b"%2e", b"xn--a."),
    ),
    Places(
        target="proofs",
        most=8 * 2**20,
        around=((b"", b""), (b"<rss><channel><description>", b""), (b'{"description": "', b'"}')),
        pieces=(b"feedmirror-takedown=", b"feedmirror-", b"<description>", *_TAGS),
    ),
)
