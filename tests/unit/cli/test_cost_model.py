"""The bill: arithmetic that anybody can follow, and prices that are all used."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import a_mirror
from feedmirror.cli.cost_model import (
    MONTH,
    Part,
    Price,
    Traffic,
    bill,
    list_total,
    read_prices,
    total,
)
from feedmirror.configuration import Configuration, Ended, FeedSettings

PRICES = read_prices()


def feeds(count: int, interval: timedelta | None = None) -> tuple[FeedSettings, ...]:
    return tuple(
        FeedSettings(url=f"https://f{n}.example.com/feed", interval=interval) for n in range(count)
    )


def quantities(
    configuration: Configuration,
    traffic: Traffic = Traffic(),  # noqa: B008 -- frozen
) -> dict[str, float]:
    parts = bill(configuration, traffic, PRICES)
    return {part.what: part.quantity for part in parts}


def test_every_price_is_used_and_has_a_page_to_look_it_up() -> None:
    used = bill(Configuration(mirror=a_mirror(), feeds=feeds(1)), Traffic(), PRICES)

    assert {part.price.unit for part in used} == {p.unit for p in PRICES.prices.values()}
    assert len(used) == len(PRICES.prices)
    for price in PRICES.prices.values():
        assert price.page.startswith("https://aws.amazon.com/")
        assert price.price > 0
        assert price.free >= 0
    assert date(2026, 11, 1) < PRICES.date <= datetime.now(UTC).date()
    assert PRICES.region == "us-east-1"


def test_a_feed_that_has_ended_is_not_polled_and_bounds_ask_for_more_of_the_buckets() -> None:
    def of(**settings: Any) -> dict[str, float]:  # noqa: ANN401 -- any setting
        some = tuple(replace(feed, **settings) for feed in feeds(10))
        return quantities(Configuration(mirror=a_mirror(), feeds=some))

    plain, ended, bounded = of(), of(ended=Ended.STAY), of(max_age=timedelta(days=90))

    assert ended["Data to publishers"] == 0
    assert ended["S3, after 12 months"] == 0
    assert bounded["Data to publishers"] == plain["Data to publishers"]
    # A write of the state for each of ten feeds and thirty days, at the least.
    assert bounded["S3, writes and lists"] >= plain["S3, writes and lists"] + 300


def test_what_is_free_comes_off_first_and_only_once() -> None:
    price = Price("things", price=0.4, per=1000, free=2000, page="")

    assert Part("x", "y", 1500, price).dollars == 0
    assert Part("x", "y", 5000, price).dollars == pytest.approx(3 * 0.4)
    assert Part("x", "y", 5000, price).list_dollars == pytest.approx(5 * 0.4)


def test_a_month_of_one_feed_is_what_a_calendar_says() -> None:
    found = quantities(
        Configuration(mirror=a_mirror(), feeds=feeds(1)),
        Traffic(items_a_day=1, mails=0, views=100),
    )

    assert found["EventBridge Scheduler"] == 30 * 24 * 12 + 30 * 24
    assert found["Lambda, calls"] == 30 * 24 * 12 + 30 * 24
    # Two queues, five pollers, three receives a minute.
    assert found["SQS, nearly all of it while idle"] == 2 * 5 * 3 * 60 * 24 * 30
    assert found["Data to publishers"] == pytest.approx(720 * 1e-6)  # hourly, 1 kB each
    assert found["S3, after 12 months"] == pytest.approx(30 * 12 * 30e-6)  # 30 kB an item
    # 8640 looks of 2 writes, 720 leases with what is lifted, 30 items with listings and front,
    # 720 hours of 12, and on 30 days the page about the host.
    writes = 8640 * 2 + 720 * 2 + 30 * (7 + 6 + 3) + 720 * 12 + 30 * 2
    assert found["S3, writes and lists"] == writes
    assert found["CloudFront, requests"] == 200


def test_shards_are_turns_of_their_own() -> None:
    one = Configuration(mirror=a_mirror(), feeds=feeds(100, timedelta(hours=1)))
    many = replace(one, mirror=a_mirror(shards=4))

    assert quantities(one)["Lambda, calls"] + 4 * 8640 == quantities(many)["Lambda, calls"]
    receives = "SQS, nearly all of it while idle"
    assert quantities(one)[receives] + 3 * 4 * 8640 == quantities(many)[receives]


@settings(deadline=None)
@given(
    count=st.integers(0, 300),
    shards=st.sampled_from([1, 2, 50]),
    more=st.sampled_from(["items_a_day", "views", "mails", "months"]),
    by=st.integers(1, 100_000),
)
def test_more_of_anything_never_costs_less(count: int, shards: int, more: str, by: int) -> None:
    configuration = Configuration(mirror=a_mirror(shards=shards), feeds=feeds(count))
    usual = Traffic()
    larger = replace(usual, **{more: getattr(usual, more) + by})
    one, other = bill(configuration, usual, PRICES), bill(configuration, larger, PRICES)

    assert total(one) <= total(other)
    assert total(one) <= list_total(one)
    further = replace(configuration, feeds=feeds(count + 1))
    assert total(one) <= total(bill(further, usual, PRICES))


def test_a_month_has_thirty_days() -> None:
    assert timedelta(days=30) == MONTH
