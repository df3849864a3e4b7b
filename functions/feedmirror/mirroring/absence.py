"""What a feed no longer lists, and what that means (rules U1-U4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Absence:
    """What was missing from a feed's last document, and waits to be seen missing once more."""

    suspects: Mapping[str, str] = field(default_factory=dict)  # item → why
