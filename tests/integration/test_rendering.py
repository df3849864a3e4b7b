"""What is rendered: what changed, once, and nothing else."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from feedmirror.layout import state_key
from feedmirror.publishing.templating import Templates
from world import Documents, World, entry, rss

DATED = "<pubDate>Sun, 22 Nov 2026 {:02}:00:00 GMT</pubDate>"
BUILT = "<lastBuildDate>Sun, 22 Nov 2026 {:02}:00:00 GMT</lastBuildDate>"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Documents() as documents:
        yield World(tmp_path, documents)


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what is rendered, by template; every credit counts as one."""
    count = Counter[str]()
    render, credit = Templates.render, Templates.credit

    def note_render(self: Templates, name: str, context: Mapping[str, Any]) -> str:
        count[name] += 1
        return render(self, name, context)

    def note_credit(self: Templates, language: str | None, context: Mapping[str, Any]) -> str:
        count["credit"] += 1
        return credit(self, language, context)

    monkeypatch.setattr(Templates, "render", note_render)
    monkeypatch.setattr(Templates, "credit", note_credit)
    return count


def dated(hour: int) -> str:
    """Return a document that was built, and its entries published, at an hour."""
    entries = (entry(number, more=DATED.format(hour)) for number in range(5))
    return rss(*entries, extra=BUILT.format(hour))


def test_each_item_is_rendered_once_and_shown_by_its_page_and_three_lists(
    world: World, rendered: Counter[str]
) -> None:
    world.serve(rss(*(entry(number) for number in range(120))))

    world.run()

    of_items = {name: rendered[name] for name in ("item.html", "credit", "entry.xml")}
    assert of_items == {"item.html": 120, "credit": 120, "entry.xml": 120}
    # The host's latest, its month, and the front.
    assert (rendered["listing.html"], rendered["feed.xml"]) == (3, 3)


def test_where_only_dates_move_nothing_is_rendered_and_nothing_put(
    world: World, rendered: Counter[str]
) -> None:
    world.serve(dated(1))
    world.run()
    world.later()
    world.serve(dated(2))
    requests = world.watch()
    rendered.clear()

    report = world.run()

    assert (report.polled, report.unchanged, report.created, report.updated) == (1, 0, 0, 0)
    assert rendered == Counter()
    assert {key for key in requests.done if key != state_key(0)} == set()


def test_an_edit_renders_one_item_and_the_lists_that_show_it(
    world: World, rendered: Counter[str]
) -> None:
    others = [entry(number) for number in range(1, 30)]
    world.serve(rss(entry(0), *others))
    world.serve(rss(entry("x", link="https://other.example/x")), "/2", site="https://other.example")
    world.run()
    world.later()
    world.serve(rss(entry(0, title="Corrected", text="Better text."), *others))
    requests = world.watch()
    rendered.clear()

    report = world.run()

    assert report.updated == 1
    of_item, of_lists = {"item.html": 1, "credit": 1}, {"listing.html": 3, "feed.xml": 3}
    # Each entry of three lists: the host's own thirty, and the front's one of the other host.
    assert rendered == {**of_item, **of_lists, "entry.xml": 31}
    pages = [key for key in requests.done if key.endswith(("html", "xml", "feed.json"))]
    assert len(pages) == len(set(pages)) == 1 + 3 * 3
    assert not [key for key in pages if key.startswith("other.example/")]
