"""One day of a group (domain 1.5.1): keepers of baskets, what is entrusted to them, numbers. Stream `handing-out-<id>`.

A keeper takes the baskets of at most so many households, and stays a keeper while somebody counts on them. A number that
was given stays: it is written on a box already.
"""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any, TypeAlias, assert_never

import msgspec

from grenier.decider import Decider
from grenier.errors import Invalid, Rejected
from grenier.language.keeping import (
    BasketNumber,
    BasketsEntrusted,
    BasketsNumbered,
    BasketsTakenBack,
    KeepingOffered,
    KeepingWithdrawn,
    Reason,
)

MOST_KEPT = 20
Homes: TypeAlias = tuple[str, ...]


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """`keepers`: person → most households; `entrusted`: household → keeper; `numbers`: households of a line → number."""

    keepers: dict[str, int] = {}
    entrusted: dict[str, str] = {}
    numbers: dict[Homes, int] = {}

    def kept_by(self, person_id: str) -> int:
        return sum(keeper == person_id for keeper in self.entrusted.values())


class Of(msgspec.Struct, frozen=True, kw_only=True):
    """What every command says: which day, and what day it is now in the group."""

    day_id: str
    group_id: str
    on: date
    today: date


class OfferKeeping(Of, frozen=True, kw_only=True):
    person_id: str
    most: int


class WithdrawKeeping(Of, frozen=True, kw_only=True):
    person_id: str


class Entrust(Of, frozen=True, kw_only=True):
    """`own_person_ids`: those of the household, who need no keeper among themselves; `takes`: it gets something that day."""

    household_id: str
    keeper_id: str
    own_person_ids: tuple[str, ...]
    takes: bool


class TakeBack(Of, frozen=True, kw_only=True):
    household_id: str


class NumberBaskets(Of, frozen=True, kw_only=True):
    """The lines of the sheet, in its order. `kept`: numbers that are on boxes already, from another day."""

    lines: tuple[Homes, ...]
    kept: dict[Homes, int] = {}


class FollowContract(Of, frozen=True, kw_only=True):
    """A contract has changed what is handed out that day: `empty` households get nothing any more, `nothing`: nobody does."""

    reason: Reason
    empty: tuple[str, ...]
    nothing: bool = False
    moved_to: date | None = None


class ForgetKeeper(Of, frozen=True, kw_only=True):
    """Somebody was erased: whoever counted on them looks for another one."""

    person_id: str


Command: TypeAlias = (
    OfferKeeping | WithdrawKeeping | Entrust | TakeBack | NumberBaskets | FollowContract | ForgetKeeper
)  # fmt: skip
Event: TypeAlias = KeepingOffered | KeepingWithdrawn | BasketsEntrusted | BasketsTakenBack | BasketsNumbered


# -- decide ------------------------------------------------------------------------------------------------------


def decide(day: Day, command: Command) -> list[Event]:
    if isinstance(command, FollowContract | ForgetKeeper):
        # A day that is over stays as it was.
        return follow(day, command) if command.on >= command.today else []
    if command.on < command.today:
        raise Rejected("day-over", on=command.on.isoformat())
    match command:
        case OfferKeeping():
            return offer(day, command)
        case WithdrawKeeping():
            return withdraw(day, command)
        case Entrust():
            return entrust(day, command)
        case TakeBack():
            return take_back(day, command)
        case NumberBaskets():
            return number(day, command)
        case _:
            assert_never(command)


def offer(day: Day, command: OfferKeeping) -> list[Event]:
    if not 1 <= command.most <= MOST_KEPT:
        raise Invalid(fields={"most": [f"Between 1 and {MOST_KEPT}."]})
    if (kept := day.kept_by(command.person_id)) > command.most:
        raise Rejected("keeper-needed", households=kept)
    if day.keepers.get(command.person_id) == command.most:
        return []
    return [KeepingOffered(**_where(command), person_id=command.person_id, most=command.most)]


