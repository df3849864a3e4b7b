"""The texts of a mail's parts: which is its message, which is attached, which is never opened."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from feedmirror.takedowns.mails.charsets import clean, decoded
from feedmirror.takedowns.mails.header_values import decoded_text
from feedmirror.takedowns.mails.html_lines import html_lines
from feedmirror.takedowns.mails.lines import Line, lines_of
from feedmirror.takedowns.mails.mail_links import LinkCollector, agreed, links_of
from feedmirror.takedowns.mails.message import Link, Part, StructuredNotice
from feedmirror.takedowns.mails.mime_parts import MailPart
from feedmirror.takedowns.mails.quote_marks import FORWARDED_SUBJECT
from feedmirror.takedowns.mails.quoting import split
from feedmirror.takedowns.mails.remarks import Remarks
from feedmirror.takedowns.mails.structured_notices import cut_acns, read_acns, read_xarf

TEXT = 524_288  # bytes, decoded, of plain text, of HTML, and of what is attached
_ATTACHED = frozenset({"text/plain", "text/csv", "text/xml", "application/xml", "application/json"})
_MESSAGE = frozenset({"text/plain", "text/html"})
# Read elsewhere, or holding nothing that anybody would read.
_SILENT = frozenset(
    {
        "message/rfc822",
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
        "text/rfc822-headers",
        "message/global-headers",
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
    }
)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")  # RFC 6838 §4.2


@dataclass(slots=True)
class MailTexts:
    """What was read of a mail's parts, in their order."""

    remarks: Remarks
    chunks: list[tuple[Part, str]] = field(default_factory=list)
    structured: StructuredNotice | None = None
    unread: list[str] = field(default_factory=list)
    spent: dict[str, int] = field(default_factory=dict)

    def words(self, part: Part) -> str:
        """Return all the text of one part of the mail."""
        return "\n\n".join(text for kind, text in self.chunks if kind is part)


@dataclass(frozen=True, slots=True)
class _Version:
    """One version of a text: its lines, where each belongs, and what they link to."""

    lines: list[Line]
    parts: list[Part]
    links: list[Link]

    @property
    def blank(self) -> bool:
        return all(line.blank for line in self.lines)


def read_texts(parts: Sequence[MailPart], subject: str, *, links: LinkCollector) -> MailTexts:
    """Read the texts of all parts, and collect the links in them."""
    texts = MailTexts(links.remarks)
    about = subject
    for group in _groups(parts):
        first = group[0]
        if first.media_type == "message/rfc822":
            about = _enter_attached(texts, first, links)
        elif first.media_type in _MESSAGE and not first.attachment:
            _read_message(texts, group, about, links=links)
        elif first.media_type in _ATTACHED:
            _read_attachment(texts, first, links)
        elif first.media_type not in _SILENT:
            texts.unread.append(_named(first.media_type))
    return texts


def _named(media_type: str) -> str:
    """Return a media type as it may be told; what is none is of the type of whatever has none."""
    return media_type if _TYPE.fullmatch(media_type) else "application/octet-stream"


def _groups(parts: Sequence[MailPart]) -> Iterable[list[MailPart]]:
    """Group the versions of one text; every other part is a group of its own."""
    groups: dict[tuple[int, int], list[MailPart]] = {}
    for index, part in enumerate(parts):
        version = part.place.alternative and part.media_type in _MESSAGE and not part.attachment
        key = (part.place.alternative, -1) if version else (0, index)
        groups.setdefault(key, []).append(part)
    return groups.values()


def _enter_attached(texts: MailTexts, part: MailPart, links: LinkCollector) -> str:
    """Return the subject of an attached mail, which is part of what is forwarded."""
    subject = decoded_text(part.header.first("subject"))
    if subject and not part.place.report:
        texts.chunks.append((Part.FORWARDED, subject))
        links.add_text(subject, Part.FORWARDED)
    return subject


def _read_message(
    texts: MailTexts, group: list[MailPart], subject: str, *, links: LinkCollector
) -> None:
    """Read a text, in one version or several: the words of plain text, the links of all."""
    forwarded = group[0].place.forwarded
    forwarding = FORWARDED_SUBJECT.match(subject) is not None
    versions: list[_Version] = []
    for media_type in ("text/plain", "text/html"):
        same = [part for part in group if part.media_type == media_type]
        lines = [line for part in same for line in _lines(texts, part)]
        if not lines:
            continue
        where = split(lines, forwarding=forwarding)
        where = [_outward(part) if forwarded else part for part in where]
        versions.append(_Version(lines, where, links_of(lines, where)))
    links.add(agreed([version.links for version in versions]))
    for version in versions:
        if not version.blank:
            texts.chunks.extend(_chunks(version))
            return


def _outward(part: Part) -> Part:
    """Return what a part of an attached mail is to the mail that it is attached to."""
    return Part.FORWARDED if part is Part.NEW else part


def _lines(texts: MailTexts, part: MailPart) -> list[Line]:
    text = _text(texts, part, kind=part.media_type)
    if part.media_type == "text/html":
        return html_lines(text, texts.remarks)
    if texts.structured is None and not part.place.forwarded:
        texts.structured, text = cut_acns(text)
    return lines_of(text, texts.remarks)


def _text(texts: MailTexts, part: MailPart, *, kind: str) -> str:
    """Return a part's text, as far as the cap for its kind is not used up."""
    left = TEXT - texts.spent.get(kind, 0)
    body = part.decoded(left)
    if len(body) > left:
        texts.remarks.exceeds("text")
        body = body[:left]
    texts.spent[kind] = texts.spent.get(kind, 0) + len(body)
    return clean(decoded(body, part.charset))


def _read_attachment(texts: MailTexts, part: MailPart, links: LinkCollector) -> None:
    text = _text(texts, part, kind="attached")
    if texts.structured is None and not part.place.forwarded:
        texts.structured = _structured(text, part.media_type)
    texts.chunks.append((Part.ATTACHED, text.strip()))
    links.add_attachment(text, part.media_type)


def _structured(text: str, media_type: str) -> StructuredNotice | None:
    if media_type.endswith("json"):
        return read_xarf(text)
    return read_acns(text) if media_type.endswith("xml") else None


def _chunks(version: _Version) -> Iterator[tuple[Part, str]]:
    """Yield the text of each part of a version that has any."""
    for part in dict.fromkeys(version.parts):
        lines = zip(version.lines, version.parts, strict=True)
        text = _joined(line.text for line, where in lines if where is part)
        if text:
            yield part, text


def _joined(lines: Iterable[str]) -> str:
    """Return lines as one text, with no more than one blank line at a time."""
    kept: list[str] = []
    for line in lines:
        if line.strip() or (kept and kept[-1]):
            kept.append(line if line.strip() else "")
    return "\n".join(kept).strip()
