"""Every way in which a command can be kept from its work, seen once: words, and an exit status."""

import json
import re
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import boto3
import pytest

from loopback import Answer, Publisher, Seen
from moto_endpoint import moto_endpoint
from typed import COMMAND, at_terminal, environment, run_here, run_quickly, said_in_words
from world import entry, rss

LETTER = (
    "From: a@news.example\nTo: t@m.example\nSubject: x\n\nPlease remove https://news.example/1\n"
)
TOML = """\
[mirror]
name = "M"
site = "https://m.example"
contact = "t@m.example"
operator = "o@m.example"
"""
BUCKETS = {
    f"FEEDMIRROR_{name.upper()}_BUCKET": f"trouble-{name}"
    for name in ("archive", "site", "ledger", "mail")
}
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
ACCOUNT = {**BUCKETS, **KEYS, "AWS_DEFAULT_REGION": "eu-central-1"}
# Every command that works on an account or in a folder.
COMMANDS = (
    "mirror",
    "takedown letter.eml",
    "suppress news.example --ground legal --yes",
    "cases",
    "case 4f7a",
    "approve 4f7a --yes",
    "refuse 4f7a --yes",
    "restore 4f7a --yes",
    "audit",
    "cost",
)
LOCAL = (*COMMANDS[1:], "outbox")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder to type commands in, with a mail in it."""
    (tmp_path / "letter.eml").write_text(LETTER)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_without_settings_the_variables_and_both_ways_on_are_named(
    here: Path, command: str
) -> None:
    done = run_here(*command.split(), cwd=here)

    lines = said_in_words(done)
    assert done.status == 1
    assert lines[0].startswith("feedmirror: FEEDMIRROR_ARCHIVE_BUCKET is not set: expected")
    assert "add --local" in lines[-1]
    assert "infra/README.md" in lines[-1]


@pytest.mark.parametrize("command", ["mirror", "cases"])
def test_half_the_settings_are_told_by_what_is_missing(here: Path, command: str) -> None:
    half = {name: bucket for name, bucket in ACCOUNT.items() if name != "FEEDMIRROR_SITE_BUCKET"}

    done = run_here(*command.split(), cwd=here, **half)

    assert [line.split()[1] for line in said_in_words(done)[:-1]] == ["FEEDMIRROR_SITE_BUCKET"]


@pytest.mark.parametrize("command", COMMANDS)
def test_without_credentials_it_is_said_how_to_name_them(here: Path, command: str) -> None:
    done = run_here(*command.split(), cwd=here, **BUCKETS, AWS_DEFAULT_REGION="eu-central-1")

    (line,) = said_in_words(done)
    assert done.status == 1
    assert re.match(r"feedmirror: s3://trouble-(archive|ledger)/\S+: no credentials for AWS", line)
    assert "set AWS_PROFILE, or AWS_ACCESS_KEY_ID" in line


# What S3 answers (API reference, "Error responses"), and what is made of it.
REFUSALS = {
    "AccessDenied": (403, "access is denied"),
    "NoSuchBucket": (404, "there is no such bucket; look at the FEEDMIRROR_…_BUCKET variables"),
    "ExpiredToken": (400, "the credentials for AWS have expired; sign in again"),
    "InvalidAccessKeyId": (403, "AWS does not accept these credentials; look at AWS_PROFILE"),
    "SignatureDoesNotMatch": (403, "AWS does not accept these credentials"),
    "AuthorizationHeaderMalformed": (400, "in another region; set AWS_DEFAULT_REGION"),
    "PermanentRedirect": (301, "in another region; set AWS_DEFAULT_REGION"),
    "RequestTimeTooSkewed": (403, "this machine's clock is wrong; set it"),
    "NobodyKnows": (400, "try again in a while"),
}


def refusal(code: str) -> Answer:
    status, _ = REFUSALS[code]
    xml = f"<Error><Code>{code}</Code><Message>what S3 says</Message></Error>"
    return Answer(status, (("Content-Type", "application/xml"),), xml.encode())


@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize("command", ["mirror", "case 4f7a"])
def test_what_s3_refuses_is_told_with_the_bucket_and_what_to_do(
    here: Path, command: str, code: str
) -> None:
    def answer(seen: Seen) -> Answer:
        # botocore asks by a head where a bucket is, and follows; here it is told nothing.
        return Answer(403) if seen.method == "HEAD" else refusal(code)

    with Publisher(answer) as s3:
        done = run_here(*command.split(), cwd=here, **ACCOUNT, AWS_ENDPOINT_URL=s3.url(""))

    (line,) = said_in_words(done)
    assert done.status == 1
    assert line.startswith("feedmirror: s3://trouble-")
    assert REFUSALS[code][1] in line


@pytest.mark.parametrize("command", COMMANDS)
def test_a_bucket_of_another_account_is_told_by_every_command(here: Path, command: str) -> None:
    def answer(_: Seen) -> Answer:
        return refusal("AccessDenied")

    with Publisher(answer) as s3:
        done = run_here(*command.split(), cwd=here, **ACCOUNT, AWS_ENDPOINT_URL=s3.url(""))

    (line,) = said_in_words(done)
    assert "access is denied; either the bucket is another account's, or" in line
    assert "what S3 says" in line  # which right it is


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "nothing answers there; look at the network"),
        ({"AWS_ENDPOINT_URL": "nonsense"}, "AWS_ENDPOINT_URL is no address"),
        ({"AWS_PROFILE": "nobody"}, "the profile that AWS_PROFILE names is not configured"),
        ({"AWS_DEFAULT_REGION": "not a region"}, "no region is set, or one that is none; set"),
    ],
)
def test_a_wrong_variable_of_awss_is_named(
    here: Path, variables: dict[str, str], told: str
) -> None:
    (line,) = said_in_words(run_here("cases", cwd=here, **{**ACCOUNT, **variables}))

    assert told in line


@pytest.fixture(scope="module")
def empty_account() -> Iterator[dict[str, str]]:
    """An account as a deployment leaves it: the buckets, and nothing in them."""
    with moto_endpoint() as endpoint:
        client = boto3.Session("x", "y", region_name="us-east-1").client(
            "s3", endpoint_url=endpoint
        )
        for bucket in BUCKETS.values():
            client.create_bucket(Bucket=bucket)
        yield {**ACCOUNT, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": endpoint}


@pytest.mark.parametrize("command", [c for c in COMMANDS if "4f7a" not in c])
def test_an_account_without_configuration_says_how_to_make_one(
    here: Path, empty_account: dict[str, str], command: str
) -> None:
    lines = said_in_words(run_here(*command.split(), cwd=here, **empty_account))

    assert lines[0] == "feedmirror: config/mirror.toml is missing"
    assert "feedmirror init writes a first one" in lines[1]


def test_an_account_whose_configuration_names_no_feed_is_no_silent_success(
    here: Path, empty_account: dict[str, str]
) -> None:
    session = boto3.Session("x", "y", region_name="us-east-1")
    client = session.client("s3", endpoint_url=empty_account["AWS_ENDPOINT_URL"])
    names = {name: f"feedless-{bucket}" for name, bucket in BUCKETS.items()}
    for bucket in names.values():
        client.create_bucket(Bucket=bucket)
    archive = names["FEEDMIRROR_ARCHIVE_BUCKET"]
    client.put_object(Bucket=archive, Key="config/mirror.toml", Body=TOML.encode())

    done = run_here("mirror", cwd=here, **{**empty_account, **names})

    assert done.status == 1
    assert done.err == (
        "feedmirror: there is no feed in config/mirror.toml; add a [[feed]] table with its url\n"
    )


# On one's own machine.


@pytest.mark.parametrize("command", LOCAL)
def test_a_folder_without_a_mirror_is_told_with_what_makes_one(here: Path, command: str) -> None:
    (line,) = said_in_words(run_here(*command.split(), "--local", "none", cwd=here))

    assert line.startswith("feedmirror: there is no mirror in none; feedmirror mirror --local none")
    assert not (here / "none").exists()


@pytest.mark.parametrize("command", [*LOCAL, "mirror --feed https://news.example/"])
def test_a_store_that_is_none_is_named_and_left_alone(here: Path, command: str) -> None:
    (here / "m").mkdir()
    (here / "m/store.sqlite").write_bytes(b"no database" * 999)

    (line,) = said_in_words(run_here(*command.split(), "--local", "m", cwd=here))

    assert line.startswith("feedmirror: m/store.sqlite: it is not a database; move it away")
    assert (here / "m/store.sqlite").read_bytes() == b"no database" * 999


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("mirror --local new", "there is no mirror in new yet; name feeds with --feed or --feeds"),
        ("mirror --local file/below --feed https://a.example/", "file/below"),
        ("mirror --local store --feed https://a.example/", "cannot be opened and written"),
        ("demo --local file/below", "file/below/demo is no folder, or lies below a file"),
        (
            "mirror --local x --feeds nofeeds.toml",
            "there is no feed in nofeeds.toml; add a [[feed]]",
        ),
        ("mirror --local x --feeds latin.toml", "latin.toml:2: name = "),
        ("mirror --local x --feeds wrong.toml", 'wrong.toml:2: name = "M: this is not TOML'),
        ("mirror --local x --feeds empty.toml", "empty.toml:1: [mirror] is missing: expected"),
        ("mirror --local x --feeds letter.eml", "letter.eml: this is no XML; expected a list"),
        ("cost page.opml", "page.opml: this is an HTML page; expected a list of feeds as OPML"),
        ("cost feed.opml", "mirror it by its address with --feed"),
        ("cost empty.opml", "empty.opml: there is no feed in it; expected"),
        ("takedown nothing.eml", "nothing.eml is empty"),
        ("takedown large.eml", "large.eml is larger than 40 MB, which no mail is"),
        ("takedown -", "standard input is empty"),
    ],
)
def test_a_file_or_folder_that_is_wrong_is_named_with_what_would_be_right(
    here: Path, command: str, told: str
) -> None:
    (here / "file").write_text("")
    (here / "store/store.sqlite").mkdir(parents=True)
    (here / "nofeeds.toml").write_text(TOML)
    (here / "latin.toml").write_bytes(TOML.replace('"M"', '"Café"').encode("latin-1"))
    (here / "wrong.toml").write_text(TOML.replace('"M"', '"M'))
    (here / "empty.toml").write_text("")
    (here / "page.opml").write_text("<!doctype html><title>x</title>")
    (here / "feed.opml").write_text(rss(entry(1)))
    (here / "empty.opml").write_text("<opml version='2.0'><body/></opml>")
    (here / "nothing.eml").write_text("")
    with (here / "large.eml").open("wb") as large:
        large.truncate(50 * 2**20)
    before = sorted(here.glob("**"))

    done = run_here(*command.split(), cwd=here)

    lines = said_in_words(done)
    assert done.status == 1
    assert told in lines[0]
    assert sorted(here.glob("**")) == before


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror whose ledger has cases, one of which cannot be read."""
    folder = tmp_path_factory.mktemp("filled")
    with Publisher({"/feed": Answer(body=rss(entry(1)).encode())}, address="127.0.0.1") as site:
        loopback = {"FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8"}
        run_here("mirror", "--local", "m", "--feed", site.url("/feed"), cwd=folder, **loopback)
    with sqlite3.connect(folder / "m/store.sqlite") as connection:
        for case in ("aaaabbbbccccdddd", "aaaabbbbccccddde"):
            connection.execute(
                "INSERT INTO objects (bucket, key, etag, content_type, metadata, body)"
                " VALUES ('ledger', ?, 'x', 'application/json', '{}', ?)",
                (f"cases/{case}.json", b'{"schema": 7}'),
            )
    return folder / "m"


