"""Who may do what: calls as they were made, what each needs, and what a role's statements grant.

Only what the template uses of IAM is known here, and anything else is an error: an evaluator that
guesses proves nothing. How each call is authorised is a reviewed table, ``permissions.toml``.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

TABLE = tomllib.loads((Path(__file__).parent / "infra" / "permissions.toml").read_text())
Statement = Mapping[str, Any]


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
    context: Mapping[str, str] = field(default_factory=dict, hash=False)


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
    found = {name.lower(): value for name, value in need.context.items()}.get(key.lower())
    match operator:
        case "StringEquals":
            return found in wanted
        case "StringEqualsIgnoreCase":
            return found is not None and found.lower() in [each.lower() for each in wanted]
        case "StringLike" | "ArnLike":
            return found is not None and any(fnmatchcase(found, like) for like in wanted)
        case "Null":
            return (found is None) is (wanted[0] == "true")
        case "Bool":
            return (found or "true") == wanted[0]  # every call of ours is by TLS
        case _:
            raise NotImplementedError(operator)


def _many(value: Any) -> list[Any]:  # noqa: ANN401 -- a policy holds one or a list
    return value if isinstance(value, list) else [value]
