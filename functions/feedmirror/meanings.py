"""What every setting and metric means, in one line: for a written file and for the documents.

Each key of the operator's file, each variable and each metric has its line here, or a test fails.
"""

from collections.abc import Mapping
from typing import Final

MIRROR: Final[Mapping[str, str]] = {
    "name": "stands on every page and in every mail",
    "site": "the address that it is read under",
    "contact": "receives requests for removal",
    "operator": "is asked when a person must decide",
    "unproven": 'strangers of proved domains: "mask" hides a few pages for 14 days, "review" none',
    "recovery_days": "how long a removal can be undone: 1 to 365",
    "shards": "parts that are polled apart: 1 for some hundred feeds, at most 10000",
    "purpose": "an optional line below every item",
    "images": '"link": shown from where they are; "none": left out',
    "noindex": "ask search engines to list the originals only",
    "shared": 'domains whose hosts share one limit, as "tumblr.com": a 429 of one holds all back',
    "hub": "a WebSub hub that the mirror's own feeds name, and that is told what changed",
}
FEED: Final[Mapping[str, str]] = {
    "url": "the feed's address, each once",
    "site": "whose feed this is, where its address does not tell",
    "publish": 'how much is shown: "full", "excerpt", "link", or "auto": what stated terms permit',
    "interval": 'between two polls, such as "30m"; "auto": by what the feed does and asks for',
    "fastest": 'with interval "auto": at least so long between polls, to the minute, "15m" to "1d"',
    "permission": "who has allowed what robots.txt forbids; stands on the host's public page",
    "vanished": 'what the publisher drops from the feed: "suspend" takes it down, "keep" does not',
    "backfill": "how many documents of the feed's own archive are read, once: 0 to 500",
    "ended": 'polled no more; its items "stay", stay as "links", or "go"',
    "max_age": "older items go",
    "max_items": "only the newest are kept",
}
ENVIRONMENT: Final[Mapping[str, str]] = {
    "archive_bucket": "the bucket of records, markers, poll state and the operator's file",
    "site_bucket": "the bucket of what the public sees",
    "ledger_bucket": "the bucket of rules and cases",
    "mail_bucket": (
        "the bucket where mail arrives; all that has to do with cases needs it, status too; the"
        " mirror function has none"
    ),
    "mail_prefix": "how the keys of mails begin",
    "poll_queue_url": "the queue of the shards whose turn it is; without it one call polls all",
    "work_queue_url": "the queue of the takedown function; without it the work is done in place",
    "distribution_id": "the CDN's distribution, whose caches are told to forget",
    "topic_arn": "where the operator's alarms go; without it they are only logged and counted",
    "allowed_networks": "networks beside the public internet that may be fetched from, any port",
    "embedded_store": "a file that holds the buckets, on a machine without S3",
}
METRICS: Final[Mapping[str, str]] = {
    "Polled": "feeds that were asked",
    "Unchanged": "feeds that had nothing new",
    "Changed": "feeds that had something new",
    "Left": "feeds that were due and not polled, for want of time or as their host has had enough",
    "Created": "items stored for the first time",
    "Updated": "items stored anew, since the publisher changed them",
    "Retired": "items beyond what is kept or permitted of their feeds: gone, or links or excerpts",
    "Suppressed": "entries kept out by a rule",
    "Lost": "items and lists that somebody else was writing at the same moment; the next run does",
    "Dispatched": "shards handed out by the poll queue",
    "FailedFeeds": "feeds that could not be polled or read; the log line says which and why",
    "FailedTasks": "messages of a queue that failed and come again",
    "ConfigurationRefused": "runs that found the operator's file missing or wrong",
    "Alarms": "alarms that were only logged, since no topic is set",
    "Repaired": "items that a rule covers and that the hour found readable, and took down again",
    "Lapsed": "requests whose proof did not come in time",
    "Mails": "mails that no event had told of, found by the hour",
    "CasesReceived": "cases that a call left before they were carried out",
    "CasesWaiting": "cases that a call left for a person",
    "CasesAsked": "cases that a call left until proof comes, with nothing changed",
    "CasesMasked": "cases that a call left with something out of sight for the time being",
    "CasesRemoved": "cases that a call left with something down for good",
    "CasesRecorded": "cases that a call left with nothing to do",
    "CasesRefused": "cases that a call left refused, by a person",
    "CasesLapsed": "cases that a call left lapsed, since no proof came in time",
    "CasesRestored": "cases that a call left undone, with everything shown again",
}
