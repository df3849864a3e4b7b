"""Our answers: fixed words about what was done, and nothing of the mail that they answer.

All that may stand in one is a field of :class:`Answer` or :class:`Concern`: numbers, days, hosts,
tokens of ours, and addresses of our own pages. Anything else is refused here, so that no text of a
stranger's is ever sent on under the mirror's name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from feedmirror.characters import printable_line
from feedmirror.configuration import MirrorSettings
from feedmirror.takedowns.decisions.decision import Proving, Say
from feedmirror.takedowns.notices.notice import Element
from feedmirror.takedowns.replies import shapes
from feedmirror.takedowns.replies.wordings import Words, below, words_in

_WELL_KNOWN = "https://{host}/.well-known/feedmirror-takedown.txt"
_DNS_NAME = "_feedmirror.{host}"


@dataclass(frozen=True, slots=True)
class Text:
    """A mail's words: its subject in one line, and its body in wrapped lines."""

    subject: str
    body: str
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofAsked:
    """How it can be shown that somebody speaks for a host.

    ``token`` is the whole line that is to be put somewhere, ``feed`` the address of the feed that
    may carry it, ``mailboxes`` are addresses at the host's domain that would do as well.
    """

    host: str
    token: str = ""
    ways: tuple[Proving, ...] = ()
    feed: str = ""
    mailboxes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """All that an answer to a request may say; an unknown language is answered in English.

    ``removed_first`` and ``masked_first`` are addresses of our own pages. ``wide`` names what was
    removed as a whole (hosts, parts of sites, feeds), ``by_author`` the hosts at which all that an
    author wrote was. ``recovery_days`` is 0 where no copy was kept.
    """

    case: str
    language: str = "en"
    says: tuple[Say, ...]
    removed: int = 0
    removed_first: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()
    by_author: tuple[str, ...] = ()
    future: bool = True
    masked: int = 0
    masked_first: tuple[str, ...] = ()
    masked_wide: tuple[str, ...] = ()
    until: date | None = None
    asked_until: date | None = None
    not_held: int = 0
    restored: int = 0
    missing: tuple[Element, ...] = ()
    proofs: tuple[ProofAsked, ...] = ()
    recovery_days: int = 0


_Part = Callable[[Answer, Words], Iterable[str]]  # some paragraphs of an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """What a mail is about that answers none: some pages, of a host where a contact is told."""

    case: str
    language: str = "en"
    host: str = ""
    pages: int = 0
    first: tuple[str, ...] = ()
    until: date | None = None


class Ending(StrEnum):
    """What became of a request after its answer."""

    LAPSED = "lapsed"  # nobody proved it in time; what was masked is shown again
    CONFIRMED = "confirmed"  # by the stored contact
    REFUSED = "refused"  # by a person
    COUNTERED = "countered"  # whoever the content is from had it put back


def compose_answer(answer: Answer, *, mirror: MirrorSettings) -> Text:
    """Return the answer to a request.

    Raises ValueError if there is nothing to say, or for anything that no mail of ours may hold.
    """
    _check_answer(answer, mirror)
    words = words_in(answer.language, mirror=printable_line(mirror.name), case=answer.case)
    parts = [p for say, part in _PARTS.items() if say in answer.says for p in part(answer, words)]
    return _to_requester(words, mirror, [words.say("frame.opening"), *parts])


def compose_question(concern: Concern, *, mirror: MirrorSettings) -> Text:
    """Ask a stored contact about an unproven request; an answer in its words is a consent."""
    words = _words(concern, mirror)
    asked = words.count("contact.asked", concern.pages)
    parts = [
        words.pages(asked, concern.first, concern.pages),
        below(words.say("contact.agree"), [words.line("contact.confirm_words")]),
        words.say("contact.ignore"),
    ]
    return _to_contact(words, mirror, parts)


