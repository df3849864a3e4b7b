"""The takedown function put together: settings to stores, stores to jobs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

from feedmirror.adapters.clock import fresh_nonce, utc_now
from feedmirror.adapters.telemetry import Telemetry, telemetry
from feedmirror.configuration import Configuration, MirrorSettings
from feedmirror.jobs.configure import NotConfiguredError, ReadConfiguration
from feedmirror.jobs.rules import RuleReader
from feedmirror.jobs.takedown.answers import Answers
from feedmirror.jobs.takedown.background import Backgrounds
from feedmirror.jobs.takedown.carry_on import CarryOn
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.jobs.takedown.correspond import Correspond
from feedmirror.jobs.takedown.entomb import Entomb
from feedmirror.jobs.takedown.find_claims import FindClaims
from feedmirror.jobs.takedown.letters import Letters
from feedmirror.jobs.takedown.limits import Limits
from feedmirror.jobs.takedown.open_challenges import OpenChallenges
from feedmirror.jobs.takedown.reapply import Reapply
from feedmirror.jobs.takedown.removal_log import RemovalLog
from feedmirror.jobs.takedown.restore import Restore
from feedmirror.jobs.takedown.sweep import Sweep
from feedmirror.jobs.takedown.take_in import TakeIn
from feedmirror.jobs.takedown.takedown_run import TakedownRun
from feedmirror.jobs.takedown.undo import Undo
from feedmirror.ports.aftermath import Alarms, Cdn, WorkQueue
from feedmirror.ports.dns import TxtLookup
from feedmirror.ports.mail import Mailer
from feedmirror.ports.object_store import ObjectStore
from feedmirror.settings import Settings, SettingsError, read_settings
from feedmirror.takedowns.casework.cases import Case
from feedmirror.takedowns.reading.understood import MailReader
from feedmirror.takedowns.senders.receipt import receipts_of
from feedmirror.version import VERSION
from feedmirror.wiring.stores import (
    Stores,
    about_pages_of,
    open_bucket,
    open_stores,
    publisher_of,
)

if TYPE_CHECKING:
    from feedmirror.adapters.isolation.child_process import ChildProcess
    from feedmirror.adapters.networks import Network

REAPPLIED = 50  # markers of a rule that are looked at between two looks at the time


def isolated_reader(mirror: MirrorSettings, dns: TxtLookup) -> MailReader:
    """Return who reads mails in a process of its own, which starts with the first of them."""
    from feedmirror.adapters.isolation.mail_reader import IsolatedMailReader  # noqa: PLC0415 -- only for mails

    return IsolatedMailReader(_mail_child(), mirror, dns)


@cache
def _mail_child() -> "ChildProcess":
    from feedmirror.adapters.isolation.mail_reader import mail_child  # noqa: PLC0415 -- the same

    return mail_child()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the takedown function uses beside the buckets."""

    mailer: Mailer
    dns: TxtLookup
    cdn: Cdn
    alarms: Alarms
    queue: WorkQueue | None = None
    where: str = ""  # what an operator's commands need beside their words
    networks: "tuple[Network, ...]" = ()  # that may be dialled beside the public internet
    complain: Callable[[str], object] = lambda _why: None
    reader: Callable[[MirrorSettings, TxtLookup], MailReader] = isolated_reader

    def caches(self, mirror: MirrorSettings) -> Cdn:
        """Return the caches; with a hub, it hears of all that they are to forget."""
        if mirror.hub is None:
            return self.cdn
        from feedmirror.jobs.tell_hub import TellingCdn  # noqa: PLC0415 -- only with a hub
        from feedmirror.wiring.hub import hub_of  # noqa: PLC0415 -- only with a hub

        hub = hub_of(mirror, mirror.hub, allowed_networks=self.networks)
        return TellingCdn(self.cdn, hub, self.complain)


