"""``python -m simulator``: many seeds, or one of them with its trace."""

import sys

from simulator.command import main

sys.exit(main())
