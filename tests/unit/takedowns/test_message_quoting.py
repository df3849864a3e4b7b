"""What is new in a mail, in the ways that people and programs quote, sign and forward."""

import pytest

from feedmirror.takedowns.mails.message import Message, Part
from feedmirror.takedowns.mails.reading_mail import read_message

OWN = "https://example.com/mine"
THEIRS = "https://mirror.example/news.example.com/abc/"


def plain(text: str, *, subject: str = "Re: Removal") -> Message:
    head = f"From: ann@example.com\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8"
    return read_message(f"{head}\n\n{text}".encode())


def hypertext(markup: str, *, subject: str = "Re: Removal") -> Message:
    head = f"From: ann@example.com\nSubject: {subject}\nContent-Type: text/html; charset=utf-8"
    return read_message(f"{head}\n\n{markup}".encode())


def named(message: Message) -> dict[str, Part]:
    return {link.address: link.part for link in message.links}


ATTRIBUTIONS = [
    "On Tue, Nov 3, 2026 at 10:11 AM Mirror <m@mirror.example> wrote:",
    "On 3 Nov 2026, at 10:11, Mirror <m@mirror.example> wrote:",
    "On 03/11/2026 10:11, Mirror wrote:",
    "On Tuesday, November 3, 2026 at 10:11:12 AM GMT+1, Mirror <m@mirror.example>\nwrote:",
    "On Tue, Nov 3, 2026 at 10:11 AM Mirror of Public Feeds <\nm@mirror.example> wrote:",
    "El mar, 3 nov 2026 a las 10:11, Mirror (<m@mirror.example>) escribió:",
    "El 3/11/26 a las 10:11, Mirror escribió:",
    "Le mar. 3 nov. 2026 à 10:11, Mirror <m@mirror.example> a écrit :",
    "Le 03/11/2026 à 10:11, Mirror a écrit :",
    "Le mardi 3 novembre 2026 à 10:11:12 UTC+1, Mirror <m@mirror.example>\na écrit :",
    "Am Di., 3. Nov. 2026 um 10:11 Uhr schrieb Mirror <m@mirror.example>:",
    "Am 03.11.26 um 10:11 schrieb Mirror:",
    "Mirror <m@mirror.example> schrieb am Di., 3. Nov. 2026, 10:11:",
    "Am 03.11.2026 um 10:11 schrieb Mirror\n<m@mirror.example>:",
    "Em ter., 3 de nov. de 2026 às 10:11, Mirror <m@mirror.example> escreveu:",
    "Em 03/11/2026 10:11, Mirror escreveu:",
    "2026-11-03 10:11 GMT+01:00 Mirror <m@mirror.example>:",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_below_a_new_text_the_quote_is_quoted(attribution: str) -> None:
    message = plain(f"Please remove {OWN}\nAnn\n\n{attribution}\n\n> Read {THEIRS}\n> here\n")

    assert message.text == f"Please remove {OWN}\nAnn"
    assert message.quoted == f"{attribution}\nRead {THEIRS}\nhere"
    assert named(message) == {OWN: Part.NEW, THEIRS: Part.QUOTED}


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_above_a_new_text_the_quote_is_quoted(attribution: str) -> None:
    message = plain(f"{attribution}\n> Read {THEIRS}\n> here\n\nPlease remove {OWN}\nAnn\n")

    assert message.text == f"Please remove {OWN}\nAnn"
    assert named(message) == {THEIRS: Part.QUOTED, OWN: Part.NEW}


@pytest.mark.parametrize("attribution", ATTRIBUTIONS[:-1])
def test_what_a_phone_quotes_without_marks_is_quoted(attribution: str) -> None:
    message = plain(f"Please remove {OWN}\n\n{attribution}\n\nRead {THEIRS}\nhere\n")

    assert message.text == f"Please remove {OWN}"
    assert named(message) == {OWN: Part.NEW, THEIRS: Part.QUOTED}


def test_answers_between_quotes_are_new() -> None:
    message = plain("> Is it yours?\nYes.\n\n> Which page?\nThis one:\n" + OWN + "\n>> older\n")

    assert message.text == f"Yes.\n\nThis one:\n{OWN}"
    assert message.quoted == "Is it yours?\nWhich page?\nolder"


HEADERS = [
    "From: M <m@mirror.example>\nSent: Tuesday, November 3, 2026 10:11\nTo: Ann\nSubject: Removal",
    "*From:* M <m@mirror.example>\n*Date:* 3 Nov 2026\n*To:* Ann\n*Subject:* Removal",
    "Von: M <m@mirror.example>\nGesendet: Dienstag, 3. November 2026\nAn: Ann\nBetreff: Weg",
    "De: M <m@mirror.example>\nEnviado: martes, 3 de noviembre de 2026\nPara: Ana\nAsunto: Baja",
    "De : M <m@mirror.example>\nEnvoyé : mardi 3 novembre 2026 10:11\nÀ : Anne\nObjet : Retrait",
    "De: M <m@mirror.example>\nEnviada em: 3 de novembro de 2026\nPara: Ana\nCc: B\nAssunto: Tirar",
]  # fmt: skip


@pytest.mark.parametrize("rule", ["", "________________________________\n", "\n-----------\n\n"])
@pytest.mark.parametrize("header", HEADERS)
def test_below_a_copied_header_everything_is_quoted(header: str, rule: str) -> None:
    message = plain(f"Please remove {OWN}\n\n{rule}{header}\n\nRead {THEIRS}\n")

    assert message.text == f"Please remove {OWN}"
    assert named(message) == {OWN: Part.NEW, THEIRS: Part.QUOTED}


@pytest.mark.parametrize("prefix", ["Fwd", "FW", "WG", "RV", "TR", "ENC", "Fw"])
@pytest.mark.parametrize("header", HEADERS)
def test_below_a_copied_header_everything_is_forwarded_if_the_subject_says_so(
    header: str, prefix: str
) -> None:
    message = plain(f"For you\n\n{header}\n\nRead {THEIRS}\n", subject=f"{prefix}: Removal")

    assert message.text == "For you"
    assert message.forwarded == f"{header}\n\nRead {THEIRS}"
    assert named(message) == {THEIRS: Part.FORWARDED}


@pytest.mark.parametrize(
    "marker",
    [
        "-----Original Message-----",
        "----- Original Message -----",
        "-----Ursprüngliche Nachricht-----",
        "-----Mensaje original-----",
        "-----Message d'origine-----",
        "-----Message original-----",
        "-----Mensagem original-----",
    ],
)
def test_below_an_original_message_everything_is_quoted(marker: str) -> None:
    message = plain(f"Please remove {OWN}\n\n{marker}\nFrom: M\n\nRead {THEIRS}\nand so on")

    assert message.text == f"Please remove {OWN}"
    assert named(message) == {OWN: Part.NEW, THEIRS: Part.QUOTED}


def test_below_an_original_message_with_marks_an_answer_is_new() -> None:
    message = plain(f"----- Original Message -----\nFrom: M\n\n> Read {THEIRS}\n\nRemove {OWN}\n")

    assert message.text == f"Remove {OWN}"


FORWARDS = [
    "---------- Forwarded message ---------",
    "-------- Forwarded Message --------",
    "Begin forwarded message:",
    "---------- Weitergeleitete Nachricht ---------",
    "Anfang der weitergeleiteten Nachricht:",
    "---------- Mensaje reenviado ---------",
    "Inicio del mensaje reenviado:",
    "---------- Message transféré ---------",
    "Début du message réexpédié :",
    "---------- Mensagem encaminhada ---------",
    "Início da mensagem encaminhada:",
]


@pytest.mark.parametrize("marker", FORWARDS)
@pytest.mark.parametrize("mark", ["", "> "])
def test_a_forwarded_mail_is_forwarded_and_what_it_quotes_is_quoted(marker: str, mark: str) -> None:
    message = plain(
        f"See below\n\n{marker}\n\n{mark}From: B <b@example.org>\n{mark}Remove {OWN}\n"
        f"{mark}> Read {THEIRS}\n",
        subject="Removal",
    )

    assert message.text == "See below"
    assert message.forwarded == f"{marker}\n\nFrom: B <b@example.org>\nRemove {OWN}"
    assert named(message) == {OWN: Part.FORWARDED, THEIRS: Part.QUOTED}


def test_a_mail_forwarded_within_a_quote_is_quoted() -> None:
    message = plain(f"Yes\n\n> See\n> {FORWARDS[0]}\n> {THEIRS}\n")

    assert message.text == "Yes"
    assert named(message) == {THEIRS: Part.QUOTED}


@pytest.mark.parametrize(
    "marker",
    ["-- ", "--", "-- \nAnn Example\nExample Ltd"],
)
def test_below_the_signature_separator_everything_is_signature(marker: str) -> None:
    message = plain(f"Please remove {OWN}\n\n{marker}\nAnn\nhttps://ann.example/\n")

    assert message.text == f"Please remove {OWN}"
    assert message.signature.endswith("Ann\nhttps://ann.example/")
    assert named(message) == {OWN: Part.NEW, "https://ann.example/": Part.SIGNATURE}


def test_a_quote_below_a_signature_is_quoted() -> None:
    message = plain(f"Remove {OWN}\n-- \nAnn\n\nOn 3 Nov 2026 at 10:11, M wrote:\n> {THEIRS}\n")

    assert message.signature == "-- \nAnn".replace(" ", "")
    assert named(message)[THEIRS] is Part.QUOTED


def test_a_rule_of_two_dashes_between_long_texts_is_no_signature() -> None:
    pages = "\n".join(f"https://example.com/{number}" for number in range(30))
    message = plain(f"These:\n--\n{pages}\n--\n")

    assert set(named(message).values()) == {Part.NEW}


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone",
        "Sent from my Galaxy",
        "Sent from Yahoo Mail for iPhone",
        "Sent from Outlook for Android",
        "Get Outlook for iOS<https://aka.ms/x>",
        "Von meinem iPhone gesendet",
        "Von meinem/meiner Galaxy gesendet",
        "Gesendet von Outlook für Android",
        "Gesendet mit der GMX Mail App",
        "Diese Nachricht wurde von meinem Android-Gerät mit GMX Mail gesendet.",
        "Enviado desde mi iPhone",
        "Enviado desde mi Samsung Mobile de Telcel",
        "Enviado desde Outlook para Android",
        "Envoyé de mon iPhone",
        "Envoyé depuis mon smartphone Samsung Galaxy.",
        "Envoyé à partir de Outlook pour Android",
        "Enviado do meu iPhone",
        "Enviado via iPad",
        "Enviado do Yahoo Mail no Android",
        "Sent with Proton Mail secure email.",
        "Virus-free.www.avast.com",
    ],
)
def test_what_a_program_adds_is_signature(line: str) -> None:
    below = "On 3 Nov 2026 at 10:11, M <m@mirror.example> wrote:"
    message = plain(f"Please remove {OWN}\n\n{line}\n\n{below}\n\n> {THEIRS}\n")

    assert message.text == f"Please remove {OWN}"
    assert message.signature == line
    assert Part.NEW not in {part for address, part in named(message).items() if address != OWN}


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my blog were three texts, all mine.",
        "Gesendet habe ich das schon zweimal.",
        "Enviado por correo certificado ayer.",
        "Envoyé hier par lettre.",
    ],
)
def test_a_sentence_that_begins_like_a_program_is_new(line: str) -> None:
    assert plain(f"Hello\n{line}").text == f"Hello\n{line}"


