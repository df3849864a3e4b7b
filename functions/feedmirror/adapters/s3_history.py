"""The versions that a bucket of Amazon S3 keeps (User Guide, "Working with delete markers")."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from feedmirror.adapters.aws import fault_of, faults
from feedmirror.ports.object_history import Version, Versioning
from feedmirror.ports.object_store import StoreUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef


@dataclass(frozen=True, slots=True)
class S3History:
    """One bucket's versions; who asks needs ListBucketVersions and GetBucketVersioning."""

    client: "S3Client"
    bucket: str

    def versioning(self) -> Versioning:
        """Return whether the bucket keeps versions; raises StoreUnavailableError."""
        try:
            answer = self.client.get_bucket_versioning(Bucket=self.bucket)
        except faults() as error:
            raise self._unavailable("", error) from error
        return Versioning(answer.get("Status", ""))

    def versions(self, prefix: str) -> Iterator[Version]:
        """Yield all versions under a prefix by their keys; raises StoreUnavailableError.

        S3 tells what was deleted apart from the rest, a page of both at a time.
        """
        more: dict[str, Any] = {}
        while True:
            page = self._page(prefix, more)
            found = [
                Version(each["Key"], each["ETag"], each["IsLatest"])
                for each in page.get("Versions", ())
            ]
            found += [
                Version(each["Key"], "", each["IsLatest"], deleted=True)
                for each in page.get("DeleteMarkers", ())
            ]
            yield from sorted(found, key=attrgetter("key"))
            if not page["IsTruncated"]:
                return
            more = {"KeyMarker": page["NextKeyMarker"]}
            if page.get("NextVersionIdMarker"):
                more["VersionIdMarker"] = page["NextVersionIdMarker"]

    def _page(self, prefix: str, more: dict[str, Any]) -> "ListObjectVersionsOutputTypeDef":
        try:
            page = self.client.list_object_versions(Bucket=self.bucket, Prefix=prefix, **more)
        except faults() as error:
            raise self._unavailable(prefix, error) from error
        if page.get("IsTruncated", True) and "NextKeyMarker" not in page:
            # Taken for the end, it would hide what was deleted.
            raise self._unavailable(prefix, "a listing broke off")
        return page

    def _unavailable(self, prefix: str, cause: object) -> StoreUnavailableError:
        place = f"s3://{self.bucket}/{prefix}"
        return StoreUnavailableError(f"{place}: {cause}", fault=fault_of(cause), place=place)
