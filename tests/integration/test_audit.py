"""The audit finds what is planted, each thing where it is, and nothing where nothing is wrong."""

import json
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from builders import an_attribution, an_item
from feedmirror.addresses import digest
from feedmirror.configuration import Configuration
from feedmirror.jobs.auditing.audit_report import AuditReport, Kind, Note
from feedmirror.layout import (
    ItemId,
    about_page,
    case_key,
    closed_key,
    item_page,
    marker_key,
    record_key,
    recovery_key,
    suppression_key,
)
from feedmirror.ports.object_store import Content, ObjectStore
from feedmirror.records import Item, object_metadata, record_to_json
from feedmirror.suppression import RuleId, Scope, author_keys, item_key
from feedmirror.takedowns.casework.cases import State
from feedmirror.wiring.audit import compose_audit
from feedmirror.wiring.stores import Stores
from memory_world import CrashError, MemoryWorld, crash
from takedown_world import a_mail
from world import SITE, START, Documents, Watched, entry, rss

HOST, PLANET = "news.example.com", "https://planet.example.net"
# Sorts before its own beginning: '.' is less than '/'.
LONGER = "https://news.example.com.au"
WEBMASTER = "webmaster@news.example.com"
WHOLE_SITE = "Please remove our whole site news.example.com from your mirror, now and in future."


@pytest.fixture(scope="module")
def base(documents: Documents) -> MemoryWorld:
    world = MemoryWorld(documents)
    world.serve(rss(entry(1), entry(2)))
    world.serve(rss(entry(1, guid="planet"), entry(8, link=f"{PLANET}/8")), "/p", site=PLANET)
    world.serve(rss(entry(9, link=f"{LONGER}/9")), "/l", site=LONGER)
    world.run()
    assert len(world.items()) == 5
    return world


@pytest.fixture
def before(base: MemoryWorld) -> MemoryWorld:
    """The world before anybody asked for anything."""
    return base.copy()


@pytest.fixture
def world(before: MemoryWorld) -> MemoryWorld:
    """The world after the first item was removed, and its copy at the planet."""
    after = before.copy()
    case = after.write(f"Please take down {SITE}/1 now and in the future. Ann")
    assert case.state is State.REMOVED
    return after


def audited(world: MemoryWorld) -> AuditReport:
    return world.audit().run()


def found(world: MemoryWorld) -> set[tuple[Kind, str]]:
    return {(finding.kind, finding.key) for finding in audited(world).findings}


def watched(world: MemoryWorld) -> Stores:
    """Return the stores such that something can happen at a call of the audit's."""
    stores = world.stores
    return replace(
        stores,
        archive=Watched(stores.archive, world.requests),
        site=Watched(stores.site, world.requests),
        ledger=Watched(stores.ledger, world.requests),
    )


def a_configuration(world: MemoryWorld) -> Configuration:
    return Configuration(mirror=world.mirror, feeds=tuple(world.feeds))


def put(store: ObjectStore, key: str, content: Content) -> None:
    known = store.head(key)
    store.put(key, content, replaces=known.etag if known else None)


def put_back(into: ObjectStore, key: str, of: ObjectStore) -> None:
    """Put what a key held before over what it holds."""
    was = of.get(key)
    assert was is not None
    put(into, key, was.content)


def changed(store: ObjectStore, key: str, change: Callable[[str], str]) -> None:
    was = store.get(key)
    assert was is not None
    body = change(was.content.body.decode()).encode()
    assert body != was.content.body
    put(store, key, replace(was.content, body=body))


def item(world: MemoryWorld, title: str = "Entry 1", host: str = HOST) -> Item:
    return next(each for each in world.items() if (each.title, each.host) == (title, host))


def gone(before: MemoryWorld) -> tuple[str, ItemId]:
    return HOST, item(before).id


def the_case(world: MemoryWorld) -> str:
    return next(iter(world.takedowns().cases.ids()))