@pytest.mark.parametrize(
    "words",
    ["Best regards,\nAnn", "Thanks,", "Mit freundlichen Grüßen\nAnn Example", "Saludos,\nAna",
     "Cordialement,\nAnne", "Atenciosamente,\nAna", "Danke!\nAnn", "Kind regards\nAnn Example"],
)  # fmt: skip
def test_below_a_sign_off_a_site_is_signature_though_the_words_are_new(words: str) -> None:
    text = f"Please remove {OWN}\n\n{words}\nExample Ltd\nwww.example.com"
    message = plain(text)

    assert message.text == text
    assert named(message) == {OWN: Part.NEW, "https://www.example.com": Part.SIGNATURE}


def test_below_a_sign_off_a_page_that_stands_alone_is_new() -> None:
    message = plain(f"Please remove my text\nThanks, Ann\n\n{OWN}\n\nhttps://x.com/ann\n")

    assert named(message) == {OWN: Part.NEW, "https://x.com/ann": Part.SIGNATURE}


def test_a_postscript_is_new() -> None:
    message = plain("Remove my text\nRegards, Ann\nwww.example.com\nPS: it is on example.com/x now")

    assert named(message) == {
        "https://www.example.com": Part.SIGNATURE,
        "https://example.com/x": Part.NEW,
    }


