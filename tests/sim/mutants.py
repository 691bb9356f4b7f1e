"""The product, broken on purpose in the ways that matter; a simulation that does not notice is worth nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import msgspec

from grenier.carried_out import CarriedOut, Older
from grenier.handling import Folded, Handler, Trace
from grenier.log.protocol import WrongVersion
from grenier.projector import Projector
from grenier.runtime import Runtime


def forgets_commands() -> tuple[Any, str, Any]:
    """What the stream has carried out is not looked up: a repetition is decided again."""
    true = Handler._load_more

    def load_more(self: Handler, decider: Any, stream: str, folded: Folded) -> bool:
        found = true(self, decider, stream, folded)
        folded.commands = CarriedOut(stream, Older())
        return found

    def append(self: Handler, decider: Any, stream: str, folded: Folded, events: Any, trace: Trace) -> Any:
        answer = true_append(self, decider, stream, folded, events, trace)
        folded.commands = CarriedOut(stream, Older())
        return answer

    true_append = Handler._append
    return Handler, "_load_more", load_more, Handler, "_append", append  # type: ignore[return-value]


def new_id_for_each_try() -> tuple[Any, str, Any]:
    """A repetition comes under an id of its own."""
    true = Handler.execute

    def execute(self: Handler, decider: Any, key: str, command: Any, trace: Trace, *more: Any, **named: Any) -> Any:
        trace = msgspec.structs.replace(trace, command_id=str(uuid4()))
        return true(self, decider, key, command, trace, *more, **named)

    return Handler, "execute", execute


def policies_without_derived_ids() -> tuple[Any, str, Any]:
    """What follows from a fact follows again when the fact is delivered again."""
    true = Runtime._because

    def because(self: Runtime, fact: Any, step: str, group_id: str) -> Trace:
        return true(self, msgspec.structs.replace(fact, uuid=uuid4()), step, group_id)

    return Runtime, "_because", because


def position_beside_the_rows() -> tuple[Any, str, Any]:
    """The projector keeps its position in a transaction of its own, after that of the rows."""
    true = Projector._store_positions

    def apply(self: Projector, batch: Any, upto: int) -> None:
        with self._database.transaction() as connection:
            self._apply(connection, batch, upto, one_by_one=False)
        with self._database.transaction() as connection:
            true(self, connection, upto)
        self._positions = {name: max(position, upto) for name, position in self._positions.items()}

    return Projector, "_store_positions", lambda self, connection, upto: None, Projector, "apply", apply  # type: ignore[return-value]


def takes_everything_as_new() -> tuple[Any, str, Any]:
    """The projector applies what it has seen before once more."""

    def apply(self: Projector, batch: Any, upto: int) -> None:
        self._positions = {name: min([position, *(each.position - 1 for each in batch)])
                           for name, position in self._positions.items()}  # fmt: skip
        true(self, batch, upto)

    true = Projector.apply
    return Projector, "apply", apply


def any_version_will_do() -> tuple[Any, str, Any]:
    """Appends are written at whatever version the stream has: two writers overwrite each other's decisions."""
    from tests.sim.wires import LogPort

    true = LogPort.append

    def append(self: LogPort, stream: str, events: Any, *, expected: int) -> Any:
        try:
            return true(self, stream, events, expected=expected)
        except WrongVersion as wrong:
            return true(self, stream, events, expected=wrong.current or 0)

    return LogPort, "append", append


MUTANTS: dict[str, Callable[[], Any]] = {
    each.__name__: each
    for each in (forgets_commands, new_id_for_each_try, policies_without_derived_ids, position_beside_the_rows,
                 takes_everything_as_new, any_version_will_do)
}  # fmt: skip


@contextmanager
def broken(name: str) -> Iterator[None]:
    """The product with this mutant inside the block."""
    changes = MUTANTS[name]()
    changed = [(place, attribute, place.__dict__[attribute])
               for place, attribute, _ in zip(changes[::3], changes[1::3], changes[2::3], strict=True)]  # fmt: skip
    for place, attribute, value in zip(changes[::3], changes[1::3], changes[2::3], strict=True):
        setattr(place, attribute, value)
    try:
        yield
    finally:
        for place, attribute, value in changed:
            setattr(place, attribute, value)


def caught_after(name: str, most: int, start: int = 0) -> tuple[int, str]:
    """How many seeds it took to notice the mutant, and by what; 0 when it never was."""
    from tests.sim.beginning import the_beginning
    from tests.sim.play import play

    the_beginning()
    with broken(name):
        for number in range(1, most + 1):
            outcome = play(start + number)
            if outcome.problems:
                return number, outcome.problems[0]
    return 0, ""


if __name__ == "__main__":
    for each in sys.argv[1:] or MUTANTS:
        print(each, *caught_after(each, 20), flush=True)
