"""The two functions as Lambda has them, over the cloud: the real handlers, adapters and wiring."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from feedmirror.adapters.cloudfront import CloudFrontCdn
from feedmirror.adapters.s3 import S3Store
from feedmirror.adapters.ses import SesMailer
from feedmirror.adapters.sns import SnsAlarms
from feedmirror.adapters.sqs import SqsQueue
from feedmirror.adapters.telemetry import Telemetry
from feedmirror.adapters.workers import InOrder
from feedmirror.jobs.auditing.audit import Audit
from feedmirror.jobs.configure import ReadConfiguration
from feedmirror.ports.fetching import Fetcher
from feedmirror.settings import Settings
from feedmirror.takedowns.reading.understanding import Understanding
from feedmirror.version import VERSION
from feedmirror.wiring.audit import compose_audit
from feedmirror.wiring.mirror import MirrorFunction
from feedmirror.wiring.outside import Outside
from feedmirror.wiring.stores import Stores
from feedmirror.wiring.takedown import Surroundings, TakedownFunction
from in_process import IN_PROCESS
from simulator.clients import (
    Caller,
    CloudFrontClient,
    S3Client,
    SesClient,
    SnsClient,
    SqsClient,
)
from simulator.cloud import ARCHIVE, LEDGER, MAIL, SITE, Cloud
from simulator.publishers import Publishers, ScriptedFetcher
from simulator.scheduler import Process

POLLS, WORK = "https://sqs.example/polls", "https://sqs.example/work"
SETTINGS = Settings(
    archive_bucket=ARCHIVE,
    site_bucket=SITE,
    ledger_bucket=LEDGER,
    mail_bucket=MAIL,
    poll_queue_url=POLLS,
    work_queue_url=WORK,
    distribution_id="EXAMPLE",
    topic_arn="arn:aws:sns:eu-central-1:123456789012:alarms",
)
_AMPLE, _SCARCE = timedelta(minutes=14), timedelta(seconds=20)


class Quiet(Telemetry):
    """Tells nobody: what is counted and logged has its own tests."""

    def __init__(self) -> None:
        """Need neither a logger nor metrics."""

    def mirrored(self, report: Any) -> None: ...

    def taken_down(self, report: Any) -> None: ...

    def task_failed(self, message: str, error: Exception) -> None: ...

    def refused(self, problem: str) -> None: ...


class NoNames:
    """DNS without a record."""

    def txt(self, _: str) -> tuple[bytes, ...]:
        return ()


@dataclass(frozen=True)
class Context:
    """Lambda's context: ample time, or time that runs out at a call."""

    process: Process | None = None
    last_call: int | None = None

    def get_remaining_time_in_millis(self) -> int:
        return int(self.time_left().total_seconds() * 1000)

    def time_left(self) -> timedelta:
        if self.process is None or self.last_call is None or self.process.calls < self.last_call:
            return _AMPLE
        return _SCARCE


@dataclass(frozen=True)
class Functions:
    """Makes functions that run in a process of their own, cold."""

    cloud: Cloud
    publishers: Publishers

    def mirror(self, process: Process | None) -> MirrorFunction:
        caller = Caller(self.cloud, process)

        def fetcher(*_: object, **__: object) -> Fetcher:
            return ScriptedFetcher(self.publishers, caller)

        sqs = SqsClient(self.cloud, process)
        outside = Outside(
            fetcher=fetcher,
            parsers=lambda: IN_PROCESS,
            queue=lambda url: SqsQueue(lambda: sqs, url),  # type: ignore[arg-type, return-value]  # in its place
            dns=NoNames,
            clock=lambda: self.cloud.now,
            nonce=self.cloud.nonce,
        )
        return MirrorFunction(SETTINGS, self.stores(process), Quiet(), outside)

    def takedown(self, process: Process | None) -> TakedownFunction:
        about: Any = (self.cloud, process)
        ses, sqs = SesClient(*about), SqsClient(*about)
        sns, cloudfront = SnsClient(*about), CloudFrontClient(*about)
        surroundings = Surroundings(
            mailer=SesMailer(lambda: ses),  # type: ignore[arg-type, return-value]  # in its place
            dns=NoNames(),
            cdn=CloudFrontCdn(lambda: cloudfront, "EXAMPLE"),  # type: ignore[arg-type, return-value]  # in its place
            alarms=SnsAlarms(lambda: sns, "arn:aws:sns:eu-central-1:123456789012:alarms"),  # type: ignore[arg-type, return-value]  # in its place
            queue=SqsQueue(lambda: sqs, WORK),  # type: ignore[arg-type, return-value]  # in its place
            reader=Understanding,
        )
        return TakedownFunction(
            SETTINGS,
            self.stores(process),
            self.store(MAIL, process),
            surroundings,
            Quiet(),
            clock=lambda: self.cloud.now,
            nonce=self.cloud.nonce,
        )

    def audit(self) -> Audit:
        """Return an audit that disturbs nobody."""
        stores = self.stores(None)
        configured = ReadConfiguration(stores.archive, VERSION).run()
        return compose_audit(
            stores,
            self.store(MAIL, None),
            configured.configuration,
            clock=lambda: self.cloud.now,
        )

    def stores(self, process: Process | None) -> Stores:
        return Stores(
            archive=self.store(ARCHIVE, process),
            site=self.store(SITE, process),
            ledger=self.store(LEDGER, process),
            workers=InOrder(),  # no thread of ours may run beside the one that has its turn
        )

    def store(self, name: str, process: Process | None) -> S3Store:
        client: Any = S3Client(self.cloud, process)
        return S3Store(client, name, pause=0.0)
