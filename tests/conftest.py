"""What holds for every test: how fast a machine draws examples is no finding."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import Documents

settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


@pytest.fixture(scope="module")
def documents() -> "Iterator[Documents]":
    """Serve the documents of a module's publishers."""
    from world import Documents  # noqa: PLC0415 -- a second, for those who need a world

    with Documents() as served:
        yield served
