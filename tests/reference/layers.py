"""What may import what, as import-linter is told it."""

import tomllib
from pathlib import Path

from reference.markdown import block

_PROJECT = Path(__file__).parents[2] / "pyproject.toml"
_REMARKS = {"local": "runs the real handlers on one machine"}


def layers() -> str:
    """Return the package's layers from top to bottom; a bar stands between strangers."""
    linter = tomllib.loads(_PROJECT.read_text())["tool"]["importlinter"]
    (rule,) = [each for each in linter["contracts"] if each.get("containers") == ["feedmirror"]]
    lines = [(layer, _remark(layer)) for layer in rule["layers"]]
    return block("\n".join(f"{layer:{36 if remark else 0}}{remark}" for layer, remark in lines))


def _remark(layer: str) -> str:
    return _REMARKS.get(layer, "never each other" if "|" in layer else "")
