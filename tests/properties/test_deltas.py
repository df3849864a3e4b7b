"""What is read of a feed's new entries alone is what is read of all of it, whatever they are.

Feeds of three kinds change from one poll to the next: entries come, go, are edited, repeated and
moved, share links and guids, and inherit what stands around them. Two mirrors follow; one of them
reads everything every time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from xml.sax.saxutils import escape

from hypothesis import event, given
from hypothesis import strategies as st

from feedmirror.mirroring.entries import FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.spans import digests_of
from read_twice import Twins
from world import SITE, Documents

T = TypeVar("T")
NAMESPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/'
    'content/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" '
    'xmlns:at="http://purl.org/atompub/tombstones/1.0" '
    'xmlns:fh="http://purl.org/syndication/history/1.0"'
)
ATOM = "http://www.w3.org/2005/Atom"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
WORDS = ["Día", "a & b", "<b>bold</b>", "One", "“Zitat”", ""]


@dataclass(frozen=True)
class Drawn:
    """One entry; what is None is left out, and by default it has what no other has."""

    link: str | None
    guid: str | None
    title: str
    day: int | None
    text: str
    more: str
    attributes: str


XHTML = (
    "<content type='xhtml' xml:base='/in/'><div xmlns='http://www.w3.org/1999/xhtml'>"
    "<a href='b'>x</a><svg xmlns='http://www.w3.org/2000/svg'/></div></content>"
)
# Of RSS; in Atom and RDF what has no meaning there is simply unknown.
MORE = [
    "",
    "<dc:creator>Ann</dc:creator>",
    "<author>bob@mail.example (Bob)</author>",
    "<dc:rights>© Ann</dc:rights>",
    "<dc:language>fr</dc:language>",
    "<itunes:summary>Summary first</itunes:summary>",
    "<content:encoded><![CDATA[<p>All of <i>it</i></p>]]></content:encoded>",
    "<category>News</category>",
    "<slash:comments>3</slash:comments>",
    "<source url='https://elsewhere.example/feed'>Elsewhere</source>",
    "<m:credit xmlns:m='http://search.yahoo.com/mrss/'>Cy</m:credit>",
    "<x:title xmlns:x='http://unknown.example/'>Not it</x:title>",
    XHTML,
    "<link rel='enclosure' href='file.mp3' length='3'/><enclosure url='file.ogg' type='a/b'/>",
    "<image><title>An image's</title></image>",
]
ODD = [
    "<category>nofeedmirror</category>",
    "<itunes:block>yes</itunes:block>",
    "<title xmlns='http://unknown.example/'>Nor this</title>",
    "<item><title>Within</title></item>",
]


def rarely(odd: Sequence[T], usual: T) -> st.SearchStrategy[T]:
    """Return what is one of the odd ones now and then."""
    return st.sampled_from([*[usual] * (3 * len(odd)), *odd])


ENTRIES = st.builds(
    Drawn,
    link=rarely([f"{SITE}/1", f"{SITE}/2", "/3", "four", f"{SITE}/own-6", None], "own"),
    guid=rarely(["g1", "g2", "own-3", f"{SITE}/own-6", None], "own"),
    title=st.sampled_from(WORDS),
    day=st.sampled_from([1, 2, 3, 4, None]),
    text=st.sampled_from(WORDS),
    more=st.lists(st.sampled_from(MORE) | rarely(ODD, ""), max_size=3).map("".join),
    attributes=rarely([" xml:base='/deep/'", " xml:lang='de'"], ""),
)
OUTER = rarely([" xml:base='/feeds/'", " xml:lang='en'", " lang='sv'"], "")


@dataclass(frozen=True)
class Header:
    """What stands around the entries."""

    root: str
    channel: str
    title: str
    more: str
    behind: str


HEADERS = st.builds(
    Header,
    root=OUTER,
    channel=OUTER,
    title=st.sampled_from(["Example", "Beispiel", ""]),
    more=rarely(
        [
            "<itunes:summary>Of the feed</itunes:summary><description>Again</description>",
            "<itunes:author>The house</itunes:author><language>en-GB</language>",
            "<copyright>© 2026</copyright>",
            "<image><title>Logo</title><url>/logo.png</url></image>",
            "<at:deleted-entry ref='g1' when='2026-11-21T00:00:00Z'/>",
            "<fh:complete/>",
            "<category>nofeedmirror</category>",
        ],
        "",
    ),
    behind=st.sampled_from(
        ["", "", "<ttl>120</ttl>", "<managingEditor>e@x.example</managingEditor>"]
    ),
)
# What a feed keeps, so that anything can be left unread; then what it changes.
FEEDS = st.tuples(
    st.sampled_from(["rss", "atom", "rdf"]),
    rarely(["utf-8-sig", "utf-16", "iso-8859-1", "cp1252", "koi8-r", "big5"], "utf-8"),
    st.lists(ENTRIES, min_size=6, max_size=6),
    HEADERS,
)
CHANGES = st.lists(
    st.tuples(
        st.one_of(
            st.permutations(range(6)),
            st.lists(st.integers(0, 5), min_size=1, max_size=6, unique=True),
            st.lists(st.integers(0, 5), min_size=1, max_size=6),
        ),
        st.none() | st.tuples(st.integers(0, 5), ENTRIES),
        st.one_of(st.none(), st.none(), st.none(), HEADERS),
    ),
    min_size=2,
    max_size=4,
)


Feed = tuple[str, str, list[Drawn], Header]
Changes = list[tuple[list[int], tuple[int, Drawn] | None, Header | None]]


def own(entry: Drawn, number: int) -> Drawn:
    """Return an entry with what no other has where nothing odd was drawn."""
    link = f"{SITE}/own-{number}" if entry.link == "own" else entry.link
    guid = f"own-{number}" if entry.guid == "own" else entry.guid
    return replace(entry, link=link, guid=guid)


def rss_item(entry: Drawn) -> str:
    link = f"<link>{escape(entry.link)}</link>" if entry.link else ""
    guid = f"<guid isPermaLink='false'>{escape(entry.guid)}</guid>" if entry.guid else ""
    date = f"<pubDate>Fri, {entry.day} May 2026 10:00:00 GMT</pubDate>" if entry.day else ""
    text = f"<description><![CDATA[{entry.text}]]></description>" if entry.text else ""
    title = f"<title>{escape(entry.title)}</title>"
    return f"<item{entry.attributes}>{title}{link}{guid}{entry.more}{text}{date}</item>"


def atom_entry(entry: Drawn) -> str:
    link = f"<link href='{escape(entry.link)}'/>" if entry.link else ""
    guid = f"<id>{escape(entry.guid)}</id>" if entry.guid else ""
    date = f"<updated>2026-05-0{entry.day}T10:00:00Z</updated>" if entry.day else ""
    text = f"<summary type='html'>{escape(entry.text)}</summary>"
    title = f"<title>{escape(entry.title)}</title>"
    return f"<entry{entry.attributes}>{title}{link}{guid}{entry.more}{text}{date}</entry>"


def rdf_item(entry: Drawn) -> str:
    link = f"<link>{escape(entry.link)}</link>" if entry.link else ""
    about = f" rdf:about='{escape(entry.guid)}'" if entry.guid else ""
    date = f"<dc:date>2026-05-0{entry.day}</dc:date>" if entry.day else ""
    text = f"<description>{escape(entry.text)}</description>"
    title = f"<title>{escape(entry.title)}</title>"
    return f"<item{about}{entry.attributes}>{title}{link}{entry.more}{text}{date}</item>"


def document(form: str, encoding: str, entries: list[Drawn], header: Header) -> bytes:
    title = f"<title>{header.title}</title>" if header.title else ""
    if form == "atom":
        items = "\n".join(map(atom_entry, entries))
        text = (
            f"<feed xmlns='{ATOM}' {NAMESPACES}{header.root}>{title}{header.more}"
            f"{items}{header.behind}</feed>"
        )
    elif form == "rss":
        items = " ".join(map(rss_item, entries))
        text = (
            f"<rss version='2.0' {NAMESPACES}{header.root}><channel{header.channel}>{title}"
            f"{header.more}{items}{header.behind}</channel></rss>"
        )
    else:
        items = "".join(map(rdf_item, entries))
        text = (
            f"<rdf:RDF xmlns:rdf='{RDF}' xmlns='http://purl.org/rss/1.0/' {NAMESPACES}"
            f"{header.root}><channel{header.channel}>{title}{header.more}{header.behind}</channel>"
            f"{items}</rdf:RDF>"
        )
    declared = encoding.removesuffix("-sig")
    declaration = f'<?xml version="1.0" encoding="{declared}"?>\n'
    return (declaration + text).encode(encoding, "xmlcharrefreplace")


@given(feed=FEEDS, changes=CHANGES)
def test_what_is_new_reads_as_if_all_of_it_had_been_read(feed: Feed, changes: Changes) -> None:
    form, encoding, entries, header = feed
    entries = [own(entry, number) for number, entry in enumerate(entries)]
    with Documents() as documents:
        twins = Twins(documents)
        twins.serve(document(form, encoding, entries[:3], header))
        twins.run()
        left = 0
        for order, edit, other in changes:
            if edit:
                entries[edit[0]] = own(edit[1], edit[0])
            header = other or header
            twins.serve(document(form, encoding, [entries[each] for each in order], header))
            twins.run()
            left += twins.left_unread
            twins.check()
    event(f"left unread: {min(left, 5)}")


# What feedparser keeps account of from one element to the next, in pieces that may not fit.
PIECES = [
    "<title>", "</title>", "<link>http://a.example/1</link>", "<link href='/x'/>", "<guid>",
    "</guid>", "x", "<![CDATA[<b>]]>", "<author>", "</author>", "<name>n</name>",
    "<content type='xhtml'>", "<content>", "</content>", "</div>", "<svg>", "</svg>",
    "<div xmlns='http://www.w3.org/1999/xhtml'>", "<description>", "</description>", "<summary>",
    "</summary>", "<source>", "</source>", "<image>", "</image>", "<textinput>", "</textinput>",
    "<itunes:summary>", "</itunes:summary>", "<content:encoded>", "</content:encoded>",
    "<authors a='b'/>", "<links>", "</links>", "<language>de</language>", "<entry/>", "<channel/>",
    "<x xmlns:dc='http://search.yahoo.com/mrss/'><dc:credit>q</dc:credit></x>",
    "<y xmlns='http://purl.org/rss/1.0/'/>", "<itunes:owner>", "</itunes:owner>", "<contributor>",
    "</contributor>", "<item/>",
]  # fmt: skip


def balanced(pieces: list[str]) -> str:
    """Return markup of pieces in which all that begins ends, and nothing else does."""
    kept: list[str] = []
    ends: list[str] = []
    for piece in pieces:
        if not piece.startswith("</"):
            kept.append(piece)
            if piece[0] == "<" and piece[1] != "!" and "/>" not in piece and "</" not in piece:
                ends.append(f"</{piece[1:].split()[0].rstrip('>')}>")
        elif ends and ends[-1] == piece:
            kept.append(ends.pop())
    return "".join((*kept, *reversed(ends)))


MARKUP = st.lists(st.sampled_from(PIECES), max_size=9).map(balanced)


@given(
    form=st.sampled_from(["rss", "atom", "rdf"]),
    texts=st.lists(MARKUP, min_size=2, max_size=4),
    more=st.tuples(MARKUP, MARKUP),
    title=st.sampled_from(["", "Example"]),
)
def test_any_entry_alone_is_what_it_is_among_the_others(
    form: str, texts: list[str], more: tuple[str, str], title: str
) -> None:
    entries = [Drawn(None, f"g{n}", "", None, "", text, "") for n, text in enumerate(texts)]
    body = document(form, "utf-8", entries, Header("", "", title, *more))
    try:
        whole = parse_feed(body, url=SITE, known=())
    except FeedUnreadableError:
        return
    assert parse_feed(body, url=SITE) == replace(whole, spans=(), frame="")
    digests = digests_of(body, whole.spans)
    for number, each in enumerate(digests):
        part = parse_feed(body, url=SITE, known={*digests} - {each})
        if part.is_partly_read:
            event("alone")
            assert part == replace(whole, entries=whole.entries[number : number + 1])
