"""The decision table and the states of a case, from the tables that the code decides by."""

from collections import defaultdict

from feedmirror.takedowns.casework.cases import OPEN, TRANSITIONS, State
from feedmirror.takedowns.decisions.decision_table import BY_THE_CALLER, TABLE
from reference.markdown import table


def decision_table() -> str:
    """Return the rows of the decision table."""
    rows = {**BY_THE_CALLER, **{row.number: row.what for row in TABLE}}
    return table(
        ("row", "a mail that, or a part of it that"),
        ((str(number), rows[number]) for number in sorted(rows)),
    )


def states() -> str:
    """Return the transitions of a case, state by state."""
    rows = []
    for state in State:
        moves = [f"{e} → {after}" for (before, e), after in TRANSITIONS.items() if before is state]
        rows.append((state, "yes" if state in OPEN else "no", "; ".join(moves) or "nothing"))
    return table(("state", "open", "what moves it, and where"), rows)


def diagram() -> str:
    """Return the same as a diagram of Mermaid's."""
    arrows = defaultdict(list)
    for (before, event), after in TRANSITIONS.items():
        arrows[before, after].append(event.value)
    lines = [f"    [*] --> {State.RECEIVED}"]
    lines += [
        f"    {before} --> {after}: {', '.join(events)}"
        for (before, after), events in arrows.items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])
