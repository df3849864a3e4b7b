"""A cold start: what a function loads before its first event, the event needs."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

import feedmirror
from builders import a_mirror
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.configuration_file import write_configuration
from loopback import Answer, Publisher
from moto_endpoint import moto_endpoint
from packaged import Packaged, packaged
from runtime_api import CREDENTIALS
from takedown_world import CONTACT, a_mail, ses_record
from world import SITE, entry, rss

OWNER = "ann@news.example.com"
SCRIPT = Path(__file__).parents[1] / "first_event.py"
BUCKETS = {
    f"FEEDMIRROR_{name}_BUCKET": f"first-{name.lower()}"
    for name in ("ARCHIVE", "SITE", "LEDGER", "MAIL")
}
# Modules of types and constants, of which no code runs, and what a poll state may have in it.
OURS = Path(str(feedmirror.__file__)).parent
STILL = {"feedmirror.version", "feedmirror.stored_rows", "feedmirror.mirroring.refusals"}
# What deciding and answering a mail is made of, whichever parts this mail happens to need.
PARTS_OF_ANY_MAIL = {
    "feedmirror.publishing.selection",
    "feedmirror.takedowns.casework.challenges",
    "feedmirror.takedowns.casework.proofs",  # the form of a token
    "feedmirror.takedowns.replies.operator_mail",
}
# What a stranger's bytes come near runs in a process of its own, and is not loaded in this one.
READERS = {
    "dkim",
    "feedmirror.takedowns.mails.header_fields",
    "feedmirror.takedowns.mails.reading_mail",
    "feedmirror.takedowns.notices.reading_notice",
    "feedmirror.takedowns.notices.phrases",
    "feedmirror.takedowns.senders.judging",
    "feedmirror.takedowns.senders.signatures",
    "feedmirror.takedowns.reading.understanding",
}
# boto3 needs it as well; Powertools loads it first.
BY_POWERTOOLS = {"jmespath", "typing_extensions"}
OF_PYTHON = {"_colorize", "_opcode_metadata"}  # its own, which it does not list as such
MACHINE_CODE = {"pycurl"}  # what runs of them is nothing that Python sees


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    return packaged(tmp_path_factory)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_endpoint() as address, pytest.MonkeyPatch.context() as patch:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": address}.items():
            patch.setenv(name, value)
        for bucket in BUCKETS.values():
            boto3.client("s3").create_bucket(Bucket=bucket)
        boto3.client("ses").verify_email_identity(EmailAddress=CONTACT)
        yield address


def first_event(
    shipped: Packaged, endpoint: str, name: str, event: dict[str, Any]
) -> dict[str, Any]:
    """Have a function handle its first event, and return what it loaded and ran."""
    run = subprocess.run(  # noqa: S603 -- our own interpreter and code
        [
            *(shipped.interpreter, "-I", "-S", "-B", str(SCRIPT), str(shipped.folder)),
            *(f"feedmirror.handlers.{name}", json.dumps(event), "watch"),
        ],
        env={
            **(CREDENTIALS | BUCKETS),
            "AWS_ENDPOINT_URL": endpoint,
            "FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    told: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return told


def is_a_package_or_ports(name: str) -> bool:
    """Tell of a module that it holds no code: an empty ``__init__``, or nothing but protocols."""
    path = OURS.parent.joinpath(*name.split("."))
    return path.is_dir() or path.parent.name == "ports"


def needless(told: dict[str, Any]) -> tuple[Sequence[str], Sequence[str]]:
    """Return our modules, and others' packages, that were loaded and of which nothing ran."""
    ran = set(told["ran"])
    ours = [
        name
        for name in told["imported"]
        if name.startswith("feedmirror") and name not in ran and not is_a_package_or_ports(name)
    ]
    running = {name.partition(".")[0] for name in ran}
    theirs = {name.partition(".")[0] for name in told["imported"]} - running
    return ours, sorted(theirs - sys.stdlib_module_names)


