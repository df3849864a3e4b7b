"""A message → what it asks for. It guesses nothing: what the words do not tell is unclear."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from feedmirror.configuration import MirrorSettings
from feedmirror.suppression import Ground, Scope
from feedmirror.takedowns.mails.message import Automatic, Link, Message, Part
from feedmirror.takedowns.notices.corrections import correction_of
from feedmirror.takedowns.notices.exceptions import heed_exceptions
from feedmirror.takedowns.notices.hearing import Hearing, hear, spoken_in
from feedmirror.takedowns.notices.kinds import (
    is_in_its_language,
    is_plain_thanks,
    kind_of,
    urgent_class,
)
from feedmirror.takedowns.notices.naming import (
    apart_from_originals,
    attached_targets,
    distinct,
    is_site,
    meant_targets,
    quoted_page,
    spoken_targets,
    whole_sites,
)
from feedmirror.takedowns.notices.notice import Element, Future, Kind, Notice, Target, TargetKind
from feedmirror.takedowns.notices.phrases import Table, tables
from feedmirror.takedowns.notices.reaching import Reach, reach_of
from feedmirror.takedowns.notices.targets import (
    REPLIED,
    case_in_words,
    case_of,
    item_in_subject,
    target_of,
)

_FORMAL = frozenset({Element.GOOD_FAITH, Element.ACCURACY})
_PARTS = frozenset({Scope.PATH, Scope.FEED})  # of a site, so the site itself is not meant
_DEMAND = frozenset({Element.GOOD_FAITH, Element.ACCURACY, Element.MATERIAL})
_COUNTERED = frozenset({Element.MISTAKE, Element.JURISDICTION})  # a counter-notice swears as well
_OTHERWISE = (
    "kind.asks",  # with something that makes it unclear
    "kind.withdraws",
    "kind.contests",
    "kind.disowns",
    "kind.denies",
    "kind.keeps",
    "kind.excepts",
    "kind.spares",
    "kind.how",
)
_FEWEST_FORMAL = 3  # elements that make a machine's mail a notice


def read_notice(message: Message, *, mirror: MirrorSettings, tags: Sequence[str]) -> Notice:
    """Read what a mail asks for; ``tags`` are the plus-tags of ours that it was sent to.

    Only its new words speak, its subject, and what it forwards; what it quotes and its signature
    name nothing, but for the one page of ours that a plain request is written over.
    """
    said = f"{message.text}\n\n{message.forwarded}"
    subject = "" if REPLIED.match(message.subject) else message.subject
    spoken = spoken_in(f"{said}\n\n{subject}", stated=message.language)
    case, nonce = case_of(tags)
    body = hear(said, spoken)
    case = case or case_in_words(message.subject, said)
    language = spoken[0].language if is_in_its_language(body) else tables()[0].language
    notice = Notice(language=language, case=case, nonce=nonce)
    if message.structured is not None:
        return _structured(notice, message, mirror)
    mail = _Mail(message, body, hear(subject, spoken), mirror, tuple(spoken))
    targets = spoken_targets(message, mail.body, mirror=mirror, tags=tags)
    return _of_a_machine(_worded(notice, mail, targets), message)


@dataclass(frozen=True, slots=True)
class _Mail:
    """A message, and what its new words and its subject say."""

    message: Message
    body: Hearing
    title: Hearing
    mirror: MirrorSettings
    spoken: tuple[Table, ...]

    @property
    def said(self) -> str:
        """Its new words, and what it forwards."""
        return f"{self.message.text}\n\n{self.message.forwarded}"

    def says(self, name: str) -> bool:
        """Whether anything of a list is said and not refused."""
        return bool(self.body.of(name) or self.title.of(name))

    def says_any(self, *names: str) -> bool:
        """Whether anything of some lists is said, refused or not."""
        return self.body.says(*names) or self.title.says(*names)


def _structured(notice: Notice, message: Message, mirror: MirrorSettings) -> Notice:
    """Read a notice made by a machine: its addresses are what it is about."""
    named = message.structured.addresses if message.structured else ()
    links = (Link(address, part=Part.ATTACHED) for address in named)
    return replace(
        notice,
        kind=Kind.REMOVAL,
        scope=Scope.ITEM,
        targets=distinct(target for link in links if (target := target_of(link, mirror))),
        ground=Ground.LEGAL,
        formal=True,
    )


def _of_a_machine(notice: Notice, message: Message) -> Notice:
    """Let a machine's mail ask for nothing, unless it is a formal notice that names its targets."""
    if message.report is not None and message.report.failed:
        return replace(notice, kind=Kind.BOUNCE)
    bulk = message.automatic in {Automatic.GENERATED, Automatic.LIST}
    full = notice.formal and len(notice.elements) >= _FEWEST_FORMAL and notice.targets
    if bulk and full and notice.kind is Kind.REMOVAL:
        return notice
    if message.automatic is not Automatic.NO or message.report is not None or message.complaint:
        return replace(notice, kind=Kind.AUTOMATIC)
    return notice


