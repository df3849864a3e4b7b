"""What publishers take back without a mail, handed on to the takedown function."""

from collections.abc import Iterable, Iterator, Mapping

from feedmirror.configuration import FeedSettings
from feedmirror.jobs.batches import batches
from feedmirror.jobs.findings import Reason, Withdrawal
from feedmirror.layout import ItemId
from feedmirror.ports.aftermath import WorkQueue

_MOST_AT_ONCE = 200  # items of one message


def messages(
    settings: FeedSettings, items: Mapping[ItemId, str], *, words: Mapping[str, str]
) -> Iterator[Withdrawal]:
    """Yield what tells the takedown function of some items of a feed, by the reasons given.

    Without ``words`` it is that the feed lists them again.
    """
    for why in sorted(set(items.values())):
        alike = sorted(item for item, reason in items.items() if reason == why)
        for some in batches(alike, _MOST_AT_ONCE):
            yield Withdrawal(
                reason=Reason(why),
                host=settings.host,
                feed=settings.url,
                items=tuple(some),
                on=bool(words),
                words=words[why] if words else "the feed lists them again",
            )


def hand_on(queue: WorkQueue, withdrawals: Iterable[Withdrawal]) -> list[str]:
    """Hand on some withdrawals; return what went wrong, which is nothing where all were taken.

    What was not taken is to be found again; what was, may come a second time.
    """
    problems = []
    for withdrawal in withdrawals:
        try:
            queue.send(withdrawal.to_dict())
        except Exception as error:  # noqa: BLE001 -- one feed's failure is its own, done inline too
            what = f"{withdrawal.reason} of {withdrawal.feed or withdrawal.host}"
            problems.append(f"{what}: not handed on: {error!r}")
    return problems
