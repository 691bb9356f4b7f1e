"""One or several persons who share orders and one account in a group. Stream `household-<id>`."""

from __future__ import annotations

from typing import TypeAlias, assert_never

import msgspec

from grenier.decider import Decider
from grenier.errors import Rejected
from grenier.language.contracts import HouseholdFormed, PersonJoinedHousehold, PersonLeftHousehold

MOST_PERSONS = 20


class FormHousehold(msgspec.Struct, frozen=True, kw_only=True):
    household_id: str
    group_id: str
    person_ids: tuple[str, ...]


class JoinHousehold(msgspec.Struct, frozen=True, kw_only=True):
    household_id: str
    person_id: str


class LeaveHousehold(msgspec.Struct, frozen=True, kw_only=True):
    household_id: str
    person_id: str


Command: TypeAlias = FormHousehold | JoinHousehold | LeaveHousehold
Event: TypeAlias = HouseholdFormed | PersonJoinedHousehold | PersonLeftHousehold


class Household(msgspec.Struct, frozen=True, kw_only=True):
    group_id: str = ""
    person_ids: tuple[str, ...] = ()

    @property
    def formed(self) -> bool:
        return bool(self.group_id)


def decide(household: Household, command: Command) -> list[Event]:
    match command:
        case FormHousehold():
            return form(household, command)
        case JoinHousehold():
            return join(household, command)
        case LeaveHousehold():
            return leave(household, command)
        case _:
            assert_never(command)


def form(household: Household, command: FormHousehold) -> list[Event]:
    if household.formed:
        if household.group_id == command.group_id:
            return []
        raise Rejected("household-exists", household_id=command.household_id)
    persons = tuple(dict.fromkeys(command.person_ids))
    if not 1 <= len(persons) <= MOST_PERSONS:
        raise Rejected("household-size", at_least=1, at_most=MOST_PERSONS)
    return [HouseholdFormed(household_id=command.household_id, group_id=command.group_id, person_ids=list(persons))]


def join(household: Household, command: JoinHousehold) -> list[Event]:
    _must_exist(household, command.household_id)
    if command.person_id in household.person_ids:
        return []
    if len(household.person_ids) >= MOST_PERSONS:
        raise Rejected("household-size", at_least=1, at_most=MOST_PERSONS)
    return [
        PersonJoinedHousehold(
            household_id=command.household_id, group_id=household.group_id, person_id=command.person_id
        )
    ]


def leave(household: Household, command: LeaveHousehold) -> list[Event]:
    _must_exist(household, command.household_id)
    if command.person_id not in household.person_ids:
        return []
    if len(household.person_ids) == 1:
        # An account must stay somebody's: end the membership instead.
        raise Rejected("last-of-household", household_id=command.household_id)
    return [
        PersonLeftHousehold(household_id=command.household_id, group_id=household.group_id, person_id=command.person_id)
    ]


def _must_exist(household: Household, household_id: str) -> None:
    if not household.formed:
        raise Rejected("household-missing", household_id=household_id)


def evolve(household: Household, event: Event) -> Household:
    match event:
        case HouseholdFormed():
            return Household(group_id=event.group_id, person_ids=tuple(event.person_ids))
        case PersonJoinedHousehold():
            return msgspec.structs.replace(household, person_ids=(*household.person_ids, event.person_id))
        case PersonLeftHousehold():
            left = tuple(person for person in household.person_ids if person != event.person_id)
            return msgspec.structs.replace(household, person_ids=left)
        case _:
            assert_never(event)


decider: Decider[Household, Command, Event] = Decider("household", Household(), decide, evolve)
