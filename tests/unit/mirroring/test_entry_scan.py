"""Where entries lie in a document, and of which documents that is not said."""

import pytest

from feedmirror.mirroring.documents import read_document
from feedmirror.mirroring.entries import FeedUnreadableError
from feedmirror.mirroring.entry_scan import Spans, spans_of
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.spans import MOST_ENTRIES, are_entries, digests_of

URL = "https://example.org/feed"
ATOM = "http://www.w3.org/2005/Atom"
RDF = "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'"
ONE = "<item><title>1</title><link>https://example.org/1</link></item>"
TWO = (
    "<item rdf='x>y'><title><![CDATA[</item> 2]]></title><link>https://example.org/2</link></item >"
)


def rss(items: str, header: str = "<title>T</title>", root: str = "") -> str:
    return f"<rss version='2.0'{root}><channel>{header}{items}</channel></rss>"


def scanned(document: str | bytes) -> Spans | None:
    body = document.encode() if isinstance(document, str) else document
    return spans_of(body, read_document(body))


def parts(document: str | bytes) -> list[str]:
    body = document.encode() if isinstance(document, str) else document
    found = scanned(body)
    assert found is not None
    return [body[start:end].decode("latin-1") for start, end in found.document]


@pytest.mark.parametrize(
    "document",
    [
        rss(ONE + TWO),
        f"\ufeff<?xml version='1.0'?>\n {rss(ONE + ' <!-- <item> --> ' + TWO)}\n",
        f"<rdf:RDF {RDF}><channel><title>T</title></channel>{ONE}{TWO}</rdf:RDF>",
    ],
)
def test_each_entry_s_bytes_are_found(document: str) -> None:
    assert parts(document) == [ONE, TWO]


def test_entries_by_prefix_are_found() -> None:
    entry = "<a:entry><a:id>1</a:id></a:entry>"

    assert parts(f"<a:feed xmlns:a='{ATOM}'>{entry}</a:feed>") == [entry]


def test_spans_are_those_of_the_document_s_own_bytes() -> None:
    item = "<item><title>Grüße</title></item>"
    text = f"<?xml version='1.0' encoding='iso-8859-1'?>{rss(item + ONE, '<title>Ü</title>')}"

    assert parts(text.encode("latin-1")) == [item, ONE]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (rss(ONE) + "<", "not well-formed"),
        ("<!DOCTYPE rss SYSTEM 'x'>" + rss(ONE), "a DOCTYPE"),
        (rss(ONE + ONE), "two alike"),
        (rss(""), "none"),
        (rss(ONE + "<item/>"), "one of nothing"),
        (rss("<item><title>1</title><item><link>/2</link></item></item>"), "one in another"),
        (rss(ONE + "<channel>" + TWO + "</channel>"), "channels in channels"),
        (f"<rss version='2.0'><channel>{ONE}</channel>{TWO}</rss>", "in two places"),
        (f"<rss version='2.0'><channel><items>{ONE}</items></channel></rss>", "elsewhere"),
        (f"<rdf:RDF xmlns:rdf='{RDF[11:54]}'><channel/>{ONE}</rdf:RDF>", "of no known kind"),
        (f"<channel>{ONE}</channel>", "CDF"),
        (rss("<x:item xmlns:x='urn:x'/>" + ONE.replace("1", "&#0;")), "a text that was repaired"),
        (f"<?xml version='1.0' encoding='big5'?>{rss(ONE + '<!--中-->')}".encode("big5"), "big5"),
        (rss(ONE).encode("utf-16"), "two bytes for a character"),
        (f"<?xml version='1.0' encoding='cp037'?>{rss(ONE)}".encode("cp037"), "EBCDIC"),
        (rss("".join(f"<item><guid>{n}</guid></item>" for n in range(MOST_ENTRIES + 1))), "many"),
    ],
)
def test_what_cannot_be_told_apart_safely_is_not(document: str | bytes, why: str) -> None:
    body = document.encode() if isinstance(document, str) else document
    try:
        read = read_document(body)
    except FeedUnreadableError:  # no feed at all, which is as well
        return
    assert spans_of(body, read) is None, why


def test_the_frame_is_what_stands_around_entries_and_nothing_else() -> None:
    frames = {
        name: found.frame
        for name, document in {
            "first": rss(ONE),
            "other entries and header": rss(TWO, "<title>U</title><ttl>3</ttl>"),
            "base": rss(ONE, root=" xml:base='/x/'"),
            "namespace": rss(ONE, root=" xmlns:x='urn:x'"),
            "other namespace": rss(ONE, root=" xmlns:x='urn:y'"),
        }.items()
        if (found := scanned(document))
    }

    assert frames["first"] == frames["other entries and header"]
    assert len({*frames.values()}) == 4


def test_what_an_entry_binds_itself_is_not_around_it() -> None:
    entries = [f"<entry{own}><id>1</id></entry>" for own in ("", " xmlns:x='urn:x'")]
    found = [scanned(f"<feed xmlns='{ATOM}'>{each}</feed>") for each in entries]

    assert found[0] is not None
    assert found[1] is not None
    assert found[0].frame == found[1].frame


def test_a_document_without_what_is_known_is_the_rest_of_it() -> None:
    text = rss(f"{ONE}\n{TWO}\n<item><title>drei ü</title></item>", "<title>ä</title>")
    found = scanned(text)
    assert found is not None

    rest = found.without({found.digests[1]})

    assert rest == text.replace(TWO, "")


def test_what_is_known_is_left_unread_and_the_rest_is_as_ever() -> None:
    body = rss(ONE + TWO).encode()
    whole = parse_feed(body, url=URL, known=())
    first, second = digests_of(body, whole.spans)

    feed = parse_feed(body, url=URL, known={first})

    assert feed.entries == whole.entries[1:]
    assert feed.spans == whole.spans
    assert feed.is_partly_read
    assert not whole.is_partly_read
    assert parse_feed(body, url=URL, known={first, second}).entries == ()
    assert parse_feed(body, url=URL).spans == ()


@pytest.mark.parametrize(
    "odd",
    [
        "<item><author><x/></author></item>",  # empty
        "<item><title>x</title>" + "<category>x</category>" * 5001 + "</item>",  # refused
        '<item><title>x</title><authors a="b"/><author>Ann</author></item>',  # feedparser stops
    ],
)
def test_what_does_not_read_cleanly_is_read_whole(odd: str) -> None:
    known = digests_of(ONE.encode(), ((0, len(ONE)),))
    body = rss(ONE + odd).encode()

    def outcome(known: tuple[str, ...] | None) -> object:
        try:
            return parse_feed(body, url=URL, known=known)
        except FeedUnreadableError as error:
            return str(error)

    assert outcome(known) == outcome(None)


def test_parts_are_entries_only_where_they_lie_one_behind_the_other() -> None:
    body = rss(ONE + TWO).encode()
    found = scanned(body)
    assert found is not None
    first, second = found.document

    assert are_entries(body, [first, second])
    assert not are_entries(body, [])
    assert not are_entries(body, [second, first])
    assert not are_entries(body, [first, first])
    assert not are_entries(body, [(first[0] + 1, first[1])])
    assert not are_entries(body, [(first[0], second[1] - 1)])
    assert not are_entries(body, [(first[0], first[0])])
    assert not are_entries(body, [(second[0], len(body) + 9)])
    assert not are_entries(body, [(-len(ONE), len(body))])
