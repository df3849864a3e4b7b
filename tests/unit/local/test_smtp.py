"""The conversation with mail clients (RFC 5321), as a real client has it."""

import smtplib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from feedmirror.local.serving import smtp
from feedmirror.local.serving.mailroom import Letter
from feedmirror.local.serving.places import PortTakenError
from feedmirror.local.serving.smtp import Reception, SmtpServer
from feedmirror.ports.object_store import StoreUnavailableError

CONTACT = "takedown@mirror.example"
MAIL = b"From: ann@news.example\r\nSubject: x\r\n\r\nHello\r\n"


def kept(_: Letter) -> str:
    return "id1"


@dataclass
class Room:
    """What was kept; ``failing`` is raised instead."""

    letters: list[Letter] = field(default_factory=list)
    failing: Exception | None = None

    def keep(self, letter: Letter) -> str:
        if self.failing is not None:
            raise self.failing
        self.letters.append(letter)
        return f"id{len(self.letters)}"


Served = tuple[Room, int]


@pytest.fixture
def served() -> Iterator[Served]:
    room, server = Room(), SmtpServer(0)
    server.begin(Reception(lambda: CONTACT, room.keep))
    yield room, server.port
    server.end()


@pytest.fixture
def client(served: Served) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", served[1], local_hostname="mx.news.example", timeout=20) as made:
        yield made


def test_a_mail_to_the_contact_is_kept_as_it_is(served: Served, client: smtplib.SMTP) -> None:
    client.sendmail("ann@news.example", [CONTACT], MAIL)

    (letter,) = served[0].letters
    assert letter == Letter(
        sender="ann@news.example",
        recipients=(CONTACT,),
        client="mx.news.example",
        body=MAIL,
    )


@pytest.mark.parametrize(
    "address", [CONTACT, "Takedown@Mirror.Example", "takedown+c.4f7a@mirror.example"]
)
def test_the_contact_is_taken_in_any_case_and_with_any_tag(
    client: smtplib.SMTP, address: str
) -> None:
    client.ehlo()
    client.mail("ann@news.example")

    assert client.rcpt(address)[0] == 250


@pytest.mark.parametrize(
    "address",
    ["ops@mirror.example", "takedown@evil.example", "takedown%evil.example@mirror.example", "x"],
)
def test_nobody_else_is(client: smtplib.SMTP, address: str) -> None:
    client.ehlo()
    client.mail("ann@news.example")

    assert client.rcpt(address)[0] == 550
    assert client.docmd("DATA")[0] == 503


def test_of_many_recipients_only_ours_are_handed_on(served: Served, client: smtplib.SMTP) -> None:
    refused = client.sendmail(
        "a@b.example", [CONTACT, "x@y.example", "takedown+t@mirror.example"], MAIL
    )

    assert list(refused) == ["x@y.example"]
    assert served[0].letters[0].recipients == (CONTACT, "takedown+t@mirror.example")


def test_of_a_hundred_recipients_none_is_refused_and_of_more_some_wait(
    client: smtplib.SMTP,
) -> None:
    """RFC 5321 §4.5.3.1.8, §4.5.3.1.10."""
    client.ehlo()
    client.mail("ann@news.example")

    codes = [client.rcpt(f"takedown+{number}@mirror.example")[0] for number in range(101)]

    assert codes == [250] * 100 + [452]


def test_a_bounce_has_no_sender(served: Served, client: smtplib.SMTP) -> None:
    client.sendmail("", [CONTACT], MAIL)

    assert served[0].letters[0].sender == ""


@pytest.mark.parametrize("failing", [StoreUnavailableError("disk full"), RuntimeError("a fault")])
def test_what_is_not_kept_is_not_acknowledged(
    served: Served, client: smtplib.SMTP, failing: Exception
) -> None:
    served[0].failing = failing

    with pytest.raises(smtplib.SMTPDataError) as refused:
        client.sendmail("ann@news.example", [CONTACT], MAIL)
    assert refused.value.smtp_code == 451
    assert b"disk" not in refused.value.smtp_error

    served[0].failing = None
    client.sendmail("ann@news.example", [CONTACT], MAIL)
    assert len(served[0].letters) == 1


