"""A mail's parts (RFC 2046), split iteratively and within bounds, before anything is decoded.

Python's own parser calls itself for every level and keeps every part; a mail of 3,000 nested
multiparts ends it with RecursionError. This one walks a list, so a hostile mail only exceeds a cap.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.message import Message as Entity

from feedmirror.takedowns.mails.header_fields import HeaderBlock, split_header
from feedmirror.takedowns.mails.header_values import parameters
from feedmirror.takedowns.mails.remarks import Remarks

PARTS = 200
DEPTH = 20
_BOUNDARY = 200  # characters; RFC 2046 §5.1.1 allows 70
_FALSE_MARKERS = 2_000
_DEFAULT = "text/plain"
_EMBEDDED = frozenset({"message/rfc822", "message/global"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part stands: how deep, and in what."""

    depth: int = 0
    alternative: int = 0  # which multipart/alternative; 0 is none
    forwarded: bool = False  # within a mail that is attached to the mail
    report: bool = False  # within a multipart/report (RFC 6522): what it returns is ours
    default: str = _DEFAULT


@dataclass(frozen=True, slots=True)
class MailPart:
    """A part that is no multipart. An attached mail is one without a body, before its own parts."""

    media_type: str
    place: Place
    header: HeaderBlock = field(default_factory=HeaderBlock)
    body: bytes = b""
    charset: str = ""
    attachment: bool = False

    def decoded(self, cap: int) -> bytes:
        """Return the body, its transfer encoding (RFC 2045 §6) undone, up to so many bytes."""
        return _decoded(self.body[: cap * 4], self.header)[: cap + 1]


@dataclass(slots=True)
class _Walk:
    remarks: Remarks
    waiting: list[tuple[HeaderBlock | None, bytes, Place]]  # None: its header is still in it
    seen: int = 0


def parts_of(header: HeaderBlock, body: bytes, remarks: Remarks) -> list[MailPart]:
    """Return every part that holds something, in the order in which it stands in the mail."""
    walk = _Walk(remarks, [(header, body, Place())])
    return list(_walked(walk))


def _walked(walk: _Walk) -> Iterator[MailPart]:
    while walk.waiting:
        known, body, place = walk.waiting.pop()
        walk.seen += 1
        if walk.seen > PARTS:
            walk.remarks.exceeds("parts")
            return
        if place.depth > DEPTH:
            walk.remarks.exceeds("depth")
            continue
        header, body = (known, body) if known else split_header(body, walk.remarks)
        yield from _entered(walk, header, body, place=place)


def _entered(walk: _Walk, header: HeaderBlock, body: bytes, *, place: Place) -> Iterator[MailPart]:
    """Yield what is at hand of a part, and put what is inside it at the head of the queue."""
    media_type, stated = parameters(header.first("content-type"))
    media_type = media_type if media_type.count("/") == 1 else place.default
    if media_type in _EMBEDDED:
        yield from _embedded(walk, header, body, place=place)
        return
    if media_type.startswith("multipart/"):
        inside = _inside(walk, body, stated.get("boundary", ""))
        if inside is not None:
            below = _below(place, media_type, number=walk.seen)
            walk.waiting.extend((None, part, below) for part in reversed(inside))
            return
        walk.remarks.fault("a multipart without its boundary")
        media_type = _DEFAULT
    disposition, about = parameters(header.first("content-disposition"))
    named = bool(place.depth and (about.get("filename") or stated.get("name")))
    yield MailPart(
        media_type,
        place,
        header=header,
        body=body,
        charset=stated.get("charset", ""),
        attachment=disposition == "attachment" or (named and media_type != "text/html"),
    )


def _embedded(walk: _Walk, header: HeaderBlock, body: bytes, *, place: Place) -> Iterator[MailPart]:
    inner, rest = split_header(_decoded(body, header), walk.remarks)
    yield MailPart("message/rfc822", place, header=inner)
    if not place.report:
        below = replace(place, depth=place.depth + 1, forwarded=True, default=_DEFAULT)
        walk.waiting.append((inner, rest, replace(below, alternative=0)))


def _below(place: Place, media_type: str, *, number: int) -> Place:
    return replace(
        place,
        depth=place.depth + 1,
        alternative=number if media_type == "multipart/alternative" else place.alternative,
        report=place.report or (media_type == "multipart/report" and not place.forwarded),
        default="message/rfc822" if media_type == "multipart/digest" else _DEFAULT,
    )


def _inside(walk: _Walk, body: bytes, boundary: str) -> list[bytes] | None:
    """Split a multipart's body at its boundary; None if it has none."""
    if not 0 < len(boundary) <= _BOUNDARY:
        return None
    marker = b"--" + boundary.rstrip(" ").encode("utf-8", "replace")
    parts: list[bytes] = []
    start: int | None = None
    for begin, end, last in _markers(body, marker):
        if start is not None:
            parts.append(body[start : max(begin - 1, 0)].removesuffix(b"\r"))
        start = None if last else end
        if last or len(parts) > PARTS:
            break
    if start is not None:
        walk.remarks.fault("a multipart without its end")
        parts.append(body[start:])
    return parts or None


def _markers(body: bytes, marker: bytes) -> Iterator[tuple[int, int, bool]]:
    """Yield where each boundary line begins, where the line after it does, and if it closes."""
    at = 0 if body.startswith(marker) else body.find(b"\n" + marker) + 1
    false = 0
    while (at or body.startswith(marker)) and false < _FALSE_MARKERS:
        line_end = body.find(b"\n", at)
        line_end = len(body) if line_end < 0 else line_end
        rest = body[at + len(marker) : line_end].strip()
        if rest in {b"", b"--"}:
            yield at, line_end + 1, rest == b"--"
        false += rest not in {b"", b"--"}
        at = body.find(b"\n" + marker, line_end) + 1
        if not at:
            return


def _decoded(body: bytes, header: HeaderBlock) -> bytes:
    """Undo a transfer encoding by the standard library, for this one part."""
    encoding = header.first("content-transfer-encoding").strip().lower()
    if encoding in {"", "7bit", "8bit", "binary"}:
        return body
    entity = Entity()
    entity["Content-Transfer-Encoding"] = encoding
    try:
        entity.set_payload(body.decode("ascii", "surrogateescape"))
        plain = entity.get_payload(decode=True)
    except Exception:  # noqa: BLE001 -- the library raises whatever its codecs raise
        return body
    return plain if isinstance(plain, bytes) else body