def _worded(notice: Notice, mail: _Mail, targets: tuple[Target, ...]) -> Notice:
    """Read a mail by its words."""
    kind = kind_of(
        mail.body,
        mail.title,
        nonce=notice.nonce,
        asked_for=item_in_subject(mail.message.subject) is not None,
        named=bool(targets),
    )
    notice = replace(notice, kind=kind, targets=targets, future=_future(mail.body))
    notice = _with_grounds(notice, mail)
    if kind is Kind.UNCLEAR and _demands(notice, mail):
        kind, notice = Kind.REMOVAL, replace(notice, kind=Kind.REMOVAL)
    if kind is Kind.CORRECTION:
        notice = replace(notice, correction=correction_of(mail.body))
    if kind is Kind.URGENT:
        notice = replace(notice, urgent=urgent_class(mail.body))
    if kind in {Kind.REMOVAL, Kind.URGENT}:
        notice = _with_reach(notice, mail)  # a court may ask for all of a site, too
    notice = heed_exceptions(notice, mail.body, mail.title)
    return replace(notice, unclear=(*notice.unclear, *_doubts(notice, mail)))


def _demands(notice: Notice, mail: _Mail) -> bool:
    """Tell whether a formal notice asks by its form alone: it names what infringes, and swears."""
    bare = not notice.nonce and bool(notice.targets) and not mail.says_any(*_OTHERWISE)
    return bare and notice.elements >= _DEMAND and not notice.elements & _COUNTERED


def _future(body: Hearing) -> Future:
    if body.says("future.refused"):
        return Future.UNSAID if body.of("future.asked", asked=True) else Future.REFUSED
    return Future.ASKED if body.of("future.asked") else Future.UNSAID


def _with_grounds(notice: Notice, mail: _Mail) -> Notice:
    elements = {one for one in Element if mail.body.says(f"elements.{one.replace(' ', '_')}")}
    formal = bool(elements & _FORMAL) or mail.says("ground.legal")
    ground = Ground.LEGAL if formal else Ground.PUBLISHER
    if mail.says("ground.privacy"):
        ground = Ground.PRIVACY
    return replace(notice, elements=frozenset(elements), formal=formal, ground=ground)


def _with_reach(notice: Notice, mail: _Mail) -> Notice:
    """Say how far a request reaches, and what it names for that."""
    named = meant_targets(notice.targets, mail.message, mail.body, mirror=mail.mirror)
    if notice.formal:
        named = apart_from_originals(named, mail.said, mail.spoken, mirror=mail.mirror)
    single = any(not is_site(target) for target in named)
    reach = reach_of(mail.body, named=single)
    if reach.scope is None:
        reach = reach_of(mail.title, named=single)
    targets = named
    if not single and reach.scope in {None, Scope.ITEM}:
        targets = (*targets, *_named_elsewhere(mail))
    if any(not is_site(target) for target in targets):
        reach = reach if reach.scope else replace(reach, scope=Scope.ITEM)
    if reach.scope is Scope.ITEM or (reach.scope in _PARTS and single):
        targets = tuple(target for target in targets if not is_site(target))
    return replace(
        notice,
        scope=reach.scope,
        targets=_with_sites(targets, reach, mail.mirror),
        mine=reach.mine,
        subdomains=reach.subdomains,
        unclear=reach.unclear,
    )


def _named_elsewhere(mail: _Mail) -> tuple[Target, ...]:
    """Return what a request that names nothing points to: a list attached, the page it quotes."""
    if mail.says("scope.attached"):
        return attached_targets(mail.message, mail.mirror)
    return quoted_page(mail.message, mail.mirror) if mail.body.says("kind.asks") else ()


def _with_sites(
    targets: tuple[Target, ...], reach: Reach, mirror: MirrorSettings
) -> tuple[Target, ...]:
    sites = tuple(whole_sites(reach.addresses, mirror, named=targets))
    authors = tuple(Target(TargetKind.AUTHOR, name) for name in reach.authors)
    return distinct((*targets, *sites, *authors))


def _doubts(notice: Notice, mail: _Mail) -> Iterator[str]:
    """Say in words what could not be told."""
    yield from _doubts_of_kind(notice, mail)
    if notice.kind is Kind.REMOVAL and not notice.targets:
        yield "what it is about: it names nothing"
    if notice.kind is Kind.REMOVAL and notice.scope is None:
        yield "how far it reaches"
    if mail.body.says("kind.how"):
        yield "a question about how removal works"
    if mail.body.says("future.refused") and notice.future is Future.UNSAID:
        yield "whether the future is meant as well"
    if not mail.body.complete:
        yield "the rest of it: it is too long to be read whole"


def _doubts_of_kind(notice: Notice, mail: _Mail) -> Iterator[str]:
    """Say what could not be told of what a mail is; only plain thanks leave nothing to ask."""
    if notice.kind is Kind.UNCLEAR:
        yield "what is asked for"
    if notice.kind is Kind.OTHER and not is_plain_thanks(mail.body, mail.said):
        yield "what it wants of us"
    if notice.kind is Kind.CORRECTION and mail.body.says("kind.asks"):
        yield "whether it asks for removal as well"
