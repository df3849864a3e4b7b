"""What every setting means, in one line: for a written file's comments, and for the documents.

Each key of the operator's file and each variable has its line here, or a test fails.
"""

from collections.abc import Mapping
from typing import Final

MIRROR: Final[Mapping[str, str]] = {
    "name": "stands on every page and in every mail",
    "site": "the address that it is read under",
    "contact": "receives requests for removal (through SES)",
    "operator": "is asked when a person must decide",
    "unproven": 'what an unproven request does: "mask" hides what it names, "review" waits for you',
    "recovery_days": "how long a removal can be undone: 1 to 365",
    "shards": "parts that are polled apart: 1 for some hundred feeds, at most 10000",
    "purpose": "an optional line below every item",
    "images": '"link": shown from where they are; "none": left out',
    "noindex": "ask search engines to list the originals only",
}
FEED: Final[Mapping[str, str]] = {
    "url": "the feed's address, each once",
    "site": "whose feed this is, where its address does not tell",
    "publish": 'how much is shown: "full", "excerpt", "link", or "auto": what the feed offers',
    "interval": 'between two polls, such as "30m"; "auto": hourly, or later if the publisher asks',
    "ended": 'polled no more; its items "stay", stay as "links", or "go"',
    "max_age": "older items go",
    "max_items": "only the newest are kept",
}
ENVIRONMENT: Final[Mapping[str, str]] = {
    "archive_bucket": "the bucket of records, markers, poll state and the operator's file",
    "site_bucket": "the bucket of what the public sees",
    "ledger_bucket": "the bucket of rules and cases",
    "mail_bucket": "the bucket where mail arrives; the mirror function has none",
    "mail_prefix": "how the keys of mails begin",
    "poll_queue_url": "the queue of the shards whose turn it is; without it one call polls all",
    "work_queue_url": "the queue of the takedown function; without it the work is done in place",
    "distribution_id": "the CDN's distribution, whose caches are told to forget",
    "topic_arn": "where the operator's alarms go; without it they are only logged and counted",
    "allowed_networks": "networks beside the public internet that may be fetched from, any port",
    "embedded_store": "a file that holds the buckets, on a machine without S3",
}
