"""What benchmarks count is so: their publishers, their store, and the tables made of both."""

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import feedparser
import pytest

from benchmarks.documents import Document, real_documents, small_documents
from benchmarks.measured import CommandFailedError, cost_of
from benchmarks.origin import Publishing, an_origin
from benchmarks.readers_plot import draw
from benchmarks.readers_table import by_method, tables, verdicts
from benchmarks.rounds import OF_MEMORY, OF_S3, Comparison, compared
from benchmarks.s3_stub import an_s3_stub
from stack_template import written

FEEDS = 12
TICKS = 1  # 9.5 % of them
SCENES = ("cold", "all 304", "tick")
ASK = """
import contextlib, sys, urllib.request
for url in sys.argv[1:]:
    with contextlib.suppress(OSError):
        urllib.request.urlopen(url)
"""
SUITE = Path(__file__).parent / "test_object_store.py"


@pytest.fixture(scope="module")
def found() -> Comparison:
    """Return what polling a few small feeds costs us, and libcurl alone."""
    return compared(Publishing(FEEDS, small=True), ["ours-s3", "floor"], scenes=SCENES)


@pytest.mark.parametrize("client", ["ours-s3", "floor"])
def test_each_feed_is_asked_for_once_in_each_scene(found: Comparison, client: str) -> None:
    answered = [found.of(client, scene)[0].asked.by_kind for scene in SCENES]

    polls = [{status: seen[status] for status in ("200", "304")} for seen in answered]
    assert polls == [
        {"200": FEEDS, "304": 0},
        {"200": 0, "304": FEEDS},
        {"200": TICKS, "304": FEEDS - TICKS},
    ]


def test_what_is_new_is_stored_and_nothing_else(found: Comparison) -> None:
    assert [found.of("ours-s3", scene)[0].told["new"] for scene in SCENES] == [FEEDS, 0, TICKS]
    assert found.ticks == TICKS


def test_an_unchanged_run_reads_its_state_once_and_writes_it_once(found: Comparison) -> None:
    run = found.of("ours-s3", "all 304")[0]

    assert by_method(run, {"archive/state"}) == {"GET": 1, "PUT": 1}
    assert by_method(run, {"ledger/lifts", "ledger/suppressions"}) == {"LIST": 1}
    assert by_method(run, {"archive/config"}) == {"GET": 1, "LIST": 1}
    assert by_method(run).total() == 6  # and the list of open challenges


def test_a_new_item_is_put_with_its_marker(found: Comparison) -> None:
    tick = found.of("ours-s3", "tick")[0].s3

    assert tick["PUT", "archive/items"] == tick["PUT", "archive/addresses"] == TICKS


def test_turns_of_shards_poll_what_one_run_does() -> None:
    found = compared(Publishing(FEEDS, small=True), ["ours-by-turns"], scenes=SCENES)

    told = [found.of("ours-by-turns", scene)[0].told for scene in SCENES]
    assert [(each["polled"], each["new"]) for each in told] == [(FEEDS, new) for new in (12, 0, 1)]


def test_memory_is_handed_out_as_the_template_has_it() -> None:
    variables = written()["Globals"]["Function"]["Environment"]["Variables"]

    assert {name: variables[name] for name in OF_MEMORY} == OF_MEMORY


def test_the_child_process_is_counted_apart(found: Comparison) -> None:
    cold, still = (found.of("ours-s3", scene)[0].cost for scene in SCENES[:2])

    assert 0 < cold.child_cpu < cold.cpu
    assert cold.peak > 20
    assert cold.child_peak > 20
    assert still.child_cpu == still.child_peak == 0
    assert found.cpu("floor", "cold") < found.cpu("ours-s3", "cold")


def test_the_tables_tell_it(found: Comparison, tmp_path: Path) -> None:
    text = tables(found)

    assert f"{FEEDS} written feeds" in text
    assert "| all 304 | 2 | 0 | 1 | 3 | 1 GET, 1 LIST, 1 PUT | 0 |" in text
    met = {each.what: each.met for each in verdicts(found)}
    assert met["all 304: PUT, all"]
    assert met["all 304: LIST, of state and rules alone"]
    assert not met["all 304: LIST, all"]
    assert met["tick: PUT of marker and record"]  # every link leads to its feed's host
    assert not any("reader" in what for what in met)  # it was not there
    draw(found, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_the_store_of_benchmarks_is_as_s3(tmp_path: Path) -> None:
    """The suite of questions for every store, asked of the stub."""
    with an_s3_stub() as s3:
        environment = {**os.environ, **OF_S3, "FEEDMIRROR_TEST_S3_ENDPOINT": s3.endpoint}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:xdist"]
        command += ["--basetemp", str(tmp_path / "of the suite"), "-k", "endpoint", str(SUITE)]
        run = subprocess.run(  # noqa: S603 -- our own suite
            command, env=environment, capture_output=True, text=True, check=False
        )

    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout


@pytest.fixture(scope="module", params=["real", "small"])
def documents(request: pytest.FixtureRequest) -> list[Document]:
    """Return documents as publishers of benchmarks have them."""
    made = small_documents(3, entries=2) if request.param == "small" else real_documents(8)
    if not made:
        pytest.skip("the corpus of real feeds is not beside this checkout")
    return made


def entries(document: Document) -> list[str]:
    """Return the entries' ids as feedparser reads them."""
    found = feedparser.parse(BytesIO(document.body)).entries
    return [str(each.get("id") or each.get("link")) for each in found]


def test_a_tick_is_one_new_entry(documents: list[Document]) -> None:
    odd = []
    for document in documents:
        before, ticked = entries(document), document.ticked
        if ticked is None or not before:
            odd.append(document.site)
            continue
        after = entries(ticked)
        if not (len(after) == len(before) + 1 and len(set(after) - set(before)) == 1):
            odd.append(document.site)

    assert len(odd) <= 1, odd


def test_when_only_dates_move_the_entries_stay(documents: list[Document]) -> None:
    for document in documents:
        assert document.churned.body != document.body
        assert entries(document.churned) == entries(document)


def test_publishers_that_fail_do_and_others_take_their_time() -> None:
    with an_origin(Publishing(4, small=True, latency=0.2, failing=0.25)) as origin:
        cost = cost_of([sys.executable, "-c", ASK, *origin.urls], os.environ)
        seen = origin.answered().by_kind

    assert seen == {"200": 3, "503": 1}
    assert cost.wall > 4 * 0.2


def test_a_client_that_fails_is_no_measurement() -> None:
    with pytest.raises(CommandFailedError, match="no feeds today"):
        cost_of([sys.executable, "-c", "raise SystemExit('no feeds today')"], {})
