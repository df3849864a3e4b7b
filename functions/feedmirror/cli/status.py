"""``feedmirror status``: the look that is taken; what it shows is in ``showing_status``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from feedmirror.adapters.aws import make_client
from feedmirror.adapters.clock import utc_now
from feedmirror.adapters.cloudwatch import CloudWatchAlarms
from feedmirror.cli.case_words import deadline
from feedmirror.cli.desk import Desk
from feedmirror.cli.output import print_json, progress
from feedmirror.cli.showing_status import print_standing, standing_to_dict
from feedmirror.cli.standing import CasesStanding, FeedRow, Standing, wrongs
from feedmirror.configuration import Configuration
from feedmirror.jobs.configure import Configured, NotConfiguredError, ReadConfiguration
from feedmirror.jobs.count_records import CountRecords, RecordCounts
from feedmirror.jobs.feed_states import FeedStates, KnownFeed
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.mirroring.limits import held_until
from feedmirror.ports.aftermath import Bells, Ringing
from feedmirror.ports.object_store import ObjectStore, StoreUnavailableError
from feedmirror.takedowns.casework.case_orders import waits_for_a_person
from feedmirror.takedowns.casework.cases import (
    Case,
    State,
    case_of_mail,
)
from feedmirror.takedowns.senders.receipt import is_setup
from feedmirror.version import VERSION
from feedmirror.wiring.stores import Stores

_NOTHING = ((), RecordCounts({}, {}))


def show_status(folder: Path | None, *, everything: bool, as_json: bool, stack: str) -> None:
    """Print how the mirror stands; exit with 1 if anything needs its operator."""
    desk = Desk(folder)
    client = cache(lambda: make_client("cloudwatch"))
    bells = None if folder is not None else CloudWatchAlarms(client, stack)
    with progress().status("looking"):
        function = desk.function
        standing = Look(
            stores=function.stores,
            mail=function.mail,
            mail_prefix=function.settings.mail_prefix,
            bells=bells,
        ).run()
    if as_json:
        print_json(standing_to_dict(standing))
    else:
        print_standing(standing, desk, everything=everything)
    if any(wrongs(standing)):
        raise SystemExit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Looks at everything and writes nothing; without ``bells`` nobody polls by a schedule."""

    stores: Stores
    mail: ObjectStore
    mail_prefix: str = "inbound/"
    bells: Bells | None = None
    clock: Callable[[], datetime] = utc_now

    def run(self) -> Standing:
        """Return how the mirror stands."""
        configured, unconfigured = self._configured()
        rows, counts = _NOTHING if configured is None else self._feeds(configured.configuration)
        alarms, unheard = self._alarms()
        book = CaseBook(self.stores.ledger, self.clock)
        return Standing(
            now=self.clock(),
            configured=configured,
            unconfigured=unconfigured,
            feeds=rows,
            records=sum(counts.by_host.values()),
            others=counts.others,
            cases=self._cases(book),
            mails=self._mails(book),
            alarms=alarms,
            unheard=unheard,
            on_schedule=self.bells is not None,
        )

    def _configured(self) -> tuple[Configured | None, str]:
        try:
            return ReadConfiguration(self.stores.archive, VERSION).run(), ""
        except NotConfiguredError as error:
            return None, str(error)

    def _feeds(self, configuration: Configuration) -> tuple[tuple[FeedRow, ...], RecordCounts]:
        """Return the configured feeds, what needs somebody first, and what there is of records."""
        archive, workers = self.stores.archive, self.stores.workers
        known = FeedStates(archive, workers).run()
        counts = CountRecords(archive, workers).run({feed.host for feed in configuration.feeds})
        each = {feed.url: known.get(feed.url, KnownFeed()) for feed in configuration.feeds}
        states = {feed.url: (each[feed.url].state, feed) for feed in configuration.feeds}
        held = held_until(states, configuration.mirror.shared)
        rows = (
            FeedRow(feed, each[feed.url], counts.by_host[feed.host], held.get(feed.url))
            for feed in configuration.feeds
        )
        return tuple(sorted(rows, key=lambda row: row.place)), counts

    def _cases(self, book: CaseBook) -> CasesStanding:
        found, unreadable = book.readable(book.unfinished(), self.stores.workers)
        waiting = sorted(filter(waits_for_a_person, found), key=_urgent_first)
        proving = [case for case in found if case.state in {State.ASKED, State.MASKED}]
        ends = [end for end in map(deadline, proving) if end is not None]
        return CasesStanding(
            for_person=tuple(waiting),
            for_proof=len(proving),
            first_deadline=min(ends, default=None),
            at_work=sum(case.state is State.RECEIVED for case in found),
            unreadable=tuple(sorted(f"case {case}: {why}" for case, why in unreadable.items())),
        )

    def _mails(self, book: CaseBook) -> int:
        """Return how many mails have no case; that of one that has just come may be under way."""
        listed = self.mail.list(self.mail_prefix)
        ids = (found.key.removeprefix(self.mail_prefix) for found in listed)
        known = frozenset(book.ids())
        return sum(not is_setup(each) and case_of_mail(each) not in known for each in ids)

    def _alarms(self) -> tuple[tuple[Ringing, ...], str]:
        if self.bells is None:
            return (), ""
        try:
            found = self.bells.ringing()
        except StoreUnavailableError as error:
            return (), str(error)
        return (
            (found, "") if found is not None else ((), "there is none: name the stack by --stack")
        )


def _urgent_first(case: Case) -> tuple[bool, datetime]:
    return not (case.decision or {}).get("urgent"), case.opened
