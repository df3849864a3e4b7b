"""Mutations that know what they mutate: markup by tags, mails by lines, JSON by values."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

_MOST_REPEATED = 400
_MOST_PLACES = 5000
_PLAIN = 0.4  # of all mutations are the fuzzer's own
_DEEP, _LEVELS = 0.01, 3000
_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63,
    10**30,
    0.5,
    -1e308,
    float("inf"),
    float("nan"),
    "",
    " ",
    "\0",
    "\ud800",
    "\u202e",
    "x" * 300,
    "https://news.example.com/a",
    "http://[",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-11-03",
    "2026-11-03T10:30:00",
    "20261103T103000Z",
    [],
    {},
    [[]],
    [None],
    {"": None},
)


@dataclass(frozen=True, slots=True)
class Mutator:
    """Makes an input of another, the same one from the same seed.

    ``plain`` is the fuzzer's own mutation of bytes; ``others`` are inputs that pieces are taken
    from.
    """

    tokens: Sequence[bytes]
    grain: re.Pattern[bytes] | None
    others: Sequence[bytes]
    plain: Callable[[bytes, int], bytes]

    def __call__(self, data: bytes, longest: int, seed: int) -> bytes:
        """Return the mutated input, cut to a length."""
        chance = Random(seed)  # noqa: S311 -- a mutation is no secret
        if chance.random() < _PLAIN:
            return self.plain(data, longest)
        for _ in range(chance.choice((1, 1, 2, 4))):
            data = self._json(data, chance) if self.grain is None else self._pieces(data, chance)
            if len(data) > longest:
                break  # repeated again, 4 kB that were repeated 400 times would be gigabytes
        return data[:longest]

    def _pieces(self, data: bytes, chance: Random) -> bytes:
        pieces = self._taken_apart(data) or [b""]
        at = chance.randrange(len(pieces))
        end = min(len(pieces), at + chance.choice((1, 1, 2, 3, 8)))
        match chance.randrange(8):
            case 0:
                pieces[at:end] = []
            case 1:
                pieces[at:at] = pieces[at:end]
            case 2:
                pieces[at:end] = pieces[at:end] * chance.choice((2, 10, 100, _MOST_REPEATED))
            case 3:
                other = chance.randrange(len(pieces))
                pieces[at], pieces[other] = pieces[other], pieces[at]
            case 4 | 5 if self.tokens:
                pieces[at:at] = [chance.choice(self.tokens)]
            case 6 if self.tokens:
                token, whole = chance.choice(self.tokens), pieces[at]
                cut = chance.randrange(len(whole) + 1)
                pieces[at] = whole[:cut] + token + whole[cut + chance.choice((0, len(token))) :]
            case _:
                other_pieces = self._taken_apart(chance.choice(self.others)) or [b""]
                start = chance.randrange(len(other_pieces))
                pieces[at:end] = other_pieces[start : start + chance.choice((1, 3, 10))]
        return b"".join(pieces)

    def _taken_apart(self, data: bytes) -> list[bytes]:
        return [] if self.grain is None else self.grain.findall(data)

    def _json(self, data: bytes, chance: Random) -> bytes:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return self.plain(chance.choice(self.others), len(data) + 64)
        self._change(*chance.choice(_places(value)), chance)
        if chance.random() < _DEEP:
            return b"[" * _LEVELS + json.dumps(value).encode()
        return json.dumps(value, ensure_ascii=chance.random() < 0.5).encode(
            "utf-8", "surrogatepass"
        )

    def _change(self, holder: Any, key: Any, chance: Random) -> None:  # noqa: ANN401 -- JSON
        match chance.randrange(7):
            case 0:
                del holder[key]
            case 1 | 2:
                holder[key] = chance.choice(_VALUES)
            case 3 if self.tokens:
                holder[key] = chance.choice(self.tokens).decode("utf-8", "replace")
            case 4:
                holder[key] = [holder[key]] * chance.choice((1, 2, 50))
            case 5 if isinstance(holder, dict) and self.tokens:
                name = chance.choice(self.tokens).decode("utf-8", "replace")
                holder[name] = holder.pop(key)
            case _:
                text = holder[key]
                if isinstance(text, str):
                    at = chance.randrange(len(text) + 1)
                    sign = chr(
                        chance.choice((0, 10, 32, 45, 48, 64, 0x7F, 0x2028, 0xD800, 0x1F600))
                    )
                    holder[key] = text[:at] + sign + text[at + chance.randrange(3) :]
                else:
                    holder[key] = {"": text}


def _places(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 -- JSON
    """Return each place in some JSON that can be changed, as its holder and key."""
    found: list[tuple[Any, Any]] = []
    holders: list[Any] = [{"": value}]
    while holders and len(found) < _MOST_PLACES:
        holder = holders.pop()
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        found += ((holder, key) for key in keys)
        holders += (holder[key] for key in keys if isinstance(holder[key], dict | list))
    return found
