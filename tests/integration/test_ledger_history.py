"""What is done to the ledger past the mirror is found, since S3 keeps what was there before.

A delete without a version leaves the rule in the bucket and takes it out of every listing: nothing
that looks at the keys alone can tell.
"""

import json
from collections.abc import Iterator  # noqa: TC003 -- pytest reads a fixture's types
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from feedmirror.adapters.s3 import S3Store
from feedmirror.adapters.s3_history import S3History
from feedmirror.adapters.workers import InOrder
from feedmirror.jobs.auditing.audit_history import AuditHistory
from feedmirror.jobs.auditing.audit_report import AuditReport, Kind, Note, Tally
from feedmirror.jobs.rules import RuleReader
from feedmirror.ports.object_history import Version, Versioning
from feedmirror.ports.object_store import Content, Fault, StoreUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RULE = "suppressions/com,example,news)/r1.json"
LIFT, CASE = "lifts/com,example,news)/r1.json", "cases/c1.json"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> "Iterator[S3Client]":
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        made = boto3.client("s3", region_name="us-east-1")
        for name in ("ledger", "archive", "site"):
            made.create_bucket(Bucket=name)
        keep_versions(made, "ledger")
        yield made


def keep_versions(client: "S3Client", name: str, status: str = "Enabled") -> None:
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})  # type: ignore[typeddict-item]  # either of two


def put(client: "S3Client", key: str, body: bytes = b"{}", *, replaces: str | None = None) -> str:
    return S3Store(client, "ledger").put(key, Content(body, "application/json"), replaces=replaces)


def audited(client: "S3Client") -> AuditReport:
    tally = Tally(lambda _: None)
    buckets = {name: S3History(client, name) for name in ("ledger", "archive", "site")}
    AuditHistory(**buckets).run(tally)
    return tally.report()


def found(client: "S3Client") -> list[tuple[Kind, str]]:
    return [(finding.kind, finding.key) for finding in audited(client).findings]


def test_a_ledger_as_the_mirror_writes_it_is_clean(client: "S3Client") -> None:
    put(client, RULE)
    put(client, LIFT)
    etag = put(client, CASE)
    put(client, CASE, b"[1]", replaces=etag)

    report = audited(client)

    assert (report.findings, report.notes) == ((), {})
    assert report.checked == {"versions": 4}


@pytest.mark.parametrize("key", [RULE, LIFT, CASE])
def test_what_was_deleted_is_found_although_no_listing_shows_it(
    client: "S3Client", key: str
) -> None:
    put(client, key)
    client.delete_object(Bucket="ledger", Key=key)

    assert list(S3Store(client, "ledger").list("")) == []
    assert found(client) == [(Kind.DELETED, f"ledger {key}")]


def test_the_mirror_itself_sees_no_rule_any_more_which_is_why_it_is_looked_for(
    client: "S3Client",
) -> None:
    put(client, RULE, json.dumps({"schema": 1}).encode())
    reader = RuleReader(S3Store(client, "ledger"), InOrder(), known={})
    assert reader.read({"news.example.com"}).unreadable
    client.delete_object(Bucket="ledger", Key=RULE)

    assert not reader.read({"news.example.com"}).unreadable
    assert [kind for kind, _ in found(client)] == [Kind.DELETED]


def test_a_lock_keeps_the_version_and_not_the_rule_in_the_listing(client: "S3Client") -> None:
    client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    client.put_object(
        Bucket="locked",
        Key=RULE,
        Body=b"{}",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate="2099-01-01",
    )
    client.delete_object(Bucket="locked", Key=RULE)

    assert client.list_objects_v2(Bucket="locked")["KeyCount"] == 0
    versions = list(S3History(client, "locked").versions(""))
    assert [version.deleted for version in versions if version.is_current] == [True]


def test_what_stands_again_is_worth_knowing_and_no_fault(client: "S3Client") -> None:
    put(client, RULE)
    client.delete_object(Bucket="ledger", Key=RULE)
    put(client, RULE)

    report = audited(client)

    assert report.findings == ()
    assert report.notes == {Note.STANDS_AGAIN: 1}


@pytest.mark.parametrize("key", [RULE, LIFT, "log/2026-11-29/legal/c1.2"])
def test_what_is_only_ever_created_and_was_changed_is_found(client: "S3Client", key: str) -> None:
    etag = put(client, key)
    put(client, key, b'{"other": 1}', replaces=etag)

    assert found(client) == [(Kind.CHANGED, f"ledger {key}")]


@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
@pytest.mark.parametrize("name", ["archive", "site"])
def test_content_that_is_kept_behind_what_overwrites_it_is_found(
    client: "S3Client", name: str, status: str
) -> None:
    keep_versions(client, name, status)

    assert found(client) == [(Kind.OLD_VERSIONS, name)]


def test_a_ledger_without_versions_is_told_since_it_proves_nothing(client: "S3Client") -> None:
    keep_versions(client, "ledger", "Suspended")

    report = audited(client)

    assert report.findings == ()
    assert report.notes == {Note.NO_VERSIONS: 1}


def test_all_versions_come_by_key_over_several_pages(
    client: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 answers a thousand at most, what was deleted beside what is there."""
    listed = client.list_object_versions

    def by_sevens(**asked: Any) -> object:  # noqa: ANN401 -- boto3's own
        return listed(**asked, MaxKeys=7)

    monkeypatch.setattr(client, "list_object_versions", by_sevens)
    keys = [f"cases/{number:03}" for number in range(20)]
    for key in keys:
        etag = put(client, key)
        put(client, key, b"[]", replaces=etag)
        client.delete_object(Bucket="ledger", Key=key)

    told = list(S3History(client, "ledger").versions("cases/"))

    assert len(told) == 60
    assert [version.key for version in told] == sorted(version.key for version in told)
    assert sum(version.deleted and version.is_current for version in told) == 20
    assert len(audited(client).findings) == 20


class Listing:
    """A client of S3 that answers what it is given."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)

    def list_object_versions(self, **_: object) -> object:
        return self.answers.pop(0)


def test_a_listing_that_breaks_off_is_no_end() -> None:
    history = S3History(Listing({"IsTruncated": True}), "ledger")  # type: ignore[arg-type]  # as much as is asked

    with pytest.raises(StoreUnavailableError, match="broke off"):
        list(history.versions(""))


def test_who_may_not_look_is_told_so(client: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectVersions")

    history = S3History(client, "ledger")
    for name in ("list_object_versions", "get_bucket_versioning"):
        monkeypatch.setattr(client, name, refuse)

    for ask in (history.versioning, lambda: list(history.versions(""))):
        with pytest.raises(StoreUnavailableError) as raised:
            ask()
        assert raised.value.fault is Fault.REFUSED


def test_versions_are_told_as_they_are(client: "S3Client") -> None:
    etag = put(client, RULE)

    assert list(S3History(client, "ledger").versions("")) == [Version(RULE, etag, is_current=True)]
    assert S3History(client, "ledger").versioning() is Versioning.ON
    assert S3History(client, "archive").versioning() is Versioning.NEVER
