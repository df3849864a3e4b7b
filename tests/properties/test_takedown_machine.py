"""Random schedules of everything that can happen at once: nothing returns, nothing is lost."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from feedmirror.jobs import store_entries
from feedmirror.jobs.rules import RuleReader
from feedmirror.jobs.takedown.entomb import Entomb
from feedmirror.jobs.takedown.sweep import Slice, Sweep
from takedown_machine import TakedownMachine, documents

# `make schedules` goes through others, by seeds that it prints.
SCHEDULES = int(os.environ.get("FEEDMIRROR_TEST_SCHEDULES") or 0)
COMMON = settings(
    max_examples=SCHEDULES or 40,
    stateful_step_count=10,
    derandomize=not SCHEDULES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


@pytest.fixture(scope="module", autouse=True)
def publisher() -> Iterator[None]:
    yield
    documents().__exit__()
    documents.cache_clear()


@pytest.mark.timeout(1800)
def test_nothing_returns_whatever_happens() -> None:
    run_state_machine_as_test(TakedownMachine, settings=COMMON)


# The machine is worth what it finds: each of these breaks a promise, and it has to notice.
BREAKS: dict[str, tuple[tuple[object, str, Any], ...]] = {
    "the mirror looks at no rule": (
        (store_entries, "find_suppression", lambda *_: None),
        (RuleReader, "stands", lambda *_: False),
    ),
    "the sweep finds nothing": ((Sweep, "run", lambda *_, **__: Slice()),),
    "listings are left as they are": ((Entomb, "_withdraw", lambda *_: None),),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("broken", BREAKS)
def test_the_machine_finds_what_is_broken(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    for where, name, instead in BREAKS[broken]:
        monkeypatch.setattr(where, name, instead)
    quick = settings(COMMON, phases=[Phase.generate], derandomize=True, max_examples=200)
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run_state_machine_as_test(TakedownMachine, settings=quick)
