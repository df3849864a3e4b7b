"""A header block, split into fields, lenient about everything except ``From``.

Readers of mail disagree about malformed blocks, and whoever forges a mail chooses among them. So
whatever any reader might take for a ``From`` is kept as one: names with spaces, NULs or other odd
bytes in them, lines that a lone CR begins, and lines below one that is no header.
"""

import re
from dataclasses import dataclass

from feedmirror.takedowns.mails.remarks import Remarks

BLOCK = 65_536  # bytes: SES itself cuts what it tells of headers at 10 KB
VALUE = 2_048  # bytes of From, Subject and Content-*
LIST_VALUE = 16_384  # bytes of To and Cc
_LINES = 1_000
_END = re.compile(rb"\n\r?\n")
_FIELD = re.compile(rb"([!-9;-~]{1,200}):")  # RFC 5322 §2.2
_ODD_FIELD = re.compile(rb"([^:\n]{1,200}):")
_ODD = re.compile(rb"[^!-9;-~]")
_CAPPED = re.compile(r"(?:from|subject|content-.*)\Z")


@dataclass(frozen=True, slots=True)
class Field:
    """One header field, unfolded; ``odd`` if its name is one to some readers only."""

    name: str  # lower-case
    value: str
    odd: bool = False


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """The fields of a message or part, in order; ``cut`` if there are more than may be read."""

    fields: tuple[Field, ...] = ()
    cut: bool = False

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of every field of that (lower-case) name."""
        return tuple(field.value for field in self.fields if field.name == name and not field.odd)

    def first(self, name: str) -> str:
        """Return the value of the first field of that (lower-case) name, or nothing."""
        return next(iter(self.values(name)), "")

    def has(self, name: str) -> bool:
        """Tell whether there is a field of that (lower-case) name."""
        return bool(self.values(name))

    @property
    def from_values(self) -> tuple[str, ...]:
        """Every ``From``; one that only some readers see counts twice, so that none is trusted."""
        found: list[str] = [""] if self.cut else []
        for field in self.fields:
            if field.name == "from":
                found += ["", field.value] if field.odd else [field.value]
        return tuple(found[:10])


def split_header(raw: bytes, remarks: Remarks) -> tuple[HeaderBlock, bytes]:
    """Split a message or a part into its fields and its body."""
    head, body, cut = _halves(raw)
    if cut:
        remarks.exceeds("header block")
    if b"\r" in head.replace(b"\r\n", b""):
        remarks.fault("bare CR in the header")
    lines = head.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    kinds = [_kind(line, index) for index, line in enumerate(lines)]
    junk = _first_junk(kinds)
    if junk is not None:
        remarks.fault("no blank line below the header")
        body = b"\n".join(lines[junk:]) + b"\n\n" + body
    fields = _fields(lines, kinds, body_at=len(lines) if junk is None else junk)
    return HeaderBlock(tuple(_capped(field, remarks) for field in fields), cut), body


def _halves(raw: bytes) -> tuple[bytes, bytes, bool]:
    if raw.startswith((b"\n", b"\r\n")):
        return b"", raw.lstrip(b"\r\n"), False
    if b"\n" not in raw[:BLOCK]:  # as old Macs wrote it
        raw = raw.replace(b"\r", b"\n")
    end = _END.search(raw)
    head, body = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
    head = head.removesuffix(b"\r")
    kept = head[:BLOCK].split(b"\n", _LINES)
    cut = len(head) > BLOCK or len(kept) > _LINES
    return b"\n".join(kept[:_LINES]), body, cut


def _kind(line: bytes, index: int) -> str:
    """Tell what a line of the block is: a field, one's continuation, nothing, or junk."""
    if line[:1] in {b" ", b"\t"}:
        return "more"
    if _FIELD.match(line):
        return "field"
    odd = _ODD_FIELD.match(line)
    if odd and _name(odd[1]) == "from":
        return "odd"
    mailbox_file = not index and line.startswith((b"From ", b">From "))  # as kept on disk
    return "junk" if line and not mailbox_file else "nothing"


def _name(raw: bytes) -> str:
    return _ODD.sub(b"", raw).decode("ascii").lower()


def _first_junk(kinds: list[str]) -> int | None:
    """Return where the body begins without a blank line: where most lines are no fields."""
    if "junk" not in kinds:
        return None
    first = kinds.index("junk")
    rest = kinds[first:]
    return first if rest.count("junk") * 2 >= len(rest) else None


def _fields(lines: list[bytes], kinds: list[str], *, body_at: int) -> list[Field]:
    found: list[tuple[str, list[bytes], bool]] = []
    for index, (line, kind) in enumerate(zip(lines, kinds, strict=True)):
        if kind == "more" and found:
            found[-1][1].append(line)
        elif kind in {"field", "odd"}:
            name, _, value = line.partition(b":")
            late = index > body_at
            if not late or _name(name) == "from":
                found.append((_name(name), [value], kind == "odd" or late))
    return [Field(name, _text(b"".join(value)), odd) for name, value, odd in found]


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8").strip(" \t")
    except UnicodeDecodeError:
        return value.decode("latin-1").strip(" \t")


def _capped(field: Field, remarks: Remarks) -> Field:
    cap = VALUE if _CAPPED.match(field.name) else LIST_VALUE
    if len(field.value) <= cap:
        return field
    if cap == VALUE or field.name in {"to", "cc"}:
        remarks.exceeds(f"{field.name if field.name in _NAMED else 'content'} header")
    # One more than the cap, so that a strict reader sees that it is too long.
    return Field(field.name, field.value[: cap + 1], field.odd)


_NAMED = {"from", "subject", "to", "cc"}
