"""Content codings (RFC 9110 §8.4.1), decoded as the bytes arrive, bounded and checked to their end.

libcurl could decode, but takes a gzip or Brotli stream that breaks off for a whole one (tried with
8.23) and refuses gzip in several members, so the bytes are decoded here.
"""

import zlib
from functools import cache
from importlib.util import find_spec
from typing import Protocol

_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's wbits for RFC 1952, RFC 1950 and RFC 1951
_DEFLATE_METHOD = 8
_GZIP_MAGIC = b"\x1f"


class BrokenCodingError(Exception):
    """The body does not decode, or breaks off; the message says it of the host."""


class TooLargeError(Exception):
    """The decoded body would be larger than the room that was left for it."""


class Decoder(Protocol):
    """One body's decoding."""

    def decode(self, chunk: bytes, *, room: int) -> bytes:
        """Return what a chunk decodes to, at most ``room`` bytes.

        Raises BrokenCodingError, and TooLargeError if there would be more.
        """

    def finish(self) -> None:
        """Say that no more comes; raises BrokenCodingError if the body broke off."""


def accepted_codings() -> str:
    """Return the ``Accept-Encoding`` that :func:`decoder_for` can keep."""
    return "gzip, deflate, br" if _knows_brotli() else "gzip, deflate"


def decoder_for(coding: str) -> Decoder:
    """Return the decoder of a ``Content-Encoding``; raises BrokenCodingError for an unknown one."""
    names = [name for part in coding.split(",") if (name := part.strip().lower()) != "identity"]
    match [name for name in names if name]:
        case []:
            return _Identity()
        case ["gzip" | "x-gzip"]:
            return _Zlib(_GZIP)
        case ["deflate"]:
            return _Zlib(None)
        case ["br"] if _knows_brotli():
            return _Brotli()
        case _:
            raise BrokenCodingError(f"sends a body in an unknown coding, {coding[:40]!r}")


@cache
def _knows_brotli() -> bool:
    """Tell whether the optional package is there, which takes a search of the file system."""
    return find_spec("brotli") is not None


class _Identity:
    def decode(self, chunk: bytes, *, room: int) -> bytes:
        if len(chunk) > room:
            raise TooLargeError
        return chunk

    def finish(self) -> None:
        """Do nothing: the transfer's own framing tells whether all of it came."""


class _Zlib:
    def __init__(self, window: int | None) -> None:
        self._window = window
        self._stream: zlib._Decompress | None = None
        self._ended = False  # what comes is no member, and nothing behind it is one

    def decode(self, chunk: bytes, *, room: int) -> bytes:
        decoded = bytearray()
        while chunk and (stream := self._stream_for(chunk)):
            try:
                decoded += stream.decompress(chunk, room - len(decoded) + 1)
            except zlib.error as error:
                raise BrokenCodingError(
                    f"sends a compressed body that is broken ({error})"
                ) from error
            if len(decoded) > room:
                raise TooLargeError
            chunk = stream.unused_data
        return bytes(decoded)

    def finish(self) -> None:
        if self._stream is not None and not self._stream.eof:
            raise BrokenCodingError("sends a compressed body that breaks off")

    def _stream_for(self, chunk: bytes) -> "zlib._Decompress | None":
        """Go on, or begin the next gzip member (RFC 1952 §2.2); leave other tails be, as gunzip."""
        if self._stream is None:
            self._stream = zlib.decompressobj(self._window or _deflate_window(chunk[0]))
        elif self._stream.eof:
            self._ended = self._ended or not chunk.startswith(_GZIP_MAGIC)
            if self._ended or self._window != _GZIP:
                return None
            self._stream = zlib.decompressobj(_GZIP)
        return self._stream


def _deflate_window(first: int) -> int:
    """Tell RFC 1950 from the bare RFC 1951 that some servers send under the same name."""
    return _ZLIB if first & 0x0F == _DEFLATE_METHOD else _RAW


class _Brotli:
    def __init__(self) -> None:
        # Optional: without the package the coding is neither offered nor taken.
        import brotli  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415 -- see above

        self._error = brotli.error
        self._stream = brotli.Decompressor()
        self._started = False

    def decode(self, chunk: bytes, *, room: int) -> bytes:
        self._started = self._started or bool(chunk)
        if not chunk:
            return b""
        if self._stream.is_finished():  # what comes in the same chunk the library refuses, too
            raise BrokenCodingError("sends more than a compressed body (Brotli)")
        try:
            # The limit is where the output stops growing, not an exact bound.
            decoded: bytes = self._stream.process(chunk, output_buffer_limit=room + 1)
        except self._error as error:
            raise BrokenCodingError("sends a compressed body that is broken (Brotli)") from error
        if len(decoded) > room or not self._stream.can_accept_more_data():
            raise TooLargeError
        return decoded

    def finish(self) -> None:
        if self._started and not self._stream.is_finished():
            raise BrokenCodingError("sends a compressed body that breaks off")
