"""Characters that nobody sees but that change what is seen: left out of every text that is shown.

They are the controls, the noncharacters, the surrogates, and what Unicode says to ignore where it
is not known (UAX #44, Default_Ignorable_Code_Point): marks and overrides of direction, characters
of no width, tags, fillers. They turn the words around them, make two names look like one, cut a
word in two for whoever searches it, and carry text that only machines read (UTR #36, UTS #39).

A few of them spell, and stay where they do:

- joiners, after a letter of a script that joins or stacks its letters (Arabic, Syriac, those of
  India and South East Asia …), and in an emoji's sequence. RFC 5892 (A.1, A.2) lets them into
  names in fewer places, for a name has to be unlike every other; a title has to be spelled right:
  in Bengali a joiner stands before the virama too, in Malayalam it ends words;
- one selector of a variant behind what it chooses the form of, which many emoji have;
- the tags of the three flags that Unicode recommends (UTS #51: England, Scotland, Wales).

The coarser form that rules compare is ``suppression.fold``.
"""

import re

_LAST_OF_PLANES = "".join(
    chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
)
_FLAGS = "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in region)
    for region in ("gbeng", "gbsct", "gbwls")
)
_UNSEEN = re.compile(
    f"(?<=\U0001f3f4)((?:{_FLAGS})\U000e007f)"
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\ufdd0-\ufdef\ud800-\udfff\U0001bca0-\U0001bca3"
    f"\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff{_LAST_OF_PLANES}]"
)
_JOINING = (
    "\u0590-\u109f\u1700-\u18af\u1900-\u1cff\ua800-\ua95f\ua980-\uaaff\uabc0-\uabff\ufb1d-\ufdff"
    "\ufe70-\ufefc\U00010a00-\U00010fff\U00011000-\U00011fff\U0001e900-\U0001e95f"
)
_EMOJI = "\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff"
_STRAY_JOINER = re.compile(
    f"(?<![{_JOINING}])\u200c|(?<![{_JOINING}{_EMOJI}])\u200d|(?<![{_JOINING}])\u200d(?![{_EMOJI}])"
)
_REPEATED = re.compile(
    "([\u200c\u200d])[\u200c\u200d]+"
    "|([\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef])"
    "[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]+"
)
# Any that may have to go. All letters of other planes count, since a class of a single plane is
# looked up in a table, ten times as fast, and few texts have any.
_SUSPICIOUS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U00010000-\U0010ffff]"
)
# Of ASCII, by the byte: in a tenth of an expression's time.
_CONTROLS = bytes([*range(0x20), 0x7F]).translate(None, b"\t\n\r")
# Where there is one, looked at closely is only what may hold it.
_SUSPECT = re.compile("[^\t\n\r -~\xa0-\u02ff]+")


def without_unseen(text: str) -> str:
    """Return a text without characters that are not seen; tabs and ends of lines stay."""
    if text.isascii():
        if len(text.encode().translate(None, _CONTROLS)) == len(text):
            return text
    elif not _SUSPICIOUS.search(text):
        return text
    seen = _SUSPECT.sub(_looked_at, text)
    return _STRAY_JOINER.sub("", seen) if "\u200c" in seen or "\u200d" in seen else seen


def one_line(text: str) -> str:
    """Return a text in one line, without characters that are not seen, nor hyphens that may be."""
    parted = " ".join(text.split())
    if parted.isascii() and parted.isprintable():
        return parted
    return " ".join(without_unseen(parted).replace("\u00ad", "").split())


def printable(text: str) -> str:
    """Return a text of letters that only show: whatever else there is becomes a space."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def printable_line(text: str) -> str:
    """Return a text without ends of lines, controls and whatever else does not show."""
    return " ".join(printable(text).split())


def _looked_at(run: re.Match[str]) -> str:
    return _REPEATED.sub(r"\1\2", _UNSEEN.sub(r"\1", run[0]))
