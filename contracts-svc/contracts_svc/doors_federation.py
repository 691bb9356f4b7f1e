"""Commands about the federation: founding it, tiers, groups and their settings, producers, roles."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal
from zoneinfo import available_timezones

import msgspec

from contracts_svc import contact, group, host, person, producer, role_assignments
from contracts_svc.clauses import SetClauses
from contracts_svc.enrolment import NewPerson
from contracts_svc.guards import require_person, today, with_id
from contracts_svc.setup import DEFAULT_TIERS, HOST_ID, may_found
from contracts_svc.views import contract_questions, mandates
from grenier.doors import Context, door
from grenier.errors import Forbidden, Invalid, NotFound, Rejected
from grenier.language.contracts import GroupKind, ScopeKind, Tier
from grenier.runtime import Runtime, derived_id, read


class FoundFederation(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    person: NewPerson
    time_zone: str = "Europe/Paris"
    phone_region: str = "FR"
    tiers: list[Tier] = []
    setup_token: str = ""


class DefineTiers(msgspec.Struct, forbid_unknown_fields=True):
    tiers: list[Tier]


class FoundGroup(msgspec.Struct, forbid_unknown_fields=True):
    kind: GroupKind
    name: str
    place: str = ""
    time_zone: str = "Europe/Paris"
    phone_region: str = "FR"
    inclusive_language: bool = True
    group_id: str = ""


class MoveDuty(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    duty: str
    to: Literal["centre", "group"]


class RegisterProducer(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    place: str = ""
    group_id: str = ""
    producer_id: str = ""


class AssignRole(msgspec.Struct, forbid_unknown_fields=True):
    person_id: str
    role: str
    scope_kind: ScopeKind
    scope_id: str
    valid_from: date | None = None
    valid_until: date | None = None


class RevokeRole(msgspec.Struct, forbid_unknown_fields=True):
    person_id: str
    assignment_id: str


class FederationDoors:
    runtime: Runtime

    @door
    def found_federation(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Once. The person and the role come first: whatever breaks off before the end can simply be repeated."""
        ask, context = read(FoundFederation, payload), with_id(context)
        self.runtime.wait(context)
        if not may_found(self.runtime.settings, ask.setup_token):
            raise Forbidden("setup-token-wrong")
        check_place(ask.time_zone, ask.phone_region)
        founder = derived_id(context.command_id, "founder")
        if (known := self.runtime.handler.state(host.decider, HOST_ID)).registered and known.founder_id != founder:
            raise Rejected("federation-exists")
        context = msgspec.structs.replace(context, actor=context.actor or founder)
        details = contact.details(ask.person.texts(), ask.phone_region)
        self._founder(founder, details, ask.person.language, context)
        command = host.FoundFederation(
            host_id=HOST_ID, name=named(ask.name), time_zone=ask.time_zone, founder_id=founder,
            tiers=tuple(ask.tiers) or DEFAULT_TIERS,
        )  # fmt: skip
        answer = self.runtime.tell(host.decider, HOST_ID, command, context, role="central_team", step="host")
        return {**answer, "person_id": founder}

    def _founder(self, founder: str, details: dict[str, str], language: str, context: Context) -> None:
        sealed = self.runtime.keys.seal(founder, {name: text for name, text in details.items() if text})
        register = person.RegisterPerson(person_id=founder, sealed=sealed, language=language)
        self.runtime.tell(person.decider, founder, register, context, step="person")
        assign = role_assignments.AssignRole(
            assignment_id=derived_id(context.command_id, "role"), person_id=founder, role="central_team",
            scope_kind="federation", scope_id=HOST_ID, valid_from=today(self.runtime),
        )  # fmt: skip
        self.runtime.tell(role_assignments.decider, founder, assign, context, step="role")

    @door
    def define_tiers(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(DefineTiers, payload)
        self.runtime.wait(context)
        role = self.runtime.access.require(context, "contracts.found", host_id=HOST_ID)
        command = host.DefineTiers(host_id=HOST_ID, tiers=tuple(ask.tiers))
        return self.runtime.tell(host.decider, HOST_ID, command, context, role=role)

    @door
    def found_group(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask, context = read(FoundGroup, payload), with_id(context)
        self.runtime.wait(context)
        role = self.runtime.access.require(context, "contracts.found", host_id=HOST_ID)
        check_place(ask.time_zone, ask.phone_region)
        group_id = ask.group_id or derived_id(context.command_id, "group")
        facts = {**msgspec.structs.asdict(ask), "group_id": group_id, "name": named(ask.name)}
        command = group.FoundGroup(host_id=HOST_ID, **facts)
        return self.runtime.tell(group.decider, group_id, command, context, role=role, group_id=group_id)

    @door
    def change_group_settings(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(group.ChangeGroupSettings, payload)
        self.runtime.wait(context)
        role = self.runtime.access.require(context, "contracts.settings", group_id=ask.group_id)
        check_place(ask.time_zone, ask.phone_region)
        if ask.name is not None:
            named(ask.name)
        if ask.credit_floor_cents is not None and ask.credit_floor_cents > 0:
            raise Invalid(fields={"credit_floor_cents": ["Zero or below: how far an account may be in the red."]})
        return self.runtime.tell(group.decider, ask.group_id, ask, context, role=role, group_id=ask.group_id)

    @door
    def move_duty(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(MoveDuty, payload)
        self.runtime.wait(context)
        role = self.runtime.access.require(context, "contracts.settings", group_id=ask.group_id)
        command = group.MoveDuty(group_id=ask.group_id, duty=ask.duty, to=ask.to)
        return self.runtime.tell(group.decider, ask.group_id, command, context, role=role, group_id=ask.group_id)

    @door
    def set_clauses(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """A group's own words in its contracts, forms and letters."""
        ask = read(SetClauses, payload)
        self.runtime.wait(context)
        role = self.runtime.access.require(context, "contracts.settings", group_id=ask.group_id)
        return self.runtime.tell(group.decider, ask.group_id, ask, context, role=role, group_id=ask.group_id)

    @door
    def register_producer(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask, context = read(RegisterProducer, payload), with_id(context)
        self.runtime.wait(context)
        role = self._may_register_producer(context, ask.group_id)
        producer_id = ask.producer_id or derived_id(context.command_id, "producer")
        command = producer.RegisterProducer(
            producer_id=producer_id, host_id=HOST_ID, name=named(ask.name), place=ask.place, group_id=ask.group_id
        )
        return self.runtime.tell(producer.decider, producer_id, command, context, role=role, group_id=ask.group_id)

    def _may_register_producer(self, context: Context, group_id: str) -> str:
        """The central team; for its own contracts a group registers producers of its own (S0:21)."""
        access = self.runtime.access
        own = group_id and access.role_for(context.actor, "contracts.manage-contracts", group_id=group_id)
        return own or access.require(context, "contracts.found", host_id=HOST_ID)

    # -- roles ---------------------------------------------------------------------------------------------------

    @door
    def assign_role(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask, context = read(AssignRole, payload), with_id(context)
        self.runtime.wait(context)
        role = self._require_scope(context, ask.scope_kind, ask.scope_id)
        require_person(self.runtime, context, ask.person_id, "contracts.assign-roles")
        if not (known := self.runtime.handler.state(person.decider, ask.person_id)).registered or known.erased:
            raise NotFound
        group_id = ask.scope_id if ask.scope_kind == "group" else ""
        facts = {**msgspec.structs.asdict(ask), "valid_from": ask.valid_from or today(self.runtime, group_id)}
        assignment_id = derived_id(context.command_id, "assignment")
        command = role_assignments.AssignRole(assignment_id=assignment_id, **facts)
        answer = self.runtime.tell(
            role_assignments.decider, ask.person_id, command, context, role=role, group_id=group_id
        )
        return {**answer, "assignment_id": assignment_id}

    @door
    def revoke_role(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(RevokeRole, payload)
        self.runtime.wait(context)
        roles = self.runtime.handler.state(role_assignments.decider, ask.person_id)
        held = roles.held.get(ask.assignment_id)
        row = mandates.get(self.runtime.db, ask.assignment_id)
        kind, scope = (
            (held.scope_kind, held.scope_id) if held else (row["scope_kind"], row["scope_id"]) if row else ("", "")
        )
        role = self._require_scope(context, kind, scope)
        if held is not None and held.role == "central_team":
            keep_central_team(self.runtime, ask.person_id)
        command = role_assignments.RevokeRole(person_id=ask.person_id, assignment_id=ask.assignment_id)
        group_id = scope if kind == "group" else ""
        return self.runtime.tell(
            role_assignments.decider, ask.person_id, command, context, role=role, group_id=group_id
        )

    def _require_scope(self, context: Context, scope_kind: str, scope_id: str) -> str:
        """Roles of a group, of its contracts and of its own producers are given in the group; others by the central team."""
        access = self.runtime.access
        if not scope_id:
            raise NotFound
        if scope_kind == "group":
            return access.require(context, "contracts.assign-roles", group_id=scope_id)
        if (group_id := group_of_scope(self.runtime, scope_kind, scope_id)) and (
            role := access.role_for(context.actor, "contracts.assign-roles", group_id=group_id)
        ):
            return role
        if scope_kind == "federation" and scope_id != HOST_ID:
            raise NotFound
        return access.require(context, "contracts.assign-roles", host_id=HOST_ID)


def group_of_scope(runtime: Runtime, scope_kind: str, scope_id: str) -> str:
    """The group that a contract, or a group's own producer, belongs to; "" for all other scopes."""
    found = None
    if scope_kind == "contract":
        found = contract_questions.contract(runtime.db, scope_id)
    elif scope_kind == "producer":
        found = contract_questions.producer(runtime.db, scope_id)
    return str(found["group_id"]) if found else ""


def keep_central_team(runtime: Runtime, person_id: str) -> None:
    """A federation that nobody may lead any more could never be led again."""
    if set(runtime.access.holders("central_team", HOST_ID)) <= {person_id}:
        raise Rejected("last-central-team")


def check_place(time_zone: str | None, phone_region: str | None) -> None:
    """Raises Invalid for a time zone or a phone region that does not exist; None is not asked for."""
    if time_zone is not None and time_zone not in available_timezones():
        raise Invalid(fields={"time_zone": ["Not a time zone, such as Europe/Paris or Indian/Reunion."]})
    if phone_region is not None and not contact.is_region(phone_region):
        raise Invalid(fields={"phone_region": ["Not a region, such as FR or RE."]})


def named(name: str) -> str:
    plain = " ".join(name.split())
    if not plain or len(plain) > contact.MAX_TEXT:
        raise Invalid(fields={"name": ["Missing or too long."]})
    return plain
