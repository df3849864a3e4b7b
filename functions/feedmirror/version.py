"""The software's version: in the user agent, in feeds, and in the mark of a configuration."""

VERSION = "0.1.0"


def user_agent(site: str, contact: str) -> str:
    """Return what every request to a publisher says: who asks, what for, and whom to write to."""
    return f"feedmirror/{VERSION} (+{site}/publishers/; {contact})"
