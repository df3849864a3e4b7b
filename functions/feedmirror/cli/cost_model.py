"""What a month on AWS costs: what a configuration makes happen, by list prices.

Where it is not known how often something happens, the most that can happen is taken, so the bill is
smaller. How many requests each thing takes is counted by the tests on real runs; seconds on Lambda
and sizes are assumed.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

from feedmirror.configuration import Configuration, FeedSettings

MONTH = timedelta(days=30)
TICK = timedelta(minutes=5)  # the template's PollEvery
ALARM_METRICS, DASHBOARDS, QUEUES = 22, 1, 2  # what the template has; queues that start a function
# Names that functions send in about every hour: Polled, Unchanged, Changed, Created, Updated.
METRICS = 5
# Each queue is asked by five pollers for twenty seconds at a time, also while nothing is in it: so
# it was measured, and Lambda's guide says no more than "long polling".
EMPTY_RECEIVES = 5 * MONTH // timedelta(seconds=20)
MESSAGE = 3  # requests: sent, received, deleted

STORED_KB, PAGE_KB, STYLE_KB = 30, 7, 3  # of an item, over 82 real feeds; a page; the style sheet
LOG_KB = 4  # of one call: Lambda's own lines, the report, the metrics
POLL_KB = 1  # of a request to a publisher
MAIL_KB = 64


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests to S3: those that cost as a PUT (LIST too), and those that cost as a GET."""

    writes: float
    reads: float

    def __add__(self, other: "Requests") -> "Requests":
        """Return both."""
        return Requests(self.writes + other.writes, self.reads + other.reads)

    def __mul__(self, times: float) -> "Requests":
        """Return as many, some times over."""
        return Requests(self.writes * times, self.reads * times)


# One call of the mirror function, piece by piece.
LOOK = Requests(2, 2)  # configuration, templates and switch, challenges, state
POLL = Requests(2, 0)  # the lease, and what was lifted
NEWS = Requests(7, 1)  # rules, templates, state, and the front
HOST = Requests(6, 2)  # a host's two listings
ABOUT = Requests(2, 1)  # a host's page on how it is treated, once a day with news: rules, page
ITEM = Requests(3, 1)  # marker, record, page; read again for the front
# What a feed has brought is looked at daily where it has bounds: its host's latest, and each month.
KEPT = Requests(1, 1)
GONE = NEWS + HOST + Requests(0, 57)  # listings are looked at, and all that the front shows
GONE_ITEM = Requests(2, 2)  # record and page
# With a poll queue: the call that hands out, and what differs in a shard's own.
HAND_OUT = Requests(4, 2)  # and a HEAD for each shard
LISTED = 1000  # keys that one request lists (S3 API reference, ListObjectsV2)
TURN_NEWS = Requests(4, 1)  # rules, templates, state, and the list of the newest
FRONT = Requests(6, 110)  # and a GET for each shard that brought news
# The takedown function.
HOUR = Requests(12, 12)
MAIL = Requests(60, 60)

# Seconds at the template's one gigabyte. Feeds of one call are waited for together.
LOOK_SECONDS, POLLING_SECONDS = 1.0, 3.0
FEED_SECONDS, ITEM_SECONDS = 0.02, 0.1
HOUR_SECONDS, MAIL_SECONDS = 3.0, 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What is assumed of a month; ``months`` is how long the mirror has been running by then."""

    items_a_day: float = 2.0  # new entries of each feed
    views: int = 10_000  # pages that readers ask for
    mails: int = 10
    months: int = 12


@dataclass(frozen=True, slots=True)
class Price:
    """One list price: dollars for so many of a unit, and how many are free each month."""

    unit: str
    price: float
    per: int
    free: float
    page: str


@dataclass(frozen=True, slots=True)
class PriceList:
    """The list prices of a region on a day."""

    date: date
    region: str
    prices: Mapping[str, Price]


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the bill."""

    part: str
    what: str
    quantity: float
    price: Price

    @property
    def dollars(self) -> float:
        """What is to be paid, with what is free each month taken off."""
        return max(0.0, self.quantity - self.price.free) * self.price.price / self.price.per

    @property
    def list_dollars(self) -> float:
        """What is to be paid if others in the account have used up what is free."""
        return self.quantity * self.price.price / self.price.per


def read_prices() -> PriceList:
    """Return the prices that come with the program."""
    text = files("feedmirror.cli").joinpath("prices.toml").read_text(encoding="utf-8")
    document: dict[str, Any] = tomllib.loads(text)
    day, region = document.pop("date"), document.pop("region")
    return PriceList(day, region, {name: Price(**told) for name, told in document.items()})


