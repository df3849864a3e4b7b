"""Give a file to a target as the fuzzer does: ``python tests/fuzz/replay.py TARGET FILE...``."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]


def main() -> None:
    """Run each file through its target; what fails is raised."""
    from fuzz.registry import target_named  # noqa: PLC0415 -- found by the path above

    name, *files = sys.argv[1:]
    target = target_named(name)
    for file in files:
        accepted = target.run(Path(file).read_bytes())
        print(f"{file}: {'read' if accepted else 'refused'}")  # noqa: T201 -- a script


if __name__ == "__main__":
    main()
