"""What a notice asks for, thing by thing, in the terms in which things are looked up."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from feedmirror.addresses import coarse_address, host_of, path_prefixes
from feedmirror.configuration import FeedSettings
from feedmirror.layout import ItemId
from feedmirror.suppression import Scope, author_keys, domain_key, feed_key, host_key, path_key
from feedmirror.takedowns.notices.notice import Notice, Target, TargetKind
from feedmirror.takedowns.senders.sender import Sender

MOST_ASKS = 1000  # as many as a mail may name addresses
_WHOLE = {Scope.HOST: host_key, Scope.DOMAIN: domain_key}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One thing asked for.

    An item is asked for by its ``address``, or by its id under a host (which may not be known).
    Anything wider is asked for by the ``keys`` that a rule about it would name.
    """

    scope: Scope
    host: str = ""
    keys: frozenset[str] = frozenset()
    address: str = ""
    item: ItemId | None = None
    feed: str = ""


def asks_of(notice: Notice, sender: Sender, feeds: Sequence[FeedSettings]) -> tuple[Ask, ...]:
    """Return what a notice asks for, each once; whatever cannot be told is not asked for."""
    known = {coarse_address(feed.url): feed for feed in feeds}
    asks = {
        Scope.HOST: _of_hosts,
        Scope.DOMAIN: _of_hosts,
        Scope.FEED: _of_feeds,
        Scope.AUTHOR: _of_authors,
        Scope.PATH: _of_paths,
    }.get(notice.scope or Scope.ITEM, _of_items)(notice, sender, known)
    return tuple(dict.fromkeys(asks))[:MOST_ASKS]


_Known = dict[str | None, FeedSettings]


def whole_host(host: str, *, subdomains: bool = False) -> Ask:
    """Return the ask for all of a host, or of a domain with all below it."""
    scope = Scope.DOMAIN if subdomains else Scope.HOST
    return Ask(scope=scope, host=host, keys=frozenset({_WHOLE[scope](host)}))


def whole_feed(feed: FeedSettings) -> Ask:
    """Return the ask for all that a feed brought."""
    keys = frozenset({feed_key(feed.url)})
    return Ask(scope=Scope.FEED, host=feed.host, keys=keys, feed=feed.url)


def _of_hosts(notice: Notice, sender: Sender, _known: _Known) -> Iterator[Ask]:
    subdomains = notice.subdomains or notice.scope is Scope.DOMAIN
    for host in _hosts(notice.targets) or _own(sender):
        yield whole_host(host, subdomains=subdomains)


def _of_feeds(notice: Notice, sender: Sender, known: _Known) -> Iterator[Ask]:
    named = [known.get(coarse_address(target.value)) for target in notice.targets]
    feeds = [feed for feed in named if feed]
    hosts = _hosts(notice.targets) or _own(sender)
    for feed in feeds or [feed for feed in known.values() if feed.host in hosts]:
        yield whole_feed(feed)


def _of_authors(notice: Notice, sender: Sender, known: _Known) -> Iterator[Ask]:
    names = [target.value for target in notice.targets if target.kind is TargetKind.AUTHOR]
    own = sender.address if notice.mine or not names else ""
    for host in _hosts(notice.targets) or _own(sender):
        by_name = [author_keys(host, name=name) for name in names]
        keys = frozenset[str]().union(*by_name, author_keys(host, address=own))
        if keys:
            yield Ask(scope=Scope.AUTHOR, host=host, keys=keys)
    yield from _of_items(notice, sender, known)


def _of_paths(notice: Notice, _sender: Sender, _known: _Known) -> Iterator[Ask]:
    for target in notice.targets:
        host = host_of(target.value) if target.kind is TargetKind.ADDRESS else None
        if host is None:
            continue
        if _is_root(target.value):
            yield whole_host(host)
        elif "?" in (coarse_address(target.value) or ""):  # a page, however it is called
            yield Ask(scope=Scope.ITEM, host=host, address=target.value)
        else:
            prefix = path_prefixes(target.value)[-1]
            yield Ask(scope=Scope.PATH, host=host, keys=frozenset({path_key(prefix)}))


def _of_items(notice: Notice, _sender: Sender, known: _Known) -> Iterator[Ask]:
    unsaid = notice.scope is None
    for target in notice.targets:
        host = host_of(target.value) or ""
        match target.kind:
            case TargetKind.ITEM:
                yield Ask(scope=Scope.ITEM, host=target.host, item=target.item)
            case TargetKind.HOST if unsaid:
                yield whole_host(target.value)
            case TargetKind.ADDRESS if feed := known.get(coarse_address(target.value)):
                yield whole_feed(feed)
            case TargetKind.ADDRESS if host and not _is_root(target.value):
                yield Ask(scope=Scope.ITEM, host=host, address=target.value)
            case TargetKind.ADDRESS if unsaid and host:
                yield whole_host(host)
            case _:
                continue  # a context, such as the site that an item is said to be on


def _is_root(address: str) -> bool:
    coarse = coarse_address(address) or ""
    return "/" not in coarse and "?" not in coarse


def _hosts(targets: Iterable[Target]) -> tuple[str, ...]:
    named = (_host(target) for target in targets)
    return tuple(dict.fromkeys(host for host in named if host))


def _host(target: Target) -> str | None:
    match target.kind:
        case TargetKind.ADDRESS:
            return host_of(target.value)
        case TargetKind.HOST:
            return target.value
        case TargetKind.ITEM:
            return target.host or None
        case _:
            return None


def _own(sender: Sender) -> tuple[str, ...]:
    """Return the host that "our site" means where none is named: only a proved one."""
    return (sender.domain,) if sender.proved and not sender.shared else ()
