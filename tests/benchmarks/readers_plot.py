"""The plot of ``bench_readers.py``: processor time in each scene, and memory."""

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.readers_table import NAMES
from benchmarks.rounds import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Ours dark, the peers light; told apart without colours as well, by their order.
_COLOURS = {
    "ours": "#1f4e79",
    "ours-s3": "#4f94cd",
    "reader": "#c0504d",
    "reader-8": "#e6a09e",
    "fastfeedparser": "#9bbb59",
    "feedparser": "#8064a2",
    "floor": "#999999",
}
_WIDTH = 0.84  # of the room that a scene has


def draw(found: Comparison, path: Path) -> None:
    """Draw the comparison into a PNG file."""
    from matplotlib.figure import Figure  # noqa: PLC0415 -- half a second, only to draw

    figure = Figure(figsize=(11, 8), layout="constrained")
    time, memory = figure.subplots(2, 1, height_ratios=[3, 2])
    _draw_time(time, found)
    _draw_memory(memory, found)
    kind = "real" if found.real else "written"
    figure.suptitle(f"{found.publishing.feeds:,} {kind} feeds: what asking each of them once costs")
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=120)


def _draw_time(axes: "Axes", found: Comparison) -> None:
    """Draw bars on a logarithmic scale, each with its seconds."""
    for client, places in _places(found):
        seconds = [found.cpu(client, scene) for scene in found.scenes]
        bars = axes.bar(places, seconds, _bar(found), color=_COLOURS[client], label=NAMES[client])
        axes.bar_label(bars, [_short(each) for each in seconds], fontsize=7, padding=1)
    axes.set_yscale("log")
    axes.set_ylabel("processor seconds (log)")
    _finish(axes, found)
    axes.legend(ncols=2, fontsize=8)


def _draw_memory(axes: "Axes", found: Comparison) -> None:
    """Draw each client's peak, its child process's on top of it, and the target."""
    for client, places in _places(found):
        runs = [found.of(client, scene)[0].cost for scene in found.scenes]
        own = [run.peak for run in runs]
        axes.bar(places, own, _bar(found), color=_COLOURS[client])
        axes.bar(
            places,
            [run.child_peak for run in runs],
            _bar(found),
            bottom=own,
            color=_COLOURS[client],
            alpha=0.45,
            hatch="///",
        )
    axes.axhline(128, color="black", linewidth=0.8, linestyle=":")
    # At the right end, where the bars are those of small processes.
    axes.annotate(
        "target: 128 MB", (len(found.scenes) - 0.5, 128), fontsize=8, va="bottom", ha="right"
    )
    axes.set_ylabel("peak MB (hatched: child process)")
    _finish(axes, found)


def _finish(axes: "Axes", found: Comparison) -> None:
    axes.set_xticks(range(len(found.scenes)), found.scenes)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)


def _short(seconds: float) -> str:
    return f"{seconds:.2g}" if seconds < 10 else f"{seconds:.0f}"


def _bar(found: Comparison) -> float:
    return _WIDTH / len(found.clients)


def _places(found: Comparison) -> list[tuple[str, list[float]]]:
    """Return where each client's bars stand, one for each scene."""
    width, middle = _bar(found), (len(found.clients) - 1) / 2
    return [
        (client, [scene + (number - middle) * width for scene in range(len(found.scenes))])
        for number, client in enumerate(found.clients)
    ]
