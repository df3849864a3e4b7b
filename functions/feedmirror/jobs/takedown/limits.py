"""What the ledger remembers against abuse: small keys that are created once and only listed.

Everything stands under ``limits/`` by hashes. A key names its case, so a retry counts once.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from feedmirror.addresses import digest
from feedmirror.layout import LIMITS, ItemId, challenges_prefix
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore
from feedmirror.takedowns.casework.challenges import ChallengeUnreadableError, challenge_from_json
from feedmirror.takedowns.senders.sender import Sender

MAILS_OF_A_SENDER = 20  # a day, that are acted on without a person
MAILS_OF_A_DOMAIN = 100
MASKS_OF_A_SENDER = 3  # cases a day
REPLIES_TO_AN_ADDRESS = 1  # a day, beside those to its own cases' further steps
REPLIES_TO_A_DOMAIN = 5
_MOST_REFERENCES = 20
Place = tuple[str, ItemId]


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts and remembers; every method may raise StoreUnavailableError."""

    ledger: ObjectStore

    def is_over(self, sender: Sender, case: str, now: datetime) -> bool:
        """Tell whether a proved sender, or its domain, has had its share of the day.

        Here and below the case itself never counts: it may be a retry's.
        """
        return self._is_used_up(
            self._mails(sender.address, now), MAILS_OF_A_SENDER, case
        ) or self._is_used_up(self._mails(sender.domain, now), MAILS_OF_A_DOMAIN, case)

    def count_mail(self, sender: Sender, case: str, now: datetime) -> None:
        """Count a proved sender's mail; what is not proved never counts against a domain."""
        for who in (sender.address, sender.domain):
            self._create(f"{self._mails(who, now)}{case}")

    def masks_used_up(self, requester: str, case: str, now: datetime) -> bool:
        """Tell whether a requester has had its provisional masks of the day."""
        prefix = f"{LIMITS}masks-of/{now:%Y-%m-%d}/{requester}/"
        return self._is_used_up(prefix, MASKS_OF_A_SENDER, case)

    def count_mask(self, requester: str, case: str, now: datetime) -> None:
        """Count a case that masks something without proof."""
        self._create(f"{LIMITS}masks-of/{now:%Y-%m-%d}/{requester}/{case}")

    def was_seen(self, message: str, case: str) -> bool:
        """Tell whether another case has had the same Message-ID; remember it for this one."""
        return bool(message) and self._is_others(f"{LIMITS}seen/{message}", case)

    def remember_message(self, message: str, case: str) -> None:
        """Remember that a Message-ID belongs to a case."""
        self._create(f"{LIMITS}seen/{message}", case)

    def masked_before(self, places: Iterable[Place], case: str) -> frozenset[Place]:
        """Return the items that another case once masked without proof."""
        return frozenset(p for p in places if self._is_others(_masked(p), case))

    def remember_masks(self, places: Iterable[Place], case: str) -> None:
        """Remember which items a case masks without proof."""
        for place in places:
            self._create(_masked(place), case)

    def is_discredited(self, requester: str, case: str) -> bool:
        """Tell whether another case of a requester's lapsed or was refused."""
        return self._is_used_up(f"{LIMITS}discredited/{requester}/", 1, case)

    def discredit(self, requester: str, case: str) -> None:
        """Remember that a requester's case lapsed or was refused."""
        self._create(f"{LIMITS}discredited/{requester}/{case}")

    def barred(self, requester: str, places: Iterable[Place]) -> frozenset[Place]:
        """Return the items that were restored against a requester."""
        prefix = f"{LIMITS}barred/{requester}/"
        return frozenset(
            (host, item) for host, item in places if self.ledger.head(f"{prefix}{host}/{item}")
        )

    def bar(self, requester: str, places: Iterable[Place]) -> None:
        """Remember that some items were restored against a requester."""
        for host, item in places:
            self._create(f"{LIMITS}barred/{requester}/{host}/{item}")

    def asked_this_week(self, feeds: Iterable[str], case: str, now: datetime) -> frozenset[str]:
        """Return the feeds whose contact another case asked for proof this week."""
        return frozenset(f for f in sorted(set(feeds)) if self._is_others(_asked(f, now), case))

    def remember_asked(self, feed: str, case: str, now: datetime) -> None:
        """Remember that a feed's contact was asked for proof."""
        self._create(_asked(feed, now), case)

    def masked_hosts(self, hosts: Collection[str], case: str, now: datetime) -> frozenset[str]:
        """Return the hosts that have another case's provisional mask open."""
        return frozenset(
            host for host in hosts if any(c != case for c in self._provisional(host, now))
        )

    def may_write(self, mailbox: str, domain: str, *, step: str, now: datetime) -> bool:
        """Take one of the day's replies to an address and its domain; False if none is left.

        ``step`` names the reply, so that a retry takes the same one again.
        """
        day = f"{LIMITS}replies/{now:%Y-%m-%d}/"
        by_domain = f"{day}{digest('domain', domain)}/"
        return self._take(f"{day}{mailbox}/", REPLIES_TO_AN_ADDRESS, step) and self._take(
            by_domain, REPLIES_TO_A_DOMAIN, step
        )

    def remember_sent(self, sent: str, case: str) -> None:
        """Remember which case a mail of ours belongs to, by the id that it got."""
        self._create(f"{LIMITS}sent/{digest('sent', sent)}", case)

    def case_of_sent(self, message_ids: Iterable[str]) -> str:
        """Return the case of the mail of ours that one of some Message-IDs is, or nothing.

        SES makes them of its own id and a domain of Amazon's.
        """
        for message_id in islice(message_ids, _MOST_REFERENCES):
            sent = message_id.strip("<> ").partition("@")[0]
            found = self.ledger.get(f"{LIMITS}sent/{digest('sent', sent)}") if sent else None
            if found is not None:
                return found.content.body.decode()
        return ""

    def remember_withdrawal(self, reason: str, place: Place, case: str) -> None:
        """Remember by which case an item is taken back; before the case is opened."""
        self._create(f"{_withdrawn(reason, place)}{case}")

    def withdrawn_by(self, reason: str, place: Place) -> list[str]:
        """Return the cases by which an item was ever taken back for a reason."""
        prefix = _withdrawn(reason, place)
        return [found.key.removeprefix(prefix) for found in self.ledger.list(prefix)]

    def remember_offered(self, things: Iterable[str], when: datetime) -> None:
        """Remember when some things were last seen to be offered by their publisher."""
        for thing in things:
            key, known = f"{LIMITS}offered/{thing}", self.offered_since(thing)
            found = self.ledger.head(key)
            if known is None or known < when:
                content = Content(when.isoformat().encode(), "text/plain")
                with suppress(LostConditionError):  # another message says nearly the same
                    self.ledger.put(key, content, replaces=found.etag if found else None)

    def offered_since(self, thing: str) -> datetime | None:
        """Return when a thing that was taken back was last seen to be offered."""
        found = self.ledger.get(f"{LIMITS}offered/{thing}")
        return datetime.fromisoformat(found.content.body.decode()) if found else None

    def seen_since(self, case: str, now: datetime) -> timedelta:
        """Return how long ago a mail was first found to have no case; by our own clock."""
        key = f"{LIMITS}without-case/{case}"
        self._create(key, now.isoformat())
        found = self.ledger.get(key)
        return now - datetime.fromisoformat(found.content.body.decode()) if found else timedelta()

    def _take(self, prefix: str, most: int, step: str) -> bool:
        return any(
            self._create(f"{prefix}{number}", step)
            or not self._is_others(f"{prefix}{number}", step)
            for number in range(most)
        )

    def _provisional(self, host: str, now: datetime) -> Iterator[str]:
        for summary in self.ledger.list(challenges_prefix(host)):
            found = self.ledger.get(summary.key)
            with suppress(ChallengeUnreadableError):
                challenge = challenge_from_json(found.content.body) if found else None
                if challenge and challenge.provisional and challenge.is_open(now):
                    yield challenge.case

    def _mails(self, who: str, now: datetime) -> str:
        return f"{LIMITS}mails/{now:%Y-%m-%d}/{digest('sender', who)}/"

    def _is_used_up(self, prefix: str, most: int, case: str) -> bool:
        listed = islice(self.ledger.list(prefix), most + 1)
        return sum(found.key != f"{prefix}{case}" for found in listed) >= most

    def _create(self, key: str, body: str = "") -> bool:
        try:
            self.ledger.put(key, Content(body.encode(), "text/plain"), replaces=None)
        except LostConditionError:
            return False
        return True

    def _is_others(self, key: str, own: str) -> bool:
        found = self.ledger.get(key)
        return found is not None and found.content.body.decode() != own


def _withdrawn(reason: str, place: Place) -> str:
    host, item = place
    return f"{LIMITS}withdrawn/{host}/{item}/{reason}/"


def _masked(place: Place) -> str:
    host, item = place
    return f"{LIMITS}masked/{host}/{item}"


def _asked(feed: str, now: datetime) -> str:
    year, week, _ = now.isocalendar()
    return f"{LIMITS}asked/{year}-{week:02}/{digest('feed', feed)}"
