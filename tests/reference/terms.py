"""The table of terms, from the one that the code decides by."""

from feedmirror.mirroring.terms_table import LICENCES, MARKS, RIGHTS
from reference.markdown import table


def terms() -> str:
    """Return each signal, what is shown at most, and why."""
    kinds = (("mark", MARKS), ("licence", LICENCES), ("rights", RIGHTS))
    return table(
        ("kind", "signal", "shown at most", "why"),
        (
            (kind, row.words, row.extent.word, row.why)
            for kind, rows in kinds
            for row in sorted(rows, key=lambda row: row.extent)
        ),
    )
