"""A claimant's name, address and words are where the map says, and nowhere else.

Mails of every sort, each with marks that nobody else writes, go through the deployed function;
then everything that left it is looked through: each object of each bucket with its key and
metadata, each message, each mail, each line of the log.
"""

import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from hashlib import sha256

import boto3
import pytest

from builders import a_mirror
from deployed import Cloud, deployed
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.configuration_file import write_configuration
from feedmirror.jobs.takedown.take_in import MailMissingError
from loopback import Answer, Publisher
from package import ROOT
from takedown_world import CONTACT, a_mail
from world import SITE, entry, rss

MAP = (ROOT / "infra" / "PERSONAL_DATA.md").read_text()
NAME, WORDS, SUBJECT = "Zelda Quastenflosser", "my aunt Wilhelmine is ill", "A Matter of Moorhens"
PROVED, STRANGE = "zelda.q@news.example.com", "zelda.q@kestrelmail.example"
LAPTOP, PHONE, FILE = "zeldas-laptop.example", "+49 555 0177881", "zelda-passport"
# As they are, and by the parts that would tell as much.
MARKS = (
    NAME, WORDS, SUBJECT, PROVED, STRANGE, LAPTOP, PHONE, FILE,
    "quastenflosser", "zelda", "wilhelmine", "moorhens", "kestrelmail", "0177881",
)  # fmt: skip
OPERATOR = "ops@mirror.example.org"


def written_by(
    text: str, *, sender: str = PROVED, to: str = CONTACT, more: Callable[[EmailMessage], object]
) -> bytes:
    """Return a mail that tells of its writer wherever a mail can."""

    def mark(mail: EmailMessage) -> None:
        del mail["From"], mail["Message-ID"]
        mail["From"] = f'"{NAME}" <{sender}>'
        mail["Message-ID"] = f"<{sha256(text.encode()).hexdigest()[:9]}@{LAPTOP}>"
        mail["Reply-To"] = f"{NAME} <{sender}>"
        mail["Sender"] = sender
        mail["User-Agent"] = f"{NAME}'s mail program"
        mail.add_attachment(b"\xff\xd8scan", "image", "jpeg", filename=f"{FILE}.jpg")
        more(mail)

    signed = f"{text}\n\n{WORDS}; call me: {PHONE}.\n\nBest regards\n{NAME}\n{sender}\n"
    return a_mail(signed, sender=sender, to=to, subject=SUBJECT, date=datetime.now(UTC), more=mark)


def nothing(_: EmailMessage) -> None:
    """Add nothing to a mail."""


FORMAL = (
    f"NOTICE of infringement under 17 U.S.C. 512(c).\n1. The work: {SITE}/3\n"
    "2. I have a good faith belief that the use is not authorized.\n3. Under penalty of perjury"
    f" the information is accurate.\nSigned, /{NAME}/"
)
CORRECT = (
    f"{SITE}/4 credits the wrong person. The author is {NAME}, not A. Writer."
    " Could you correct the name please? No need to remove anything."
)
MAILS: dict[str, tuple[bytes, dict[str, str]]] = {
    "proved": (written_by(f"Please remove {SITE}/1 for ever.", more=nothing), {}),
    "a stranger's": (
        written_by(f"Please remove {SITE}/2 for ever.", sender=STRANGE, more=nothing),
        {},
    ),
    "forged": (
        written_by(f"Please remove {SITE}/5.", more=nothing),
        {"dmarc": "FAIL", "spf": "FAIL", "dkim": "FAIL", "policy": "reject"},
    ),
    "a formal notice": (written_by(FORMAL, sender=STRANGE, more=nothing), {}),
    "a correction": (written_by(CORRECT, more=nothing), {}),
    "about privacy": (
        written_by(
            f"Under GDPR art. 17 erase my personal data on {SITE}/6: {NAME} is named there.",
            sender=STRANGE,
            more=nothing,
        ),
        {},
    ),
    "no request at all": (written_by("Do you like herons?", sender=STRANGE, more=nothing), {}),
    "spam": (written_by(f"Buy! {SITE}/7", sender=STRANGE, more=nothing), {"spam": "FAIL"}),
    "infected": (written_by(f"Remove {SITE}/7", more=nothing), {"virus": "FAIL"}),
    "unreadable": (
        f"From: =?x-{NAME}?Q?{STRANGE}?=\r\nContent-Type: multipart/mixed;"
        f" boundary={SUBJECT}\r\nSubject: \udcff{SUBJECT}\r\n\r\n{WORDS}".encode(
            "utf-8", "surrogateescape"
        ),
        {},
    ),
    "a bounce": (
        (
            "From: MAILER-DAEMON@amazonses.com\r\nTo: takedown@mirror.example.org\r\n"
            "Subject: Delivery Status Notification (Failure)\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
            "--b\r\nContent-Type: text/plain\r\n\r\nNobody is there.\r\n"
            "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a.example"
            f"\r\n\r\nFinal-Recipient: rfc822; {STRANGE}\r\nAction: failed\r\nStatus: 5.1.1"
            f"\r\nDiagnostic-Code: smtp; 550 {NAME} has left\r\n--b--\r\n"
        ).encode(),
        {},
    ),
    "for the whole site": (
        written_by("Remove all of news.example.com, now and in the future.", more=nothing),
        {},
    ),
}


