"""``feedmirror report``: how a mirror is doing, as one page to keep or to send."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from math import ceil
from pathlib import Path

import click

from feedmirror.adapters.clock import utc_now
from feedmirror.cli.case_words import span_words
from feedmirror.cli.cost_model import MONTH, Part, Traffic, bill, list_total, read_prices, total
from feedmirror.cli.desk import Desk
from feedmirror.cli.output import counted, progress, say
from feedmirror.cli.report_page import MARK, Page, Plot, Section, Table, Trouble, render_page
from feedmirror.cli.report_plots import by_day, by_kind, in_words
from feedmirror.cli.standing import Standing, verdict, wrongs
from feedmirror.cli.status import Look
from feedmirror.configuration import Configuration
from feedmirror.jobs.survey import Survey, TakeSurvey
from feedmirror.jobs.takedown.case_book import CaseBook
from feedmirror.mirroring.health import Health, advice

_MOST_FEEDS = 100
_BOUNDS = (
    (timedelta(minutes=1), "under a minute"),
    (timedelta(minutes=5), "under 5 minutes"),
    (timedelta(hours=1), "under an hour"),
    (timedelta(days=1), "under a day"),
    (timedelta.max, "a day or more"),
)


def write_report(folder: Path | None, file: Path, *, days: int) -> None:
    """Write the report; a file that is none of ours is left alone."""
    if file.exists() and MARK not in file.read_bytes():
        raise click.ClickException(f"{file} is there already and is no report; name another file")
    if not file.parent.is_dir():
        raise click.ClickException(f"{file}: there is no folder {file.parent}; make it first")
    desk = Desk(folder)
    with progress().status("looking"):
        page = _page(desk, days=days)
    file.write_bytes(page)
    say(f"{file}: open {file.resolve().as_uri()}")


def _page(desk: Desk, *, days: int) -> bytes:
    function = desk.function
    look = Look(
        stores=function.stores, mail=function.mail, mail_prefix=function.settings.mail_prefix
    )
    standing = look.run()
    if standing.configured is None:
        raise click.ClickException(f"{standing.unconfigured}: there is nothing to report on yet")
    survey = TakeSurvey(
        site=function.stores.site,
        cases=CaseBook(function.stores.ledger, utc_now),
        workers=function.stores.workers,
    ).run(
        {row.settings.host for row in standing.feeds} | set(standing.others),
        now=standing.now,
        days=days,
    )
    return render_page(page_of(standing, survey, standing.configured.configuration))


def page_of(standing: Standing, survey: Survey, configuration: Configuration) -> Page:
    """Return all that a report says of what was found."""
    return Page(
        name=configuration.mirror.name,
        at=standing.now,
        days=len(survey.items),
        verdict=verdict(standing),
        well=not any(wrongs(standing)),
        sections=(
            _feeds(standing),
            _items(standing, survey),
            _takedowns(survey),
            _cost(configuration, survey),
        ),
    )


def _feeds(standing: Standing) -> Section:
    healths = {str(kind): standing.healths[kind] for kind in Health}
    line = f"{counted(len(standing.feeds), 'feed')}, {counted(standing.records, 'record')} stored."
    if not standing.feeds:
        return Section("feeds", "Feeds", [line])
    words = in_words([f"{count} {kind}" for kind, count in healths.items()])
    table = Table("Feeds by how they are doing", ("state", "feeds"), list(healths.items()))
    plot = Plot(
        by_kind("feeds", healths, alt=f"Bars: {words}"), "How many feeds are doing how", table
    )
    troubles = [
        Trouble(row.settings.url, row.known.state.error, advice(row.known.state.error))
        for row in standing.feeds
        if row.health.needs_somebody
    ]
    left = len(troubles) - _MOST_FEEDS
    more = f"And {counted(left, 'feed')} more: feedmirror status --all" if left > 0 else ""
    return Section("feeds", "Feeds", [line], [plot], troubles[:_MOST_FEEDS], more)


def _items(standing: Standing, survey: Survey) -> Section:
    number = sum(survey.items.values())
    line = f"{counted(number, 'new item')} in {len(survey.items)} days, as far as shown today."
    if not standing.records or not number:
        return Section("items", "Items", [line])
    alt = f"Bars by day: {_of_days(survey.items)}"
    plot = Plot(
        by_day("items", survey.items, alt=alt),
        "New items by the day on which the mirror first saw them",
        _day_table("New items by day", "items", survey.items),
    )
    return Section("items", "Items", [line], [plot])


def _takedowns(survey: Survey) -> Section:
    removed = sum(survey.removed.values())
    line = f"{counted(survey.cases, 'case')} opened; {counted(removed, 'item')} taken down."
    lines = [line, *_how_long(survey.took)]
    plots: list[Plot] = []
    if removed:
        alt = f"Bars by day: {_of_days(survey.removed)}"
        table = _day_table("Items taken down by day", "items", survey.removed)
        plots.append(Plot(by_day("removed", survey.removed, alt=alt), "Items taken down", table))
    if survey.took:
        spans = spread(survey.took)
        words = in_words([f"{count} {span}" for span, count in spans.items()])
        table = Table("Cases by time to removal", ("time", "cases"), list(spans.items()))
        plots.append(
            Plot(
                by_kind("took", spans, alt=f"Bars: {words}"),
                "From the mail's arrival until the first of what it asks for was out of sight",
                table,
            )
        )
    return Section("takedowns", "Takedowns", lines, plots)


def _how_long(took: Sequence[timedelta]) -> Iterator[str]:
    if took:
        yield (
            f"Time to removal: half within {_rounded(percentile(took, 50))}, 95 of 100 within"
            f" {_rounded(percentile(took, 95))}."
        )


def _rounded(span: timedelta) -> str:
    return span_words(max(span, timedelta(seconds=1)))


def percentile(ordered: Sequence[timedelta], percent: int) -> timedelta:
    """Return the least of some spans, in order, within which so many of a hundred are."""
    return ordered[ceil(percent * len(ordered) / 100) - 1]


def spread(took: Sequence[timedelta]) -> dict[str, int]:
    """Return how many spans are how long, each in the shortest class that holds it."""
    found = Counter(next(name for bound, name in _BOUNDS if span < bound) for span in took)
    return {name: found[name] for _, name in _BOUNDS}


def _cost(configuration: Configuration, survey: Survey) -> Section:
    traffic = traffic_of(configuration, survey)
    prices = read_prices()
    parts = bill(configuration, traffic, prices)
    groups = _by_part(parts)
    line = (
        f"About {total(parts):.2f} dollars a month on AWS, or {list_total(parts):.2f} where the"
        f" account has used up what is free; list prices of {prices.date:%Y-%m-%d} in"
        f" {prices.region}, without tax."
    )
    assumed = (
        f"Reckoned with {traffic.items_a_day:.2g} new items of each feed in a day and"
        f" {counted(traffic.mails, 'mail')} a month, as found, and with {traffic.views:,} views."
    )
    words = in_words([f"{dollars:.2f} for {part}" for part, dollars in groups.items()])
    rows = [(part, f"{dollars:.2f}") for part, dollars in groups.items()]
    plot = Plot(
        by_kind("cost", groups, alt=f"Bars, in dollars: {words}", unit="{:.2f}"),
        "Dollars a month, part by part",
        Table("Dollars a month", ("part", "dollars"), rows),
    )
    return Section("cost", "Cost", [line, assumed], [plot])


def traffic_of(configuration: Configuration, survey: Survey) -> Traffic:
    """Return what happens in a month, going by what was found, and as usual where nothing was."""
    days, feeds = len(survey.items), len(configuration.feeds)
    usual = Traffic()
    items = sum(survey.items.values()) / days / feeds if feeds else 0.0
    mails = round(survey.cases * MONTH.days / days)
    return Traffic(
        items_a_day=items or usual.items_a_day, views=usual.views, mails=mails, months=usual.months
    )


def _by_part(parts: Sequence[Part]) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in parts:
        found[part.part] = found.get(part.part, 0.0) + part.dollars
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def _of_days(counts: Mapping[date, int]) -> str:
    first, last = min(counts), max(counts)
    most = max(counts, key=lambda day: (counts[day], day))
    return (
        f"{sum(counts.values())} from {first} to {last}, the most on {most}, which has"
        f" {counts[most]}"
    )


def _day_table(caption: str, column: str, counts: Mapping[date, int]) -> Table:
    rows = [(day.isoformat(), count) for day, count in reversed(list(counts.items()))]
    return Table(caption, ("day", column), rows)