@pytest.fixture
def mirrored(here: Path, filled: Path) -> Path:
    """A folder with that mirror in m."""
    shutil.copytree(filled, here / "m")
    return here


def test_a_mail_without_a_sender_is_none_and_not_taken_in(mirrored: Path) -> None:
    (mirrored / "binary.eml").write_bytes(bytes(range(256)) * 4)

    (line,) = said_in_words(run_here("takedown", "binary.eml", "--local", "m", cwd=mirrored))

    assert "binary.eml has no From header: save the whole mail" in line


@pytest.mark.parametrize("command", ["case", "approve", "refuse", "restore"])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("zzzz", "there is no case 'zzzz'; feedmirror cases --all --local m lists them"),
        ("../x", "'../x' is no case: ids are letters and digits, as 4f7a…"),
        ("aaaa", "'aaaa' could be aaaabbbbccccdddd, aaaabbbbccccddde"),
        (
            "aaaabbbbccccdddd",
            "cases/aaaabbbbccccdddd.json: a case of schema 7, and this feedmirror",
        ),
    ],
)
def test_a_case_that_is_none_or_several_or_damaged_is_told(
    mirrored: Path, command: str, name: str, told: str
) -> None:
    (line,) = said_in_words(run_here(command, name, "--local", "m", cwd=mirrored))

    assert told in line


