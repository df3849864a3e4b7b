"""The operator's commands of takedowns as they are typed, over the store that the demo leaves."""

import hashlib
import itertools
import json
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from feedmirror.adapters.isolation.mail_reader import mail_child
from feedmirror.wiring import takedown
from moto_endpoint import moto_endpoint
from typed import run_here, run_on_terminal
from typed import run_quickly as run

ANSWER = "  | Subject: Your request to Demo Mirror"
NIGHT_BUSES = "https://news.example/2026/11/night-buses-december/"
MAIL = f"""\
From: Tomas Achterberg <tomas@news.example>
To: takedown@mirror.example
Subject: My text
Date: Sun, 22 Nov 2026 10:00:00 +0000
Message-ID: <1@news.example>

Please remove {NIGHT_BUSES} from your site.
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The demo, done once: the folder that it leaves, and what it said."""
    folder = tmp_path_factory.mktemp("demo")
    done = run("demo", "--local", str(folder), cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return folder, done.stdout


@pytest.fixture
def desk(tmp_path: Path, told: tuple[Path, str]) -> Path:
    """A folder with a mirror of one's own in .feedmirror, and a mail beside it."""
    shutil.copytree(told[0] / "demo", tmp_path / ".feedmirror")
    (tmp_path / "letter.eml").write_text(MAIL)
    return tmp_path


def stored(desk: Path) -> list[tuple[Any, ...]]:
    """Return every object of the store, whatever bucket it is in."""
    with sqlite3.connect(desk / ".feedmirror/store.sqlite") as connection:
        found = connection.execute("SELECT bucket, key, etag FROM objects ORDER BY bucket, key")
        return found.fetchall()


def waiting(desk: Path, *options: str) -> dict[str, str]:
    """Return the cases that the command lists, with their states, in its order."""
    done = run_here("cases", "--json", *options, "--local", cwd=desk)
    assert (done.status, done.err) == (0, "")
    return {case["case"]: case["state"] for case in json.loads(done.out)["cases"]}


def page_status(desk: Path, address: str) -> str:
    """Return the status that a page of the mirror is served with."""
    key = f"{address.removeprefix('https://mirror.example/')}index.html"
    with sqlite3.connect(desk / ".feedmirror/store.sqlite") as connection:
        query = "SELECT metadata FROM objects WHERE bucket = 'site' AND key = ?"
        ((metadata,),) = connection.execute(query, (key,)).fetchall()
    return str(json.loads(metadata).get("status", "200"))


def page_in(output: str) -> str:
    """Return the first address of a page of the mirror in some output."""
    found = next(part for part in output.split() if part.startswith("https://mirror.example/"))
    return str(found)


@pytest.fixture
def account(desk: Path) -> Iterator[dict[str, str]]:
    """The same mirror in an account's buckets, and the environment that names them."""
    credentials = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with moto_endpoint() as endpoint:
        session = boto3.Session("testing", "testing", region_name="us-east-1")
        client = session.client("s3", endpoint_url=endpoint)
        buckets = {name: f"commands-{name}" for name in ("archive", "site", "ledger", "mail")}
        for bucket in buckets.values():
            client.create_bucket(Bucket=bucket)
        with sqlite3.connect(desk / ".feedmirror/store.sqlite") as connection:
            query = "SELECT bucket, key, content_type, metadata, body FROM objects"
            for name, key, content_type, metadata, body in connection.execute(query):
                client.put_object(
                    Bucket=buckets[name],
                    Key=key,
                    ContentType=content_type,
                    Metadata=json.loads(metadata),
                    Body=body,
                )
        sender = session.client("sesv2", endpoint_url=endpoint)
        sender.create_email_identity(EmailIdentity="takedown@mirror.example")
        variables = {
            f"FEEDMIRROR_{name.upper()}_BUCKET": bucket for name, bucket in buckets.items()
        }
        yield {**credentials, **variables, "AWS_ENDPOINT_URL": endpoint}


def test_on_an_account_the_commands_do_the_same(desk: Path, account: dict[str, str]) -> None:
    def told(*arguments: str) -> str:
        done = run(*arguments, cwd=desk, **account)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    masked = told("cases").splitlines()[1].split()[0]
    assert "left to a person" in told("takedown", "letter.eml", "--dry-run")
    assert len(told("cases").splitlines()) == 2
    taken = told("takedown", "letter.eml")
    case = next(line.split()[1] for line in taken.splitlines() if line.startswith("case "))
    assert "note to the operator" in taken
    assert f"  feedmirror approve {case}\n    removes 1 item of news.example for good\n" in taken
    assert "Approved: 1 item taken down" in told("approve", case[:8], "--yes")
    assert "Refused: 1 item shown again" in told("refuse", masked, "--yes")
    suppressed = told("suppress", "essays.example", "--ground", "publisher", "--yes")
    assert "4 items taken down" in suppressed
    assert told("cases") == "Nothing waits.\n"
    assert "0 findings." in told("audit")


def test_the_demo_tells_the_whole_story(told: tuple[Path, str]) -> None:
    said = told[1]
    beats = [
        "First run: 4 feeds polled, 0 unchanged, 18 items stored, 0 failed.",
        "Second run: 4 feeds polled, 4 unchanged, 0 items stored, 0 failed.",
        "  200 The swing bridge turns again on Saturday",
        "  | From: Mara Lindqvist <mara@news.example>",
        "row 21 of the table: items of the sender's host",
        "1 item of news.example: removed, now and in the future",
        "The page now: 410",
        ANSWER,
        "  | 1 page has been removed from Demo Mirror.",
        "Third run: 4 feeds polled, 3 unchanged, 0 items stored, 0 failed.",
        "1 item kept out by its rule. The page still: 410",
        "  | From: Pat Doe <pat@elsewhere.example>",
        "row 24 of the table: a little, by a stranger",
        "  studio@radio.example",
        "0 findings.",
    ]

    places = [said.find(beat) for beat in beats]

    assert -1 not in places, beats[places.index(-1)]
    assert places == sorted(places)


def test_what_the_demo_took_down_is_in_no_file_of_its_site(told: tuple[Path, str]) -> None:
    site = told[0] / "demo/site"

    files = [path for path in site.glob("**/*") if path.is_file()]

    assert any(b"night buses" in path.read_bytes().lower() for path in files)
    assert not any(b"swing bridge" in path.read_bytes().lower() for path in files)


def test_the_case_that_the_demo_leaves_waits_and_can_be_pasted(told: tuple[Path, str]) -> None:
    folder, said = told
    line = next(line for line in said.splitlines() if line.startswith("  feedmirror case "))

    done = run(*line.split()[1:], cwd=folder)

    assert (done.returncode, done.stderr) == (0, "")
    assert "out of sight until" in done.stdout
    assert "feedmirror approve" in done.stdout


def test_a_rehearsal_says_what_would_be_done_and_changes_nothing(desk: Path) -> None:
    before = stored(desk)

    done = run("takedown", "letter.eml", "--dry-run", "--local", cwd=desk)

    assert (done.returncode, done.stderr) == (0, "")
    for said in (
        "removal",
        NIGHT_BUSES,
        "there is no receipt from SES",
        "row 27  unproved, and no contact is known",
        "1 item of news.example: left to a person",
        "To: ops@mirror.example",
    ):
        assert said in done.stdout
    assert stored(desk) == before


def test_a_mail_that_breaks_its_reader_is_taken_in_and_shown_as_what_it_is(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = mail_child("breakable_mails")  # knows nothing of this mail, so it fails
    monkeypatch.setattr(takedown, "_mail_child", lambda: child)
    before = stored(desk)
    rehearsed = run("takedown", "letter.eml", "--dry-run", "--local", cwd=desk)

    assert rehearsed.returncode == 1
    assert "the mail cannot be read: KeyError" in rehearsed.stderr
    assert stored(desk) == before

    taken = run("takedown", "letter.eml", "--local", cwd=desk)
    case = next(line.split()[1] for line in taken.stdout.splitlines() if line.startswith("case "))
    shown = run("case", case, "--local", cwd=desk)
    child.close()

    assert (taken.returncode, shown.returncode) == (0, 0)
    assert "it could not be read: KeyError" in shown.stdout
    assert "cannot be shown, since it cannot be read: KeyError" in shown.stdout


def test_a_mail_that_is_too_large_says_what_of_it_is(desk: Path) -> None:
    nested = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(60)
    )
    (desk / "nested.eml").write_text(f"From: ann@a.example\n{nested}\nRemove it.\n")

    rehearsed = run("takedown", "nested.eml", "--dry-run", "--local", cwd=desk)
    before = waiting(desk)
    run("takedown", "nested.eml", "--local", cwd=desk)
    shown = run("case", *(waiting(desk).keys() - before), "--local", cwd=desk)

    for said in (rehearsed.stdout, shown.stdout):
        assert "row 6" in said
        assert "too large" in said
        assert "its depth" in said


def test_a_rehearsal_of_a_vouched_mail_says_what_would_be_removed(desk: Path) -> None:
    before = stored(desk)

    done = run(
        "takedown", "-", "--dry-run", "--proven-as", "tomas@news.example", "--local",
        cwd=desk, typed=MAIL,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert "row 21  items of the sender's host" in done.stdout
    assert "1 item of news.example: removed, now and in the future" in done.stdout
    assert stored(desk) == before


def test_nothing_in_a_mail_steers_the_terminal(desk: Path) -> None:
    text = MAIL.replace("My text", "\x1b[31mred\u202e :boom: [bold]x[/nonsense]")
    (desk / "letter.eml").write_text(text + "\x1b[2J\x07 [/nonsense] :boom:\n")
    taken = run("takedown", "letter.eml", "--local", cwd=desk)
    case = next(line.split()[1] for line in taken.stdout.splitlines() if line.startswith("case "))

    shown = run("case", case, "--local", cwd=desk)

    assert (shown.returncode, shown.stderr) == (0, "")
    assert not {"\x1b", "\x07", "\u202e"} & set(shown.stdout)
    assert "[/nonsense] :boom:" in shown.stdout


def test_a_vouched_mail_is_done_and_the_case_names_nobody(desk: Path) -> None:
    done = run("takedown", "letter.eml", "--proven-as", "tomas@news.example", "--local", cwd=desk)

    assert (done.returncode, done.stderr) == (0, "")
    page = page_in(done.stdout)
    assert page_status(desk, page) == "410"
    case = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("case "))
    told = run("case", case, "--json", "--local", cwd=desk).stdout
    decided = next(e for e in json.loads(told)["events"] if e["event"] == "decided")
    assert decided["vouched"] is True
    assert "tomas" not in told
    exported = desk / ".feedmirror/site" / page.removeprefix("https://mirror.example/")
    assert "Night buses" not in (exported / "index.html").read_text()


def test_the_same_file_twice_is_the_same_case(desk: Path) -> None:
    first = run("takedown", "letter.eml", "--local", cwd=desk)
    known = waiting(desk, "--all")

    second = run("takedown", "letter.eml", "--local", cwd=desk)
    vouched = run(
        "takedown", "letter.eml", "--proven-as", "tomas@news.example", "--local", cwd=desk
    )

    assert (first.returncode, second.returncode, second.stderr) == (0, 0, "")
    assert "taken in before" in second.stdout
    assert waiting(desk, "--all") == known
    assert vouched.returncode == 1
    assert "feedmirror approve" in vouched.stderr


def test_a_case_is_approved_restored_and_no_more(desk: Path) -> None:
    page = page_in(run("takedown", "letter.eml", "--local", cwd=desk).stdout)
    (case,) = (name for name, state in waiting(desk).items() if state == "waiting")
    assert page_status(desk, page) == "200"

    before = stored(desk)
    unsaid = run_on_terminal("approve", case, "--local", cwd=desk, typed="n\n")
    assert unsaid.returncode == 1
    assert "1 item of news.example: left to a person" in unsaid.stderr
    assert unsaid.stderr.endswith("feedmirror: nothing was changed\n")
    assert stored(desk) == before
    approved = run_on_terminal("approve", case[:6], "--local", cwd=desk, typed="y\n")
    done = f"Approved: 1 item taken down. The case {case} now: removed for good.\n"
    assert done in approved.stdout
    assert page_status(desk, page) == "410"
    again = run("approve", case, "--yes", "--local", cwd=desk)
    assert again.returncode == 1
    assert "removed for good: there is nothing to approve" in again.stderr
    assert f"feedmirror restore {case} --local .feedmirror" in again.stderr
    assert next_commands(approved.stdout) == {
        f"feedmirror restore {case} --local .feedmirror": "puts 1 item of news.example back"
    }
    restored = run("restore", case, "--yes", "--local", cwd=desk)
    told = f"Restored: 1 item shown again. The case {case} now: put back (restored).\n"
    assert told in restored.stdout
    assert page_status(desk, page) == "200"
    shown = run("case", case, "--local", cwd=desk).stdout
    assert "  1 item of news.example: put back\n" in shown
    assert "removed, now and in the future" not in shown
    assert next_commands(shown) == {}


def test_a_masked_case_is_refused_and_its_page_is_shown_again(desk: Path) -> None:
    (case,) = (name for name, state in waiting(desk).items() if state == "masked")
    page = page_in(run_here("case", case, "--local", cwd=desk).out)
    assert page_status(desk, page) == "410"

    done = run_here("refuse", case, "--yes", "--local", cwd=desk)

    assert f"Refused: 1 item shown again. The case {case} now: refused.\n" in done.out
    assert page_status(desk, page) == "200"
    assert waiting(desk) == {}
    # What it kept out of sight is back: there is nothing that could be restored.
    assert list(next_commands(done.out)) == [f"feedmirror approve {case} --local .feedmirror"]
    again = run_here("restore", case, "--yes", "--local", cwd=desk)
    assert again.status == 1
    assert "refused: there is nothing to restore; possible: feedmirror approve" in again.err
    assert "1 item of radio.example: put back\n" in run_here("case", case, "--local", cwd=desk).out


@pytest.mark.parametrize(("command", "event"), [("approve", "approved"), ("refuse", "refused")])
def test_what_was_interrupted_goes_on_by_the_same_command(
    desk: Path, command: str, event: str
) -> None:
    (case,) = (name for name, state in waiting(desk).items() if state == "masked")
    whole = run_here(command, case, "--yes", "--json", "--local", cwd=desk)
    with sqlite3.connect(desk / ".feedmirror/store.sqlite") as connection:
        key = f"cases/{case}.json"
        ((body,),) = connection.execute("SELECT body FROM objects WHERE key = ?", (key,)).fetchall()
        stored_case = json.loads(body)
        names = [each["event"] for each in stored_case["events"]]
        stored_case["events"] = stored_case["events"][: names.index(event) + 1]  # died behind it
        cut = json.dumps(stored_case).encode()
        etag = f'"{hashlib.md5(cut, usedforsecurity=False).hexdigest()}"'
        connection.execute("UPDATE objects SET body = ?, etag = ? WHERE key = ?", (cut, etag, key))
    shown = run_here("case", case, "--local", cwd=desk)
    assert list(next_commands(shown.out)) == [f"feedmirror {command} {case} --local .feedmirror"]

    again = run_here(command, case, "--yes", "--json", "--local", cwd=desk)

    assert (again.status, again.err) == (0, "")
    first, second = json.loads(whole.out), json.loads(again.out)
    assert first["state"] == second["state"] != "received"
    assert first["written"] == second["written"]


@pytest.mark.parametrize("command", ["approve", "refuse"])
def test_where_nobody_can_be_asked_it_is_said_in_one_line(desk: Path, command: str) -> None:
    (case,) = (name for name, state in waiting(desk).items() if state == "masked")
    before = stored(desk)

    done = run(command, case, "--local", cwd=desk, typed="y\n")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "feedmirror: there is no terminal to ask on; --yes does it without a question\n"
    )
    assert stored(desk) == before


