"""``python -m simulator``: many seeds, or one of them with its trace."""

import os
import sys

from simulator.command import main

if __name__ == "__main__":
    if "PYTHONHASHSEED" not in os.environ:
        # Sets in some library may be gone through in another order: a seed is to be replayed.
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        command = [sys.executable, "-m", "simulator", *sys.argv[1:]]
        os.execve(sys.executable, command, environment)  # noqa: S606 -- itself once more
    sys.exit(main())