def compose_warning(concern: Concern, *, mirror: MirrorSettings) -> Text:
    """Tell a stored contact of a provisional mask; what it answers decides, in words offered."""
    if concern.until is None:
        raise ValueError("a mask has an end, and its contact is told of it")
    words = _words(concern, mirror)
    masked = words.count("contact.masked", concern.pages, date=words.day(concern.until))
    parts = [
        words.pages(masked, concern.first, concern.pages),
        below(words.say("contact.confirm"), [words.line("contact.confirm_words")]),
        below(words.say("contact.put_back"), [words.line("contact.put_back_words")]),
        words.say("contact.wait"),
    ]
    return _to_contact(words, mirror, parts)


def compose_outcome(ending: Ending, concern: Concern, *, mirror: MirrorSettings) -> Text:
    """Tell a requester what became of a request; whoever decided it is not named."""
    words = _words(concern, mirror)
    key = f"outcome.{ending}"
    if ending is Ending.REFUSED:
        told = words.say(key)
    elif ending is Ending.LAPSED and not concern.pages:
        told = words.say(f"{key}.none")
    else:
        told = words.count(key, concern.pages)
    parts = [words.say("outcome.opening"), words.pages(told, concern.first, concern.pages)]
    if ending is not Ending.CONFIRMED:
        parts.append(words.say(f"{key}_then"))
    return _to_requester(words, mirror, parts)


def _words(concern: Concern, mirror: MirrorSettings) -> Words:
    shapes.check_case(concern.case)
    shapes.check(shapes.HOST, filter(None, [concern.host]), "a host")
    shapes.check_pages(concern.first, mirror)
    return words_in(
        concern.language,
        mirror=printable_line(mirror.name),
        case=concern.case,
        host=concern.host,
        contact=mirror.contact,
    )


def _to_requester(words: Words, mirror: MirrorSettings, parts: list[str]) -> Text:
    said = [*parts, words.say("frame.questions")]
    return _text(words, mirror, words.line("frame.subject"), parts=said)


def _to_contact(words: Words, mirror: MirrorSettings, parts: list[str]) -> Text:
    """Return a mail to whom a feed states as its contact, who has not written to us."""
    if not words.values["host"]:
        raise ValueError("a contact is told whose pages it is about")
    said = [words.say("contact.opening"), *parts, words.say("contact.questions")]
    return _text(words, mirror, words.line("contact.subject"), parts=said)


def _text(words: Words, mirror: MirrorSettings, subject: str, *, parts: list[str]) -> Text:
    """Return a whole mail: a greeting, its paragraphs, how removal works, and whose it is."""
    how = below(words.say("frame.how"), [f"{mirror.site}/takedown/"])
    body = "\n\n".join([words.say("frame.hello"), *parts, how, printable_line(mirror.name)])
    return Text(subject, body + "\n", words.language)


def _done(answer: Answer, words: Words) -> Iterable[str]:
    if answer.removed:
        told = words.count("done.pages", answer.removed)
        yield words.pages(told, answer.removed_first, answer.removed)
        yield words.count("done.gone", answer.removed)
    else:
        yield words.say("done.nothing")
    if answer.wide:
        yield below(words.say("done.whole"), answer.wide)
    if answer.by_author:
        yield below(words.say("done.author"), answer.by_author)
    yield words.say("done.stays" if answer.future else "done.only_now")
    if answer.recovery_days:
        yield words.count("undo.days", answer.recovery_days)
    elif answer.removed:
        yield words.say("undo.none")


def _masked(answer: Answer, words: Words) -> Iterable[str]:
    if answer.until is None:
        raise ValueError("a mask has an end, and its requester is told of it")
    day = words.day(answer.until)
    if answer.masked:
        told = words.count("masked.pages", answer.masked, date=day)
        yield words.pages(told, answer.masked_first, answer.masked)
    else:
        yield words.say("masked.whole", date=day)
    if answer.masked_wide:
        yield below(words.say("done.whole"), answer.masked_wide)
    yield words.say("masked.unproven" if Say.PROVE in answer.says else "masked.undecided")


