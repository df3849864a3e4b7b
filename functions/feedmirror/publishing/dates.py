"""Dates and sizes in words, in the languages that the credit block is written in.

The names stand here, since the C library's depend on the machine's locale.
"""

from datetime import datetime, timedelta

from feedmirror.publishing.texts import utc

_NAMES = {
    "en": ("January February March April May June July August September October November December"),
    "es": (
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
    ),
    "fr": ("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
    "de": ("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
    "pt": (
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
    ),
}
_MONTHS = {language: names.split() for language, names in _NAMES.items()}
_DAYS = {
    "en": "{day} {month} {year}",
    "es": "{day} de {month} de {year}",
    "fr": "{day} {month} {year}",
    "de": "{day}. {month} {year}",
    "pt": "{day} de {month} de {year}",
}
_KILO = 1000


def day(moment: datetime, language: str = "en") -> str:
    """Return the day of a moment in UTC, in words: ``3 November 2026``.

    In English where the names of the language are not known.
    """
    language = language if language in _DAYS else "en"
    at = utc(moment)
    number = "1er" if (language, at.day) == ("fr", 1) else str(at.day)
    return _DAYS[language].format(day=number, month=_MONTHS[language][at.month - 1], year=at.year)


def minute(moment: datetime, language: str = "en") -> str:
    """Return a moment to the minute, in words: ``3 November 2026, 10:30 UTC``."""
    return f"{day(moment, language)}, {utc(moment):%H:%M} UTC"


def month(name: str) -> str:
    """Return the English words of a month's folder name: ``2026-11`` is November 2026."""
    year, _, number = name.partition("-")
    return f"{_MONTHS['en'][int(number) - 1]} {year}"


def duration(time: timedelta) -> str:
    """Return a whole number of minutes in the largest unit that fits it: ``2 hours``."""
    minutes = time // timedelta(minutes=1)
    days_and_hours = (("day", 24 * 60), ("hour", 60))
    unit, length = next(
        ((name, each) for name, each in days_and_hours if not minutes % each), ("minute", 1)
    )
    count = minutes // length
    return f"{count} {unit}{'' if count == 1 else 's'}"


def size(length: int) -> str:
    """Return a number of bytes in words, by powers of a thousand: ``3.4 MB``."""
    if length < _KILO:
        return f"{length} byte{'' if length == 1 else 's'}"
    amount, units = float(length), iter(("kB", "MB", "GB", "TB"))
    unit = ""
    while amount >= _KILO and (larger := next(units, None)):
        amount, unit = amount / _KILO, larger
    return f"{amount:.1f} {unit}".replace(".0 ", " ")
