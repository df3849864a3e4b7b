"""Tools that some tests need: without one they are skipped, and in CI they fail."""

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """Skip the test and say why; fail it where FEEDMIRROR_REQUIRE_TOOLS asks for all tools."""
    if os.environ.get("FEEDMIRROR_REQUIRE_TOOLS"):
        pytest.fail(reason)
    pytest.skip(reason)
