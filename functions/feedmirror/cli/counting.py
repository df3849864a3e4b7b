"""A bar that moves while something of unknown length is worked off."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from feedmirror.cli.output import progress


@contextmanager
def counting(doing: str, what: str) -> Iterator[Callable[[int], object]]:
    """Show a bar, on a terminal, and how many of something are done; yield what moves it."""
    done = TextColumn(f"{{task.completed:.0f}} {what}")
    columns = (TextColumn(doing), BarColumn(), done, TimeElapsedColumn())
    with Progress(*columns, console=progress(), transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda count: bar.advance(task, count)
