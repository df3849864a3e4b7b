"""Reading words is linear, and never raises, whatever is written."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmirror.configuration import MirrorSettings
from feedmirror.takedowns.mails.message import Message
from feedmirror.takedowns.notices.reading_notice import read_notice

MIRROR = MirrorSettings(
    name="M", site="https://mirror.example.net", contact="takedown@mirror.example.net", operator="O"
)
WORDS = st.one_of(
    st.sampled_from(["please", "remove", "not", "everything", "from", "our", "site", "by", "Jane"]),
    st.sampled_from(["bitte", "nicht", "löschen", "retirez", "quiten", "tirem", "stop", "copying"]),
    st.sampled_from(["https://a.example/1", ",", ".", "?", "<link>", "+", "@", "[", "(", "\x00"]),
)


@settings(deadline=None, max_examples=40)
@given(
    st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=60).map(" ".join)),
    st.text(max_size=60),
)
def test_no_text_makes_it_raise(text: str, subject: str) -> None:
    read_notice(Message(text=text, subject=subject), mirror=MIRROR, tags=(subject,))


@pytest.mark.parametrize(
    "piece", ["please do not remove all of my ", "aa.", "a@", "a! ", "a-", "remove\n", ","]
)
def test_a_long_text_takes_no_longer_than_its_length_asks_for(piece: str) -> None:
    """Four times the text: four times the work, with as much again for noise; not sixteen times.

    A second look, where the first says otherwise: that may have been the machine's.
    """
    assert any(is_linear(piece) for _ in range(2))


def is_linear(piece: str) -> bool:
    short, long = (seconds(piece * (size // len(piece))) for size in (1_000, 4_000))
    return long < 8 * short + 0.1


def seconds(text: str) -> float:
    """Return the processor time of reading a text."""
    begun = time.process_time()
    read_notice(Message(text=text), mirror=MIRROR, tags=())
    return time.process_time() - begun