def rule_keys(world: MemoryWorld) -> list[str]:
    return sorted(summary.key for summary in world.stores.ledger.list("suppressions/"))


# What is planted: it changes the world and returns what has to be found.

Planted = set[tuple[Kind, str]]
Fault = Callable[[MemoryWorld, MemoryWorld], Planted]


def a_record_put_back(world: MemoryWorld, before: MemoryWorld) -> Planted:
    key = record_key(*gone(before))
    put_back(world.stores.archive, key, before.stores.archive)
    return {(Kind.COVERED_RECORD, f"archive {key}")}


def a_page_put_back(world: MemoryWorld, before: MemoryWorld) -> Planted:
    key = item_page(*gone(before))
    put_back(world.stores.site, key, before.stores.site)
    return {(Kind.COVERED_PAGE, f"site {key}")}


def a_record_and_its_page_put_back(world: MemoryWorld, before: MemoryWorld) -> Planted:
    return a_record_put_back(world, before) | a_page_put_back(world, before)


def a_page_without_its_status(world: MemoryWorld, before: MemoryWorld) -> Planted:
    key = item_page(*gone(before))
    put(world.stores.site, key, Content(b"The whole story.", "text/html"))
    return {(Kind.COVERED_PAGE, f"site {key}")}


def a_file_put_back(name: str) -> Fault:
    def plant(world: MemoryWorld, before: MemoryWorld) -> Planted:
        put_back(world.stores.site, name, before.stores.site)
        return {(Kind.COVERED_ENTRY, f"site {name}")}

    return plant


def a_copy_by_another_claim(world: MemoryWorld, _: MemoryWorld) -> Planted:
    """A rule that reaches an item only by what a second feed has said of its author."""
    other = item(world, "Entry 2")
    subject = sorted({*other.subject.keys, *author_keys(HOST, name="Zoe")})
    key = marker_key(
        HOST,
        address=other.attribution.original_url,
        host=HOST,
        item=other.id,
        attributes="abc",
    )
    body = json.dumps({"schema": 1, "subject": subject, "pages": []}).encode()
    put(world.stores.archive, key, Content(body, "application/json"))
    a_rule_of(world, author_keys(HOST, name="Zoe"), Scope.AUTHOR)
    return {
        (Kind.COVERED_RECORD, f"archive {record_key(HOST, other.id)}"),
        (Kind.COVERED_PAGE, f"site {item_page(HOST, other.id)}"),
    }


def a_rule_of(world: MemoryWorld, keys: frozenset[str], scope: Scope, host: str = HOST) -> str:
    (known,) = (r for r in rule_keys(world)[:1])
    stored = world.stores.ledger.get(known)
    assert stored is not None
    fields = json.loads(stored.content.body)
    fields |= {"id": "planted", "keys": sorted(keys), "scope": scope.value, "host": host}
    key = suppression_key(HOST, RuleId("planted"))
    put(world.stores.ledger, key, Content(json.dumps(fields).encode(), "application/json"))
    return key


def a_rule_that_nobody_swept(world: MemoryWorld, _: MemoryWorld) -> Planted:
    other = item(world, "Entry 2")
    a_rule_of(
        world, other.subject.keys & {k for k in other.subject.keys if "guid" in k}, Scope.ITEM
    )
    pages = {
        name
        for name in world.pages()
        if name.rpartition("/")[2] in {"index.html", "feed.xml", "feed.json"}
        and other.id in world.pages()[name]
        and item_page(HOST, other.id) != name
    }
    assert len(pages) == 9  # three listings of three files
    return {
        (Kind.COVERED_RECORD, f"archive {record_key(HOST, other.id)}"),
        (Kind.COVERED_PAGE, f"site {item_page(HOST, other.id)}"),
        *((Kind.COVERED_ENTRY, f"site {name}") for name in pages),
    }


