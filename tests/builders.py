"""Valid values by keyword: a test names only what it is about."""

from datetime import UTC, datetime
from typing import Any

from feedmirror.configuration import MirrorSettings
from feedmirror.layout import ItemId
from feedmirror.records import (
    Attribution,
    Contact,
    Enclosure,
    FeedReference,
    Item,
    Person,
    Publisher,
    Tombstone,
)
from feedmirror.suppression import Ground, RuleId, Scope, Subject, Suppression, describe

AN_ID = ItemId("abcdefghijklmnopqrstuvwxyz")
A_MOMENT = datetime(2026, 11, 3, 10, 30, tzinfo=UTC)


def an_attribution(**overrides: Any) -> Attribution:  # noqa: ANN401 -- a builder takes any field
    """Return an attribution to Ann Author of news.example.com."""
    fields: dict[str, Any] = {
        "original_url": "https://news.example.com/2026/a-story",
        "publisher": Publisher("Example News", "https://news.example.com/", "news.example.com"),
        "feed": FeedReference("Example News: latest", "https://news.example.com/feed.xml"),
        "authors": (
            Person("Ann Author", "https://news.example.com/ann", "ann@mail.example"),
            Person("Bob Beta"),
        ),
        "rights": "© 2026 Example News",
        "license_url": "https://licences.example/by/4.0/",
    }
    return Attribution(**{**fields, **overrides})


def an_item(**overrides: Any) -> Item:  # noqa: ANN401 -- a builder takes any field
    """Return an item of news.example.com that fills every field.

    Its subject is described by the other fields, as overridden, unless it is given itself.
    """
    fields: dict[str, Any] = {
        "id": AN_ID,
        "host": "news.example.com",
        "title": "A story",
        "content_html": "<p>The whole story, with <em>weight</em>.</p>",
        "summary": "What the story tells.",
        "language": "en",
        "published": datetime(2026, 11, 2, 8, 0, tzinfo=UTC),
        "updated": datetime(2026, 11, 2, 9, 0, tzinfo=UTC),
        "first_seen": A_MOMENT,
        "retrieved": A_MOMENT,
        "fingerprint": "f" * 26,
        "attribution": an_attribution(),
        "categories": ("Science", "Nature"),
        "enclosures": (Enclosure("https://media.example.com/story.mp3", "audio/mpeg", 3_400_000),),
        "contacts": (Contact("webmaster", "webmaster@mail.example"),),
    }
    given = {**fields, **overrides}
    return Item(**given) if "subject" in given else Item(**given, subject=_subject(given))


def a_tombstone(**overrides: Any) -> Tombstone:  # noqa: ANN401 -- a builder takes any field
    """Return the tombstone that a publisher's wish left of :func:`an_item`."""
    fields: dict[str, Any] = {
        "id": AN_ID,
        "host": "news.example.com",
        "when": datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
        "case": "case-1",
        "ground": Ground.PUBLISHER,
    }
    return Tombstone(**{**fields, **overrides})


def a_mirror(**overrides: Any) -> MirrorSettings:  # noqa: ANN401 -- a builder takes any field
    """Return the settings of Example Mirror."""
    fields: dict[str, Any] = {
        "name": "Example Mirror",
        "site": "https://mirror.example.org",
        "contact": "takedown@mirror.example.org",
        "operator": "ops@example.org",
    }
    return MirrorSettings(**{**fields, **overrides})


def _subject(fields: dict[str, Any]) -> Subject:
    credit: Attribution = fields["attribution"]
    return describe(
        hosts=(fields["host"],),
        addresses=(credit.original_url,),
        guid=None,
        authors=((author.name, author.address or "") for author in credit.authors),
        feeds=(credit.feed.url,),
    )


def a_rule(*keys: str, **overrides: Any) -> Suppression:  # noqa: ANN401 -- a builder takes any field
    """Return a rule of news.example.com with these keys, by a publisher's wish."""
    fields: dict[str, Any] = {
        "id": RuleId("r1"),
        "scope": Scope.ITEM,
        "host": "news.example.com",
        "keys": frozenset(keys),
        "ground": Ground.PUBLISHER,
        "case": "case-1",
        "when": A_MOMENT,
    }
    return Suppression(**{**fields, **overrides})
