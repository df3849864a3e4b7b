"""The mirror's main job over real stores, a real fetcher and loopback publishers."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from builders import a_rule
from feedmirror.adapters.fetching import CurlFetcher
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.addresses import digest
from feedmirror.configuration import FeedSettings, Images, Publish
from feedmirror.layout import state_key
from feedmirror.ports.fetching import Fetched, FetchRequest, Unfetched
from feedmirror.ports.object_store import Content
from feedmirror.records import Item, Tombstone
from feedmirror.suppression import (
    Ground,
    RuleId,
    Scope,
    address_hash,
    address_key,
    author_keys,
    domain_key,
    feed_key,
    guid_key,
    host_key,
    path_key,
    rule_to_json,
    text_key,
)
from loopback import Answer
from world import SITE, Documents, World, entry, rss, state_of

TEXT = "The  Text of it, which is long enough to tell one item from all the others. " * 3


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Documents() as documents:
        yield World(tmp_path, documents)


def lose_state(world: World) -> None:
    """Overwrite the poll state by nothing that can be read."""
    found = world.stores.archive.get(state_key(0))
    assert found is not None
    world.stores.archive.put(
        state_key(0), Content(b"lost", "application/json"), replaces=found.etag
    )


def test_the_feeds_of_a_host_are_asked_one_behind_the_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that they share a connection, however many other hosts there are."""
    polls: list[list[str]] = []
    fetch = CurlFetcher.fetch

    def noted(
        fetcher: CurlFetcher, requests: Iterable[FetchRequest]
    ) -> Iterator[Fetched | Unfetched]:
        wanted = list(requests)
        polls.append([request.url for request in wanted])
        return fetch(fetcher, wanted)

    monkeypatch.setattr(CurlFetcher, "fetch", noted)
    with Documents("127.0.0.3") as other:
        urls = [world.configure(world.publisher.url("/1"))]
        urls += [world.configure(other.publisher.url(path)) for path in ("/2", "/3")]
        urls += [world.configure(world.publisher.url("/4"))]
        world.run()

    assert polls[-1] == [urls[0], urls[3], urls[1], urls[2]]


def test_one_feed_in_gives_records_markers_and_pages_out(world: World) -> None:
    world.serve(rss(entry(1), entry(2)))

    report = world.run()

    assert (report.polled, report.created, report.failures) == (1, 2, ())
    first, second = world.items()
    assert first.host == "news.example.com"
    assert first.attribution.original_url == f"{SITE}/1"
    assert [author.name for author in first.attribution.authors] == ["Ann"]
    markers = world.all(world.stores.archive, "addresses/com,example,news)/")
    assert {key.split("/")[-1].partition(".")[0] for key in markers} == {first.id, second.id}
    months = {f"news.example.com/2026-11/{n}" for n in ("index.html", "feed.xml", "feed.json")}
    assert world.pages().keys() >= months | {
        f"news.example.com/{first.id}/index.html",
        "news.example.com/index.html",
        "news.example.com/feed.xml",
        "news.example.com/feed.json",
        "index.html",
        "feed.xml",
        "feed.json",
        "opml.xml",
        "takedown/index.html",
        "publishers/index.html",
        "removed/index.html",
        "404.html",
        "style.css",
    }


def test_the_page_of_an_item_ends_in_the_five_parts_of_its_credit(world: World) -> None:
    world.mirror = replace(world.mirror, purpose="for the test")
    url = world.serve(rss(entry(1), extra="<copyright>© Example</copyright>"))
    world.run()
    (item,) = world.items()

    page = world.pages()[f"news.example.com/{item.id}/index.html"]

    credit = page[page.rindex("Some text.") :]
    for part in (f"{SITE}/1", "Ann", "© Example", url, "for the test", f"takedown+{item.id}@"):
        assert part in credit


def test_every_object_has_a_content_type_with_charset_and_pages_a_cache_control(
    world: World,
) -> None:
    world.serve(rss(entry(1)))
    world.run()

    for summary in world.stores.site.list(""):
        found = world.stores.site.get(summary.key)
        assert found is not None
        assert "charset=utf-8" in found.content.content_type
        assert found.content.cache_control == "public, max-age=60"


def test_a_marker_holds_nothing_that_can_be_read(world: World) -> None:
    world.serve(rss(entry(1)))
    world.run()

    for key, body in world.all(world.stores.archive, "addresses/").items():
        assert b"Entry" not in body
        assert b"Ann" not in body
        assert b"/1" not in body.replace(b"/11", b"").replace(b"2026-11/", b"")
        assert digest(body.decode()) == key.rpartition(".")[2].partition("-")[0]


