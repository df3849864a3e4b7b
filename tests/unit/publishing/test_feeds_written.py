import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import feedparser
import jsonschema
import pytest
from lxml import etree

from builders import A_MOMENT, AN_ID, a_mirror, an_attribution, an_item
from feedmirror.layout import ItemId
from feedmirror.publishing.listings import Buried, Listing
from feedmirror.publishing.pages import Renderer
from feedmirror.records import Enclosure, Item, Person, Source

SCHEMAS = Path(__file__).parents[2] / "schemas"
GRAMMAR = etree.RelaxNG(etree.parse(SCHEMAS / "atom.rng"))
JSON_SCHEMA = jsonschema.Draft202012Validator(
    json.loads((SCHEMAS / "json_feed.schema.json").read_text(encoding="utf-8"))
)
NAMESPACES = {
    "a": "http://www.w3.org/2005/Atom",
    "at": "http://purl.org/atompub/tombstones/1.0",
    "fh": "http://purl.org/syndication/history/1.0",
}
RENDERER = Renderer(a_mirror())
SITE = "https://mirror.example.org"
FOLDERS = ["", "news.example.com/", "news.example.com/2026-11/"]


def written(folder: str, *items: Item, buried: tuple[Buried, ...] = ()) -> dict[str, bytes]:
    listing = Listing(folder).updated_with([RENDERER.card(item) for item in items], buried)
    files = RENDERER.listing(listing, nonce="ab", months=("2026-09", "2026-10", "2026-12"))
    return {name: document.body for name, document in files.items()}


def atom(folder: str, *items: Item, buried: tuple[Buried, ...] = ()) -> Any:  # noqa: ANN401 -- lxml's element
    feed = etree.fromstring(written(folder, *items, buried=buried)["feed.xml"])
    GRAMMAR.assertValid(feed)
    return feed


def found(feed: Any, path: str) -> list[str]:  # noqa: ANN401 -- lxml's element
    return [str(each) for each in feed.xpath(path, namespaces=NAMESPACES)]


A_BARE_ITEM = an_item(
    id=ItemId("b" * 26),
    title="",
    summary="",
    content_html="",
    language=None,
    published=None,
    updated=None,
    categories=(),
    enclosures=(Enclosure("https://media.example.com/x", "sound", -1),),
    attribution=an_attribution(authors=(), rights=None, license_url=None),
)


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("items", [(), (an_item(),), (an_item(), A_BARE_ITEM)])
def test_both_feeds_are_valid(folder: str, items: tuple[Item, ...]) -> None:
    buried = (Buried(ItemId("c" * 26), "news.example.com", A_MOMENT),)

    feed = atom(folder, *items, buried=buried)

    assert found(feed, "a:author/a:name/text()")  # RFC 4287 §4.1.1, which no grammar can say
    JSON_SCHEMA.validate(json.loads(written(folder, *items, buried=buried)["feed.json"]))


@pytest.mark.parametrize(("folder", "names"), list(zip(FOLDERS, (True, True, False), strict=True)))
def test_both_feeds_are_valid_with_a_hub_and_archives_name_none(
    folder: str, *, names: bool
) -> None:
    renderer = Renderer(a_mirror(hub="https://hub.example.net/?a=1&b=2"))
    listing = Listing(folder).updated_with([renderer.card(an_item())])
    files = renderer.listing(listing, nonce="ab", months=())

    feed, as_json = etree.fromstring(files["feed.xml"].body), json.loads(files["feed.json"].body)

    GRAMMAR.assertValid(feed)
    JSON_SCHEMA.validate(as_json)
    hubs = found(feed, "a:link[@rel='hub']/@href")
    assert hubs == (["https://hub.example.net/?a=1&b=2"] if names else [])
    assert [hub["url"] for hub in as_json.get("hubs", [])] == hubs
    assert len(found(feed, "a:link[@rel='self']/@href")) == 1


def test_a_grammar_that_accepts_everything_would_be_no_test() -> None:
    feed = atom("", an_item())
    feed.remove(feed.find("a:updated", NAMESPACES))
    assert not GRAMMAR.validate(feed)

    fields = json.loads(written("", an_item())["feed.json"])
    fields["items"][0]["unheard_of"] = 1
    assert not JSON_SCHEMA.is_valid(fields)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # feedparser's own
def test_a_reader_finds_the_whole_credit_in_an_entry() -> None:
    credit = an_attribution(source=Source("Elsewhere", "https://else.example/feed"))

    (entry,) = feedparser.parse(written("", an_item(attribution=credit))["feed.xml"]).entries

    assert entry.id == entry.link == f"{SITE}/news.example.com/{AN_ID}/"
    assert [(a.name, a.get("href")) for a in entry.authors] == [
        ("Ann Author", "https://news.example.com/ann"),
        ("Bob Beta", None),
    ]
    assert entry.rights == "© 2026 Example News"
    links = {(link.rel, link.href) for link in entry.links}
    assert {
        ("via", "https://news.example.com/2026/a-story"),
        ("via", "https://else.example/feed"),
        ("license", "https://licences.example/by/4.0/"),
        ("enclosure", "https://media.example.com/story.mp3"),
    } <= links
    assert entry.source.title == "Example News: latest"
    assert entry.source.id == "https://news.example.com/feed.xml"
    assert [tag.term for tag in entry.tags] == ["Science", "Nature"]
    assert (entry.published, entry.updated) == ("2026-11-02T08:00:00Z", "2026-11-02T09:00:00Z")
    text = entry.content[0].value
    assert text.startswith("<p>The whole story, with <em>weight</em>.</p>")
    for part in ("owned and copyrighted by", "https://news.example.com/feed.xml", f"+{AN_ID}@"):
        assert part in text


