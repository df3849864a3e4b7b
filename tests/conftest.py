"""What holds for every test: how fast a machine draws examples is no finding.

Where a test does not say how many examples it draws, the suite draws fifty; ``make examples`` draws
three times as many.
"""

import gc
import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import Documents

settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=int(os.environ.get("FEEDMIRROR_TEST_EXAMPLES", "50")),
)
settings.load_profile("any machine")

# Thousands of tests and the modules that they import are there to the end; to look through them
# again and again for garbage took a sixth of the unit tests' processor time.
gc.set_threshold(10_000, 50, 50)

# A shell that runs the suite in the background has interrupts ignored, and so would every command
# that a test starts, and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Leave out of every collection of garbage to come what is there before the first test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def documents() -> "Iterator[Documents]":
    """Serve the documents of a module's publishers."""
    from world import Documents  # noqa: PLC0415 -- a second, for those who need a world

    with Documents() as served:
        yield served
