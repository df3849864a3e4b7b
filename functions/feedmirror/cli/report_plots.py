"""Plots as SVG that stands in a page: by matplotlib, in the page's own colours, and reproducible.

Its colours are the page's variables, so they follow light and dark; its words are text, not
shapes; and its ids are of its own, since several stand in one document.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from html import escape
from io import StringIO

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

# Colours that nothing else has, each for a variable of the page.
_INK, _RULE, _BAR = "#010203", "#040506", "#070809"
_VARIABLES = {_INK: "var(--ink)", _RULE: "var(--rule)", _BAR: "var(--bar)"}
_WIDTH, _BAR_HEIGHT, _DAYS_HEIGHT = 5.0, 0.36, 2.3  # inches: as wide as a phone
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_FAMILY = re.compile(r"font-family: [^;\"]*")
_OWN_STYLE = re.compile(r"<style.*?</style>", re.DOTALL)
_OPENING = re.compile(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>')
_ID = re.compile(r'(\bid="|href="#|url\(#)')


def by_kind(name: str, values: Mapping[str, float], *, alt: str, unit: str = "{:g}") -> str:
    """Return a plot of one bar for each kind of thing, the first on top, with its value."""

    def draw(axes: Axes) -> None:
        bars = axes.barh(list(values), list(values.values()), color=_BAR, height=0.62)
        axes.bar_label(bars, [unit.format(value) for value in values.values()], padding=4)
        axes.invert_yaxis()
        axes.set_xlim(0, max(values.values(), default=0) * 1.2 or 1)
        axes.xaxis.set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right", "bottom"]].set_visible(False)

    return _svg(name, draw, height=0.3 + _BAR_HEIGHT * len(values), alt=alt)


def by_day(name: str, counts: Mapping[date, int], *, alt: str) -> str:
    """Return a plot of one bar for each day."""

    def draw(axes: Axes) -> None:
        days = list(counts)
        axes.bar(range(len(days)), list(counts.values()), color=_BAR, width=0.8)
        ticks = range(len(days) - 1, -1, -7)
        axes.set_xticks(list(ticks), [_short(days[tick]) for tick in ticks])
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_axisbelow(True)
        axes.grid(axis="y", linewidth=0.6)
        axes.set_ylim(0, max(1, *counts.values()) * 1.08)
        axes.set_xlim(-0.8, len(days) - 0.2)
        axes.tick_params(length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)

    return _svg(name, draw, height=_DAYS_HEIGHT, alt=alt)


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


def _svg(name: str, draw: Callable[[Axes], None], *, height: float, alt: str) -> str:
    settings = rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "feedmirror",
            "font.family": "sans-serif",
            "font.size": 11,
            "text.color": _INK,
            "axes.labelcolor": _INK,
            "xtick.color": _INK,
            "ytick.color": _INK,
            "axes.edgecolor": _RULE,
            "grid.color": _RULE,
        }
    )
    with settings:
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        figure.patch.set_visible(False)
        axes = figure.subplots()
        axes.patch.set_visible(False)
        draw(axes)
        written = StringIO()
        figure.savefig(written, format="svg", metadata=_NO_METADATA)
    return _for_a_page(written.getvalue(), name, alt)


def _for_a_page(document: str, name: str, alt: str) -> str:
    """Return the picture without what makes it a document, in the page's colours."""
    svg = _OWN_STYLE.sub("", document[document.index("<svg ") :])
    svg = _FAMILY.sub("font-family: inherit", svg)
    svg = _ID.sub(rf"\g<1>{name}-", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    opening = f'<svg role="img" aria-label="{escape(alt)}" viewBox="\\1">'
    return _OPENING.sub(opening, svg, count=1)


def in_words(parts: Sequence[str]) -> str:
    """Return several parts of a plot as a sentence's end."""
    *others, last = parts or ["nothing"]
    return f"{', '.join(others)} and {last}" if others else last
