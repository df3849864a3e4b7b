"""Parts, charsets and caps: what is read of a mail however it is put together."""

import base64

import pytest

from feedmirror.takedowns.mails.message import Link, Message, Part
from feedmirror.takedowns.mails.reading_mail import SIZE, read_message


def body(text: str | bytes, *header: str) -> Message:
    raw = text if isinstance(text, bytes) else text.encode()
    return read_message("\n".join(["From: ann@example.com", *header, "", ""]).encode() + raw)


def multipart(*parts: str, kind: str = "mixed") -> Message:
    inside = "".join(f"--b\n{part}\n" for part in parts)
    return body(f"preamble https://example.com/preamble\n{inside}--b--\nepilogue",
                f"Content-Type: multipart/{kind}; boundary=b")  # fmt: skip


MIXED = b"Content-Type: multipart/mixed; boundary=b"
PLAIN = "Content-Type: text/plain; charset=utf-8\n\n"
HTML = "Content-Type: text/html; charset=utf-8\n\n"


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        ("utf-8", "Löschung".encode(), "Löschung"),
        ("iso-8859-1", b"L\xf6schung", "Löschung"),
        ("iso-8859-1", b"\x93quoted\x94", "\u201cquoted\u201d"),  # Windows, calling itself Latin-1
        ("us-ascii", "Löschung".encode(), "Löschung"),
        ("us-ascii", b"L\xf6schung", "Löschung"),
        ("x-no-such", b"L\xf6schung", "Löschung"),
        ("utf-8", b"L\xf6schung", "L\ufffdschung"),
        ("utf-16", "Löschung".encode("utf-16"), "Löschung"),
        ("koi8-r", "Удалить".encode("koi8-r"), "Удалить"),
        ("gb18030", "删除".encode("gb18030"), "删除"),
        ("punycode", b"abc-", "abc-"),
        ("base64", b"YWJj", "YWJj"),
        ("unicode_escape", b"\\x41", "\\x41"),
        ("utf-8\x00", b"abc", "abc"),
        ("x" * 3000, b"abc", "abc"),
    ],
)
def test_a_text_is_decoded_whatever_its_charset(charset: str, raw: bytes, text: str) -> None:
    assert body(raw, f"Content-Type: text/plain; charset={charset}").text == text


@pytest.mark.parametrize(
    ("encoding", "raw", "text"),
    [
        ("quoted-printable", b"https://example.com/=\nlong=3Dyes", "https://example.com/long=yes"),
        ("QUOTED-PRINTABLE", b"a=C3=A9 =XX =", "aé =XX"),
        ("base64", base64.b64encode(b"Please remove it"), "Please remove it"),
        ("base64", b"UGxlYXNlIHJlbW92ZSBpdA", "Please remove it"),
        ("base64", b"UGxl\nYXNl*!?IHJl bW92ZSBpdA==", "Please remove it"),
        ("no-such-encoding", b"as it stands", "as it stands"),
    ],
)
def test_a_transfer_encoding_is_undone_as_far_as_it_can_be(
    encoding: str, raw: bytes, text: str
) -> None:
    assert body(raw, f"Content-Transfer-Encoding: {encoding}").text == text


def test_of_two_versions_the_plain_one_gives_the_words_and_both_give_links() -> None:
    message = multipart(
        f"{PLAIN}Remove our page, see the link.",
        f'{HTML}<p>Remove <a href="https://example.com/page">our page</a>, see the link.</p>',
        kind="alternative",
    )

    assert message.text == "Remove our page, see the link."
    assert message.links == (Link("https://example.com/page"),)


def test_a_page_that_one_version_quotes_is_quoted() -> None:
    message = multipart(
        f"{PLAIN}Remove https://example.com/new please\nhttps://example.com/old",
        f"{HTML}<p>Remove https://example.com/new please</p>"
        "<blockquote>https://example.com/old</blockquote>",
        kind="alternative",
    )

    assert [(link.address, link.part) for link in message.links] == [
        ("https://example.com/new", Part.NEW),
        ("https://example.com/old", Part.QUOTED),
    ]


