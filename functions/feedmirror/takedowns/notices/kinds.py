"""What a mail is, by its words. Nothing is a request for removal that does not plainly ask."""

from feedmirror.takedowns.notices.hearing import Hearing, Verdict
from feedmirror.takedowns.notices.notice import Kind

_URGENT = ("court", "authority", "child", "threat", "press")
_AGAINST = ("kind.denies", "kind.keeps", "kind.excepts", "kind.spares")
_NO_REQUEST = (
    *_AGAINST,
    "kind.how",
    "kind.elsewhere",
    "kind.subscriptions",
    "kind.thanks",
)
_FEW_MORE_WORDS = 12  # of thanks, with a greeting and a name
_FEWEST_TO_TELL = 8  # words by which it shows that a text is in no language of the tables
_PLAIN_YES = 8  # words: whoever says more should say what
_FEW_WORDS = 4  # a text this short need not be in a language that is known


def kind_of(body: Hearing, title: Hearing, *, nonce: str, asked_for: bool, named: bool) -> Kind:
    """Return what a mail is.

    ``asked_for`` tells that its subject is that of our own removal links, ``named`` that it names
    something that could be taken down.
    """
    if nonce:
        return _answer(body)
    asks = body.says("kind.asks")
    withdraws = body.says("kind.withdraws") or (title.says("kind.withdraws") and not asks)
    contests = body.says("kind.contests") or title.says("kind.contests")
    corrects = body.says("kind.corrects") or (title.says("kind.corrects") and not asks)
    readings = (
        (Kind.URGENT, urgent_class(body) != ""),
        (Kind.UNCLEAR, asks and (withdraws or contests)),  # it takes back and asks in one
        (Kind.COUNTER_NOTICE, contests),
        (Kind.RETRACTION, withdraws),
        (Kind.UNCLEAR, body.says("kind.disowns")),
        (Kind.CORRECTION, corrects),
        (Kind.REMOVAL, _asks(body, title, asked_for=asked_for)),
    )
    none = _no_request(body, title, named=named)
    return next((kind for kind, holds in readings if holds), none)


def urgent_class(body: Hearing) -> str:
    """Return which class of urgent a text is of, or nothing."""
    return next((name for name in _URGENT if body.says(f"urgent.{name}")), "")


def _answer(body: Hearing) -> Kind:
    """Return what the words of an answer to a challenge say: only a plain yes is one.

    A ticket system or a vacation notice may send our nonce back as well.
    """
    if body.says("kind.withdraws"):
        return Kind.RETRACTION
    contrary = body.says("kind.disowns", "kind.contests", *_AGAINST)
    says_yes = body.says("kind.asks") or (body.says("kind.agrees") and body.words <= _PLAIN_YES)
    says_yes = says_yes and not contrary and not urgent_class(body)
    return Kind.ANSWER if says_yes else Kind.UNCLEAR


def _asks(body: Hearing, title: Hearing, *, asked_for: bool) -> bool:
    if body.says("kind.asks"):
        return _is_of_content(body)
    by_title = title.says("kind.asks") or asked_for
    return by_title and _is_understood(body) and not body.says(*_NO_REQUEST)


def _is_of_content(body: Hearing) -> bool:
    """Whether a request is about content; where other business is spoken of, it must say so."""
    other = body.says("kind.elsewhere", "kind.subscriptions")
    scopes = {remark.name for remark in body.remarks if remark.verdict is Verdict.ASKED}
    return not other or any(name.startswith("scope.") for name in scopes)


def is_plain_thanks(body: Hearing, text: str) -> bool:
    """Tell whether a text only thanks: nothing is asked, doubted or added that wants a reader."""
    short = body.words <= _FEW_MORE_WORDS and body.says("kind.thanks_briefly")
    thanks = body.says("kind.thanks") or short
    return thanks and "?" not in text and not body.says("kind.how", "kind.adds")


def _no_request(body: Hearing, title: Hearing, *, named: bool) -> Kind:
    both = (body, title)
    thanks = any(one.says("kind.thanks") for one in both) and not body.says("kind.how")
    if thanks or any(one.says("kind.elsewhere", "kind.subscriptions") for one in both):
        return Kind.OTHER
    takedown = ("kind.complains", "kind.denies", "kind.how", "kind.keeps")
    if named or body.says(*takedown) or title.says(*takedown):
        return Kind.UNCLEAR
    known = body.known or body.says("kind.thanks_briefly")
    return Kind.OTHER if known and _is_understood(body) else Kind.UNCLEAR


def is_in_its_language(body: Hearing) -> bool:
    """Tell whether a text can be in the likeliest language at all: one frequent word in six."""
    words = body.words - len(body.mentions)
    return words < _FEWEST_TO_TELL or body.known * 6 >= words


def _is_understood(body: Hearing) -> bool:
    """Whether a text is short, or in a language of the tables, by one frequent word in three."""
    return body.words <= _FEW_WORDS or body.known * 3 >= body.words
