"""Mail that goes out."""

from typing import Protocol


class MailRefusedError(Exception):
    """This mail will never be taken: the address, or the account's standing, is at fault."""


class MailUnavailableError(Exception):
    """The mail was not taken now; it may be tried again, and may have been taken all the same."""


class Mailer(Protocol):
    """Sends one mail to one recipient."""

    def send(self, mail: bytes, *, sender: str, recipient: str) -> str:
        """Send a whole RFC 5322 mail and return the id that answers to it will name.

        Raises MailRefusedError or MailUnavailableError.
        """