@dataclass(frozen=True, slots=True)
class Month:
    """How often things happen in a month under a configuration, at the most."""

    configuration: Configuration
    traffic: Traffic

    @property
    def by_queue(self) -> bool:
        """Whether shards are handed out by the poll queue."""
        return self.configuration.mirror.shards > 1

    @property
    def ticks(self) -> float:
        """Calls by the schedule."""
        return MONTH / TICK

    @property
    def polls(self) -> float:
        """Requests to publishers: none asks for more than its interval, or the fastest."""
        waits = (max(feed.interval or feed.fastest, TICK) for feed in self.polled)
        return sum(MONTH / wait for wait in waits)

    @property
    def items(self) -> float:
        """New items."""
        return len(self.polled) * self.traffic.items_a_day * MONTH.days

    @property
    def polled(self) -> list[FeedSettings]:
        """Feeds that are polled."""
        return [feed for feed in self.configuration.feeds if feed.ended is None]

    def keeping(self) -> Requests:
        """Return the requests to S3 for bounds: every day something goes, as much as comes."""
        bounded = [
            feed for feed in self.configuration.feeds if feed.max_age or feed.max_items is not None
        ]
        looks = len(bounded) * MONTH.days
        items = sum(feed.ended is None for feed in bounded) * MONTH.days * self.traffic.items_a_day
        index = Requests(0, self.traffic.months)
        return (KEPT + index) * looks + GONE * min(looks, items) + GONE_ITEM * items

    @property
    def polling_calls(self) -> float:
        """Calls in which some feed is polled."""
        return min(self.ticks * self.configuration.mirror.shards, self.polls)

    @property
    def news_calls(self) -> float:
        """Calls that find new items."""
        return min(self.polling_calls, self.items)

    @property
    def hours(self) -> float:
        """Looks of the takedown function."""
        return MONTH / timedelta(hours=1)

    def requests(self) -> Requests:
        """Return the requests to S3."""
        listings = HOST * min(self.items, self.polls) + ITEM * self.items
        listings += ABOUT * min(self.items, len(self.polled) * MONTH.days)
        looks = HOUR * self.hours + MAIL * self.traffic.mails + self.keeping()
        if not self.by_queue:
            calls = LOOK * self.ticks + POLL * self.polling_calls + NEWS * self.news_calls
            return calls + listings + looks
        shards = self.configuration.mirror.shards
        looked_over = Requests(2 * (shards // LISTED), shards)  # states and lists of the newest
        handing_out = (HAND_OUT + looked_over) * self.ticks
        shown = FRONT * min(self.ticks, self.news_calls) + Requests(0, 1) * self.news_calls
        turns = (LOOK + POLL) * self.polling_calls + TURN_NEWS * self.news_calls
        return handing_out + shown + turns + listings + looks

    @property
    def turns(self) -> float:
        """Messages of the poll queue, each a call of its own."""
        return self.polling_calls if self.by_queue else 0

    @property
    def calls(self) -> float:
        """Calls of both functions."""
        return self.ticks + self.turns + self.hours + self.traffic.mails

    @property
    def seconds(self) -> float:
        """GB-seconds of both functions."""
        mirror = (self.ticks + self.turns) * LOOK_SECONDS + self.polling_calls * POLLING_SECONDS
        mirror += self.polls * FEED_SECONDS + self.items * ITEM_SECONDS
        return mirror + self.hours * HOUR_SECONDS + self.traffic.mails * MAIL_SECONDS


def bill(configuration: Configuration, traffic: Traffic, prices: PriceList) -> list[Part]:
    """Return a month's bill, part by part."""
    month = Month(configuration, traffic)
    quantities = {**_polling(month), **_storage(month), **_mail(month), **_site(month)}
    return [
        Part(*told, quantity, prices.prices[name])
        for name, (told, quantity) in {**quantities, **_watching(month)}.items()
    ]


_Quantities = Mapping[str, tuple[tuple[str, str], float]]


def _polling(month: Month) -> _Quantities:
    receives = QUEUES * EMPTY_RECEIVES + MESSAGE * month.turns
    kilobytes = month.polls * POLL_KB
    return {
        "scheduler": (("Schedule", "EventBridge Scheduler"), month.ticks + month.hours),
        "lambda_calls": (("Functions", "Lambda, calls"), month.calls),
        "lambda_time": (("Functions", "Lambda, time"), month.seconds),
        "sqs": (("Queues", "SQS, nearly all of it while idle"), receives),
        "transfer": (("Polling", "Data to publishers"), kilobytes / 1e6),
    }


def _storage(month: Month) -> _Quantities:
    requests = month.requests()
    stored = month.items * month.traffic.months * STORED_KB / 1e6
    return {
        "s3_writes": (("Buckets", "S3, writes and lists"), requests.writes),
        "s3_reads": (("Buckets", "S3, reads"), requests.reads),
        "s3_storage": (("Buckets", f"S3, after {month.traffic.months} months"), stored),
    }


def _mail(month: Month) -> _Quantities:
    mails = month.traffic.mails
    return {
        "ses_in": (("Mail", "SES, mails in"), mails),
        "ses_chunks": (("Mail", "SES, their size"), mails * -(-MAIL_KB // 256)),
        "ses_out": (("Mail", "SES, answers"), 2 * mails),  # to who asks, and to whom it concerns
    }


def _site(month: Month) -> _Quantities:
    views = month.traffic.views
    requests = 2 * views  # a page, and often its style sheet
    return {
        "cloudfront_requests": (("Site", "CloudFront, requests"), requests),
        "cloudfront_transfer": (
            ("Site", "CloudFront, data to readers"),
            views * (PAGE_KB + STYLE_KB) / 1e6,
        ),
        "cloudfront_functions": (("Site", "CloudFront, functions"), 2 * requests),
        "cloudfront_invalidations": (
            ("Site", "CloudFront, paths forgotten"),
            10 * month.traffic.mails,
        ),
    }


def _watching(month: Month) -> _Quantities:
    return {
        "alarms": (("Watching", "CloudWatch, alarms"), ALARM_METRICS),
        "metrics": (("Watching", "CloudWatch, metrics"), METRICS),
        "dashboards": (("Watching", "CloudWatch, dashboard"), DASHBOARDS),
        "logs": (("Watching", "CloudWatch, logs"), month.calls * LOG_KB / 1e6),
        "sns": (("Watching", "SNS, mails to the operator"), month.traffic.mails),
    }


def total(parts: Sequence[Part]) -> float:
    """Return what is to be paid, with what is free each month taken off."""
    return sum(part.dollars for part in parts)


def list_total(parts: Sequence[Part]) -> float:
    """Return what is to be paid if others in the account have used up what is free."""
    return sum(part.list_dollars for part in parts)