def a_page_without_a_record(world: MemoryWorld, _: MemoryWorld) -> Planted:
    key = item_page(HOST, ItemId("z" * 26))
    put(world.stores.site, key, Content(b"<p>Whose?</p>", "text/html"))
    return {(Kind.PAGE_WITHOUT_RECORD, f"site {key}")}


def a_page_of_no_host(world: MemoryWorld, _: MemoryWorld) -> Planted:
    key = item_page("zzz.example.com", ItemId("a" * 26))
    put(world.stores.site, key, Content(b"<p>Whose?</p>", "text/html"))
    return {(Kind.PAGE_WITHOUT_RECORD, f"site {key}")}


def a_file_beside_a_page(world: MemoryWorld, before: MemoryWorld) -> Planted:
    host, name = gone(before)
    key = f"{host}/{name}/amp.html"
    put(world.stores.site, key, Content(b"<p>Entry 1</p>", "text/html"))
    return {(Kind.PAGE_WITHOUT_RECORD, f"site {key}")}


def a_host_on_the_front(world: MemoryWorld, before: MemoryWorld) -> Planted:
    world.write(WHOLE_SITE, sender=WEBMASTER)

    def with_host(now: str) -> str:
        was = before.stores.site.get("feed.json")
        assert was is not None
        fields = json.loads(now)
        fields["_feedmirror"]["hosts"] = json.loads(was.content.body)["_feedmirror"]["hosts"]
        return json.dumps(fields)

    changed(world.stores.site, "feed.json", with_host)
    return {(Kind.COVERED_HOST, "site feed.json")}


def a_feed_on_its_hosts_page(world: MemoryWorld, before: MemoryWorld) -> Planted:
    world.write(WHOLE_SITE, sender=WEBMASTER)
    was = before.stores.site.get(about_page(HOST))
    assert was is not None
    put(world.stores.site, about_page(HOST), was.content)
    return {(Kind.COVERED_FEED, f"site {about_page(HOST)}")}


def rules_lifted_by_hand(world: MemoryWorld, before: MemoryWorld) -> Planted:
    for key in rule_keys(world):
        world.lift(key)
    copies = [HOST, "planet.example.net"]
    name = gone(before)[1]
    return {(Kind.STAYS_HIDDEN, f"archive {record_key(host, name)}") for host in copies}


def old_copies(world: MemoryWorld, _: MemoryWorld) -> Planted:
    world.later(24 * 34)
    return {(Kind.OLD_COPY, f"mail {s.key}") for s in world.mail.list("recovery/")}


def a_copy_without_a_date(world: MemoryWorld, before: MemoryWorld) -> Planted:
    key = recovery_key(the_case(world), *gone(before))
    kept = world.mail.get(key)
    assert kept is not None
    put(world.mail, key, replace(kept.content, metadata={}))
    return {(Kind.UNREADABLE, f"mail {key}")}


def a_private_copy(world: MemoryWorld, before: MemoryWorld) -> Planted:
    wish = f"Please take down {SITE}/2, it shows my private address (GDPR). Ann"
    case = world.write(wish)
    assert case.state is State.REMOVED
    key = recovery_key(case.id, HOST, item(before, "Entry 2").id)
    kept = world.mail.get(key)
    assert kept is not None
    assert kept.content.body == b"{}"
    put(world.mail, key, replace(kept.content, body=b'{"kind": "item", "title": "..."}'))
    return {(Kind.PRIVATE_COPY, f"mail {key}")}


def a_case_left_undone(world: MemoryWorld, _: MemoryWorld) -> Planted:
    case = world.takedowns().cases.open("leftundone", mail="inbound/none", receipt=None)
    world.later(25)
    return {(Kind.CASE_WITHOUT_OUTCOME, f"ledger {case_key(case.id)}")}


