"""The shape of every decision: pure `decide` and `evolve` over one stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Generic, TypeVar

from grenier.errors import Rejected as Rejected

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")


@dataclass(frozen=True)
class Decider(Generic[S, C, E]):
    """`category` names the streams (`<category>-<id>`); `initial` is the state of a stream without events.

    `decide(state, command)` answers the events to append (an empty list when the command was already carried out)
    or raises `Rejected`; `evolve(state, event)` cannot refuse, fail or look at a clock.
    """

    category: str
    initial: S
    decide: Callable[[S, C], Sequence[E]]
    evolve: Callable[[S, E], S]

    def fold(self, events: Iterable[E], state: S | None = None) -> S:
        return reduce(self.evolve, events, self.initial if state is None else state)

    def stream(self, key: str) -> str:
        return f"{self.category}-{key}"