@dataclass
class Played:
    """What came of each mail: what was logged and answered, and where marks are behind it."""

    told: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    places: dict[str, dict[str, set[str]]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def played() -> Played:
    document = rss(*(entry(number) for number in range(1, 10)))
    made, out = Played(), io.StringIO()  # one for all: a logger keeps the first that it is given
    with (
        Publisher({"/feed": Answer(body=document.encode())}) as publisher,
        deployed() as cloud,
        redirect_stdout(out),
        redirect_stderr(out),
    ):
        feed = FeedSettings(url=publisher.url("/feed"), site=SITE, interval=timedelta(hours=1))
        mirror = a_mirror(operator=OPERATOR)
        cloud.configure(write_configuration(Configuration(mirror=mirror, feeds=(feed,))))
        assert cloud.call("mirror", {})["created"] == 9
        for kind, (raw, verdicts) in MAILS.items():
            out.truncate(out.seek(0))
            report = cloud.call("takedown", cloud.post(raw, **verdicts))
            (case,) = report["cases"]
            made.states[kind] = case["state"]
            made.told[kind] = f"{report}{out.getvalue()}"
            made.places[kind] = places(cloud)
        out.truncate(out.seek(0))
        made.told["without its mail"] = f"{failed(cloud)}{out.getvalue()}"
        out.truncate(out.seek(0))
        made.told["in the hour"] = f"{cloud.call('takedown', {})}{out.getvalue()}"
    return made


def failed(cloud: Cloud) -> str:
    """Return what is told of a mail that is not in the bucket, by the event and by the queue.

    Of a call that fails Lambda keeps what it raises, and puts it into the work queue.
    """
    event = cloud.post(MAILS["a stranger's"][0])
    mail = cloud.outputs["MailBucketName"]
    ses_id = event["Records"][0]["ses"]["mail"]["messageId"]
    boto3.client("s3").delete_object(Bucket=mail, Key=f"inbound/{ses_id}")
    wrapped = {"requestPayload": event, "responsePayload": {"errorMessage": "no mail"}}
    queued = {"messageId": "1", "body": json.dumps(wrapped), "eventSource": "aws:sqs"}
    with pytest.raises(MailMissingError) as raised:
        cloud.call("takedown", event)
    report = cloud.call("takedown", {"Records": [queued]})
    assert len(report["batchItemFailures"]) == 1
    return f"{raised.value}{report}"


def places(cloud: Cloud) -> dict[str, set[str]]:
    """Return where marks are in what is stored and what has left, and which."""
    found: dict[str, set[str]] = {}
    for place, data in [*stored(cloud), *left(cloud)]:
        text = data.decode("utf-8", "replace").lower()
        marks = {mark for mark in MARKS if mark.lower() in text}
        if marks:
            found.setdefault(place, set()).update(marks)
    return found


def stored(cloud: Cloud) -> Iterator[tuple[str, bytes]]:
    """Yield every object, with its key and its metadata, under its bucket and folder."""
    client = boto3.client("s3")
    for name in ("Archive", "Site", "Ledger", "Mail"):
        bucket = cloud.outputs[f"{name}BucketName"]
        for each in client.list_objects_v2(Bucket=bucket).get("Contents", ()):
            answer = client.get_object(Bucket=bucket, Key=each["Key"])
            told = json.dumps({"key": each["Key"], "metadata": answer["Metadata"]}).encode()
            folder = each["Key"].partition("/")[0]
            yield f"{name.lower()} {folder}/", told + answer["Body"].read()


def left(cloud: Cloud) -> Iterator[tuple[str, bytes]]:
    """Yield what the function has handed to another service than S3."""
    for call in cloud.calls:
        service = call.operation.partition(".")[0]
        if call.operation == "sesv2.SendEmail":
            (recipient,) = call.parameters["Destination"]["ToAddresses"]
            place = "SES notes to the operator" if recipient == OPERATOR else "SES answers"
            yield place, str(call.parameters).encode()
        elif service != "s3":
            yield call.operation, json.dumps(call.parameters, default=str).encode()


def told_by_the_map() -> set[str]:
    """Return the places that the map names, in its table."""
    return set(re.findall(r"^\| `([^`]+)` \|", MAP, re.MULTILINE))


@pytest.mark.parametrize("kind", MAILS)
def test_a_claimant_is_where_the_map_says_and_nowhere_else(played: Played, kind: str) -> None:
    found = played.places[kind]

    assert "mail inbound/" in found
    assert set(found) <= told_by_the_map(), found


@pytest.mark.parametrize("kind", [*MAILS, "without its mail", "in the hour"])
def test_nothing_that_is_logged_or_reported_tells_who_wrote_or_what(
    played: Played, kind: str
) -> None:
    told = played.told[kind].lower()

    assert '"message":"' in told
    assert '"service":"takedown"' in told
    assert [mark for mark in MARKS if mark.lower() in told] == []


def test_the_mails_were_what_they_were_meant_to_be(played: Played) -> None:
    """Else nothing would be proved: what is ignored leaves no traces."""
    assert played.states["proved"] == "removed"
    assert played.states["a stranger's"] == "masked"
    assert played.states["for the whole site"] in ("removed", "asked", "masked")
    assert played.states["a correction"] == "waiting"
    assert {"asked", "recorded"} <= set(played.states.values())


def test_the_map_names_no_place_for_nothing(played: Played) -> None:
    """What of the map a mail can reach in this test is reached by one of them."""
    reached = set().union(*played.places.values())

    assert reached == {"mail inbound/", "SES answers", "SES notes to the operator"}


def test_of_the_words_only_a_wanted_credit_leaves_the_mail_bucket(played: Played) -> None:
    """An answer has an address and what it answers; a note what the credit is to be."""
    last = played.places["for the whole site"]

    assert last["SES answers"] <= {PROVED, STRANGE, LAPTOP, "zelda", "kestrelmail"}
    assert last["SES notes to the operator"] <= {NAME, "zelda", "quastenflosser"}