def test_states_have_the_same_words_wherever_they_are_told(desk: Path) -> None:
    (case,) = (name for name, state in waiting(desk).items() if state == "masked")

    listed = run_here("cases", "--local", cwd=desk).out
    shown = run_here("case", case, "--local", cwd=desk).out
    as_json = json.loads(run_here("case", case, "--json", "--local", cwd=desk).out)

    for said in (listed, shown):
        assert "out of sight for now (masked)" in said
    assert (as_json["state"], as_json["state_words"]) == (
        "masked",
        "out of sight for now (masked)",
    )


def test_programs_read_what_came_of_a_command(desk: Path) -> None:
    def told(*arguments: str) -> dict[str, Any]:
        done = run_here(*arguments, "--json", "--local", cwd=desk)
        assert (done.status, done.err) == (0, "")
        found: dict[str, Any] = json.loads(done.out)
        return found

    rehearsed = told("takedown", "letter.eml", "--dry-run")
    taken = told("takedown", "letter.eml")
    case = taken["case"]
    approved = told("approve", case, "--yes")
    restored = told("restore", case, "--yes")
    (masked,) = (name for name, state in waiting(desk).items() if state == "masked")
    refused = told("refuse", masked, "--yes")
    suppressed = told("suppress", "essays.example", "--ground", "publisher", "--yes")

    assert [mail["to"] for mail in rehearsed["mails"]] == ["ops@mirror.example"]
    assert (taken["state"], taken["written"]) == ("waiting", ["note to the operator"])
    assert taken["next"][0]["command"] == f"feedmirror approve {case} --local .feedmirror"
    assert (approved["state"], approved["taken_down"]) == ("removed", 1)
    assert (restored["state"], restored["shown_again"]) == ("restored", 1)
    assert (refused["state"], refused["shown_again"]) == ("refused", 1)
    assert (suppressed["state"], suppressed["taken_down"]) == ("removed", 4)


