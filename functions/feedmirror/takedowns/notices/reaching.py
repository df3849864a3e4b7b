"""How far a notice reaches by its words; where two scopes are said, the narrower is taken."""

from dataclasses import dataclass, replace

from feedmirror.suppression import Scope
from feedmirror.takedowns.notices.hearing import Hearing, Remark
from feedmirror.takedowns.notices.targets import is_feed, is_root, written_address

_NARROWEST_FIRST = (Scope.AUTHOR, Scope.FEED, Scope.PATH, Scope.HOST)
_PARTICLES = frozenset(
    ["de", "da", "do", "dos", "das", "del", "di", "van", "von", "der", "den", "la", "le", "du", "y"]
)


@dataclass(frozen=True, slots=True)
class Reach:
    """A scope, with the sites and authors that the words which say it name."""

    scope: Scope | None = None
    mine: bool = False
    subdomains: bool = False
    addresses: tuple[str, ...] = ()  # a whole site or all that lies under it, as written
    authors: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()


def reach_of(heard: Hearing, *, named: bool) -> Reach:
    """Return how far a request reaches; ``named`` tells that it names single items."""
    reach = _reach(heard, named=named, asked=True)
    if reach.scope is None:
        reach = _reach(heard, named=named, asked=False)
    return reach


def author_name(text: str) -> str:
    """Return the name that a text begins with: capitalised words, or nothing."""
    words: list[str] = []
    for word in text.split():
        shouted = len(word) > 1 and word.isupper()  # in capitals nothing tells a name
        if shouted or not (word[:1].isupper() or (words and word in _PARTICLES)):
            break
        words.append(word)
    while words and words[-1] in _PARTICLES:
        words.pop()
    return " ".join(words)


def _reach(heard: Hearing, *, named: bool, asked: bool) -> Reach:
    wide = _wide(heard, asked=asked)
    single = heard.of("scope.item", asked=True) and not heard.of("scope.them_all", asked=True)
    if not wide and not (named or single):
        wide = _weak(heard, asked=asked)
    listed = named and heard.of("scope.listed", asked=asked)
    if listed or not wide:
        said = heard.of("scope.item", asked=asked) or listed
        return Reach(scope=Scope.ITEM if said else None)
    found = [scope for scope in _NARROWEST_FIRST if any(one.scope is scope for one in wide)]
    reach = Reach(
        scope=found[0],
        mine=any(one.mine for one in wide),
        addresses=tuple(dict.fromkeys(a for one in wide for a in one.addresses)),
        authors=tuple(dict.fromkeys(name for one in wide for name in one.authors)),
        unclear=("how far it reaches: more than one scope is named",) if len(found) > 1 else (),
    )
    return _with_subdomains(heard, reach)


def _with_subdomains(heard: Hearing, reach: Reach) -> Reach:
    if reach.scope is not Scope.HOST or not heard.of("scope.domain"):
        return reach
    return replace(reach, scope=Scope.DOMAIN, subdomains=True)


def _wide(heard: Hearing, *, asked: bool) -> list[Reach]:
    found = [
        Reach(scope)
        for scope in (Scope.FEED, Scope.PATH, Scope.HOST)
        if heard.of(f"scope.{scope}", asked=asked)
    ]
    found += [
        Reach(Scope.AUTHOR, mine=True)
        for name in ("scope.mine", "scope.ours")
        if heard.of(name, asked=asked)
    ]
    found += [_all_of(remark) for remark in heard.of("scope.all_of", asked=asked)]
    found += [_whole(remark) for remark in heard.of("scope.named", asked=asked)]
    names = [author_name(r.slot("name")) for r in heard.of("scope.by_author", asked=asked)]
    longest = [name for name in names if not any(name in other != name for other in names)]
    found += [Reach(Scope.AUTHOR, authors=(name,)) for name in longest if name]
    return [one for one in found if one.scope]


def _weak(heard: Hearing, *, asked: bool) -> list[Reach]:
    if heard.of("scope.host_weak", asked=asked):
        return [Reach(Scope.HOST)]
    if heard.of("scope.feed_weak", asked=asked):
        return [Reach(Scope.FEED)]
    asked = asked and not heard.of("scope.them_all", asked=True)  # "my texts … remove them all"
    mine = any(heard.of(name, asked=asked) for name in ("scope.mine_weak", "scope.ours_weak"))
    return [Reach(Scope.AUTHOR, mine=True)] if mine else []


def _all_of(remark: Remark) -> Reach:
    """Read "everything from <link>"."""
    address = written_address(remark.slot("link"))
    if not address:
        return Reach()
    if is_root(address):
        return Reach(Scope.HOST, addresses=(address,))
    return Reach(Scope.FEED if is_feed(address) else Scope.PATH, addresses=(address,))


def _whole(remark: Remark) -> Reach:
    """Read "take down <link>", which is a whole site only if the address is a whole site's."""
    address = written_address(remark.slot("link"))
    return Reach(Scope.HOST, addresses=(address,)) if address and is_root(address) else Reach()
