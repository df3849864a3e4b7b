"""What the documents say is so."""

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from feedmirror.cli.commands import feedmirror
from feedmirror.configuration_file import parse_configuration

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_quick_start_is_two_commands_that_the_makefile_has() -> None:
    section = README[README.index("## Quick start") :]
    block = re.search(r"```\n(.*?)```", section, re.DOTALL)
    assert block is not None

    commands = block[1].splitlines()

    assert commands == ["make demo", "make test"]
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{command.split()[1]}:" in makefile for command in commands)


def test_the_settings_of_the_readme_are_accepted_and_name_every_key() -> None:
    block = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    assert block is not None

    configuration = parse_configuration(block[1])

    keys = set(re.findall(r"^#? ?(\w+) = ", block[1], re.MULTILINE))
    fields = {*configuration.mirror.__slots__, *configuration.feeds[0].__slots__}
    assert keys == fields


def test_every_variable_that_is_read_is_documented_and_none_else() -> None:
    source = (ROOT / "functions/feedmirror/settings.py").read_text()
    read = set(re.findall(r'variables\.\w+\(\s*"([A-Z_]+)"', source))

    assert read
    assert set(re.findall(r"FEEDMIRROR_([A-Z_]+)", README)) == read


CONTEXT = click.Context(feedmirror)


@pytest.mark.parametrize("name", feedmirror.list_commands(CONTEXT))
def test_every_command_has_help_with_an_example_and_is_in_the_readme(name: str) -> None:
    command = feedmirror.get_command(CONTEXT, name)
    assert command is not None
    context = click.Context(command, info_name=f"feedmirror {name}")

    assert f"Example: feedmirror {name}" in command.get_help(context)
    assert name == "demo" or f"feedmirror {name} " in README


def test_every_link_to_a_file_leads_to_one() -> None:
    for document in ROOT.glob("**/*.md"):
        if {".venv", "node_modules", ".feedmirror"} & set(document.parts):
            continue
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document}: {target}"


def test_the_top_level_holds_what_the_design_names_and_nothing_else() -> None:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(  # noqa: S603 -- a fixed command
        [git, "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    shown = {line.partition("/")[0] for line in listed.stdout.splitlines()}

    assert {name for name in shown if not name.startswith(".")} == {
        "LICENSE", "Makefile", "README.md", "functions", "infra", "pyproject.toml", "tests",
    }  # fmt: skip