def test_a_date_in_a_sentence_opens_no_quote() -> None:
    text = f"On 3 November 2026 you copied this page:\n{OWN}\nOn that day I wrote:\nremove it"

    assert plain(text).text == text


def test_a_label_in_a_sentence_is_no_copied_header() -> None:
    text = f"From: my lawyer\nPlease remove {OWN}\nTo: nobody"

    assert plain(text).text == text


def test_a_mail_of_nothing_but_quotes_has_no_new_text() -> None:
    message = plain(f"On 3 Nov 2026 at 10:11, M wrote:\n> Read {THEIRS}\n")

    assert message.text == ""
    assert THEIRS in message.quoted


GMAIL = (
    '<div dir="ltr">{new}</div><br><div class="gmail_quote gmail_quote_container">'
    '<div class="gmail_attr">ti 3. marrask. 2026 klo 10.11 M &lt;<a href="mailto:m@m.example">'
    'm@m.example</a>&gt; kirjoitti:<br></div><blockquote class="gmail_quote">{old}</blockquote>'
    "</div>"
)
APPLE = (
    '<div dir="ltr">{new}</div><div dir="ltr"><br><blockquote type="cite">På 3 Nov skrev M:<br>'
    "{old}</blockquote></div>"
)
OUTLOOK = (
    '<p>{new}</p><div id="appendonsend"></div><hr><div id="divRplyFwdMsg" dir="ltr">'
    "<b>Lähettäjä:</b> M<br><b>Lähetetty:</b> 3</div><div>{old}</div>"
)
OUTLOOK_DESKTOP = (
    "<p class=MsoNormal>{new}</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'>"
    "<p class=MsoNormal><b>From:</b> M &lt;m@m.example&gt;<br><b>Sent:</b> Tuesday 10:11<br>"
    "<b>To:</b> Ann<br><b>Subject:</b> Removal</p></div><p class=MsoNormal>{old}</p>"
)
YAHOO = (
    '<div>{new}</div><div id="yahoo_quoted_123" class="yahoo_quoted"><div>Tiistaina M:</div>'
    "<div>{old}</div></div>"
)
THUNDERBIRD = (
    '<p>{new}</p><div class="moz-cite-prefix">Den 03.11.2026, M:<br></div>'
    '<blockquote type="cite">{old}</blockquote>'
)
PROTON = (
    '<div>{new}</div><div class="protonmail_quote">On Tuesday, M wrote:<br>'
    '<blockquote class="protonmail_quote">{old}</blockquote></div>'
)


