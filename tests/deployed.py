"""The template deployed into moto, its functions called as Lambda calls them, every call noted.

The handlers are the real ones, with the variables that the template gives them.
"""

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws

import moto_stack
from at_length import keep_at_length
from feedmirror.local.machine import Unhurried
from permissions import ACCOUNT, TABLE, Call, Names, Need, needs_of
from stack_template import REGION, translated
from takedown_world import CONTACT, a_mail, ses_record
from typed import forget

OWNER = "ann@news.example.com"


@dataclass
class Cloud:
    """A deployed mirror, and every call that its functions have made."""

    outputs: dict[str, str]
    ids: dict[str, str]
    environment: pytest.MonkeyPatch
    calls: list[Call] = field(default_factory=list)
    actor: str = ""
    mails: int = 0

    def call(self, name: str, event: object, *, milliseconds: int = 900_000) -> dict[str, Any]:
        """Call one of the functions with the variables that the template gives it."""
        told = boto3.client("lambda").get_function_configuration(
            FunctionName=self.ids[f"{name.title()}Function"]
        )
        for variable, value in told["Environment"]["Variables"].items():
            self.environment.setenv(variable, value)
        if name == "mirror":
            from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- as Lambda imports it
        else:
            from feedmirror.handlers.takedown import handler  # noqa: PLC0415 -- the same

        class Context(Unhurried):
            def get_remaining_time_in_millis(self) -> int:
                return milliseconds

        self.actor = name
        try:
            return handler(json.loads(json.dumps(event)), Context())
        finally:
            self.actor = ""

    def configure(self, text: str) -> None:
        bucket = self.outputs["ArchiveBucketName"]
        boto3.client("s3").put_object(Bucket=bucket, Key="config/mirror.toml", Body=text.encode())

    def mail(self, text: str, *, sender: str = OWNER, to: str = CONTACT) -> dict[str, Any]:
        """Put a mail where SES would, and return SES's event."""
        return self.post(a_mail(text, sender=sender, to=to, date=datetime.now(UTC)), to=to)

    def post(self, raw: bytes, *, to: str = CONTACT, **verdicts: str) -> dict[str, Any]:
        """Put the bytes of a mail where SES would, and return SES's event."""
        self.mails += 1
        now, ses_id = datetime.now(UTC), f"mail{self.mails:036}"
        bucket = self.outputs["MailBucketName"]
        boto3.client("s3").put_object(Bucket=bucket, Key=f"inbound/{ses_id}", Body=raw)
        return {"Records": [ses_record(ses_id, raw, now=now, to=to, verdicts=verdicts)]}

    def last_mail(self) -> EmailMessage:
        """Return the last mail that left."""
        sent = [call for call in self.calls if call.operation == "sesv2.SendEmail"]
        raw = sent[-1].parameters["Content"]["Raw"]["Data"]
        return BytesParser(EmailMessage, policy=policy.default).parsebytes(raw)

    def messages(self, queue: str) -> dict[str, Any]:
        """Take what waits in a queue, as Lambda hands it to a function."""
        client, url = boto3.client("sqs"), self.outputs[queue]
        found = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return {
            "Records": [
                {"messageId": each["MessageId"], "body": each["Body"], "eventSource": "aws:sqs"}
                for each in found
            ]
        }

    def statements(self, role: str) -> list[dict[str, Any]]:
        """Return a role's statements with every reference resolved."""
        client: Any = boto3.client("iam")
        name = self.ids[role]
        found: list[dict[str, Any]] = []
        for one in client.list_role_policies(RoleName=name)["PolicyNames"]:
            document = client.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"]
            read = ast.literal_eval(document) if isinstance(document, str) else document
            found += read["Statement"]
        return found

    def needs(self, actor: str) -> list[Need]:
        """Return what a function's calls need, each once."""
        names = Names(REGION, ACCOUNT, self.ids["MailConfigurationSet"])
        found = (
            need for call in self.calls if call.actor == actor for need in needs_of(call, names)
        )
        return list({(n.action, n.resource, *sorted(n.context.items())): n for n in found}.values())

    def needs_of_services(self, role: str) -> list[Need]:
        return [
            Need(action, self._arn(row["on"]))
            for row in TABLE["services"]
            if row["role"] == role
            for action in row["actions"]
        ]

    def _arn(self, name: str) -> str:
        kind, physical = translated()["Resources"][name]["Type"], self.ids[name]
        if kind == "AWS::SQS::Queue":
            return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{physical.rpartition('/')[2]}"
        if kind == "AWS::Lambda::Function":
            return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{physical}"
        return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{physical}"


def noted(cloud: Cloud, made: Callable[..., Any]) -> Callable[..., Any]:
    """Return boto3's way out, with a note of every call that a function makes."""

    def make(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- boto3's own
        keep_at_length(client)  # S3's first call comes this way, and so do all the others then
        name = f"{client.meta.service_model.service_name}.{operation}"
        call = Call(cloud.actor, name, dict(parameters))
        try:
            answer = made(client, operation, parameters)
        except ClientError as error:
            absent = error.response["Error"]["Code"] in ("NoSuchKey", "404")
            cloud.calls += [replace(call, absent=absent)] if cloud.actor else []
            raise
        cloud.calls += [call] if cloud.actor else []
        return answer

    return make


def keys_of(name: str, prefix: str) -> list[str]:
    found = boto3.client("s3").list_objects_v2(Bucket=name, Prefix=prefix)
    return [each["Key"] for each in found.get("Contents", [])]


@contextmanager
def deployed() -> Iterator[Cloud]:
    """Deploy the stack, and yield it."""
    forget()
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("FEEDMIRROR_ALLOWED_NETWORKS", "127.0.0.0/8")
        patch.delenv("FEEDMIRROR_EMBEDDED_STORE", raising=False)
        template = translated()
        for name in ("MirrorPolls", "TakedownWork"):  # moto would run the functions in Docker
            del template["Resources"][name]
        outputs = moto_stack.deploy(template)
        boto3.client("ses").verify_email_identity(EmailAddress=CONTACT)
        made = Cloud(outputs, moto_stack.physical_ids(), patch)
        way_out = "_make_api_call"  # where every call passes
        patch.setattr(BaseClient, way_out, noted(made, getattr(BaseClient, way_out)))
        yield made
    forget()
