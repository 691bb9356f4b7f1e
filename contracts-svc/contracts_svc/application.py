"""Somebody asks to join a group: accepted, put on the waiting list, or declined (S1:111). Stream `application-<id>`."""

from __future__ import annotations

from typing import Literal, TypeAlias, assert_never

import msgspec

from grenier.decider import Decider
from grenier.errors import Rejected
from grenier.language.contracts import MembershipRequestDecided, MembershipRequested

Decision: TypeAlias = Literal["accept", "wait", "decline"]


class RequestMembership(msgspec.Struct, frozen=True, kw_only=True):
    """`charter_accepted_at`: instant, ISO text; "" when the charter was not accepted."""

    application_id: str
    group_id: str
    person_id: str
    charter_accepted_at: str


class DecideRequest(msgspec.Struct, frozen=True, kw_only=True):
    application_id: str
    decision: Decision
    household_id: str = ""


Command: TypeAlias = RequestMembership | DecideRequest
Event: TypeAlias = MembershipRequested | MembershipRequestDecided


class Application(msgspec.Struct, frozen=True, kw_only=True):
    requested: MembershipRequested | None = None
    decision: Decision | None = None


def decide(application: Application, command: Command) -> list[Event]:
    match command:
        case RequestMembership():
            return request(application, command)
        case DecideRequest():
            return settle(application, command)
        case _:
            assert_never(command)


def request(application: Application, command: RequestMembership) -> list[Event]:
    if application.requested is not None:
        return []
    if not command.charter_accepted_at:
        raise Rejected("charter-not-accepted")
    return [MembershipRequested(**msgspec.structs.asdict(command))]


def settle(application: Application, command: DecideRequest) -> list[Event]:
    requested = application.requested
    if requested is None:
        raise Rejected("application-missing", application_id=command.application_id)
    if application.decision == command.decision:
        return []
    if application.decision in ("accept", "decline"):
        raise Rejected("application-decided", decision=application.decision)
    return [
        MembershipRequestDecided(
            application_id=command.application_id,
            group_id=requested.group_id,
            person_id=requested.person_id,
            decision=command.decision,
            household_id=command.household_id,
        )
    ]


def evolve(application: Application, event: Event) -> Application:
    match event:
        case MembershipRequested():
            return Application(requested=event)
        case MembershipRequestDecided():
            return msgspec.structs.replace(application, decision=event.decision)
        case _:
            assert_never(event)


decider: Decider[Application, Command, Event] = Decider("application", Application(), decide, evolve)
