"""The commands of an operator's day as they are typed, on this machine and on an account."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import matplotlib as mpl
import pytest

from builders import a_mirror
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.configuration_file import write_configuration
from loopback import Answer, Publisher
from moto_endpoint import moto_endpoint
from typed import at_terminal, run_on_terminal, run_quickly
from world import entry, rss

DOCUMENTS = {
    "/feed": Answer(body=rss(entry(1), entry(2)).encode()),
    "/page": Answer(body=b"<!doctype html><title>Log in</title><p>x"),
}


@pytest.fixture(scope="module")
def publisher() -> Iterator[Publisher]:
    with Publisher(DOCUMENTS, address="127.0.0.1") as served:
        yield served


def run(*arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command; it may ask publishers on loopback."""
    return run_quickly(
        *arguments, cwd=cwd, **{"FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8", **more}
    )


def test_a_mirror_stands_still_between_pause_and_resume(
    tmp_path: Path, publisher: Publisher
) -> None:
    mirror = ("mirror", "--local", "--feed", publisher.url("/feed"))
    assert run(*mirror, cwd=tmp_path).returncode == 0
    asked = len(publisher.seen)

    paused = run("pause", "--note", "a publisher called", "--local", cwd=tmp_path)
    again = run("pause", "--local", cwd=tmp_path)
    stopped = run(*mirror, "--json", cwd=tmp_path)

    assert (paused.returncode, paused.stderr) == (0, "")
    assert paused.stdout.startswith("Paused. feedmirror resume --local .feedmirror ends it.")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith("It is paused already, since 20")
    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert stopped.stderr.startswith("feedmirror: the mirror is paused since 20")
    assert "(a publisher called); feedmirror resume --local .feedmirror ends it" in stopped.stderr
    assert len(publisher.seen) == asked

    resumed = run("resume", "--local", cwd=tmp_path)
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert "(a publisher called)" in resumed.stdout
    report = run(*mirror, "--json", cwd=tmp_path)
    assert (report.returncode, json.loads(report.stdout)["polled"]) == (0, 1)


