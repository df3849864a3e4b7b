"""Real feeds go the whole way: document, item, record, page, feed.

Every sixteenth of the corpus in the suite, since all of it takes a minute; ``make corpus`` takes
all.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import feedparser
import pytest
from jsonschema import Draft202012Validator
from lxml import etree
from lxml import html as lxml_html

import feedmirror
from feedmirror.jobs.reports import MirrorReport
from feedmirror.layout import state_key
from feedmirror.records import Item, object_metadata
from world import Documents, World

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "../shared/corpus/feeds"
SCHEMAS = ROOT / "tests/schemas"
WHOLE = os.environ.get("FEEDMIRROR_TEST_WHOLE_CORPUS") == "1"

# Documents of which nothing can be mirrored, and why.
UNREADABLE = {"kagisearch__7ef13a42fa7e177a.xml": "it breaks off before its first entry"}


@dataclass(frozen=True)
class Mirrored:
    world: World
    report: MirrorReport
    names: dict[str, str]
    items: list[Item]
    pages: dict[str, str]


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrored]:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real feeds is not beside this checkout")
    listed = json.loads((CORPUS / "manifest.json").read_text(encoding="utf-8"))
    listed = listed if WHOLE else listed[::16]
    with Documents() as documents:
        world = World(tmp_path_factory.mktemp("corpus"), documents)
        names = {}
        for number, document in enumerate(listed):
            body = (CORPUS / document["name"]).read_bytes()
            site = f"https://f{number}.example.com"
            names[world.serve(body, f"/{number}", site=site)] = document["name"]
        report = world.run()
        yield Mirrored(world, report, names, world.items(), world.pages())


def test_every_feed_is_mirrored_but_those_that_hold_nothing(mirrored: Mirrored) -> None:
    failed = {mirrored.names[url]: why for url, why in mirrored.report.failures}

    assert failed.keys() == UNREADABLE.keys() & set(mirrored.names.values()), failed
    assert mirrored.report.polled == len(mirrored.names)
    assert mirrored.report.created == len(mirrored.items)
    assert mirrored.report.lost == 0


def test_every_record_keeps_to_its_schema_and_its_metadata_to_s3s_limit(
    mirrored: Mirrored,
) -> None:
    schema = json.loads((Path(feedmirror.__path__[0]) / "record.schema.json").read_text())
    validator = Draft202012Validator(schema)
    bodies = mirrored.world.all(mirrored.world.stores.archive, "items/")

    for key, body in bodies.items():
        assert [error.message for error in validator.iter_errors(json.loads(body))] == [], key
    for item in mirrored.items:
        metadata = object_metadata(item)
        assert sum(len(name) + len(value) for name, value in metadata.items()) <= 2048
        assert all(value.isascii() and value.isprintable() for value in metadata.values())


def test_every_page_is_credited_and_runs_nothing(mirrored: Mirrored) -> None:
    for item in mirrored.items:
        page = mirrored.pages[f"{item.host}/{item.id}/index.html"]
        tree: Any = lxml_html.document_fromstring(page)
        (credit,) = tree.find_class("credit")
        links = credit.xpath(".//a/@href")
        assert item.attribution.original_url in links or item.attribution.publisher.url in links
        assert item.attribution.feed.url in links
        assert any(f"takedown+{item.id}@" in link for link in links)
        assert {element.get("type") for element in tree.iter("script")} == {"application/ld+json"}
        assert not tree.xpath("//@*[starts-with(name(), 'on')]")
        assert not tree.xpath("//iframe | //object | //embed | //form | //svg | //base")


def test_no_mail_address_of_a_person_reaches_the_site(mirrored: Mirrored) -> None:
    for item in mirrored.items:
        kept = {author.address for author in item.attribution.authors} | {
            contact.address for contact in item.contacts
        }
        page = mirrored.pages[f"{item.host}/{item.id}/index.html"]
        frame = page.replace(item.content_html, "")
        for address in kept - {None}:
            assert address is not None
            if address not in item.content_html and address not in item.title:
                assert address not in frame, item.id


def test_every_atom_feed_keeps_to_rfc_4287_and_every_json_feed_to_its_version(
    mirrored: Mirrored,
) -> None:
    grammar = etree.RelaxNG(etree.parse(str(SCHEMAS / "atom.rng")))
    schema = Draft202012Validator(json.loads((SCHEMAS / "json_feed.schema.json").read_text()))

    for key, body in mirrored.pages.items():
        if re.fullmatch(r"([^/]+/)?feed\.xml", key):
            grammar.assertValid(etree.fromstring(body.encode()))
        elif re.fullmatch(r"([^/]+/)?feed\.json", key):
            assert [error.message for error in schema.iter_errors(json.loads(body))] == [], key


def test_feedparser_reads_the_authors_back(mirrored: Mirrored) -> None:
    by_page = {
        f"https://mirror.example.org/{item.host}/{item.id}/": item for item in mirrored.items
    }
    read = 0
    for key, body in mirrored.pages.items():
        if not re.fullmatch(r"f\d*[05]\.example\.com/feed\.xml", key):
            continue  # one host in five: feedparser is slow
        for entry in feedparser.parse(BytesIO(body.encode())).entries:
            item = by_page[entry.id]
            stated = [a.name for a in item.attribution.authors if a.name]
            if stated and "@" not in "".join(stated):
                assert entry.author == stated[-1] or entry.author in stated
            assert entry.source.title
            read += 1

    assert read > (600 if WHOLE else 60)


def test_mirroring_the_corpus_again_writes_nothing(mirrored: Mirrored) -> None:
    requests = mirrored.world.watch()
    mirrored.world.later()

    mirrored.world.run()

    assert [key for key in requests.done if key != state_key(0)] == []
