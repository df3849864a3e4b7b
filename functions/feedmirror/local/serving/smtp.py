"""Mail by SMTP on loopback (RFC 5321, by aiosmtpd): for the contact and nobody else.

What is acknowledged is kept; what is not kept is not acknowledged.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from feedmirror.local.serving.mailroom import Letter
from feedmirror.local.serving.places import LOOPBACK, PortTakenError, is_taken
from feedmirror.takedowns.senders.mailboxes import bare_mailbox

LARGEST = 4 * 2**20  # bytes; of more than 2 MB only the header is read, and a person looks at it
_MOST_AT_ONCE = 2  # mails that are received: a line takes 70 bytes, so half a GB at the most
_TURN = 60.0  # seconds that a client waits for its turn
_WHOLE_MAIL = 600.0  # seconds that one mail may take
_MOST_RECIPIENTS = 100  # RFC 5321 §4.5.3.1.8
_LONGEST_LINE = 2**20  # bytes; the standard's 1000 are for senders, and pages in one line are sent
_PATIENCE = 300  # seconds that a silent client is waited for (RFC 5321 §4.5.3.2.7)
_LATER = "451 4.3.0 It could not be kept; try again later"


@dataclass(frozen=True, slots=True)
class Reception:
    """What is done about each command.

    ``contact`` is the address that mail is for, ``keep`` keeps one and returns its id: both may
    raise anything, and then the client is asked to come again.
    """

    contact: Callable[[], str]
    keep: Callable[[Letter], str]

    async def handle_MAIL(  # noqa: N802, PLR0917 -- aiosmtpd's own
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take any sender that can be written down; none at all is a bounce's."""
        del server, session
        if not _is_text(address):
            return "553 5.1.7 The sender's address is not in UTF-8"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802, PLR0917 -- aiosmtpd's own
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the contact, in any case and with any tag."""
        del server, session
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            contact = await asyncio.to_thread(self.contact)
        except Exception:  # noqa: BLE001 -- whatever it is, the client may come again
            return _LATER
        if not _is_text(address) or bare_mailbox(address) != bare_mailbox(contact):
            return "550 5.1.1 There is no such mailbox here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's own
        """Keep the mail, then acknowledge it."""
        del server
        letter = Letter(
            sender=(envelope.mail_from or "").removeprefix("<").removesuffix(">"),
            recipients=tuple(envelope.rcpt_tos),
            client=session.host_name or "",
            body=bytes(envelope.original_content or b""),
        )
        try:
            ses_id = await asyncio.to_thread(self.keep, letter)
        except Exception:  # noqa: BLE001 -- it is not kept, and must not be acknowledged
            return _LATER
        return f"250 2.0.0 Kept as {ses_id}"

    async def handle_exception(self, error: Exception) -> str:
        """Ask the client to come again."""
        del error
        return "451 4.3.0 Something went wrong here; try again later"


class _Protocol(SMTP):
    """The conversation, with longer lines, and few mails at a time."""

    line_length_limit = _LONGEST_LINE

    def __init__(self, reception: Reception, turns: asyncio.Semaphore, **options: Any) -> None:  # noqa: ANN401 -- aiosmtpd's own
        """Take what is done about each command, and what gives a mail its turn."""
        super().__init__(reception, **options)
        self._turns = turns

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 -- aiosmtpd's own
        """Receive a mail in its turn, or have the client come again (RFC 5321 §3.8, §4.2.3)."""
        try:
            await asyncio.wait_for(self._turns.acquire(), _TURN)
        except TimeoutError:
            await self.push("421 4.3.2 Too many mails at once; try again later")
            if self.transport is not None:
                self.transport.close()
            return
        try:
            async with asyncio.timeout(_WHOLE_MAIL):
                await super().smtp_DATA(arg)
        except TimeoutError:  # aiosmtpd has closed the connection
            return
        finally:
            self._turns.release()


class SmtpServer:
    """A server on loopback; it listens from the start and converses once it has begun."""

    def __init__(self, port: int) -> None:
        """Listen; raises PortTakenError."""
        try:
            self._socket = socket.create_server((LOOPBACK, port))
        except OSError as error:
            if is_taken(error):
                raise PortTakenError("--smtp-port", port, error) from error
            raise
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread: Thread | None = None

    def begin(self, reception: Reception) -> None:
        """Take mail from now on."""
        logging.getLogger("mail").setLevel(logging.CRITICAL)  # aiosmtpd's own, with addresses in it

        turns = asyncio.Semaphore(_MOST_AT_ONCE)

        def conversation() -> _Protocol:
            return _Protocol(
                reception,
                turns,
                data_size_limit=LARGEST,
                enable_SMTPUTF8=True,
                hostname="localhost",
                ident="feedmirror",
                timeout=_PATIENCE,
                loop=self._loop,
            )

        server = self._loop.run_until_complete(
            self._loop.create_server(conversation, sock=self._socket)
        )

        def run() -> None:
            self._loop.run_forever()
            server.close()
            self._loop.run_until_complete(_end_all())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

        self._thread = Thread(target=run, daemon=True)
        self._thread.start()

    def end(self, *, seconds: float = 5.0) -> None:
        """Take no more mail; what is being kept just now is kept, acknowledged or not."""
        if self._thread is None:
            self._socket.close()
            self._loop.close()
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(seconds)


async def _end_all() -> None:
    """End every conversation; what a thread of one is keeping meanwhile, it keeps."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _is_text(address: str) -> bool:
    """Tell whether an address was UTF-8: what was not holds surrogates now."""
    return not any("\ud800" <= letter <= "\udfff" for letter in address)
