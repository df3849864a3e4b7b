"""The mirror function put together: settings to stores, stores to jobs."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from feedmirror.adapters.telemetry import Telemetry, telemetry
from feedmirror.configuration import MirrorSettings
from feedmirror.jobs.configure import Configured, NotConfiguredError, ReadConfiguration
from feedmirror.jobs.follow_terms import FollowTerms
from feedmirror.jobs.house_terms import LookAtHouses
from feedmirror.jobs.latest import LatestLists
from feedmirror.jobs.look_for_tokens import LookForTokens
from feedmirror.jobs.mirror_run import MirrorRun
from feedmirror.jobs.mirror_shard import RESERVE, MirrorShard
from feedmirror.jobs.mirror_wide import MirrorWide
from feedmirror.jobs.reports import MirrorReport, added_up
from feedmirror.jobs.reshard import Reshard
from feedmirror.jobs.retire import Retire
from feedmirror.jobs.retire_items import RetireItems
from feedmirror.jobs.retire_shard import RetireShard
from feedmirror.jobs.robots_looks import RobotsLooks
from feedmirror.jobs.rules import RuleReader
from feedmirror.jobs.shard_objects import ShardObjects
from feedmirror.jobs.shard_state import ShardStates
from feedmirror.jobs.store_entries import StoreEntries
from feedmirror.jobs.token_looks import TokenLooks
from feedmirror.ports.aftermath import WorkQueue
from feedmirror.ports.fetching import Fetcher
from feedmirror.settings import Settings, read_settings
from feedmirror.version import VERSION
from feedmirror.wiring.outside import (
    Outside,
    for_robots,
    for_terms,
    for_tokens,
)
from feedmirror.wiring.stores import Stores, about_pages_of, open_stores, publisher_of

if TYPE_CHECKING:
    from feedmirror.adapters.networks import Network
    from feedmirror.jobs.dispatch import Dispatch
    from feedmirror.jobs.shard_turn import ShardTurn
    from feedmirror.jobs.tell_hub import TellHub


@dataclass(frozen=True, slots=True)
class MirrorFunction:
    """The mirror function, warm: its stores and its telemetry outlive one call."""

    settings: Settings
    stores: Stores
    telemetry: Telemetry
    outside: Outside = field(default_factory=Outside)

    def handle(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 -- Lambda's own
        """Do what an event asks for within the time that the context leaves; return the report.

        Messages of the poll queue are shards' turns. Any other event is the schedule's: with one
        shard, or without a queue, everything is done here and now; else the shards are handed out.
        As long as there is no configuration at all, the schedule's events do nothing but say so.
        While the mirror is paused no event does: the schedule hands turns out again afterwards.
        """
        try:
            configured = ReadConfiguration(self.stores.archive, VERSION).run()
        except NotConfiguredError as error:
            if event.get("Records"):
                raise
            return self._told(MirrorReport(), refused=str(error))
        if configured.paused is not None:
            others: dict[str, Any] = {"paused": configured.paused.to_dict()}
            if event.get("Records"):
                others["batchItemFailures"] = []
            return self._told(MirrorReport(), refused=configured.refused, **others)
        return self._mirrored(configured, event, context)

    def _mirrored(
        self,
        configured: Configured,
        event: Mapping[str, Any],
        context: Any,  # noqa: ANN401 -- Lambda's own
    ) -> dict[str, Any]:
        """Do what an event asks for under a configuration, and tell it."""
        mirror, outside = configured.configuration.mirror, self.outside
        fetcher = outside.fetcher(mirror, allowed_networks=self.settings.allowed_networks)

        def jobs() -> MirrorJobs:  # a turn of its own begins from what is stored then
            found = compose(self.stores, fetcher=fetcher, configured=configured, outside=outside)
            return found.handing_on(self._work_queue(context))

        def time_left() -> timedelta:
            return timedelta(milliseconds=context.get_remaining_time_in_millis())

        at_once, queue = event.get("at_once") is True, self.settings.poll_queue_url
        failed: list[dict[str, str]] = []
        if event.get("Records"):
            report, failed = self._turns(jobs, event["Records"], time_left=time_left)
        elif queue is not None and mirror.shards > 1:
            report = jobs().dispatch(outside.queue(queue)).run(time_left=time_left, at_once=at_once)
        else:
            report = jobs().whole().run(time_left=time_left, at_once=at_once)
        batch = {"batchItemFailures": failed} if event.get("Records") else {}
        return self._told(report, refused=configured.refused, **batch)

    def _told(self, report: MirrorReport, *, refused: str, **others: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
        """Tell what was done, in the log and by metrics, and return it."""
        if refused:
            self.telemetry.refused(refused)
        told = {**report.to_dict(), "refused_configuration": refused, **others}
        self.telemetry.mirrored(told)
        return told

    def _turns(
        self,
        jobs: "Callable[[], MirrorJobs]",
        records: Sequence[Mapping[str, Any]],
        *,
        time_left: Callable[[], timedelta],
    ) -> tuple[MirrorReport, list[dict[str, str]]]:
        """Give shards their turns; those that fail, or that time leaves out, come again alone."""
        from feedmirror.jobs.shard_turn import read_turn  # noqa: PLC0415 -- only with a queue

        reports: list[MirrorReport] = []
        failed: list[dict[str, str]] = []
        for record in records:
            try:
                if reports and time_left() < RESERVE:
                    raise TimeoutError("no time is left for it in this call")  # noqa: TRY301 -- told like every other
                turn = read_turn(json.loads(record["body"]))
                reports.append(jobs().turn().run(turn, time_left=time_left))
            except Exception as error:  # noqa: BLE001 -- one message's failure is its own
                message = record.get("messageId", "")
                self.telemetry.task_failed(message, error)
                failed.append({"itemIdentifier": message})
        return added_up(reports), failed

    def _work_queue(self, context: Any) -> WorkQueue:  # noqa: ANN401 -- Lambda's own
        """Return the queue of the takedown function, or what stands in for it without one."""
        url = self.settings.work_queue_url
        return InlineQueue(context) if url is None else self.outside.queue(url)


@dataclass(frozen=True, slots=True)
class InlineQueue:
    """A work queue of no length: the takedown function does the task here and now."""

    context: Any

    def send(self, task: Mapping[str, Any]) -> None:
        """Have one task done; raises whatever the takedown function raises."""
        from feedmirror.wiring.takedown import takedown_function  # noqa: PLC0415 -- rarely needed

        takedown_function().handle({"tasks": [dict(task)]}, self.context)


@dataclass(frozen=True, slots=True)
class Unlimited:
    """A context in Lambda's place, where no time runs out."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the longest time that Lambda itself would give: 15 minutes."""
        return 15 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorJobs:
    """The jobs of one call, of which it does one: all shards, handing them out, or one turn."""

    shard: MirrorShard
    wide: MirrorWide
    tokens: LookForTokens
    reshard: Reshard
    clock: Callable[[], datetime]

    def handing_on(self, queue: WorkQueue) -> "MirrorJobs":
        """Return the jobs that hand on to a queue what concerns the takedown function."""
        return replace(
            self,
            shard=replace(self.shard, hand_on=queue),
            tokens=replace(self.tokens, hand_on=queue),
        )

    def whole(self) -> MirrorRun:
        """Return the run over every shard in this process."""
        return MirrorRun(
            shard=self.shard,
            wide=self.wide,
            tokens=self.tokens,
            clock=self.clock,
            shards=self.reshard.objects.shards,
        )

    def dispatch(self, queue: WorkQueue) -> "Dispatch":
        """Return the run that hands out the shards to a queue."""
        from feedmirror.jobs.dispatch import Dispatch  # noqa: PLC0415 -- only with a queue

        return Dispatch(
            reshard=self.reshard,
            queue=queue,
            wide=self.wide,
            tokens=self.tokens,
            clock=self.clock,
        )

    def turn(self) -> "ShardTurn":
        """Return the run of one shard whose turn it is."""
        from feedmirror.jobs.shard_turn import ShardTurn  # noqa: PLC0415 -- only with a queue

        states = replace(self.shard.states, reshard=None)  # the schedule has seen to it
        return ShardTurn(
            shard=replace(self.shard, states=states),
            wide=self.wide,
            tokens=self.tokens,
            shards=self.reshard.objects.shards,
        )