def next_commands(said: str) -> dict[str, str]:
    """Return the commands that some output ends with, and what each is said to do."""
    lines = said.splitlines()
    pairs = itertools.pairwise(lines)
    return {
        one.strip(): two.strip()
        for one, two in pairs
        if one.startswith("  feedmirror ") and two.startswith("    ")
    }


def test_the_mails_that_were_written_can_be_read(desk: Path) -> None:
    done = run_here(
        "takedown", "letter.eml", "--proven-as", "tomas@news.example", "--local", cwd=desk
    )

    kept = "Kept on this machine, and sent to nobody:\n  feedmirror outbox "
    listed = json.loads(run_here("outbox", "--json", "--local", cwd=desk).out)["mails"]
    (answer,) = (mail for mail in listed if mail["to"] == "tomas@news.example")
    assert f"{kept}{answer['mail']} --local .feedmirror\n" in done.out
    shown = run_here("outbox", answer["mail"], "--local", cwd=desk)
    assert "Subject: Your request to Demo Mirror" in shown.out
    assert "1 page has been removed from Demo Mirror." in shown.out
    whole = json.loads(run_here("outbox", answer["mail"], "--json", "--local", cwd=desk).out)
    assert "\n" in whole["text"]
    assert "\r" not in whole["text"]
    assert run_here("outbox", "x", "--local", cwd=desk).status == 1
    assert run_here("outbox", cwd=desk).status == 2


