import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from feedmirror.settings import (
    Settings,
    SettingsError,
    read_networks,
    read_settings,
    use_embedded_store,
)

BUCKETS = {
    "FEEDMIRROR_ARCHIVE_BUCKET": "mirror-archive",
    "FEEDMIRROR_SITE_BUCKET": "mirror-site",
    "FEEDMIRROR_LEDGER_BUCKET": "mirror-ledger",
}


def test_three_buckets_are_enough() -> None:
    settings = Settings.from_environment({**BUCKETS, "PATH": "/bin", "FEEDMIRROR_MAIL_BUCKET": " "})

    assert settings == Settings(
        archive_bucket="mirror-archive", site_bucket="mirror-site", ledger_bucket="mirror-ledger"
    )
    assert settings.mail_prefix == "inbound/"
    assert settings.allowed_networks == ()


def test_every_variable_is_read() -> None:
    settings = Settings.from_environment(
        {
            **BUCKETS,
            "FEEDMIRROR_MAIL_BUCKET": "mirror-mail",
            "FEEDMIRROR_MAIL_PREFIX": "in/",
            "FEEDMIRROR_POLL_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/poll",
            "FEEDMIRROR_WORK_QUEUE_URL": "http://127.0.0.1:4566/000000000000/work",
            "FEEDMIRROR_DISTRIBUTION_ID": "E2EXAMPLE12345",
            "FEEDMIRROR_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:alarms",
            "FEEDMIRROR_ALLOWED_NETWORKS": "127.0.0.0/8, 10.1.0.0/16 ::1/128",
        }
    )

    assert settings.mail_bucket == "mirror-mail"
    assert settings.mail_prefix == "in/"
    assert settings.poll_queue_url == "https://sqs.eu-west-1.amazonaws.com/123456789012/poll"
    assert settings.work_queue_url == "http://127.0.0.1:4566/000000000000/work"
    assert settings.distribution_id == "E2EXAMPLE12345"
    assert settings.topic_arn == "arn:aws:sns:eu-west-1:123456789012:alarms"
    assert settings.allowed_networks == (
        ip_network("127.0.0.0/8"),
        ip_network("10.1.0.0/16"),
        ip_network("::1/128"),
    )


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({})

    lines = str(refused.value).splitlines()
    assert [line.split()[0] for line in lines] == list(BUCKETS)
    assert all("is not set: expected the name of an S3 bucket" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ARCHIVE_BUCKET", "Mirror_Archive"),
        ("SITE_BUCKET", "s3://mirror-site"),
        ("LEDGER_BUCKET", "a..b"),
        ("MAIL_BUCKET", "x"),
        ("MAIL_PREFIX", "/inbound/"),
        ("POLL_QUEUE_URL", "poll"),
        ("WORK_QUEUE_URL", "arn:aws:sqs:eu-west-1:123456789012:work"),
        ("DISTRIBUTION_ID", "https://d111.cloudfront.net"),
        ("TOPIC_ARN", "alarms"),
        ("ALLOWED_NETWORKS", "127.0.0.1/8"),
        ("ALLOWED_NETWORKS", "localhost"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable_and_what_is_right(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({**BUCKETS, f"FEEDMIRROR_{name}": value})

    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"FEEDMIRROR_{name} = {value!r}: expected ")


def test_the_settings_of_this_process_come_from_its_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in BUCKETS.items():
        monkeypatch.setenv(name, value)

    assert read_settings().archive_bucket == "mirror-archive"


def test_networks_are_read_alone_where_there_are_no_buckets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FEEDMIRROR_ALLOWED_NETWORKS", "127.0.0.0/8")
    assert read_networks() == (ip_network("127.0.0.0/8"),)

    monkeypatch.setenv("FEEDMIRROR_ALLOWED_NETWORKS", "everything")
    with pytest.raises(SettingsError, match="FEEDMIRROR_ALLOWED_NETWORKS = 'everything'"):
        read_networks()


def test_a_machine_without_s3_points_its_handlers_at_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "environ", {})

    use_embedded_store(Path("there.sqlite"), allowed_networks="127.0.0.0/8")

    settings = read_settings()
    assert settings.embedded_store == Path("there.sqlite")
    assert settings.allowed_networks == (ip_network("127.0.0.0/8"),)
    assert settings.mail_bucket == "mail"
