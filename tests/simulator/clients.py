"""Clients of Amazon's services as boto3 makes them, over a cloud in memory; faults happen here.

They stand where boto3 stands, retries and all: below our own code, above the wire. Every call first
gives the others their turn, then meets its fate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from botocore.exceptions import ClientError, ReadTimeoutError

from simulator.buckets import refused
from simulator.cloud import Cloud
from simulator.faults import Fate
from simulator.scheduler import Process

T = TypeVar("T")
_RETRIES = 3  # of an SDK that makes four attempts in all
_TIMEOUTS = {Fate.TIMEOUT_LOST, Fate.TIMEOUT_DONE}
_RETRIED = {Fate.RESENT, Fate.OVERTAKEN, Fate.SLOWED_DOWN_ONCE}
# Code, status, and how often the SDK has sent it again before it says so.
_REFUSALS = {
    Fate.SLOWED_DOWN: ("SlowDown", 503, _RETRIES),
    Fate.FAILED: ("InternalError", 500, _RETRIES),
    Fate.FAILED_DONE: ("InternalError", 500, _RETRIES),
    Fate.CONFLICT: ("ConditionalRequestConflict", 409, 0),
    Fate.THROTTLED: ("TooManyRequestsException", 429, _RETRIES),
    Fate.REJECTED: ("MessageRejected", 400, 0),
}


@dataclass(frozen=True)
class Body:
    """The body of an answer, which may break off."""

    content: bytes
    breaks_off: bool = False

    def read(self) -> bytes:
        """Return it whole, or raise what botocore raises."""
        if self.breaks_off:
            raise ReadTimeoutError(endpoint_url="https://s3.example")
        return self.content


@dataclass(frozen=True)
class Caller:
    """Whose calls they are: a process, or, without one, somebody who disturbs nobody."""

    cloud: Cloud
    process: Process | None = None

    def call(self, method: str, where: str, act: Callable[[], T]) -> tuple[Fate, T]:
        """Do what a call asks for, or what its fate makes of it."""
        if self.process is None:
            return Fate.FINE, act()
        self.cloud.scheduler.turn(self.process, f"{method} {where}")
        fate = self.cloud.weather.fate(method)
        self.cloud.calls += 1
        self.cloud.scheduler.note(f"{self.process.name}: {method} {where} {fate}")
        return fate, self._done(fate, method, act)

    def die(self) -> NoReturn:
        """End the process here and now."""
        assert self.process is not None
        raise self.cloud.scheduler.crash(self.process)

    def _done(self, fate: Fate, method: str, act: Callable[[], T]) -> T:
        match fate:
            case Fate.CRASH_BEFORE:
                self.die()
            case Fate.CRASH_AFTER:
                _try(act)
                self.die()
            case Fate.CRASH_ON_THE_WIRE:
                self.cloud.put_on_wire(act)
                self.die()
            case Fate.TIMEOUT_ON_THE_WIRE:
                self.cloud.put_on_wire(act)
                raise _timeout()
            case Fate.OVERTAKEN:
                self.cloud.put_on_wire(act)
            case Fate.RESENT:
                _try(act)
            case _:
                pass
        return self._answered(fate, method, act)

    @staticmethod
    def _answered(fate: Fate, method: str, act: Callable[[], T]) -> T:
        if fate in {Fate.TIMEOUT_DONE, Fate.FAILED_DONE}:
            _try(act)
        if fate in _TIMEOUTS:
            raise _timeout()
        if fate in _REFUSALS:
            code, status, retries = _REFUSALS[fate]
            raise refused(method, code, status, retries=retries)
        try:
            return act()
        except ClientError as error:
            if fate in _RETRIED:
                error.response["ResponseMetadata"]["RetryAttempts"] = 1
            raise


def _try(act: Callable[[], object]) -> None:
    """Do something whose answer nobody gets."""
    try:
        act()
    except ClientError:
        return


def _timeout() -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url="https://aws.example")


class S3Client(Caller):
    """Amazon S3."""

    def get_object(self, **request: Any) -> dict[str, Any]:
        fate, held = self._of(request, "get", lambda bucket: bucket.get(request["Key"]))
        return {
            "Body": Body(held.body, breaks_off=fate is Fate.BROKEN_OFF),
            "ETag": held.etag,
            "ContentType": held.content_type,
            "Metadata": dict(held.metadata),
            **({"CacheControl": held.cache_control} if held.cache_control else {}),
        }

    def head_object(self, **request: Any) -> dict[str, Any]:
        _, held = self._of(request, "head", lambda bucket: bucket.head(request["Key"]))
        return {
            "ETag": held.etag,
            "ContentLength": len(held.body),
            "Metadata": dict(held.metadata),
        }

    def put_object(self, **request: Any) -> dict[str, Any]:
        _, etag = self._of(request, "put", lambda bucket: bucket.put(request))
        return {"ETag": etag}

    def delete_object(self, **request: Any) -> None:
        """Delete: only planted faults ask for it."""
        self._of(request, "delete", lambda bucket: bucket.delete(request["Key"]))

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        page: dict[str, Any]
        fate, page = self._of(request, "list", lambda bucket: bucket.listing(request))
        if fate is Fate.BROKEN_OFF:
            del page["IsTruncated"]
            page.pop("NextContinuationToken", None)
        return page

    def _of(self, request: Any, method: str, act: Callable[[Any], T]) -> tuple[Fate, T]:
        bucket = self.cloud.buckets[request["Bucket"]]
        where = f"{bucket.name}/{request.get('Key', request.get('Prefix', ''))}"
        return self.call(method, where, lambda: act(bucket))


class SesClient(Caller):
    """Amazon SES as far as sending goes."""

    def send_email(self, **request: Any) -> dict[str, Any]:
        [recipient] = request["Destination"]["ToAddresses"]
        raw = request["Content"]["Raw"]["Data"]
        _, sent = self.call("mail", recipient, lambda: self.cloud.mail_out(recipient, raw))
        return {"MessageId": sent}


class SqsClient(Caller):
    """Amazon SQS as far as sending goes."""

    def send_message(self, **request: Any) -> None:
        url, body = request["QueueUrl"], request["MessageBody"]
        self.call("send", f"{url} {body}", lambda: self.cloud.queue(url, body))


class SnsClient(Caller):
    """Amazon SNS as far as publishing goes."""

    def publish(self, **request: Any) -> None:
        text = f"{request['Subject']}: {request['Message']}"
        self.call("alarm", text, lambda: self.cloud.alarms.append(text))


class CloudFrontClient(Caller):
    """Amazon CloudFront as far as its caches are told to forget."""

    def create_invalidation(self, **request: Any) -> None:
        self.call("invalidate", request["InvalidationBatch"]["CallerReference"], lambda: None)
