"""What a bucket keeps of what was overwritten or deleted: S3 alone has it, an audit alone asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Versioning(StrEnum):
    """Whether a bucket keeps versions, as S3 says it (API reference, "GetBucketVersioning")."""

    NEVER = ""
    ON = "Enabled"
    SUSPENDED = "Suspended"  # what was kept until then is still there


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a key; a delete without a version puts one that is ``deleted`` on top."""

    key: str
    etag: str
    is_current: bool
    deleted: bool = False


class History(Protocol):
    """One bucket's versions; both methods may raise StoreUnavailableError."""

    def versioning(self) -> Versioning:
        """Return whether the bucket keeps versions."""

    def versions(self, prefix: str) -> Iterator[Version]:
        """Yield all versions of the keys under a prefix, those of one key in a row."""
