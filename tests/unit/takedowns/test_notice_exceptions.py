"""What a request leaves out is never taken down; where a wide rule cannot, a person reads it."""

from email.message import EmailMessage

import pytest

from feedmirror.configuration import MirrorSettings
from feedmirror.takedowns.mails.reading_mail import read_message
from feedmirror.takedowns.notices.notice import EXCEPTION, Kind, Notice
from feedmirror.takedowns.notices.reading_notice import read_notice

MIRROR = MirrorSettings(
    name="M", site="https://mirror.example.net", contact="takedown@mirror.example.net", operator="O"
)
A, B, C = (f"https://radio.example/episodes/{number}" for number in (29, 30, 31))


def read(text: str, subject: str = "hello") -> Notice:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "writer@radio.example", MIRROR.contact, subject
    mail.set_content(text)
    return read_notice(read_message(mail.as_bytes()), mirror=MIRROR, tags=())


def named(notice: Notice) -> set[str]:
    return {target.value for target in notice.targets}


SINGLE = [
    (f"Please remove {A} and {C} but not {B}", {A, C}),
    (f"Please remove {A} and {C}, but not {B}, thank you.", {A, C}),
    (f"Please remove {A}, keep {B}", {A}),
    (f"Please remove {A} and leave {B} as it is.", {A}),
    (f"Please take down {A}. {B} may stay.", {A}),
    (f"Please keep {B}. Please remove {A}.", {A}),
    (f"Please remove these:\n{A}\n{C}\nbut not:\n{B}\n", {A, C}),
    (f"Please remove {A}, {C}, excluding {B}.", {A, C}),
    (f"Bitte entfernen Sie {A} und {C}, aber nicht {B}.", {A, C}),
    (f"Bitte löschen Sie {A}, nicht jedoch {B}.", {A}),
    (f"Bitte löschen Sie {A}, nicht {B}.", {A}),
    (f"Bitte löschen Sie {A}. {B} darf bleiben.", {A}),
    (f"Bitte löschen Sie {A}, {B} können Sie behalten.", {A}),
    (f"Por favor retiren {A} y {C} pero no {B}", {A, C}),
    (f"Por favor retiren {A}, pero conserven {B}.", {A}),
    (f"Por favor eliminen {A}. El episodio {B} puede quedarse.", {A}),
    (f"Veuillez retirer {A} et {C} mais pas {B}", {A, C}),
    (f"Merci de retirer {A}, mais gardez {B}.", {A}),
    (f"Merci de supprimer {A}. L'épisode {B} peut rester.", {A}),
    (f"Por favor removam {A} e {C}, mas não {B}", {A, C}),
    (f"Por favor removam {A}, mas mantenham {B}.", {A}),
    (f"Por favor apaguem {A}. O episódio {B} pode ficar.", {A}),
]
WIDE = [
    f"Remove all of radio.example but keep {B}",
    f"Remove everything from radio.example except {B}",
    f"Please remove everything from radio.example, apart from {B}.",
    f"Please remove everything from radio.example. {B} can stay.",
    f"Please remove everything from radio.example. Do not remove {B}.",
    f"Do not remove only {B}, remove all of radio.example",
    f"Please remove everything from https://radio.example/feed.xml other than {B}",
    "Please remove all my articles except the interviews.",
    "Please remove our feed, but leave the interviews.",
    "Please remove everything from radio.example. The interviews may stay.",
    "Please remove all articles by Ann Lee, excluding the interviews.",
    f"Please remove everything except {B}",
    f"Bitte entfernen Sie alles von radio.example außer {B}",
    f"Bitte löschen Sie alles von radio.example. Nur Folge {B} dürfen Sie behalten.",
    f"Bitte löschen Sie alles von radio.example, bis auf {B}.",
    f"Bitte löschen Sie alles von radio.example. Löschen Sie {B} nicht.",
    "Bitte löschen Sie alle meine Artikel, ausgenommen die Interviews.",
    "Bitte löschen Sie alle meine Artikel, die Interviews dürfen bleiben.",
    f"Por favor retiren todo de radio.example menos {B}",
    f"Por favor eliminen todo de radio.example, salvo {B}.",
    "Por favor eliminen todos mis artículos a excepción de las entrevistas.",
    "Por favor eliminen todos mis artículos, pero dejen las entrevistas.",
    f"Merci de retirer tout de radio.example sauf {B}",
    f"Veuillez retirer tout le contenu de radio.example à l'exception de {B}.",
    "Veuillez supprimer tous mes articles hormis les entretiens.",
    "Veuillez supprimer tous mes articles mais laissez les entretiens.",
    f"Por favor removam tudo de radio.example exceto {B}",
    f"Por favor removam tudo de radio.example, menos {B}.",
    "Por favor removam todos os meus artigos, com exceção das entrevistas.",
    "Por favor removam todos os meus artigos, mas deixem as entrevistas.",
]
NO_EXCEPTION = [
    "Please remove all my articles, without exception.",
    "Please remove everything from radio.example. Keep in mind that I am the author.",
    "Please remove everything from radio.example and keep it off your site.",
    "Please remove everything from radio.example, no exceptions please.",
    "Please remove everything from radio.example, including but not limited to the interviews.",
    "Please remove all my articles. You can keep the rest.",
    "Bitte löschen Sie alle meine Artikel ohne Ausnahme.",
    "Bitte löschen Sie alles von radio.example. Rechtliche Schritte behalten wir uns vor.",
    "Por favor eliminen todos mis artículos, sin excepción.",
    "Por favor eliminen todo de radio.example y dejen de copiar mis artículos.",
    "Veuillez supprimer tous mes articles sans exception.",
    "Veuillez supprimer tous mes articles, sauf erreur ils sont tous de moi.",
    "Por favor removam todos os meus artigos, sem exceção.",
    "Por favor removam tudo de radio.example e deixem de copiar os meus textos.",
]


