"""Every message that an operator may see, collected from the source.

A message is what is given to an error of ours or of click, to a log line, to an alarm, or to one of
the few functions that keep an error for later. What is filled in stands as "…".
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path

from feedmirror.jobs.auditing.audit_report import Kind, Note
from reference.markdown import code, table

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "functions" / "feedmirror"
_HOLE = "…"
_PLACEHOLDER = re.compile(r"\{\w+\}")

# Calls that carry a message, by the last part of their name: errors end in Error.
_ERRORS_OF_CLICK = {"ClickException", "UsageError", "BadParameter"}
_LINES = {"alarm", "complain", "error", "exit", "info", "warning"}
_KEPT = {"Failure", "Finding", "Problem", "fail", "failed", "refuse", "unreadable"}
_KEPT |= {"_unavailable", "unavailable", "_unusable"}
# What click prints of an error by its own words.
_PRINTED = "click.echo"
# Tables of a module whose values stand in messages.
_TABLES = {"_HINTS", "_SAYINGS"}
# Faults of the code, or of one part to another; nobody is shown what they say.
_INTERNAL = {"AssertionError", "KeyError", "LostConditionError", "TimeoutError", "TypeError"}
# Where a ValueError's text is shown to whoever wrote the value.
_VALUES_ARE_SHOWN = ("configuration_values.py", "cli/")


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """One message, and the module that it comes from."""

    module: str
    text: str


@dataclass(frozen=True, slots=True)
class Area:
    """Some modules whose messages are met at one place, and what to do about them there."""

    title: str
    begins: tuple[str, ...]
    advice: str


# The first area that a module belongs to is its own; the last takes what is new.
AREAS = (
    Area(
        "The operator's file",
        ("configuration", "opml"),
        "Printed by the command that read the file, or told by the log and `make finish`, with the"
        " line in front. The message ends in what would be right; until it is mended the last good"
        " file stays in force.",
    ),
    Area(
        "The environment",
        ("settings",),
        "Set the variable as the message says; [infra/](../infra/README.md) has a command that"
        " prints all of them, and `--local` needs none.",
    ),
    Area(
        "The command line",
        ("cli/", "local/"),
        "Printed on stderr, with exit status 1, or 2 where the command was not understood. The"
        " message names what was given and what is there.",
    ),
    Area(
        "A feed that cannot be polled or read",
        (
            "adapters/decoding",
            "adapters/fetching",
            "adapters/targets",
            "adapters/transfers",
            "mirroring/",
        ),
        "Kept with the feed and told by the run's report and by `feedmirror check URL`. Mostly it"
        " passes, or the publisher has to mend it: the feed is asked again later, and what was"
        " mirrored stays. If it does not pass, `feedmirror check` tells whether the address has"
        " changed.",
    ),
    Area(
        "The log",
        ("adapters/telemetry",),
        "Each call has one line, `mirrored` or `takedown`, with its report; the others are errors"
        " and say why. [infra/](../infra/README.md#when-an-alarm-rings) says what to do.",
    ),
    Area(
        "Findings of the audit",
        ("jobs/auditing/",),
        "Printed by `feedmirror audit` behind what is wrong (below), with the bucket and the key.",
    ),
    Area(
        "Stores and services",
        ("adapters/",),
        "AWS, the embedded store, DNS or the network did not do what was asked. The work is tried"
        " again by itself. A refusal (AccessDenied) does not pass: the role or the bucket's policy"
        " is not the template's any more, so deploy again.",
    ),
    Area(
        "What is stored and cannot be read",
        ("records", "suppression", "layout", "migrations", "publishing/", "takedowns/"),
        "An object is not what this version writes: it was made by a later version, or by"
        " hand. Nothing is shown on the strength of it. `feedmirror audit` names the key; put back"
        " what was there before.",
    ),
    Area(
        "Runs, queues and alarms",
        ("",),
        "In the log, the report, or the operator's mail. What to do is in the message, or with its"
        " alarm in [infra/](../infra/README.md#when-an-alarm-rings).",
    ),
)


# What to do about each kind of finding.
_FINDINGS = {
    Kind.COVERED_RECORD: "the takedown function's hour takes it down; find out who put it there",
    Kind.COVERED_PAGE: "the same",
    Kind.COVERED_ENTRY: "the same",
    Kind.COVERED_HOST: "the same",
    Kind.COVERED_FEED: "the same",
    Kind.PAGE_WITHOUT_RECORD: "nobody but the mirror writes the site: take the object out by hand",
    Kind.STAYS_HIDDEN: "the hour carries its case on; if it stays, the log says why",
    Kind.OLD_COPY: "the mail bucket's lifecycle is not the template's any more: deploy again",
    Kind.PRIVATE_COPY: "take the object out by hand",
    Kind.CASE_WITHOUT_OUTCOME: "the hour carries it on; if it stays, the log says why",
    Kind.MAIL_WITHOUT_CASE: "the hour takes it up; if it stays, the log says why",
    Kind.DELETED: "remove the delete marker, or load a backup; find out who deletes there",
    Kind.CHANGED: "compare the versions, and put back the first",
    Kind.OLD_VERSIONS: "deploy again with versioning off, and delete the old versions by hand",
    Kind.UNREADABLE: "put back what was there before, or take out what is not ours",
}


def findings() -> str:
    """Return what the audit may find, and what to do about it; and what it only notes."""
    rows = [(kind, _FINDINGS[kind]) for kind in Kind]
    notes = [(note, "no fault: nothing is to be done") for note in Note]
    return table(("what is wrong", "what to do"), [*rows, *notes])


def every_message() -> str:
    """Return all messages by area and module."""
    parts = []
    found = sorted(collected())
    for area in AREAS:
        own = [message for message in found if area_of(message.module) is area]
        if not own:
            continue
        parts += [f"## {area.title}", area.advice]
        rows = [
            ("" if index else code(module), each.text)
            for module, messages in groupby(own, key=lambda message: message.module)
            for index, each in enumerate(messages)
        ]
        parts.append(table(("in", "message"), rows))
    return "\n\n".join(parts)


def area_of(module: str) -> Area:
    """Return the area of a module."""
    return next(area for area in AREAS if module.startswith(area.begins))


def collected() -> set[Message]:
    """Return every message of the package."""
    return {
        Message(path.relative_to(PACKAGE).as_posix().removesuffix(".py"), text)
        for path in PACKAGE.rglob("*.py")
        for text in messages_of(path.read_text(), path.relative_to(PACKAGE).as_posix())
    }


def messages_of(source: str, name: str) -> Iterator[str]:
    """Yield the messages of a module."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    returned = {f"{function.name}()": _returned(function) for function in functions}
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in _TABLES:
            assert isinstance(node.value, ast.Dict)
            for value in node.value.values:
                yield from (_PLACEHOLDER.sub(_HOLE, text) for text in _alternatives(value, {}))
    for function in functions:
        known = {**returned, **_texts_by_name(function)}
        for call in _own_nodes(function):
            if isinstance(call, ast.Call) and _carries(call, name):
                yield from _texts(call, known)


