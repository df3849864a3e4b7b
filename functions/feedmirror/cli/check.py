"""``feedmirror check``: what a feed offers, told without storing anything."""

from collections import Counter
from typing import Any

import click

from feedmirror.adapters.clock import utc_now
from feedmirror.addresses import web_address
from feedmirror.cli.configurations import local_mirror
from feedmirror.cli.folders import CONTACT, JSON, NOBODY
from feedmirror.cli.move_words import check_words
from feedmirror.cli.output import complain, print_json, print_table, say
from feedmirror.configuration import FeedSettings
from feedmirror.jobs.house_terms import read_house
from feedmirror.mirroring.entries import Feed, FeedUnreadableError
from feedmirror.mirroring.following_terms import Polled, read_terms
from feedmirror.mirroring.houses import House
from feedmirror.mirroring.items import Draft
from feedmirror.mirroring.poll_state import FeedState
from feedmirror.mirroring.polling import News, conditional_request, read_answer
from feedmirror.mirroring.reading import read_entries
from feedmirror.mirroring.robots import origin_of, robots_address
from feedmirror.mirroring.robots_answers import after_answer, robots_request
from feedmirror.mirroring.terms import Stated, places_of
from feedmirror.mirroring.terms_table import ROWS
from feedmirror.ports.fetching import Fetched
from feedmirror.settings import read_networks
from feedmirror.wiring.outside import for_terms, polite_fetcher
from feedmirror.wiring.parsers import feed_parsers

_MOST_OTHERS = 5
_SHOWN = {
    "full": "what the feed offers",
    "excerpt": "excerpts of 300 characters, with the link",
    "link": "titles and links",
    "nothing": "nothing",
}
_EXAMPLE = "Example: feedmirror check https://news.example.com/feed"


@click.command(epilog=_EXAMPLE)
@click.argument("url")
@CONTACT
@JSON
def check(url: str, *, contact: str, as_json: bool) -> None:
    """Fetch one feed and report on it. Nothing is stored."""
    if web_address(url) is None:
        raise click.BadParameter(f"{url!r} is no http(s) address", param_hint="URL")
    report = _report(url, contact=contact)
    if as_json:
        print_json(report)
    else:
        _print(report)
        if contact == NOBODY:
            say("Note: publishers see --contact in every request, and this one named nobody")
    if report["error"]:
        raise SystemExit(1)


def _report(url: str, *, contact: str) -> dict[str, Any]:
    fetcher = polite_fetcher(local_mirror(contact), allowed_networks=read_networks())
    (answer,) = fetcher.fetch([conditional_request(url, FeedState())])
    poll = read_answer(answer, FeedState(), now=utc_now())
    robots = robots_request(robots_address(origin_of(url)), House())
    (said,) = fetcher.fetch([robots])
    house = after_answer(House(), said, [url], now=utc_now())
    report: dict[str, Any] = {
        "url": url,
        "status": answer.status if isinstance(answer, Fetched) else None,
        "hops": [{"status": hop.status, "url": hop.url} for hop in answer.hops],
        "validators": [n for n in ("etag", "last_modified") if getattr(poll.state, n)],
        "move": "",
        "error": poll.state.error,
        "robots": house.verdicts.get(url) or house.why,
        "robots_names_feedmirror": house.named,
        "marked": False,
        "entries": [],
    }
    if poll.news is News.DOCUMENT and isinstance(answer, Fetched):
        settings, parsers = FeedSettings(url=url), feed_parsers()
        try:
            feed = parsers.feed(
                poll.body, url=answer.url, content_type=answer.headers.get("content-type", "")
            )
        except FeedUnreadableError as error:
            return {**report, "error": str(error)}
        rules = read_house(for_terms(fetcher), origin_of(url), parsers)
        polled = Polled(settings, FeedState(), rules)
        terms = read_terms(polled, feed, answer.headers, whole=True)
        reading = read_entries(feed, settings=settings, state=FeedState(), terms=terms)
        report |= {**_described(feed, settings), "marked": feed.refused}
        report["move"] = check_words(url, answer.hops, feed.new_address) if feed.entries else ""
        report["terms"] = _terms(terms.stated)
        report["problems"] = [*feed.problems, *reading.problems]
        report["entries"] = [_entry(draft, marked=feed.refused) for draft in reading.drafts]
    return report


