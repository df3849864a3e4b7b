"""Which calls of a run something is made to happen at.

Every second in the suite; ``make walks`` takes all of them, which is minutes.
"""

import os

STRIDE = int(os.environ.get("FEEDMIRROR_TEST_STRIDE", "2"))


def walk(calls: int, when: str = "before", stride: int = STRIDE) -> range:
    """Return the calls, from 1; what happens after a call takes those that before leaves out."""
    return range(1 if when == "before" or stride == 1 else 2, calls + 1, stride)
