"""A body means the same however the network cuts it into pieces."""

import gzip

import brotli  # type: ignore[import-untyped,unused-ignore]  # ships no types
import pytest

from feedmirror.adapters.decoding import BrokenCodingError, decoder_for

PLAIN = b"one, two"
# Without a date, of which the cases' names would be: every process has to collect the same ones.
FIRST, SECOND = (gzip.compress(text, mtime=0) for text in (b"one, ", b"two"))


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("body", "decoded"),
    [
        (FIRST + SECOND, b"one, two"),
        (FIRST + b"\0" * 7, b"one, "),
        (FIRST + b"\0" * 7 + SECOND, b"one, "),
    ],
)
def test_what_is_behind_the_last_member_is_left_be_and_so_is_what_follows_it(
    body: bytes, decoded: bytes, size: int
) -> None:
    decoder = decoder_for("gzip")
    pieces = (body[at : at + size] for at in range(0, len(body), size))

    assert b"".join(decoder.decode(piece, room=100) for piece in pieces) == decoded
    decoder.finish()


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_more_than_a_brotli_stream_is_broken(size: int) -> None:
    decoder = decoder_for("br")
    body = brotli.compress(PLAIN) + b"\0\0"

    def decode() -> None:
        for at in range(0, len(body), size):
            decoder.decode(body[at : at + size], room=100)

    with pytest.raises(BrokenCodingError):
        decode()