@dataclass(frozen=True, slots=True)
class TakedownFunction:
    """The takedown function, warm: its stores and its telemetry outlive one call."""

    settings: Settings
    stores: Stores
    mail: ObjectStore
    surroundings: Surroundings
    telemetry: Telemetry
    clock: Callable[[], datetime] = utc_now
    nonce: Callable[[], str] = fresh_nonce

    def handle(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 -- Lambda's own
        """Do what an event asks for and return the report.

        Raises whatever keeps a mail from being taken to its end, so that its event comes again. As
        long as there is no configuration at all, the schedule's events do nothing but say so.
        """
        receipts = receipts_of(event)
        try:
            run = self.run()
        except NotConfiguredError as error:
            if receipts or event.get("Records") or event.get("tasks"):
                raise
            self.telemetry.refused(str(error))
            return self._told({"refused_configuration": str(error)})

        def time_left() -> timedelta:
            return timedelta(milliseconds=context.get_remaining_time_in_millis())

        if receipts:
            cases = [run.receive(each.ses_id, each, time_left=time_left) for each in receipts]
            told: dict[str, Any] = {"cases": [_told(case) for case in cases if case]}
        elif event.get("Records"):
            told = self._messages(run, event["Records"], time_left=time_left)
        elif event.get("tasks"):
            cases = [run.do(task, time_left=time_left) for task in event["tasks"]]
            told = {"cases": [_told(case) for case in cases if case]}
        else:
            told = {"hour": run.hour(time_left=time_left).to_dict()}
        return self._told(told)

    def _told(self, report: dict[str, Any]) -> dict[str, Any]:
        """Tell what was done, in the log and by metrics, and return it."""
        self.telemetry.taken_down(report)
        return report

    def run(self) -> TakedownRun:
        """Return the jobs, by the configuration in force now; raises NotConfiguredError."""
        configured = ReadConfiguration(self.stores.archive, VERSION).run()
        return compose_takedown(
            self.stores,
            self.mail,
            surroundings=self.surroundings,
            configuration=configured.configuration,
            mail_prefix=self.settings.mail_prefix,
            paused=configured.paused is not None,
            clock=self.clock,
            nonce=self.nonce,
        )

    def _messages(
        self,
        run: TakedownRun,
        records: list[dict[str, Any]],
        *,
        time_left: Callable[[], timedelta],
    ) -> dict[str, Any]:
        """Do the tasks of some queue messages; those that failed come again, and only those."""
        cases: list[Case | None] = []
        failed: list[dict[str, str]] = []
        for record in records:
            try:
                cases += _message(run, json.loads(record["body"]), time_left=time_left)
            except Exception as error:  # noqa: BLE001 -- one message's failure is its own
                self.telemetry.task_failed(record.get("messageId", ""), error)
                failed.append({"itemIdentifier": record.get("messageId", "")})
        return {"cases": [_told(case) for case in cases if case], "batchItemFailures": failed}


def _message(
    run: TakedownRun, body: Mapping[str, Any], *, time_left: Callable[[], timedelta]
) -> list[Case | None]:
    """Do what one message asks for: a task, or an event of SES's that failed in its own call."""
    if receipts := receipts_of(body):
        return [run.receive(each.ses_id, each, time_left=time_left) for each in receipts]
    if "requestPayload" in body:  # an hour that failed: the next one does all of it
        return []
    return [run.do(body, time_left=time_left)]


def compose_takedown(  # noqa: PLR0913 -- the whole of one function
    stores: Stores,
    mail: ObjectStore,
    *,
    surroundings: Surroundings,
    configuration: Configuration,
    mail_prefix: str = "inbound/",
    paused: bool = False,
    clock: Callable[[], datetime] = utc_now,
    nonce: Callable[[], str] = fresh_nonce,
) -> TakedownRun:
    """Put the jobs of one call together."""
    mirror = configuration.mirror
    reader = surroundings.reader(mirror, surroundings.dns)
    cases = CaseBook(stores.ledger, clock)
    limits = Limits(stores.ledger)
    publisher = publisher_of(stores, configuration, nonce=nonce)
    entomb = Entomb(
        archive=stores.archive,
        site=stores.site,
        mail=mail,
        ledger=stores.ledger,
        publisher=publisher,
        clock=clock,
    )
    sweep = Sweep(archive=stores.archive, entomb=entomb, workers=stores.workers)
    find = FindClaims(
        archive=stores.archive,
        site=stores.site,
        mail=mail,
        cases=cases,
        sweep=sweep,
        workers=stores.workers,
        feeds=configuration.feeds,
    )
    rules = RuleReader(stores.ledger, stores.workers)
    about = about_pages_of(publisher, rules, configuration, clock=clock)
    restore = Restore(
        archive=stores.archive,
        ledger=stores.ledger,
        mail=mail,
        publisher=publisher,
        about=about,
        rules=rules,
        clock=clock,
    )
    carry_on = CarryOn(
        cases=cases,
        ledger=stores.ledger,
        mail=mail,
        challenges=OpenChallenges(stores.ledger),
        sweep=sweep,
        entomb=entomb,
        undo=Undo(stores.ledger, restore),
        about=about,
        limits=limits,
        log=RemovalLog(stores.ledger, publisher, clock),
        cdn=surroundings.caches(mirror),
        clock=clock,
        paused=paused,
    )
    return TakedownRun(
        cases=cases,
        take_in=TakeIn(
            cases=cases,
            mail=mail,
            find=find,
            limits=limits,
            backgrounds=Backgrounds(cases, limits, clock),
            reader=reader,
            mirror=mirror,
            clock=clock,
            draw=lambda: nonce() + nonce(),
        ),
        carry_on=carry_on,
        correspond=Correspond(
            cases=cases,
            limits=limits,
            letters=Letters(
                mail=mail,
                find=find,
                answers=Answers(cases, mail, mirror),
                reader=reader,
                mirror=mirror,
                where=surroundings.where,
            ),
            mailer=surroundings.mailer,
            mirror=mirror,
            clock=clock,
        ),
        limits=limits,
        reapply=Reapply(
            ledger=stores.ledger,
            archive=stores.archive,
            site=stores.site,
            sweep=replace(sweep, slice_size=REAPPLIED),
            entomb=entomb,
            about=about,
            workers=stores.workers,
        ),
        mail=mail,
        mail_prefix=mail_prefix,
        queue=surroundings.queue,
        alarms=surroundings.alarms,
        clock=clock,
        resumed=partial(_resumed, stores.archive),
        paused=paused,
    )


def _resumed(archive: ObjectStore) -> datetime | None:
    from feedmirror.jobs.pausing import Switch  # noqa: PLC0415 -- only where a case is to lapse

    return Switch(archive).resumed()


def takedown_function() -> TakedownFunction:
    """Return the function for the present environment, warm after its first call."""
    return _function(read_settings())


@lru_cache(maxsize=1)
def _function(settings: Settings) -> TakedownFunction:
    if settings.mail_bucket is None:
        raise SettingsError("FEEDMIRROR_MAIL_BUCKET is not set: expected the bucket of mails")
    told = telemetry("takedown")
    return TakedownFunction(
        settings,
        open_stores(settings),
        open_bucket(settings, settings.mail_bucket),
        surroundings_of(settings, told),
        told,
    )


def surroundings_of(settings: Settings, told: Telemetry) -> Surroundings:
    """Return what is used beside the buckets: Amazon's services, or what stands in for them."""
    from feedmirror.adapters.dns import DnsTxtLookup  # noqa: PLC0415 -- only for takedowns

    if settings.embedded_store is not None:
        from shlex import quote  # noqa: PLC0415 -- not used in AWS

        from feedmirror.adapters.cloudfront import NoCdn  # noqa: PLC0415 -- not used in AWS
        from feedmirror.adapters.outbox import OutboxMailer  # noqa: PLC0415 -- not used in AWS

        outbox = OutboxMailer(open_bucket(settings, settings.mail_bucket or "mail"))
        where = f" --local {quote(str(settings.embedded_store.parent.resolve()))}"
        found = Surroundings(outbox, DnsTxtLookup(), NoCdn(), told, where=where)
    else:
        found = _amazon(settings, told, DnsTxtLookup())
    return replace(found, networks=settings.allowed_networks, complain=told.hub_untold)


def _amazon(settings: Settings, told: Telemetry, dns: TxtLookup) -> Surroundings:
    from feedmirror.adapters.aws import make_client  # noqa: PLC0415 -- not used locally
    from feedmirror.adapters.cloudfront import CloudFrontCdn, NoCdn  # noqa: PLC0415 -- the same
    from feedmirror.adapters.ses import SesMailer  # noqa: PLC0415 -- the same
    from feedmirror.adapters.sns import SnsAlarms  # noqa: PLC0415 -- the same
    from feedmirror.adapters.sqs import SqsQueue  # noqa: PLC0415 -- the same

    cdn, topic, queue = (
        settings.distribution_id,
        settings.topic_arn,
        settings.work_queue_url,
    )
    return Surroundings(
        mailer=SesMailer(cache(lambda: make_client("sesv2"))),
        dns=dns,
        cdn=CloudFrontCdn(cache(lambda: make_client("cloudfront")), cdn) if cdn else NoCdn(),
        alarms=SnsAlarms(cache(lambda: make_client("sns")), topic) if topic else told,
        queue=SqsQueue(cache(lambda: make_client("sqs")), queue) if queue else None,
    )


def _told(case: Case) -> dict[str, Any]:
    """Return what a report says of a case: nothing of the mail."""
    decision = case.decision or {}
    return {
        "case": case.id,
        "state": case.state,
        **{name: decision.get(name) for name in ("row", "kind", "scope", "language")},
    }