def _returned(function: ast.FunctionDef) -> list[str]:
    """Return the texts that a function gives back."""
    known = _texts_by_name(function)
    given = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    return [text for value in given if value for text in _alternatives(value, known)]


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yield what stands in a function, but not in a function within it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef):
            waiting += ast.iter_child_nodes(node)


def _carries(call: ast.Call, module: str) -> bool:
    whole = ast.unparse(call.func)
    name = whole.rpartition(".")[2]
    if whole == _PRINTED:
        return any(word.arg == "err" for word in call.keywords)
    if whole.endswith("problems.append"):
        return True
    if name == "ValueError":
        return module.startswith(_VALUES_ARE_SHOWN)
    is_error = name.endswith("Error") and name not in _INTERNAL
    return is_error or name in _ERRORS_OF_CLICK | _LINES | _KEPT


def _texts_by_name(function: ast.FunctionDef) -> dict[str, list[str]]:
    """Return the texts that names stand for in a function."""
    known: dict[str, list[str]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            known.setdefault(node.targets[0].id, []).extend(_or_hole(node.value, {}))
    return known


def _texts(call: ast.Call, known: dict[str, list[str]]) -> Iterator[str]:
    """Yield what a call says: its texts in a row, each way in which they may come out."""
    given = [*call.args, *(word.value for word in call.keywords if word.arg in {"text", "hint"})]
    ways = [list(_alternatives(each, known)) for each in given]
    said = [texts for texts in ways if set(texts) - {_HOLE}]
    for count in range(max(map(len, said), default=0)):
        text = ": ".join(found[min(count, len(found) - 1)] for found in said)
        text = re.sub(r"…+", _HOLE, _PLACEHOLDER.sub(_HOLE, text))
        if any(letter.isalpha() for letter in text.removeprefix("feedmirror: ")):
            yield text


def _alternatives(node: ast.expr, known: dict[str, list[str]]) -> Iterator[str]:
    """Yield the texts that an expression may be; none if it is no text that stands here."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield from _in_a_row(parts, known)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from _in_a_row([left, right], known)
        case ast.IfExp(body=one, orelse=other):
            yield from (*_or_hole(one, known), *_or_hole(other, known))
        case ast.Name(id=name):
            yield from known.get(name, [])
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            yield from known.get(f"{name}()", [])
        case _:
            pass


def _in_a_row(parts: Iterable[ast.expr], known: dict[str, list[str]]) -> Iterator[str]:
    """Yield what may come of parts that stand behind each other; what is not known is a hole."""
    values = (part.value if isinstance(part, ast.FormattedValue) else part for part in parts)
    yield from map("".join, product(*(_or_hole(value, known) for value in values)))


def _or_hole(node: ast.expr, known: dict[str, list[str]]) -> list[str]:
    return list(_alternatives(node, known)) or [_HOLE]
