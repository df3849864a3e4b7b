"""Bounces, read notices, complaints, and notices made by machines."""

import json

import pytest

from feedmirror.takedowns.mails.message import Automatic, DeliveryReport, Message, StructuredNotice
from feedmirror.takedowns.mails.reading_mail import read_message


def report(*parts: str, kind: str = "delivery-status") -> Message:
    inside = "".join(f"--b\n{part}\n" for part in parts)
    head = f'From: a@example.com\nContent-Type: multipart/report; report-type={kind}; boundary="b"'
    return read_message(f"{head}\n\n{inside}--b--\n".encode())


STATUS = """Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Original-Recipient: rfc822; ann@example.com
Final-Recipient: rfc822; Ann@inbox.example.com
Action: {action}
Status: 5.1.1
"""
RETURNED = """Content-Type: {media_type}

From: Mirror <takedown@mirror.example>
Reply-To: takedown+c.abc.def@mirror.example
To: ann@example.com
Message-ID: <0100-abc@email.example>
Subject: Your request

Our own words https://mirror.example/x
"""


@pytest.mark.parametrize("media_type", ["message/rfc822", "text/rfc822-headers"])
def test_a_bounce_names_our_mail_and_says_that_it_failed(media_type: str) -> None:
    message = report(
        "Content-Type: text/plain\n\nSorry.",
        STATUS.format(action="failed"),
        RETURNED.format(media_type=media_type),
    )

    assert message.automatic is Automatic.REPORT
    assert message.report == DeliveryReport(
        failed=True,
        original_id="0100-abc@email.example",
        original_recipients=(
            "takedown@mirror.example",
            "takedown+c.abc.def@mirror.example",
            "ann@example.com",
            "ann@inbox.example.com",
        ),
    )
    assert message.text == "Sorry."
    assert message.links == ()
    assert message.forwarded == ""


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_report_of_anything_but_failure_is_no_failure(action: str) -> None:
    message = report(STATUS.format(action=action))

    assert message.report is not None
    assert not message.report.failed


def test_one_failure_among_several_recipients_is_a_failure() -> None:
    both = (
        STATUS.format(action="delivered") + "\nFinal-Recipient: rfc822;b@x.example\nAction: Failed"
    )

    found = report(both).report

    assert found is not None
    assert found.failed


def test_a_bounce_in_no_standard_form_is_one_by_its_sender_and_subject() -> None:
    message = read_message(
        b"From: MAILER-DAEMON@example.com\nSubject: failure notice\n\n"
        b"Hi. This is the mail program.\n\n--- Below is a copy of the message.\n\n"
        b"Message-ID: <0100-abc@email.example>\nFrom: takedown@mirror.example\n"
    )

    assert message.automatic is Automatic.REPORT
    assert message.report == DeliveryReport(failed=True, original_id="0100-abc@email.example")


def test_a_read_notice_is_a_report_but_no_failure() -> None:
    message = report(
        "Content-Type: text/plain\n\nRead.",
        "Content-Type: message/disposition-notification\n\n"
        "Final-Recipient: rfc822;ann@example.com\nOriginal-Message-ID: <0100@email.example>\n"
        "Disposition: manual-action/MDN-sent-manually; displayed",
        kind="disposition-notification",
    )

    assert message.automatic is Automatic.REPORT
    assert message.report == DeliveryReport(
        failed=False,
        original_id="0100@email.example",
        original_recipients=("ann@example.com",),
    )


def test_a_feedback_report_is_a_complaint() -> None:
    message = report(
        "Content-Type: text/plain\n\nAn abuse report.",
        "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1",
        RETURNED.format(media_type="message/rfc822"),
        kind="feedback-report",
    )

    assert message.complaint
    assert message.automatic is Automatic.REPORT
    assert message.report is None


def test_a_bounce_that_somebody_attaches_is_not_ours() -> None:
    inner = (
        "Content-Type: message/rfc822\n\nContent-Type: multipart/report; boundary=c\n\n"
        f"--c\n{STATUS.format(action='failed')}\n--c--"
    )
    raw = f"From: a@example.com\nContent-Type: multipart/mixed; boundary=b\n\n--b\n{inner}\n--b--"
    message = read_message(raw.encode())

    assert message.automatic is Automatic.NO
    assert message.report is None


def attached(inner: str) -> Message:
    return read_message(f"From: a@example.com\nContent-Type: message/rfc822\n\n{inner}".encode())


def test_a_mail_that_came_back_to_somebody_else_is_forwarded_whole() -> None:
    returned = RETURNED.format(media_type="message/rfc822")
    message = attached(f"Content-Type: multipart/report; boundary=c\n\n--c\n{returned}\n--c--")

    assert "Our own words" in message.forwarded
    assert message.report is None


def test_a_complaint_that_somebody_attaches_is_not_about_us() -> None:
    message = attached("Content-Type: message/feedback-report\n\nFeedback-Type: abuse")

    assert not message.complaint