def a_mask_past_its_end(world: MemoryWorld, _: MemoryWorld) -> Planted:
    case = world.write(f"Take down {SITE}/2 please.", sender="legal@rival-legal.example")
    assert case.state is State.MASKED
    world.later(24 * 15 + 1)
    return {(Kind.CASE_WITHOUT_OUTCOME, f"ledger {case_key(case.id)}")}


def an_open_case_marked_as_closed(world: MemoryWorld, _: MemoryWorld) -> Planted:
    case = world.write(f"Take down {SITE}/2 please.", sender="legal@rival-legal.example")
    put(world.stores.ledger, closed_key(case.id), Content(b"{}", "application/json"))
    return {(Kind.CASE_WITHOUT_OUTCOME, f"ledger {case_key(case.id)}")}


def a_mail_that_nobody_took_in(world: MemoryWorld, _: MemoryWorld) -> Planted:
    ses_id = world.arrive(a_mail("Please remove it all.", date=world.now))
    world.later(25)
    return {(Kind.MAIL_WITHOUT_CASE, f"mail inbound/{ses_id}")}


def a_mail_without_a_date(world: MemoryWorld, _: MemoryWorld) -> Planted:
    ses_id = world.arrive(b"\xff\x00 no mail at all")
    return {(Kind.MAIL_WITHOUT_CASE, f"mail inbound/{ses_id}")}


def broken(bucket: str, prefix: str) -> Fault:
    """Break what lies under a prefix; of several, what is the removed item's."""

    def plant(world: MemoryWorld, before: MemoryWorld) -> Planted:
        store = {"archive": world.stores.archive, "ledger": world.stores.ledger}[bucket]
        keys = [summary.key for summary in store.list(prefix)]
        key = next((key for key in keys if gone(before)[1] in key), keys[0])
        put(store, key, Content(b'{"schema": 99}', "application/json"))
        return {(Kind.UNREADABLE, f"{bucket} {key}")}

    return plant


def a_rule_under_another_host(world: MemoryWorld, _: MemoryWorld) -> Planted:
    key = a_rule_of(world, frozenset({item_key(HOST, "x")}), Scope.ITEM, host="other.example.com")
    return {(Kind.UNREADABLE, f"ledger {key}")}


def no_records_key(world: MemoryWorld, _: MemoryWorld) -> Planted:
    put(world.stores.archive, "items/copy.json", Content(b"{}", "application/json"))
    return {(Kind.UNREADABLE, "archive items/copy.json")}


