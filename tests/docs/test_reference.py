"""What the documents take from the code is fresh, and says what the code does."""

from dataclasses import fields
from pathlib import Path

import pytest
from cogapp import Cog

from feedmirror import layout
from feedmirror.cli.commands import feedmirror
from feedmirror.configuration import FeedSettings, MirrorSettings
from feedmirror.meanings import ENVIRONMENT, FEED, METRICS, MIRROR
from feedmirror.settings import Settings
from feedmirror.takedowns.casework.cases import OPEN, TRANSITIONS, State
from reference import commands, keys, messages, metrics, settings

ROOT = Path(__file__).parents[2]
GENERATED = {
    "COMMANDS.md",
    "MESSAGES.md",
    "METRICS.md",
    "README.md",
    "SETTINGS.md",
}


def documents() -> list[Path]:
    """Return the documents of which the code writes a part."""
    found = [ROOT / "README.md"]
    for folder in ("functions", "infra", "tests"):
        found += (ROOT / folder).rglob("*.md")
    return [
        path
        for path in found
        if "node_modules" not in path.parts and "<!-- [[[cog" in path.read_text()
    ]


def test_what_the_code_writes_of_the_documents_is_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    found = documents()
    assert {path.name for path in found} == GENERATED

    stale = Cog().main(["cog", "-P", "-U", "--check", "--verbosity=1", *map(str, found)])

    assert stale == 0, f"make docs writes them anew:\n{capsys.readouterr().out}"


@pytest.mark.parametrize("arguments", [["--help"], ["suppress", "--help"], ["init", "--help"]])
def test_the_help_is_what_a_terminal_of_80_columns_shows(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    feedmirror.main(arguments, prog_name="feedmirror", standalone_mode=False)

    shown = capsys.readouterr().out
    assert f"```\n{shown.rstrip()}\n```" in commands.every_command()


def test_every_setting_has_a_meaning() -> None:
    assert MIRROR.keys() == {field.name for field in fields(MirrorSettings)}
    assert FEED.keys() >= {field.name for field in fields(FeedSettings)}
    assert ENVIRONMENT.keys() == {field.name for field in fields(Settings)}


def test_every_metric_has_a_meaning() -> None:
    assert METRICS.keys() >= metrics.counted()
    assert {"Polled", "Repaired", "CasesMasked", "Alarms", "FailedTasks"} <= metrics.counted()


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_reached_and_every_open_one_left(state: State) -> None:
    assert state is State.RECEIVED or state in TRANSITIONS.values()
    assert state not in OPEN or any(before is state for before, _ in TRANSITIONS)


@pytest.mark.parametrize(
    "row",
    [
        "| `recovery_days` | whole number | `30` | a whole number from 1 to 365, without quotes |",
        '| `unproven` | choice | `"mask"` | "mask" or "review" |',
        "| `noindex` | true or false | `true` | true or false, without quotes |",
        "| `name` | text | required | a name in one line of at most 100 characters |",
    ],
)
def test_a_key_is_told_with_its_type_default_and_what_may_stand_there(row: str) -> None:
    assert row in settings.mirror_keys()


def test_a_time_that_is_not_set_is_told_by_its_word() -> None:
    assert (
        '| `interval` | time | `"auto"` | "auto" or a number with m, h or d, such as "30m" |'
        in (settings.feed_keys())
    )


def test_a_variable_is_told_as_the_environment_has_it() -> None:
    told = settings.variables()

    assert "| `FEEDMIRROR_ARCHIVE_BUCKET` | required | the name of an S3 bucket, such as" in told
    assert '| `FEEDMIRROR_MAIL_PREFIX` | `"inbound/"` | the start of an S3 key, such as' in told


@pytest.mark.parametrize(
    ("alarm", "rings"),
    [
        ("WorkLateAlarm", "maximum of `ApproximateAgeOfOldestMessage` (WorkQueue) > 600"),
        ("AnswersBouncedAlarm", "sum of `Bounce` (MailConfigurationSet) ≥ 5 in 1 day"),
        ("MirrorNotRunningAlarm", "< 1 in 1 hour, 3 times of 3; silence rings too"),
        ("FeedsFailingAlarm", "100 * sum of `FailedFeeds` (mirror) / sum of `Polled` (mirror) ≥"),
        ("MirrorStrugglingAlarm", "sum of `FailedTasks` (mirror) > 0 in 1 hour, 3 times of 6"),
    ],
)
def test_an_alarm_is_told_with_when_it_rings_and_where_the_runbook_has_it(
    alarm: str, rings: str
) -> None:
    (row,) = [line for line in metrics.alarms().splitlines() if f"`{alarm}`" in line]

    assert rings in row
    anchor = row.rpartition("README.md#")[2].partition(")")[0]
    headings = {
        metrics._anchor(line.removeprefix("### "))  # noqa: SLF001 -- how code hosts make it
        for line in (ROOT / "infra/README.md").read_text().splitlines()
        if line.startswith("### ")
    }
    assert anchor in headings


SOURCE = """
_SAYINGS = {1: "takes more than {limit} bytes"}
def read(path, value):
    why = "it is empty" if not value else f"{value!r} is no number"
    if path:
        raise ThingUnreadableError(f"{path}: {why}: " + str(value))
    raise click.ClickException(said(value))
def said(value):
    return f"there is no {value}; name another"
def inner():
    raise TypeError("nobody sees this")
    raise LostConditionError("nor this")
    self.refuse("key", "the key", f"expected {value}")
    logger.error("failed", extra={"why": 1})
    raise StoreUnavailableError(str(error))
    print("no message")
"""


def test_messages_are_collected_with_their_holes_and_alternatives() -> None:
    assert set(messages.messages_of(SOURCE, "cli/x.py")) == {
        "takes more than … bytes",
        "…: it is empty: …",
        "…: … is no number: …",
        "there is no …; name another",
        "key: the key: expected …",
        "failed",
    }


def test_every_key_of_the_layout_is_told_with_an_example() -> None:
    told = keys.keys()

    named = [name for name in vars(layout) if name.endswith("_key") and name[0] != "_"]
    assert len(named) >= 9
    assert len(told.splitlines()) - 2 >= len(named)
    assert "| the ledger's key of one case | `cases/r7m3kq2vhx5wz4ba.json` |" in told
    assert "`news.example.com/2026-11/` |" in told