def test_a_machine_notice_that_somebody_attaches_is_only_forwarded() -> None:
    xml = f"<Infringement>{ITEMS.format(**{'and': '&'})}</Infringement>"

    assert attached(f"Subject: x\n\n{xml}").structured is None
    assert attached(f"Content-Type: text/xml\n\n{xml}").structured is None


def test_a_person_who_writes_of_failure_sends_no_bounce() -> None:
    message = read_message(b"From: ann@example.com\nSubject: Undeliverable promises\n\nHello")

    assert message.automatic is Automatic.NO
    assert message.report is None


ITEMS = """<Case><ID>1</ID></Case>
<Complainant><Entity>Example {and} Sons</Entity><Email>c@example.com</Email></Complainant>
<Source><IP_Address>192.0.2.1</IP_Address><URL>https://example.com/source</URL></Source>
<Content><Item><Title>One</Title><URL>https://example.com/?a=1{and}b=2</URL></Item>
<Item><URL> https://example.com/2 </URL></Item></Content>"""
READ = StructuredNotice(
    "acns",
    ("https://example.com/?a=1&b=2", "https://example.com/2"),
    complainant="Example & Sons",
)


@pytest.mark.parametrize("and_sign", ["&", "&amp;"])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ('<Infringement xmlns="http://www.acns.net/ACNS">', "</Infringement>"),
        ('<Infringement xmlns="http://www.movielabs.com/ACNS">', "</Infringement>"),
        ("<Infringement>", "</Infringement>"),
        ('<a:Infringement xmlns:a="http://www.acns.net/ACNS">', "</a:Infringement>"),
    ],
)
def test_acns_is_read_in_any_namespace(start: str, end: str, and_sign: str) -> None:
    xml = (
        f'<?xml version="1.0" encoding="utf-16"?>\n{start}{ITEMS.format(**{"and": and_sign})}{end}'
    )
    parts = f"--b\n\nSee below\n--b\nContent-Type: text/xml\n\n{xml}\n--b--"
    message = read_message(f"Content-Type: multipart/mixed; boundary=b\n\n{parts}".encode())

    assert message.structured == READ
    assert message.text == "See below"


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("- ----Start ACNS XML", "- ----End ACNS XML"),
        ("- - ---Start ACNS XML", "- - ---End ACNS XML"),
        ("----Start ACNS XML", "----End ACNS XML"),
        ("", ""),
    ],
)
def test_acns_in_the_text_is_read_and_taken_out_of_it(above: str, below: str) -> None:
    xml = f"<Infringement>{ITEMS.format(**{'and': '&'})}</Infringement>"
    message = read_message(f"From: a@example.com\n\nDear all\n\n{above}\n{xml}\n{below}\n".encode())

    assert message.structured == READ
    assert message.text == "Dear all"
    assert message.links == ()


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]><Infringement>{items}</Infringement>',
        "<Infringement><!doctype x>{items}</Infringement>",
        "<Infringement>{items}",
        "<Infringement>" + "<a>" * 60 + "{items}" + "</a>" * 60 + "</Infringement>",
        "<Infringement>&undefined;<unclosed></Infringement>",
        "<Other>{items}</Other>",
        "<Infringement>" + " " * 300_000 + "{items}</Infringement>",
    ],
)
def test_xml_that_is_unsafe_or_broken_is_no_notice(xml: str) -> None:
    xml = xml.replace("{items}", ITEMS.format(**{"and": "&amp;"}))
    message = read_message(f"Content-Type: text/xml\n\n{xml}".encode())

    assert message.structured is None


def xarf(**fields: object) -> Message:
    stated = {
        "xarf_version": "4.0.0",
        "category": "copyright",
        "type": "copyright",
        "reporter": {"org": "Example Sons", "contact": "c@example.com", "domain": "example.com"},
        "infringing_url": "https://example.com/1",
    }
    return read_message(f"Content-Type: application/json\n\n{json.dumps(stated | fields)}".encode())


def test_xarf_on_copyright_is_read() -> None:
    message = xarf(original_url="https://example.org/1", rights_holder="Ann Example")

    assert message.structured == StructuredNotice(
        "x-arf",
        ("https://example.com/1",),
        ("https://example.org/1",),
        complainant="Ann Example",
    )


def test_xarf_without_a_rights_holder_names_its_reporter() -> None:
    message = xarf()

    assert message.structured == StructuredNotice(
        "x-arf", ("https://example.com/1",), complainant="Example Sons"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"category": "messaging"},
        {"xarf_version": "3"},
        {"xarf_version": None},
        {"xarf_version": 4},
    ],
)
def test_any_other_json_is_no_notice(fields: dict[str, object]) -> None:
    assert xarf(**fields).structured is None


@pytest.mark.parametrize("document", ["[" * 200_000, "{", "null", "9" * 10_000, '"\\ud800"'])
def test_hostile_json_is_no_notice(document: str) -> None:
    message = read_message(f"Content-Type: application/json\n\n{document}".encode())

    assert message.structured is None


def test_values_of_the_wrong_kind_are_left_out() -> None:
    message = xarf(infringing_url=[1, None, "https://example.com/2"], reporter="nobody")

    assert message.structured == StructuredNotice("x-arf", ("https://example.com/2",))
