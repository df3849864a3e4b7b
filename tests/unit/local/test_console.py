"""The console shows, to whoever has its address and nobody else, and never as a page of others."""

from http import HTTPStatus

import pytest

from feedmirror.characters import without_unseen
from feedmirror.local.serving.console import Console, Link, Table
from feedmirror.local.serving.site import Answer
from feedmirror.ports.object_store import Content
from memory_store import MemoryStore

KEY = "0123456789abcdef"
HOSTILE = "<script>alert(1)</script>&\"'"
MAIL = (
    b"From: Mirror <takedown@mirror.example>\r\nTo: ann@news.example\r\n"
    b"Subject: =?utf-8?q?R=C3=A9ponse?=\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
    b"\r\n<script>alert(1)</script> caf=C3=A9\r\n"
)


def a_console() -> Console:
    mail = MemoryStore()
    for name in ("20261122-a", "20261123-b"):
        mail.put(f"outbox/{name}.eml", Content(MAIL, "message/rfc822"), replaces=None)
    mail.put("inbound/x", Content(b"secret", "message/rfc822"), replaces=None)
    table = Table("Cases that wait", ("case", "what"), [("c1", HOSTILE)], "Nothing waits.")
    return Console(
        key=KEY,
        mail=mail,
        tables=lambda: [table, Table("Feeds", (), (), "None.")],
        notes=lambda: ["the mirror is paused since <then>"],
    )


def asked(path: str, host: str = "127.0.0.1:8000") -> Answer:
    return a_console().answer(path, host=host)


def test_what_waits_and_what_left_is_listed_the_last_first() -> None:
    answer = asked(f"/-/{KEY}/")

    page = answer.body.decode()
    assert answer.status is HTTPStatus.OK
    assert page.index("20261123-b.eml") < page.index("20261122-a.eml")
    assert "Nothing waits." not in page
    assert "<p>None.</p>" in page


def test_a_mail_of_ours_is_listed_with_whom_it_is_for_and_its_subject() -> None:
    page = asked(f"/-/{KEY}/").body.decode()

    assert page.count('<td data-column="for">ann@news.example</td>') == 2
    assert page.count('<td data-column="subject">Réponse</td>') == 2


def test_of_many_mails_the_newest_are_listed_and_all_are_counted() -> None:
    console = a_console()
    for number in range(200):
        name = f"outbox/20261124-{number:03}.eml"
        console.mail.put(name, Content(MAIL, "message/rfc822"), replaces=None)

    page = console.answer(f"/-/{KEY}/", host="localhost").body.decode()

    assert "Outbox (202)" in page
    assert page.count('href="outbox/') == 200
    assert "20261123-b" not in page


def test_what_stands_still_is_said_and_the_site_is_one_step_away() -> None:
    page = asked(f"/-/{KEY}/").body.decode()

    assert '<p class="note">the mirror is paused since &lt;then&gt;</p>' in page
    assert '<a href="/">' in page


def test_its_style_is_its_own_and_as_secret() -> None:
    assert '<link rel="stylesheet" href="style.css">' in asked(f"/-/{KEY}/").body.decode()

    assert asked(f"/-/{KEY}/style.css").headers["Content-Type"] == "text/css; charset=utf-8"
    assert asked("/-/style.css").status is HTTPStatus.FORBIDDEN


def test_nothing_of_others_is_markup() -> None:
    page = asked(f"/-/{KEY}/").body.decode()

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in page


def test_a_mail_is_shown_as_text_that_no_browser_takes_for_more() -> None:
    answer = asked(f"/-/{KEY}/outbox/20261122-a.eml")

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    text = answer.body.decode()
    assert "Subject: Réponse" in text
    assert "<script>alert(1)</script> café" in text


@pytest.mark.parametrize(
    "path",
    ["/-/", "/-/x/", f"/-/{KEY}", f"/-/{KEY[:-1]}x/", f"/-/{KEY.upper()}/", "/-/é/", f"//-/{KEY}/"],
)
def test_without_its_key_the_console_shows_nothing(path: str) -> None:
    answer = asked(path)

    assert answer.status is HTTPStatus.FORBIDDEN
    assert b"outbox/" not in answer.body


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "", "127.0.0.1.evil.example", "[::2]:8000"]
)
def test_by_another_name_the_console_shows_nothing(host: str) -> None:
    """A name of somebody else's that leads here: DNS rebinding."""
    assert asked(f"/-/{KEY}/", host).status is HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("host", ["localhost:8000", "LOCALHOST", "127.0.0.1", "[::1]:8000"])
def test_by_its_own_names_it_answers(host: str) -> None:
    assert asked(f"/-/{KEY}/", host).status is HTTPStatus.OK


@pytest.mark.parametrize("name", ["x.eml", "../inbound/x", "%2e%2e/inbound/x", ""])
def test_only_the_outbox_is_shown(name: str) -> None:
    answer = asked(f"/-/{KEY}/outbox/{name}")

    assert (answer.status, b"secret" in answer.body) == (HTTPStatus.NOT_FOUND, False)


@pytest.mark.parametrize("path", [f"/-/{KEY}/", f"/-/{KEY}/outbox/20261122-a.eml", "/-/"])
def test_nothing_is_kept_framed_or_read_by_another_page(path: str) -> None:
    headers = asked(path).headers

    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert not {name for name in headers if name.startswith("Access-Control")}


def test_nothing_of_others_turns_or_hides_what_stands_around_it() -> None:
    unseen = "\u202etxt\u200b.exe\U000e0041\x9b"
    table = Table(unseen, (unseen,), [(unseen,), (Link("x", unseen),)], "")
    console = Console(key=KEY, mail=MemoryStore(), tables=lambda: [table], notes=lambda: [unseen])

    page = console.answer(f"/-/{KEY}/", host="localhost").body.decode()

    assert page.count("txt.exe") == 7
    assert without_unseen(page) == page
