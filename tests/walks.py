"""Which calls of a run something is made to happen at.

Every eleventh in the suite, a prime, so that calls that take turns are all met; ``make walks``
takes all of them, which is minutes.
"""

import os

STRIDE = int(os.environ.get("FEEDMIRROR_TEST_STRIDE", "11"))


def walk(calls: int, when: str = "before", stride: int = STRIDE) -> range:
    """Return the calls, from 1; what happens after a call takes others than what happens before."""
    return range(1 if when == "before" else 1 + stride // 2, calls + 1, stride)