def test_cases_that_cannot_be_read_hide_none_of_the_others(mirrored: Path) -> None:
    taken = run_here("takedown", "letter.eml", "--json", "--local", "m", cwd=mirrored)

    done = run_here("cases", "--all", "--json", "--local", "m", cwd=mirrored)

    assert done.status == 1
    assert '"case": "' in taken.out
    assert taken.out.split('"case": "')[1][:16] in done.out
    assert len(done.err.splitlines()) == 2


def test_what_is_interrupted_says_so_by_its_status(here: Path) -> None:
    slow = {"/feed": Answer(body=b"x", pause=3)}
    with Publisher(slow, address="127.0.0.1") as site:
        command = [COMMAND, "mirror", "--local", "m", "--feed", site.url("/feed")]
        with subprocess.Popen(  # noqa: S603 -- our own command
            command,
            cwd=here,
            env=environment(here, FEEDMIRROR_ALLOWED_NETWORKS="127.0.0.0/8"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            while not site.seen:
                assert running.poll() is None
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=30)

    assert (running.returncode, out) == (130, "")
    assert err.strip() == "feedmirror: interrupted; the same command again goes on from there"


def test_a_question_that_is_interrupted_says_that_nothing_was_changed(here: Path) -> None:
    with at_terminal("init", cwd=here) as (asked, _):
        assert asked.stdout is not None
        question = asked.stdout.read(len("What is the mirror called?"))
        interrupt(asked)
        _, err = asked.communicate(timeout=30)

    assert question == "What is the mirror called?"
    assert asked.returncode == 130
    assert err.strip() == "feedmirror: interrupted; nothing was changed"
    assert not (here / "mirror.toml").exists()


def interrupt(asked: subprocess.Popen[str]) -> None:
    """Interrupt a command until it ends: a signal just before it begins to read wakes nothing."""
    for _ in range(20):
        asked.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            asked.wait(timeout=2)
            return


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_a_full_disk_behind_the_output_is_told_once(here: Path, option: list[str]) -> None:
    (here / "f.toml").write_text(TOML)
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(  # noqa: S603 -- our own command
            [COMMAND, "cost", "f.toml", *option],
            cwd=here,
            env=environment(here),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (
        1,
        "feedmirror: the output cannot be written: the disk is full\n",
    )


def test_a_disk_that_fills_up_is_told_and_the_next_run_has_room(here: Path) -> None:
    document = rss(*(entry(number) for number in range(8))).encode()
    with Publisher({"/feed": Answer(body=document)}, address="127.0.0.1") as site:
        command = [COMMAND, "mirror", "--local", "m", "--feed", site.url("/feed"), "--json"]
        loopback = environment(here, FEEDMIRROR_ALLOWED_NETWORKS="127.0.0.0/8")

        def typed(limit: str) -> subprocess.CompletedProcess[str]:
            # Blocks of 512 bytes: no file may grow beyond, which is what a full disk looks like.
            shell = ["sh", "-c", f'ulimit -f {limit}; exec "$@"', "sh", *command]
            return subprocess.run(  # noqa: S603 -- our own command
                shell, cwd=here, env=loopback, capture_output=True, text=True, check=False
            )

        full, roomy = typed("200"), typed("unlimited")

    assert (full.returncode, full.stdout) == (1, "")
    assert full.stderr == (
        "feedmirror: m/store.sqlite: the disk is full, or fails; make room, and run the command"
        " again\n"
    )
    assert (roomy.returncode, json.loads(roomy.stdout)["created"]) == (0, 8)


def test_what_was_not_understood_is_told_with_the_usage(here: Path) -> None:
    done = run_quickly("case", cwd=here)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: feedmirror case [OPTIONS] CASE\n")
    assert done.stderr.endswith("Error: Missing argument 'CASE'.\n")