def test_an_unchanged_feed_costs_one_request_and_no_write_but_the_lease(world: World) -> None:
    world.serve(rss(entry(1), entry(2)))
    world.run()
    world.later()
    requests = world.watch()

    report = world.run(at_once=False)

    assert (report.polled, report.unchanged) == (1, 1)
    assert len(world.publisher.seen) == 2
    assert requests.asked == [
        ("list", "challenges/"),
        ("get", state_key(0)),
        ("put", state_key(0)),
        ("list", "lifts/"),
    ]


def test_a_thousand_requests_of_s3_are_not_more_for_many_unchanged_feeds(world: World) -> None:
    for number in range(30):
        host = f"https://{number}.example.com"
        world.serve(rss(entry(1, link=f"{host}/1")), f"/{number}", site=host)
    world.run()
    world.later()
    requests = world.watch()

    report = world.run(at_once=False)

    assert report.unchanged == 30
    assert len(requests.asked) == 4


def test_a_feed_that_is_not_due_is_not_asked(world: World) -> None:
    world.serve(rss(entry(1)))
    world.run()
    world.later(0.5)
    requests = world.watch()

    assert world.run(at_once=False).polled == 0
    assert len(world.publisher.seen) == 1
    assert requests.done == []


def test_with_the_state_lost_the_same_documents_write_no_record_marker_or_page(
    world: World,
) -> None:
    world.serve(rss(entry(1), entry(2)))
    world.run()
    lose_state(world)
    world.later()
    requests = world.watch()

    report = world.run()

    assert report.created == report.updated == 0
    assert [key for key in requests.done if key != state_key(0)] == []
    assert state_of(world, world.feeds[0].url).entries.keys() == {i.id for i in world.items()}


def test_one_new_entry_is_one_record_and_the_pages_that_changed(world: World) -> None:
    world.serve(rss(entry(1)))
    world.run()
    world.later()
    world.serve(rss(entry(2), entry(1)))
    requests = world.watch()

    report = world.run(at_once=False)

    assert report.created == 1
    new = next(item for item in world.items() if item.title == "Entry 2")
    own = [key for key in requests.done if not key.startswith(("state/", "addresses/"))]
    listings = [
        folder + name
        for folder in ("", "news.example.com/", "news.example.com/2026-11/")
        for name in ("feed.json", "feed.xml", "index.html")
    ]
    assert sorted(own) == sorted(
        [
            f"items/news.example.com/{new.id}.json",
            f"news.example.com/{new.id}/index.html",
            *listings,
        ]
    )
    assert sum(key.startswith("addresses/") for key in requests.done) == 1
    page, record = f"news.example.com/{new.id}/index.html", f"items/news.example.com/{new.id}.json"
    assert [method for method, key in requests.asked if key == page] == ["put"]
    # No look-up of a new item; the front reads what the archive holds behind its own rules.
    assert [method for method, key in requests.asked if key == record] == ["put", "get"]
    for key in listings:  # the index of each is read, and tells the ETags of the others
        asked = ["get", "put"] if key.endswith("feed.json") else ["put"]
        assert [method for method, other in requests.asked if other == key] == asked


@pytest.mark.parametrize("folder", ["", "news.example.com/", "news.example.com/2026-11/"])
@pytest.mark.parametrize("name", ["feed.xml", "feed.json"])
def test_a_listing_of_which_one_file_is_newer_than_its_index_is_looked_at(
    world: World, folder: str, name: str
) -> None:
    """A run dies between the files, and what the index remembers is wrong from then on."""
    world.serve(rss(entry(1)))
    world.run()
    world.later()
    world.serve(rss(entry(2), entry(1)))

    def die(method: str, key: str) -> None:
        if (method, key) == ("put", folder + name):
            raise KeyboardInterrupt

    world.watch().before = die
    with pytest.raises(KeyboardInterrupt):
        world.run()
    world.requests.before = lambda *_: None

    world.run()  # it takes the entry for new, meets its record, and looks again
    report = world.run()

    assert (report.lost, report.problems) == (0, ())
    for file in ("index.html", "feed.xml", "feed.json"):
        assert "Entry 2" in world.pages()[folder + file]
    world.serve(rss(entry(3), entry(2), entry(1)))
    world.watch()
    assert world.run().created == 1
    heads = [key for method, key in world.requests.asked if method == "head"]
    assert not [key for key in heads if key.startswith(folder)]  # what is remembered is right again


def test_a_listing_that_is_tried_again_goes_by_the_rules_of_then(world: World) -> None:
    """Its condition is lost, and before the second try there is a rule, and nothing else yet."""
    world.serve(rss(entry(1)))
    world.run()
    world.later()
    world.serve(rss(entry(2, title="Doomed"), entry(3), entry(1)))
    requests = world.watch()
    page = "news.example.com/index.html"

    def meet(method: str, key: str) -> None:
        if (method, key) == ("put", page):
            requests.before = lambda *_: None
            found = world.stores.site.get(page)
            assert found is not None
            body = found.content.body + b"<!-- another writer's -->"
            world.stores.site.put(page, replace(found.content, body=body), replaces=found.etag)
            world.suppress(a_rule(address_key(f"{SITE}/2")))

    requests.before = meet

    assert world.run().lost == 0
    for name in ("index.html", "feed.xml", "feed.json"):
        assert "Doomed" not in world.pages()[f"news.example.com/{name}"]
        assert "Entry 3" in world.pages()[f"news.example.com/{name}"]


