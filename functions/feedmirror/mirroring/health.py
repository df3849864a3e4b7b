"""How a feed is doing, and what an operator can do about it: pure, by what its last poll left."""

import re
from enum import StrEnum

from feedmirror.mirroring.poll_state import FeedState

_TRIES = 3  # of what passes by itself as a rule; they are spread over some seven hours
_AGAIN = "It is tried again by itself, ever more seldom."

# What an error begins with, as `polling` and the readers write it; whether it mostly passes by
# itself; and what to do.
_ADVICE: tuple[tuple[str, bool, str], ...] = (
    (
        ".*; asked next at ",
        True,
        "Nothing yet: the next poll shows whether the feed is there. If so, it is asked there.",
    ),
    (
        "410 Gone: .*once more",
        True,
        "Nothing yet: it counts as ended if it says so again, a day later.",
    ),
    (
        "410",
        False,
        (
            "It is polled no more. Keep its table in mirror.toml and say there what becomes of its"
            ' items: ended = "links", or ended = "go".'
        ),
    ),
    (
        "429|503|held:",
        True,
        (
            "Nothing: the server asks for a pause and is given it. If it asks for days, set a"
            " longer interval."
        ),
    ),
    (
        r"the feed bears the publisher's mark|robots\.txt of \S+ forbids this mirror",
        False,
        (
            "The publisher has switched this mirror off: what it took from there is down. Take the"
            " feed out; nothing overrides it."
        ),
    ),
    (
        r"robots\.txt of \S+ forbids robots",
        False,
        (
            "The publisher wants no robot there. Ask them: with their leave set permission ="
            ' "what they said" for the feed; else take it out.'
        ),
    ),
    (
        "the publisher answers 404",
        False,
        (
            "The feed has moved, or its address is mistyped. Look at the site for its feed and put"
            " that address into mirror.toml; if the host is another, with site = the old one's."
        ),
    ),
    (
        "the publisher answers (401|402|403|407|451)",
        False,
        (
            "The publisher does not let the mirror in. Ask them, or take the feed out: nobody is"
            " mirrored who does not want to be."
        ),
    ),
    (
        r"the publisher answers 5\d\d",
        True,
        f"The publisher's server has a fault. {_AGAIN} If it stays for days, tell them.",
    ),
    (
        "name:",
        True,
        (
            "The host's name leads nowhere: mistyped, or the domain has lapsed. If it has, take the"
            " feed out, since whoever registers the name next speaks in theirs."
        ),
    ),
    (
        "tls:",
        True,
        (
            "The server's certificate is none that can be trusted: expired, or of another name."
            " Tell the publisher; nothing is polled past it."
        ),
    ),
    (
        "timeout:|connection:",
        True,
        (
            f"{_AGAIN} If it answers others (feedmirror check ADDRESS from another machine), it"
            " keeps this mirror out: ask the publisher."
        ),
    ),
    (
        "address:",
        False,
        "Correct the address in mirror.toml: it has to lead to the public internet.",
    ),
    (
        "too large:",
        False,
        (
            "The document is larger than any that is taken. Ask the publisher for a feed of the"
            " latest entries."
        ),
    ),
    (
        "encoding:",
        True,
        f"The server compresses wrongly. {_AGAIN} If it stays, tell the publisher.",
    ),
    (
        "redirects:",
        False,
        "Follow the address in a browser, and put where it ends into mirror.toml.",
    ),
    (
        "the document is no feed: an HTML page",
        False,
        (
            "A page is there, not a feed: one to log in or to consent, or the site itself. Look"
            " there for the address of its feed, and try it with feedmirror check."
        ),
    ),
    (
        "the document is no feed",
        False,
        "Look at the site for the address of its feed, and try it with feedmirror check.",
    ),
    (
        "the document is empty|the document breaks off",
        True,
        f"Only a part of it arrives. {_AGAIN} If it stays, tell the publisher.",
    ),
    (
        "the feed cannot be parsed: (it takes more than|it comes to more than|its parser )",
        False,
        (
            "The document is more than a parser can bear, or is meant to do harm; it harmed nobody"
            " else. Look at it, tell the publisher, and take the feed out if it stays so."
        ),
    ),
    (
        "the feed cannot be parsed",
        False,
        "The feed is broken beyond repair. Tell the publisher: a feed validator names the line.",
    ),
    (
        "could not be read|not stored",
        False,
        "A fault of feedmirror, not of the feed: please report it, with the address.",
    ),
)
_UNKNOWN = (False, "Look at what it answers: feedmirror check ADDRESS.")


class Health(StrEnum):
    """How a feed is doing, in a word or two."""

    ENDED = "ended"
    FAILING = "failing"
    AGAIN = "tried again"  # what mostly passes by itself
    NEW = "not polled yet"
    WELL = "well"
    MOVED = "moved"  # to where another feed is polled: polled as that one only
    OVER = "ended by you"  # in the configuration

    @property
    def needs_somebody(self) -> bool:
        """Tell whether it does not mend itself."""
        return self in {Health.ENDED, Health.FAILING}


def health(state: FeedState, *, entries: int) -> Health:
    """Tell how a feed is doing; ``entries`` is how many of it are known.

    What fails at its very first poll is mostly mistyped, so it is failing at once, and so is what
    seldom mends itself; of anything else the first two failures are left to pass.
    """
    if state.gone:
        return Health.ENDED
    if state.move.into:
        return Health.MOVED
    if state.error:
        passing, _ = _advice(state.error)
        fresh = state.failures < _TRIES and (state.title or entries)
        return Health.AGAIN if passing and fresh else Health.FAILING
    return Health.NEW if state.attempted is None else Health.WELL


def advice(error: str) -> str:
    """Return what an operator can do about what a poll ended with."""
    return _advice(error)[1]


def _advice(error: str) -> tuple[bool, str]:
    for start, passing, words in _ADVICE:
        if re.match(start, error):
            return passing, words
    return _UNKNOWN
