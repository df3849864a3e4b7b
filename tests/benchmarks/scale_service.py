"""How long the calls of a mirror take on Lambda, by what was measured here and what AWS states.

Limits and latencies are parameters, each with the page that states it. How many requests each
thing takes is what ``feedmirror cost`` reckons with, which tests count on real runs.
"""

from dataclasses import dataclass, field
from math import ceil, exp

from benchmarks.scale_calibration import Measured
from benchmarks.scale_rhythms import DAY, TICK
from feedmirror.adapters.fetching import CurlFetcher
from feedmirror.cli.cost_model import (
    FRONT,
    HAND_OUT,
    HOST,
    ITEM,
    LISTED,
    LOOK,
    POLL,
    TURN_NEWS,
    Requests,
)
from feedmirror.jobs.mirror_shard import RESERVE
from feedmirror.publishing.listings import FRONT_CARDS
from feedmirror.wiring.stores import THREADS

_FETCHER = CurlFetcher(user_agent="")
_OFTEN = 100  # a mixture so many times over tells what a poll of it takes
_NONE = 1e-9  # in place of nothing, to divide by
_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg"
_S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that is not ours to choose, and the page that states it; empty if it is assumed."""

    value: float
    unit: str
    page: str = ""


@dataclass(frozen=True, slots=True)
class Outside:
    """What AWS and publishers set. Times are in seconds."""

    one_processor: Parameter = Parameter(
        1769, "MB with which a function has one vCPU", f"{_LAMBDA}/configuration-memory.html"
    )
    most_memory: Parameter = Parameter(
        10240, "MB of a function at most", f"{_LAMBDA}/gettingstarted-limits.html"
    )
    account: Parameter = Parameter(
        1000, "calls at once in an account, before it asks", f"{_LAMBDA}/gettingstarted-limits.html"
    )
    batches: Parameter = Parameter(
        1000, "batches of a queue at once", f"{_LAMBDA}/services-sqs-scaling.html"
    )
    batches_at_first: Parameter = Parameter(
        5, "batches at once when a queue fills", f"{_LAMBDA}/services-sqs-scaling.html"
    )
    batches_a_minute: Parameter = Parameter(
        300, "more of them a minute", f"{_LAMBDA}/services-sqs-scaling.html"
    )
    puts: Parameter = Parameter(
        3500, "PUT a second of a prefix, at least", f"{_S3}/optimizing-performance.html"
    )
    gets: Parameter = Parameter(
        5500, "GET a second of a prefix, at least", f"{_S3}/optimizing-performance.html"
    )
    compressed: Parameter = Parameter(
        10e6,
        "bytes up to which CloudFront compresses",
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html",
    )
    # AWS says no more than "tens of milliseconds", of requests of less than 512 KB; fifty is ours.
    latency: Parameter = Parameter(
        0.05,
        "s of a request to S3, assumed within the tens of milliseconds that AWS states",
        "https://docs.aws.amazon.com/whitepapers/latest/s3-optimizing-performance-best-practices/timeouts-and-retries-for-latency-sensitive-applications.html",
    )
    publisher: Parameter = Parameter(0.5, "s of a poll, with its connection")
    handshake: Parameter = Parameter(0.001, "processor s of a poll's TLS handshake")
    silent: Parameter = Parameter(0.02, "of all feeds at servers that do not answer")
    removals: Parameter = Parameter(0.01, "rules in the ledger for each feed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A mirror as it is deployed: its size, what its operator sets, and what the code does.

    ``parted`` says that a turn reads its shard's part of the configuration alone, and
    ``short_front`` that the front names no hosts beyond those of its items: the code does neither.
    """

    feeds: int
    shards: int = 1
    concurrency: int = 5  # MaximumConcurrency of MirrorPolls
    memory: int = 1024  # MB
    timeout: int = 300  # seconds
    parted: bool = False
    short_front: bool = False

    @property
    def of_shard(self) -> float:
        """Feeds of a shard."""
        return self.feeds / self.shards

    @property
    def budget(self) -> float:
        """Seconds that a call works before it leaves the rest to the next."""
        return self.timeout - RESERVE.total_seconds()


