"""What an answer to a question of ours says: only a plain yes is one."""

from datetime import UTC, datetime

import pytest

from builders import a_mirror
from feedmirror.takedowns.decisions.decision import Proving, Say
from feedmirror.takedowns.mails.reading_mail import read_message
from feedmirror.takedowns.notices.notice import Kind
from feedmirror.takedowns.notices.reading_notice import read_notice
from feedmirror.takedowns.replies.replies import Answer, ProofAsked, compose_answer
from takedown_world import a_mail

TAG = "c.7rpee7zjiblslmyt.qisgomgbrxkwz7fcyow2"


def kind_of(text: str) -> Kind:
    raw = a_mail(text, date=datetime(2026, 11, 22, tzinfo=UTC), subject="Re: Your request")
    return read_notice(read_message(raw), mirror=a_mirror(), tags=(TAG,)).kind


@pytest.mark.parametrize(
    "text",
    [
        "Yes, please remove it.",
        "yes",
        "OK!",
        "Yes, that was me. Thanks",
        "I confirm.",
        "Ja, bitte entfernen Sie es.",
        "Ja, das war ich",
        "Lo confirmo. Retírenlo, por favor.",
        "si, por favor",
        "Oui, merci de le retirer.",
        "oui c'est bien moi",
        "Sim, por favor, removam a página.",
        "Confirmo",
    ],
)
def test_a_yes_is_an_answer(text: str) -> None:
    assert kind_of(text) is Kind.ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "No!",
        "No, that was not me.",
        "I never asked for this.",
        "What is this about?",
        "Nein, das war ich nicht.",
        "No, no fui yo",
        "Non, ce n'était pas moi",
        "Não, não fui eu",
        "I am out of the office until Monday.",
        "Ticket #123 has been created for your request. We will be in touch.",
        "Ich bin bis Montag nicht im Büro.",
        "",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert kind_of(text) is not Kind.ANSWER


@pytest.mark.parametrize("language", ["en", "es", "fr", "de", "pt"])
def test_the_words_that_we_ask_for_are_a_yes(language: str) -> None:
    proof = ProofAsked(host="news.example.com", ways=(Proving.REPLY,))
    answer = Answer(case="abcdefgh2345abcd", language=language, says=(Say.PROVE,), proofs=(proof,))
    lines = compose_answer(answer, mirror=a_mirror()).body.splitlines()
    (words,) = (line.strip() for line in lines if line.startswith("  ") and "://" not in line)

    assert kind_of(words) is Kind.ANSWER
