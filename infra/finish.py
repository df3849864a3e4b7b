"""What CloudFormation cannot do for a mirror: done where possible, and told where not.

Run it after a deployment, and again until nothing is left to do: it activates the receipt rule set,
and looks at everything that has to be in place before a takedown mail is answered.
"""

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import dns.exception
import dns.resolver
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from feedmirror.configuration_file import ConfigurationError, parse_configuration
from feedmirror.layout import CONFIGURATION

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient
    from mypy_boto3_sesv2 import SESV2Client

Resolve = Callable[[str, str], Sequence[str]]  # a name and a type of record; its values
_SECONDS = 5.0  # for one question to DNS
# A stack whose functions are there: the newest, or after an upgrade that failed the version before.
_RUNNING = {
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
}
_RECORD_OUTPUT = "Record"


class UnfinishedError(Exception):
    """What keeps the look from being made at all."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that has to be in place: whether it is, and what it is or what to do."""

    what: str
    done: bool
    words: str


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed stack, as CloudFormation tells of it."""

    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    def records(self) -> Iterator[tuple[str, str, str]]:
        """Yield the DNS records that the stack needs: name, type and value."""
        for name, told in sorted(self.outputs.items()):
            if name.rstrip("123").endswith(_RECORD_OUTPUT):
                host, kind, value = told.split(" ", 2)
                yield host, kind, value


def read_stack(name: str) -> Stack:
    """Return a stack; raises UnfinishedError if it is not there, or not whole."""
    try:
        (stack,) = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise UnfinishedError(f"there is no stack {name} in this region: deploy it first") from None
    status = stack["StackStatus"]
    if status not in _RUNNING:
        wait = status.endswith("_IN_PROGRESS")
        advice = "wait until that is over" if wait else "nothing runs: delete it and deploy again"
        raise UnfinishedError(f"the stack {name} is {status}: {advice}")
    return Stack(
        {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])},
        {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])},
    )


def activate(ses: "SESClient", wanted: str) -> Step:
    """Make the rule set the active one, unless another is: a region has one, for all its mail."""
    active = ses.describe_active_receipt_rule_set().get("Metadata", {}).get("Name")
    if active and active != wanted:
        return Step(
            "rule set",
            done=False,
            words=f"{active} is active, and may serve other mail of this account: deploy again"
            f" with ExistingRuleSet={active}, which adds the mirror's rule to it",
        )
    if not active:
        ses.set_active_receipt_rule_set(RuleSetName=wanted)
    return Step("rule set", done=True, words=f"{wanted} is the active one")


def look_at_records(stack: Stack, resolve: Resolve) -> Iterator[Step]:
    """Tell of each DNS record whether it can be seen from here."""
    records = list(stack.records())
    mail = {host for host, kind, _ in records if kind == "MX"}
    for host, kind, value in records:
        told = f"{host} {kind} {value}"
        if kind == "ALIAS":
            alias = host in mail and resolve(host, "CNAME")
            found = bool(resolve(host, "A") or resolve(host, "AAAA")) and not alias
            if alias:
                told += "  (not a CNAME, beside which no mail can be received: RFC 1034 §3.6.2)"
        else:
            found = _same(value) in map(_same, resolve(host, kind)) or (
                host.startswith("_dmarc.")
                and any(_same(each).startswith("v=dmarc1") for each in resolve(host, kind))
            )
        yield Step("DNS record", found, told)


def look_at_sending(sesv2: "SESV2Client", domain: str) -> Iterator[Step]:
    """Tell whether SES sends for the contact's domain, and to anybody."""
    identity: Any = sesv2.get_email_identity(EmailIdentity=domain)
    signed = identity.get("VerifiedForSendingStatus") is True
    words = "is verified" if signed else "is not verified yet: SES looks for its three CNAMEs"
    yield Step("sender", signed, f"{domain} {words}")
    returned = identity.get("MailFromAttributes", {}).get("MailFromDomainStatus")
    own = returned == "SUCCESS"
    words = "is the answers' own" if own else f"is not the answers' own yet: {returned}"
    yield Step("return path", own, f"bounce.{domain} {words}")
    free = sesv2.get_account().get("ProductionAccessEnabled") is True
    words = "may write to anybody" if free else (
        "is in the sandbox: answers reach verified addresses alone until you ask SES for production"
        " access in this region"
    )  # fmt: skip
    yield Step("account", free, f"it {words}")


def look_at_alarms(stack: Stack) -> Step:
    """Tell whether somebody gets the alarms."""
    pages = boto3.client("sns").get_paginator("list_subscriptions_by_topic")
    found = [
        each
        for page in pages.paginate(TopicArn=stack.outputs["TopicArn"])
        for each in page["Subscriptions"]
    ]
    confirmed = [each for each in found if each["SubscriptionArn"].startswith("arn:")]
    words = ", ".join(each["Endpoint"] for each in confirmed or found)
    advice = "get them" if confirmed else "has to follow the link in SNS's mail"
    return Step("alarms", bool(confirmed), f"{words or 'nobody'} {advice}")


