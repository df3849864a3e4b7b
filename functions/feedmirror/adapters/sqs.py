"""Work handed on by Amazon SQS."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from feedmirror.adapters.aws import faults, unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_LARGEST = 2**20  # bytes of a message (API reference, SendMessage)


@dataclass(frozen=True, slots=True)
class SqsQueue:
    """One standard queue: a task may come more than once and in any order."""

    client: Callable[[], "SQSClient"]
    url: str

    def send(self, task: Mapping[str, Any]) -> None:
        """Hand on one task as JSON in ASCII, which SQS takes whole.

        Raises StoreUnavailableError, and ValueError for a task beyond SQS's limit.
        """
        body = json.dumps(dict(task), separators=(",", ":"))
        if len(body) > _LARGEST:
            raise ValueError(f"a task has at most {_LARGEST} bytes, not {len(body)}: slice it")
        try:
            self.client().send_message(QueueUrl=self.url, MessageBody=body)
        except faults() as error:
            raise unavailable(f"queue {self.url}", error) from error
