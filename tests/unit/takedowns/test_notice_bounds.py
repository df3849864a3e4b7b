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
def test_no_long_text_takes_longer_than_seconds(piece: str) -> None:
    text = piece * (32_000 // len(piece))

    begun = time.process_time()
    read_notice(Message(text=text), mirror=MIRROR, tags=())

    assert time.process_time() - begun < 10
