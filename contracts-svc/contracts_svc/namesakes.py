"""Whether a row of a list is a household that is here already: the same names, and nothing that tells the two apart.

A list that is brought twice must make nobody twice. Two households may well bear the same name: then the row says so, by a
member number or by an e-mail address where the other has one, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from contracts_svc.texts import fold
from grenier.readmodel import Row

if TYPE_CHECKING:
    from contracts_svc.enrolment import NewHousehold

Names = tuple[str, ...]


class Namesakes:
    """`known`: {household: persons with first_name, last_name and email}."""

    def __init__(self, known: Mapping[str, Sequence[Row]]) -> None:
        self._found: dict[Names, list[tuple[str, bool]]] = {}
        self._own: set[Names] = set()
        for household_id, persons in known.items():
            names = _names([(row["first_name"], row["last_name"]) for row in persons])
            self._found.setdefault(names, []).append((household_id, any(row["email"] for row in persons)))

    def errors(self, ask: NewHousehold, household_id: str) -> dict[str, list[str]]:
        """{} for a new household, for one that has a number, and for the very one that an earlier attempt has enrolled."""
        names, reached = _of(ask)
        others = [with_mail for known, with_mail in self._found.get(names, []) if known != household_id]
        if ask.number or all(reached and with_mail for with_mail in others):
            return {}
        told = "Stands in another row already." if names in self._own else "A household of these names is here already."
        return {"persons.0.last_name": [told]}

    def add(self, ask: NewHousehold, household_id: str) -> None:
        """A row that is enrolled as this household."""
        names, reached = _of(ask)
        self._found.setdefault(names, []).append((household_id, reached))
        self._own.add(names)


def _of(ask: NewHousehold) -> tuple[Names, bool]:
    names = _names([(person.first_name, person.last_name) for person in ask.persons])
    return names, any(person.email for person in ask.persons)


def _names(persons: Sequence[tuple[str, str]]) -> Names:
    """In any order, without accents and capitals."""
    return tuple(sorted(fold(f"{first} {last}") for first, last in persons))
