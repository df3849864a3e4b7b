"""The renderer of a call: built when it is first asked for, and once."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from builders import a_mirror
from feedmirror.configuration import Configuration
from feedmirror.layout import TEMPLATES
from feedmirror.ports.object_store import ObjectSummary
from feedmirror.wiring.stores import renderer_of
from memory_store import MemoryStore


class Slow(MemoryStore):
    """A store that takes its time to list, so that whoever asks meanwhile asks as well."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[str] = []

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectSummary]:
        self.listed.append(prefix)
        time.sleep(0.05)
        return super().list(prefix, after=after)


def test_threads_that_ask_first_at_once_have_one_renderer() -> None:
    archive = Slow()
    renderer = renderer_of(archive, Configuration(mirror=a_mirror(), feeds=()))
    assert archive.listed == []

    with ThreadPoolExecutor(8) as pool:
        built = list(pool.map(lambda _: renderer(), range(8)))

    assert len({id(each) for each in built}) == 1
    assert archive.listed == [TEMPLATES]