def compose(
    stores: Stores,
    *,
    fetcher: Fetcher,
    configured: Configured,
    outside: Outside,
) -> MirrorJobs:
    """Put the jobs of one call together."""
    configuration, mark = configured.configuration, configured.mark
    clock, nonce, parsers = outside.clock, outside.nonce, outside.parsers()
    rules = RuleReader(stores.ledger, stores.workers)
    publisher = publisher_of(stores, configuration, nonce=nonce)
    about = about_pages_of(publisher, rules, configuration, clock=clock)
    reader = ReadConfiguration(stores.archive, VERSION)
    hand_on = InlineQueue(Unlimited())
    objects = ShardObjects(
        archive=stores.archive,
        workers=stores.workers,
        nonce=nonce,
        shards=configuration.mirror.shards,
        feeds={feed.url: feed for feed in configuration.feeds},
        shared=configuration.mirror.shared,
    )
    reshard = Reshard(objects)
    states = ShardStates(objects=objects, reshard=reshard, clock=clock, mark=mark)
    return MirrorJobs(
        shard=MirrorShard(
            states=states,
            fetcher=fetcher,
            parsers=parsers,
            robots=RobotsLooks(fetcher=for_robots(fetcher), clock=clock),
            hand_on=hand_on,
            rules=rules,
            store=StoreEntries(
                archive=stores.archive,
                rules=rules,
                publisher=publisher,
                workers=stores.workers,
                parsers=parsers,
                images=configuration.mirror.images,
            ),
            houses=LookAtHouses(for_terms(fetcher), parsers),
            terms=FollowTerms(stores.archive),
            retire=RetireShard(
                states=states,
                retire=Retire(
                    publisher=publisher,
                    items=RetireItems(archive=stores.archive, rules=rules, publisher=publisher),
                    clock=clock,
                ),
                feeds=configuration.feeds,
                clock=clock,
            ),
            about=about,
            clock=clock,
            configuration=configuration,
        ),
        wide=MirrorWide(
            publisher=publisher,
            about=about,
            rules=rules,
            latest=LatestLists(archive=stores.archive, workers=stores.workers, nonce=nonce),
            clock=clock,
            feeds=configuration.feeds,
            mark=mark,
            keep_configuration=lambda: reader.keep(configured),
            hub=_hub(configuration.mirror, fetcher),
        ),
        tokens=LookForTokens(
            ledger=stores.ledger,
            workers=stores.workers,
            looks=TokenLooks(archive=stores.archive, nonce=nonce),
            fetcher=for_tokens(fetcher),
            dns=outside.dns,
            hand_on=hand_on,
            clock=clock,
            feeds=configuration.feeds,
        ),
        reshard=reshard,
        clock=clock,
    )


def _hub(mirror: MirrorSettings, fetcher: Fetcher) -> "TellHub | None":
    """Return what tells the operator's hub, which is asked where the fetcher may ask."""
    if mirror.hub is None:
        return None
    from feedmirror.wiring.hub import hub_of  # noqa: PLC0415 -- only with a hub

    networks: tuple[Network, ...] = getattr(fetcher, "allowed_networks", ())
    return hub_of(mirror, mirror.hub, allowed_networks=networks)


def mirror_function() -> MirrorFunction:
    """Return the function for the present environment, warm after its first call."""
    return _function(read_settings())


@lru_cache(maxsize=1)
def _function(settings: Settings) -> MirrorFunction:
    return MirrorFunction(settings, open_stores(settings), telemetry("mirror"))
