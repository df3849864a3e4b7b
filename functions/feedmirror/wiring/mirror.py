"""The mirror function put together: settings to stores, stores to jobs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from feedmirror.adapters.clock import fresh_nonce, utc_now
from feedmirror.adapters.fetching import CurlFetcher
from feedmirror.adapters.networks import Network
from feedmirror.adapters.telemetry import Telemetry, telemetry
from feedmirror.configuration import MirrorSettings
from feedmirror.jobs.configure import Configured, ReadConfiguration
from feedmirror.jobs.look_for_tokens import LookForTokens
from feedmirror.jobs.mirror_run import MirrorRun
from feedmirror.jobs.mirror_shard import MirrorShard
from feedmirror.jobs.rules import RuleReader
from feedmirror.jobs.shard_state import ShardStates
from feedmirror.jobs.store_entries import StoreEntries
from feedmirror.jobs.token_looks import TokenLooks
from feedmirror.ports.aftermath import WorkQueue
from feedmirror.ports.fetching import Fetcher
from feedmirror.settings import Settings, read_settings
from feedmirror.version import VERSION
from feedmirror.wiring.stores import Stores, open_stores, publisher_of

if TYPE_CHECKING:
    from feedmirror.ports.dns import TxtLookup

# A token's file: nobody waits for a slow one, and nothing longer is one.
_TOKEN_TIMEOUT, _TOKEN_BYTES = timedelta(seconds=10), 4096


@dataclass(frozen=True, slots=True)
class MirrorFunction:
    """The mirror function, warm: its stores and its telemetry outlive one call."""

    settings: Settings
    stores: Stores
    telemetry: Telemetry

    def handle(self, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 -- Lambda's own
        """Run what is due within the time that the context leaves; return the report."""
        reader = ReadConfiguration(self.stores.archive, VERSION)
        configured = reader.run()
        if configured.refused:
            self.telemetry.refused(configured.refused)
        mirror, networks = configured.configuration.mirror, self.settings.allowed_networks
        fetcher = polite_fetcher(mirror, allowed_networks=networks)
        run = compose(self.stores, fetcher=fetcher, configured=configured)
        queue = _work_queue(self.settings, context)
        report = replace(run, tokens=replace(run.tokens, hand_on=queue)).run(
            time_left=lambda: timedelta(milliseconds=context.get_remaining_time_in_millis()),
            at_once=event.get("at_once") is True,
        )
        told = {**report.to_dict(), "refused_configuration": configured.refused}
        self.telemetry.mirrored(told)
        return told


@dataclass(frozen=True, slots=True)
class InlineQueue:
    """A work queue of no length: the takedown function does the task here and now."""

    context: Any

    def send(self, task: Mapping[str, Any]) -> None:
        """Have one task done; raises whatever the takedown function raises."""
        from feedmirror.wiring.takedown import takedown_function  # noqa: PLC0415 -- rarely needed

        takedown_function().handle({"tasks": [dict(task)]}, self.context)


@dataclass(frozen=True, slots=True)
class DistantQueue:
    """The work queue in SQS, whose client is made when there is something to send."""

    url: str

    def send(self, task: Mapping[str, Any]) -> None:
        """Hand on one task; raises StoreUnavailableError."""
        _sqs_queue(self.url).send(task)


@dataclass(frozen=True, slots=True)
class Unlimited:
    """A context in Lambda's place, where no time runs out."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the longest time that Lambda itself would give: 15 minutes."""
        return 15 * 60 * 1000


def compose(
    stores: Stores,
    *,
    fetcher: Fetcher,
    configured: Configured,
    clock: Callable[[], datetime] = utc_now,
    nonce: Callable[[], str] = fresh_nonce,
) -> MirrorRun:
    """Put the jobs of one run together."""
    configuration = configured.configuration
    rules = RuleReader(stores.ledger, stores.workers)
    publisher = publisher_of(stores, configuration, nonce=nonce)
    store = StoreEntries(
        archive=stores.archive,
        rules=rules,
        publisher=publisher,
        workers=stores.workers,
        images=configuration.mirror.images,
    )
    states = ShardStates(
        archive=stores.archive,
        clock=clock,
        nonce=nonce,
        configuration=configuration,
        mark=configured.mark,
    )
    shard = MirrorShard(
        states=states,
        fetcher=fetcher,
        rules=rules,
        store=store,
        clock=clock,
        configuration=configuration,
    )
    tokens = LookForTokens(
        ledger=stores.ledger,
        workers=stores.workers,
        looks=TokenLooks(archive=stores.archive, nonce=nonce),
        fetcher=_for_tokens(fetcher),
        dns=_public_dns,
        hand_on=InlineQueue(Unlimited()),
        clock=clock,
        feeds=configuration.feeds,
    )
    reader = ReadConfiguration(stores.archive, VERSION)
    return MirrorRun(
        shard=shard,
        publisher=publisher,
        rules=rules,
        tokens=tokens,
        clock=clock,
        configuration=configuration,
        keep_configuration=lambda: reader.keep(configured),
    )


def polite_fetcher(mirror: MirrorSettings, *, allowed_networks: tuple[Network, ...]) -> CurlFetcher:
    """Return the fetcher that names this mirror, and whom to write to, in every request."""
    agent = f"feedmirror/{VERSION} (+{mirror.site}/takedown/; {mirror.contact})"
    return CurlFetcher(user_agent=agent, allowed_networks=allowed_networks)


def _for_tokens(fetcher: Fetcher) -> Fetcher:
    """Return the fetcher with the limits of a token's file, where it is one that has limits."""
    if not isinstance(fetcher, CurlFetcher):
        return fetcher
    return replace(fetcher, timeout=_TOKEN_TIMEOUT, max_bytes=_TOKEN_BYTES)


def _public_dns() -> "TxtLookup":
    from feedmirror.adapters.dns import DnsTxtLookup  # noqa: PLC0415 -- only while a token is sought

    return DnsTxtLookup()


def _work_queue(settings: Settings, context: Any) -> WorkQueue:  # noqa: ANN401 -- Lambda's own
    """Return the queue of the takedown function, or what stands in for it where there is none."""
    url = settings.work_queue_url
    return InlineQueue(context) if url is None else DistantQueue(url)


@cache
def _sqs_queue(url: str) -> WorkQueue:
    from feedmirror.adapters.aws import make_client  # noqa: PLC0415 -- 0.4 s, rarely needed
    from feedmirror.adapters.sqs import SqsQueue  # noqa: PLC0415 -- the same

    return SqsQueue(make_client("sqs"), url)


def mirror_function() -> MirrorFunction:
    """Return the function for the present environment, warm after its first call."""
    return _function(read_settings())


@lru_cache(maxsize=1)
def _function(settings: Settings) -> MirrorFunction:
    return MirrorFunction(settings, open_stores(settings), telemetry("mirror"))
