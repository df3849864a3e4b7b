"""S3 asked by botocore's own way alone, for whoever watches calls where botocore makes them."""

from typing import Any


def keep_at_length(client: Any) -> None:  # noqa: ANN401 -- any of boto3's
    """Have a client of S3 take no short way: it sends a header that the short way does not know."""
    client.meta.events.register("before-call.s3", _with_more, unique_id="kept at length")


def _with_more(params: dict[str, Any], **_: object) -> None:
    params["headers"]["x-amz-request-payer"] = "requester"