def test_an_entry_without_an_author_is_its_publishers_and_not_the_mirrors() -> None:
    feed = atom("", A_BARE_ITEM)

    assert found(feed, "a:entry/a:author") == []
    assert found(feed, "a:entry/a:source/a:author/a:name/text()") == ["Example News"]
    assert found(atom("news.example.com/"), "a:author/a:name/text()") == ["news.example.com"]


def test_a_deleted_entry_names_the_page_that_was_the_entrys_id() -> None:
    buried = (Buried(AN_ID, "news.example.com", A_MOMENT),)

    feed = atom("", buried=buried)

    (gone,) = feed.findall("at:deleted-entry", NAMESPACES)
    assert dict(gone.attrib) == {
        "ref": RENDERER.card(an_item()).address,
        "when": "2026-11-03T10:30:00Z",
    }


def test_a_month_is_an_archive_of_the_hosts_feed() -> None:
    month = atom("news.example.com/2026-11/", an_item())

    assert len(month.findall("fh:archive", NAMESPACES)) == 1
    host = f"{SITE}/news.example.com/"
    assert found(month, "a:id/text()") == [host]
    assert dict(zip(found(month, "a:link/@rel"), found(month, "a:link/@href"), strict=True)) == {
        "self": f"{host}2026-11/feed.xml",
        "alternate": f"{host}2026-11/",
        "current": f"{host}feed.xml",
        "prev-archive": f"{host}2026-10/feed.xml",
        "next-archive": f"{host}2026-12/feed.xml",
    }


def test_a_hosts_feed_leads_to_its_newest_month_and_the_front_to_none() -> None:
    host = atom("news.example.com/", an_item())

    assert found(host, "a:link[@rel='prev-archive']/@href") == [
        f"{SITE}/news.example.com/2026-12/feed.xml"
    ]
    assert host.findall("fh:archive", NAMESPACES) == []
    assert found(atom("", an_item()), "a:link[@rel='prev-archive']/@href") == []


def test_a_feed_was_updated_when_its_newest_card_came_or_its_newest_item_went() -> None:
    later = A_MOMENT + timedelta(days=1)
    buried = (Buried(ItemId("c" * 26), "news.example.com", later),)

    assert found(atom(""), "a:updated/text()") == ["1970-01-01T00:00:00Z"]
    assert found(atom("", an_item()), "a:updated/text()") == ["2026-11-03T10:30:00Z"]
    assert found(atom("", an_item(), buried=buried), "a:updated/text()") == ["2026-11-04T10:30:00Z"]


def test_a_feed_states_a_language_only_where_all_entries_agree() -> None:
    german = an_item(id=ItemId("b" * 26), language="de")
    path = "@xml:lang"

    assert found(atom("", an_item()), path) == ["en"]
    assert found(atom("", an_item(), german), path) == []
    assert found(atom("", an_item(), german), "a:entry/@xml:lang") == ["en", "de"]


def test_a_json_feed_has_the_credit_in_its_own_fields() -> None:
    fields = json.loads(written("", an_item())["feed.json"])

    (item,) = fields["items"]
    assert item["url"] == item["id"] == f"{SITE}/news.example.com/{AN_ID}/"
    assert item["external_url"] == "https://news.example.com/2026/a-story"
    assert item["authors"] == [
        {"name": "Ann Author", "url": "https://news.example.com/ann"},
        {"name": "Bob Beta"},
    ]
    assert item["attachments"] == [
        {
            "url": "https://media.example.com/story.mp3",
            "mime_type": "audio/mpeg",
            "size_in_bytes": 3_400_000,
        }
    ]
    assert item["_feedmirror"]["rights"] == "© 2026 Example News"
    assert item["_feedmirror"]["publisher"]["name"] == "Example News"
    assert "owned and copyrighted by" in item["content_html"]
    assert (fields["home_page_url"], fields["feed_url"]) == (f"{SITE}/", f"{SITE}/feed.json")


def test_a_media_file_of_unstated_type_stays_one_of_unstated_type() -> None:
    item = an_item(enclosures=(Enclosure("https://a.example/x"),))

    fields = json.loads(written("", item)["feed.json"])

    assert fields["items"][0]["attachments"][0]["mime_type"] == "application/octet-stream"
    assert found(atom("", item), "a:entry/a:link[@rel='enclosure']/@type") == []
    assert RENDERER.card(item).enclosures == (Enclosure("https://a.example/x", ""),)


def test_a_person_with_no_name_is_called_by_his_page() -> None:
    credit = an_attribution(authors=(Person("", "https://ann.example/"),))

    feed = atom("", an_item(attribution=credit))

    assert found(feed, "a:entry/a:author/a:name/text()") == ["https://ann.example/"]
