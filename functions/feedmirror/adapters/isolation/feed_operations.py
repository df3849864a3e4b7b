"""What the child process of the mirror function does: feeds parsed, markup made safe to show."""

from importlib import import_module

from feedmirror.adapters.isolation.answers import ReadMarkup
from feedmirror.adapters.isolation.codec import from_json, to_json
from feedmirror.adapters.isolation.frames import Json
from feedmirror.adapters.isolation.operation import Ask, Operations, RefusedError
from feedmirror.adapters.isolation.preloading import load_encodings
from feedmirror.addresses import organisational_domain
from feedmirror.mirroring.content import texts_of
from feedmirror.mirroring.entries import FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed
from feedmirror.mirroring.parsing import Markup
from feedmirror.mirroring.rsl import read_rsl
from feedmirror.takedowns.casework.proofs import feed_proves

# What these import only when a document needs it.
_NEEDED = (
    "feedmirror.mirroring.documents",
    "feedmirror.mirroring.partial_reading",
    "feedmirror.mirroring.json_feed",
    "xml.sax.expatreader",
)


def operations() -> Operations:
    """Load the parsers with all that they may need; return what can be asked for, by name."""
    load_encodings()
    for module in _NEEDED:
        import_module(module)
    organisational_domain("example.com")  # it reads the public suffix list
    return {"feed": _feed, "texts": _texts, "rsl": _rsl, "shown": _shown}


def _feed(arguments: Json, document: bytes, _: Ask) -> Json:
    """Read a feed."""
    url, content_type, known = (arguments[name] for name in ("url", "content_type", "known"))
    known = None if known is None else frozenset(known)
    try:
        feed = parse_feed(document, url=url, content_type=content_type, known=known)
    except FeedUnreadableError as error:
        raise RefusedError(str(error)) from error
    return to_json(feed)


def _texts(arguments: Json, _document: bytes, _: Ask) -> Json:
    """Read entries' markup; what cannot be read of one costs the others nothing."""
    markups = from_json(tuple[Markup, ...], arguments)
    return [to_json(_read(markup)) for markup in markups]


def _read(markup: Markup) -> ReadMarkup:
    try:
        return ReadMarkup(texts_of(markup))
    except Exception as error:  # noqa: BLE001 -- whatever it provokes is its own
        return ReadMarkup(why=repr(error)[:200])


def _rsl(arguments: Json, document: bytes, _: Ask) -> Json:
    """Read the rules of an RSL document."""
    return to_json(read_rsl(document.decode(), arguments["address"]))


def _shown(arguments: Json, document: bytes, _: Ask) -> Json:
    """Look for tokens in a feed."""
    return [token for token in arguments if feed_proves(document, token)]