def test_of_a_host_that_is_new_nothing_is_read_but_that_it_is(world: World) -> None:
    world.serve(rss(*(entry(number) for number in range(5))))
    requests = world.watch()

    report = world.run()

    assert report.created == 5
    before_the_front = requests.asked[: requests.asked.index(("get", "feed.json"))]
    about_host = [each for each in before_the_front if "news.example.com/" in each[1]]
    read = [(method, key) for method, key in about_host if method != "put"]
    puts = [key for method, key in about_host if method == "put"]
    # The page about the host tells what it told before.
    about = "news.example.com/about/index.html"
    assert read == [("list", "items/news.example.com/"), ("get", about)]
    assert len([key for key in puts if key.startswith("items/")]) == 5
    listings = [key for key in puts if key.endswith(("/feed.json", "/feed.xml"))]
    assert len(listings) == 4
    assert len(puts) == len(set(puts)) == 5 * 3 + 6 + 1  # marker, record, page; listings; about


def test_pages_that_stand_where_the_archive_is_lost_are_taken_over_by_the_next_run(
    world: World, tmp_path: Path
) -> None:
    world.serve(rss(entry(1), entry(2)))
    world.run()
    shown = world.pages()
    world.stores = replace(world.stores, archive=SqliteStore(tmp_path / "new.sqlite", "archive"))

    first, second, third = (world.run() for _ in range(3))

    assert (first.created, first.lost) == (2, 2)
    assert (second.created, second.lost, third.lost) == (0, 0, 0)
    assert world.pages().keys() == shown.keys()
    latest = world.pages()["news.example.com/index.html"]
    assert "Entry 1" in latest
    assert "Entry 2" in latest


def test_an_edit_updates_the_record_the_page_and_the_listings(world: World) -> None:
    world.serve(rss(entry(1)))
    world.run()
    (before,) = world.items()
    world.later()
    world.serve(rss(entry(1, title="Corrected", text="Better text.")))

    report = world.run()

    (after,) = world.items()
    assert report.updated == 1
    assert (after.id, after.first_seen, after.title) == (before.id, before.first_seen, "Corrected")
    for key in (
        f"news.example.com/{after.id}/index.html",
        "feed.json",
        "news.example.com/feed.xml",
    ):
        assert "Better text." in world.pages()[key]
        assert "Entry 1" not in world.pages()[key]


def test_a_to_b_to_a_is_no_third_version(world: World) -> None:
    for title in ("A", "B", "A", "B", "A"):
        world.serve(rss(entry(1, title=title)))
        world.run()
        world.later()

    (item,) = world.items()
    assert item.title == "B"
    assert len(item.revisions.seen) == 2


def test_a_truncated_document_adds_nothing_half_read_and_takes_nothing_away(world: World) -> None:
    world.serve(rss(entry(1), entry(2)))
    world.run()
    before = world.items()
    whole = rss(entry(1, title="Changed"), entry(3), entry(4, text="whole text"))
    world.serve(whole[: whole.index("whole") + 3])
    world.later()

    report = world.run()

    assert report.created == 1
    assert [item.title for item in world.items()] == ["Entry 1", "Entry 2", "Entry 3"]
    assert world.items()[:2] == before
    assert report.problems


@pytest.mark.parametrize(
    "changed",
    [
        entry(1, guid="another"),
        entry(1, link="http://news.example.com/1"),
        entry(1, link="https://www.news.example.com/1"),
        entry(1, link=f"{SITE}/1?utm_source=rss&utm_medium=rss"),
        entry(1, link="https://new.example.net/moved"),  # under the guid that is known
    ],
)
def test_an_item_keeps_its_identity_under_another(world: World, changed: str) -> None:
    world.serve(rss(entry(1)))
    world.run()
    (before,) = world.items()
    world.later()
    world.serve(rss(changed))
    world.run()

    (after,) = world.items()
    assert after.id == before.id


def test_a_new_link_under_a_known_guid_gets_a_second_marker(world: World) -> None:
    world.serve(rss(entry(1)))
    world.run()
    world.later()
    world.serve(rss(entry(1, link="https://new.example.net/moved")))
    world.run()

    (item,) = world.items()
    markers = list(world.all(world.stores.archive, "addresses/"))
    assert len(world.all(world.stores.archive, "addresses/net,example,new)/")) == 1
    assert {key.split("/")[-1].partition(".")[0] for key in markers} == {item.id}
    assert any(address_hash(f"{SITE}/1") in key for key in markers)
    assert any(address_hash("https://new.example.net/moved") in key for key in markers)


