"""A document whose known entries are cut out first is read as if the parser had met them."""

from collections.abc import Collection

from hypothesis import event, example, given
from hypothesis import strategies as st

from feedmirror.mirroring.entries import Feed, FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.spans import digests_of
from feedmirror.mirroring.stand_ins import read_without_known

URL = "https://news.example.com/feed"
NAMES = {"rss": "item", "feed": "entry", "a:feed": "a:entry"}
TEXTS = ["one", "Día", "~{VPND~}", "three ]]&gt;", "0"]
BEFORE = "<{0}><title>new</title></{0} >{1}"
AROUND = [
    *("\n{} ", "{}{}", "<!--{}-->", "<![CDATA[{}]]>", "<?x {}?>", "<x>{}</x>"),
    *("<title>Día {}</title>", "<title><![CDATA[{}]]></title>", "<channel>{}</channel>", "{}&#1;"),
    *("<{0}><title><![CDATA[{1}]]></title></{0}>", "<{0}>{1}</{0}>", "<{0} x='{1}'></{0}>"),
    *(BEFORE, "<{0}>0</{0}>{1}", "<{0}/>{1}", "<Item>{1}</Item>"),
]


def entry(name: str, text: str) -> str:
    link = f"https://news.example.com/{len(text)}"
    return f"<{name} xmlns:x{len(text)}='urn:x'><title>{text}</title><link>{link}</link></{name}>"


def document(root: str, parts: str) -> str:
    spaces = "xmlns='http://www.w3.org/2005/Atom' xmlns:a='http://www.w3.org/2005/Atom'"
    if root == "rss":
        return f"<rss version='2.0'><channel><title>T</title>{parts}</channel></rss>"
    return f"<{root} {spaces}><title>T</title>{parts}</{root}>"


def placed(around: str, name: str, part: str) -> str:
    if "{0}" in around:
        return around.format(name, part)
    return around.replace("{}", part)


def seldom(usual: str, *odd: str) -> st.SearchStrategy[str]:
    return st.sampled_from([usual] * 4 * len(odd) + [*odd])


PARTS = st.lists(
    st.tuples(seldom("{}", *AROUND), st.sampled_from(TEXTS)),
    max_size=5,
    unique_by=lambda pair: pair[1],
)


@given(
    root=st.sampled_from(sorted(NAMES)),
    seen=st.sets(st.sampled_from(TEXTS), min_size=3),
    parts=PARTS,
    head=seldom("", "<!DOCTYPE rss>", "<!-- <item> -->", "<?x?>"),
    encoding=seldom("utf-8", "utf-8-sig", "iso-8859-1", "hz", "utf-16"),
    declared=seldom("", "utf-8", "iso-8859-1", "hz"),
    content_type=seldom("", "text/xml; charset=hz", "text/xml; charset=iso-8859-1"),
    before=st.sampled_from(["", "alike"]),
)
@example("rss", {"one", "Día"}, [("<!--{}-->", "one"), ("{}", "Día")], "", "utf-8", "", "", "")
@example("rss", {"one", "Día"}, [("{}", "Día"), ("{}", "0")], "", "utf-8", "iso-8859-1", "", "")
@example(
    "rss", {"one", "Día"}, [("{}", "Día"), ("{}", "0")], "", "iso-8859-1", "iso-8859-1", "", "alike"
)
@example("rss", {"one", "~{VPND~}"}, [("{}", "~{VPND~}"), ("{}", "0")], "", "utf-8", "hz", "", "")
@example("rss", {"one", "Día"}, [("{}", "Día"), ("{}", "0")], "", "iso-8859-1", "", "", "alike")
@example("rss", {"one", "Día"}, [(BEFORE, "one"), ("{}", "Día")], "", "utf-8", "", "", "")
@example(
    "rss",
    {"one", "0"},
    [("{}", each) for each in ("one", "0", "one")],
    "",
    "utf-8",
    "",
    "",
    "alike",
)
def test_what_is_left_is_read_as_if_all_had_been_there(
    root: str,
    seen: set[str],
    parts: list[tuple[str, str]],
    head: str,
    encoding: str,
    declared: str,
    content_type: str,
    before: str,
) -> None:
    name = NAMES[root]
    declaration = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    old = document(root, "".join(entry(name, text) for text in sorted(seen)))
    body = (declaration + old).encode(encoding, "xmlcharrefreplace") if before else old.encode()
    known = frozenset(digests_of(body, parse_feed(body, url=URL, known=()).spans))
    new = document(root, "".join(placed(each, name, entry(name, text)) for each, text in parts))
    body = (declaration + head + new).encode(encoding, "xmlcharrefreplace")
    asked: list[int] = []

    def read(document: bytes, known: Collection[str] | None) -> Feed:
        asked.append(len(document))
        return parse_feed(document, url=URL, content_type=content_type, known=known)

    def outcome(*, shortly: bool) -> Feed | str:
        try:
            if shortly:
                return read_without_known(body, content_type=content_type, known=known, read=read)
            return parse_feed(body, url=URL, content_type=content_type, known=known)
        except FeedUnreadableError as error:
            return str(error)

    expected = outcome(shortly=False)

    assert outcome(shortly=True) == expected
    event("shortened" if asked[-1] < len(body) else "whole" if len(asked) == 1 else "both")
