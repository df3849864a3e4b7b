"""Documents of the corpus of real feeds, read once; what is not as expected is explained.

Every fourth in the suite, and each that is explained; ``make corpus`` takes all.
"""

import json
import os
import warnings
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import feedparser
import pytest

from feedmirror.mirroring.entries import Feed, FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed

CORPUS = Path(__file__).parents[2] / "../shared/corpus/feeds"
WHOLE = os.environ.get("FEEDMIRROR_TEST_WHOLE_CORPUS") == "1"

# Documents of which fewer entries are kept than feedparser finds, and why.
FEWER = {
    "danmactough__illegally-nested.xml": "an empty <item/> in every item, which is left out",
    "rometools__v6.xml": "an item in an item's sync history leaves an item of nothing but that",
    "miniflux__no_encoding_ISO-8859-1.xml": "its fourth item has empty elements only",
}
# Documents that are well-formed by XML but not to feedparser, which then guesses.
DAMAGED_YET_WELL_FORMED = {
    "feedjira__PaulDixExplainsNothingWFW.xml": "its prefixes are not bound to namespaces",
    "rometools__test3.xml": "a line end in a namespace, which expat refuses as SAX drives it",
    "rometools__issue137-rss.xml": "a line end in a namespace, which expat refuses likewise",
}
# Documents that are not well-formed as they came, but whose fault is repaired without loss.
REPAIRED = {
    "Ranchero-Softw__kc0011.rss": "its encoding is one that expat does not know",
    "feed2imap__linuxsoft-invalidutf8.xml": "one broken byte",
    "feedjira__AmazonWebServicesBlog.xml": "a blank before the declaration",
    "feedjira__TenderLovemaking.xml": "a blank before the declaration",
    "feedjira__TrotterCashionHome.xml": "a blank before the declaration",
    "feedjira__youtube_atom.xml": "a blank before the declaration",
    "kagisearch__kagi.xml": "a blank before the declaration",
    "kagisearch__postgis.xml": "a blank before the declaration",
    "miniflux__no_encoding_ISO-8859-1.xml": "its encoding is not declared",
    "rbren__uolNoticias.rss": "its encoding is not declared",
    "spacecowboy__atom_cowboy.xml": "a blank before the declaration",
}
Document = dict[str, Any]


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real feeds is not beside this checkout")
    listed = json.loads((CORPUS / "manifest.json").read_text(encoding="utf-8"))
    explained = FEWER.keys() | DAMAGED_YET_WELL_FORMED.keys() | REPAIRED.keys()
    taken = range(0, len(listed), 1 if WHOLE else 4)
    return {
        document["name"]: document
        for number, document in enumerate(listed)
        if number in taken or document["name"] in explained
    }


@pytest.fixture(scope="module")
def feeds(documents: dict[str, Document]) -> dict[str, Feed | FeedUnreadableError]:
    read: dict[str, Feed | FeedUnreadableError] = {}
    for name in documents:
        try:
            read[name] = parse_feed((CORPUS / name).read_bytes(), url=f"https://e.example/{name}")
        except FeedUnreadableError as error:
            read[name] = error
    return read


def found_by_feedparser(name: str) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = feedparser.parse(
            BytesIO((CORPUS / name).read_bytes()), sanitize_html=False, resolve_relative_uris=False
        )
    return len(parsed["entries"])


def test_every_document_is_readable(feeds: dict[str, Feed | FeedUnreadableError]) -> None:
    unreadable = {name: str(feed) for name, feed in feeds.items() if not isinstance(feed, Feed)}

    assert unreadable == {}


def test_no_entry_is_lost_but_those_that_are_explained(
    documents: dict[str, Document], feeds: dict[str, Feed]
) -> None:
    fewer = {
        name: (len(feeds[name].entries), document["entries"])
        for name, document in documents.items()
        if len(feeds[name].entries) < document["entries"]
        # The manifest counts start tags; only where it counts more need feedparser be asked.
        and len(feeds[name].entries) < found_by_feedparser(name)
    }

    assert fewer.keys() == FEWER.keys(), fewer


def test_damage_is_told_where_the_xml_is_broken_and_nowhere_else(
    documents: dict[str, Document], feeds: dict[str, Feed]
) -> None:
    damaged = {name for name, feed in feeds.items() if feed.damaged}
    broken = {name for name, document in documents.items() if not document["well_formed"]}

    assert damaged - broken == set(DAMAGED_YET_WELL_FORMED)
    assert broken - damaged == set(REPAIRED)


def test_no_conversion_failed_and_the_raw_xml_was_always_of_use(feeds: dict[str, Feed]) -> None:
    odd = {
        name: problem
        for name, feed in feeds.items()
        for problem in feed.problems
        if problem.startswith("entry") or "raw XML" in problem
    }

    assert odd.keys() <= FEWER.keys(), odd
    assert all("it is empty" in problem for problem in odd.values())


def test_what_attribution_needs_is_found_across_the_corpus(feeds: dict[str, Feed]) -> None:
    """Floors just under what was counted by hand-checked runs: a fall is a loss."""
    counted: Counter[str] = Counter()
    for feed in feeds.values():
        counted.update(
            key for key in ("title", "site_url", "rights", "contacts", "ttl") if getattr(feed, key)
        )
        for entry in feed.entries:
            fields = ("guid", "link", "content_html", "authors", "rights", "credit", "source")
            counted.update(f"entry {key}" for key in fields if getattr(entry, key))
            counted.update(
                ["entries", "entry date"] if entry.published or entry.updated else ["entries"]
            )

    of_all = {
        "entries": 7400, "entry guid": 6750, "entry link": 7180, "entry content_html": 7270,
        "entry authors": 3870, "entry rights": 37, "entry credit": 255, "entry source": 66,
        "entry date": 7000, "title": 323, "site_url": 318, "rights": 86, "contacts": 52, "ttl": 88,
    }  # fmt: skip
    of_the_suite_s = {
        "entries": 2370, "entry guid": 2135, "entry link": 2265, "entry content_html": 2340,
        "entry authors": 1080, "entry credit": 53, "entry source": 47,
        "entry date": 2230, "title": 95, "site_url": 93, "rights": 30, "contacts": 20, "ttl": 22,
    }  # fmt: skip
    floors = of_all if WHOLE else of_the_suite_s
    assert {key: counted[key] for key in floors if counted[key] < floors[key]} == {}


def test_links_are_absolute_and_texts_can_be_written_out(feeds: dict[str, Feed]) -> None:
    for feed in feeds.values():
        for entry in feed.entries:
            assert entry.link is None or entry.link.startswith(("http://", "https://"))
            assert entry.guid is None or entry.guid == entry.guid.strip() != ""
            assert entry.title == " ".join(entry.title.split())
            repr(entry).encode()
