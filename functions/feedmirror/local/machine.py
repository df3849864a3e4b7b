"""One machine's mirror: the real handler over the embedded store, and the site as files."""

import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedmirror.adapters.outbox import OUTBOX
from feedmirror.adapters.sqlite import SqliteStore
from feedmirror.configuration import Configuration
from feedmirror.configuration_file import write_configuration
from feedmirror.layout import CONFIGURATION
from feedmirror.local.arrivals import mail_id
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore
from feedmirror.settings import read_networks, use_embedded_store

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

    def enter(self) -> None:
        """Point this process's functions at this store; what may be fetched stays as it is."""
        networks = " ".join(str(network) for network in read_networks())
        use_embedded_store(self.store, allowed_networks=networks)

    def handle(self, event: Mapping[str, Any], *, allowed_networks: str = "") -> dict[str, Any]:
        """Run the mirror function over this store, as Lambda would run it."""
        from feedmirror.handlers.mirror import handler  # noqa: PLC0415 -- only where it is run

        use_embedded_store(self.store, allowed_networks=allowed_networks)
        return handler(dict(event), Unhurried())

    def takedown(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Run the takedown function over this store, as Lambda would run it."""
        from feedmirror.handlers.takedown import handler  # noqa: PLC0415 -- only where it is run

        use_embedded_store(self.store)
        return handler(dict(event), Unhurried())

    def arrive(self, mail: bytes) -> str:
        """Put a mail where Amazon SES would, and return the id that SES would give it."""
        ses_id = mail_id(mail)
        with suppress(LostConditionError):  # it arrived before
            content = Content(mail, "message/rfc822")
            self.bucket("mail").put(f"inbound/{ses_id}", content, replaces=None)
        return ses_id

    def sent(self) -> list[bytes]:
        """Return the mails that the takedown function has written, oldest first."""
        mail = self.bucket("mail")
        found = (mail.get(summary.key) for summary in mail.list(OUTBOX))
        return [stored.content.body for stored in found if stored]

    def bucket(self, name: str) -> ObjectStore:
        """Open one bucket of the embedded store."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds mails
        return SqliteStore(self.store, name)

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
        self.remove_export()
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

    def remove_export(self) -> None:
        """Remove the site's files; the store has what they were made of."""
        shutil.rmtree(self.site, ignore_errors=True)
