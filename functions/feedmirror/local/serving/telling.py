"""What `serve` says of what happens: one line a thing, and nothing where nothing happened."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

_DONE = (
    ("created", "stored"),
    ("updated", "updated"),
    ("restored", "shown again"),
    ("suppressed", "kept out by rules"),
)


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong just now, by what it is about: told as it begins, and forgotten as it ends."""

    tell: Callable[[str], object]
    _present: dict[str, frozenset[str]] = field(default_factory=dict, init=False, repr=False)
    _one_at_a_time: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def now(self, about: str, faults: Iterable[str] = ()) -> None:
        """Note what is wrong with something, or that nothing is; tell what is new."""
        found = frozenset(faults)
        with self._one_at_a_time:
            known = frozenset().union(*self._present.values())
            self._present.pop(about, None)
            if found:
                self._present[about] = found
        for fault in sorted(found - known):
            self.tell(fault)


def poll_line(report: Mapping[str, Any]) -> str | None:
    """Return what a run of the mirror brought, or None if it brought nothing."""
    done = [f"{report[name]} {words}" for name, words in _DONE if report.get(name)]
    polled = report.get("polled", 0)
    if not done:
        return None
    feeds = "1 feed" if polled == 1 else f"{polled} feeds"
    return f"polled {feeds}: {', '.join(done)}"


def fault_lines(report: Mapping[str, Any]) -> frozenset[str]:
    """Return what a run of the mirror found wrong."""
    failures = {f"{each['feed']}: {each['what']}" for each in report.get("failures", ())}
    refused = report.get("refused_configuration")
    return frozenset(
        failures | ({f"the configuration is refused: {refused}"} if refused else set())
    )


def hour_line(hour: Mapping[str, Any]) -> str | None:
    """Return what the takedown function's hour did, or None if that is nothing to tell."""
    counted = [
        f"{hour[name]} {words}"
        for name, words in (
            ("cases", "cases carried on"),
            ("lapsed", "lapsed"),
            ("mails", "mails taken up"),
            ("repaired", "items taken down again"),
        )
        if hour.get(name)
    ]
    told = [*counted, *hour.get("problems", ())]
    return f"hourly look: {', '.join(told)}" if told else None


def case_line(told: Mapping[str, Any]) -> str:
    """Return what became of a mail."""
    if not told:
        return "mail: nothing to do"
    row = f" (row {told['row']} of the table)" if told.get("row") else ""
    return f"mail: case {told['case']} is {told['state']}{row}"
