"""The roles one person holds, in which scope, from when to when. Stream `roles-<person>`."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias, assert_never

import msgspec

from grenier.decider import Decider
from grenier.errors import Invalid, Rejected
from grenier.language.contracts import RoleAssigned, RoleRevoked, ScopeKind
from grenier.language.roles import FEDERATION_ROLES, GROUP_ROLES, PERMISSIONS


class AssignRole(msgspec.Struct, frozen=True, kw_only=True):
    assignment_id: str
    person_id: str
    role: str
    scope_kind: ScopeKind
    scope_id: str
    valid_from: date
    valid_until: date | None = None


class RevokeRole(msgspec.Struct, frozen=True, kw_only=True):
    person_id: str
    assignment_id: str


Command: TypeAlias = AssignRole | RevokeRole
Event: TypeAlias = RoleAssigned | RoleRevoked


class Roles(msgspec.Struct, frozen=True, kw_only=True):
    held: dict[str, RoleAssigned] = {}
    revoked: frozenset[str] = frozenset()


def decide(roles: Roles, command: Command) -> list[Event]:
    match command:
        case AssignRole():
            return assign(roles, command)
        case RevokeRole():
            return revoke(roles, command)
        case _:
            assert_never(command)


def assign(roles: Roles, command: AssignRole) -> list[Event]:
    if command.assignment_id in roles.held or command.assignment_id in roles.revoked:
        return []
    check_scope(command.role, command.scope_kind)
    if command.valid_until is not None and command.valid_until < command.valid_from:
        raise Invalid(fields={"valid_until": ["Not before valid_from."]})
    assigned = RoleAssigned(**msgspec.structs.asdict(command))
    same = [held for held in roles.held.values() if _same_office(held, assigned) and _overlap(held, assigned)]
    if same:
        raise Rejected("role-held", role=command.role, assignment_id=same[0].assignment_id)
    return [assigned]


def revoke(roles: Roles, command: RevokeRole) -> list[Event]:
    if command.assignment_id in roles.revoked:
        return []
    held = roles.held.get(command.assignment_id)
    if held is None:
        raise Rejected("role-missing", assignment_id=command.assignment_id)
    return [
        RoleRevoked(
            assignment_id=held.assignment_id,
            person_id=held.person_id,
            role=held.role,
            scope_kind=held.scope_kind,
            scope_id=held.scope_id,
        )
    ]


def check_scope(role: str, scope_kind: str) -> None:
    """Raises Invalid for a role that does not exist, or not in such a scope."""
    if role not in PERMISSIONS:
        raise Invalid(fields={"role": [f"One of {', '.join(PERMISSIONS)}."]})
    fitting = "group" if role in GROUP_ROLES else "federation" if role in FEDERATION_ROLES else ""
    fitting = "producer" if role == "producer" else fitting
    if role == "coordinator" and scope_kind == "contract":
        # S0:3: who looks after one contract only.
        return
    if fitting and scope_kind != fitting:
        raise Invalid(fields={"scope_kind": [f"The role {role} is held for a {fitting}."]})


def _same_office(one: RoleAssigned, other: RoleAssigned) -> bool:
    return (one.role, one.scope_kind, one.scope_id) == (other.role, other.scope_kind, other.scope_id)


def _overlap(one: RoleAssigned, other: RoleAssigned) -> bool:
    forever = date.max
    return one.valid_from <= (other.valid_until or forever) and other.valid_from <= (one.valid_until or forever)


def evolve(roles: Roles, event: Event) -> Roles:
    match event:
        case RoleAssigned():
            return msgspec.structs.replace(roles, held={**roles.held, event.assignment_id: event})
        case RoleRevoked():
            held = {key: value for key, value in roles.held.items() if key != event.assignment_id}
            return Roles(held=held, revoked=roles.revoked | {event.assignment_id})
        case _:
            assert_never(event)


decider: Decider[Roles, Command, Event] = Decider("roles", Roles(), decide, evolve)
