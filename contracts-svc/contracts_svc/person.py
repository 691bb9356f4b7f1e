"""A human being: sealed details until the person is erased, and nothing afterwards. Stream `person-<id>`.

What arrives here is sealed already: names never pass through a decision.
"""

from __future__ import annotations

from typing import TypeAlias, assert_never

import msgspec

from grenier.decider import Decider
from grenier.errors import Rejected
from grenier.language.contracts import PersonDetailsChanged, PersonErased, PersonRegistered

FIELDS = ("first_name", "last_name", "email", "phone", "address", "message")


class RegisterPerson(msgspec.Struct, frozen=True, kw_only=True):
    person_id: str
    sealed: dict[str, str]
    language: str = "fr"
    digital: bool = True
    group_id: str = ""


class ChangePersonDetails(msgspec.Struct, frozen=True, kw_only=True):
    """`sealed` holds the changed fields only."""

    person_id: str
    sealed: dict[str, str]
    language: str | None = None
    digital: bool | None = None


class ErasePerson(msgspec.Struct, frozen=True, kw_only=True):
    person_id: str


Command: TypeAlias = RegisterPerson | ChangePersonDetails | ErasePerson
Event: TypeAlias = PersonRegistered | PersonDetailsChanged | PersonErased


class Person(msgspec.Struct, frozen=True, kw_only=True):
    registered: bool = False
    erased: bool = False
    group_id: str = ""
    language: str = "fr"
    digital: bool = True


def decide(person: Person, command: Command) -> list[Event]:
    match command:
        case RegisterPerson():
            return register(person, command)
        case ChangePersonDetails():
            return change_details(person, command)
        case ErasePerson():
            return erase(person, command)
        case _:
            assert_never(command)


def register(person: Person, command: RegisterPerson) -> list[Event]:
    if person.erased:
        raise Rejected("person-erased", person_id=command.person_id)
    # The same registration sealed again looks different: one id is one person, so the first one holds.
    return [] if person.registered else [PersonRegistered(**msgspec.structs.asdict(command))]


def change_details(person: Person, command: ChangePersonDetails) -> list[Event]:
    if person.erased or not person.registered:
        raise Rejected("person-erased" if person.erased else "person-missing", person_id=command.person_id)
    language = command.language if command.language != person.language else None
    digital = command.digital if command.digital != person.digital else None
    if not command.sealed and language is None and digital is None:
        return []
    changed = PersonDetailsChanged(
        person_id=command.person_id, sealed=command.sealed, language=language, digital=digital
    )
    return [changed]


def erase(person: Person, command: ErasePerson) -> list[Event]:
    if not person.registered:
        raise Rejected("person-missing", person_id=command.person_id)
    return [] if person.erased else [PersonErased(person_id=command.person_id)]


def evolve(person: Person, event: Event) -> Person:
    match event:
        case PersonRegistered():
            return Person(registered=True, group_id=event.group_id, language=event.language, digital=event.digital)
        case PersonDetailsChanged():
            return msgspec.structs.replace(
                person,
                language=person.language if event.language is None else event.language,
                digital=person.digital if event.digital is None else event.digital,
            )
        case PersonErased():
            return msgspec.structs.replace(person, erased=True)
        case _:
            assert_never(event)


decider: Decider[Person, Command, Event] = Decider("person", Person(), decide, evolve)