def _described(feed: Feed, settings: FeedSettings) -> dict[str, Any]:
    return {
        "title": feed.title,
        "format": feed.format,
        "host": settings.host,
        "language": feed.language,
        "rights": feed.rights,
        "license": feed.license_url,
        "damaged": feed.damaged,
    }


def _terms(stated: Stated) -> dict[str, Any]:
    """Return what is stated, where, and what is shown of the feed for it."""
    return {
        "shown": stated.shown,
        "why": stated.why,
        "stated": [
            {"where": place.where, "signal": signal, "words": ROWS[signal].words}
            for place in places_of(stated)
            for signal in place.signals
        ],
    }


def _entry(draft: Draft, *, marked: bool) -> dict[str, Any]:
    credit, refused = draft.attribution, marked or draft.entry.refused
    return {
        "id": draft.id,
        "title": draft.entry.title,
        "original": credit.original_url,
        "authors": [author.name for author in credit.authors if author.name],
        "published": draft.entry.published and draft.entry.published.isoformat(),
        "rights": credit.rights,
        "license": credit.license_url,
        "shown": "nothing" if refused else draft.terms.extent.word,
        "why": "its publisher's mark against this mirror" if refused else draft.terms.why,
    }


def _print_terms(report: dict[str, Any]) -> None:
    """Print what is stated and what follows, for the feed and for entries that differ from it."""
    terms = report.get("terms")
    if terms is None:
        return
    if terms["stated"]:
        say()
        print_table(
            ("stated by", "terms~"), [(each["where"], each["words"]) for each in terms["stated"]]
        )
        say()
    say(f'With publish = "auto": {_SHOWN[terms["shown"]]} ({terms["why"]}).')
    others = Counter(
        (entry["shown"], entry["why"])
        for entry in report["entries"]
        if entry["shown"] != terms["shown"]
    )
    for (shown, why), entries in others.most_common(_MOST_OTHERS):
        say(f"Of {entries} of its entries: {_SHOWN[shown]} ({why}).")


def _print_entries(report: dict[str, Any]) -> None:
    if not report["entries"]:
        return
    rows = [
        (
            (entry["published"] or "undated").partition("T")[0],
            ", ".join(entry["authors"]) or "not stated",
            entry["title"] or "(untitled)",
        )
        for entry in report["entries"]
    ]
    say()
    print_table(("published", "author~", "title~"), rows)
    say()
    polled = not report["robots"]
    shown = sum(polled and entry["shown"] != "nothing" for entry in report["entries"])
    say("1 entry would be mirrored." if shown == 1 else f"{shown} would be mirrored.")


def _print_refusals(report: dict[str, Any]) -> None:
    """Print what keeps the whole feed away; of a host that never answered, the error tells."""
    robots = report["robots"]
    if robots and report["status"] is not None:
        named = report["robots_names_feedmirror"]
        leave = "nothing overrides it" if named else 'with their leave set permission = "why"'
        say(f"Note: it would not be polled: robots.txt of its host: {robots}; {leave}")
    if report["marked"]:
        say("Note: nothing of it would be kept: the feed bears its publisher's mark, nofeedmirror")


def _print(report: dict[str, Any]) -> None:
    shown = ("title", "format", "host", "status", "language", "rights", "license")
    if facts := [(name, report[name]) for name in shown if report.get(name)]:
        print_table(("", "~"), facts)
    for hop in report["hops"]:
        say(f"{hop['status']} led to {hop['url']}")
    if report["move"]:
        say(report["move"])
    if not report["validators"] and not report["error"]:
        say("The server gives no validators: every poll costs it the whole document.")
    _print_terms(report)
    _print_entries(report)
    if report.get("damaged"):
        say("Note: the document is damaged: its last entry is left out, and none is changed")
    _print_refusals(report)
    for problem in report.get("problems", ()):
        say(f"Note: {problem}")
    if report["error"]:
        complain(f"{report['url']}: {report['error']}")