def test_where_there_is_no_mirror_there_is_nothing_to_pause(tmp_path: Path) -> None:
    done = run("pause", "--local", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no mirror in .feedmirror" in done.stderr


def test_the_status_says_first_whether_all_is_well(tmp_path: Path, publisher: Publisher) -> None:
    good = publisher.url("/feed")
    run("mirror", "--local", "--feed", good, cwd=tmp_path)

    done = run("status", "--local", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    first, _, summary, _, header, row, *_ = done.stdout.splitlines()
    assert first == "All well."
    assert summary == "1 feed of 1 host, 2 records: 1 well"
    assert header.startswith("host       title         feed ")
    assert row.startswith("127.0.0.1  Example News  ")
    assert row.split()[-2:] == ["2", "well"]


def test_the_status_says_what_is_wrong_and_what_to_do_about_it(
    tmp_path: Path, publisher: Publisher
) -> None:
    feeds = [publisher.url(path) for path in ("/feed", "/none", "/page")]
    run("mirror", "--local", *(part for feed in feeds for part in ("--feed", feed)), cwd=tmp_path)
    run("pause", "--note", "looking into it", "--local", cwd=tmp_path)

    done = run("status", "--local", cwd=tmp_path)
    told = json.loads(run("status", "--local", "--json", cwd=tmp_path).stdout)

    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "Not well: the mirror is paused; 2 feeds fail."
    assert lines[2].endswith("(looking into it); feedmirror resume --local .feedmirror ends it.")
    broken = lines.index(feeds[1])
    assert lines[broken + 1] == "  the publisher answers 404"
    assert lines[broken + 2].startswith("  → The feed has moved, or its address is mistyped.")
    page = lines.index(feeds[2])
    assert lines[page + 1] == "  the document is no feed: an HTML page titled “Log in”"
    assert told["verdict"] == lines[0]
    assert told["paused"]["note"] == "looking into it"
    assert [(feed["feed"], feed["health"]) for feed in told["feeds"]] == [
        (feeds[1], "failing"),
        (feeds[2], "failing"),
        (feeds[0], "well"),
    ]


def test_a_report_replaces_an_earlier_one_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mirror.toml").write_text(BY_HAND)
    run("feeds", "push", "mirror.toml", "--yes", "--local", cwd=tmp_path)
    (tmp_path / "notes.html").write_text("<p>Mine.</p>")

    known_fonts = mpl.get_cachedir()  # or each run of a new home looks for them anew
    for _ in range(2):
        done = run("report", "--local", cwd=tmp_path, MPLCONFIGDIR=known_fonts)
        assert done.returncode == 0
        page = tmp_path / "report.html"
        assert done.stdout == f"report.html: open {page.as_uri()}\n"
        assert page.read_bytes().startswith(b"<!doctype html>")
    refused = run("report", "notes.html", "--local", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "notes.html is there already and is no report" in refused.stderr
    assert (tmp_path / "notes.html").read_text() == "<p>Mine.</p>"


@pytest.fixture(scope="module")
def account() -> Iterator[dict[str, str]]:
    """The variables of an account with empty buckets."""
    with moto_endpoint() as endpoint:
        variables = {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
        }
        for name in ("archive", "site", "ledger", "mail"):
            client_of("s3", endpoint).create_bucket(Bucket=f"operating-{name}")
            variables[f"FEEDMIRROR_{name.upper()}_BUCKET"] = f"operating-{name}"
        yield variables


def client_of(service: str, endpoint: str) -> Any:  # noqa: ANN401 -- by name
    session: Any = boto3.Session("testing", "testing", region_name="us-east-1")
    return session.client(service, endpoint_url=endpoint)


def test_the_status_of_an_account_tells_the_alarms_too(
    tmp_path: Path, publisher: Publisher, account: dict[str, str]
) -> None:
    empty = run("status", cwd=tmp_path, **account)
    assert (empty.returncode, empty.stderr) == (1, "")
    assert empty.stdout.startswith("Not well: there is no configuration.\n")
    assert "\nconfig/mirror.toml is missing\nWhat next: feedmirror init, then " in empty.stdout
    assert "\nAlarms are not shown: there is none: name the stack by --stack\n" in empty.stdout

    feeds = (FeedSettings(url=publisher.url("/feed")),)
    text = write_configuration(Configuration(mirror=a_mirror(), feeds=feeds))
    s3 = client_of("s3", account["AWS_ENDPOINT_URL"])
    s3.put_object(Bucket="operating-archive", Key="config/mirror.toml", Body=text.encode())
    s3.put_object(Bucket="operating-archive", Key="items/old.example/x.json", Body=b"{}")
    assert run("mirror", cwd=tmp_path, **account).returncode == 0
    ring(client_of("cloudwatch", account["AWS_ENDPOINT_URL"]))
    done = run("status", "--stack", "planet", cwd=tmp_path, **account)

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("Not well: 1 alarm rings.\n\nRepairedAlarm rings since 20")
    assert (
        'UTC: It was back.\n  a test\n  → infra/README.md, "When an alarm rings", RepairedAlarm\n'
        in (done.stdout)
    )
    assert "Besides, 1 record of hosts without a feed: old.example (1)" in done.stdout


def ring(client: Any) -> None:  # noqa: ANN401 -- CloudWatch's
    """Have an alarm of a stack ring."""
    client.put_metric_alarm(
        AlarmName="planet-RepairedAlarm-1A2B3C4D5E6F",
        AlarmDescription="It was back.",
        Namespace="feedmirror",
        MetricName="Repaired",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    client.set_alarm_state(
        AlarmName="planet-RepairedAlarm-1A2B3C4D5E6F", StateValue="ALARM", StateReason="a test"
    )


BY_HAND = """# The planet of the club.
[mirror]
name = "Planet"          # as on the poster
site = "https://planet.example"
contact = "takedown@planet.example"
operator = "ops@planet.example"

  [[feed]]
  url = "https://one.example/feed"   # Ann's
"""
LISTED = """<opml version="2.0"><body>
<outline text="One" xmlUrl="https://one.example/feed/"/>
<outline text="Two" xmlUrl="https://two.example/feed"/>
<outline text="Three" xmlUrl="https://feeds.example/3" htmlUrl="https://three.example/"/>
</body></opml>
"""


def test_feeds_of_a_list_are_added_behind_a_file_that_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mirror.toml").write_text(BY_HAND)
    (tmp_path / "feeds.opml").write_text(LISTED)

    done = run("feeds", "import", "feeds.opml", "mirror.toml", cwd=tmp_path)
    once = (tmp_path / "mirror.toml").read_text()
    again = run("feeds", "import", "feeds.opml", "mirror.toml", cwd=tmp_path)
    listed = json.loads(run("feeds", "list", "mirror.toml", "--json", cwd=tmp_path).stdout)
    exported = run("feeds", "export", "mirror.toml", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "there already: https://one.example/feed\n" in done.stdout
    assert "mirror.toml: 2 feeds added, 1 there already.\n" in done.stdout
    assert once.startswith(BY_HAND)
    assert "mirror.toml: 0 feeds added, 3 there already.\n" in again.stdout
    assert (tmp_path / "mirror.toml").read_text() == once
    assert [(feed["host"], feed["url"]) for feed in listed["feeds"]] == [
        ("one.example", "https://one.example/feed"),
        ("two.example", "https://two.example/feed"),
        ("three.example", "https://feeds.example/3"),
    ]
    assert exported.stdout.startswith(
        '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">'
    )
    assert exported.stdout.count("<outline ") == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BY_HAND.replace('name = "Planet" ', "name = 7 "), "mirror.toml:3: [mirror] name = 7"),
        (
            BY_HAND.partition("  [[feed]]")[0].replace("[mirror]", "feed = []\n[mirror]"),
            "mirror.toml: expected its feeds as [[feed]] tables",
        ),
    ],
)
def test_a_file_that_cannot_be_added_to_is_left_alone(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "mirror.toml").write_text(text)
    (tmp_path / "feeds.opml").write_text(LISTED)

    done = run("feeds", "import", "feeds.opml", "mirror.toml", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert (tmp_path / "mirror.toml").read_text() == text


def test_feeds_with_an_end_or_bounds_are_listed_with_them_and_the_ended_are_not_exported(
    tmp_path: Path,
) -> None:
    bounds = '\nmax_age = "10d"\nmax_items = 50\n'
    ended = '\n[[feed]]\nurl = "https://two.example/feed"\nended = "stay"\n'
    (tmp_path / "mirror.toml").write_text(BY_HAND + bounds + ended)

    listed = run("feeds", "list", "mirror.toml", cwd=tmp_path).stdout.splitlines()
    exported = run("feeds", "export", "mirror.toml", cwd=tmp_path)

    assert [line.split() for line in listed] == [
        ["host", "feed", "publish", "interval", "ended", "max_age", "max_items"],
        ["one.example", "https://one.example/feed", "auto", "auto", "10d", "50"],
        ["two.example", "https://two.example/feed", "auto", "auto", "stay"],
    ]
    assert "one.example" in exported.stdout
    assert "two.example" not in exported.stdout
    assert exported.stderr == "feedmirror: 1 feed left out, as ended; OPML has no word for it\n"


def test_a_push_shows_what_it_changes_and_a_pull_gives_it_back(
    tmp_path: Path, publisher: Publisher
) -> None:
    url = publisher.url("/feed")
    first = BY_HAND.replace("https://one.example/feed", url)
    (tmp_path / "mirror.toml").write_text(first)
    pushed = run("feeds", "push", "mirror.toml", "--yes", "--local", cwd=tmp_path)
    assert (pushed.returncode, pushed.stderr) == (0, "")
    assert pushed.stdout.splitlines() == [
        "There is no configuration yet: this is the first.",
        f"added: {url}",
        "mirror.toml is in force: 1 feed, from the next run on.",
    ]
    assert run("mirror", "--local", cwd=tmp_path).returncode == 0

    second = BY_HAND.replace("Planet", "Planets")
    (tmp_path / "mirror.toml").write_text(second)
    unasked = run("feeds", "push", "mirror.toml", "--local", cwd=tmp_path)
    assert unasked.returncode == 2
    assert "there is no terminal to ask on; --yes does it" in unasked.stderr
    refused = run_on_terminal("feeds", "push", "mirror.toml", "--local", cwd=tmp_path, typed="n\n")
    assert refused.returncode == 1
    assert refused.stderr.endswith("nothing was changed\n")
    assert "added: https://one.example/feed\n" in refused.stdout
    assert f"dropped: {url}\n  127.0.0.1: 2 records stay on the site as they are" in refused.stdout
    assert (
        'changed: [mirror] name: "Planet" → "Planets"\n'
        "  Pages and lists that are there follow as they change, or all by feedmirror rebuild\n"
    ) in refused.stdout
    pulled = run("feeds", "pull", "--local", cwd=tmp_path)
    assert (pulled.returncode, pulled.stdout, pulled.stderr) == (0, first, "")


def test_a_push_never_overwrites_what_somebody_else_has_put_meanwhile(
    tmp_path: Path, account: dict[str, str]
) -> None:
    (tmp_path / "mirror.toml").write_text(BY_HAND)
    s3 = client_of("s3", account["AWS_ENDPOINT_URL"])
    s3.create_bucket(Bucket="pushing-archive")
    variables = {**account, "FEEDMIRROR_ARCHIVE_BUCKET": "pushing-archive"}
    with at_terminal("feeds", "push", "mirror.toml", cwd=tmp_path, **variables) as (pushing, say):
        assert pushing.stdout is not None
        assert pushing.stdout.readline().startswith("There is no configuration yet")
        assert pushing.stdout.readline() == "added: https://one.example/feed\n"
        s3.put_object(Bucket="pushing-archive", Key="config/mirror.toml", Body=b"# another")
        say("y\n")
        _, errors = pushing.communicate(timeout=60)

    assert pushing.returncode == 1
    assert "somebody else has just put another file" in errors
    kept = s3.get_object(Bucket="pushing-archive", Key="config/mirror.toml")["Body"].read()
    assert kept == b"# another"
