"""The operator's file, read: a wrong one is refused and the last good one stays in force."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedmirror.addresses import digest
from feedmirror.configuration import Configuration
from feedmirror.configuration_file import ConfigurationError, parse_configuration
from feedmirror.layout import (
    CONFIGURATION,
    CONFIGURATIONS,
    LAST_GOOD_CONFIGURATION,
    PAUSED,
    TEMPLATES,
)
from feedmirror.ports.object_store import Content, LostConditionError, ObjectStore

if TYPE_CHECKING:
    from feedmirror.jobs.pausing import Pause


class NotConfiguredError(Exception):
    """There is no configuration, neither the operator's nor a last good one."""


@dataclass(frozen=True, slots=True)
class Configured:
    """The configuration in force, a digest of its text, and why a newer one was refused.

    While ``paused`` is there, the mirror stands still.
    """

    configuration: Configuration
    text: str
    mark: str
    refused: str = ""
    paused: "Pause | None" = None


@dataclass(frozen=True, slots=True)
class ReadConfiguration:
    """Reads ``config/mirror.toml`` from the archive; ``version`` is the software's."""

    archive: ObjectStore
    version: str

    def run(self) -> Configured:
        """Return the configuration in force; raises NotConfiguredError if there is none."""
        text = self._text(CONFIGURATION)
        refused = f"{CONFIGURATION} is missing"
        if text is not None:
            try:
                return self._configured(text)
            except ConfigurationError as error:
                refused = str(error)
        good = self._text(LAST_GOOD_CONFIGURATION)
        if good is None:
            raise NotConfiguredError(refused)
        return self._configured(good, refused=refused)

    def find(self) -> Configured | None:
        """Return the configuration in force, or None if there is none."""
        try:
            return self.run()
        except NotConfiguredError:
            return None

    def keep(self, configured: Configured) -> None:
        """Keep a configuration that was used as the last good one."""
        found = self.archive.get(LAST_GOOD_CONFIGURATION)
        body = configured.text.encode()
        if found is not None and found.content.body == body:
            return
        try:
            etag = found.etag if found else None
            content = Content(body, "application/toml; charset=utf-8")
            self.archive.put(LAST_GOOD_CONFIGURATION, content, replaces=etag)
        except LostConditionError:
            return  # another run keeps the same, or a newer one

    def _configured(self, text: str, *, refused: str = "") -> Configured:
        # One list tells of the templates and of the switch, so a mirror that runs pays for no more.
        listed = tuple(self.archive.list(CONFIGURATIONS))
        # A template of the operator's changes the site like a setting does.
        templates = (
            part
            for found in listed
            if found.key.startswith(TEMPLATES)
            for part in (found.key, found.etag)
        )
        mark = digest(self.version, text, *templates)
        thrown = any(found.key == PAUSED and found.size > 0 for found in listed)
        paused = self._pause() if thrown else None
        return Configured(parse_configuration(text), text, mark, refused, paused)

    def _pause(self) -> "Pause | None":
        from feedmirror.jobs.pausing import Switch  # noqa: PLC0415 -- only while it is thrown

        return Switch(self.archive).look()

    def _text(self, key: str) -> str | None:
        found = self.archive.get(key)
        return None if found is None else found.content.body.decode(errors="replace")