@dataclass(frozen=True, slots=True)
class Work:
    """What one call has to do: polls by how they end, and new entries."""

    unchanged: float = 0.0
    changed: float = 0.0
    entries: float = 0.0
    silent: float = 0.0

    @property
    def polls(self) -> float:
        """All polls."""
        return self.unchanged + self.changed + self.silent

    def __mul__(self, times: float) -> "Work":
        """Return as much, some times over."""
        return Work(
            self.unchanged * times, self.changed * times, self.entries * times, self.silent * times
        )

    def __add__(self, other: "Work") -> "Work":
        """Return both."""
        return Work(
            self.unchanged + other.unchanged,
            self.changed + other.changed,
            self.entries + other.entries,
            self.silent + other.silent,
        )


@dataclass(frozen=True, slots=True)
class Rates:
    """What an average feed does in a day: polls, polls that bring something, and new entries."""

    polls: float
    changed: float
    entries: float

    def in_tick(self, feeds: float) -> Work:
        """Return what some feeds make of five minutes."""
        share = feeds * TICK / DAY
        return Work((self.polls - self.changed) * share, self.changed * share, self.entries * share)


@dataclass(frozen=True, slots=True)
class Service:
    """Times, sizes and requests of one set-up."""

    setup: Setup
    measured: Measured
    outside: Outside = field(default_factory=Outside)

    @property
    def processor(self) -> float:
        """Processor seconds that a call has in a second: Python uses one at most."""
        return min(self.setup.memory / self.outside.one_processor.value, 1.0)

    @property
    def configuration(self) -> float:
        """Processor seconds of a turn to read the configuration, and to find the shard's feeds."""
        each = self.measured.configuration_read + self.measured.sharing_out
        return self._configured * each

    @property
    def _configured(self) -> float:
        """How many feeds the configuration has that a turn reads."""
        return self.setup.of_shard if self.setup.parted else self.setup.feeds

    def requests(self, work: Work) -> Requests:
        """Return the requests to S3 of a shard's turn."""
        if not work.polls:
            return LOOK
        if not work.changed:
            return LOOK + POLL
        hosts = HOST * work.changed + Requests(2 * work.changed * self.lists_by_host, 0)
        items = Requests(ITEM.writes, 0) * work.entries  # read again by the call for the front
        return LOOK + POLL + TURN_NEWS + hosts + items

    @property
    def lists_by_host(self) -> bool:
        """Whether the ledger has more rules than one request lists: then hosts are, one by one."""
        return self.rules() > LISTED

    def turn(self, work: Work) -> float:
        """Return the seconds of a shard's turn, from its message to its report."""
        return self._work(work, self.setup.of_shard)

    def most_polls(self, work: Work) -> int:
        """Return how many polls of a mixture fit in the time of a turn; one in any case."""
        polls = max(work.polls, 1.0)
        once, often = self.turn(work), self.turn(work * _OFTEN)
        each = (often - once) / (_OFTEN - 1) / polls
        return max(1, int((self.setup.budget - once) / each + polls))

    def _work(self, work: Work, feeds: float) -> float:
        measured, sent = self.measured, self.requests(work)
        writes = 0 if not work.polls else 2 if work.changed else 1
        spent = measured.look + self.configuration
        spent += feeds * (measured.state_read + writes * measured.state_write)
        spent += work.unchanged * measured.unchanged + work.changed * measured.changed
        spent += work.polls * (self.outside.handshake.value + measured.robots)
        spent += (sent.writes + sent.reads) * measured.request
        return spent / self.processor + self._waited(work, sent)

    def _waited(self, work: Work, sent: Requests) -> float:
        """Return the seconds in which a turn waits for S3 and for publishers."""
        in_a_row = LOOK + POLL + TURN_NEWS
        chain = min(sent.writes + sent.reads, in_a_row.writes + in_a_row.reads)
        beside = sent.writes + sent.reads - chain
        # Marker, ETag, record and page of an item, and the six requests of a listing, one by one.
        chain += max(beside / THREADS, 10 if work.changed else 0)
        waited = chain * self.outside.latency.value
        if work.polls:
            # robots.txt first, at most once a day; so here always.
            waited += 2 * ceil(work.polls / _FETCHER.connections) * self.outside.publisher.value
        if work.silent:
            waited += _FETCHER.connect_timeout.total_seconds()
        return waited

    def hand_out(self, due: float, work: Work) -> float:
        """Return the seconds of the scheduled call: what is due is handed out, the front is put.

        ``work`` is what all shards have brought since the call before.
        """
        measured, shards = self.measured, self.setup.shards
        lists = Requests(2 * (shards // LISTED), 0) + HAND_OUT
        brought = min(work.changed, shards)
        hosts = 0 if self.setup.short_front else self.setup.feeds
        # Of each host with news the newest, whose day the front tells; and what fills it.
        read = min(work.entries, FRONT_CARDS) + (work.changed if hosts else 0)
        many = shards + brought + read + due
        few = lists + (FRONT if work.changed else Requests(0, 0))
        each = measured.configuration_read + measured.sharing_out
        spent = measured.look + self.setup.feeds * each
        spent += hosts * measured.front + (many + few.writes + few.reads) * measured.request
        chain = few.writes + many / THREADS
        return spent / self.processor + chain * self.outside.latency.value

    def whole(self, work: Work) -> float:
        """Return the seconds of a call that polls everything itself, where there is one shard."""
        front = self.setup.feeds * self.measured.front if work.changed else 0.0
        return self._work(work, self.setup.feeds) + front / self.processor

    def first_seconds(self, feeds: float) -> float:
        """Return the seconds until some feeds' first documents are stored, by one call at a time.

        Like a turn's, they are those of the processor and those of waiting for S3, one after the
        other; what publishers take is left out.
        """
        requests = self.measured.listed * (ITEM.writes + ITEM.reads)
        spent = self.measured.listed * self.measured.item + requests * self.measured.request
        waited = requests / THREADS * self.outside.latency.value
        return feeds * (spent / self.processor + waited)

    def first_hours(self) -> float:
        """Return the hours until every feed's first document is stored, by all workers."""
        workers = min(self.setup.concurrency, self.setup.shards)
        return self.first_seconds(self.setup.feeds) / workers / 3600

    def rules(self) -> float:
        """Return how many rules the ledger has."""
        return self.setup.feeds * self.outside.removals.value

    def front_megabytes(self) -> float:
        """Return the size of the front's index.html."""
        hosts = 0 if self.setup.short_front else self.setup.feeds
        return hosts * self.measured.front_size / 1e6

    def state_kilobytes(self) -> float:
        """Return the size of a shard's object."""
        return self.setup.of_shard * self.measured.state_size / 1e3

    def turn_memory(self) -> float:
        """Return the MB of a call that polls a shard, the configuration read."""
        feeds = self._configured * self.measured.configuration_memory
        state = self.setup.of_shard * self.measured.state_memory
        return self.measured.memory + (feeds + state) / 1e6

    def hand_out_memory(self) -> float:
        """Return the MB of the scheduled call, the front rendered."""
        hosts = 0 if self.setup.short_front else self.setup.feeds
        feeds = self.setup.feeds * self.measured.configuration_memory
        return self.measured.memory + (feeds + hosts * self.measured.front_memory) / 1e6


@dataclass(frozen=True, slots=True)
class Load:
    """What an average five minutes are, in closed form: every feed for itself, at any time."""

    service: Service
    rates: Rates

    @property
    def work(self) -> Work:
        """What all shards bring."""
        return self.rates.in_tick(self.service.setup.feeds)

    @property
    def due(self) -> float:
        """How many shards have a feed that is due (Poisson)."""
        shards = self.service.setup.shards
        return shards * (1 - exp(-self.work.polls / shards))

    @property
    def turn(self) -> float:
        """The seconds of an average turn: some bring news, and some meet a silent server."""
        each = self.work * (1 / max(self.due, _NONE))
        news = 1 - exp(-each.changed)
        brings = Work(
            each.unchanged, each.changed / max(news, _NONE), each.entries / max(news, _NONE)
        )
        quiet = self.service.turn(Work(each.unchanged))
        waits = _FETCHER.connect_timeout.total_seconds() * min(self._silent_in_turn, 1.0)
        return news * self.service.turn(brings) + (1 - news) * quiet + waits

    @property
    def _silent_in_turn(self) -> float:
        """How many servers that do not answer a turn asks, each once a day."""
        silent = self.service.outside.silent.value * self.service.setup.feeds
        return silent * TICK / DAY / max(self.due, _NONE)

    @property
    def at_once(self) -> float:
        """How many turns are under way on average (Little's law)."""
        return self.due * self.turn / TICK

    @property
    def hand_out(self) -> float:
        """The seconds of the scheduled call."""
        return self.service.hand_out(self.due, self.work)

    @property
    def whole(self) -> float:
        """The seconds of a call that polls everything."""
        return self.service.whole(self.work)