def test_the_commands_in_the_operators_mail_can_be_typed_as_they_stand(desk: Path) -> None:
    run_here("takedown", "letter.eml", "--local", cwd=desk)  # nothing is proved: a person is asked

    listed = json.loads(run_here("outbox", "--json", "--local", cwd=desk).out)["mails"]
    (note,) = (mail for mail in listed if "needs a decision" in mail["subject"])
    text = run_here("outbox", note["mail"], "--local", cwd=desk).out
    (typed,) = re.findall(r"feedmirror (approve \S+ --local .*?) +# do what is asked", text)
    assert run_here(*shlex.split(typed), "--yes", cwd=desk).out.startswith("Approved: 1 ")


def test_whoever_is_in_from_is_not_answered_on_anothers_account(desk: Path) -> None:
    mail = MAIL.replace("tomas@news.example", "mallory@elsewhere.example")
    before = json.loads(run("outbox", "--json", "--local", cwd=desk).stdout)["mails"]

    done = run(
        "takedown", "-", "--proven-as", "tomas@news.example", "--local", cwd=desk, typed=mail
    )

    assert "1 item of news.example: removed, now and in the future" in done.stdout
    assert json.loads(run("outbox", "--json", "--local", cwd=desk).stdout)["mails"] == before


def test_a_case_is_shown_with_its_mail_its_proof_and_its_events(desk: Path) -> None:
    (case,) = waiting(desk)

    said = run_here("case", case, "--local", cwd=desk).out

    for part in (
        "the sender's domain is proved by DMARC",
        "  | From: Pat Doe <pat@elsewhere.example>",
        "address https://radio.example/episodes/31",
        "1 item of radio.example: out of sight until",
        "decided: row 24: a little, by a stranger",
        "written: mail to the address that the feed states",
        f"feedmirror refuse {case} --local .feedmirror",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("arguments", "status", "counted"),
    [
        (["https://workshop.example/notes/radio-from-a-tin", "--ground", "legal"], "451", 1),
        (["essays.example", "--ground", "publisher", "--yes"], "410", 4),
        (["news.example", "--author", "Efua Brandt", "--ground", "privacy", "--yes"], "410", 1),
        (["https://news.example/2026/10/", "--path", "--ground", "publisher", "--yes"], "410", 2),
        (["radio.example", "--feed", "--ground", "publisher", "--yes"], "410", 4),
        (["https://workshop.example/never", "--ground", "publisher", "--yes"], "410", 0),
    ],
    ids=["item", "host", "author", "path", "feed", "unheld"],
)
def test_what_is_suppressed_by_hand_is_gone_and_recorded(
    desk: Path, arguments: list[str], status: str, counted: int
) -> None:
    gone = _gone(desk)

    done = run_here("suppress", *arguments, "--note", "by phone", "--local", cwd=desk)

    assert (done.status, done.err) == (0, "")
    fresh = {key: found for key, found in _gone(desk).items() if key not in gone}
    # One of radio.example's four was out of sight before.
    expected = counted - (arguments[0] == "radio.example")
    assert (len(fresh), set(fresh.values()) - {status}) == (expected, set())
    case = next(line.split()[1] for line in done.out.splitlines() if line.startswith("case "))
    assert waiting(desk, "--all")[case] == "removed"
    assert "by hand: by phone" in run_here("case", case, "--local", cwd=desk).out


