"""Situations by keyword, for the decision table: a test names only what it is about."""

from datetime import UTC, datetime
from typing import Any

from feedmirror.layout import ItemId
from feedmirror.suppression import Scope, author_keys, domain_key, feed_key, host_key, path_key
from feedmirror.takedowns.decisions.claims import Claim, Held
from feedmirror.takedowns.decisions.decision import Answered, Outcome, Plan, Situation, Step
from feedmirror.takedowns.mails.message import Message
from feedmirror.takedowns.notices.notice import Element, Kind, Notice, Target, TargetKind
from feedmirror.takedowns.senders.receipt import Receipt, Verdict, mailbox_key
from feedmirror.takedowns.senders.sender import Proof, Sender

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOST = "news.example.com"
FEED = "https://news.example.com/feed"
AUTHOR = "ann@mail.example"
CONTACT = "editor@mail.example"
ADDRESS = Target(TargetKind.ADDRESS, "https://news.example.com/1")
ALL_ELEMENTS = frozenset(Element) - {Element.MISTAKE, Element.JURISDICTION}


def an_id(number: int) -> ItemId:
    """Return the id of the item of that number."""
    letters = "abcdefghij"
    return ItemId("".join(letters[int(digit)] for digit in f"{number:026d}"))


def a_held(number: int = 1, **overrides: Any) -> Held:  # noqa: ANN401 -- a builder takes any field
    """Return an item of news.example.com by Ann, of a feed that names its editor."""
    host = overrides.get("host", HOST)
    fields: dict[str, Any] = {
        "host": host,
        "id": an_id(number),
        "hosts": frozenset({host}),
        "feed": f"https://{host}/feed",
        "authors": frozenset({mailbox_key(AUTHOR)}),
        "contacts": frozenset({mailbox_key(CONTACT)}),
    }
    return Held(**{**fields, **overrides})


def of_items(*items: Held) -> Claim:
    """Return a claim of items."""
    host = items[0].host if items else HOST
    return Claim(scope=Scope.ITEM, host=host, items=items, count=len(items))


def of_many(count: int, **overrides: Any) -> Claim:  # noqa: ANN401 -- a builder takes any field
    """Return a claim of so many items."""
    return of_items(*(a_held(number, **overrides) for number in range(count)))


def of_scope(scope: Scope, **overrides: Any) -> Claim:  # noqa: ANN401 -- a builder takes any field
    """Return a claim wider than items, at news.example.com."""
    host = overrides.get("host", HOST)
    keys = {
        Scope.AUTHOR: author_keys(host, address=AUTHOR),
        Scope.FEED: frozenset({feed_key(f"https://{host}/feed")}),
        Scope.PATH: frozenset({path_key(f"{host}/blog/")}),
        Scope.HOST: frozenset({host_key(host)}),
        Scope.DOMAIN: frozenset({domain_key(host)}),
    }
    fields: dict[str, Any] = {
        "scope": scope,
        "host": host,
        "keys": keys[scope],
        "items": (a_held(host=host),),
        "count": 12,
        "feed": f"https://{host}/feed" if scope is Scope.FEED else "",
    }
    return Claim(**{**fields, **overrides})


def a_sender(address: str, **overrides: Any) -> Sender:  # noqa: ANN401 -- a builder takes any field
    """Return a sender whom DMARC proves."""
    local, _, domain = address.partition("@")
    fields: dict[str, Any] = {
        "address": address,
        "domain": domain,
        "proof": Proof.DMARC,
        "role": local in {"webmaster", "legal"},
        "shared": domain == "gmail.com",
    }
    return Sender(**{**fields, **overrides})


def nobody(address: str = "who@rival.example") -> Sender:
    """Return a sender who is not proved."""
    return a_sender(address, proof=Proof.NONE, why="no policy and no signature")


BY_AUTHOR = a_sender(AUTHOR)
BY_CONTACT = a_sender(CONTACT)
BY_HOST = a_sender("joe@example.com")
BY_ROLE = a_sender("webmaster@example.com")
BY_STRANGER = a_sender("counsel@rival-legal.example")
BY_FREEMAIL = a_sender("ben@gmail.com")
BY_NOBODY = nobody()


def a_receipt(**overrides: Any) -> Receipt:  # noqa: ANN401 -- a builder takes any field
    """Return SES's receipt of a clean mail."""
    passed = dict.fromkeys(("spam", "virus", "spf", "dkim", "dmarc"), Verdict.PASS)
    return Receipt(**{"ses_id": "s1", "received": NOW, "returnable": True, **passed, **overrides})


def a_removal(**overrides: Any) -> Notice:  # noqa: ANN401 -- a builder takes any field
    """Return a request to take one address down."""
    return Notice(**{"kind": Kind.REMOVAL, "targets": (ADDRESS,), **overrides})


def a_situation(*claims: Claim, **overrides: Any) -> Situation:  # noqa: ANN401 -- as above
    """Return a request of a stranger's; without a claim of one item, of none if ``claims=()``."""
    fields: dict[str, Any] = {
        "receipt": a_receipt(),
        "message": Message(),
        "sender": BY_STRANGER,
        "notice": a_removal(),
        "claims": claims or (of_items(a_held()),),
        "own_hosts": frozenset({"mirror.example.org"}),
        "now": NOW,
    }
    return Situation(**{**fields, **overrides})


def an_answered(**overrides: Any) -> Answered:  # noqa: ANN401 -- a builder takes any field
    """Return a case that is answered with its nonce, from where it was asked."""
    fields: dict[str, Any] = {
        "case": "casecasecasecase",
        "nonce_is_valid": True,
        "from_asked": True,
        "open": True,
    }
    return Answered(**{**fields, **overrides})


def outcomes(plan: Plan) -> list[tuple[int, Outcome]]:
    """Return the rows and outcomes of a plan, in its order."""
    return [(step.row, step.outcome) for step in plan.steps]


def only(plan: Plan) -> Step:
    """Return a plan's one step."""
    (step,) = plan.steps
    return step
