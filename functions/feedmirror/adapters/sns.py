"""The operator's alarms: by Amazon SNS, or as lines of the log."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedmirror.adapters.aws import faults, unavailable
from feedmirror.characters import printable_line

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_SUBJECT, _TEXT = 99, 60_000  # characters: SNS takes under 100, and under 256 KiB of UTF-8


@dataclass(frozen=True, slots=True)
class SnsAlarms:
    """Alarms that SNS brings to whoever has subscribed to the topic."""

    client: Callable[[], "SNSClient"]
    topic: str

    def alarm(self, subject: str, text: str) -> None:
        """Tell that something is wrong, shortened to what SNS takes.

        Raises StoreUnavailableError.
        """
        try:
            self.client().publish(
                TopicArn=self.topic, Subject=_subject(subject), Message=_text(text) or subject
            )
        except faults() as error:
            raise unavailable(f"topic {self.topic}", error) from error


def _subject(text: str) -> str:
    """Return a text without ends of lines and controls (API reference, Publish)."""
    line = printable_line(text)
    return line if len(line) <= _SUBJECT else line[: _SUBJECT - 1] + "…"


def _text(text: str) -> str:
    """Return a text that UTF-8 can say, within the size that a topic takes unless told more."""
    return text.encode(errors="replace").decode()[:_TEXT]
