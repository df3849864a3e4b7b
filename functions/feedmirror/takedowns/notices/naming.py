"""What a notice names: which of its addresses are targets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from feedmirror.addresses import canonical_link, host_of
from feedmirror.configuration import MirrorSettings
from feedmirror.takedowns.mails.message import Link, Message, Part
from feedmirror.takedowns.notices.hearing import Hearing, Mention, Verdict
from feedmirror.takedowns.notices.notice import Target, TargetKind
from feedmirror.takedowns.notices.originals import Role, introduced
from feedmirror.takedowns.notices.phrases import Table
from feedmirror.takedowns.notices.targets import (
    REPLIED,
    is_own,
    is_root,
    item_in_subject,
    tagged_items,
    tags_in,
    target_of,
    written_address,
)

_SPEAKING = frozenset({Part.NEW, Part.FORWARDED, Part.SUBJECT})


def spoken_targets(
    message: Message, heard: Hearing, *, mirror: MirrorSettings, tags: Sequence[str]
) -> tuple[Target, ...]:
    """Return all that the new and the forwarded words name, the subject and the tags."""
    spoken = (link for link in message.links if link.part in _speaking(message))
    named = [target for link in spoken if (target := target_of(link, mirror))]
    own_subject = item_in_subject(message.subject)
    named += [own_subject] if own_subject else []
    named += tagged_items(tags, message.subject)
    if heard.says("own.credit"):
        named += tagged_items(tags_in(message.text + message.forwarded, mirror.contact), "")
        named = _apart_from_credit(named, heard)
    return distinct(named)


def meant_targets(
    targets: Iterable[Target], message: Message, heard: Hearing, *, mirror: MirrorSettings
) -> tuple[Target, ...]:
    """Leave out what only stands in words that say to leave it, or in our own credit."""
    written = _written(heard)
    spared = set()
    for link in message.links:
        if link.part in _speaking(message) and not _is_meant(link, heard, written):
            target = target_of(link, mirror)
            spared |= {(target.kind, target.value)} if target else set()
    return tuple(target for target in targets if (target.kind, target.value) not in spared)


def apart_from_originals(
    targets: tuple[Target, ...], text: str, spoken: Sequence[Table], *, mirror: MirrorSettings
) -> tuple[Target, ...]:
    """Leave out what a formal notice names as the original, if it names a copy as well.

    Alone, the original is what it is about: here its address is what names the copy.
    """
    roles = introduced(text, spoken, compared=compared)

    def is_original(target: Target) -> bool:
        own = is_own(target.value, mirror) or target.kind is TargetKind.ITEM
        return not own and set(roles.get(compared(target.value), ())) == {Role.ORIGINAL}

    def is_copy(target: Target) -> bool:
        said = Role.COPY in roles.get(compared(target.value), ())
        return said or target.kind is TargetKind.ITEM

    if not any(is_copy(target) for target in targets):
        return targets
    return tuple(target for target in targets if not is_original(target))


def quoted_page(message: Message, mirror: MirrorSettings) -> tuple[Target, ...]:
    """Return the one page of ours that a mail quotes, or nothing if it quotes none or several."""
    quoted = [link for link in message.links if link.part is Part.QUOTED]
    pages = [target_of(link, mirror) for link in quoted if is_own(link.address, mirror)]
    items = [page for page in pages if page and page.kind is TargetKind.ITEM]
    items += tagged_items(tags_in(message.quoted, mirror.contact), "")
    found = distinct(items)
    if len(found) != 1:
        return ()
    return (Target(TargetKind.ITEM, found[0].value, host=found[0].host, part=Part.QUOTED.value),)


def attached_targets(message: Message, mirror: MirrorSettings) -> tuple[Target, ...]:
    """Return what the attachments name."""
    links = (link for link in message.links if link.part is Part.ATTACHED)
    return distinct(target for link in links if (target := target_of(link, mirror)))


def whole_sites(
    addresses: Iterable[str], mirror: MirrorSettings, *, named: Sequence[Target]
) -> Iterator[Target]:
    """Yield the sites that the words of a scope name besides those named; our own is none."""
    known = {target.host for target in named if is_site(target)}
    for address in addresses:
        target = target_of(Link(address, weak=is_root(address)), mirror)
        if target and target.host not in known:
            yield target


def is_site(target: Target) -> bool:
    """Whether a target is a whole site rather than something on it."""
    return target.kind is TargetKind.HOST or (
        target.kind is TargetKind.ADDRESS and is_root(target.value)
    )


def distinct(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Return targets without repetition; of an item named twice the one that knows its host."""
    kept: dict[tuple[TargetKind, str], Target] = {}
    for target in targets:
        value = canonical_link(target.value) or target.value
        known = kept.get((target.kind, value))
        if known is None or (target.host and not known.host):
            kept[target.kind, value] = target
    return tuple(kept.values())


def _speaking(message: Message) -> frozenset[Part]:
    """Return the parts that name something.

    ``host/id`` in the subject of our own links is no address, and a reply's subject is not its
    sender's: our own subjects name a host, and come back in every answer.
    """
    subject = message.subject
    silent = REPLIED.match(subject) or item_in_subject(subject)
    return _SPEAKING - {Part.SUBJECT} if silent else _SPEAKING


def _written(heard: Hearing) -> Mapping[str, list[Mention]]:
    """Return the addresses that a text writes, by their canonical form."""
    found: dict[str, list[Mention]] = {}
    for mention in heard.mentions:
        found.setdefault(compared(written_address(mention.text)), []).append(mention)
    return found


def compared(address: str) -> str:
    """Return an address as addresses are compared: of a site its host, else its canonical form."""
    root = address and is_root(address)
    return (host_of(address) if root else canonical_link(address)) or ""


def _is_meant(link: Link, heard: Hearing, written: Mapping[str, list[Mention]]) -> bool:
    """Whether an address is not in words that say to leave it, nor in our own.

    An address that the text does not write, since it stands behind other words, is only meant
    where no words say to leave anything.
    """
    shown = written_address(link.shown) if link.shown else ""
    keys = {compared(link.address), compared(shown)} - {""}
    mentions = [mention for key in keys for mention in written.get(key, ())]
    if not mentions:
        return not heard.says("kind.denies", "kind.keeps", "kind.excepts", "kind.spares")
    verdicts = {mention.verdict for mention in mentions if not mention.credit}
    if not verdicts or Verdict.SPARED in verdicts:
        return False
    return Verdict.REFUSED not in verdicts or Verdict.ASKED in verdicts


def _apart_from_credit(named: list[Target], heard: Hearing) -> list[Target]:
    """Leave out what only our own page, pasted, names: where it came from and whose it is."""
    items = [target for target in named if target.kind is TargetKind.ITEM]
    if not items:
        return named
    asked = {
        canonical_link(written_address(mention.text))
        for mention in heard.mentions
        if mention.verdict is Verdict.ASKED and not mention.credit
    }
    return [t for t in named if t in items or canonical_link(t.value) in asked]