def test_html_alone_is_read_as_lines() -> None:
    message = body(
        "<html><head><title>no</title><style>p {color: red}</style></head><body>"
        "<!-- <p>nor this</p> --><p>Hello,<br>please&nbsp;remove</p>"
        "<ul><li>one &amp; <b>two</b></li><li>three</li></ul>"
        '<script>var a = "<p>no</p>";</script><div style="display:none">unseen</div></body></html>',
        "Content-Type: text/html",
    )

    assert message.text == "Hello,\nplease remove\n\none & two\nthree"


def test_an_empty_plain_version_leaves_the_words_to_html() -> None:
    message = multipart(f"{PLAIN}\n  \n", f"{HTML}<p>Hello</p>", kind="alternative")

    assert message.text == "Hello"


def test_a_picture_between_two_texts_leaves_both() -> None:
    message = multipart(
        f"{PLAIN}First",
        "Content-Type: image/png; name=screen.png\nContent-Transfer-Encoding: base64\n\niVBORw==",
        f"{PLAIN}Second",
    )

    assert message.text == "First\n\nSecond"
    assert message.unread == ("image/png",)


@pytest.mark.parametrize(
    ("header", "content", "address"),
    [
        ("text/plain; name=list.txt", "https://example.com/1", "https://example.com/1"),
        ("text/csv", 'Title,"https://example.com/a,b"', "https://example.com/a,b"),
        ("text/csv", "https://example.com/1,Title", "https://example.com/1"),
        ("text/csv", "Title;https://example.com/1;x", "https://example.com/1"),
        ("text/xml", "<u>https://example.com/?a=1&amp;b=2</u>", "https://example.com/?a=1&b=2"),
        ("application/xml", "<u>https://example.com/1</u>", "https://example.com/1"),
        ("application/json", r'{"u": "https:\/\/example.com\/1"}', "https://example.com/1"),
    ],
)
def test_an_attachment_of_plain_text_is_read(header: str, content: str, address: str) -> None:
    message = multipart(
        f"{PLAIN}See attached",
        f"Content-Type: {header}\nContent-Disposition: attachment\n\n{content}",
    )

    assert message.text == "See attached"
    assert message.attached == content
    assert message.links == (Link(address, Part.ATTACHED),)
    assert message.unread == ()


@pytest.mark.parametrize(
    "media_type",
    [
        "application/pdf",
        "application/zip",
        "application/msword",
        "application/ms-tnef",
        "application/octet-stream",
        "text/calendar",
        "message/partial",
        "image/svg+xml",
    ],
)
def test_every_other_attachment_is_named_and_never_opened(media_type: str) -> None:
    message = multipart(f"{PLAIN}Hi", f"Content-Type: {media_type}\n\nhttps://example.com/x")

    assert message.unread == (media_type,)
    assert message.links == ()


def test_html_as_an_attachment_is_not_opened() -> None:
    message = multipart(
        f"{PLAIN}Hi",
        "Content-Type: text/html\nContent-Disposition: attachment; filename=a.html\n\n<p>no</p>",
    )

    assert message.text == "Hi"
    assert message.unread == ("text/html",)


def test_an_attached_mail_is_forwarded_and_what_it_quotes_is_quoted() -> None:
    message = multipart(
        f"{PLAIN}See below",
        "Content-Type: message/rfc822\n\nFrom: bob@example.org\nSubject: Copied\n\n"
        "My page https://example.org/mine\n> their page https://example.net/theirs",
    )

    assert message.text == "See below"
    assert message.forwarded == "Copied\n\nMy page https://example.org/mine"
    assert message.quoted == "their page https://example.net/theirs"
    assert message.from_values == ("ann@example.com",)
    assert [link.part for link in message.links] == [Part.FORWARDED, Part.QUOTED]