def withdraw(day: Day, command: WithdrawKeeping) -> list[Event]:
    if command.person_id not in day.keepers:
        return []
    if kept := day.kept_by(command.person_id):
        raise Rejected("keeper-needed", households=kept)
    return [KeepingWithdrawn(**_where(command), person_id=command.person_id)]


def entrust(day: Day, command: Entrust) -> list[Event]:
    before = day.entrusted.get(command.household_id)
    if before == command.keeper_id:
        return []
    if command.keeper_id in command.own_person_ids:
        raise Invalid(fields={"keeper_id": ["Somebody of another household."]})
    if not command.takes:
        raise Rejected("nothing-that-day", on=command.on.isoformat())
    if command.keeper_id not in day.keepers:
        raise Rejected("keeper-missing")
    if day.kept_by(command.keeper_id) >= day.keepers[command.keeper_id]:
        raise Rejected("keeper-full", most=day.keepers[command.keeper_id])
    return [BasketsEntrusted(**_where(command), household_id=command.household_id, keeper_id=command.keeper_id,
                             before_id=before or "")]  # fmt: skip


def take_back(day: Day, command: TakeBack) -> list[Event]:
    keeper_id = day.entrusted.get(command.household_id)
    if keeper_id is None:
        return []
    return [BasketsTakenBack(**_where(command), household_id=command.household_id, keeper_id=keeper_id)]


def follow(day: Day, command: FollowContract | ForgetKeeper) -> list[Event]:
    """Nobody keeps what does not come, and nobody counts on who is gone."""
    told: dict[str, Any] = _where(command)
    match command:
        case FollowContract():
            told |= {"reason": command.reason, "moved_to": command.moved_to}
            homes = {home for home in day.entrusted if command.nothing or home in command.empty}
            keepers = [*day.keepers] if command.nothing else []
        case ForgetKeeper():
            told |= {"reason": "keeper-gone"}
            homes = {home for home, keeper in day.entrusted.items() if keeper == command.person_id}
            keepers = [command.person_id] if command.person_id in day.keepers else []
    events: list[Event] = [
        BasketsTakenBack(**told, household_id=home, keeper_id=keeper)
        for home, keeper in day.entrusted.items()
        if home in homes
    ]
    return [*events, *(KeepingWithdrawn(**told, person_id=one, households=day.kept_by(one)) for one in keepers)]


def number(day: Day, command: NumberBaskets) -> list[Event]:
    """New lines get the number they have elsewhere, if it is free; the others the next ones, in the order of the sheet."""
    used = set(day.numbers.values())
    wanted = [line for line in dict.fromkeys(command.lines) if line not in day.numbers]
    carried = {line: command.kept[line] for line in wanted if command.kept.get(line, 0) not in {0, *used}}
    following = count(max([*used, *carried.values()], default=0) + 1)
    given = [
        BasketNumber(household_ids=list(line), number=carried[line] if line in carried else next(following))
        for line in wanted
    ]
    return [BasketsNumbered(**_where(command), numbers=given)] if given else []


def _where(command: Of) -> dict[str, Any]:
    return {"day_id": command.day_id, "group_id": command.group_id, "on": command.on}


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(day: Day, event: Event) -> Day:
    match event:
        case KeepingOffered():
            return msgspec.structs.replace(day, keepers={**day.keepers, event.person_id: event.most})
        case KeepingWithdrawn():
            left = {one: most for one, most in day.keepers.items() if one != event.person_id}
            return msgspec.structs.replace(day, keepers=left)
        case BasketsEntrusted():
            return msgspec.structs.replace(day, entrusted={**day.entrusted, event.household_id: event.keeper_id})
        case BasketsTakenBack():
            kept = {home: keeper for home, keeper in day.entrusted.items() if home != event.household_id}
            return msgspec.structs.replace(day, entrusted=kept)
        case BasketsNumbered():
            given = {tuple(one.household_ids): one.number for one in event.numbers}
            return msgspec.structs.replace(day, numbers=day.numbers | given)
        case _:
            assert_never(event)


decider: Decider[Day, Command, Event] = Decider("handing-out", Day(), decide, evolve)
