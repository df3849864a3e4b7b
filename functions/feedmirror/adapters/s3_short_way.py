"""The short way to S3: what botocore has just asked for one key, asked for the next.

botocore works out a request's endpoint, headers and signature anew each time, and takes its answer
apart by a description of the service. For the three requests that the store makes by the thousand
all of it is the same but for key, content and signature. So the first of each kind goes as ever,
and is looked at where it leaves; the next ones are made by us, if we would have made that one the
same, and take botocore's own connections (``s3_requests``).

Whatever is not answered by a plain 200 is botocore's again: it makes the same call, and the answer
or the exception that came is given to it as what its first attempt met. So it judges, waits, sends
again and raises as ever, and counts attempts as if it had sent them all.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from feedmirror.adapters.s3_requests import UNDERSTOOD, Way, described, way_of

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.credentials import Credentials
    from mypy_boto3_s3 import S3Client

HANDED_ON = "x-feedmirror-handed-on"
"""A header of what hooks see for the second time, with an answer already there; never sent."""

_Call = Callable[..., Any]


def shortened(client: "S3Client", credentials: Callable[[], "Credentials | None"]) -> "S3Client":
    """Return the client with a short way for gets, heads and puts; all else is the client's own.

    ``credentials`` gives those that the client signs with.
    """
    with_short_way: Any = _Shortened(client, credentials)
    found: S3Client = with_short_way
    return found


class _Here(threading.local):
    """What is under way in this thread: an answer for botocore, and what a call of it sent."""

    answer: "AWSResponse | Exception | None" = None
    sent: "list[AWSPreparedRequest] | None" = None


class _Shortened:
    """A client of S3, safe to use from many threads as botocore's are."""

    def __init__(self, client: "S3Client", credentials: "Callable[[], Credentials | None]") -> None:
        self._client = client
        self._credentials = credentials
        self._ways: dict[tuple[str, str], Way] = {}
        self._here = _Here()
        events: Any = client.meta.events  # typed as if an answer of a handler's were lost
        self._events = events
        for operation in ("GetObject", "HeadObject", "PutObject"):
            events.register_first(f"before-send.s3.{operation}", self._before_send)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever a client has
        return getattr(self._client, name)

    def close(self) -> None:
        """Close the client and its connections, which the ways would keep open."""
        self._ways.clear()
        self._client.close()

    def get_object(self, **request: Any) -> Any:  # noqa: ANN401 -- as boto3's
        """Get an object; its body is yet to be read."""
        from botocore.response import StreamingBody  # noqa: PLC0415 -- loaded with the client

        answer = self._quick_answer("GetObject", request)
        if answer is None:
            return self._at_length("GetObject", self._client.get_object, request)
        length: Any = answer.headers.get("content-length")
        body = StreamingBody(answer.raw, length)
        return {**described(answer), "Body": body}

    def head_object(self, **request: Any) -> Any:  # noqa: ANN401 -- as boto3's
        """Ask what is known of an object."""
        answer = self._quick_answer("HeadObject", request)
        if answer is None:
            return self._at_length("HeadObject", self._client.head_object, request)
        return {**described(answer), "ContentLength": int(answer.headers["content-length"])}

    def put_object(self, **request: Any) -> Any:  # noqa: ANN401 -- as boto3's
        """Put an object."""
        answer = self._quick_answer("PutObject", request)
        if answer is None:
            return self._at_length("PutObject", self._client.put_object, request)
        return {"ETag": answer.headers["etag"]}

    def _quick_answer(self, operation: str, request: dict[str, Any]) -> "AWSResponse | None":
        """Return a plain answer; else None, and what came is kept for botocore's first attempt."""
        way = self._ways.get((request["Bucket"], operation))
        if way is None or not request.keys() <= UNDERSTOOD:
            return None
        prepared = way.request(request, stamp=f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        try:
            answer = self._answer(operation, way, prepared)
        except Exception as error:  # noqa: BLE001 -- botocore judges it, as it would its own
            self._here.answer = error
            return None
        if not _plain(answer, prepared):
            self._here.answer = answer
            return None
        # From this botocore learns that things go well, and has retries to spare again.
        self._events.emit(
            f"after-call.s3.{operation}", http_response=answer, parsed={}, model=None, context={}
        )
        return answer

    def _answer(self, operation: str, way: Way, prepared: "AWSPreparedRequest") -> "AWSResponse":
        """Send a request, unless a hook answers it: they are asked as botocore asks them."""
        found = self._events.emit(f"before-send.s3.{operation}", request=prepared)
        answers = (answer for _, answer in found if answer is not None)
        return next(answers, None) or way.answer(prepared)

    def _at_length(self, operation: str, call: _Call, request: dict[str, Any]) -> Any:  # noqa: ANN401 -- as boto3's
        """Have botocore make a call, and learn its way from it."""
        here = self._here
        sent: list[AWSPreparedRequest] = []
        here.sent = sent
        try:
            found = call(**request)
        finally:
            here.answer = here.sent = None
        credentials = self._credentials()
        if sent and credentials is not None:
            way = way_of(sent[-1], request, client=self._client, credentials=credentials)
            if way is not None:
                self._ways[request["Bucket"], operation] = way
        return found

    def _before_send(self, request: "AWSPreparedRequest", **_: object) -> "AWSResponse | None":
        """Give botocore what the short way met, once, and note what is about to be sent."""
        here = self._here
        answer, here.answer = here.answer, None
        if here.sent is not None:
            here.sent.append(request)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            request.headers[HANDED_ON] = "1"
        return answer


def _plain(answer: "AWSResponse", request: "AWSPreparedRequest") -> bool:
    """Tell whether an answer says that it was done; S3 may answer 200 with an error for a body."""
    if answer.status_code != HTTPStatus.OK or "etag" not in answer.headers:
        return False
    return request.stream_output or not answer.content