def _not_held(answer: Answer, words: Words) -> Iterable[str]:
    if answer.removed or answer.masked or answer.restored:
        if answer.not_held:
            yield words.count("not_held.some", answer.not_held)
    else:
        yield words.say("not_held.all")
        if Say.PROVE not in answer.says:
            yield words.say("not_held.future")


def _review(answer: Answer, words: Words) -> Iterable[str]:
    some_is_done = {Say.DONE, Say.MASKED, Say.RESTORED} & set(answer.says)
    return [words.say("review.rest" if some_is_done else "review.all")]


def _restored(answer: Answer, words: Words) -> Iterable[str]:
    number = answer.restored
    return [words.count("restored.pages", number) if number else words.say("restored.none")]


def _missing(answer: Answer, words: Words) -> Iterable[str]:
    wanting = [element for element in Element if element in answer.missing]
    if wanting:
        points = [words.point(f"missing.{each.replace(' ', '_')}") for each in wanting]
        yield "\n".join((words.say("missing.list"), *points))
    yield words.say("missing.answer")
    if Say.PROVE in answer.says:
        yield words.say("missing.own")


def _prove(answer: Answer, words: Words) -> Iterable[str]:
    if Say.MASKED not in answer.says and answer.asked_until:
        yield words.say("prove.nothing_yet", date=words.day(answer.asked_until))
    for proof in answer.proofs:
        ways = list(_ways(proof, words))
        yield words.say(f"prove.ways.{'one' if len(ways) == 1 else 'other'}", host=proof.host)
        yield from ways
    if any(set(proof.ways) - {Proving.REPLY} for proof in answer.proofs):
        yield words.say("prove.then")


def _ways(proof: ProofAsked, words: Words) -> Iterable[str]:
    places = {
        Proving.REPLY: [words.line("prove.reply_words")],
        Proving.WELL_KNOWN: [_WELL_KNOWN.format(host=proof.host), proof.token],
        Proving.DNS: [_DNS_NAME.format(host=proof.host), proof.token],
        Proving.FEED: [proof.feed, proof.token],
    }
    for way, lines in places.items():
        if way in proof.ways:
            yield below(words.say(f"prove.{way.replace('-', '_')}"), lines)
    if proof.mailboxes:
        yield below(words.say("prove.mailboxes"), proof.mailboxes)


def _only(key: str) -> _Part:
    return lambda _answer, words: [words.say(key)]


# In the order in which they are said: what happened, what did not and why, what is to be done.
_PARTS: Mapping[Say, _Part] = {
    Say.RESTORED: _restored,
    Say.DONE: _done,
    Say.MASKED: _masked,
    Say.NOT_HELD: _not_held,
    Say.TOO_MANY: _only("review.too_many"),
    Say.HELD_FOR_REVIEW: _review,
    Say.RECEIVED: _only("review.received"),
    Say.NARROWER: _only("ask.narrower"),
    Say.SAY_WHICH: _only("ask.which"),
    Say.FULL_ADDRESSES: _only("ask.full_addresses"),
    Say.PLAIN_TEXT: _only("ask.plain_text"),
    Say.MISSING_ELEMENTS: _missing,
    Say.PROVE: _prove,
}


def _check_answer(answer: Answer, mirror: MirrorSettings) -> None:
    if not answer.says:
        raise ValueError("an answer that says nothing is not sent")
    if Say.PROVE in answer.says and not answer.proofs:
        raise ValueError("proof is asked for, but not which")
    shapes.check_case(answer.case)
    shapes.check_pages((*answer.removed_first, *answer.masked_first), mirror)
    shapes.check(shapes.PLACE, answer.wide, "a host, a part of a site or a feed")
    shapes.check(shapes.HOST, answer.by_author, "a host")
    for proof in answer.proofs:
        shapes.check(shapes.HOST, [proof.host], "a host")
        shapes.check(shapes.TOKEN, filter(None, [proof.token]), "a token")
        shapes.check(shapes.PLACE, filter(None, [proof.feed]), "a feed's address")
        shapes.check(shapes.MAILBOX, proof.mailboxes, "a mailbox")
