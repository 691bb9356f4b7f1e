"""Who takes baskets now and then (S4:13-33, S4:62-77). Stream `taker-<group and person>`.

By oneself, by the referent, or by a sponsor: whom a sponsor enrols is a taker once they have said yes themselves.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, assert_never
from uuid import UUID, uuid5

import msgspec

from grenier.decider import Decider
from grenier.errors import Rejected
from grenier.language.exchange import EnrolledBy, LeftBy, TakerConfirmed, TakerEnrolled, TakerLeft

TAKERS = UUID("0f9a2a62-9d0f-5c0e-8d0a-6d1f6b0f7a11")
Standing: TypeAlias = Literal["none", "pending", "active", "left"]


def taker_id(group_id: str, person_id: str) -> str:
    """One taker for a person in a group, however often they come and go."""
    return str(uuid5(TAKERS, f"{group_id}|{person_id}"))


class EnrolTaker(msgspec.Struct, frozen=True, kw_only=True):
    group_id: str
    person_id: str
    by: EnrolledBy


class ConfirmTaker(msgspec.Struct, frozen=True, kw_only=True):
    pass


class LeaveExchange(msgspec.Struct, frozen=True, kw_only=True):
    by: LeftBy


Command: TypeAlias = EnrolTaker | ConfirmTaker | LeaveExchange
Event: TypeAlias = TakerEnrolled | TakerConfirmed | TakerLeft


class Taker(msgspec.Struct, frozen=True, kw_only=True):
    standing: Standing = "none"
    group_id: str = ""
    person_id: str = ""

    @property
    def active(self) -> bool:
        return self.standing == "active"


def decide(taker: Taker, command: Command) -> list[Event]:
    match command:
        case EnrolTaker():
            return enrol(taker, command)
        case ConfirmTaker():
            return confirm(taker)
        case LeaveExchange():
            return leave(taker, command)
        case _:
            assert_never(command)


def enrol(taker: Taker, command: EnrolTaker) -> list[Event]:
    wanted = command.by != "sponsor"
    if taker.active or (taker.standing == "pending" and not wanted):
        return []
    if taker.standing == "pending":
        return confirm(taker)
    return [
        TakerEnrolled(
            taker_id=taker_id(command.group_id, command.person_id),
            group_id=command.group_id,
            person_id=command.person_id,
            by=command.by,
            confirmed=wanted,
        )
    ]


def confirm(taker: Taker) -> list[Event]:
    if taker.active:
        return []
    if taker.standing != "pending":
        raise Rejected("taker-missing")
    key = taker_id(taker.group_id, taker.person_id)
    return [TakerConfirmed(taker_id=key, group_id=taker.group_id, person_id=taker.person_id)]


def leave(taker: Taker, command: LeaveExchange) -> list[Event]:
    if taker.standing in ("none", "left"):
        return []
    key = taker_id(taker.group_id, taker.person_id)
    return [TakerLeft(taker_id=key, group_id=taker.group_id, person_id=taker.person_id, by=command.by)]


def evolve(taker: Taker, event: Event) -> Taker:
    match event:
        case TakerEnrolled():
            standing: Standing = "active" if event.confirmed else "pending"
            return Taker(standing=standing, group_id=event.group_id, person_id=event.person_id)
        case TakerConfirmed():
            return msgspec.structs.replace(taker, standing="active")
        case TakerLeft():
            return msgspec.structs.replace(taker, standing="left")
        case _:
            assert_never(event)


decider: Decider[Taker, Command, Event] = Decider("taker", Taker(), decide, evolve)