def test_a_second_feed_of_the_same_site_brings_no_second_copy_and_no_turns(world: World) -> None:
    world.serve(rss(entry(1)), "/feed")
    world.run()
    world.serve(rss(entry(1, guid="other", text="Shorter.", more=""), title="Comments"), "/other")
    for _ in range(3):
        world.later()
        assert world.run().updated == 0

    (item,) = world.items()
    assert item.attribution.feed.url.endswith("/feed")


def test_a_feed_that_claims_another_hosts_link_and_guid_speaks_only_for_itself(
    world: World,
) -> None:
    world.serve(rss(entry(1)), "/honest")
    world.run()
    (honest,) = world.items()
    before = world.pages()
    world.later()
    world.serve(
        rss(entry(1, title="Forged", text="Lies."), title="Example News"),
        "/forged",
        site="https://evil.example.org",
    )
    world.run()

    assert world.records()[f"items/news.example.com/{honest.id}.json"] == honest
    (forged,) = (item for item in world.items() if item.title == "Forged")
    assert forged.host == "evil.example.org"
    assert forged.attribution.publisher.host == "evil.example.org"
    assert forged.attribution.publisher.url == "https://evil.example.org"
    page = world.pages()[f"evil.example.org/{forged.id}/index.html"]
    assert "evil.example.org" in page
    assert "news.example.com" in page  # the link's host is shown beside it
    own = {key: body for key, body in world.pages().items() if key.startswith("news.example.com/")}
    assert own == {key: body for key, body in before.items() if key in own}
    under = world.all(world.stores.archive, "addresses/com,example,news)/")
    assert any(f"/evil.example.org/{forged.id}." in key for key in under)


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        ("<item><title>No link</title><guid isPermaLink='false'>g</guid></item>", "No link"),
        ("<item><link>https://news.example.com/x</link></item>", "Untitled"),
        ("<item><description>Only words.</description></item>", "Only words."),
        ("<item><title>No guid, no date</title></item>", "No guid, no date"),
        ("<item><title>Odd</title><link>javascript:alert(1)</link></item>", "Odd"),
        ("<item><title>ünï ☃ שלום 𝔘</title><link>https://news.example.com/é</link></item>", "שלום"),
    ],
)
def test_an_entry_that_lacks_something_is_kept_credited_and_readable(
    world: World, what: str, shown: str
) -> None:
    world.serve(rss(what, entry(2)))

    assert world.run().created == 2

    odd = next(item for item in world.items() if item.title != "Entry 2")
    page = world.pages()[f"news.example.com/{odd.id}/index.html"]
    assert shown in page
    assert "not stated" in page
    assert odd.attribution.original_url.startswith(SITE)


def test_of_2500_entries_the_newest_2000_are_taken_and_the_feed_says_so(world: World) -> None:
    entries = [entry(number, text="") for number in range(2_500)]
    url = world.serve(rss(*entries))

    report = world.run()

    assert report.created == 2000
    assert "Entry 0" in {item.title for item in world.items()}
    assert report.problems == ((url, "2500 entries: the newest 2000 are mirrored, 500 are not"),)