@pytest.mark.parametrize(
    "markup", [GMAIL, APPLE, OUTLOOK, OUTLOOK_DESKTOP, YAHOO, THUNDERBIRD, PROTON]
)
def test_what_a_program_marks_as_quoted_in_html_is_quoted(markup: str) -> None:
    old = f'Read <a href="{THEIRS}">it</a> here'
    message = hypertext(markup.format(new=f'Remove <a href="{OWN}">this</a> now', old=old))

    assert message.text == "Remove this now"
    assert "Read it here" in message.quoted
    assert named(message) == {OWN: Part.NEW, THEIRS: Part.QUOTED}


def test_a_forwarded_mail_in_html_is_forwarded() -> None:
    message = hypertext(
        '<div>See</div><div class="gmail_quote"><div class="gmail_attr">'
        "---------- Forwarded message ---------<br>From: <b>B</b><br></div>"
        f"<p>Remove {OWN}</p><blockquote>Read {THEIRS}</blockquote></div>",
        subject="Fwd: x",
    )

    assert message.text == "See"
    assert named(message) == {OWN: Part.FORWARDED, THEIRS: Part.QUOTED}


def test_a_signature_in_html_is_signature() -> None:
    message = hypertext(
        f'<div>Remove {OWN}</div><div><br></div><div class="gmail_signature">Ann'
        '<br><a href="https://www.example.com/shop">Shop</a></div>'
    )

    assert message.text == f"Remove {OWN}"
    assert message.signature == "Ann\nShop"
    assert named(message)["https://www.example.com/shop"] is Part.SIGNATURE


def test_an_answer_between_quotes_in_html_is_new() -> None:
    message = hypertext(
        '<div class="gmail_quote"><blockquote>Which page?</blockquote>'
        f"<div>This one: {OWN}</div><blockquote>Thanks</blockquote></div>"
    )

    assert message.text == f"This one: {OWN}"


def test_unclosed_and_wrongly_nested_markup_loses_no_text() -> None:
    message = hypertext(
        "<div><b>one<blockquote>two</div></b>three</blockquote></p>four</div></div>five"
    )

    assert message.text.endswith("four\nfive")
    assert message.quoted.startswith("two")
