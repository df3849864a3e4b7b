"""A function's first event, in a process of its own, as Lambda begins: what it loads and runs.

``python -I -S first_event.py PACKAGE HANDLER EVENT [watch]`` prints one JSON document. Nothing but
the package and the standard library is on the import path. Watching notes the modules whose code
runs, which costs time, so the seconds of a watched event mean nothing.
"""

import json
import sys
import threading
import time
from types import FrameType

FAR = 900_000  # milliseconds: all the time that Lambda gives


class Context:
    """What Lambda's context tells, as far as the handlers ask."""

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Return the time that is left."""
        return FAR


def main() -> None:
    """Import the handler, hand it the event, print what that took."""
    folder, handler, event, *watch = sys.argv[1:]
    sys.path.insert(0, folder)
    bare = set(sys.modules)
    ran: set[str] = set()

    def note(frame: FrameType, what: str, _: object) -> None:
        if what == "call":
            ran.add(frame.f_globals.get("__name__", ""))

    began = time.process_time()
    module = __import__(handler, fromlist=["handler"])
    ready = time.process_time()
    imported = set(sys.modules) - bare
    if watch:
        threading.setprofile(note)
        sys.setprofile(note)
    try:
        report = module.handler(json.loads(event), Context())
    finally:
        sys.setprofile(None)
    done = time.process_time()
    told = {
        "report": report,
        "import_seconds": ready - began,
        "event_seconds": done - ready,
        "imported": sorted(imported),
        "added": sorted(set(sys.modules) - bare - imported),
        "ran": sorted(ran),
    }
    print(json.dumps(told))  # noqa: T201 -- what the parent reads


if __name__ == "__main__":
    main()
