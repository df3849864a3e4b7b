"""One machine's mirror: the real handler over the embedded store, and the site as files."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.adapters.workers import InOrder
from feedmirror.configuration import Configuration
from feedmirror.configuration_file import write_configuration
from feedmirror.layout import CONFIGURATION
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore
from feedmirror.settings import use_embedded_store
from feedmirror.wiring.mirror import Stores

STORE = "store.sqlite"
SITE = "site"
_FOLDER_LINK = re.compile(rb'(<a\b[^>]*\bhref="(?!https?:|mailto:|#)[^"]*/)(")')


@dataclass(frozen=True, slots=True)
class Unhurried:
    """A Lambda context for a machine that has all the time there is."""

    function_name: str = "feedmirror-local"

    def get_remaining_time_in_millis(self) -> int:
        """Return the longest time that Lambda itself would give: 15 minutes."""
        return 15 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Machine:
    """A mirror in a folder: ``store.sqlite`` holds the buckets, ``site/`` what can be opened."""

    folder: Path

    @property
    def site(self) -> Path:
        """The folder that the site is exported to."""
        return self.folder / SITE

    @property
    def store(self) -> Path:
        """The file that holds the buckets."""
        return self.folder / STORE

    def handle(self, event: Mapping[str, Any], *, allowed_networks: str = "") -> dict[str, Any]:
        """Run the mirror function over this store, as Lambda would run it."""
        from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- only where it is run

        use_embedded_store(self.store, allowed_networks=allowed_networks)
        return handler(dict(event), Unhurried())

    def bucket(self, name: str) -> ObjectStore:
        """Open one bucket of the embedded store."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return SqliteStore(self.store, name)

    def stores(self) -> Stores:
        """Open the buckets that the mirror function uses."""
        names = ("archive", "site", "ledger")
        archive, site, ledger = (self.bucket(name) for name in names)
        return Stores(archive, site, ledger, InOrder())

    def configure(self, configuration: Configuration) -> None:
        """Put the operator's file, as an operator's upload would."""
        archive = self.bucket("archive")
        content = Content(write_configuration(configuration).encode(), "application/toml")
        while True:
            found = archive.get(CONFIGURATION)
            if found is not None and found.content.body == content.body:
                return
            try:
                archive.put(CONFIGURATION, content, replaces=found.etag if found else None)
            except LostConditionError:
                continue
            return

    def export_site(self) -> int:
        """Write the site's objects as files that a browser opens; return how many there are.

        Links to folders are completed by ``index.html``, as the CDN does for its readers.
        """
        site = self.bucket("site")
        count = 0
        shutil.rmtree(self.site, ignore_errors=True)
        for summary in site.list(""):
            found = site.get(summary.key)
            if found is None:
                continue
            path = self.site / summary.key
            path.parent.mkdir(parents=True, exist_ok=True)
            body = found.content.body
            if found.content.content_type.startswith("text/html"):
                body = _FOLDER_LINK.sub(rb"\1index.html\2", body)
            path.write_bytes(body)
            count += 1
        return count
