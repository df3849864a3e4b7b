"""What of a mail is new, and what it quotes, signs with or passes on.

Only what is surely new speaks for the sender. A mail from which nothing new is left stays that
way: nothing is guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from feedmirror.takedowns.mails.lines import Line
from feedmirror.takedowns.mails.message import Part
from feedmirror.takedowns.mails.quote_marks import (
    ATTRIBUTION_BEGINS,
    FORWARD,
    HEADER,
    LONGEST,
    ORIGINAL,
    POSTSCRIPT,
    PROGRAM,
    PROGRAM_THING,
    RULE,
    SIGN_OFF,
    STAMP,
    WROTE,
    YEAR,
)

_HEADER_LINES = 8
_SIGNATURE_LINES = 15
_SIGNED_LINES = 12
_SIGNED_WIDTH = 90
_EARLIER = frozenset({Part.QUOTED, Part.FORWARDED})


@dataclass(frozen=True, slots=True)
class _Opening:
    """What begins at a line: how many lines say so, and what the rest then is."""

    lines: int
    part: Part
    whole: bool  # the rest of the mail, and not only what is marked as quoted


@dataclass(slots=True)
class _Split:
    lines: Sequence[Line]
    forwarding: bool
    parts: list[Part]
    signing: bool = False


def split(lines: Sequence[Line], *, forwarding: bool) -> list[Part]:
    """Return the part that each line stands in.

    ``forwarding`` is whether the subject says so: Outlook writes the same header above what it
    quotes and what it forwards.
    """
    state = _Split(lines, forwarding, [])
    while len(state.parts) < len(lines):
        at = len(state.parts)
        opening = _opening(state, at)
        if opening is None:
            state.parts.append(_part(state, lines[at]))
            continue
        state.parts += [opening.part] * opening.lines
        state.signing = False
        if opening.whole:
            _rest(state, opening.part)
    return _without_program_signatures(lines, state.parts)


def below_sign_off(lines: Sequence[Line], parts: Sequence[Part]) -> list[bool]:
    """Tell of each line whether it stands below "Regards," or the like, as a name and a site do.

    A postscript, or more than a signature's worth of lines, is none of it.
    """
    signed = [False] * len(lines)
    written = [at for at, part in enumerate(parts) if part is Part.NEW and not lines[at].blank]
    last = written[-_SIGNED_LINES - 1 :]
    for index, at in enumerate(last):
        if not _is_sign_off(lines[at].text):
            continue
        for line in last[index + 1 :]:
            if len(lines[line].text) > _SIGNED_WIDTH or POSTSCRIPT.match(lines[line].text):
                break
            signed[line] = True
        break
    return signed


def _is_sign_off(text: str) -> bool:
    return len(text) <= LONGEST and SIGN_OFF.fullmatch(text.strip()) is not None


def _part(state: _Split, line: Line) -> Part:
    if line.depth:
        state.signing = False
        return Part.QUOTED
    if line.signature:
        return Part.SIGNATURE
    if line.text.rstrip() == "--" and not state.signing:
        below = len(state.parts) + 1
        state.signing = _is_short(state.lines[below : below + 4 * _SIGNATURE_LINES])
    return Part.SIGNATURE if state.signing else Part.NEW


def _is_short(lines: Sequence[Line]) -> bool:
    """Tell whether what follows a separator is short enough to be a signature."""
    count = 0
    for line in lines:
        if line.depth or line.tail or _is_marker(line.text):
            return True
        count += not line.blank
        if count > _SIGNATURE_LINES:
            return False
    return True


def _is_marker(text: str) -> bool:
    return len(text) <= LONGEST and bool(
        ORIGINAL.fullmatch(text) or FORWARD.fullmatch(text) or _names_writer(text)
    )


def _names_writer(text: str) -> bool:
    """Tell whether a line says, with a time or a mailbox, who wrote what follows."""
    written = WROTE.search(text)
    return written is not None and written.end() == len(text) and STAMP.search(text) is not None


def _opening(state: _Split, at: int) -> _Opening | None:
    line = state.lines[at]
    if line.tail:
        return _Opening(0, _earlier(state), whole=True)
    if line.blank or len(line.text) > LONGEST:
        return None
    if FORWARD.fullmatch(line.text.strip()):
        return _forward(state, at)
    if line.depth:
        return None
    return _original(state, at) or _header(state, at, above=0) or _attribution(state, at)


def _earlier(state: _Split) -> Part:
    return Part.FORWARDED if state.forwarding else Part.QUOTED


def _forward(state: _Split, at: int) -> _Opening | None:
    """Return a forwarded mail, unless it was forwarded within what is quoted."""
    line = state.lines[at]
    if line.depth:
        before = next((i for i in range(at - 1, -1, -1) if not state.lines[i].blank), None)
        if before is not None and state.parts[before] is Part.QUOTED:
            return None
    return _Opening(1, Part.FORWARDED, whole=True)


def _original(state: _Split, at: int) -> _Opening | None:
    text = state.lines[at].text.strip()
    if RULE.fullmatch(text):
        below = _next(state, at + 1)
        return _header(state, below, above=below - at) if below < len(state.lines) else None
    if not ORIGINAL.fullmatch(text):
        return None
    below = at + 1
    while below < len(state.lines) and (_stated(state, below) or state.lines[below].blank):
        below += 1
    return _Opening(below - at, _earlier(state), whole=not _quoted_at(state, below))


def _header(state: _Split, at: int, *, above: int) -> _Opening | None:
    """Return the mail below a copied header: From first, then a date or subject among others."""
    if _stated(state, at) != "from":
        return None
    stated = {_stated(state, line) for line in range(at, min(at + _HEADER_LINES, len(state.lines)))}
    if len(stated - {""}) < len(("from", "sent", "subject")) or not stated & {"sent", "subject"}:
        return None
    return _Opening(above, _earlier(state), whole=True)


def _stated(state: _Split, at: int) -> str:
    """Return what a line of a copied header states, if it is one."""
    line = state.lines[at]
    found = None if line.depth else HEADER.match(line.text.strip()[:LONGEST])
    return (found.lastgroup or "") if found else ""


def _attribution(state: _Split, at: int) -> _Opening | None:
    """Return the line, or the two or three, in which a program says whom it quotes."""
    text = ""
    for count in (1, 2, 3):
        last = at + count - 1
        if last >= len(state.lines) or state.lines[last].depth:
            return None
        text = f"{text} {state.lines[last].text.strip()}".strip()
        if len(text) > LONGEST or (count == 1 and not _may_begin(text)):
            return None
        if text.endswith(":"):
            quoted = _quoted_at(state, _next(state, last + 1))
            if _names_writer(text) or (quoted and (STAMP.search(text) or YEAR.search(text))):
                return _Opening(count, Part.QUOTED, whole=not quoted)
            return None
    return None


def _may_begin(text: str) -> bool:
    named = text.endswith(":") or STAMP.search(text) is not None
    return named or ATTRIBUTION_BEGINS.match(text) is not None


def _next(state: _Split, at: int) -> int:
    """Return the next line that shows something, not far below."""
    end = min(at + 3, len(state.lines))
    return next((i for i in range(at, end) if not state.lines[i].blank), end)


def _quoted_at(state: _Split, at: int) -> bool:
    return at < len(state.lines) and state.lines[at].depth > 0


def _rest(state: _Split, part: Part) -> None:
    """Give the rest of the lines one part; deeper quotes within a forwarded mail are quotes."""
    rest = state.lines[len(state.parts) :]
    shown = [line.depth for line in rest if not line.blank]
    base = shown[0] if shown else 0
    within = Part.QUOTED
    state.parts += [within if part is Part.QUOTED or line.depth > base else part for line in rest]


def _without_program_signatures(lines: Sequence[Line], parts: list[Part]) -> list[Part]:
    """Take "Sent from my iPhone" off the end of whatever is new."""
    ending = True
    for at in range(len(lines) - 1, -1, -1):
        if lines[at].blank:
            continue
        text = lines[at].text.strip()
        if parts[at] in _EARLIER or parts[at] is Part.SIGNATURE:
            ending = True
        elif ending and _is_program(text):
            parts[at] = Part.SIGNATURE
        else:
            ending = False
    return parts


def _is_program(text: str) -> bool:
    return PROGRAM.fullmatch(text[:LONGEST]) is not None and PROGRAM_THING.search(text) is not None