def test_without_a_configuration_the_client_is_to_come_again() -> None:
    def no_contact() -> str:
        raise StoreUnavailableError("away")

    server = SmtpServer(0)
    server.begin(Reception(no_contact, kept))
    with smtplib.SMTP("127.0.0.1", server.port, "x", timeout=20) as client:
        client.ehlo()
        client.mail("ann@news.example")
        assert client.rcpt(CONTACT)[0] == 451
    server.end()


def test_the_size_that_is_taken_is_announced_and_more_is_refused(
    served: Served, client: smtplib.SMTP
) -> None:
    """RFC 1870."""
    client.ehlo()
    assert client.esmtp_features["size"] == "4194304"

    assert client.mail("ann@news.example", ["size=4194305"])[0] == 552
    assert client.mail("ann@news.example", ["size=4194304"])[0] == 250
    assert served[0].letters == []


@pytest.mark.parametrize(
    "body",
    [
        b"Subject: x\r\n\r\n.\r\n..\r\n.x\r\n",
        b"Subject: x\r\n\r\n" + b"long " * 40_000 + b"\r\n",
        "Subject: Größe\r\n\r\nÄußerst höflich\r\n".encode(),
        b"Subject: x\r\n\r\n\x00\xff\x80\r\n",
        b"\r\n",
    ],
    ids=["dots", "a very long line", "utf-8", "binary", "empty"],
)
def test_every_text_comes_as_it_was_sent(served: Served, client: smtplib.SMTP, body: bytes) -> None:
    client.sendmail("ann@news.example", [CONTACT], body, mail_options=["BODY=8BITMIME"])

    assert served[0].letters[0].body == body


def raw(port: int, *parts: bytes, ends: Callable[[bytes], bool]) -> bytes:
    """Say something that no honest client would, and return the answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        said = connection.recv(4096)
        for part in parts:
            connection.sendall(part)
        while not ends(said):
            more = connection.recv(4096)
            if not more:
                break
            said += more
    return said


HELLO = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<takedown@mirror.example>\r\nDATA\r\n"


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r"])
def test_a_mail_ends_in_one_way_only(served: Served, end: bytes) -> None:
    """RFC 5321 §4.1.1.4: a second mail cannot be smuggled in behind a bare line feed."""
    inner = b"MAIL FROM:<x@y.example>\r\nRCPT TO:<takedown@mirror.example>\r\nDATA\r\n2\r\n.\r\n"
    said = raw(
        served[1], HELLO, b"Subject: x\r\n\r\none", end, inner, b"QUIT\r\n",
        ends=lambda said: b"221" in said,
    )  # fmt: skip

    assert said.count(b"Kept as") == 1
    (letter,) = served[0].letters
    assert letter.sender == "a@b.example"
    assert b"MAIL FROM:<x@y.example>" in letter.body


def test_an_absurd_command_is_refused_and_the_conversation_goes_on(served: Served) -> None:
    said = raw(
        served[1], b"EHLO " + b"x" * 70_000 + b"\r\n", b"NOOP\r\n", b"\xff\xfe\r\n", b"QUIT\r\n",
        ends=lambda said: b"221" in said,
    )  # fmt: skip

    assert b"500 Command line too long" in said
    assert b"500 Error: bad syntax" in said


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (b"<\xff@b.example>", b"553 5.1.7"),
        (b"<@>", b"553"),
        (b"<a@b> X=\xff", b"5"),
    ],
)
def test_an_absurd_sender_is_refused(served: Served, address: bytes, code: bytes) -> None:
    said = raw(
        served[1], b"EHLO x\r\nMAIL FROM:", address, b"\r\nQUIT\r\n",
        ends=lambda said: b"221" in said,
    )  # fmt: skip

    assert said.splitlines()[-2].startswith(code)


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(served: Served) -> None:
    raw(served[1], HELLO, b"Subject: x\r\n\r\nhal", ends=lambda said: b"354" in said)

    with smtplib.SMTP("127.0.0.1", served[1], "x", timeout=20) as client:
        client.sendmail("ann@news.example", [CONTACT], MAIL)
    assert [letter.body for letter in served[0].letters] == [MAIL]


def sending(port: int) -> socket.socket:
    """Return a connection in the middle of a mail."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(HELLO + b"Subject: x\r\n")
    said = b""
    while b"354" not in said:
        said += connection.recv(4096)
    return connection


