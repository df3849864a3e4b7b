"""``feedmirror cost``: what a month on AWS costs, part by part, from dated list prices."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from feedmirror.cli.configurations import configuration_of
from feedmirror.cli.cost_model import Part, PriceList, Traffic, bill, list_total, read_prices, total
from feedmirror.cli.folders import JSON, LOCAL
from feedmirror.cli.output import counted, print_json, print_table, say
from feedmirror.configuration import Configuration

_USUAL = Traffic()
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _assumed(name: str, kind: click.ParamType[Any], text: str) -> Callable[[_Command], _Command]:
    """Return the option of one assumption; without it, the usual holds."""
    option = f"--{name.removesuffix('_a_day')}"
    usual = getattr(_USUAL, name)
    return click.option(option, name, default=usual, show_default=True, type=kind, help=text)


@click.command(epilog="Example: feedmirror cost mirror.toml --views 100000")
@click.argument(
    "file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@_assumed("items_a_day", click.FloatRange(0), "New entries of each feed in a day.")
@_assumed("views", click.IntRange(0), "Pages that readers ask for in a month.")
@_assumed("mails", click.IntRange(0), "Mails to the contact in a month.")
@_assumed("months", click.IntRange(1), "How long the mirror has been running by then.")
@LOCAL
@JSON
def cost(file: Path | None, folder: Path | None, *, as_json: bool, **traffic: float) -> None:
    """Print what a month on AWS costs.

    FILE is a mirror.toml or an OPML file; without it, the configuration in force is taken.
    """
    configuration = _in_force(folder) if file is None else configuration_of(file)
    prices = read_prices()
    assumed = Traffic(**traffic)  # type: ignore[arg-type]  # click has made them what they are
    parts = bill(configuration, assumed, prices)
    if as_json:
        print_json(_document(parts, prices))
    else:
        _print(parts, prices, configuration)


def _in_force(folder: Path | None) -> Configuration:
    from feedmirror.cli.desk import Desk  # noqa: PLC0415 -- a second, with a store

    return Desk(folder).configuration


def _document(parts: Sequence[Part], prices: PriceList) -> dict[str, object]:
    lines = [
        {
            "part": part.part,
            "what": part.what,
            "quantity": round(part.quantity, 3),
            "unit": part.price.unit,
            "free": part.price.free,
            "dollars": round(part.dollars, 4),
            "list_dollars": round(part.list_dollars, 4),
            "page": part.price.page,
        }
        for part in parts
    ]
    totals = {"dollars": round(total(parts), 2), "list_dollars": round(list_total(parts), 2)}
    return {**totals, "prices_of": prices.date, "region": prices.region, "parts": lines}


def _print(parts: Sequence[Part], prices: PriceList, configuration: Configuration) -> None:
    rows = [
        (
            part.part,
            part.what,
            _count(part.quantity),
            part.price.unit,
            _count(part.price.free) if part.price.free else "",
            f"{part.dollars:.2f}",
        )
        for part in parts
    ]
    print_table(("part", "for", "a month#", "unit", "free#", "dollars#"), rows)
    say()
    say(
        f"About {total(parts):.2f} dollars a month for {counted(len(configuration.feeds), 'feed')};"
        f" {list_total(parts):.2f} if the account has used up what is free."
    )
    say(f"List prices of {prices.date:%Y-%m-%d} in {prices.region}, without tax.")


def _count(quantity: float) -> str:
    """Return a quantity as people read it: whole, or with what matters of a small one."""
    return f"{quantity:,.0f}" if quantity >= 10 or quantity == 0 else f"{quantity:.2g}"  # noqa: PLR2004 -- digits
