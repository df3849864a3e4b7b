"""Who may do what: calls as they were made, what each needs, and what a role's statements grant.

Only what the template uses of IAM is known here, and anything else is an error: an evaluator that
guesses proves nothing. How each call is authorised is a reviewed table, ``permissions.toml``.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

TABLE = tomllib.loads((Path(__file__).parent / "infra" / "permissions.toml").read_text())
ACCOUNT = "123456789012"  # moto's
Statement = Mapping[str, Any]
# What S3 is told of every call of ours: by TLS, by a role of the account, on its own buckets.
_ALWAYS = {
    "aws:securetransport": "true",
    "aws:principalaccount": ACCOUNT,
    "aws:principalarn": f"arn:aws:iam::{ACCOUNT}:role/takedown",
    "aws:principalisawsservice": "false",
    "aws:resourceaccount": ACCOUNT,
}


@dataclass(frozen=True)
class Call:
    """One call of an AWS API: who made it, what it named, and whether it found nothing."""

    actor: str
    operation: str  # as boto3 names it, after its service
    parameters: Mapping[str, Any]
    absent: bool = False


@dataclass(frozen=True)
class Need:
    """An action on a resource, with what conditions may ask about it."""

    action: str
    resource: str
    # A key that is None is not there, where those of ``_ALWAYS`` are.
    context: Mapping[str, str | None] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Names:
    """What a call's resources are called: the account's numbers, and a mail identity's set."""

    region: str
    account: str
    configuration_set: str


def needs_of(call: Call, names: Names) -> list[Need]:
    """Return what a call needs, by the reviewed table."""
    given, context = call.parameters, _context(call)
    found: list[Need] = []
    for row in TABLE["calls"][call.operation]:
        if row.get("only_if") and not given.get(row["only_if"]):
            continue
        if row.get("only_if_absent") and not call.absent:
            continue
        resource = row["resource"].format(
            bucket=given.get("Bucket"),
            key=given.get("Key"),
            queue=str(given.get("QueueUrl")).rpartition("/")[2],
            topic=given.get("TopicArn"),
            distribution=given.get("DistributionId"),
            domain=str(given.get("FromEmailAddress")).rpartition("@")[2],
            recipient=_recipient(given),
            configuration_set=names.configuration_set,
            region=names.region,
            account=names.account,
        )
        told = {} if row.get("only_if_absent") else context
        found.append(Need(row["action"], resource, told))
    return found


def _recipient(given: Mapping[str, Any]) -> str:
    return str(next(iter(given.get("Destination", {}).get("ToAddresses", ())), None))


def _context(call: Call) -> dict[str, str]:
    keys = {
        "s3:prefix": "Prefix",
        "s3:if-match": "IfMatch",
        "s3:if-none-match": "IfNoneMatch",
        "ses:FromAddress": "FromEmailAddress",
    }
    return {key: call.parameters[name] for key, name in keys.items() if name in call.parameters}


def grants(statement: Statement, need: Need) -> bool:
    """Tell whether a statement speaks of what is needed."""
    return (
        any(fnmatchcase(need.action, action) for action in _many(statement["Action"]))
        and any(fnmatchcase(need.resource, resource) for resource in _many(statement["Resource"]))
        and all(
            _holds(operator, key, _many(wanted), need)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def allowed(need: Need, statements: Sequence[Statement]) -> bool:
    """Tell whether some statements allow what is needed, and none denies it."""
    speaking = [each for each in statements if grants(each, need)]
    return bool(speaking) and all(each["Effect"] == "Allow" for each in speaking)


def denied(need: Need, statements: Sequence[Statement]) -> bool:
    """Tell whether some statement denies what is needed."""
    return any(each["Effect"] == "Deny" and grants(each, need) for each in statements)


def without_each(statements: Sequence[Statement]) -> Iterator[tuple[str, list[Statement]]]:
    """Yield the statements without each single grant: an action on a resource of a statement."""
    for number, statement in enumerate(statements):
        if statement["Effect"] == "Deny":
            continue
        for action in _many(statement["Action"]):
            for resource in _many(statement["Resource"]):
                rest = _split(statement, action, resource)
                others = [*statements[:number], *rest, *statements[number + 1 :]]
                yield f"{statement['Sid']}: {action} on {resource}", others


def _split(statement: Statement, action: str, resource: str) -> list[Statement]:
    """Return a statement as one for each of its grants, without one of them."""
    return [
        {**statement, "Action": one, "Resource": on}
        for one in _many(statement["Action"])
        for on in _many(statement["Resource"])
        if (one, on) != (action, resource)
    ]


def _holds(operator: str, key: str, wanted: Sequence[str], need: Need) -> bool:
    # Condition keys are told apart without regard to case (IAM reference, "Condition").
    told = {**_ALWAYS, **{name.lower(): value for name, value in need.context.items()}}
    found = told.get(key.lower())
    if operator == "Null":
        return (found is None) is (wanted[0] == "true")
    matches = _MATCHES[operator]
    return operator in _HOLD_WITHOUT if found is None else matches(found, wanted)


def _equal(found: str, wanted: Sequence[str]) -> bool:
    return found in wanted


def _alike(found: str, wanted: Sequence[str]) -> bool:
    return any(fnmatchcase(found, each) for each in wanted)


# The two that negate hold for a key that is not there (IAM reference, "Condition operators").
_HOLD_WITHOUT = {"BoolIfExists", "StringNotEquals", "ArnNotLike"}
_MATCHES: Mapping[str, Callable[[str, Sequence[str]], bool]] = {
    "StringEquals": _equal,
    "StringNotEquals": lambda found, wanted: not _equal(found, wanted),
    "StringEqualsIgnoreCase": lambda found, wanted: found.lower() in map(str.lower, wanted),
    "StringLike": _alike,
    "ArnLike": _alike,
    "ArnNotLike": lambda found, wanted: not _alike(found, wanted),
    "Bool": _equal,
    "BoolIfExists": _equal,
}


def _many(value: Any) -> list[Any]:  # noqa: ANN401 -- a policy holds one or a list
    return value if isinstance(value, list) else [value]
