"""``feedmirror suppress``: what an operator takes down without a mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from feedmirror.addresses import coarse_address, host_of, organisational_domain, path_prefixes
from feedmirror.cli.asking import ask_once
from feedmirror.cli.desk import Desk, no_hurry
from feedmirror.cli.outcomes import outcome_of, print_outcome
from feedmirror.cli.output import print_json, progress
from feedmirror.configuration import Configuration, FeedSettings
from feedmirror.suppression import Ground, Scope, author_keys, path_key
from feedmirror.takedowns.decisions.asks import Ask, whole_feed, whole_host
from feedmirror.takedowns.decisions.claims import Claim
from feedmirror.takedowns.mails.message import Link
from feedmirror.takedowns.notices.notice import TargetKind
from feedmirror.takedowns.notices.targets import is_root, target_of, written_address

_REACHES = {
    Scope.HOST: "all of {host}",
    Scope.DOMAIN: "all of {host} and of the hosts below it",
    Scope.FEED: "all that the feed {feed} brings",
    Scope.PATH: "all below {target}",
    Scope.AUTHOR: "all by {author} at {host}",
    Scope.ITEM: "{target}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command names, and how far it is to reach."""

    target: str
    subdomains: bool
    feed: bool
    path: bool
    author: str

    @property
    def address(self) -> str:
        """The target as an address; raises BadParameter where it is none."""
        address = written_address(self.target)
        if not address:
            raise click.BadParameter(
                f"{self.target!r} is neither an address nor a host", param_hint="URL|HOST"
            )
        return address


def suppress(
    folder: Path | None, target: str, *, ground: str, note: str, as_json: bool, **reach: bool | str
) -> None:
    """Take down what is named, after asking once where it is not just an item that is held."""
    wanted = Wanted(
        target=target.strip(),
        subdomains=bool(reach["subdomains"]),
        feed=bool(reach["feed"]),
        path=bool(reach["path"]),
        author=str(reach["author"]).strip(),
    )
    if [wanted.subdomains, wanted.feed, wanted.path, bool(wanted.author)].count(True) > 1:
        raise click.UsageError("--subdomains, --feed, --path and --author exclude each other")
    desk = Desk(folder)
    ask = _ask(wanted, desk.configuration)
    by_hand = desk.by_hand
    claim = by_hand.look(ask)
    if ask.scope is not Scope.ITEM or not claim.is_held:
        ask_once(_question(wanted, claim), yes=bool(reach["yes"]))
    with progress().status("taking it down"):
        case = by_hand.suppress(claim, Ground(ground), note=note, time_left=no_hurry)
    desk.export()
    if as_json:
        print_json(outcome_of(desk, case))
    else:
        print_outcome(desk, case)


def _ask(wanted: Wanted, configuration: Configuration) -> Ask:
    address = wanted.address
    host = _site_of(address)
    if wanted.author:
        by_mail = "@" in wanted.author
        named = {"address" if by_mail else "name": wanted.author}
        return Ask(scope=Scope.AUTHOR, host=host, keys=author_keys(host, **named))
    if wanted.feed:
        return whole_feed(_feed(address, configuration.feeds))
    if wanted.path:
        return _path(address, host)
    return _item_or_host(wanted, address, configuration)


def _item_or_host(wanted: Wanted, address: str, configuration: Configuration) -> Ask:
    feeds = {coarse_address(feed.url): feed for feed in configuration.feeds}
    if feed := feeds.get(coarse_address(address)):
        return whole_feed(feed)
    target = target_of(Link(address), configuration.mirror)
    if target is None:
        raise click.ClickException(f"{wanted.target} is a page of the mirror that shows no item")
    if target.kind is TargetKind.ITEM:
        return Ask(scope=Scope.ITEM, host=target.host, item=target.item)
    if target.kind is TargetKind.HOST or is_root(address):
        return whole_host(_known_site(target.host), subdomains=wanted.subdomains)
    if wanted.subdomains:
        raise click.UsageError("--subdomains goes with a host, not with a page of it")
    return Ask(scope=Scope.ITEM, host=target.host, address=address)


def _site_of(address: str) -> str:
    return _known_site(host_of(address) or "")


def _known_site(host: str) -> str:
    """Return a host that is a site's; a suffix such as co.uk is nobody's."""
    is_ip = host.replace(".", "").isdigit() or ":" in host
    if host != "localhost" and not is_ip and organisational_domain(host) is None:
        raise click.ClickException(f"{host} is no site, but a suffix that many sites share")
    return host


def _feed(address: str, feeds: Sequence[FeedSettings]) -> FeedSettings:
    """Return the feed that is named: a configured one, a host's only one, or one that was."""
    wanted = coarse_address(address)
    named = [feed for feed in feeds if coarse_address(feed.url) == wanted]
    if is_root(address):
        named = [feed for feed in feeds if feed.host == host_of(address)]
        if len(named) != 1:
            urls = ", ".join(feed.url for feed in named) or "none"
            raise click.ClickException(f"name the feed's own address; of that host: {urls}")
    return named[0] if named else FeedSettings(url=address)


def _path(address: str, host: str) -> Ask:
    prefixes = path_prefixes(address)
    if is_root(address) or len(prefixes) < 2:  # noqa: PLR2004 -- the host's own, and one below it
        raise click.UsageError("--path goes with an address below the host; name the host alone")
    return Ask(scope=Scope.PATH, host=host, keys=frozenset({path_key(prefixes[-1])}))


def _question(wanted: Wanted, claim: Claim) -> str:
    reach = _REACHES[claim.scope].format(
        host=claim.host, feed=claim.feed, target=wanted.target, author=wanted.author
    )
    held = "1 item is held" if claim.count == 1 else f"{claim.count or 'no'} items are held"
    cases = sorted({item.taken_by for item in claim.items} - {""})
    held += f"; taken down before by {', '.join(cases)}" if cases else ""
    return f"Take down {reach}, now and in the future ({held})?"