@pytest.mark.parametrize(("text", "asked"), SINGLE)
def test_an_excepted_address_is_no_target(text: str, asked: set[str]) -> None:
    notice = read(text)

    assert (notice.kind, named(notice)) == (Kind.REMOVAL, asked)


@pytest.mark.parametrize("text", WIDE)
def test_an_exception_to_a_wide_request_is_read_by_a_person(text: str) -> None:
    notice = read(text)

    assert (notice.kind, named(notice), notice.mine) == (Kind.UNCLEAR, set(), False)
    assert EXCEPTION in notice.unclear


@pytest.mark.parametrize("text", NO_EXCEPTION)
def test_words_that_except_nothing_leave_a_request_as_it_is(text: str) -> None:
    notice = read(text)

    assert notice.kind is Kind.REMOVAL
    assert EXCEPTION not in notice.unclear


@pytest.mark.parametrize(
    "text",
    [
        f"Please remove {A} and {B}. Please keep {B}.",
        f"Please remove {A} and {C}, except the pictures.",
        f"Please remove all of these articles except {B}: {A} {C}",
    ],
)
def test_an_exception_that_is_in_doubt_is_unclear(text: str) -> None:
    notice = read(text)

    assert notice.kind is Kind.UNCLEAR
    assert EXCEPTION in notice.unclear
    assert B not in named(notice)


def test_an_exception_in_the_subject_counts_too() -> None:
    single = read("Thank you", f"Please remove {A} but not {B}")
    wide = read("Thank you", f"Please remove everything from radio.example except {B}")

    assert B not in named(single)
    assert (wide.kind, named(wide)) == (Kind.UNCLEAR, set())


def test_the_note_has_no_word_of_the_mail() -> None:
    assert "an exception" in EXCEPTION
    assert {each for text in WIDE for each in read(text).unclear if "radio" in each} == set()
