"""Tokens of open challenges, looked for by whole runs of the mirror at loopback publishers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from feedmirror.adapters.workers import InOrder
from feedmirror.configuration import FeedSettings
from feedmirror.jobs.findings import Finding
from feedmirror.jobs.token_proofs import AskHosts
from feedmirror.layout import LOOKS, challenge_key
from feedmirror.ports.fetching import Fetched, FetchFailure, FetchRequest, Hop, Unfetched
from feedmirror.ports.object_store import Content
from feedmirror.takedowns.casework.challenges import Challenge, challenge_to_json
from feedmirror.takedowns.decisions.decision import Proving
from loopback import Answer
from world import START, Documents, Names, World, entry, rss

TOKEN = "feedmirror-takedown=abcdefghijklmnopqrstuvwx23"  # noqa: S105 -- shown to everybody
OTHER = "feedmirror-takedown=zbcdefghijklmnopqrstuvwx23"
HOST = "news.localhost"  # which libcurl takes for 127.0.0.1, as RFC 6761 has it
FILE = "/.well-known/feedmirror-takedown.txt"
NAME = f"_feedmirror.{HOST}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A mirror of one feed of news.localhost."""
    with Documents("127.0.0.1") as documents:
        world = World(tmp_path, documents)
        publish(world, rss(entry(1)))
        yield world


def feed_of(world: World) -> str:
    return world.publisher.url("/feed", host=HOST)


def publish(world: World, document: str) -> None:
    world.serve(document, site=f"http://{HOST}")
    world.feeds[:] = [FeedSettings(url=feed_of(world))]


def show(world: World, text: str | bytes, *, status: int = 200, **headers: str) -> None:
    """Serve the host's file."""
    body = text.encode() if isinstance(text, str) else text
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    world.documents[FILE] = Answer(status, named, body)


def challenge(world: World, *ways: Proving, **overrides: Any) -> str:  # noqa: ANN401 -- any field
    """Write a challenge into the ledger as the takedown function does; return its key."""
    fields: dict[str, Any] = {
        "case": "casecasecasecase",
        "host": HOST,
        "token": TOKEN,
        "ways": ways,
        "until": START + timedelta(days=14),
        "feed": feed_of(world),
    }
    wanted = Challenge(**{**fields, **overrides})
    return put(world, challenge_key(wanted.host, wanted.case), challenge_to_json(wanted))


def put(world: World, key: str, body: bytes) -> str:
    found = world.stores.ledger.get(key)
    content = Content(body, "application/json")
    world.stores.ledger.put(key, content, replaces=found.etag if found else None)
    return key


def asked(world: World, path: str = FILE) -> int:
    return sum(seen.target == path for seen in world.publisher.seen)


def proof(way: Proving, **overrides: str) -> dict[str, str]:
    fields = {"case": "casecasecasecase", "host": HOST, "token": TOKEN}
    return {"kind": "proof", "way": str(way), **fields, **overrides}


def test_a_finding_is_a_message_of_plain_json() -> None:
    found = Finding(case="c", host="h", way=Proving.DNS, token="t")  # noqa: S106 -- no secret

    assert json.loads(json.dumps(found.to_dict())) == {
        "kind": "proof",
        "case": "c",
        "host": "h",
        "way": "dns",
        "token": "t",
    }


