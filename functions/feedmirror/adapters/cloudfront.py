"""The caches in front of the site: Amazon CloudFront, or none.

The limits follow the developer guide's "Concurrent invalidation request maximum", the meaning of
a reference the API reference's InvalidationBatch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedmirror.adapters.aws import code_of, faults, unavailable
from feedmirror.addresses import digest

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient

_MOST_PATHS, _MOST_WILDCARDS = 3000, 15  # in progress at one time
_EVERYTHING = ["/*"]
_OTHER_PATHS = "InvalidationBatchAlreadyExists"


@dataclass(frozen=True, slots=True)
class CloudFrontCdn:
    """One distribution."""

    client: Callable[[], "CloudFrontClient"]
    distribution: str

    def invalidate(self, paths: Sequence[str], *, reference: str) -> None:
        """Forget what is cached under some paths; the same paths and reference count once.

        More paths than CloudFront ever takes at a time become all of them. Raises
        StoreUnavailableError, also while too many earlier ones are in progress.
        """
        within = _within_limits(paths)
        if not within:
            return
        try:
            self._create(within, reference)
        except faults() as error:
            if code_of(error) != _OTHER_PATHS:
                raise self._unavailable(error) from error
            self._create_beside(within, reference)

    def _create_beside(self, paths: list[str], reference: str) -> None:
        """Ask under a reference of its own for paths that the reference was not used for."""
        try:
            self._create(paths, f"{reference}-{digest(*paths)}")
        except faults() as error:
            raise self._unavailable(error) from error

    def _create(self, paths: list[str], reference: str) -> None:
        self.client().create_invalidation(
            DistributionId=self.distribution,
            InvalidationBatch={
                "Paths": {"Quantity": len(paths), "Items": paths},
                "CallerReference": reference,
            },
        )

    def _unavailable(self, error: Exception) -> Exception:
        return unavailable(f"distribution {self.distribution}", error)


@dataclass(frozen=True, slots=True)
class NoCdn:
    """No caches: what is written is what is served."""

    def invalidate(self, paths: Sequence[str], *, reference: str) -> None:
        """Do nothing."""


def _within_limits(paths: Sequence[str]) -> list[str]:
    """Return the paths once each, in an order of their own, so that a repetition is the same."""
    distinct = sorted(set(paths))
    wildcards = sum(path.endswith("*") for path in distinct)
    if wildcards > _MOST_WILDCARDS or len(distinct) - wildcards > _MOST_PATHS:
        return _EVERYTHING
    return distinct
