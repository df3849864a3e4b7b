"""The wiring of a deployed function: names of buckets, queues and the like (design §3.4).

What an operator chooses is in ``config/mirror.toml``; here is only where things are. This is the
one module that reads the environment.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from feedmirror.addresses import web_address

Network = IPv4Network | IPv6Network

_PREFIX = "FEEDMIRROR_"
# Amazon S3, "General purpose bucket naming rules".
_BUCKET = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_DISTRIBUTION = re.compile("[A-Z0-9]{1,32}")
_TOPIC = re.compile(r"arn:[a-z0-9-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+")
_MAIL_PREFIX = re.compile(r"(?!/)[A-Za-z0-9!_.*'()/-]*")


class SettingsError(Exception):
    """Variables that are missing or wrong: one line each, with the value and what is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where a function finds its buckets, queues and the rest; None means that there is none.

    ``embedded_store`` is the file that holds the buckets on a machine without S3.
    """

    archive_bucket: str
    site_bucket: str
    ledger_bucket: str
    mail_bucket: str | None = None
    mail_prefix: str = "inbound/"
    poll_queue_url: str | None = None
    work_queue_url: str | None = None
    distribution_id: str | None = None
    topic_arn: str | None = None
    allowed_networks: tuple[Network, ...] = ()
    embedded_store: Path | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the variables; raises SettingsError, naming every one that is wrong."""
        variables = _Variables(environ, [])
        bucket = (_BUCKET, "the name of an S3 bucket, such as mirror-archive-1a2b")
        settings = cls(
            archive_bucket=variables.required("ARCHIVE_BUCKET", *bucket),
            site_bucket=variables.required("SITE_BUCKET", *bucket),
            ledger_bucket=variables.required("LEDGER_BUCKET", *bucket),
            mail_bucket=variables.optional("MAIL_BUCKET", *bucket),
            mail_prefix=variables.optional(
                "MAIL_PREFIX", _MAIL_PREFIX, "the start of an S3 key, such as inbound/"
            )
            or "inbound/",
            poll_queue_url=variables.address("POLL_QUEUE_URL"),
            work_queue_url=variables.address("WORK_QUEUE_URL"),
            distribution_id=variables.optional(
                "DISTRIBUTION_ID", _DISTRIBUTION, "the id of a CloudFront distribution"
            ),
            topic_arn=variables.optional("TOPIC_ARN", _TOPIC, "the ARN of an SNS topic"),
            allowed_networks=variables.networks("ALLOWED_NETWORKS"),
            embedded_store=Path(store) if (store := variables.text("EMBEDDED_STORE")) else None,
        )
        if variables.problems:
            raise SettingsError("\n".join(variables.problems))
        return settings


def read_settings() -> Settings:
    """Read the settings of this process; raises SettingsError."""
    return Settings.from_environment(os.environ)


def is_lambda() -> bool:
    """Tell whether this process is a Lambda function, whose processor is its own.

    The variable is one that Lambda reserves (AWS, "Defined runtime environment variables").
    """
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def read_networks() -> tuple[Network, ...]:
    """Read what may be fetched from beside the public internet; raises SettingsError."""
    variables = _Variables(os.environ, [])
    networks = variables.networks("ALLOWED_NETWORKS")
    if variables.problems:
        raise SettingsError("\n".join(variables.problems))
    return networks


def use_embedded_store(path: Path, *, allowed_networks: str = "") -> None:
    """Point the handlers of this process at an embedded store, and keep their telemetry quiet."""
    os.environ.update(
        {
            f"{_PREFIX}ARCHIVE_BUCKET": "archive",
            f"{_PREFIX}SITE_BUCKET": "site",
            f"{_PREFIX}LEDGER_BUCKET": "ledger",
            f"{_PREFIX}MAIL_BUCKET": "mail",
            f"{_PREFIX}EMBEDDED_STORE": str(path),
            f"{_PREFIX}ALLOWED_NETWORKS": allowed_networks,
            "POWERTOOLS_LOG_LEVEL": "CRITICAL",
            "POWERTOOLS_METRICS_DISABLED": "true",
        }
    )


@dataclass(frozen=True, slots=True)
class _Variables:
    """The environment, and what was found wrong in it so far."""

    environ: Mapping[str, str]
    problems: list[str]

    def text(self, name: str) -> str | None:
        return self.environ.get(_PREFIX + name, "").strip() or None

    def refuse(self, name: str, value: str | None, expected: str) -> None:
        found = "is not set" if value is None else f"= {value!r}"
        self.problems.append(f"{_PREFIX}{name} {found}: expected {expected}")

    def optional(self, name: str, pattern: re.Pattern[str], expected: str) -> str | None:
        value = self.text(name)
        if value is not None and not pattern.fullmatch(value):
            self.refuse(name, value, expected)
        return value

    def required(self, name: str, pattern: re.Pattern[str], expected: str) -> str:
        value = self.optional(name, pattern, expected)
        if value is None:
            self.refuse(name, None, expected)
        return value or ""

    def address(self, name: str) -> str | None:
        value = self.text(name)
        if value is not None and web_address(value) is None:
            self.refuse(name, value, "the URL of an SQS queue, https://sqs.…")
        return value

    def networks(self, name: str) -> tuple[Network, ...]:
        found: list[Network] = []
        for text in re.split(r"[,\s]+", self.text(name) or ""):
            try:
                found += [ip_network(text)] if text else []
            except ValueError:
                expected = "networks as CIDR blocks without host bits, such as 127.0.0.0/8"
                self.refuse(name, text, expected)
        return tuple(found)
