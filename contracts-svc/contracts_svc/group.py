"""An autonomous group: its settings, whose duty is what, and the member numbers it has given. Stream `group-<id>`."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeAlias, assert_never

import msgspec

from contracts_svc.clauses import Clauses, SetClauses, set_clauses, with_clauses
from contracts_svc.duties import DUTIES, Side
from contracts_svc.exchange.settings import (
    ChangeExchangeSettings,
    ExchangeSettings,
    change_exchange,
    chosen_by,
    settings_of,
)
from grenier.decider import Decider
from grenier.errors import Invalid, Rejected
from grenier.language.contracts import DutyMoved, GroupFounded, GroupKind, GroupSettingsChanged, MemberNumberGiven
from grenier.language.exchange import ExchangeSettingsChanged, ExchangesPurged
from grenier.language.season import ClausesSet


class FoundGroup(msgspec.Struct, frozen=True, kw_only=True):
    group_id: str
    host_id: str
    kind: GroupKind
    name: str
    place: str
    time_zone: str
    phone_region: str
    inclusive_language: bool = True


class ChangeGroupSettings(msgspec.Struct, frozen=True, kw_only=True):
    """None leaves a setting as it is; `credit_unlimited` takes the credit floor away."""

    group_id: str
    name: str | None = None
    place: str | None = None
    time_zone: str | None = None
    phone_region: str | None = None
    inclusive_language: bool | None = None
    credit_floor_cents: int | None = None
    credit_unlimited: bool | None = None


class MoveDuty(msgspec.Struct, frozen=True, kw_only=True):
    group_id: str
    duty: str
    to: Side


class GiveMemberNumber(msgspec.Struct, frozen=True, kw_only=True):
    """`wanted` 0: the next free one; another: the number the household has had on paper."""

    group_id: str
    household_id: str
    wanted: int = 0


class PurgeExchanges(msgspec.Struct, frozen=True, kw_only=True):
    """Pairs of the basket exchange before this day are forgotten."""

    group_id: str
    before: date


Command: TypeAlias = (
    FoundGroup
    | ChangeGroupSettings
    | MoveDuty
    | GiveMemberNumber
    | ChangeExchangeSettings
    | PurgeExchanges
    | SetClauses
)
Event: TypeAlias = (
    GroupFounded
    | GroupSettingsChanged
    | DutyMoved
    | MemberNumberGiven
    | ExchangeSettingsChanged
    | ExchangesPurged
    | ClausesSet
)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    founded: GroupFounded | None = None
    settings: dict[str, object] = {}
    moved: dict[str, Side] = {}
    numbers: dict[str, int] = {}
    highest: int = 0
    exchange_chosen: dict[str, Any] = {}
    exchanges_purged: date | None = None
    clauses: Clauses = {}

    def done_by(self, duty: str) -> Side:
        return self.moved.get(duty, DUTIES[duty])

    @property
    def phone_region(self) -> str:
        return str(self.settings.get("phone_region") or "FR")

    @property
    def kind(self) -> str:
        return self.founded.kind if self.founded else ""

    @property
    def exchange(self) -> ExchangeSettings:
        return settings_of(self.kind, self.exchange_chosen)


def decide(group: Group, command: Command) -> list[Event]:
    match command:
        case FoundGroup():
            return found(group, command)
        case ChangeGroupSettings():
            return change_settings(group, command)
        case MoveDuty():
            return move_duty(group, command)
        case GiveMemberNumber():
            return give_number(group, command)
        case ChangeExchangeSettings():
            _must_exist(group, command.group_id)
            return list(change_exchange(group.kind, group.exchange_chosen, command))
        case PurgeExchanges():
            return purge_exchanges(group, command)
        case SetClauses():
            _must_exist(group, command.group_id)
            return list(set_clauses(group.clauses, command))
        case _:
            assert_never(command)


def found(group: Group, command: FoundGroup) -> list[Event]:
    founded = GroupFounded(**msgspec.structs.asdict(command))
    if group.founded is not None:
        if group.founded == founded:
            return []
        raise Rejected("group-exists", group_id=command.group_id)
    return [founded]


def change_settings(group: Group, command: ChangeGroupSettings) -> list[Event]:
    _must_exist(group, command.group_id)
    if command.credit_unlimited and command.credit_floor_cents is not None:
        raise Invalid(fields={"credit_floor_cents": ["A floor, or none: not both."]})
    asked = msgspec.structs.asdict(command)
    del asked["group_id"]
    asked["credit_unlimited"] = (
        command.credit_unlimited and group.settings.get("credit_floor_cents") is not None
    ) or None
    changed = {name: value for name, value in asked.items() if value is not None and value != group.settings.get(name)}
    return [GroupSettingsChanged(group_id=command.group_id, **changed)] if changed else []


def move_duty(group: Group, command: MoveDuty) -> list[Event]:
    _must_exist(group, command.group_id)
    if command.duty not in DUTIES:
        raise Invalid(fields={"duty": [f"One of {', '.join(DUTIES)}."]})
    if group.done_by(command.duty) == command.to:
        return []
    return [DutyMoved(group_id=command.group_id, duty=command.duty, to=command.to)]


def give_number(group: Group, command: GiveMemberNumber) -> list[Event]:
    _must_exist(group, command.group_id)
    has = group.numbers.get(command.household_id)
    if has is not None:
        if command.wanted in (0, has):
            return []
        raise Rejected("number-kept", number=has)
    if command.wanted and command.wanted in group.numbers.values():
        raise Rejected("number-taken", number=command.wanted)
    number = command.wanted or group.highest + 1
    return [MemberNumberGiven(group_id=command.group_id, household_id=command.household_id, number=number)]


def purge_exchanges(group: Group, command: PurgeExchanges) -> list[Event]:
    if group.exchanges_purged is not None and group.exchanges_purged >= command.before:
        return []
    return [ExchangesPurged(group_id=command.group_id, before=command.before)]


def _must_exist(group: Group, group_id: str) -> None:
    if group.founded is None:
        raise Rejected("group-missing", group_id=group_id)


def evolve(group: Group, event: Event) -> Group:
    match event:
        case GroupFounded():
            kept = ("name", "place", "time_zone", "phone_region", "inclusive_language")
            settings = {name: getattr(event, name) for name in kept}
            return msgspec.structs.replace(group, founded=event, settings={"credit_floor_cents": None, **settings})
        case GroupSettingsChanged():
            return msgspec.structs.replace(group, settings={**group.settings, **changed_settings(event)})
        case DutyMoved():
            return msgspec.structs.replace(group, moved={**group.moved, event.duty: event.to})
        case MemberNumberGiven():
            return msgspec.structs.replace(
                group,
                numbers={**group.numbers, event.household_id: event.number},
                highest=max(group.highest, event.number),
            )
        case ExchangeSettingsChanged():
            return msgspec.structs.replace(group, exchange_chosen={**group.exchange_chosen, **chosen_by(event)})
        case ExchangesPurged():
            return msgspec.structs.replace(group, exchanges_purged=event.before)
        case ClausesSet():
            return msgspec.structs.replace(group, clauses=with_clauses(group.clauses, event))
        case _:
            assert_never(event)


def changed_settings(event: GroupSettingsChanged) -> dict[str, object]:
    """The settings that the event names, without those it leaves alone."""
    body = msgspec.structs.asdict(event)
    unlimited = body.pop("credit_unlimited")
    changed = {name: value for name, value in body.items() if name != "group_id" and value is not None}
    return {**changed, "credit_floor_cents": None} if unlimited else changed


decider: Decider[Group, Command, Event] = Decider("group", Group(), decide, evolve)
