"""A feed's state as its publisher's terms change: by a document, by headers, by its host's files.

What a damaged or partial document states changes nothing: only a whole one does. A 304 repeats
headers or leaves them out (RFC 9110 §15.4.5), so one that it leaves out is as it was.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from feedmirror.configuration import FeedSettings
from feedmirror.layout import ItemId
from feedmirror.mirroring.changing import changed
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.terms import Stated, bounded, extent_of
from feedmirror.mirroring.terms_table import Extent

if TYPE_CHECKING:
    from feedmirror.mirroring.entries import Feed
    from feedmirror.mirroring.entry_terms import FeedTerms

_MOST_DENIED = 4000
# The headers that state terms, and how what each of them may say begins.
_FAMILIES = {
    "x-robots-tag": ("robots-",),
    "content-usage": ("usage-",),
    "tdm-reservation": ("tdm-",),
    "link": ("cc", "free"),
}


@dataclass(frozen=True, slots=True)
class Polled:
    """A feed that is polled: its settings, its state before, what files of its host say.

    Without ``rules`` it is not known what they say: what they said before holds on.
    """

    settings: FeedSettings
    before: FeedState
    rules: tuple[str, ...] | None


def under_host(polled: Polled) -> Polled:
    """Return a feed with its state under what its host's files say now.

    Where that is something else than before, the whole feed is read again.
    """
    settings, state, rules = polled.settings, polled.before, polled.rules
    if rules is None or not (rules or state.stated.rules):
        return polled
    # Only where a host has such files.
    from feedmirror.mirroring.entry_terms import rules_digest, settled  # noqa: PLC0415 -- see above
    from feedmirror.mirroring.path_rules import signals_for  # noqa: PLC0415 -- see above

    mark = rules_digest(rules)
    if mark == state.stated.rules:
        return polled
    host = bounded(signals_for(rules, settings.url))
    stated = settled(replace(state.stated, host=host, rules=mark), settings)
    return replace(polled, before=under_terms(state.forgetting_body(), stated))


def after_answer(
    state: FeedState, headers: Mapping[str, str], *, settings: FeedSettings, repeats: bool
) -> FeedState:
    """Return a feed's state after an answer that brought no document to read.

    ``repeats`` tells that it may leave out headers that still hold. Where they state other terms,
    the whole feed is read again.
    """
    known = state.stated.answer
    if not known and not any(name in headers for name in _FAMILIES):
        return state
    # Only where headers say something.
    from feedmirror.mirroring.answer_terms import header_signals  # noqa: PLC0415 -- see above
    from feedmirror.mirroring.entry_terms import settled  # noqa: PLC0415 -- see above

    stated = header_signals(headers)
    left_out = [_FAMILIES[name] for name in _FAMILIES if repeats and name not in stated]
    kept = (signal for signal in known if any(signal.startswith(each) for each in left_out))
    answer = bounded((*kept, *(signal for each in stated.values() for signal in each)))
    if answer == known:
        return state
    return under_terms(
        state.forgetting_body(), settled(replace(state.stated, answer=answer), settings)
    )


def read_terms(
    polled: Polled, feed: "Feed", headers: Mapping[str, str], *, whole: bool
) -> "FeedTerms":
    """Return the terms to read a document's entries under."""
    # Only where there is a document.
    from feedmirror.mirroring.entry_terms import (  # noqa: PLC0415 -- see above
        FeedTerms,
        read_stated,
        rules_digest,
        settled,
    )
    from feedmirror.mirroring.path_rules import signals_for  # noqa: PLC0415 -- see above

    settings, before, rules = polled.settings, polled.before, polled.rules
    last = before.stated
    if not whole and (before.title or before.entries):
        return FeedTerms(settings, last, rules or ())
    stated = read_stated(feed, headers, settings)
    kept = replace(
        stated,
        host=last.host if rules is None else bounded(signals_for(rules, settings.url)),
        rules=last.rules if rules is None else rules_digest(rules),
        ended=last.ended,
        denied=last.denied,
        told=last.told,
    )
    return FeedTerms(settings, settled(kept, settings), rules or ())


def with_denied(
    stated: Stated, withheld: AbstractSet[ItemId], listed: AbstractSet[ItemId]
) -> Stated:
    """Return a feed's terms with the entries that their own marks keep out of sight.

    Of those from before it frees what a whole document has ``listed`` without a mark: what is
    listed no more stays so.
    """
    if stated.extent is Extent.NOTHING:
        return stated
    denied = (set(stated.denied) - (listed - withheld)) | withheld
    return replace(stated, denied=tuple(sorted(denied))[:_MOST_DENIED])


def under_terms(state: FeedState, stated: Stated) -> FeedState:
    """Return a feed's state under what is stated now.

    What has been cut to less before is shown in full again by being read again, so less is less
    anew from there.
    """
    cut = max(extent_of(state.look.shown), stated.extent).word
    return changed(state, stated=stated, look=changed(state.look, shown=cut))
