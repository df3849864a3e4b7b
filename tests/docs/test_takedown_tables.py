"""The tables of the takedown's README are those that the code decides by.

``python tests/docs/test_takedown_tables.py`` writes them anew.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedmirror.takedowns.casework.cases import OPEN, TRANSITIONS, State
from feedmirror.takedowns.decisions.decision_table import BY_THE_CALLER, TABLE

README = Path(__file__).parents[2] / "functions/feedmirror/takedowns/README.md"


def decision_table() -> Iterator[str]:
    """Yield the rows of the decision table."""
    yield "| row | a mail that, or a part of it that |"
    yield "|---|---|"
    rows = {**BY_THE_CALLER, **{row.number: row.what for row in TABLE}}
    for number in sorted(rows):
        yield f"| {number} | {rows[number]} |"


def states() -> Iterator[str]:
    """Yield the transitions of a case, state by state."""
    yield "| state | open | what moves it, and where |"
    yield "|---|---|---|"
    for state in State:
        moves = [f"{e} → {after}" for (before, e), after in TRANSITIONS.items() if before is state]
        yield f"| {state} | {'yes' if state in OPEN else 'no'} | {'; '.join(moves) or 'nothing'} |"


SECTIONS = {"decision table": decision_table, "states": states}


def written(text: str) -> str:
    """Return the README with its tables written anew."""
    for name, lines in SECTIONS.items():
        table = "\n".join(lines())
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda found, table=table: f"{found[1]}{table}\n{found[2]}",  # type: ignore[misc]  # binds the loop's value
            text,
            flags=re.DOTALL,
        )
    return text


def test_the_tables_of_the_readme_are_the_codes() -> None:
    assert README.read_text() == written(README.read_text())


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_reached_and_every_open_one_left(state: State) -> None:
    assert state is State.RECEIVED or state in TRANSITIONS.values()
    assert state not in OPEN or any(before is state for before, _ in TRANSITIONS)


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
