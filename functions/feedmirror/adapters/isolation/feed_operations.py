"""What the child process of the mirror function does: feeds parsed, markup sanitised."""

from importlib import import_module

from feedmirror.adapters.isolation.codec import to_json
from feedmirror.adapters.isolation.frames import Json
from feedmirror.adapters.isolation.operation import Ask, Operations, RefusedError
from feedmirror.adapters.isolation.preloading import load_encodings
from feedmirror.addresses import organisational_domain
from feedmirror.mirroring.entries import FeedUnreadableError
from feedmirror.mirroring.feeds import parse_feed

# What these import only when a document needs it.
_NEEDED = (
    "xml.sax.expatreader",
    "feedmirror.mirroring.documents",
    "feedmirror.mirroring.feedparser_reader",
    "feedmirror.mirroring.json_feed",
    "feedmirror.mirroring.rsl",
)


def operations() -> Operations:
    """Load the parsers with all that they may need; return what can be asked for, by name."""
    load_encodings()
    for module in _NEEDED:
        import_module(module)
    organisational_domain("example.com")  # reads the public suffix list
    return {"parse": _parse}


def _parse(arguments: Json, document: bytes, _: Ask) -> Json:
    """Read a feed."""
    try:
        feed = parse_feed(document, url=arguments["url"], content_type=arguments["content_type"])
    except FeedUnreadableError as error:
        raise RefusedError(str(error)) from error
    return to_json(feed)