BAD = {
    "a page": (Answer(body=b"<!doctype html><title>Moved</title><p>x"), "HTML"),
    "nothing": (Answer(body=b""), "empty"),
    "an error": (Answer(500, body=b"<rss/>"), "500"),
    "an absence": (Answer(404), "404"),
    "50 MB": (Answer(body=b" " * 50_000_000), "too large"),
    "poison": (Answer(body=b"<rss><channel>&#xD800;"), ""),
    "binary": (Answer(body=bytes(range(256)) * 40), ""),
    "a bomb": (
        Answer(
            body=b'<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">'
            + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
            + b"]><rss version='2.0'><channel><title>&j;</title></channel></rss>"
        ),
        None,
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_one_bad_feed_is_an_error_of_its_own_and_costs_nobody_else_anything(
    world: World, what: str
) -> None:
    answer, said = BAD[what]
    bad = world.serve("", "/bad", site="https://bad.example.org")
    world.documents["/bad"] = answer
    world.serve(rss(entry(1)))

    report = world.run()

    assert [item.title for item in world.items()] == ["Entry 1"]
    if said is not None:
        assert [feed for feed, why in report.failures if said in why] == [bad]
        assert state_of(world, bad).failures == 1


def test_a_feed_that_recovers_is_read_and_its_error_is_gone(world: World) -> None:
    url = world.serve(rss(entry(1)))
    world.documents["/feed"] = Answer(body=b"<html>")
    world.run()
    world.serve(rss(entry(1)))
    world.later(48)

    assert world.run(at_once=False).created == 1
    assert (state_of(world, url).failures, state_of(world, url).error) == (0, "")


RULES = {
    Scope.ITEM: address_key("http://www.news.example.com/1/?utm_source=x"),
    Scope.AUTHOR: next(iter(author_keys("news.example.com", name="ANN"))),
    Scope.PATH: path_key("news.example.com/1/"),
    Scope.HOST: host_key("news.example.com"),
    Scope.DOMAIN: domain_key("example.com"),
}


@pytest.mark.parametrize("scope", RULES)
def test_what_a_rule_covers_is_not_stored_until_the_rule_is_lifted(
    world: World, scope: Scope
) -> None:
    rule = a_rule(RULES[scope], scope=scope)
    if scope is Scope.DOMAIN:
        rule = replace(rule, host="example.com")
    key = world.suppress(rule)
    world.serve(rss(entry(1)))

    assert world.run().suppressed == 1
    world.later()
    world.run()

    assert world.items() == []
    assert not [body for body in world.pages().values() if "Some text." in body]

    world.lift(key)
    world.later()
    world.run()

    assert [item.title for item in world.items()] == ["Entry 1"]
    assert "Some text." in world.pages()["feed.json"]


def test_a_rule_covers_an_item_by_guid_feed_and_text(world: World) -> None:
    url = world.serve(rss(entry(1, text=TEXT), entry(2, guid="dead"), entry(3)), "/a")
    world.serve(rss(entry(4)), "/b")
    world.suppress(a_rule(text_key("news.example.com", TEXT.upper()), id=RuleId("r1")))
    world.suppress(a_rule(guid_key("news.example.com", "dead"), id=RuleId("r2")))
    world.suppress(a_rule(feed_key(world.publisher.url("/b")), id=RuleId("r3"), scope=Scope.FEED))

    world.run()

    assert [item.title for item in world.items()] == ["Entry 3"]
    assert world.items()[0].attribution.feed.url == url


def test_an_item_that_returns_under_a_new_guid_link_scheme_and_feed_stays_away(
    world: World,
) -> None:
    world.suppress(a_rule(address_key(f"{SITE}/1"), text_key("news.example.com", TEXT)))
    returns = [
        entry(1, guid="new"),
        entry(1, link="http://www.news.example.com/1/index.html?fbclid=3#x"),
        entry(9, link=f"{SITE}/elsewhere", text=TEXT),
    ]
    for number, again in enumerate(returns):
        world.serve(rss(again), f"/{number}")
    world.serve(rss(entry(1)), "/planet", site="https://planet.example.org")

    world.run()

    assert world.items() == []


def test_a_rule_that_cannot_be_read_stops_its_host_and_no_other(world: World) -> None:
    world.stores.ledger.put(
        "suppressions/com,example,news)/bad.json", Content(b"?", "text/plain"), replaces=None
    )
    url = world.serve(rss(entry(1)))
    world.serve(rss(entry(2, link="https://b.example.org/2")), "/b", site="https://b.example.org")

    report = world.run()

    assert [item.host for item in world.items()] == ["b.example.org"]
    assert any(feed == url and "bad.json" in why for feed, why in report.problems)


def test_a_tombstone_is_not_overwritten_while_its_rule_stands(world: World) -> None:
    world.serve(rss(entry(1)))
    world.run()
    (item,) = world.items()
    key = f"items/news.example.com/{item.id}.json"
    bury(world, key, item)
    rule = world.suppress(a_rule(address_key(f"{SITE}/1")))
    lose_state(world)

    world.run()
    assert isinstance(world.records()[key], Tombstone)

    world.lift(rule)
    world.later()
    assert world.run().restored == 1
    restored = world.records()[key]
    assert isinstance(restored, Item)
    assert restored.title == "Entry 1"
    assert "Some text." in world.pages()[f"news.example.com/{item.id}/index.html"]


def test_a_listing_leaves_out_what_a_new_rule_covers_when_it_is_next_written(
    world: World,
) -> None:
    world.serve(rss(entry(1, title="Doomed"), entry(2)))
    world.run()
    world.suppress(a_rule(address_key(f"{SITE}/1")))
    world.later()
    world.serve(rss(entry(3), entry(1, title="Doomed"), entry(2)))

    world.run()

    for folder in ("", "news.example.com/", "news.example.com/2026-11/"):
        assert "Doomed" not in world.pages()[f"{folder}feed.json"]
        assert "Doomed" not in world.pages()[f"{folder}index.html"]
        assert "deleted-entry" in world.pages()[f"{folder}feed.xml"]


def bury(world: World, key: str, item: Item) -> None:
    """Put a tombstone in an item's place, as a takedown does."""
    from feedmirror.records import object_metadata, record_to_json  # noqa: PLC0415 -- only here

    stone = Tombstone(
        id=item.id, host=item.host, when=world.now, case="case-1", ground=Ground.PUBLISHER
    )
    found = world.stores.archive.get(key)
    assert found is not None
    content = Content(
        record_to_json(stone, "ff"), "application/json", metadata=object_metadata(stone)
    )
    world.stores.archive.put(key, content, replaces=found.etag)


def test_what_time_cuts_off_the_next_run_takes_first(world: World) -> None:
    for number in range(3):
        host = f"https://{number}.example.com"
        world.serve(rss(entry(1, link=f"{host}/1")), f"/{number}", site=host)

    first = world.run(at_once=False, time_left=timedelta(seconds=1))
    again = world.run(at_once=False)

    assert (first.polled, first.left) == (1, 2)
    assert (again.polled, again.left) == (2, 0)
    assert len(world.items()) == 3


def test_a_410_ends_polling_once_it_is_said_again_a_day_later_and_keeps_the_items(
    world: World,
) -> None:
    url = world.serve(rss(entry(1)))
    world.run()
    world.documents["/feed"] = Answer(410)
    world.later()
    world.run(at_once=False)
    world.later(23)
    assert world.run(at_once=False).polled == 0
    world.later(2)
    assert world.run(at_once=False).polled == 1
    assert state_of(world, url).gone
    world.later(9999)

    assert world.run(at_once=False).polled == 0
    assert len(world.items()) == 1


def test_a_feed_that_was_gone_by_mistake_for_a_day_is_polled_as_ever(world: World) -> None:
    url = world.serve(rss(entry(1)))
    world.run()
    world.documents["/feed"] = Answer(410)
    world.later()
    world.run(at_once=False)
    world.serve(rss(entry(1), entry(2)))
    world.later(26)

    assert world.run(at_once=False).created == 1
    assert state_of(world, url).error == ""


def test_under_another_address_a_feed_that_is_gone_begins_anew(world: World) -> None:
    world.serve(rss(entry(1)))
    world.documents["/feed"] = Answer(410)
    for _ in range(2):
        world.run(at_once=False)
        world.later(26)
    world.feeds = []
    world.serve(rss(entry(1)), "/new")

    assert world.run(at_once=False).created == 1


def test_of_a_feed_published_as_links_no_text_is_stored(world: World) -> None:
    url = world.serve(rss(entry(1, text="Words.")))
    world.feeds = [FeedSettings(url=url, site=SITE, publish=Publish.LINK)]

    world.run()

    assert "Words" not in "".join(world.pages().values())
    assert "Entry 1" in world.pages()["index.html"]
    assert b"Words" not in b"".join(world.all(world.stores.archive, "items/").values())


def test_an_excerpt_is_shown_on_the_page_and_the_rest_is_not_stored(world: World) -> None:
    url = world.serve(rss(entry(1, text="First words. " + "More &amp; more. " * 60 + "The end.")))
    world.feeds = [FeedSettings(url=url, site=SITE, publish=Publish.EXCERPT)]

    world.run()

    (item,) = world.items()
    page = world.pages()[f"news.example.com/{item.id}/index.html"]
    assert "<p>First words. More &amp; more." in page
    assert len(item.content_html) < 400
    assert not [body for body in world.pages().values() if "The end." in body]


@pytest.mark.parametrize("publish", list(Publish))
@pytest.mark.parametrize("images", list(Images))
def test_a_text_is_known_however_much_of_it_is_published(
    world: World, publish: Publish, images: Images
) -> None:
    picture = "&lt;img src='https://a.example/x.png' alt='a picture'&gt;"
    url = world.serve(rss(entry(1, text=f"{TEXT} {picture}")))
    world.feeds = [FeedSettings(url=url, site=SITE, publish=publish)]
    world.mirror = replace(world.mirror, images=images)
    world.suppress(a_rule(text_key("news.example.com", TEXT)))

    assert world.run().suppressed == 1


@pytest.mark.parametrize(("length", "known"), [(199, False), (200, True)])
def test_a_text_that_many_items_may_share_tells_none_of_them(
    world: World, length: int, *, known: bool
) -> None:
    text = "x" * length
    world.serve(rss(entry(1, text=text)))
    world.suppress(a_rule(text_key("news.example.com", text)))

    assert world.run().suppressed == known


def test_what_a_cut_document_lacked_comes_under_the_same_validators(world: World) -> None:
    whole = rss(entry(1), entry(2))
    url = world.serve(whole[: whole.index("Entry 2") + 3])
    (name, etag) = world.documents["/feed"].headers[0]
    world.run()
    world.documents["/feed"] = Answer(body=whole.encode(), headers=((name, etag),))
    world.later()

    world.run()

    assert [item.title for item in world.items()] == ["Entry 1", "Entry 2"]
    assert len(state_of(world, url).entries) == 2


def test_what_a_feed_asks_for_is_kept_while_it_does_not_change(world: World) -> None:
    world.serve(rss(entry(1), extra="<ttl>1440</ttl>"))
    world.run()
    world.later(25)
    assert world.run(at_once=False).unchanged == 1
    world.later(2)

    assert world.run(at_once=False).polled == 0


def test_an_age_that_a_cache_counts_down_is_no_reason_to_write(world: World) -> None:
    world.serve(rss(entry(1)))
    answer = world.documents["/feed"]
    requests = world.requests
    for age in (900, 700, 500):
        headers = (*answer.headers, ("Cache-Control", f"max-age={age}"))
        world.documents["/feed"] = replace(answer, headers=headers)
        world.watch()
        world.run()
        world.later()

    assert requests.done == [state_key(0)]


def test_entries_that_state_only_when_they_were_updated_are_listed_by_that(world: World) -> None:
    stories = "".join(
        f"<entry><id>urn:x:{day}</id><title>Day {day:02}</title>"
        f"<link href='{SITE}/{day}'/><updated>2026-11-{day:02}T00:00:00Z</updated></entry>"
        for day in (3, 1, 2, 5, 4)
    )
    world.serve(f"<feed xmlns='http://www.w3.org/2005/Atom'><title>T</title>{stories}</feed>")

    world.run()

    page = world.pages()["news.example.com/index.html"]
    places = [page.index(f"Day {day:02}") for day in (5, 4, 3, 2, 1)]
    assert places == sorted(places)


def test_a_licence_holds_for_the_feeds_own_entries_and_not_for_what_it_took_from_elsewhere(
    world: World,
) -> None:
    own = f"<entry><id>urn:x:1</id><title>Own</title><link href='{SITE}/1'/></entry>"
    taken = (
        f"<entry><id>urn:x:2</id><title>Taken</title><link href='{SITE}/2'/>"
        "<source><id>urn:s</id><title>Sue</title><rights>All rights reserved</rights>"
        "<link rel='license' href='https://licence.example/sue'/></source></entry>"
    )
    bare = (
        f"<entry><id>urn:x:3</id><title>Untold</title><link href='{SITE}/3'/>"
        "<source><id>urn:t</id><title>Tom</title></source></entry>"
    )
    world.serve(
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>Planet</title><rights>Free</rights>"
        f"<link rel='license' href='https://licence.example/zero'/>{own}{taken}{bare}</feed>"
    )

    world.run()

    stated = {i.title: (i.attribution.rights, i.attribution.license_url) for i in world.items()}
    assert stated == {
        "Own": ("Free", "https://licence.example/zero"),
        "Taken": ("All rights reserved", "https://licence.example/sue"),
        "Untold": (None, None),
    }


def test_a_lift_at_the_host_of_a_link_brings_the_item_back(world: World) -> None:
    linked = "linked.example.org"
    rule = replace(a_rule(host_key(linked), scope=Scope.HOST), host=linked)
    key = world.suppress(rule)
    world.serve(rss(entry(1), entry(2, link=f"https://{linked}/2")))
    world.run()
    assert [item.title for item in world.items()] == ["Entry 1"]

    world.lift(key)
    world.later()
    world.run()

    assert [item.title for item in world.items()] == ["Entry 1", "Entry 2"]


def test_a_changed_setting_reaches_what_the_feed_still_offers(world: World) -> None:
    url = world.serve(rss(entry(1, text="Words.")))
    world.run()
    world.feeds = [FeedSettings(url=url, site=SITE, publish=Publish.LINK)]
    world.later()
    world.run()
    assert "Words." not in "".join(world.pages().values())

    world.feeds = [FeedSettings(url=url, site="https://right.example.org")]
    world.later()
    world.run()
    assert {item.host for item in world.items()} == {"news.example.com", "right.example.org"}


def test_trouble_at_the_front_is_told_and_costs_no_feed_its_state(world: World) -> None:
    world.serve(rss(entry(1, link="https://a.example.org/1")), "/a", site="https://a.example.org")
    world.run()
    world.stores.ledger.put(
        "suppressions/org,example,a)/bad.json", Content(b"?", "text/plain"), replaces=None
    )
    gone = world.serve("", "/gone", site="https://gone.example.net")
    world.documents["/gone"] = Answer(410)
    world.serve(rss(entry(1)))
    world.later()

    report = world.run(at_once=False)

    assert ("", True) in {(feed, "bad.json" in what) for feed, what in report.problems}
    assert state_of(world, gone).gone_since is not None
    world.later()
    asked = len(world.publisher.seen)
    world.run(at_once=False)
    assert "/gone" not in {seen.target for seen in world.publisher.seen[asked:]}


def test_what_the_front_could_not_show_is_brought_again(world: World) -> None:
    bad = "suppressions/org,example,a)/bad.json"
    world.serve(rss(entry(1, link="https://a.example.org/1")), "/a", site="https://a.example.org")
    world.run()
    world.stores.ledger.put(bad, Content(b"?", "text/plain"), replaces=None)
    world.serve(rss(entry(2)))
    world.run()
    assert "Entry 2" not in world.pages()["index.html"]
    found = world.stores.ledger.get(bad)
    assert found is not None
    mended = rule_to_json(replace(a_rule("nothing"), host="a.example.org"))
    world.stores.ledger.put(bad, Content(mended, "application/json"), replaces=found.etag)
    world.later()

    world.run()

    assert "Entry 2" in world.pages()["index.html"]


@pytest.mark.parametrize("folder", ["", "news.example.com/", "news.example.com/2026-11/"])
def test_a_listing_that_cannot_be_read_is_made_anew(world: World, folder: str) -> None:
    world.serve(rss(entry(1)))
    world.run()
    found = world.stores.site.get(f"{folder}feed.json")
    assert found is not None
    broken = replace(found.content, body=b"{")
    world.stores.site.put(f"{folder}feed.json", broken, replaces=found.etag)
    world.serve(rss(entry(2), entry(1)))
    world.later()

    report = world.run()

    assert report.lost == 0
    page = world.pages()[f"{folder}index.html"]
    assert "Entry 2" in page
    assert folder == "" or "Entry 1" in page


def test_every_shard_gets_its_turn_however_little_time_there_is(world: World) -> None:
    world.mirror = replace(world.mirror, shards=4)
    for number in range(12):
        host = f"https://{number}.example.com"
        world.serve(rss(entry(1, link=f"{host}/1")), f"/{number}", site=host)

    for _ in range(60):  # hourly, as a schedule does
        world.run(at_once=False, time_left=timedelta(seconds=1))
        world.later(1)

    assert len({item.host for item in world.items()}) == 12


def test_a_feed_of_endless_slashes_and_words_costs_its_own_entry_only(world: World) -> None:
    hostile = entry(1, link=SITE + "/a" * 400_000, title="T" * 2_000_000, text="")
    world.serve(rss(hostile, entry(2)))

    assert world.run().created == 2
    assert max(len(item.title) for item in world.items()) <= 10_000


def test_a_feed_that_came_back_after_a_410_is_polled_again(world: World) -> None:
    url = world.serve(rss(entry(1)))
    answer = world.documents["/feed"]
    world.documents["/feed"] = Answer(410)
    for _ in range(2):
        world.run()
        world.later(26)
    assert state_of(world, url).gone
    world.documents["/feed"] = answer
    world.run()

    assert not state_of(world, url).gone
    assert len(world.items()) == 1


def test_the_front_names_every_host_also_those_without_an_item_among_the_latest(
    world: World,
) -> None:
    for number in range(3):
        host = f"https://{number}.example.com"
        entries = [entry(n, link=f"{host}/{n}") for n in range(40)]
        world.serve(rss(*entries), f"/{number}", site=host)

    world.run()

    front = world.pages()["index.html"]
    assert [f'{number}.example.com/"><bdi>' in front for number in range(3)] == [True] * 3


def test_an_item_is_found_by_its_link_and_by_a_guid_that_is_an_address(world: World) -> None:
    link, guid = "https://proxy.example.org/go/1", "https://origin.example.net/1"
    world.serve(rss(entry(1, link=link, guid=guid)))

    world.run()

    (item,) = world.items()
    for under, address in (
        ("com,example,news)", link),
        ("org,example,proxy)", link),
        ("net,example,origin)", guid),
    ):
        prefix = f"addresses/{under}/{address_hash(address)}/news.example.com/{item.id}."
        assert len(world.all(world.stores.archive, prefix)) == 1


def test_a_setting_that_goes_back_and_forth_is_followed_each_time(world: World) -> None:
    url = world.serve(rss(entry(1, text="Words.")))
    for publish in (Publish.LINK, Publish.FULL, Publish.LINK, Publish.FULL, Publish.LINK):
        world.feeds = [FeedSettings(url=url, site=SITE, publish=publish)]
        world.run()
        world.later()
        shown = "Words." in "".join(world.pages().values())
        assert shown == (publish is Publish.FULL)


def test_a_304_that_says_nothing_of_its_age_is_no_reason_to_write(world: World) -> None:
    world.serve(rss(entry(1)))
    etag = world.documents["/feed"].headers[0]
    body = world.documents["/feed"].body
    world.documents["/feed"] = Answer(body=body, headers=(etag, ("Cache-Control", "max-age=7200")))
    world.run()
    world.documents["/feed"] = Answer(body=body, headers=(etag,))
    world.later(3)
    requests = world.watch()

    world.run(at_once=False)

    assert requests.done == [state_key(0)]


def test_a_feed_that_has_ended_leaves_its_items_to_the_sites_other_feed(world: World) -> None:
    world.serve(rss(entry(1)), "/feed")
    world.serve(rss(entry(1)), "/other")
    world.run()
    world.documents["/feed"] = Answer(410)
    for _ in range(2):
        world.later(26)
        world.run()
    world.serve(rss(entry(1, title="Edited")), "/other")
    world.later()

    world.run()

    assert [item.title for item in world.items()] == ["Edited"]
