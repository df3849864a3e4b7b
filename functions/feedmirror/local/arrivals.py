"""Mail as Amazon SES hands it on (SES Developer Guide, "Lambda action: Event"), made here."""

from datetime import datetime
from email import policy
from email.parser import BytesParser
from email.utils import parseaddr
from typing import Any

from feedmirror.addresses import digest

_VERDICTS = ("spamVerdict", "virusVerdict", "spfVerdict", "dkimVerdict", "dmarcVerdict")


def mail_id(mail: bytes) -> str:
    """Return the id that stands for SES's own: the same bytes are the same mail."""
    return f"file-{digest('mail', mail.decode('latin-1'))}"


def ses_event(mail: bytes, *, ses_id: str, to: str, when: datetime) -> dict[str, Any]:
    """Return SES's event for a mail whose every check passed."""
    headers = BytesParser(policy=policy.compat32).parsebytes(mail, headersonly=True)
    sender, subject = str(headers["From"] or ""), str(headers["Subject"] or "")
    arrived = when.isoformat().replace("+00:00", "Z")
    return {
        "Records": [
            {
                "eventSource": "aws:ses",
                "eventVersion": "1.0",
                "ses": {
                    "mail": {
                        "timestamp": arrived,
                        "source": parseaddr(sender)[1],
                        "messageId": ses_id,
                        "destination": [to],
                        "headersTruncated": False,
                        "commonHeaders": {"from": [sender], "to": [to], "subject": subject},
                    },
                    "receipt": {
                        "timestamp": arrived,
                        "processingTimeMillis": 100,
                        "recipients": [to],
                        **{verdict: {"status": "PASS"} for verdict in _VERDICTS},
                        "action": {"type": "Lambda", "invocationType": "Event"},
                    },
                },
            }
        ]
    }
