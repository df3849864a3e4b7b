"""What a host has to show to prove that it asked."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from feedmirror.addresses import host_of
from feedmirror.stored import checked, read_json
from feedmirror.takedowns.casework.proofs import TOKEN
from feedmirror.takedowns.decisions.decision import Proving

WELL_KNOWN_PATH = "/.well-known/feedmirror-takedown.txt"  # RFC 8615: only the host writes there


class ChallengeUnreadableError(Exception):
    """A stored challenge that is not of this schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A token that is looked for at a host until a time, for one case.

    ``feed`` is the address of the feed that may show it, ``provisional`` tells that the case's
    content is masked meanwhile. ``nonce`` is what else would prove it, sent back by the mailbox
    whose hash is ``asks``.
    """

    case: str
    host: str
    token: str
    ways: tuple[Proving, ...]
    until: datetime
    feed: str = ""
    provisional: bool = False
    closed: bool = False
    asks: str = ""
    nonce: str = ""

    def is_open(self, now: datetime) -> bool:
        """Tell whether the token is still looked for."""
        return not self.closed and now < self.until


def challenge_to_json(challenge: Challenge) -> bytes:
    """Return a challenge's stored form."""
    fields = {"schema": 1, **asdict(challenge), "until": challenge.until.isoformat()}
    return json.dumps(fields, indent=1).encode()


def challenge_from_json(body: bytes) -> Challenge:
    """Read a stored challenge; raises ChallengeUnreadableError."""
    try:
        fields: dict[str, Any] = read_json(body)
        if fields.pop("schema") != 1:
            raise ChallengeUnreadableError("not a challenge of schema 1")
        until = datetime.fromisoformat(fields.pop("until"))
        ways = tuple(map(Proving, fields.pop("ways")))
        challenge = checked(Challenge(**fields, ways=ways, until=until))
        faults = tuple(_faults(challenge))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ChallengeUnreadableError(f"not a challenge of schema 1: {error!r}") from error
    if faults:
        raise ChallengeUnreadableError(f"not a challenge of schema 1: {', '.join(faults)}")
    return challenge


def _faults(challenge: Challenge) -> Iterable[str]:
    """Yield what is wrong: a token or a host of another form could prove, or reach, anything."""
    if not TOKEN.fullmatch(challenge.token):
        yield "token"
    if not challenge.case:
        yield "case"
    if challenge.host != host_of(f"https://{challenge.host}/"):
        yield "host"


def dns_name(host: str) -> str:
    """Return the name whose TXT records may show a token."""
    return f"_feedmirror.{host}"