def _gone(desk: Path) -> dict[str, str]:
    """Return the pages that are gone, with their status."""
    with sqlite3.connect(desk / ".feedmirror/store.sqlite") as connection:
        query = "SELECT key, metadata FROM objects WHERE bucket = 'site'"
        found = {key: json.loads(metadata) for key, metadata in connection.execute(query)}
    return {key: metadata["status"] for key, metadata in found.items() if "status" in metadata}


def test_a_whole_host_is_asked_about_once(desk: Path) -> None:
    done = run("suppress", "essays.example", "--ground", "publisher", "--local", cwd=desk)

    assert done.returncode == 2
    asked = run_on_terminal(
        "suppress", "essays.example", "--ground", "publisher", "--local", cwd=desk, typed="n\n"
    )
    assert asked.returncode == 1
    assert "all of essays.example, now and in the future (4 items are held)?" in asked.stderr
    assert len(_gone(desk)) == 2  # the demo's own


def test_an_audit_finds_what_was_put_back_behind_the_rules(desk: Path) -> None:
    clean = run("audit", "--local", cwd=desk)
    assert (clean.returncode, clean.stderr) == (0, "")
    assert "0 findings." in clean.stdout
    with sqlite3.connect(desk / ".feedmirror/store.sqlite") as connection:
        key = next(key for key, status in _gone(desk).items() if "news.example" in key)
        connection.execute(
            "UPDATE objects SET metadata = '{}', body = ? WHERE bucket = 'site' AND key = ?",
            (b"<!doctype html><title>The swing bridge</title>", key),
        )

    found = run("audit", "--local", cwd=desk)
    as_json = run("audit", "--json", "--local", cwd=desk)

    assert (found.returncode, as_json.returncode) == (1, 1)
    assert key in found.stdout
    findings = json.loads(as_json.stdout)["findings"]
    assert findings
    assert all(key in finding["key"] for finding in findings)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["takedown", "none.eml"], 2, "'none.eml' does not exist"),
        (["takedown", "empty.eml"], 1, "empty.eml is empty"),
        (["takedown", "notes.txt"], 1, "no From header"),
        (["takedown", "letter.eml", "--proven-as", "tomas"], 2, "'tomas' is no mail address"),
        (["case", "zzzz"], 1, "there is no case 'zzzz'; feedmirror cases --all --local"),
        (["case", "../x"], 1, "'../x' is no case"),
        (["approve", "zzzz", "--yes"], 1, "there is no case"),
        (["suppress", "news.example"], 2, "--ground"),
        (["suppress", "a b", "--ground", "legal"], 2, "neither an address nor a host"),
        (["suppress", "com", "--ground", "legal"], 1, "com is no site"),
        (["suppress", "a.example", "--ground", "upstream"], 2, "upstream"),
        (["suppress", "a.example", "--path", "--ground", "legal"], 2, "--path"),
        (["suppress", "a.example", "--path", "--feed", "--ground", "legal"], 2, "exclude"),
        (["suppress", "https://mirror.example/removed/", "--ground", "legal"], 1, "no item"),
    ],
)
def test_what_is_wrong_is_said_in_words_and_changes_nothing(
    desk: Path, arguments: list[str], status: int, said: str
) -> None:
    (desk / "empty.eml").write_text("\n")
    (desk / "notes.txt").write_text("call Ann back\n")
    before = stored(desk)

    done = run_here(*arguments, "--local", cwd=desk)

    assert done.status == status
    assert said in done.err
    assert "Traceback" not in done.err
    assert stored(desk) == before


@pytest.mark.parametrize("command", ["audit", "suppress a.example --ground legal"])
def test_a_folder_without_a_mirror_is_named_and_left_alone(tmp_path: Path, command: str) -> None:
    done = run(*command.split(), "--local", "here", cwd=tmp_path)

    assert done.returncode == 1
    assert "there is no mirror in here; feedmirror mirror --local here" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_settings_the_variables_are_named(tmp_path: Path) -> None:
    done = run("cases", cwd=tmp_path)

    assert done.returncode == 1
    assert "FEEDMIRROR_ARCHIVE_BUCKET is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_who_has_seen_enough_is_no_error(desk: Path) -> None:
    command = Path(sys.executable).parent / "feedmirror"

    done = subprocess.run(  # noqa: S602 -- a fixed command
        f"{command} case $({command} cases --json --local | grep -o '[a-z2-7]\\{{16\\}}') --local"
        " | head -1",
        shell=True,
        cwd=desk,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.stdout.startswith("case ")
    assert done.stderr == ""
