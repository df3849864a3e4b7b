"""What the child processes of ``serve`` do: strangers' mails looked at as Amazon SES would."""

from datetime import UTC, datetime
from typing import Any

from feedmirror.adapters.isolation.brokered_dns import BrokeredDns
from feedmirror.adapters.isolation.codec import from_json, to_json
from feedmirror.adapters.isolation.mail_operations import REHEARSED, NoDns
from feedmirror.adapters.isolation.operation import Ask, Operations
from feedmirror.adapters.isolation.preloading import load_encodings
from feedmirror.local.serving.looking import LOOK
from feedmirror.local.serving.verdicts import look_at


def operations() -> Operations:
    """Load the readers with all that they may need; return what can be asked for, by name."""
    load_encodings()
    look_at(REHEARSED, dns=NoDns(), judged=datetime(2026, 11, 3, 10, tzinfo=UTC))
    return {LOOK: _look}


def _look(judged: Any, mail: bytes, ask: Ask) -> Any:  # noqa: ANN401 -- JSON
    """Look at a mail, and judge it at a moment."""
    moment = from_json(datetime, judged) if judged is not None else None
    return to_json(look_at(mail, dns=BrokeredDns(ask), judged=moment))
