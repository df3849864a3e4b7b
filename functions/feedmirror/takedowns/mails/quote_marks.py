"""What mail programs write above what they quote or forward, and below what was written.

In five languages; another language is a few more words in each table. Every pattern is for one
line of bounded length, and none repeats a repetition without a bound.
"""

import re

LONGEST = 300  # characters of a line that can be one of these


def _any(*words: str) -> str:
    """Return a pattern of alternatives, in which a space is any space."""
    return "(?:" + "|".join(words).replace(" ", r"\s") + ")"


# "On 3 Jan 2026 at 10:11, Ann <ann@example.com> wrote:". The verb is last, except in German.
WROTE = re.compile(
    r"\b(?:wrote|writes|escribió|escribio|a\s[ée]crit|escreveu|geschrieben)\s?:"
    r"|\b(?:schrieb|schreibt)\b[^:]{0,200}(?::\d\d[^:]{0,60}){0,2}:",
    re.IGNORECASE,
)
STAMP = re.compile(r"\S@\S|\b\d\d?[:h.]\d\d\b", re.IGNORECASE)
YEAR = re.compile(r"\b20\d\d\b")
ATTRIBUTION_BEGINS = re.compile(
    _any("on", "at", "am", "el", "le", "em", "a", "no dia", "den") + r"\s.{0,40}\d", re.IGNORECASE
)

_ORIGINAL = _any(
    *("original message", "original e?-?mail"),
    *("ursprüngliche nachricht", "original-?nachricht"),
    *("mensaje original", "message d['\u2019]origine", "message original", "mensagem original"),
)
_FORWARDED = _any(
    *("forwarded (?:message|e?-?mail|by)", "weitergeleitete (?:nachricht|e-mail|mail)"),
    *("mensaje reenviado", "message (?:transféré|réexpédié)"),
    "mensagem (?:encaminhada|reencaminhada)",
)
_FORWARD_BEGINS = _any(
    *("begin forwarded message", "anfang der weitergeleiteten (?:nachricht|e-mail|mail)"),
    *("inicio del mensaje reenviado", "début du message (?:transféré|réexpédié)"),
    "início da mensagem (?:encaminhada|reencaminhada)",
)
ORIGINAL = re.compile(rf"[-_*\s]{{2,60}}{_ORIGINAL}[-_*\s]{{2,60}}", re.IGNORECASE)
FORWARD = re.compile(
    rf"[-_*\s]{{2,60}}{_FORWARDED}(?:\s.{{0,60}})?[-_*\s]{{2,60}}|{_FORWARD_BEGINS}\s?:",
    re.IGNORECASE,
)
RULE = re.compile(r"[-_]{5,100}")

# The headers that programs copy as text, by what each line states.
_HEADERS = {
    "from": _any("from", "von", "de", "remitente", "expéditeur"),
    "sent": _any(
        *("sent", "date", "gesendet", "datum", "fecha", "data"),
        "(?:enviado|enviada|envoyé)(?: el| em| le)?",
    ),
    "to": _any("to", "an", "para", "à", "a", "destinataire"),
    "copy": _any("cc", "kopie", "copie", "copia", "cópia"),
    "subject": _any("subject", "betreff", "asunto", "objet", "sujet", "assunto"),
}
HEADER = re.compile(
    r"\*{0,2}(?:"
    + "|".join(f"(?P<{name}>{words})" for name, words in _HEADERS.items())
    + r")\s?:\*{0,2}(?:\s|\Z)",
    re.IGNORECASE,
)
FORWARDED_SUBJECT = re.compile(
    r"\s*(?:\[[^\]]{0,40}\]\s*)?(?:fwd?|wg|tr|rv|enc|i)\s?:", re.IGNORECASE
)

# "Sent from my iPhone" and its like: one of these wordings, and one of these things in it.
PROGRAM = re.compile(
    _any(
        *("sent (?:from|via|with|using)", "get outlook for"),
        *(
            "(?:von|mit|auf|über) .{1,60} (?:gesendet|geschrieben|verschickt)",
            "gesendet (?:von|mit)",
        ),
        *("diese nachricht wurde .{1,60} gesendet", "outlook für .{1,30} beziehen"),
        *("enviad[oa] (?:desde|de|do|da|del|com|con|via|pelo|a partir)", "obten(?:er|ha) outlook"),
        *("(?:obter|baixar) (?:o )?outlook", "envoy[ée] (?:de|depuis|à partir|avec|via)"),
        *("(?:télécharge[rz]|obten(?:ir|ez)) outlook", "provenance :"),
        *("virus-free", "virenfrei", "libre de virus", "sans virus", "livre de vírus"),
    )
    + r"\b.{0,100}",
    re.IGNORECASE,
)
PROGRAM_THING = re.compile(
    _any(
        *("iphone", "ipad", "ios", "android", "outlook", "mail", "correo", "courrier", "windows"),
        *("galaxy", "samsung", "xiaomi", "redmi", "huawei", "pixel", "blackberry", "nokia", "sony"),
        *("(?:smart)?phone", "handy", "tablet", "mobile", "móvil", "movil", "celular", "telemóvel"),
        *("mobile?telefon", "téléphone", "mobil\\w{0,10}", "yahoo", "gmail", "proton", "gmx"),
        *(r"web\.de", "thunderbird", "orange", "app", "avg", "avast"),
    )
    + r"\b",
    re.IGNORECASE,
)

# What people write above their name.
SIGN_OFF = re.compile(
    _any(
        *("(?:(?:with|best|kind|warm|kindest|warmest|many) ){0,2}(?:regards|wishes)", "best"),
        *("cheers", "(?:yours )?(?:sincerely|faithfully|truly)(?: yours)?", "respectfully"),
        "(?:many )?(?:thanks?|thank you|thx)(?: (?:in advance|again|so much|a lot|and regards))?",
        "(?:mit )?(?:freundliche[nr]?|beste[nr]?|viele[nr]?|liebe[nr]?|schöne[nr]?|herzliche[nr]?)"
        " (?:grüßen?|grüssen?|gruß|gruss|dank)",
        *(
            "mfg",
            "vg",
            "lg",
            "danke(?: im voraus| schon mal| sehr)?",
            "hochachtungsvoll",
            "gr(?:uß|üße)",
        ),
        *("saludos(?: cordiales)?", "un (?:cordial )?saludo", "atentamente", "cordialmente"),
        *("(?:muchas )?gracias(?: de antemano)?", "(?:bien )?cordialement", "bien à vous"),
        *("(?:sincères )?salutations", "merci(?: d['\u2019]avance| beaucoup| par avance)?"),
        *("atenciosamente", "(?:com os )?(?:melhores )?cumprimentos", "(?:um )?abraços?"),
        *("(?:muito )?obrigad[oa]", "att"),
    )
    + r"[\s,.!;\u2013\u2014-]{0,6}(?:[\w.]{1,20}\s?){0,3}",
    re.IGNORECASE,
)
POSTSCRIPT = re.compile(r"p\.?\s?[sd]\b", re.IGNORECASE)
