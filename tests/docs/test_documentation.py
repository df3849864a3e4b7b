"""What the documents say is so."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from feedmirror.configuration_file import parse_configuration
from reference.commands import help_of, names

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


def test_every_target_that_a_page_names_is_one_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    pages = [ROOT / "README.md", ROOT / ".github/SECURITY.md"]
    pages += [page for folder in ("functions", "infra", "tests") for page in kept(ROOT / folder)]
    named = {name for page in pages for name in re.findall(r"`make ([a-z-]+)", page.read_text())}

    assert {"demo", "test", "simulate", "model"} <= named
    assert named <= targets


def kept(folder: Path) -> list[Path]:
    return [page for page in folder.rglob("*.md") if "node_modules" not in page.parts]


def test_the_readme_has_its_parts_in_their_order_and_is_short() -> None:
    parts = re.findall(r"^## (.+)$", README, re.MULTILINE)

    assert parts[:7] == [
        "Quick start",
        "What it does",
        "Deploy to AWS",
        "Operating",
        "Takedowns, as a claimant sees them",
        "Words",
        "Limits",
    ]
    assert len(README.splitlines()) < 200


def test_the_file_of_the_settings_page_is_accepted() -> None:
    page = (ROOT / "functions/SETTINGS.md").read_text()
    block = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert block is not None

    assert parse_configuration(block[1]).mirror.name == "Example Mirror"


def test_every_variable_that_is_read_is_documented_and_none_else() -> None:
    source = (ROOT / "functions/feedmirror/settings.py").read_text()
    read = set(re.findall(r'variables\.\w+\(\s*"([A-Z_]+)"', source))

    assert read
    documented = (ROOT / "functions/SETTINGS.md").read_text()
    assert set(re.findall(r"FEEDMIRROR_([A-Z_]+)", documented)) == read


@pytest.mark.parametrize("name", names())
def test_every_command_has_help_with_an_example_and_is_in_the_readme(name: str) -> None:
    assert f"Example: feedmirror {name}" in help_of(name)
    assert f"feedmirror {name} " in README


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
