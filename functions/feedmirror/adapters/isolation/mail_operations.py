"""What the child process of the takedown function does: strangers' mails read."""

from datetime import UTC, datetime
from typing import Any

from feedmirror.adapters.isolation.brokered_dns import BrokeredDns
from feedmirror.adapters.isolation.codec import from_json, to_json
from feedmirror.adapters.isolation.mail_reader import READ, Asked
from feedmirror.adapters.isolation.operation import Ask, Operations
from feedmirror.adapters.isolation.preloading import load_encodings
from feedmirror.configuration import MirrorSettings
from feedmirror.takedowns.reading.understanding import Understanding
from feedmirror.takedowns.senders.receipt import Receipt, Verdict, mailbox_key

# It has some of all that mails have, so that reading it loads what is loaded when it is needed.
REHEARSED = (
    b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com; s=a;\r\n"
    b" h=from:to:subject:date; bh=AAAA; b=AAAA\r\n"
    b"From: =?utf-8?q?Zo=C3=AB?= <zoe@example.com>\r\nTo: takedown@example.org\r\n"
    b"Subject: =?utf-8?b?TMO2c2NoZW4=?=\r\nDate: Tue, 3 Nov 2026 10:11:12 +0100\r\n"
    b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Please remove example.com/a and b=C3=BCcher.example now and in the future.\r\n"
    b'--b\r\nContent-Type: text/html\r\n\r\n<p><a href="https://example.com/a">that</a></p>\r\n'
    b"--b\r\nContent-Type: text/xml\r\n\r\n<Infringement/>\r\n"
    b"--b\r\nContent-Type: application/json\r\nContent-Transfer-Encoding: base64\r\n\r\ne30=\r\n"
    b"--b--\r\n"
)


def operations() -> Operations:
    """Load the readers with all that they may need; return what can be asked for, by name."""
    load_encodings()
    _rehearse()
    return {READ: _read}


def _read(arguments: Any, mail: bytes, ask: Ask) -> Any:  # noqa: ANN401 -- JSON
    """Read a mail."""
    asked = from_json(Asked, arguments)
    reader = Understanding(asked.mirror, BrokeredDns(ask))
    return to_json(reader.read(mail, asked.receipt, judged=asked.judged))


def _rehearse() -> None:
    """Read a mail that has some of everything, for a signature that is asked about."""
    now = datetime(2026, 11, 3, 10, tzinfo=UTC)
    receipt = Receipt(
        ses_id="rehearsal",
        received=now,
        from_keys=(mailbox_key("zoe@example.com"),),
        dkim=Verdict.PASS,
        dmarc=Verdict.GRAY,
    )
    mirror = MirrorSettings(
        name="", site="https://example.org", contact="takedown@example.org", operator=""
    )
    Understanding(mirror, NoDns()).read(REHEARSED, receipt, judged=now)


class NoDns:
    """DNS that knows no name."""

    def txt(self, name: str) -> tuple[bytes, ...]:  # noqa: ARG002 -- whatever it is
        """Return no text."""
        return ()
