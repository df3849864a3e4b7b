"""What counts as having shown a token."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmirror.takedowns.casework.proofs import dns_proves, feed_proves, well_known_proves

TOKEN = "feedmirror-takedown=abcdefghijklmnopqrstuvwx23"  # noqa: S105 -- shown to everybody
OTHER = "feedmirror-takedown=zbcdefghijklmnopqrstuvwx23"
TEXT = TOKEN.encode()


@pytest.mark.parametrize(
    ("body", "proves"),
    [
        (TEXT, True),
        (TEXT + b"\n", True),
        (b"\r\n " + TEXT + b"\t\r\n", True),
        (b"\xef\xbb\xbf" + TEXT + b"\r\n", True),
        (TEXT.ljust(4096), True),
        (TEXT.ljust(4097), False),
        (b"", False),
        (OTHER.encode(), False),
        (TEXT[:-1], False),
        (TEXT + b"a", False),
        (TEXT.upper(), False),
        (TEXT + b"\n" + TEXT, False),
        (b"token: " + TEXT, False),
        (b"<p>" + TEXT + b"</p>", False),
        (b"<!doctype html><title>Not found</title><p>No page /" + TEXT + b"</p>", False),
        (TOKEN.encode("utf-16"), False),
        (TEXT + b"\x00", False),
    ],
)
def test_a_file_proves_only_if_it_is_the_token_and_nothing_else(body: bytes, proves: bool) -> None:  # noqa: FBT001 -- a column
    assert well_known_proves(body, TOKEN) is proves


@pytest.mark.parametrize(
    ("records", "proves"),
    [
        ((TEXT,), True),
        ((b"v=spf1 -all", TEXT), True),
        ((), False),
        ((OTHER.encode(),), False),
        ((b"x " + TEXT,), False),
        ((TEXT + b" ",), False),
        ((TEXT[:20], TEXT[20:]), False),
    ],
)
def test_a_name_proves_only_by_a_record_that_is_the_token(
    records: tuple[bytes, ...],
    proves: bool,  # noqa: FBT001 -- a column
) -> None:
    assert dns_proves(records, TOKEN) is proves


@pytest.mark.parametrize(
    "token", ["", "feedmirror-takedown=", "a", "feedmirror-takedown=" + "." * 26]
)
def test_what_is_no_token_is_proved_by_nothing(token: str) -> None:
    feed = f"<rss><channel><description>{token}</description></channel></rss>".encode()

    assert not well_known_proves(token.encode(), token)
    assert not dns_proves((token.encode(),), token)
    assert not feed_proves(feed, token)


ITEM = f"<item><title>A comment</title><description>{TOKEN}</description></item>"
ATOM = "http://www.w3.org/2005/Atom"
RDF = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def rss(inside: str, *, before: str = "", attributes: str = "") -> str:
    return f'{before}<rss version="2.0"{attributes}><channel>{inside}</channel></rss>'


def atom(inside: str) -> str:
    return f'<?xml version="1.0"?><feed xmlns="{ATOM}"><title>News</title>{inside}</feed>'


PROVING = {
    "rss description": rss(f"<title>News</title><description>{TOKEN}</description>"),
    "rss description, before the items": rss(f"<description>{TOKEN}</description>{ITEM}"),
    "among other words": rss(f"<description>All the news. {TOKEN} Daily.</description>"),
    "on a line of its own": rss(f"<description>All the news.\n{TOKEN}\n</description>"),
    "copyright": rss(f"<copyright>{TOKEN}</copyright>"),
    "cdata": rss(f"<description><![CDATA[<p>{TOKEN}</p>]]></description>"),
    "escaped markup": rss(f"<description>&lt;b&gt;{TOKEN}&lt;/b&gt;</description>"),
    "upper case": f"<RSS><Channel><Description>{TOKEN}</Description></Channel></RSS>",
    "declared and blank before": rss(
        f"<description>{TOKEN}</description>", before='\n\n<?xml version="1.0" encoding="UTF-8"?>'
    ).replace("\n\n", "", 1),
    "blanks before the root": "\n\n" + rss(f"<description>{TOKEN}</description>"),
    "byte order mark": "\ufeff" + rss(f"<description>{TOKEN}</description>"),
    "what breaks off behind it": f"<rss><channel><description>{TOKEN}</description><title>&nope;",
    "a document type without declarations": rss(
        f"<description>{TOKEN}</description>",
        before='<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "https://dtd.example/r.dtd">',
    ),
    "atom subtitle": atom(f"<subtitle>{TOKEN}</subtitle><entry><title>x</title></entry>"),
    "atom subtitle as xhtml": atom(
        '<subtitle type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">'
        f"<p>News</p><p>{TOKEN}</p></div></subtitle>"
    ),
    "atom rights": atom(f"<rights>{TOKEN}</rights>"),
    "prefixed atom": f'<a:feed xmlns:a="{ATOM}"><a:subtitle>{TOKEN}</a:subtitle></a:feed>',
    "rdf": f"<rdf:RDF {RDF}><channel><description>{TOKEN}</description></channel></rdf:RDF>",
    "json description": json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "description": f"News. {TOKEN}"}
    ),
    "json behind the items": json.dumps(
        {"version": "https://jsonfeed.org/version/1", "items": [], "user_comment": TOKEN}
    ),
}


@pytest.mark.parametrize("document", PROVING.values(), ids=PROVING)
def test_a_token_in_what_a_feed_says_of_itself_proves(document: str) -> None:
    assert feed_proves(document.encode(), TOKEN)
    assert not feed_proves(document.encode(), OTHER)
    assert not feed_proves(document.replace(TOKEN, OTHER).encode(), TOKEN)


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1251"])
def test_a_feed_proves_in_the_encoding_that_it_declares(encoding: str) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'
    document = rss(f"<description>{TOKEN}</description>", before=declared)

    assert feed_proves(document.encode(encoding), TOKEN)


OWN = f"<description>{TOKEN}</description>"
JSON_VERSION = "https://jsonfeed.org/version/1.1"
NOT_PROVING = {
    "an item": rss(ITEM),
    "an item's markup": rss(f"<item><title>{OWN}</title></item>"),
    "behind an item": rss(f"<item/>{OWN}"),
    "an item that pretends to end": rss(f"<item><title>x</title></item>{OWN}<item></item>"),
    "a prefixed item": rss(f"<x:item>{OWN}</x:item>{OWN}", attributes=' xmlns:x="urn:x"'),
    "behind an item in capitals": rss(f"<ITEM/>{OWN}"),
    "an atom entry": atom(f"<entry><rights>{TOKEN}</rights></entry>"),
    "behind an atom entry": atom(f"<entry/><subtitle>{TOKEN}</subtitle>"),
    "an entry's source": atom(f"<entry><source><subtitle>{TOKEN}</subtitle></source></entry>"),
    "the list of an rdf channel's items": f"<rdf:RDF {RDF}><channel><items><rdf:Seq>"
    f'<rdf:li resource="{TOKEN}"/></rdf:Seq></items>{OWN}</channel></rdf:RDF>',
    "a comment of xml": rss(f"<!-- {TOKEN} -->"),
    "a comment that looks like the header": rss(f"<!-- {OWN} --><description>x</description>"),
    "cdata that looks like the header": rss(f"<title><![CDATA[x</title>{OWN}]]></title>"),
    "a processing instruction": rss(f"<?x {OWN}?>"),
    "a title, which may be a discussion's": rss(f"<title>{TOKEN}</title>"),
    "an atom title": atom(f"<title>{TOKEN}</title>"),
    "a link": rss(f"<link>https://a.example/?s={TOKEN}</link>"),
    "an echo in an address": rss(f"<description>https://a.example/?s={TOKEN}</description>"),
    "an attribute": rss(f'<description about="{TOKEN}"/>'),
    "a longer word": rss(f"<description>{TOKEN}a</description>"),
    "a word of two elements": rss("<copyright>feedmirror-takedown=</copyright>" + OWN[13:]),
    "a word that markup cuts": rss(f"<description>{TOKEN[:30]}<b/>{TOKEN[30:]}</description>"),
    "a category": rss(f"<category>{TOKEN}</category>"),
    "an image's description": rss(f"<image>{OWN}</image>"),
    "a search box's description": rss(f"<textInput>{OWN}</textInput>"),
    "a planned broadcast": rss(f"<p:liveItem>{OWN}</p:liveItem>", attributes=' xmlns:p="urn:p"'),
    "another vocabulary": rss(
        f"<m:description>{TOKEN}</m:description>", attributes=' xmlns:m="urn:m"'
    ),
    "a channel within something else": rss(f"<extra><channel>{OWN}</channel></extra>"),
    "a feed within a channel": rss(f"<feed>{OWN}</feed>"),
    "a person of an atom feed": atom(f"<author><rights>{TOKEN}</rights></author>"),
    "a declared entity": rss(
        "<description>&t;</description>", before=f'<!DOCTYPE rss [<!ENTITY t "{TOKEN}">]>'
    ),
    "a document with declarations": rss(OWN, before='<!DOCTYPE rss [<!ENTITY t "x">]>'),
    "an element that does not end": f"<rss><channel><description>{TOKEN}",
    "behind an error": f"<rss><channel><title>&nope;</title>{OWN}</channel></rss>",
    "a page": f"<html><body><channel>{OWN}</channel></body></html>",
    "plain text": TOKEN,
    "text before the root": TOKEN + rss(""),
    "text of the channel itself": rss(TOKEN),
    "nothing": "",
    "json item": json.dumps({"version": JSON_VERSION, "items": [{"description": TOKEN}]}),
    "json title": json.dumps({"version": JSON_VERSION, "title": TOKEN}),
    "json extension": json.dumps({"version": JSON_VERSION, "_ext": {"description": TOKEN}}),
    "json description of another kind": json.dumps(
        {"version": JSON_VERSION, "description": [TOKEN]}
    ),
    "json that is no feed": json.dumps({"description": TOKEN}),
    "json that is broken": json.dumps({"version": JSON_VERSION, "description": TOKEN})[:-1],
    "json of a list": json.dumps([{"version": JSON_VERSION, "description": TOKEN}]),
}


@pytest.mark.parametrize("document", NOT_PROVING.values(), ids=NOT_PROVING)
def test_a_token_anywhere_else_does_not_prove(document: str) -> None:
    assert not feed_proves(document.encode(), TOKEN)


MARKUP = st.lists(
    st.sampled_from(
        ["<rss>", "<channel>", "<item>", "</item>", "<x:item>", "<description>", "</description>",
         "<![CDATA[", "]]>", "<!--", "-->", "<?x ", "?>", "<!DOCTYPE x [", "]>", "<feed>", "&amp;",
         "&x;", "\x00", "<entry/>", '<a b="', '">', "{", '"version":', "\ufeff", " ", "text"]
    )
).map("".join)  # fmt: skip


@given(st.binary() | MARKUP.map(str.encode))
def test_no_bytes_make_a_look_fail_and_none_without_the_token_prove(document: bytes) -> None:
    assert not feed_proves(document, TOKEN)
    assert not well_known_proves(document, TOKEN)


@given(MARKUP)
def test_whatever_an_entry_holds_proves_nothing(written: str) -> None:
    """The worst case: a generator that escapes nothing of what a stranger wrote."""
    entry = f"<item>{written}{OWN}<description>{TOKEN}</description>{written}</item>"
    document = rss(f"<description>All the news.</description>{entry}")

    assert not feed_proves(document.encode(), TOKEN)


@pytest.mark.parametrize(
    "document",
    [
        b"<rss>" + b"<channel>" * 400_000,
        b"<rss><channel>" + b"<description>" * 400_000,
        b"<rss><channel><description>" + b"feedmirror-takedown=" * 200_000 + b"</description>",
        b"<rss " + b"a" * 4_000_000,
        b"{" + b'"a":[' * 200_000,
        b'{"version":' + b"9" * 1_000_000 + b"}",
    ],
    ids=["deep", "deep description", "half tokens", "one long tag", "nested json", "long number"],
)
@pytest.mark.timeout(5)
def test_a_hostile_document_is_looked_at_in_no_time(document: bytes) -> None:
    assert not feed_proves(document, TOKEN)