def look_at_configuration(stack: Stack) -> Step:
    """Tell whether there is a configuration, and whether it says the same as the stack."""
    place = f"s3://{stack.outputs['ArchiveBucketName']}/{CONFIGURATION}"
    try:
        stored = boto3.client("s3").get_object(
            Bucket=stack.outputs["ArchiveBucketName"], Key=CONFIGURATION
        )
        configuration = parse_configuration(stored["Body"].read().decode("utf-8", "replace"))
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        said = (("site", stack.outputs["SiteAddress"]), ("contact", stack.parameters["Contact"]))
        options = " ".join(f"--{name} {value}" for name, value in said)
        words = f"feedmirror init {options} && aws s3 cp mirror.toml {place}"
        return Step("configuration", done=False, words=words)
    except ConfigurationError as error:
        return Step("configuration", done=False, words=error.told(place))
    mirror = configuration.mirror
    differing = [
        f"{name} is {there} in mirror.toml, {here} in the stack"
        for name, there, here in (
            ("site", mirror.site, stack.outputs["SiteAddress"]),
            ("contact", mirror.contact, stack.parameters["Contact"]),
            ("recovery_days", str(mirror.recovery_days), stack.parameters["RecoveryDays"]),
        )
        if there.lower() != here.lower()
    ]
    words = "; ".join(differing) or f"{place}, {len(configuration.feeds)} feeds"
    return Step("configuration", not differing, words)


def steps_of(stack: Stack, resolve: Resolve) -> Iterator[Step]:
    """Do what can be done, and yield all that has to be in place."""
    yield activate(boto3.client("ses"), stack.outputs["RuleSetName"])
    yield from look_at_records(stack, resolve)
    yield from look_at_sending(boto3.client("sesv2"), stack.outputs["MailDomain"])
    yield look_at_alarms(stack)
    yield look_at_configuration(stack)


def environment_of(stack: Stack) -> dict[str, str]:
    """Return the variables with which the command line works on this account."""
    client = boto3.client("lambda")
    found: dict[str, str] = {}
    for name in ("MirrorFunctionName", "TakedownFunctionName"):
        told = client.get_function_configuration(FunctionName=stack.outputs[name])
        found |= told["Environment"]["Variables"]
    return {"AWS_DEFAULT_REGION": client.meta.region_name, **dict(sorted(found.items()))}


def ask_dns(name: str, kind: str, *, resolver: dns.resolver.Resolver | None = None) -> list[str]:
    """Return a name's records of a type, as text; none if there are none, or no answer."""
    asked = resolver or dns.resolver.get_default_resolver()
    try:
        answer = asked.resolve(name, kind, raise_on_no_answer=False, lifetime=_SECONDS)
    except dns.exception.DNSException:
        return []
    return [record.to_text() for record in answer.rrset or ()]


def main(arguments: Sequence[str] | None = None, *, resolve: Resolve = ask_dns) -> int:
    """Do and tell; return 0 if all is in place, 1 if something is left, 2 if nobody could look."""
    parser = argparse.ArgumentParser(prog="finish", description=__doc__)
    parser.add_argument("--stack", default="feedmirror", help="its name (feedmirror)")
    parser.add_argument(
        "--environment",
        action="store_true",
        help="only print the variables with which feedmirror's commands work on this account",
    )
    options = parser.parse_args(arguments)
    try:
        stack = read_stack(options.stack)
        if options.environment:
            for name, value in environment_of(stack).items():
                print(f"export {name}={shlex.quote(value)}")
            return 0
        steps = []
        for step in steps_of(stack, resolve):
            steps.append(step)
            print(f"{'done ' if step.done else 'TO DO'}  {step.what:<13}  {step.words}")
    except NoRegionError:
        print("finish: no region: set AWS_DEFAULT_REGION, such as us-east-1", file=sys.stderr)
        return 2
    except (UnfinishedError, BotoCoreError, ClientError) as error:
        print(f"finish: {_said(error)}", file=sys.stderr)
        return 2
    left = sum(not step.done for step in steps)
    print(f"\n{left} left to do." if left else "\nAll is in place.")
    return 1 if left else 0


def _same(value: str) -> str:
    """Return a record's value as it is compared: names without regard to case or their last dot."""
    return value.replace('"', "").rstrip(".").lower()


def _said(error: Exception) -> str:
    return " ".join(str(error).split())


if __name__ == "__main__":
    sys.exit(main())
