"""Outgoing mail on one's own machine: kept in the embedded mail bucket, sent to nobody."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime

from feedmirror.addresses import digest
from feedmirror.ports.mail import MailUnavailableError
from feedmirror.ports.object_store import (
    Content,
    LostConditionError,
    ObjectStore,
    StoreUnavailableError,
)

OUTBOX = "outbox/"
_NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OutboxMailer:
    """Keeps each mail as ``outbox/<id>.eml``, ids sorting by the mails' own dates.

    The same mail has the same id and is kept once, however often it is sent; ``nonce`` tells
    apart what is the same to the byte and yet another mail.
    """

    store: ObjectStore
    nonce: str = ""

    def send(self, mail: bytes, *, sender: str, recipient: str) -> str:
        """Keep one mail and return its id, the local part of the Message-ID that is put on it.

        Raises MailUnavailableError.
        """
        name = f"{_date(mail):%Y%m%dT%H%M%SZ}-{_hash(mail, sender, recipient, self.nonce)}"
        body = f"Message-ID: <{name}@outbox.invalid>\r\n".encode() + mail
        try:
            self.store.put(f"{OUTBOX}{name}.eml", Content(body, "message/rfc822"), replaces=None)
        except LostConditionError:
            return name  # it is there already
        except StoreUnavailableError as error:
            raise MailUnavailableError(f"the outbox did not take the mail: {error}") from error
        return name


def _date(mail: bytes) -> datetime:
    try:
        return parsedate_to_datetime(str(BytesHeaderParser().parsebytes(mail)["Date"])).astimezone(
            UTC
        )
    except (TypeError, ValueError, OverflowError):
        return _NO_DATE


def _hash(mail: bytes, *beside: str) -> str:
    return digest(mail.decode("latin-1"), *beside)
