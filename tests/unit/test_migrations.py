"""Stored forms move on: steps are applied when something is read, and nothing newer is guessed at.

The real steps are none yet, so a schema 2 is made up here and given as an argument.
"""

import json
from typing import Any

import pytest

from builders import a_rule, a_tombstone, an_item
from feedmirror.migrations import Fields, NewerSchemaError, migrated, newest_schema
from feedmirror.records import (
    RecordNewerError,
    RecordUnreadableError,
    record_from_json,
    record_to_json,
)
from feedmirror.suppression import RuleUnreadableError, rule_from_json, rule_to_json
from feedmirror.takedowns.casework.cases import CaseUnreadableError, case_from_json


def shouted(fields: Fields) -> Fields:
    """Lead to a made-up schema 2: titles are in capitals."""
    return {**fields, "title": fields["title"].upper()}


def marked(fields: Fields) -> Fields:
    """Lead to a made-up schema 3: titles end in a mark."""
    return {**fields, "title": f"{fields['title']}!"}


STEPS = {1: shouted, 2: marked}


@pytest.mark.parametrize(("schema", "title"), [(1, "A STORY!"), (2, "A story!"), (3, "A story")])
def test_a_record_of_every_earlier_schema_is_read_as_the_newest(schema: int, title: str) -> None:
    stored = {**json.loads(record_to_json(an_item(title="A story"), "aa")), "schema": schema}

    read = record_from_json(json.dumps(stored).encode(), STEPS)

    assert read == an_item(title=title)


def test_without_steps_there_is_one_schema_and_it_is_written() -> None:
    assert newest_schema({}) == 1
    assert newest_schema(STEPS) == 3
    assert json.loads(record_to_json(a_tombstone(), "aa"))["schema"] == 1


def test_a_step_gets_what_was_stored_and_changes_nothing_of_it() -> None:
    stored = {"schema": 1, "title": "a"}

    assert migrated(stored, STEPS) == {"schema": 3, "title": "A!"}
    assert stored == {"schema": 1, "title": "a"}


def test_what_a_later_feedmirror_wrote_is_not_read_and_says_what_to_do() -> None:
    stored = {**json.loads(record_to_json(an_item(), "aa")), "schema": 4}

    with pytest.raises(RecordNewerError, match=r"schema 4, .* knows 3: upgrade"):
        record_from_json(json.dumps(stored).encode(), STEPS)


@pytest.mark.parametrize("schema", [0, -1, "1", 1.0, True, None])
def test_a_schema_that_there_never_was_is_no_newer_one(schema: Any) -> None:  # noqa: ANN401 -- JSON
    stored = {**json.loads(record_to_json(an_item(), "aa")), "schema": schema}

    with pytest.raises(RecordUnreadableError, match="there is no schema") as caught:
        record_from_json(json.dumps(stored).encode(), STEPS)
    assert not isinstance(caught.value, RecordNewerError)


def test_a_step_that_fails_is_a_fault_of_the_record() -> None:
    stored = {"schema": 1, "kind": "item"}

    with pytest.raises(RecordUnreadableError, match="title"):
        record_from_json(json.dumps(stored).encode(), STEPS)


def test_a_rule_of_a_later_schema_is_never_taken_for_one_that_is_understood() -> None:
    stored = {**json.loads(rule_to_json(a_rule("k"))), "schema": 2}

    with pytest.raises(RuleUnreadableError, match="upgrade feedmirror"):
        rule_from_json(json.dumps(stored).encode())


def test_a_case_of_a_later_schema_says_what_to_do() -> None:
    stored = {"schema": 2, "id": "x", "events": [{"event": "seen", "at": "2026-11-28"}]}

    with pytest.raises(CaseUnreadableError, match="upgrade feedmirror"):
        case_from_json(json.dumps(stored).encode())


def test_newer_and_older_are_told_apart_by_the_number_alone() -> None:
    with pytest.raises(NewerSchemaError, match="of schema 2, and this feedmirror knows 1"):
        migrated({"schema": 2}, {})
