"""Hostile markup in a real browser: each line of defence alone lets nothing run, and nothing load.

The suite opens the vectors of ``hostile_markup``. With FEEDMIRROR_TEST_VECTORS=1 every text of the
public collections is opened as well (with 8, each eighth), and what they did is told.
"""

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from chromium import PROGRAM
from feedmirror.configuration import Images
from feedmirror.local.serving.site import SECURITY_HEADERS
from hostile_markup import LEAVING, VECTORS
from hostile_pages import items_of, listed, published, raw, together, without_policy
from markup_lab import Lab, Seen
from needed import missing
from vector_sets import public_vectors

STRIDE = int(os.environ.get("FEEDMIRROR_TEST_VECTORS", "0"))  # through the public ones; 0 is none
A_PAGE = 12  # cleaned texts that share a page: none changes what follows it
_HINT = re.compile("rel[^>]*(prefetch|preload|preconnect)", re.IGNORECASE)
_REFRESH = re.compile("http-equiv[^>]*refresh", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Way:
    """Texts on pages, and what they did there, by the number of each."""

    texts: Sequence[str]
    seen: Seen

    def found(self, kind: Mapping[int, set[str]]) -> dict[str, set[str]]:
        """Return what pages did, by what they show."""
        return {self.texts[page] if page >= 0 else "unknown": what for page, what in kind.items()}


@pytest.fixture(autouse=True)
def _browser() -> None:
    if not PROGRAM.exists():
        missing("chromium is not installed")


def opened(folder: Path, texts: Sequence[str], pages: Sequence[bytes]) -> Way:
    with Lab(folder) as lab:
        return Way(texts, lab.open(pages))


def without_defence(folder: Path, texts: Sequence[str]) -> Way:
    chosen = texts if STRIDE else texts[::11]
    return opened(folder, chosen, without_policy(raw(chosen)))


def by_the_allowlist(folder: Path, texts: Sequence[str]) -> Way:
    """Open several on a page, and each on its own only if one of them did anything."""
    pages = without_policy(published(items_of(texts)))
    seen = opened(folder / "together", texts, together(pages, A_PAGE)).seen
    if seen.executed or seen.loaded or seen.hints or seen.odd_links or seen.stuck:
        return opened(folder, texts, pages)
    return Way(texts, seen)


def by_the_policy(folder: Path, texts: Sequence[str]) -> Way:
    chosen = texts if STRIDE else [*texts[::4], *LEAVING]
    return opened(folder, chosen, raw(chosen))


def table(sets: Mapping[str, Sequence[str]], ways: Iterable[Way]) -> str:
    """Return how many texts of each collection ran a script, and how many loaded something."""
    kinds = [kind for way in ways for kind in (way.seen.executed, way.seen.loaded)]
    rows: list[list[str]] = []
    for name, texts in {**sets, "all": [text for each in sets.values() for text in each]}.items():
        first = 0 if name == "all" else sum(int(row[1]) for row in rows)
        of_set = {*range(first, first + len(texts))}
        counts = [str(len(of_set & kind.keys())) for kind in kinds]
        rows.append([name, str(len(texts)), *counts])
    heads = [
        f"{did}: {way}" for way in ("neither", "allowlist", "policy") for did in ("ran", "loaded")
    ]
    lines = [["collection", "texts", *heads], ["---"] * (2 + len(heads)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def test_each_line_of_defence_alone_lets_nothing_run_and_nothing_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    public = public_vectors() if STRIDE else {}
    sets = {"ours": VECTORS, **{name: texts[::STRIDE] for name, texts in public.items()}}
    texts = [text for of_set in sets.values() for text in of_set]

    with ThreadPoolExecutor(2) as pool:
        bare, cleaned, policed = pool.map(
            lambda way: way(tmp_path / way.__name__, texts),
            (without_defence, by_the_allowlist, by_the_policy),
        )
    if STRIDE:
        with capsys.disabled():
            sys.stdout.write(f"\n{table(sets, (bare, cleaned, policed))}\n")

    assert len(bare.seen.executed) > len(bare.texts) // 4  # else this browser proves nothing
    assert bare.seen.loaded
    assert cleaned.found(cleaned.seen.executed) == {}
    assert cleaned.found(cleaned.seen.loaded) == {}
    assert cleaned.found(cleaned.seen.hints) == {}
    assert cleaned.found(cleaned.seen.odd_links) == {}
    assert cleaned.seen.images  # which the operator allows: what would load is loaded
    assert not cleaned.seen.stuck
    assert policed.found(policed.seen.executed) == {}
    assert not policed.seen.stuck
    # A hint is let through where any kind of load would be, here an image's by https (CSP Level 3).
    assert all(_HINT.search(text) for text in policed.found(policed.seen.hints))
    # That a page goes elsewhere by itself is the one thing that no policy in a page forbids.
    went = policed.found(policed.seen.loaded)
    assert went.keys() >= set(LEAVING)
    assert {text for text in went if not _REFRESH.search(text)} == set()


def test_lists_and_feeds_of_hostile_items_let_nothing_run_and_nothing_load(tmp_path: Path) -> None:
    batches = [
        listed(items_of(VECTORS[first : first + 50])) for first in range(0, len(VECTORS), 50)
    ]
    lists = without_policy(files["index.html"] for files in batches)
    feeds = [files["feed.xml"] for files in batches]

    way = opened(tmp_path, ["list"] * len(lists) + ["feed"] * len(feeds), [*lists, *feeds])

    assert way.found(way.seen.executed) == {}
    assert way.found(way.seen.loaded) == {}
    assert way.found(way.seen.odd_links) == {}
    assert not way.seen.stuck


def test_an_operator_without_images_has_pages_that_ask_nobody_for_anything(tmp_path: Path) -> None:
    texts = ["<link rel=prefetch href=https://b.example/a>", "<img src=https://b.example/a.png>"]

    with_images, without = (
        opened(tmp_path / images, texts, raw(texts, images)).seen for images in Images
    )

    assert (set(with_images.hints), set(with_images.images)) == ({0}, {1})
    assert (without.hints, without.images, without.loaded) == ({}, {}, {})


def test_the_headers_keep_a_page_from_going_elsewhere_by_itself(tmp_path: Path) -> None:
    """The distribution's header has a sandbox, which a page's own policy cannot."""
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    framed = {"Content-Security-Policy": policy.replace("frame-ancestors 'none'; ", "")}
    texts = [*LEAVING, "<script>alert(1)</script>", "<img src=https://b.example/a.png>"]

    with Lab(tmp_path, framed) as lab:
        seen = lab.watch(without_policy(raw(texts)), seconds=2)

    assert (seen.executed, seen.loaded) == ({}, {})
    assert set(seen.images) == {len(texts) - 1}
