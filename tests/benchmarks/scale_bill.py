"""What simulated days cost in a month, by the prices and requests of ``feedmirror cost``."""

from datetime import timedelta

from benchmarks.scale_rhythms import TICK
from benchmarks.scale_service import Service
from benchmarks.scale_simulation import Outcome
from feedmirror.cli.cost_model import (
    ABOUT,
    ALARM_METRICS,
    DASHBOARDS,
    EMPTY_RECEIVES,
    FRONT,
    HAND_OUT,
    HOST,
    HOUR,
    HOUR_SECONDS,
    ITEM,
    LISTED,
    LOG_KB,
    LOOK,
    MESSAGE,
    METRICS,
    MONTH,
    POLL,
    POLL_KB,
    QUEUES,
    STORED_KB,
    TURN_NEWS,
    Part,
    Requests,
    read_prices,
)

_HOURS = MONTH / timedelta(hours=1)
_TICKS = MONTH.total_seconds() / TICK
_MONTHS = 12  # that items have been stored for


def requests_of(outcome: Outcome, service: Service) -> Requests:
    """Return the requests to S3 of the mirror function in a month that goes on like this."""
    setup, month = service.setup, MONTH.total_seconds() / outcome.seconds
    turns = LOOK * outcome.turns + POLL * (outcome.turns - outcome.empty)
    turns += TURN_NEWS * outcome.news + HOST * outcome.changed + ITEM * outcome.entries
    if service.lists_by_host:
        turns += Requests(2 * outcome.changed, 0)
    shown = Requests(0, 1) * outcome.news  # the lists of the newest
    handed_out = HAND_OUT + Requests(2 * (setup.shards // LISTED), setup.shards) + FRONT
    told = ABOUT * min(outcome.changed * month, setup.feeds * MONTH.days)
    return (turns + shown) * month + handed_out * _TICKS + told


def bill_of(outcome: Outcome, service: Service) -> dict[str, Part]:
    """Return a month's bill, by the names of the prices."""
    month = MONTH.total_seconds() / outcome.seconds
    requests = requests_of(outcome, service) + HOUR * _HOURS
    seconds = (sum(outcome.lengths) + sum(outcome.hand_outs)) * month + HOUR_SECONDS * _HOURS
    calls = _TICKS + outcome.turns * month + _HOURS
    quantities: dict[str, float] = {
        "lambda_time": seconds * service.setup.memory / 1024,
        "lambda_calls": calls,
        "s3_writes": requests.writes,
        "s3_reads": requests.reads,
        "s3_storage": outcome.entries * month * _MONTHS * STORED_KB / 1e6,
        "sqs": MESSAGE * outcome.handed_out * month + QUEUES * EMPTY_RECEIVES,
        "logs": calls * LOG_KB / 1e6,
        "transfer": outcome.polls * month * POLL_KB / 1e6,
        "scheduler": _TICKS + _HOURS,
        "alarms": ALARM_METRICS,
        "metrics": METRICS,
        "dashboards": DASHBOARDS,
    }
    prices = read_prices().prices
    return {
        name: Part(name, prices[name].unit, quantity, prices[name])
        for name, quantity in quantities.items()
    }


def per_second(outcome: Outcome, service: Service) -> dict[str, tuple[float, float]]:
    """Return the writes and the reads a second under each prefix of the archive, and of the site.

    A new entry is a marker, a record and a page, and is read once more for the front; each change
    writes and reads its host's two listings. State is leased, and written again with news.
    """
    polled = outcome.turns - outcome.empty
    calls = len(outcome.hand_outs)
    entries, changed = outcome.entries, outcome.changed
    counts = {
        "addresses/": (entries, 0),
        "items/": (entries, entries),
        "state/": (polled + 2 * outcome.news, outcome.turns + service.setup.shards * calls),
        "site": (entries + HOST.writes * changed, HOST.reads * changed),
    }
    return {name: (w / outcome.seconds, r / outcome.seconds) for name, (w, r) in counts.items()}
