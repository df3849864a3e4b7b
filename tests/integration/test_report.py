"""The operator's report: what it counts, and that its page needs and betrays nothing."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from builders import a_mirror
from feedmirror.adapters.workers import InOrder
from feedmirror.cli.cost_model import Traffic
from feedmirror.cli.reporting import percentile, spread, traffic_of
from feedmirror.configuration import Configuration, FeedSettings, Unproven
from feedmirror.jobs.survey import Survey, TakeSurvey
from feedmirror.jobs.takedown.by_hand import ByHand
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.ports.object_store import Content
from feedmirror.suppression import Ground, Scope
from feedmirror.takedowns.decisions.asks import Ask
from reports import HOSTILE, a_full_report, a_report, days
from takedown_world import TakedownWorld
from world import SITE, Documents, entry, rss

FIRST_DAY = date(2026, 11, 22)
NOTHING = Survey(days(0, 0, 0), days(0, 0, 0), (), 0)


@pytest.fixture
def world(tmp_path: Path, documents: Documents) -> TakedownWorld:
    """A mirror that saw three items on one day, and two more two days later."""
    made = TakedownWorld(tmp_path, documents)
    made.serve(rss(entry(1), entry(2), entry(3)))
    made.run()
    made.later(48)
    made.serve(rss(*(entry(number) for number in range(1, 6))))
    made.run()
    return made


def survey(world: TakedownWorld, *, over: int = 30) -> Survey:
    hosts = {feed.host for feed in world.feeds} | {"nothing.example"}
    book = CaseBook(world.stores.ledger, lambda: world.now)
    taken = TakeSurvey(site=world.stores.site, cases=book, workers=InOrder())
    return taken.run(hosts, now=world.now, days=over)


def test_new_items_are_counted_by_the_day_on_which_they_were_first_seen(
    world: TakedownWorld,
) -> None:
    found = survey(world)

    assert list(found.items) == [FIRST_DAY + timedelta(days=n) for n in range(-27, 3)]
    assert {day: count for day, count in found.items.items() if count} == {
        FIRST_DAY: 3,
        FIRST_DAY + timedelta(days=2): 2,
    }
    assert survey(world, over=2).items == {
        FIRST_DAY + timedelta(days=1): 0,
        FIRST_DAY + timedelta(days=2): 2,
    }


def test_days_of_two_months_are_found_in_both(world: TakedownWorld) -> None:
    world.later(24 * 14)  # the eighth of December
    world.serve(rss(*(entry(number) for number in range(1, 8))))
    world.run()

    found = survey(world)

    assert {day: count for day, count in found.items.items() if count} == {
        FIRST_DAY: 3,
        date(2026, 11, 24): 2,
        date(2026, 12, 8): 2,
    }


def test_a_listing_that_cannot_be_read_counts_as_none(world: TakedownWorld) -> None:
    key = "news.example.com/2026-11/feed.json"
    found = world.stores.site.get(key)
    assert found is not None
    world.stores.site.put(key, Content(b"{", "application/json"), replaces=found.etag)

    assert sum(survey(world).items.values()) == 0


def test_takedowns_are_counted_with_the_time_from_the_mail_to_the_first_that_is_gone(
    world: TakedownWorld,
) -> None:
    """By hand: two items at once on proof; one that waits for its token for three hours."""
    two = f"Please take down {SITE}/1 and {SITE}/2 now and for ever."
    assert world.write(two).state == "removed"
    masked = world.write(
        f"Please take down {SITE}/3 now and for ever.", sender="bob@elsewhere.example"
    )
    assert masked.state == "masked"
    world.write(f"Please take down {SITE}/nothing now.")  # takes nothing down
    slow = survey(world)
    world.takedowns().refuse(masked)
    world.takedowns().restore(masked)

    assert slow.removed[world.now.date()] == 3
    assert slow.took == (timedelta(), timedelta())
    assert slow.cases == 3
    assert survey(world) == replace(slow, items=survey(world).items)  # what came back was gone once
    world.later(24 * 40)
    assert survey(world) == Survey(survey(world).items, survey(world).removed, (), 0)
    assert set(survey(world).removed.values()) == {0}


def test_what_is_put_back_is_no_removal(world: TakedownWorld) -> None:
    """The case that asks for it is carried out as well, and shows one item again."""
    world.write(f"Please take down {SITE}/1 now and for ever.")
    back = world.write(f"I withdraw my request for {SITE}/1, please put it back.")
    assert back.state == "restored"

    found = survey(world)

    assert (found.cases, found.removed[world.now.date()], len(found.took)) == (2, 1, 1)


def test_a_case_that_waits_to_be_approved_takes_as_long_as_the_person_does(
    world: TakedownWorld,
) -> None:
    world.mirror = replace(world.mirror, unproven=Unproven.REVIEW)
    case = world.write(
        f"Please take down {SITE}/3 now and for ever.", sender="bob@elsewhere.example"
    )
    assert case.state in {"waiting", "asked"}
    assert survey(world).took == ()
    world.later(3)

    world.takedowns().approve(case, time_left=lambda: world.time_left)

    assert survey(world).took == (timedelta(hours=3),)


def test_what_an_operator_takes_down_counts_and_has_no_time(world: TakedownWorld) -> None:
    run = world.takedowns()
    desk = ByHand(
        cases=run.cases,
        find=run.take_in.find,
        finish=run.finish,
        clock=lambda: world.now,
        draw=lambda: "0" * 32,
    )
    page = desk.look(Ask(scope=Scope.ITEM, host="news.example.com", address=f"{SITE}/1"))
    desk.suppress(page, Ground.LEGAL, time_left=lambda: world.time_left)

    found = survey(world)

    assert (found.removed[world.now.date()], found.took, found.cases) == (1, (), 1)


@pytest.mark.parametrize(
    ("seconds", "half", "most"),
    [([7], 7, 7), ([1, 2], 1, 2), ([1, 2, 3], 2, 3), (list(range(1, 101)), 50, 95)],
)
def test_percentiles_are_by_nearest_rank(seconds: list[int], half: int, most: int) -> None:
    spans = [timedelta(seconds=each) for each in seconds]

    assert percentile(spans, 50) == timedelta(seconds=half)
    assert percentile(spans, 95) == timedelta(seconds=most)


def test_a_time_belongs_to_the_shortest_class_that_holds_it() -> None:
    spans = [timedelta(seconds=s) for s in (0, 59.9, 60, 299, 300, 3599, 3600, 86_399, 86_400, 9e6)]

    assert spread(spans) == {
        "under a minute": 2,
        "under 5 minutes": 2,
        "under an hour": 2,
        "under a day": 2,
        "a day or more": 2,
    }


def test_the_cost_is_reckoned_with_what_was_found() -> None:
    feeds = tuple(FeedSettings(url=f"https://h{n}.example/") for n in range(5))
    configuration = Configuration(mirror=a_mirror(), feeds=feeds)
    found = Survey(days(*(10,) * 15), days(*(0,) * 15), (), cases=3)

    assert traffic_of(configuration, found) == Traffic(items_a_day=2.0, mails=6)
    assert traffic_of(configuration, NOTHING) == replace(Traffic(), mails=0)
    assert traffic_of(replace(configuration, feeds=()), NOTHING) == replace(Traffic(), mails=0)


def tree_of(page: bytes) -> Any:  # noqa: ANN401 -- lxml's
    return lxml.html.document_fromstring(page.decode())


def test_the_same_findings_make_the_same_page_to_the_byte() -> None:
    assert a_full_report.__wrapped__() == a_full_report()


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    page, tree = a_full_report(), tree_of(a_full_report())

    assert [e.tag for e in tree.iter() if e.tag in LOADING] == []
    links = {link for _, attribute, link, _ in tree.iterlinks() if attribute is not None}
    assert {link for link in links if not link.startswith("#")} == set()
    assert set(re.findall(rb"url\(([^)]*)\)", page)) == set(re.findall(rb"url\((#[^)]*)\)", page))
    assert b"@import" not in page
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")


LOADING = {"script", "link", "img", "iframe", "object", "embed", "video", "audio", "source", "base"}


def test_every_plot_has_words_and_the_same_as_a_table_beside_it() -> None:
    tree = tree_of(a_full_report())

    pairs = tree.find_class("pair")
    assert len(pairs) == 5
    for pair in pairs:
        (picture,) = pair.iter("svg")
        assert picture.get("role") == "img"
        assert len(picture.get("aria-label")) > 20
        (table,) = pair.iter("table")
        assert len(table.findall(".//tbody/tr")) >= 5
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_the_plots_are_in_the_colours_of_the_page() -> None:
    page = a_full_report().decode()

    pictures = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert set(re.findall(r"var\(--(\w+)\)", pictures)) == {"ink", "rule", "bar"}
    assert re.findall(r"#[0-9a-f]{6}\b", pictures) == []


def test_hostile_words_stay_words_and_nobodys_address_is_told() -> None:
    page = a_full_report()

    assert HOSTILE in tree_of(page).text_content()
    assert b"<script" not in page
    mirror = a_mirror()
    for address in (mirror.contact, mirror.operator):
        assert address.encode() not in page


def test_a_mirror_with_nothing_in_it_has_a_report_too() -> None:
    tree = tree_of(a_report(survey=NOTHING, name="Empty"))

    words = " ".join(tree.text_content().split())
    assert "Not well: no feed is configured." in words
    assert "0 new items in 3 days" in words
    assert "0 cases opened; 0 items taken down." in words
    assert len(tree.find_class("pair")) == 1  # the cost


def test_the_plotter_is_loaded_by_the_report_alone() -> None:
    script = (
        "import sys; from feedmirror.cli import commands, operating;"
        "import feedmirror.cli.status, feedmirror.cli.pausing, feedmirror.cli.feeds;"
        "sys.exit(any(name.startswith('matplotlib') for name in sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", script], check=False)  # noqa: S603 -- our own

    assert done.returncode == 0
