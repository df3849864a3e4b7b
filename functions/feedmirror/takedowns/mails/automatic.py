"""Whether a person wrote a mail (RFC 3834 §2, RFC 2919, RFC 6522), by what its header says."""

import re

from feedmirror.takedowns.mails.header_fields import HeaderBlock
from feedmirror.takedowns.mails.header_values import mailboxes, parameters
from feedmirror.takedowns.mails.message import Automatic

_BULK = frozenset({"bulk", "junk", "list"})
_REPLIERS = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-auto-reply-from", "x-vacation")
_REPORTS = frozenset(
    {
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
    }
)
# Only together with another sign: people use these words too.
_AWAY = re.compile(
    r"auto(?:matic|matische|mática|matique|-)?\s?(?:reply|response|antwort|respuesta|resposta)"
    r"|(?:automatische|automatic)\s(?:antwort|reply)|abwesen|out\sof\s(?:the\s)?office|vacation"
    r"|r[ée]ponse\sautomatique|absen(?:ce|cia|te|t\b)|ausência|respuesta\sautom|resposta\sautom"
    r"|fuera\sde\s(?:la\s)?oficina|fora\sdo\sescritório|urlaub|vacaciones|férias",
    re.IGNORECASE,
)
_UNDELIVERED = re.compile(
    r"undeliver|delivery\s(?:status|failure|has\sfailed|incomplete)|returned\smail|mail\sdelivery"
    r"|failure\snotice|delayed|unzustellbar|zustellung|no\s(?:se\s)?(?:ha\s)?(?:podido\s)?entreg"
    r"|non[\s-](?:remis|distribu)|échec|não\s(?:foi\s)?entreg|n[ãa]o\sentregue|devuelto|devolvid",
    re.IGNORECASE,
)


def automatic_kind(header: HeaderBlock, subject: str, media_types: frozenset[str]) -> Automatic:
    """Return what made a mail; ``media_types`` are those of its own parts.

    A ``postmaster`` may be a person (RFC 2142), so it takes another sign to make it a machine;
    ``X-Auto-Response-Suppress`` alone is set by people's programs.
    """
    if is_report(header, subject, media_types):
        return Automatic.REPORT
    stated = header.first("auto-submitted").partition(";")[0].strip().lower()
    if stated.startswith("auto-replied") or _replies(header, subject):
        return Automatic.REPLIED
    if _is_list(header):
        return Automatic.LIST
    generated = stated not in {"", "no"} or _is_unanswerable(header) or _sent_by_mailer(header)
    return Automatic.GENERATED if generated else Automatic.NO


def is_report(header: HeaderBlock, subject: str, media_types: frozenset[str]) -> bool:
    """Tell whether a mail reports on another one, in the standard form or an older one."""
    media_type, _ = parameters(header.first("content-type"))
    if media_type == "multipart/report" or not _REPORTS.isdisjoint(media_types):
        return True
    machine = _sent_by_mailer(header) or (_is_postmaster(header) and _is_unanswerable(header))
    undelivered = header.has("x-failed-recipients") or _UNDELIVERED.search(subject) is not None
    return undelivered and (machine or _is_postmaster(header))


def _replies(header: HeaderBlock, subject: str) -> bool:
    if any(header.has(name) for name in _REPLIERS) or _precedence(header) == "auto_reply":
        return True
    signs = header.has("x-auto-response-suppress") or _precedence(header) in _BULK
    return (signs or _is_unanswerable(header)) and _AWAY.search(subject) is not None


def _is_list(header: HeaderBlock) -> bool:
    named = any(field.name.startswith("list-") for field in header.fields)
    return named or _precedence(header) in _BULK


def _precedence(header: HeaderBlock) -> str:
    return header.first("precedence").strip().lower()


def _is_unanswerable(header: HeaderBlock) -> bool:
    """Tell whether the envelope names nobody (RFC 5321 §4.5.5): SES writes it on top."""
    return header.first("return-path").strip() == "<>"


def _local_part(header: HeaderBlock) -> str:
    return next(iter(mailboxes(*header.from_values[:1])), "").partition("@")[0]


def _sent_by_mailer(header: HeaderBlock) -> bool:
    return _local_part(header).replace("-", "").replace("_", "") == "mailerdaemon" or (
        _is_postmaster(header) and _is_unanswerable(header)
    )


def _is_postmaster(header: HeaderBlock) -> bool:
    return _local_part(header) == "postmaster"
