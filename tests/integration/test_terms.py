"""Stated terms, from a publisher's feed, headers and host to what the mirror shows and stores."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import feedmirror
from builders import a_rule
from feedmirror.addresses import digest
from feedmirror.configuration import Publish
from feedmirror.layout import record_key
from feedmirror.mirroring.house_terms import TDMREP
from feedmirror.ports.object_store import Content, StoreUnavailableError
from feedmirror.records import Terms, record_from_json, record_to_json
from loopback import Answer
from typed import run_here
from world import Documents, World, entry, rss

TEXT = " ".join(f"word{number}" for number in range(200))
RESERVED = "<copyright>All rights reserved</copyright>"
PERSONAL = "<copyright>For personal use only</copyright>"
DENY = (
    '<access:restriction xmlns:access="http://www.bloglines.com/about/specs/fac-1.0"'
    ' relationship="deny"/>'
)
MARK = "<category>nofeedmirror</category>"
LINKED = '<idx:index xmlns:idx="urn:atom-extension:indexing">no</idx:index>'


@pytest.fixture
def world(tmp_path: Path, documents: Documents) -> World:
    documents.by_path.clear()
    documents.publisher.everything_seen.clear()
    return World(tmp_path, documents)


def document(*numbers: int, terms: str = "", own: str = "") -> str:
    return rss(*(entry(n, text=f"Text of {n}. {TEXT}", more=own) for n in numbers), extra=terms)


def run(world: World, hours: float = 2) -> None:
    """Let it be due, and run once."""
    world.later(hours)
    world.run()


def shown(world: World) -> dict[str, str]:
    """Return how much of each item its record, its page and the lists say, which is the same."""
    found = {}
    for item in world.items():
        page = world.pages()[f"{item.host}/{item.id}/index.html"]
        whole, some = "word199" in page, "word1 " in page
        found[item.title] = "full" if whole else "excerpt" if some else "link"
        assert item.terms is not None
        assert item.terms.shown == found[item.title]
        for key, body in world.pages().items():
            if item.title in body and not whole:
                assert f"Text of {item.title[-1]}. {TEXT}" not in body, key
    return found


def test_an_excerpt_says_on_its_page_and_in_its_record_that_it_is_one(world: World) -> None:
    world.serve(document(1, terms=RESERVED))

    run(world)

    (item,) = world.items()
    why = "the feed: its rights text: all rights reserved"
    assert item.terms == Terms("excerpt", why)
    assert len(item.summary) <= 300
    page = world.pages()[f"{item.host}/{item.id}/index.html"]
    assert f"Only an excerpt is shown here ({why})." in page
    assert shown(world) == {"Entry 1": "excerpt"}


def test_a_record_of_before_terms_were_noted_is_read_and_a_new_one_is_of_the_schema(
    world: World,
) -> None:
    world.serve(document(1, terms=RESERVED))
    run(world)
    ((_, body),) = world.all(world.stores.archive, "items/").items()
    fields = json.loads(body)
    schema = Path(str(feedmirror.__file__)).with_name("record.schema.json")
    jsonschema.validate(fields, json.loads(schema.read_text()))

    del fields["terms"]

    assert getattr(record_from_json(json.dumps(fields).encode()), "terms", 0) is None


def test_terms_turned_down_reach_what_is_listed_and_what_is_listed_no_more(world: World) -> None:
    world.serve(document(1, 2))
    run(world)
    assert set(shown(world).values()) == {"full"}

    world.serve(document(2, 3, terms=RESERVED))
    run(world)

    assert shown(world) == {"Entry 1": "excerpt", "Entry 2": "excerpt", "Entry 3": "excerpt"}
    world.serve(document(3, terms=PERSONAL))
    run(world)
    assert set(shown(world).values()) == {"link"}


def test_terms_turned_up_show_in_full_what_the_feed_still_lists(world: World) -> None:
    world.serve(document(1, 2, terms=RESERVED))
    run(world)
    world.serve(document(2, terms=RESERVED))
    run(world)

    world.serve(document(2))
    run(world)

    assert shown(world) == {"Entry 1": "excerpt", "Entry 2": "full"}
    world.serve(document(3, terms=RESERVED))
    run(world)
    assert set(shown(world).values()) == {"excerpt"}


def test_a_header_that_comes_with_a_304_is_followed_in_the_same_run(world: World) -> None:
    world.serve(document(1, 2))
    run(world)
    answer = world.documents["/feed"]
    reserved = (("X-Robots-Tag", "noarchive"),)

    world.documents["/feed"] = Answer(body=answer.body, headers=(*answer.headers, *reserved))
    run(world)

    assert set(shown(world).values()) == {"excerpt"}
    run(world)  # reads the feed again
    writes = unchanged(world)
    assert set(shown(world).values()) == {"excerpt"}
    world.documents["/feed"] = Answer(
        body=answer.body, headers=(*answer.headers, ("X-Robots-Tag", "all"))
    )
    run(world)
    run(world)
    assert set(shown(world).values()) == {"full"}
    assert writes == ["state/0.json"]


def unchanged(world: World) -> list[str]:
    """Run over what has not changed, and return what was put; the publisher was asked once."""
    world.watch()
    before = len(world.publisher.everything_seen)
    run(world)
    assert len(world.publisher.everything_seen) == before + 1
    return [*world.requests.done]


def test_terms_cost_an_unchanged_feed_no_request_and_no_write(world: World) -> None:
    world.serve(document(1, terms=RESERVED))
    run(world)

    assert unchanged(world) == ["state/0.json"]
    reads = [key for method, key in world.requests.asked if method == "get"]
    assert not [key for key in reads if key.startswith("items/")]


def test_what_one_line_says_to_another_robot_does_not_swallow_the_next(world: World) -> None:
    world.serve(document(1))
    lines = (("X-Robots-Tag", "googlebot: noindex"), ("X-Robots-Tag", "noarchive"))
    world.documents["/feed"] = Answer(body=document(1).encode(), headers=lines)

    run(world)

    assert shown(world) == {"Entry 1": "excerpt"}


def test_what_a_host_files_is_asked_weekly_with_a_poll_and_followed_at_once(world: World) -> None:
    world.serve(document(1))
    run(world)
    world.documents[TDMREP] = Answer(
        body=b'[{"location": "/", "tdm-reservation": 1}]', headers=(("ETag", '"t"'),)
    )
    run(world, hours=24)
    assert set(shown(world).values()) == {"full"}

    run(world, hours=24 * 7)

    assert shown(world) == {"Entry 1": "excerpt"}
    run(world, hours=24 * 7)
    run(world)
    asked = [seen for seen in world.publisher.everything_seen if seen.target == TDMREP]
    assert [seen.header("if-none-match") for seen in asked] == [None, None, '"t"']
    world.documents[TDMREP] = Answer(503)
    run(world, hours=24 * 7)
    assert shown(world) == {"Entry 1": "excerpt"}
    del world.documents[TDMREP]
    run(world, hours=24)
    assert shown(world) == {"Entry 1": "full"}


def test_a_file_of_rsl_that_an_answer_names_is_read_with_the_next_look(world: World) -> None:
    link = ("Link", '</rsl.xml>; rel="license"; type="application/rsl+xml"')
    world.serve(document(1))
    world.documents["/feed"] = Answer(body=document(1).encode(), headers=(link,))
    world.documents["/rsl.xml"] = Answer(
        body=b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
        b'<payment type="purchase"/></license></content></rsl>'
    )
    run(world)

    run(world, hours=24 * 7)

    assert shown(world) == {"Entry 1": "link"}


def test_hosts_are_not_asked_where_the_operator_decides(world: World) -> None:
    world.serve(document(1, terms=RESERVED))
    world.feeds = [replace(world.feeds[0], publish=Publish.FULL)]

    run(world)

    assert [seen.target for seen in world.publisher.everything_seen] == ["/robots.txt", "/feed"]
    (item,) = world.items()
    assert item.terms == Terms("full", "the operator's choice")


def withdrawals(world: World) -> list[Mapping[str, object]]:
    """Return what was handed on since the last look, without what is always the same."""
    tasks, world.handed.tasks = world.handed.tasks, []
    assert {(task["kind"], task["reason"], task["host"]) for task in tasks} <= {
        ("withdrawal", "terms", "news.example.com")
    }
    return [{name: task[name] for name in ("items", "on")} for task in tasks]


def test_what_may_not_be_shown_is_handed_on_once_and_again_when_it_may(world: World) -> None:
    url = world.serve(document(1, 2))
    run(world)
    world.serve(document(1, 2, 3, terms=DENY))

    world.later()
    report = world.run()
    (task,) = world.handed.tasks
    assert (task["feed"], task["words"]) == (url, 'the feed: access:restriction "deny"')
    assert report.findings == 1
    assert withdrawals(world) == [{"items": [], "on": True}]
    assert len(world.items()) == 2  # the third was never stored; two the takedown function has
    assert unchanged(world) == ["state/0.json"]
    assert withdrawals(world) == []

    world.serve(document(1, 2, 3))
    run(world)
    assert withdrawals(world) == [{"items": [], "on": False}]
    assert len(world.items()) == 3


def test_nothing_is_handed_on_of_a_feed_of_which_nothing_was_stored(world: World) -> None:
    world.serve(document(1, terms=DENY))

    run(world)

    assert withdrawals(world) == []
    assert (world.records(), unchanged(world)) == ({}, ["state/0.json"])


def test_a_full_queue_is_told_and_the_next_poll_hands_on(world: World) -> None:
    world.serve(document(1))
    run(world)
    world.serve(document(1, terms=DENY))
    world.handed.full = True

    world.later()
    report = world.run()
    assert [what for _, what in report.problems if "not handed on" in what]
    world.handed.full = False
    run(world)

    assert withdrawals(world) == [{"items": [], "on": True}]


def test_a_run_that_dies_before_it_is_saved_hands_on_again(world: World) -> None:
    world.serve(document(1))
    run(world)
    world.serve(document(1, terms=DENY))
    puts: list[str] = []

    def die(method: str, key: str) -> None:
        if (method, key) == ("put", "state/0.json"):
            puts.append(key)
            if len(puts) > 1:  # the lease comes first
                raise StoreUnavailableError("the store is away")

    world.requests.before = die
    with pytest.raises(StoreUnavailableError):
        run(world)
    world.requests.before = lambda *_: None
    run(world)

    assert withdrawals(world) == [{"items": [], "on": True}] * 2


def test_an_entry_that_may_not_be_shown_is_handed_on_alone(world: World) -> None:
    whole, marked = entry(1, text=TEXT), entry(2, text=TEXT)
    world.serve(rss(whole, marked))
    run(world)
    (_, second) = world.items()
    denied = entry(2, text=TEXT, more=DENY)

    world.serve(rss(whole, denied))
    run(world)
    assert withdrawals(world) == [{"items": [second.id], "on": True}]
    world.serve(rss(whole, denied, entry(3, text=TEXT, more=DENY)))
    run(world)
    assert withdrawals(world) == []  # the new one was never stored
    world.serve(rss(whole))
    run(world)
    assert withdrawals(world) == []  # what is listed no more stays as it is
    world.serve(rss(whole, marked))
    run(world)

    assert withdrawals(world) == [{"items": [second.id], "on": False}]


def test_an_entrys_own_terms_are_its_own(world: World) -> None:
    world.serve(rss(entry(1, text=TEXT), entry(2, text=TEXT, more=LINKED)))

    run(world)

    assert shown(world) == {"Entry 1": "full", "Entry 2": "link"}


def test_check_tells_what_is_stated_where_and_what_follows(world: World, tmp_path: Path) -> None:
    listed = rss(entry(1), entry(2, more=LINKED), entry(3, more=DENY), extra=RESERVED)
    url = world.serve(listed)
    world.documents[TDMREP] = Answer(body=b'[{"location": "/feed", "tdm-reservation": 1}]')

    near = {"FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8"}
    told = json.loads(run_here("check", url, "--json", cwd=tmp_path, **near).out)
    said = run_here("check", url, cwd=tmp_path, **near).out

    why = "the feed: its rights text: all rights reserved"
    assert (told["terms"]["shown"], told["terms"]["why"]) == ("excerpt", why)
    assert [(each["where"], each["signal"]) for each in told["terms"]["stated"]] == [
        ("the feed", "rights-reserved"),
        ("the host", "tdm-reserved"),
    ]
    assert [each["shown"] for each in told["entries"]] == ["excerpt", "link", "nothing"]
    assert f'With publish = "auto": excerpts of 300 characters, with the link ({why}).' in said
    assert 'Of 1 of its entries: nothing (the entry: access:restriction "deny").' in said
    assert "2 would be mirrored." in said


@pytest.mark.parametrize(
    ("robots", "terms", "kept", "note"),
    [
        (
            "User-agent: *\nDisallow: /\n",
            "",
            0,
            'disallow: /; with their leave set permission = "why"',
        ),
        ("User-agent: feedmirror\nDisallow: /\n", "", 0, "disallow: /; nothing overrides it"),
        ("", MARK, 0, "nothing of it would be kept: the feed bears its publisher's mark"),
        ("", "", 1, "Of 1 of its entries: nothing (its publisher's mark against this mirror)."),
    ],
)
def test_check_counts_nothing_that_its_publisher_keeps_from_the_mirror(
    world: World, tmp_path: Path, robots: str, terms: str, kept: int, note: str
) -> None:
    url = world.serve(rss(entry(1), entry(2, more=MARK), extra=terms))
    world.documents["/robots.txt"] = Answer(body=robots.encode())

    said = run_here("check", url, cwd=tmp_path, FEEDMIRROR_ALLOWED_NETWORKS="127.0.0.0/8").out

    assert ("1 entry would be mirrored." if kept else "0 would be mirrored.") in said
    assert note in said


def test_a_document_that_breaks_off_changes_no_terms(world: World) -> None:
    world.serve(document(1, 2))
    run(world)

    world.serve(document(1, 2, 3, terms=DENY).removesuffix("</channel></rss>"))
    run(world)

    assert withdrawals(world) == []
    assert set(shown(world).values()) == {"full"}


def test_what_a_lift_brings_back_whole_is_cut_again(world: World) -> None:
    world.serve(document(1, 2))
    run(world)
    (whole, _) = world.items()
    key = record_key(whole.host, whole.id)
    world.serve(document(2, terms=RESERVED))
    run(world)
    assert set(shown(world).values()) == {"excerpt"}

    # What a takedown brings back is as it was: the record, its page, and the lists' cards.
    found = world.stores.archive.head(key)
    assert found is not None
    content = Content(record_to_json(whole, "0f"), "application/json")
    world.stores.archive.put(key, content, replaces=found.etag)
    jobs = world.jobs().wide.publisher
    page = jobs.open_page(whole.host, whole.id, fresh=False)
    assert jobs.put_page(page, whole)
    world.lift(world.suppress(a_rule(f"item:{digest('any')}")))
    months = [key for key in world.pages() if key.endswith("2026-11/feed.json")]
    for month in months:
        body = json.loads(world.pages()[month])
        for each in body["items"]:
            each["_feedmirror"].pop("shown", None)
        _put(world, month, json.dumps(body).encode())
    run(world)

    assert set(shown(world).values()) == {"excerpt"}


def _put(world: World, key: str, body: bytes) -> None:
    found = world.stores.site.head(key)
    assert found is not None
    world.stores.site.put(key, Content(body, "application/feed+json"), replaces=found.etag)
