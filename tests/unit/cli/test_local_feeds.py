"""What the options make of a mirror on this machine."""

from pathlib import Path

import click
import pytest

from feedmirror.cli.folders import NOBODY
from feedmirror.cli.local_feeds import Wanted, settle
from feedmirror.configuration import Configuration
from feedmirror.configuration_file import parse_configuration
from feedmirror.layout import CONFIGURATION
from feedmirror.local.machine import Machine

FIRST, SECOND = "https://a.example/feed", "https://b.example/feed"


def wanted(*urls: str, file: Path | None = None, contact: str = NOBODY) -> Wanted:
    return Wanted(urls=urls, file=file, contact=contact)


def stored(machine: Machine) -> Configuration:
    found = machine.bucket("archive").get(CONFIGURATION)
    assert found is not None
    return parse_configuration(found.content.body.decode())


def test_a_new_mirror_is_read_where_it_is_served(tmp_path: Path) -> None:
    machine = Machine(tmp_path)

    settle(machine, wanted(FIRST, contact="me@example.org"), site="http://localhost:9000")

    mirror = stored(machine).mirror
    assert (mirror.site, mirror.contact) == ("http://localhost:9000", "me@example.org")


def test_what_is_named_later_joins_and_the_address_of_the_site_stays(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    settle(machine, wanted(FIRST, contact="me@example.org"), site="http://localhost:9000")

    settle(machine, wanted(SECOND), site="http://localhost:9001")

    found = stored(machine)
    assert [feed.url for feed in found.feeds] == [FIRST, SECOND]
    assert (found.mirror.site, found.mirror.contact) == ("http://localhost:9000", "me@example.org")


def test_a_contact_alone_is_the_one_from_now_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(tmp_path)
    settle(machine, wanted(FIRST))

    settle(machine, wanted(contact="me@example.org"))

    found = stored(machine)
    assert [feed.url for feed in found.feeds] == [FIRST]
    assert (found.mirror.contact, found.mirror.operator) == ("me@example.org", "me@example.org")
    assert "Requests for removal go to me@example.org from now on." in capsys.readouterr().out


@pytest.mark.parametrize("begun", [False, True])
def test_a_contact_beside_a_file_that_names_one_is_not_understood(
    tmp_path: Path, *, begun: bool
) -> None:
    machine, file = Machine(tmp_path / "d"), tmp_path / "mirror.toml"
    file.write_text(
        '[mirror]\nname = "M"\nsite = "https://m.example"\ncontact = "t@m.example"\n'
        f'operator = "o@m.example"\n[[feed]]\nurl = "{FIRST}"\n'
    )
    if begun:
        settle(machine, wanted(FIRST))

    with pytest.raises(click.UsageError, match=f"{file} names its own contact"):
        settle(machine, wanted(file=file, contact="me@example.org"))

    assert settle(machine, wanted(file=file)).mirror.contact == "t@m.example"


def test_nothing_named_changes_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    before = settle(machine, wanted(FIRST))

    assert settle(machine, wanted(), site="http://localhost:1") == before == stored(machine)


@pytest.mark.parametrize("begun", [False, True])
def test_a_folder_without_a_configuration_asks_for_feeds(tmp_path: Path, *, begun: bool) -> None:
    machine = Machine(tmp_path)
    if begun:  # a store that something began and nothing configured
        machine.bucket("archive").head("nothing")

    with pytest.raises(click.ClickException, match="name feeds with --feed or --feeds"):
        settle(machine, wanted(contact="me@example.org"))
