"""Breadth-first search of all states, so that what it finds is the shortest story."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to: how much it has seen, and the shortest way to what must not be."""

    states: int
    depth: int
    complete: bool
    problem: str = ""
    story: tuple[str, ...] = ()


class Search(Generic[S]):
    """A search of everything that can be reached from a state."""

    def __init__(
        self,
        moves: Callable[[S], Iterable[tuple[str, S]]],
        problem: Callable[[S], str],
        stuck: Callable[[S], str] = lambda _: "",
    ) -> None:
        """Search by ``moves``; ``problem`` says what is wrong with a state, if anything is.

        ``stuck`` says what is wrong with one that nothing follows.
        """
        self.moves, self.problem, self.stuck = moves, problem, stuck

    def run(self, start: S, *, most: int) -> Found:
        """Look at every state once, nearest first; give up behind ``most`` of them."""
        came: dict[S, S | None] = {start: None}
        layer, depth = [start], 0
        while layer:
            further: list[S] = []
            for state in layer:
                following = [after for _, after in self.moves(state)]
                problem = self.problem(state) or ("" if following else self.stuck(state))
                if problem:
                    story = self._story(state, came)
                    return Found(len(came), depth, complete=True, problem=problem, story=story)
                for after in following:
                    if after not in came:
                        came[after] = state
                        further.append(after)
            if len(came) > most:
                return Found(len(came), depth, complete=False)
            layer, depth = further, depth + 1
        return Found(len(came), depth - 1, complete=True)

    def _story(self, state: S, came: dict[S, S | None]) -> tuple[str, ...]:
        story: list[str] = []
        while (before := came[state]) is not None:
            story.append(next(words for words, after in self.moves(before) if after == state))
            state = before
        return tuple(reversed(story))