def test_the_token_in_the_hosts_file_proves(world: World) -> None:
    show(world, f"{TOKEN}\n", Content_Type="text/plain; charset=utf-8")
    challenge(world, Proving.WELL_KNOWN, Proving.REPLY)

    report = world.run()

    assert world.handed.tasks == [proof(Proving.WELL_KNOWN)]
    assert (report.findings, report.problems, report.failures) == (1, (), ())
    assert report.created == 1  # the run has done its other work
    (seen,) = [seen for seen in world.publisher.seen if seen.target == FILE]
    assert seen.header("host") == f"{HOST}:{world.publisher.port}"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(404, body=TOKEN.encode()), "not there"),
        (Answer(410, body=TOKEN.encode()), "gone"),
        (Answer(203, body=TOKEN.encode()), "changed by a proxy"),
        (Answer(500, body=TOKEN.encode()), "an error"),
        (Answer(200, body=OTHER.encode()), "another case's"),
        (Answer(200, body=b""), "empty"),
        (Answer(200, body=f"Comments:\n{TOKEN}\n".encode()), "within a larger text"),
        (
            Answer(
                200,
                (("Content-Type", "text/html"),),
                f"<!doctype html><title>Welcome</title><p>You asked for {TOKEN}".encode(),
            ),
            "a page for every address",
        ),
        (Answer(200, (("Content-Type", "application/json"),), TOKEN.encode()), "no text"),
        (Answer(200, body=TOKEN.encode().ljust(5000)), "too large"),
        (Answer(raw=(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n", TOKEN.encode())), "cut"),
        (Answer(raw=(b"nothing of HTTP",)), "no answer"),
    ],
)
def test_a_file_that_is_not_just_the_token_does_not_prove(
    world: World, answer: Answer, why: str
) -> None:
    world.documents[FILE] = answer
    challenge(world, Proving.WELL_KNOWN)

    report = world.run()

    assert asked(world) == 1, why
    assert world.handed.tasks == [], why
    assert (report.findings, report.created) == (0, 1), why


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_the_token_does_not_prove(world: World, status: int) -> None:
    """An open redirect, or a path that sends every stranger on to what its users write."""
    world.documents["/users/mallory.txt"] = Answer(body=TOKEN.encode())
    show(world, "", status=status, Location="/users/mallory.txt")
    challenge(world, Proving.WELL_KNOWN)

    world.run()

    assert asked(world, "/users/mallory.txt") == 1
    assert world.handed.tasks == []


def test_a_redirect_to_the_same_file_elsewhere_does_not_prove(tmp_path: Path) -> None:
    with Documents("127.0.0.1") as documents, Documents("127.0.0.1") as elsewhere:
        world = World(tmp_path, documents)
        publish(world, rss(entry(1)))
        elsewhere.by_path[FILE] = Answer(body=TOKEN.encode())
        show(world, "", status=302, Location=elsewhere.publisher.url(FILE, host="evil.localhost"))
        challenge(world, Proving.WELL_KNOWN)

        world.run()

    assert [seen.target for seen in elsewhere.publisher.seen] == [FILE]
    assert world.handed.tasks == []


def test_a_host_that_leads_into_a_refused_network_is_never_dialled(world: World) -> None:
    show(world, TOKEN)
    challenge(world, Proving.WELL_KNOWN)
    world.networks.clear()

    report = world.run()

    assert world.publisher.connects == 0
    assert (report.findings, world.handed.tasks) == (0, [])


def test_a_way_that_was_not_offered_is_neither_looked_at_nor_counted(world: World) -> None:
    show(world, TOKEN)
    publish(world, rss(extra=f"<description>{TOKEN}</description>"))
    world.names.records[NAME] = (TOKEN.encode(),)
    challenge(world, Proving.REPLY)

    world.run()

    assert (asked(world), world.names.asked, world.handed.tasks) == (0, [], [])


def test_what_another_case_lets_be_looked_at_does_not_prove_by_that_way(world: World) -> None:
    show(world, TOKEN)
    world.names.records[NAME] = (OTHER.encode(),)
    challenge(world, Proving.DNS, case="one")
    challenge(world, Proving.WELL_KNOWN, case="two", token=OTHER)

    world.run()

    assert (asked(world), world.names.asked, world.handed.tasks) == (1, [NAME], [])


def test_a_record_of_the_hosts_name_proves(world: World) -> None:
    world.names.records[NAME] = (b"v=spf1 -all", TOKEN.encode())
    challenge(world, Proving.DNS)

    report = world.run()

    assert world.names.asked == [NAME]
    assert world.handed.tasks == [proof(Proving.DNS)]
    assert report.findings == 1
    assert asked(world) == 0


def test_dns_that_is_down_costs_only_the_challenges_that_need_it(world: World) -> None:
    world.names.down.add("_feedmirror.b.example")
    world.names.records[NAME] = (TOKEN.encode(),)
    challenge(world, Proving.DNS, host="b.example", case="b")
    challenge(world, Proving.DNS)

    report = world.run()

    assert world.handed.tasks == [proof(Proving.DNS)]
    assert report.problems == (("", "DNS _feedmirror.b.example: no answer within 5 s"),)
    assert report.created == 1


def test_the_token_in_what_the_feed_says_of_itself_proves(world: World) -> None:
    publish(world, rss(entry(1), extra=f"<description>News. {TOKEN}</description>"))
    challenge(world, Proving.FEED)

    report = world.run()

    assert world.handed.tasks == [proof(Proving.FEED)]
    assert (report.findings, report.created) == (1, 1)
    assert asked(world) == 0


def test_the_token_in_an_entry_of_the_feed_does_not_prove(world: World) -> None:
    publish(world, rss(entry(1, text=TOKEN, title=TOKEN)))
    challenge(world, Proving.FEED)

    report = world.run()

    assert (report.created, report.findings, world.handed.tasks) == (1, 0, [])


def test_another_feed_of_the_host_does_not_prove(world: World) -> None:
    publish(world, rss(entry(1), extra=f"<description>{TOKEN}</description>"))
    challenge(world, Proving.FEED, feed=world.publisher.url("/comments/feed", host=HOST))

    assert world.run().findings == 0


def test_a_feed_that_has_moved_to_another_domain_does_not_prove(world: World) -> None:
    """Promise P2: its publisher may have left that domain to somebody else since."""
    new = world.publisher.url("/new", host="127.0.0.1")
    world.documents["/new"] = world.documents["/feed"]
    world.documents["/feed"] = Answer(301, (("Location", new),))
    for _ in range(3):
        world.run()
        world.later(24 * 4)
    token = rss(entry(1), extra=f"<description>{TOKEN}</description>").encode()
    world.documents["/new"] = Answer(body=token)
    challenge(world, Proving.FEED)

    report = world.run()

    assert world.publisher.seen[-1].target == "/new"
    assert world.publisher.seen[-2].target == "/new"
    assert (report.changed, report.findings, world.handed.tasks) == (1, 0, [])


def test_a_token_that_stood_in_the_feed_before_the_challenge_was_seen_is_found(
    world: World,
) -> None:
    """It may be put there while a run is under way that does not know of it yet."""
    publish(world, rss(entry(1), extra=f"<description>{TOKEN}</description>"))
    world.run()
    challenge(world, Proving.FEED)

    world.later()
    first = world.run()
    world.later()
    second = world.run()

    assert (first.findings, second.findings) == (1, 0)
    assert (first.created, first.updated) == (0, 0)
    conditional = [seen.header("if-none-match") for seen in world.publisher.seen]
    assert [bool(etag) for etag in conditional] == [False, False, True]


def test_a_token_that_is_put_into_the_feed_later_is_found(world: World) -> None:
    challenge(world, Proving.FEED)
    world.run()
    world.later()
    assert world.run().unchanged == 1
    world.later()
    publish(world, rss(entry(1), extra=f"<description>{TOKEN}</description>"))

    assert world.run().findings == 1


def test_a_challenge_that_is_changed_looks_at_its_feed_anew(world: World) -> None:
    publish(world, rss(entry(1), extra=f"<description>{OTHER}</description>"))
    challenge(world, Proving.FEED)
    world.run()
    challenge(world, Proving.FEED, token=OTHER)
    world.later()

    assert world.run().findings == 1


def test_a_token_shown_while_too_many_challenges_wait_is_found_when_its_turn_comes(
    world: World,
) -> None:
    challenge(world, Proving.FEED)
    world.run()
    for number in range(100):
        challenge(world, Proving.REPLY, host=f"h{number}.example", case=f"c{number}")
    world.later()
    publish(world, rss(entry(1), extra=f"<description>{TOKEN}</description>"))
    crowded = world.run()
    world.later()

    assert (crowded.changed, crowded.findings) == (1, 0)
    assert world.run().findings == 1


def test_what_the_queue_does_not_take_is_found_again(world: World) -> None:
    publish(world, rss(entry(1), extra=f"<description>{TOKEN}</description>"))
    show(world, TOKEN)
    challenge(world, Proving.FEED, Proving.WELL_KNOWN)
    world.handed.full = True

    failed = world.run()
    world.handed.full = False
    world.later()
    again = world.run()

    assert failed.findings == 0
    assert [what for _, what in failed.problems] == [
        "case casecasecasecase: proof not handed on: StoreUnavailableError('the queue is full')"
    ] * 2
    assert failed.created == 1
    assert again.findings == 2
    assert world.handed.tasks == [proof(Proving.WELL_KNOWN), proof(Proving.FEED)]


def test_a_late_proof_that_the_queue_does_not_take_is_found_again(world: World) -> None:
    challenge(world, Proving.FEED)
    world.run()
    world.later()
    publish(world, rss(entry(1), extra=f"<description>{TOKEN}</description>"))
    world.handed.full = True
    world.run()
    world.handed.full = False
    world.later()

    assert world.run().findings == 1


def test_a_challenge_that_is_closed_or_past_its_time_is_not_asked(world: World) -> None:
    show(world, TOKEN)
    publish(world, rss(extra=f"<description>{TOKEN}</description>"))
    every = (Proving.WELL_KNOWN, Proving.DNS, Proving.FEED)
    challenge(world, *every, case="closed", closed=True)
    challenge(world, *every, case="past", until=START)

    report = world.run()

    assert (asked(world), world.names.asked, report.findings) == (0, [], 0)
    assert report.problems == ()


def test_a_challenge_that_has_ended_is_not_read_again_unless_it_changes(world: World) -> None:
    key = challenge(world, Proving.DNS, closed=True)
    world.run()
    world.later()
    requests = world.watch()
    world.run(at_once=False)
    assert ("get", key) not in requests.asked
    assert [key for method, key in requests.asked if method == "put"] == ["state/0.json"]

    world.names.records[NAME] = (TOKEN.encode(),)
    challenge(world, Proving.DNS, closed=False)
    world.later()

    assert world.run().findings == 1


def test_an_unreadable_challenge_is_told_and_costs_nothing_else(world: World) -> None:
    show(world, TOKEN)
    broken = put(world, challenge_key("b.example", "b"), b'{"schema": 7}')
    moved = put(
        world,
        challenge_key("c.example", "c"),
        challenge_to_json(
            Challenge(case="c", host=HOST, token=TOKEN, ways=(Proving.DNS,), until=START)
        ),
    )
    challenge(world, Proving.WELL_KNOWN)

    report = world.run()

    told = dict.fromkeys((broken, moved))
    assert [what.partition(": ")[0] for _, what in report.problems] == [f"ledger {k}" for k in told]
    assert world.handed.tasks == [proof(Proving.WELL_KNOWN)]
    assert (report.created, world.names.asked) == (1, [])


def test_a_host_is_asked_once_in_a_clock_hour_however_many_cases_it_has(world: World) -> None:
    show(world, OTHER)
    world.names.records[NAME] = (TOKEN.encode(),)
    ways = (Proving.WELL_KNOWN, Proving.DNS)
    challenge(world, *ways, case="one")
    challenge(world, *ways, case="two", token=OTHER)

    report = world.run()
    assert (asked(world), world.names.asked, report.findings) == (1, [NAME], 2)
    assert world.handed.tasks == [
        proof(Proving.WELL_KNOWN, case="two", token=OTHER),
        proof(Proving.DNS, case="one"),
    ]

    world.later(0.25)
    challenge(world, *ways, case="three")
    world.run()
    world.later(0.25)
    world.run()
    assert asked(world) == 1

    world.later(0.5)
    world.run()
    assert (asked(world), len(world.names.asked)) == (2, 2)


def test_of_two_runs_at_once_one_asks(world: World) -> None:
    show(world, TOKEN)
    challenge(world, Proving.WELL_KNOWN)

    def other_run(method: str, key: str) -> None:
        if (method, key) == ("put", LOOKS):
            world.requests.before = lambda *_: None
            world.run()

    world.requests.before = other_run
    world.run()

    assert asked(world) == 1


def test_no_more_than_a_hundred_challenges_are_taken_up_and_the_longest_waiting_first(
    world: World,
) -> None:
    for number in range(150):
        challenge(world, Proving.DNS, host=f"h{number}.example", case=f"c{number}")

    world.run()
    first = set(world.names.asked)
    world.later(0.25)
    world.run(at_once=False)

    assert len(first) == 100
    assert len(world.names.asked) == len(set(world.names.asked)) == 150


def test_a_run_that_is_short_of_time_leaves_hosts_to_the_next_one(world: World) -> None:
    show(world, TOKEN)
    challenge(world, Proving.WELL_KNOWN)

    assert world.run(time_left=timedelta(seconds=100)).findings == 0
    assert asked(world) == 0
    assert world.run().findings == 1


def test_looks_that_are_lost_cost_a_question_and_no_more(world: World) -> None:
    show(world, TOKEN)
    challenge(world, Proving.WELL_KNOWN)
    world.run()
    found = world.stores.archive.get(LOOKS)
    assert found is not None
    world.stores.archive.put(LOOKS, Content(b"lost", "text/plain"), replaces=found.etag)

    assert world.run().findings == 1
    assert asked(world) == 2


def test_open_challenges_cost_their_reading_and_the_looks(world: World) -> None:
    key = challenge(world, Proving.WELL_KNOWN)
    world.run()
    world.later()
    requests = world.watch()

    world.run(at_once=False)

    tokens = requests.asked[: requests.asked.index(("get", "state/0.json"))]
    assert tokens == [("list", "challenges/"), ("get", LOOKS), ("get", key), ("put", LOOKS)]
    world.later(0.25)
    requests = world.watch()
    world.run(at_once=False)
    assert ("put", LOOKS) not in requests.asked


@dataclass
class Web:
    """Answers by address, as a fetcher of the public web would bring them."""

    answers: dict[str, Fetched] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def serve(self, url: str, *hops: str, body: str = TOKEN) -> None:
        led = tuple(Hop(301, hop) for hop in hops)
        end = hops[-1] if hops else url
        self.answers[url] = Fetched(FetchRequest(url), 200, end, body.encode(), hops=led)

    def fetch(self, requests: Iterable[FetchRequest]) -> Iterator[Fetched | Unfetched]:
        for request in requests:
            self.asked.append(request.url)
            nobody = Unfetched(request, FetchFailure.NAME, "no such host")
            yield self.answers.get(request.url, nobody)


BARE, WWW = f"https://a.example{FILE}", f"https://www.a.example{FILE}"


@pytest.mark.parametrize(
    ("feed", "served", "asked_of", "proved"),
    [
        ("https://a.example/feed", [(BARE,)], [BARE], True),
        ("https://a.example/feed", [(WWW,)], [BARE], False),
        ("https://www.a.example/feed", [(WWW,)], [WWW], True),
        ("https://www.a.example/feed", [(WWW, BARE), (BARE,)], [WWW, BARE], True),
        ("https://a.example:8443/feed", [(BARE,)], [BARE], True),
        ("https://a.example/feed", [(BARE, WWW), (WWW,)], [BARE, WWW], True),
        ("https://a.example/feed", [(BARE, WWW)], [BARE, WWW], False),
        ("https://a.example/feed", [(BARE, WWW), (WWW, BARE)], [BARE, WWW], False),
        ("https://a.example/feed", [(BARE, BARE)], [BARE], False),
        ("https://a.example/feed", [(BARE, f"https://b.example{FILE}")], [BARE], False),
        ("https://a.example/feed", [(BARE, f"https://x.a.example{FILE}")], [BARE], False),
        ("https://a.example/feed", [(BARE, f"http://www.a.example{FILE}")], [BARE], False),
        ("https://a.example/feed", [(BARE, "https://www.a.example/u/mallory")], [BARE], False),
        (
            "http://a.example/feed",
            [(f"http://a.example{FILE}",)],
            [f"http://a.example{FILE}"],
            True,
        ),
        (
            "http://www.a.example:8080/feed",
            [(f"http://www.a.example:8080{FILE}", WWW), (WWW,)],
            [f"http://www.a.example:8080{FILE}", WWW],
            True,
        ),
        ("http://b.example/feed", [(BARE,)], [BARE], True),
        ("http://x.a.example/feed", [(BARE,)], [BARE], True),
    ],
)
def test_a_host_is_asked_under_its_own_spellings_and_no_other(
    feed: str,
    served: list[tuple[str, ...]],
    asked_of: list[str],
    proved: bool,  # noqa: FBT001 -- a column
) -> None:
    web = Web()
    for url, *hops in served:
        web.serve(url, *hops)
    hosts = AskHosts(fetcher=web, dns=Names, workers=InOrder(), feeds=(FeedSettings(url=feed),))
    wanted = Challenge(
        case="c", host="a.example", token=TOKEN, ways=(Proving.WELL_KNOWN,), until=START
    )

    findings, problems = hosts.run([wanted])

    assert web.asked == asked_of
    assert bool(findings) is proved
    assert problems == []


def test_a_run_without_challenges_loads_no_takedown_code(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from builders import a_mirror\n"
        "from feedmirror.configuration import Configuration\n"
        "from feedmirror.local.machine import Machine\n"
        "machine = Machine(pathlib.Path(sys.argv[1]))\n"
        "machine.configure(Configuration(mirror=a_mirror(), feeds=()))\n"
        "print(machine.handle({})['findings'])\n"
        "print(*sys.modules)\n"
    )
    tests = Path(__file__).parents[1]
    found = subprocess.run(  # noqa: S603 -- our own interpreter and code
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tests,
        env={**os.environ, "PYTHONPATH": str(tests)},
    ).stdout.split()

    assert found[0] == "0"
    assert "feedmirror.jobs.look_for_tokens" in found
    heavy = (
        "feedmirror.takedowns",
        "feedmirror.jobs.token_proofs",
        "dns",
        "feedmirror.adapters.dns",
    )
    assert [name for name in found if name.startswith(heavy)] == []


def test_the_ledger_is_never_written(world: World) -> None:
    show(world, TOKEN)
    challenge(world, Proving.WELL_KNOWN, Proving.DNS, Proving.FEED)
    before = world.all(world.stores.ledger, "")

    world.run()

    assert world.all(world.stores.ledger, "") == before


def test_a_feed_that_was_moved_to_another_host_is_not_asked_for_the_first_ones_file(
    world: World,
) -> None:
    """Only a feed's address at that very host tells its scheme and port."""
    show(world, TOKEN)
    challenge(world, Proving.WELL_KNOWN, host="other.localhost")
    world.feeds[:] = [replace(world.feeds[0], site="http://other.localhost")]

    world.run()

    assert asked(world) == 0
