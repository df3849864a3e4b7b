"""Outgoing mail by Amazon SES (API v2, SendEmail with raw content).

What each error means follows the API reference's SendEmail and the developer guide's "Amazon SES
email sending errors".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedmirror.adapters.aws import code_of, faults, reason_of
from feedmirror.ports.mail import MailRefusedError, MailUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

# Whatever is not among these may succeed later: throttling, quotas, rights that are missing yet.
_FINAL = {
    "MessageRejected": (
        "SES rejected the mail; if it names an identity that is not verified, verify the contact's"
        " domain in this region, or ask for production access, since an account in the sandbox"
        " reaches verified addresses only"
    ),
    "MailFromDomainNotVerifiedException": (
        "the custom MAIL FROM domain is not verified; complete its MX and SPF records, or let SES"
        " fall back to its own"
    ),
    "BadRequestException": "SES takes the mail for malformed",
    "NotFoundException": (
        "SES knows no such identity or configuration set in this region; verify the contact's"
        " domain there"
    ),
    "AccountSuspendedException": (
        "SES has ended the account's sending for good; ask AWS Support, and answer by hand for now"
    ),
    "SendingPausedException": (
        "SES has paused the account's sending; look at the reputation page of its console, and"
        " resume there"
    ),
}


@dataclass(frozen=True, slots=True)
class SesMailer:
    """Sends mail; the client is :func:`aws.make_client`'s, which never sends one mail twice.

    It is made when the first mail is to leave, like every client beside S3's.
    """

    client: Callable[[], "SESV2Client"]

    def send(self, mail: bytes, *, sender: str, recipient: str) -> str:
        """Send one mail and return SES's id, the local part of the Message-ID that it puts on.

        Raises MailRefusedError, or MailUnavailableError if it may be tried again: after a timeout
        or a broken connection the mail may have been sent all the same. Neither names an address.
        Without a region or a profile there is no SES: StoreUnavailableError.
        """
        trouble: MailRefusedError | MailUnavailableError
        try:
            answer = self.client().send_email(
                FromEmailAddress=sender,
                Destination={"ToAddresses": [recipient]},
                Content={"Raw": {"Data": mail}},
            )
        except faults() as error:
            trouble = _trouble(error)
        else:
            if sent := answer.get("MessageId"):
                return sent
            trouble = MailUnavailableError("SES's answer broke off, so nobody knows what it did")
        # Outside of the except clause, so that no traceback brings SES's words, which name people.
        raise trouble


def _trouble(error: Exception) -> MailRefusedError | MailUnavailableError:
    advice = _FINAL.get(code_of(error))
    if advice is None:
        return MailUnavailableError(f"SES did not take the mail: {reason_of(error)}")
    return MailRefusedError(f"{advice} ({reason_of(error)})")
