"""What a publisher permits, as far as it is stated where machines read it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stated:
    """The signals that a feed's last document and answer carried, each in one short line."""

    signals: tuple[str, ...] = ()
