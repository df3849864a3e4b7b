"""A host taken down by processes that are killed: ``make scale`` does it with 100,000 items."""

from pathlib import Path

import pytest

from killed_sweep import Story


@pytest.mark.timeout(300)
def test_whoever_is_killed_over_it_a_whole_host_goes_and_stays_gone(tmp_path: Path) -> None:
    told = Story(tmp_path, items=300, kills=3, seed=1).run()

    assert told.kills == 3
    assert (told.readable, told.stored, told.back, told.lost) == (0, 0, 0, 0)
    assert {"masked: fenced", "masked: clean", "masked: swept"} <= set(told.seconds)
    assert told.asked["put"] < 10 * told.items  # five, and a slice again for each that died
    assert told.megabytes < 200
