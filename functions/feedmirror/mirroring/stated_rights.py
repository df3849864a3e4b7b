"""What a licence's address and a text of rights say, in five languages.

Only what is said beyond doubt counts. A year and a name say nothing, and neither does a licence
that is not known here: then the text does.
"""

import re
from functools import lru_cache
from urllib.parse import urlsplit

_MOST = 2000  # characters of a text that are read
_FREE_LICENCES = (
    "gnu.org/licenses/fdl",
    "gnu.org/copyleft/fdl",
    "artlibre.org/licence",
    "unlicense.org",
    "opensource.org/licenses/mit",
    "opensource.org/license/mit",
    "nationalarchives.gov.uk/doc/open-government-licence",
    "etalab.gouv.fr",
    "govdata.de/dl-de/by",
    "govdata.de/dl-de/zero",
)
_CREATIVE_COMMONS = re.compile(r"/(licenses|publicdomain)/([a-z+-]{2,20})", re.IGNORECASE)
_CC_IN_WORDS = re.compile(
    r"\bcreative\s?commons\b|\bcc[\s-]by\b|\bcc0\b|creativecommons\.org/", re.IGNORECASE
)
# First match wins: what forbids in words, then what permits in words, and last what everything may
# carry by habit.
_RIGHTS: tuple[tuple[str, str], ...] = (
    (
        "rights-no-copies",
        (
            r"(?:may|must|can|shall|is|are)\s?not (?:to )?(?:be )?(?:\w+,? (?:or )?){0,6}?"
            r"(?:republish|reproduc|redistribut|copied|rewritten|syndicat)"
            r"|(?:republication|reproduction|redistribution|copying|syndication)"
            r"(?: \w+){0,8} (?:is|are) (?:strictly |expressly )?"
            r"(?:prohibited|forbidden|not permitted|not allowed)"
            r"|(?:republish|reproduc|redistribut|copied)\w*(?: \w+){0,8} with(?:out)? "
            r"(?:the |our |prior |written |express |explicit )*"
            r"(?:permission|consent|authori[sz]ation)"
            r"|(?:no|without) (?:republication|reproduction|redistribution)"
            r"|do not (?:republish|reproduce|redistribute|copy)"
            r"|prohibid[ao] (?:\w+ ){0,4}(?:reproducci|redistribuci|copia)"
            r"|(?:reproduction|rediffusion|republication|copie)(?: \w+){0,6} interdite"
            r"|droits de reproduction et de diffusion r[ée]serv[ée]s"
            r"|(?:vervielf[äa]ltigung|weiterverbreitung|ver[öo]ffentlichung|nachdruck)"
            r"(?:,? [\w-]+){0,8} (?:nicht gestattet|nicht erlaubt|untersagt|verboten)"
            r"|(?:proibida|[ée] proibida|vedada) (?:\w+ ){0,4}(?:reprodu|redistribui|c[óo]pia)"
        ),
    ),
    (
        "rights-personal",
        (
            r"\bpersonal(?:,? (?:and|or|&|/)? ?(?:private|non-?commercial))?,? use\b"
            r"|\bprivate use only\b|\buso (?:exclusivamente |estrictamente |estritamente )?"
            r"(?:personal|privado|pessoal)\b|\busage (?:strictement )?(?:personnel|priv[ée])\b"
            r"|\b(?:nur|ausschlie[ßs]s?lich) (?:f[üu]r|zum) (?:den )?"
            r"(?:privaten?|pers[öo]nlichen?) ?(?:gebrauch|nutzung)\b"
        ),
    ),
    (
        "rights-free",
        (
            r"\bpublic domain\b|\bdominio p[úu]blico\b|\bdom[íi]nio p[úu]blico\b|\bdomaine public\b"
            r"|\bgemeinfrei\b|\bno rights reserved\b|\bcopyleft\b"
            r"|\b(?:free to|freely|may be|can be|you may) (?:be )?(?:freely )?"
            r"(?:republish|reproduc|redistribut|copied|copy|share)"
            r"|\b(?:republication|reproduction|redistribution)(?: \w+){0,4} (?:is |are )"
            r"(?:permitted|allowed|encouraged|welcome)"
            r"|\blibre reproducci[óo]n\b|\breproduction autoris[ée]e\b"
            r"|\breprodu[çc][ãa]o permitida\b"
            r"|\b(?:weiterverbreitung|nachdruck)(?: \w+){0,4} (?:erlaubt|gestattet)\b"
        ),
    ),
    (
        "rights-noncommercial",
        (
            r"\bnon-?\s?commercial\b|\bno comercial\b|\bn[ãa]o comercial\b|\bnon commerciale?\b"
            r"|\bnicht[- ]?kommerziell"
        ),
    ),
    (
        "rights-reserved",
        (
            r"\ball rights? (?:are )?reserved\b|\btodos los derechos (?:est[áa]n )?reservados\b"
            r"|\breservados todos los derechos\b|\btous (?:les )?droits r[ée]serv[ée]s\b"
            r"|\balle rechte vorbehalten\b|\btodos os direitos (?:s[ãa]o )?reservados\b"
        ),
    ),
)
_PATTERNS = tuple((signal, re.compile(words, re.IGNORECASE)) for signal, words in _RIGHTS)


# A feed states the same of most of its entries.
@lru_cache(maxsize=64)
def licence_signal(address: str | None) -> str | None:
    """Return what a licence's address says: of Creative Commons by its path, of others by name."""
    try:
        parts = urlsplit((address or "").strip().lower())
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    if host == "creativecommons.org":
        found = _CREATIVE_COMMONS.match(parts.path)
        if found is None:
            return None
        terms = found[2].split("-")
        return "cc-nd" if "nd" in terms else "cc-nc" if "nc" in terms else "cc"
    known = f"{host}{parts.path}"
    return "free" if known.startswith(_FREE_LICENCES) else None


@lru_cache(maxsize=64)
def rights_signal(text: str | None) -> str | None:
    """Return what a text of rights says, or None where it only names somebody."""
    said = " ".join((text or "")[:_MOST].split())
    found = next((signal for signal, words in _PATTERNS if words.search(said)), None)
    if _CC_IN_WORDS.search(said):
        address = re.search(r"https?://creativecommons\.org/[^\s\"'<>]{1,100}", said)
        return licence_signal(address[0] if address else None) or _cc_in_words(said)
    return found


def _cc_in_words(said: str) -> str:
    words = said.lower()
    if re.search(r"\bnd\b|noderiv|no deriv|-nd\b", words):
        return "cc-nd"
    return "cc-nc" if re.search(r"\bnc\b|non-?\s?commercial|-nc\b", words) else "cc"
