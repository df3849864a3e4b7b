"""What the mirror found out that concerns the ledger, which only the takedown function writes."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A token that was seen, as a message to the takedown function."""

    kind: str = "proof"
    case: str
    host: str
    way: str  # a Proving
    token: str

    def to_dict(self) -> dict[str, str]:
        """Return the message as JSON has it."""
        return asdict(self)
