"""Each rule of a good guest is named by a test that holds it."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
RULES = {
    "V1": "validators are opaque, and taken from every answer, also under a known body",
    "V2": "a body decides whether something is new; a frozen ETag hides nothing",
    "V3": "validators are kept last, and dropped with the address or an unread document",
    "V4": "nothing invented is sent; polls count from the last attempt, also over a restart",
    "V5": "a 226 is read, and proves no absence",
    "V6": "body, time and redirects are bounded, and each hop's address is looked at",
    "S1": "the wait follows from how often the feed brings something",
    "S2": "a feed that has gone quiet is asked ever less",
    "S3": "what changed is asked sooner again, what did not later",
    "S4": "the publisher's hints count, and polls are spread a little, always later",
    "S5": "errors back off, never for ever; Retry-After is a floor",
    "S6": "the bounds, the days and hours to skip, and the reason",
    "D1": "the target is where the permanent run ends; a temporary first hop never moves",
    "D2": "the target has to be a feed with entries",
    "D3": "from http to https at the same place: at once",
    "D4": "otherwise when the same target was seen for seven days",
    "D5": "or when the old address is gone",
    "D6": "a target that is mirrored already is merged",
    "D7": "nothing of an item's identity hangs on where its feed is asked",
    "D8": "itunes:new-feed-url is a claim like a 301",
    "U1": "at:deleted-entry reaches the feed's own entries only",
    "U2": "what is missing from the middle of the window has been taken out",
    "U3": "and the guards of it",
    "U4": "of a complete feed, what is not listed is gone",
}
NAMED = re.compile(r"\b([VSDU])([1-8])(?:\s*[-–]\s*[VSDU]([1-8]))?\b")
# S3 alone is Amazon's, unless it is called a rule or has a colon behind it.
THE_RULE_S3 = re.compile(r"\brules? (?:[VSDU]\d\W+(?:and )?)*S3\b|\bS3:", re.IGNORECASE)


@cache
def rules_named() -> frozenset[str]:
    """Return the rules that a test names, in its name or docstring, or in its module's."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        if path == Path(__file__):
            continue
        text = path.read_text()
        if not NAMED.search(text):
            continue
        module = ast.parse(text)
        found.update(rules_in(ast.get_docstring(module) or ""))
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found.update(rules_in(node.name.replace("_", " ").upper()))
                found.update(rules_in(ast.get_docstring(node) or ""))
    return frozenset(found)


def rules_in(text: str) -> Iterator[str]:
    """Yield the rules that a text names, each of ``V1-V3``."""
    for kind, first, last in NAMED.findall(text):
        if last or (kind, first) != ("S", "3") or THE_RULE_S3.search(text):
            yield from (f"{kind}{number}" for number in range(int(first), int(last or first) + 1))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_named_by_a_test_that_holds_it(rule: str) -> None:
    assert rule in rules_named(), f"no test holds {rule}: {RULES[rule]}"


def test_amazon_is_not_taken_for_a_rule() -> None:
    assert set(rules_in("S3, behind a rule, answers 404")) == set()
    assert set(rules_in("S1-S4, and S3: sooner")) == {"S1", "S2", "S3", "S4"}
    assert set(rules_in("What an answer means (rules V1-V3, S3)")) == {"V1", "V2", "V3", "S3"}
