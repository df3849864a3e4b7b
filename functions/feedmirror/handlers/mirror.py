"""The mirror function's entry point (design §3.5)."""

from typing import Any

from feedmirror.wiring.mirror import mirror_function


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 -- Lambda's own
    """Poll what is due, for any scheduled event; return the report."""
    return mirror_function().handle(event, context)
