"""Moves as an operator sees them, and puts them into a file that was written by hand."""

from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from builders import a_rule
from feedmirror.adapters.workers import InOrder
from feedmirror.cli.feed_moves import put_moves
from feedmirror.cli.move_words import check_words, lines_of
from feedmirror.configuration import FeedSettings
from feedmirror.configuration_file import parse_configuration
from feedmirror.layout import state_key, suppressions_prefix
from feedmirror.local.machine import Machine
from feedmirror.mirroring.moves import Move
from feedmirror.mirroring.poll_state import FeedState, ShardState, state_to_json
from feedmirror.ports.fetching import Hop
from feedmirror.ports.object_store import Content
from feedmirror.suppression import Scope, feed_key, rule_to_json
from feedmirror.wiring.stores import Stores
from memory_store import MemoryStore
from typed import run_here

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ONE, TWO = "https://one.example/feed", "https://feeds.two.example/rss?x=1"
NEW = "https://new.example/feed"
BY_HAND = f"""# Mine.
[mirror]
name = "M"
site = "https://m.example"
contact = "t@m.example"
operator = "o@m.example"

  [[feed]]
  url = "{ONE}"   # Ann's
  publish = "excerpt"
[[feed]]
url='{TWO}'
site = "https://two.example"
"""


@pytest.fixture
def stores() -> Stores:
    return Stores(
        archive=MemoryStore(), site=MemoryStore(), ledger=MemoryStore(), workers=InOrder()
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mirror.toml"
    path.write_text(BY_HAND)
    return path


def know(stores: Stores, **moves: Move) -> None:
    """Have the mirror's state say where the feeds are asked."""
    stores.archive.put(state_key(0), moved_to(**moves), replaces=None)


def moved_to(**moves: Move) -> Content:
    urls = {"one": ONE, "two": TWO}
    states = {urls[name]: FeedState(attempted=NOW, move=move) for name, move in moves.items()}
    return Content(state_to_json(ShardState(states, "mark", 1), "nonce"), "application/json")


def test_what_is_next_is_said_for_the_mirror_that_was_named(file: Path, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "data")
    machine.configure(parse_configuration(BY_HAND))
    state = moved_to(one=Move(NEW, adopted=NOW))
    machine.bucket("archive").put(state_key(0), state, replaces=None)

    command = ("feeds", "follow", "mirror.toml", "--yes", "--local", "data")
    done = run_here(*command, cwd=file.parent)

    assert done.out.endswith("What next: feedmirror feeds push mirror.toml --local data\n")


def test_new_addresses_are_put_into_the_file_and_all_else_stays_as_it_is(
    stores: Stores, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    know(stores, one=Move(NEW, adopted=NOW), two=Move("https://two.example/rss", adopted=NOW))

    put_moves(file, stores, yes=True)

    assert file.read_text() == BY_HAND.replace(
        f'url = "{ONE}"   # Ann\'s', f'url = "{NEW}"   # Ann\'s\n  site = "https://one.example"'
    ).replace(f"url='{TWO}'", "url='https://two.example/rss'".replace("'", '"'))
    hosts = [feed.host for feed in parse_configuration(file.read_text()).feeds]
    assert hosts == ["one.example", "two.example"]
    told = capsys.readouterr().out
    assert f'{ONE} → {NEW}, with site = "https://one.example"\n' in told
    assert told.endswith("2 feeds changed.\n")
    assert [path.name for path in file.parent.iterdir()] == ["mirror.toml"]


def test_the_ends_of_lines_stay_those_of_the_file(stores: Stores, file: Path) -> None:
    file.write_bytes(BY_HAND.replace("\n", "\r\n").encode())
    know(stores, one=Move(NEW))

    put_moves(file, stores, yes=True)

    text = file.read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n") == BY_HAND.count("\n") + 1


@pytest.mark.parametrize(
    ("move", "told"),
    [
        (Move(), "No feed of it is asked at another address."),
        (Move(target=NEW, since=NOW), "No feed of it is asked at another address."),
        (Move(into=TWO), f"{ONE} has moved to {TWO}, which is polled anyway: left"),
    ],
)
def test_where_nothing_is_to_be_changed_the_file_is_not_touched(
    stores: Stores, file: Path, capsys: pytest.CaptureFixture[str], move: Move, told: str
) -> None:
    know(stores, one=move)

    put_moves(file, stores, yes=True)

    assert told in capsys.readouterr().out
    assert file.read_text() == BY_HAND


def test_a_feed_that_a_takedown_names_keeps_the_address_that_the_rule_knows(
    stores: Stores, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Promise P1: under a new address the feed would come back."""
    know(stores, one=Move(NEW))
    rule = a_rule(feed_key(ONE), host="one.example", scope=Scope.FEED)
    key = f"{suppressions_prefix(rule.host)}{rule.id}.json"
    stores.ledger.put(key, Content(rule_to_json(rule), "application/json"), replaces=None)

    put_moves(file, stores, yes=True)

    assert "left, since a takedown covers the feed by this address" in capsys.readouterr().out
    assert file.read_text() == BY_HAND


@pytest.mark.parametrize(
    "written",
    [
        BY_HAND.replace(f'"{ONE}"', f'"""{ONE}"""'),
        BY_HAND + f'[[feed]]\nurl = "{NEW}"\n',
        BY_HAND.partition("  [[feed]]")[0].replace(
            "[mirror]", f'feed = [{{ url = "{ONE}" }}]\n[mirror]'
        ),
    ],
)
def test_a_file_that_cannot_be_changed_in_its_place_is_left_alone(
    stores: Stores, file: Path, written: str
) -> None:
    file.write_text(written)
    know(stores, one=Move(NEW))

    with pytest.raises(click.ClickException, match="nothing was changed"):
        put_moves(file, stores, yes=True)

    assert file.read_text() == written


FEED = FeedSettings(url=ONE)


@pytest.mark.parametrize(
    ("move", "told"),
    [
        (Move(), ""),
        (
            Move(NEW, adopted=NOW),
            (
                f"  asked at {NEW} since 2026-11-22, where it has moved\n"
                "  → If that is still the same publisher: follow puts it into mirror.toml,"
                ' with site = "https://one.example"'
            ),
        ),
        (
            Move("https://one.example/new", adopted=NOW),
            (
                "  asked at https://one.example/new since 2026-11-22, where it has moved\n"
                "  → follow puts it into mirror.toml"
            ),
        ),
        (
            Move(target=NEW, since=NOW),
            (
                f"  may have moved to {NEW}: it leads there since 2026-11-22,"
                " and is believed after 7 days"
            ),
        ),
        (
            Move(target=NEW, since=NOW, stated=True),
            (
                f"  may have moved to {NEW}: its document says so since 2026-11-22,"
                " and is believed after 7 days"
            ),
        ),
    ],
)
def test_the_status_says_where_a_feed_is_asked_and_where_it_may_be(move: Move, told: str) -> None:
    assert "\n".join(lines_of(FEED, move, command="follow")) == told


@pytest.mark.parametrize(
    ("hops", "stated", "told"),
    [
        ((), None, ""),
        ((), ONE, ""),
        ((Hop(302, NEW),), None, ""),
        ((Hop(301, NEW),), None, f"{NEW} once it has led there for 7 days."),
        ((), NEW, f"{NEW} once its document has said so for 7 days, if the feed is there."),
        ((Hop(301, ONE),), None, f"{ONE} from the next poll on."),
    ],
)
def test_a_check_says_where_a_feed_would_move(
    hops: tuple[Hop, ...], stated: str | None, told: str
) -> None:
    url = "http://one.example/feed" if "next poll" in told else ONE
    said = check_words(url, hops, stated)

    assert said == (f"Mirrored, it would be asked at {told}" if told else "")