def test_of_many_mails_at_once_some_wait_for_their_turn_and_then_come_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail of short lines takes many times its size while it is received."""
    monkeypatch.setattr(smtp, "_TURN", 0.05)
    with sending(served[1]) as one, sending(served[1]):
        refused = raw(served[1], HELLO, ends=lambda said: b"421" in said)
        assert refused.splitlines()[-1].startswith(b"421 4.3.2")
        one.sendall(b"\r\nHello\r\n.\r\n")
        assert b"Kept as" in one.recv(4096)

        with smtplib.SMTP("127.0.0.1", served[1], "x", timeout=20) as client:
            client.sendmail("ann@news.example", [CONTACT], MAIL)
    assert len(served[0].letters) == 2


def test_a_mail_that_never_ends_gives_up_its_turn(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "_WHOLE_MAIL", 0.1)
    with sending(served[1]) as one, sending(served[1]) as other:
        assert (one.recv(4096), other.recv(4096)) == (b"", b"")
    monkeypatch.setattr(smtp, "_WHOLE_MAIL", 20.0)

    with smtplib.SMTP("127.0.0.1", served[1], "x", timeout=20) as client:
        client.sendmail("ann@news.example", [CONTACT], MAIL)
    assert [letter.body for letter in served[0].letters] == [MAIL]


def test_nothing_of_a_conversation_is_logged(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """aiosmtpd logs addresses."""
    with caplog.at_level("DEBUG"), smtplib.SMTP("127.0.0.1", served[1], "x", timeout=20) as client:
        client.sendmail("ann@news.example", [CONTACT], MAIL)

    assert not [record for record in caplog.records if record.name.startswith("mail")]


def test_a_silent_client_keeps_nobody_waiting(served: Served) -> None:
    with (
        socket.create_connection(("127.0.0.1", served[1])),
        smtplib.SMTP("127.0.0.1", served[1], "x", timeout=20) as client,
    ):
        client.sendmail("ann@news.example", [CONTACT], MAIL)
    assert len(served[0].letters) == 1


def test_an_address_in_any_script_is_taken(served: Served) -> None:
    """RFC 6531."""
    sender = "MAIL FROM:<jürgen@bücher.example> SMTPUTF8\r\n".encode()
    hello = HELLO.replace(b"MAIL FROM:<a@b.example>\r\n", sender)

    raw(served[1], hello, MAIL + b".\r\nQUIT\r\n", ends=lambda said: b"221" in said)

    assert served[0].letters[0].sender == "jürgen@bücher.example"


def test_the_end_comes_at_once_also_while_clients_are_there() -> None:
    server = SmtpServer(0)
    server.begin(Reception(lambda: CONTACT, kept))
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.recv(100)
        server.end()
        assert connection.recv(100) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_a_port_that_is_taken_is_named_with_what_to_say_instead(served: Served) -> None:
    with pytest.raises(PortTakenError) as taken:
        SmtpServer(served[1])

    assert str(taken.value) == (
        f"port {served[1]} is taken; say --smtp-port with another, or 0 for any that is free"
    )
