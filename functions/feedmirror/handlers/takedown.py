"""The takedown function's entry point (design §3.5)."""

from typing import Any

from feedmirror.wiring.takedown import takedown_function


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 -- Lambda's own
    """Take in a mail, do a task of the work queue, or what is due; return the report."""
    return takedown_function().handle(event, context)