def test_an_attached_mail_in_base64_is_read() -> None:
    inner = base64.b64encode(b"Subject: x\n\nhttps://example.org/mine").decode()
    message = multipart(
        f"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{inner}"
    )

    assert message.links == (Link("https://example.org/mine", Part.FORWARDED),)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", ""),
        (b"\n\n\n", ""),
        (b"\x00\xff\xfe", "\u00ff\u00fe"),
        (b"Content-Type: multipart/mixed\n\nno boundary stated", "no boundary stated"),
        (MIXED + b"\n\nnever used", "never used"),
        (b'Content-Type: multipart/mixed; boundary=""\n\nempty', "empty"),
        (MIXED + b"\n\n--b\n\nno end", "no end"),
        (MIXED + b"\n\n--b--\nonly an end", "--b--\nonly an end"),
        (MIXED + b"\n\n--bb\n\n--b\n\nyes\n--bb\n--b--", "yes\n--bb"),
        (MIXED[:-1] + b'"b "\n\n--b  \n\nblanks\n--b--', "blanks"),
        (MIXED[:-2] + b'*0="a"; boundary*1="b"\n\n--ab\n\nsplit\n--ab--', "split"),
        (b"Content-Type: text/plain; charset*=utf-8''%ff\n\nodd parameter", "odd parameter"),
        (b"Content-Type: ;;;=\n\nodd type", "odd type"),
        (b"Content-Type: text\n\nhalf a type", "half a type"),
        (b"Content-Type: TEXT/PLAIN;CHARSET=UTF-8\n\nloud", "loud"),
        (b"Content-Type: text/plain\nContent-Type: text/html\n\n<p>plain</p>", "<p>plain</p>"),
        (b"Content-Transfer-Encoding: base64\n\n*", ""),
        (b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n#86)C\n`\nend\n", "abc"),
        (MIXED + b"\r\n\r\n--b\r\n\r\nwindows\r\n--b--\r\n", "windows"),
    ],
)  # fmt: skip
def test_malformed_mail_is_read_as_far_as_it_goes(raw: bytes, text: str) -> None:
    assert read_message(raw).text == text


def test_an_inner_boundary_that_begins_like_the_outer_one_is_not_it() -> None:
    message = body(
        "--b\nContent-Type: multipart/alternative; boundary=b2\n\n"
        f"--b2\n{PLAIN}inner\n--b2--\n--b\n{PLAIN}outer\n--b--\n",
        "Content-Type: multipart/mixed; boundary=b",
    )

    assert message.text == "inner\n\nouter"


def test_of_a_mail_above_the_cap_only_the_header_is_read() -> None:
    message = read_message(b"From: a@example.com\nSubject: big\n\n" + b"x" * SIZE)

    assert message.excess == ("size",)
    assert message.subject == "big"
    assert message.from_values == ("a@example.com",)
    assert message.text == ""


def test_a_mail_at_the_cap_is_read() -> None:
    head = (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi\n--b\nContent-Type: image/png\n\n"
    )
    message = read_message(head + b"x" * (SIZE - len(head)))

    assert message.excess == ()
    assert message.text == "Hi"


def test_parts_above_the_cap_are_not_read() -> None:
    parts = [f"{PLAIN}part {number}" for number in range(300)]
    message = multipart(*parts)

    assert message.excess == ("parts",)
    assert "part 198" in message.text
    assert "part 199" not in message.text  # the multipart itself is the first of the two hundred


def test_levels_above_the_cap_are_not_read_and_others_are() -> None:
    deep = f"{PLAIN}deepest"
    for level in range(25):
        deep = (
            f"Content-Type: multipart/mixed; boundary=d{level}\n\n--d{level}\n{deep}\n--d{level}--"
        )
    message = multipart(f"{PLAIN}top", deep)

    assert message.excess == ("depth",)
    assert message.text == "top"


