"""`serve`, killed at any moment while it polls and takes mail: what was acknowledged is done.

``make kills`` kills it at fifty moments, the suite at three; each has a seed of its own.
"""

import json
import os
import random
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from feedmirror.adapters.clock import utc_now
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.adapters.workers import InOrder
from feedmirror.configuration import Configuration, FeedSettings, MirrorSettings
from feedmirror.configuration_file import write_configuration
from feedmirror.jobs.configure import ReadConfiguration
from feedmirror.records import Item, record_from_json
from feedmirror.takedowns.casework.cases import State, case_from_json, case_of_mail
from feedmirror.wiring.audit import compose_audit
from feedmirror.wiring.stores import Stores
from loopback import Answer, Publisher
from serving import CONTACT, Serving, until
from world import SITE, entry, rss

MOMENTS = int(os.environ.get("FEEDMIRROR_TEST_KILLS", "3"))
FIRST_SEED = int(os.environ.get("FEEDMIRROR_TEST_SEED", "1"))
HELD, FRESH, ASKED = 12, 30, 6  # items stored before, items of a second feed, mails
LONGEST = 1.8  # seconds: by then everything is done, unless the machine is slow
BUCKETS = ("archive", "site", "ledger", "mail")


@dataclass(frozen=True)
class Start:
    """A mirror with one feed stored, and the file that adds a second one."""

    data: Path
    file: Path
    pages: list[str]  # of the items that mails ask for


def a_feed(*numbers: int) -> Answer:
    return Answer(body=rss(*(entry(number) for number in numbers)).encode())


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    folder = tmp_path_factory.mktemp("kills")
    documents = {
        "/held": a_feed(*range(HELD)),
        "/fresh": a_feed(*range(100, 100 + FRESH), *range(ASKED)),  # what is asked for comes again
    }
    with Publisher(documents, address="127.0.0.7") as publisher:
        feeds = [FeedSettings(url=publisher.url(path), site=SITE) for path in documents]
        mirror = MirrorSettings(
            name="Trial", site="https://mirror.example", contact=CONTACT, operator="o@m.example"
        )
        for name, listed in (("one", feeds[:1]), ("two", feeds)):
            text = write_configuration(Configuration(mirror=mirror, feeds=tuple(listed)))
            (folder / f"{name}.toml").write_text(text)
        with Serving(folder / "data", f"--feeds={folder / 'one.toml'}") as serving:
            serving.said(f"{HELD} stored")
            shown = json.loads(serving.get("/feed.json")[1])["items"]
        urls = {item["external_url"]: item["url"] for item in shown}
        pages = [urls[f"{SITE}/{number}"].removeprefix(mirror.site) for number in range(ASKED)]
        yield Start(folder / "data", folder / "two.toml", pages)


def a_request(number: int) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "ann@news.example.com", CONTACT, "Removal"
    mail["Message-ID"] = f"<{number}@news.example.com>"
    mail.set_content(f"Please remove {SITE}/{number} from your site, now and in the future.")
    return mail.as_bytes()


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + MOMENTS))
def test_what_was_acknowledged_is_done_whenever_it_is_killed(
    start: Start, tmp_path: Path, seed: int
) -> None:
    data = tmp_path / "data"
    shutil.copytree(start.data, data)
    moment = random.Random(seed).uniform(0.0, LONGEST)  # noqa: S311 -- a schedule, no secret
    acknowledged: list[int] = []

    with Serving(data, f"--feeds={start.file}", "--trust-sender") as first:
        first.place("smtp")
        killing = threading.Timer(moment, first.kill)
        killing.start()
        with ThreadPoolExecutor(3) as senders:
            sent = senders.map(lambda number: first.send(a_request(number)), range(ASKED))
            acknowledged = [number for number, kept in enumerate(sent) if kept]
        killing.join()

    with Serving(data, "--trust-sender") as second:
        second.shows("/", 200)
        _wait_until_done(second)
        for number in acknowledged:
            assert second.get(start.pages[number])[0] == 410
        late = [number for number in range(ASKED) if number not in acknowledged]
        assert all(second.send(a_request(number)) for number in late)  # as a client does
        _wait_until_done(second)
        assert {second.get(page)[0] for page in start.pages} == {410}
        outbox = until(lambda: _exported(data), "every mail of ours is a file")

    assert len(outbox) == ASKED
    _check_cases(data)
    _check_records(data)
    _check_audit(data)


def _wait_until_done(serving: Serving) -> None:
    until(lambda: not _waiting(serving.folder) or None, f"every mail is done: {serving.lines}")


def _bucket(data: Path, name: str) -> SqliteStore:
    return SqliteStore(data / "store.sqlite", name)


def _keys(data: Path, bucket: str, prefix: str) -> list[str]:
    return [summary.key for summary in _bucket(data, bucket).list(prefix) if summary.size]


def _waiting(data: Path) -> list[str]:
    return _keys(data, "mail", "arrivals/")


def _exported(data: Path) -> list[str] | None:
    kept = {key.removeprefix("outbox/") for key in _keys(data, "mail", "outbox/")}
    written = {path.name for path in (data / "outbox").glob("*.eml")}
    return sorted(written) if kept == written else None


def _check_cases(data: Path) -> None:
    """Every mail is one case, and each case removed what it asked for."""
    mails = [key.removeprefix("inbound/") for key in _keys(data, "mail", "inbound/")]
    cases = [
        key.removeprefix("cases/").removesuffix(".json") for key in _keys(data, "ledger", "cases/")
    ]
    assert sorted(cases) == sorted(case_of_mail(ses_id) for ses_id in mails)
    assert len(mails) == ASKED
    for case in cases:
        found = _bucket(data, "ledger").get(f"cases/{case}.json")
        assert found is not None
        assert case_from_json(found.content.body).state is State.REMOVED


def _check_records(data: Path) -> None:
    """No item is stored twice, though two feeds bring some."""
    store = _bucket(data, "archive")
    found = [store.get(key) for key in _keys(data, "archive", "items/")]
    records = [record_from_json(stored.content.body) for stored in found if stored]
    addresses = [r.attribution.original_url for r in records if isinstance(r, Item)]
    assert len(addresses) == len(set(addresses)) >= HELD - ASKED
    assert len(records) - len(addresses) == ASKED


def _check_audit(data: Path) -> None:
    archive, site, ledger, mail = (_bucket(data, name) for name in BUCKETS)
    stores = Stores(archive=archive, site=site, ledger=ledger, workers=InOrder())
    configuration = ReadConfiguration(archive, "1").run().configuration
    report = compose_audit(stores, mail, configuration, clock=utc_now).run()
    assert report.findings == ()