@pytest.fixture(scope="module")
def mirrored(shipped: Packaged, endpoint: str) -> dict[str, Any]:
    """What the mirror's first run loaded and ran; the takedown's has something to take down."""
    documents = {"/feed": Answer(body=rss(entry(1), entry(2)).encode())}
    with Publisher(documents) as publisher:
        feed = FeedSettings(url=publisher.url("/feed"), site=SITE)
        text = write_configuration(Configuration(mirror=a_mirror(), feeds=(feed,)))
        archive = BUCKETS["FEEDMIRROR_ARCHIVE_BUCKET"]
        boto3.client("s3").put_object(Bucket=archive, Key="config/mirror.toml", Body=text.encode())
        return first_event(shipped, endpoint, "mirror", {})


def test_the_first_scheduled_run_needs_all_that_the_mirror_loads(mirrored: dict[str, Any]) -> None:
    ours, theirs = needless(mirrored)

    assert mirrored["report"]["created"] == 2
    assert set(ours) <= STILL
    assert set(theirs) <= BY_POWERTOOLS | MACHINE_CODE | OF_PYTHON
    assert not {name for name in mirrored["added"] if name.startswith("feedmirror.takedowns")}


def test_the_parsers_are_loaded_by_their_own_process_alone(mirrored: dict[str, Any]) -> None:
    loaded = {*mirrored["imported"], *mirrored["added"]}

    assert "feedmirror.adapters.isolation.child_process" in mirrored["added"]
    assert not {name.partition(".")[0] for name in loaded} & {"feedparser", "nh3", "sgmllib"}
    assert not loaded & {
        "feedmirror.adapters.isolation.feed_operations",
        "feedmirror.mirroring.content",
        "feedmirror.mirroring.feeds",
    }


def test_the_parsers_process_knows_tokens_and_nothing_else_of_takedowns(shipped: Packaged) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(shipped.folder)!r});"
        "from feedmirror.adapters.isolation.feed_operations import operations; operations();"
        "print(*sys.modules)"
    )
    alone = (shipped.interpreter, "-I", "-S", "-B", "-c", code)
    run = subprocess.run(alone, capture_output=True, text=True, check=True)  # noqa: S603 -- our own interpreter and code
    loaded = set(run.stdout.split())

    assert "feedparser" in loaded
    assert {name for name in loaded if name.startswith("feedmirror.takedowns.casework.")} == {
        "feedmirror.takedowns.casework.proofs"
    }
    assert not loaded & {"feedmirror.takedowns.decisions", "tomllib", "boto3", "jinja2", "pycurl"}


@pytest.mark.usefixtures("mirrored")
def test_a_run_that_brings_no_document_starts_no_process(shipped: Packaged, endpoint: str) -> None:
    told = first_event(shipped, endpoint, "mirror", {})

    assert (told["report"]["feeds"], told["report"]["polled"]) == (1, 0)
    assert not {*told["imported"], *told["added"]} & {
        "feedmirror.adapters.isolation.child_process",
        "feedmirror.adapters.isolation.codec",
    }


@pytest.mark.usefixtures("mirrored")
def test_the_first_mail_needs_all_that_the_takedown_loads(shipped: Packaged, endpoint: str) -> None:
    now = datetime.now(UTC)
    raw = a_mail(f"Please take down {SITE}/1 now and for ever.", sender=OWNER, date=now)
    mail = BUCKETS["FEEDMIRROR_MAIL_BUCKET"]
    boto3.client("s3").put_object(Bucket=mail, Key="inbound/first", Body=raw)

    told = first_event(
        shipped, endpoint, "takedown", {"Records": [ses_record("first", raw, now=now)]}
    )

    ours, theirs = needless(told)
    assert [case["state"] for case in told["report"]["cases"]] == ["removed"]
    assert set(ours) <= STILL | PARTS_OF_ANY_MAIL
    assert set(theirs) <= BY_POWERTOOLS | OF_PYTHON
    loaded = {name.partition(".")[0] for name in (*told["imported"], *told["added"])}
    assert not loaded & {"feedparser", "pycurl", "click", "rich", "moto"}
    assert not READERS & {*told["imported"], *told["added"]}