def test_twenty_levels_are_read() -> None:
    deep = f"{PLAIN}deepest"
    for level in range(19):
        deep = (
            f"Content-Type: multipart/mixed; boundary=d{level}\n\n--d{level}\n{deep}\n--d{level}--"
        )
    message = multipart(deep)

    assert message.excess == ()
    assert message.text == "deepest"


def test_text_above_the_cap_is_cut() -> None:
    message = body("0123456789abcde\n" * 40_000)

    assert "text" in message.excess
    assert message.text.startswith("0123456789abcde\n0123")
    assert len(message.text) <= 512 * 1024


def test_addresses_above_the_cap_are_left_out() -> None:
    message = body("\n".join(f"https://example.com/{number}" for number in range(1500)))

    assert message.excess == ("addresses",)
    assert len(message.links) == 1000


def test_a_thousand_addresses_named_twice_are_a_thousand() -> None:
    text = "\n".join(f"https://example.com/{number}" for number in range(1000))
    message = body(f"{text}\n{text}")

    assert message.excess == ()
    assert len(message.links) == 1000


@pytest.mark.parametrize(
    ("name", "length", "excess"),
    [
        ("Subject", 2_100, "subject header"),
        ("Content-Type", 2_100, "content header"),
        ("Content-Disposition", 14_000, "content header"),
        ("To", 17_000, "to header"),
        ("Cc", 17_000, "cc header"),
        ("X-Anything", 65_530, "header block"),
    ],
)
def test_a_header_above_its_cap_is_named(name: str, length: int, excess: str) -> None:
    message = read_message(f"{name}: {'x' * length}\nFrom: a@example.com\n\nHello".encode())

    assert message.excess == (excess,)
    assert message.text == "Hello"


def test_a_list_of_recipients_below_its_cap_is_read() -> None:
    recipients = [f"reader{number}@example.com" for number in range(150)]
    message = read_message(f"To: {', '.join(recipients)}\n\nHello".encode())

    assert message.recipients == tuple(recipients)
    assert message.excess == ()


def test_a_text_that_is_the_whole_mail_is_its_text_even_with_a_name() -> None:
    assert body("Hello", "Content-Type: text/plain; name=body.txt").text == "Hello"


def test_preformatted_html_keeps_its_lines_and_its_quotes() -> None:
    message = body("<pre>one\n  two\n\n&gt; three</pre><p>four</p>", "Content-Type: text/html")

    assert message.text == "one\n  two\n\nfour"
    assert message.quoted == "three"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>a<script>", "a"),
        ("a<style>b</style>c<STYLE>d", "ac"),
        ("a<!-- b", "a"),
        ("a<!-->b", "ab"),
        ("<p title=it's>a</p>", "a"),
        ('<p title="a>b">c', "c"),
        ("1 < 2 <3", "1 < 2 <3"),
        ("&#99999999999999; &bogus; &lt;b&gt;", "&bogus; <b>"),
        ("</p></div>a", "a"),
        ("<td>a</td><td>b</td>", "a b"),
        ('<a href="https://[">a</a>', "a"),
    ],
)
def test_broken_html_is_read_as_a_browser_would(markup: str, text: str) -> None:
    assert body(markup, "Content-Type: text/html").text == text


def test_html_that_nests_too_deep_is_read_and_said_to_be() -> None:
    message = body("<div>" * 3_000 + "deep", "Content-Type: text/html")

    assert message.excess == ("depth",)
    assert message.text == "deep"


@pytest.mark.parametrize(
    "text", ["x\n" * 30_000, "<p>x" * 30_000, '<a href="https://example.com/">x</a>' * 6_000]
)
def test_more_lines_or_links_than_anybody_writes_are_said_to_be(text: str) -> None:
    assert body(text, "Content-Type: text/html" if "<" in text else "").excess in {
        ("lines",),
        ("addresses",),
    }


def test_an_address_longer_than_any_server_takes_is_said_to_be() -> None:
    message = body(f'<a href="https://example.com/{"a" * 9_000}">x</a>', "Content-Type: text/html")

    assert message.links == ()
    assert message.excess == ("addresses",)