LISTED = [
    folder + name
    for folder in ("", "news.example.com/", "news.example.com/2026-11/")
    for name in ("index.html", "feed.xml", "feed.json")
]
FAULTS: dict[str, Fault] = {
    "a covered record put back": a_record_put_back,
    "a covered page put back": a_page_put_back,
    "both": a_record_and_its_page_put_back,
    "a tombstone's page overwritten": a_page_without_its_status,
    **{f"only {name} put back": a_file_put_back(name) for name in LISTED},
    "what is covered by a claim of another feed": a_copy_by_another_claim,
    "a rule that nobody swept for": a_rule_that_nobody_swept,
    "a page without a record": a_page_without_a_record,
    "a page of a host without records": a_page_of_no_host,
    "a file beside a page": a_file_beside_a_page,
    "a covered host on the front": a_host_on_the_front,
    "a covered feed on the page about its host": a_feed_on_its_hosts_page,
    "rules lifted by hand, the tombstones left": rules_lifted_by_hand,
    "recovery copies past their date": old_copies,
    "a recovery copy without its date": a_copy_without_a_date,
    "a recovery copy in a case of privacy": a_private_copy,
    "a case left undone": a_case_left_undone,
    "a mask past its end": a_mask_past_its_end,
    "an open case marked as closed": an_open_case_marked_as_closed,
    "a mail without a case": a_mail_that_nobody_took_in,
    "a mail of unknown age without a case": a_mail_without_a_date,
    "an unreadable rule": broken("ledger", "suppressions/"),
    "an unreadable record": broken("archive", "items/planet.example.net/"),
    "an unreadable marker": broken("archive", "addresses/com,example,news)/"),
    "an unreadable case": broken("ledger", "cases/"),
    "a rule under another host's key": a_rule_under_another_host,
    "a key that no record has": no_records_key,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_planted_is_found_and_nothing_else(
    world: MemoryWorld, before: MemoryWorld, fault: str
) -> None:
    assert found(world) == set()
    planted = FAULTS[fault](world, before)

    assert planted
    assert found(world) == planted


def test_what_is_unreadable_is_not_shown_either(world: MemoryWorld) -> None:
    other = item(world, "Entry 2")
    key = record_key(HOST, other.id)
    put(world.stores.archive, key, Content(b"{}", "application/json"))

    assert found(world) == {
        (Kind.UNREADABLE, f"archive {key}"),
        *((Kind.COVERED_ENTRY, f"site {name}") for name in LISTED),
    }


def test_a_mirror_that_nobody_wrote_to_is_clean_and_the_audit_says_what_it_checked(
    before: MemoryWorld,
) -> None:
    told: list[int] = []
    report = before.audit().run(told.append)

    assert report.is_clean
    assert report.notes == {}
    # Five items, three hosts: each has a marker under its link's host and its source host.
    assert report.checked["records"] == report.checked["pages"] == 5
    assert report.checked["markers"] == 6
    assert sum(told) == sum(report.checked.values())
    assert json.loads(json.dumps(report.to_dict()))["findings"] == []


def test_nothing_is_written(world: MemoryWorld) -> None:
    before = [[(s.key, s.etag) for s in store.list("")] for store in world.buckets]
    audited(world)
    assert [[(s.key, s.etag) for s in store.list("")] for store in world.buckets] == before


WISHES: dict[str, Callable[[MemoryWorld], object]] = {
    "a site is masked": lambda world: world.write(WHOLE_SITE, sender=WEBMASTER),
    "an author's items": lambda world: world.takedowns().approve(
        world.write(f"Please remove all articles by Ann from your mirror of {HOST}."),
        time_left=lambda: world.time_left,
    ),
    "a stranger's wish": lambda world: world.write(
        f"Take down {SITE}/2.", sender="legal@rival-legal.example"
    ),
    "a private matter": lambda world: world.write(
        f"Please take down {SITE}/2, it shows my private address (GDPR). Ann"
    ),
    "a removal undone by the operator": lambda world: world.takedowns().restore(
        world.write(f"Please take down {SITE}/2. Ann")
    ),
}


@pytest.mark.parametrize("wish", WISHES)
def test_what_the_takedowns_do_is_clean_then_and_later(world: MemoryWorld, wish: str) -> None:
    WISHES[wish](world)
    assert found(world) == set()
    for _ in range(2):
        world.later(24 * 8)
        world.takedowns().hour(time_left=lambda: world.time_left)
        world.run()
        assert found(world) == set()
    assert audited(world).notes == {}


def test_an_open_case_that_was_closed_before_is_no_finding(world: MemoryWorld) -> None:
    """Its mark is empty: there is no delete."""
    case = world.write(f"Take down {SITE}/2 please.", sender="legal@rival-legal.example")
    put(world.stores.ledger, closed_key(case.id), Content(b"{}", "application/json"))
    world.takedowns().cases.reopen(case)

    assert world.case(case).state is State.MASKED
    assert found(world) == set()


@pytest.mark.parametrize("wish", ["a site is masked", "a stranger's wish", "a private matter"])
def test_what_a_case_is_just_doing_is_no_finding_until_a_day_has_passed(
    before: MemoryWorld, wish: str
) -> None:
    counted = before.copy()
    calls = counted.watch()
    WISHES[wish](counted)
    notes, late = 0, set[Kind]()
    for call, (method, _) in enumerate(list(calls.asked), 1):
        if method != "put":
            continue
        world = before.copy()
        world.disturb(call, crash, when="after")
        with suppress(CrashError):
            WISHES[wish](world)
        world.calm()
        assert found(world) == set(), f"call {call}"
        notes += audited(world).notes.get(Note.IN_HAND, 0)
        world.later(25)
        late |= {kind for kind, _ in found(world)}
    assert notes
    assert late >= {Kind.CASE_WITHOUT_OUTCOME, Kind.COVERED_RECORD, Kind.COVERED_PAGE}


def test_a_mirror_run_meanwhile_is_no_finding(world: MemoryWorld) -> None:
    world.serve(rss(entry(1), entry(2, title="Edited"), entry(3), entry(4)))
    world.later()
    counted = world.copy()
    calls = counted.watch()
    counted.run()
    assert len(counted.items()) == 5
    for call in range(1, len(calls.asked) + 1):
        other = world.copy()
        reports: list[AuditReport] = []

        def look(*_: str, other: MemoryWorld = other, reports: list[AuditReport] = reports) -> None:
            other.calm()
            reports.append(audited(other))

        other.disturb(call, look, when="before")
        other.run()
        assert [report.findings for report in reports] == [()]


def test_a_takedown_meanwhile_is_no_finding(before: MemoryWorld) -> None:
    world = before.copy()
    audit = compose_audit(
        watched(world), world.mail, a_configuration(world), clock=lambda: world.now
    )
    calls = world.watch()
    audit.run()
    for call in range(1, len(calls.asked) + 1, 3):
        world = before.copy()
        audit = compose_audit(
            watched(world),
            world.mail,
            a_configuration(world),
            clock=lambda w=world: w.now,  # type: ignore[misc]  # binds the loop's value
        )

        def write(*_: str, world: MemoryWorld = world) -> None:
            world.calm()
            world.write(f"Please take down {SITE}/1 now and in the future. Ann")

        world.disturb(call, write, when="before")
        assert audit.run().findings == (), f"call {call}"


def test_no_more_findings_are_kept_than_anybody_reads(before: MemoryWorld) -> None:
    for number in range(1200):
        key = item_page("many.example.com", ItemId(digest("page", str(number))))
        put(before.stores.site, key, Content(b"x", "text/html"))
    report = audited(before)

    assert len(report.findings) == 1000
    assert report.more == 200


def filled(documents: Documents, count: int) -> MemoryWorld:
    """Return a mirror of so many records, of 50 hosts, with a month's listing for each 60."""
    world = MemoryWorld(documents)
    for number in range(count):
        host = f"h{number % 50}.example.com"
        name = ItemId(digest("item", str(number)))
        record = an_item(
            id=name,
            host=host,
            first_seen=START - timedelta(days=30 * (number // 3000)),
            attribution=an_attribution(original_url=f"https://{host}/{number}"),
        )
        body, key = record_to_json(record, f"{number:x}"), record_key(host, name)
        content = Content(body, "application/json", metadata=object_metadata(record))
        world.stores.archive.put(key, content, replaces=None)
        world.stores.site.put(item_page(host, name), Content(b"<p>", "text/html"), replaces=None)
        subject = {"subject": sorted(record.subject.keys), "pages": []}
        marker = marker_key(host, address=f"{number}", host=host, item=name, attributes="a")
        marked = Content(json.dumps(subject).encode(), "application/json")
        world.stores.archive.put(marker, marked, replaces=None)
    return world


@pytest.mark.timeout(120)
def test_memory_does_not_grow_with_the_mirror(documents: Documents) -> None:
    peaks = []
    for count in (800, 2400):
        world = filled(documents, count)
        tracemalloc.start()
        report = audited(world)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert report.checked["records"] == report.checked["markers"] == count
        assert report.is_clean
    assert peaks[1] < 1.5 * peaks[0]
