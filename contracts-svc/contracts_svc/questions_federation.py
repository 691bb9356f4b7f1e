"""Queries about groups, the federation, roles, and those who ask to join."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts_svc import group
from contracts_svc.guards import sees_group, today
from contracts_svc.setup import HOST_ID
from contracts_svc.sight import scope_names, sight_of
from contracts_svc.texts import full_name
from contracts_svc.views import applications, federation, mandates, people
from grenier.doors import Context, door
from grenier.errors import NotFound
from grenier.language.roles import GROUP_ROLES, PERMISSIONS
from grenier.readmodel import Row
from grenier.runtime import Runtime, read

PUBLIC = ("group_id", "name", "kind", "place", "time_zone")
SETTINGS = (*PUBLIC, "host_id", "phone_region", "inclusive_language", "credit_floor_cents")


class OfGroup(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str


class FederationQuestions:
    runtime: Runtime

    @door
    def public_groups(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        host = federation.host(self.runtime.db)
        groups = [_only(row, PUBLIC) for row in federation.all_groups(self.runtime.db)]
        return {"groups": groups, "host": _only(host, ("host_id", "name")) if host else None}

    @door
    def federation(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Tiers, groups and producers: what everybody with a place in the federation may know."""
        self.runtime.wait(context)
        host = federation.host(self.runtime.db)
        if host is None or not sight_of(self.runtime, context).groups:
            raise NotFound
        tiers = host.pop("tiers")
        groups = [_only(row, PUBLIC) for row in federation.all_groups(self.runtime.db)]
        return {
            "host": host, "tiers": tiers, "groups": groups,
            "producers": federation.all_producers(self.runtime.db, HOST_ID),
        }  # fmt: skip

    @door
    def group(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfGroup, payload)
        self.runtime.wait(context)
        sees_group(self.runtime, context, ask.group_id)
        found, host = federation.group(self.runtime.db, ask.group_id), federation.host(self.runtime.db)
        if found is None:
            raise NotFound
        counted = people.count_by_state(self.runtime.db, ask.group_id, today(self.runtime, ask.group_id).isoformat())
        return {
            **_only(found, SETTINGS), "tiers": host["tiers"] if host else [], "households": sum(counted.values()),
            "members": counted.get("active", 0), "duties": federation.duties_of(self.runtime.db, ask.group_id),
            "may": self._acts(context, ask.group_id),
        }  # fmt: skip

    @door
    def clauses(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """{document: {clause: text}} of what the group has written itself; its documents show the house's text elsewhere."""
        ask = read(OfGroup, payload)
        self.runtime.wait(context)
        sees_group(self.runtime, context, ask.group_id)
        return {"clauses": self.runtime.handler.state(group.decider, ask.group_id).clauses}

    def _acts(self, context: Context, group_id: str) -> list[str]:
        """What the actor may do with this group's people, for pages that show or hide a button."""
        acts = ("contracts.read-members", "contracts.manage-members", "contracts.assign-roles", "contracts.settings")
        return [act for act in acts if self.runtime.access.may(context.actor, act, group_id=group_id)]

    @door
    def groups_of_actor(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        self.runtime.wait(context)
        sight, held = sight_of(self.runtime, context), self.runtime.access.roles_of(context.actor)
        homes = {row["group_id"] for row in self.runtime.access.households_of(context.actor)}
        groups = [
            {
                **_only(row, PUBLIC),
                "roles": [role["role"] for role in held if role["scope_id"] in (row["group_id"], row["host_id"])],
                "member": row["group_id"] in homes,
            }
            for row in federation.all_groups(self.runtime.db)
            if row["group_id"] in sight.groups
        ]
        return {"groups": groups}

    # -- roles ---------------------------------------------------------------------------------------------------

    @door
    def roles(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfGroup, payload)
        self.runtime.wait(context)
        sees_group(self.runtime, context, ask.group_id)
        return {"roles": self._mandates([ask.group_id], context), "assignable": sorted(GROUP_ROLES)}

    @door
    def federation_roles(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        self.runtime.wait(context)
        self.runtime.access.require(context, "contracts.found", host_id=HOST_ID)
        producers = [row["producer_id"] for row in federation.all_producers(self.runtime.db, HOST_ID)]
        return {
            "roles": self._mandates([HOST_ID, *producers], context),
            "assignable": sorted(set(PERMISSIONS) - set(GROUP_ROLES)),
        }

    def _mandates(self, scopes: list[str], context: Context) -> list[Row]:
        """Names in full: who holds an office is known to the members of the group."""
        found = mandates.in_scopes(self.runtime.db, scopes, today(self.runtime).isoformat())
        known = people.persons_known(self.runtime.db, [row["person_id"] for row in found])
        names = {row["person_id"]: full_name(row["first_name"], row["last_name"]) for row in known}
        places = scope_names(self.runtime)
        kept = ("assignment_id", "person_id", "role", "scope_kind", "scope_id", "valid_from", "valid_until",
                "assigned_at", "assigned_by")  # fmt: skip
        return [
            {
                **_only(row, kept),
                "name": names.get(row["person_id"], ""),
                "scope_name": places.get(row["scope_id"], ""),
            }
            for row in found
        ]

    # -- those who ask to join -----------------------------------------------------------------------------------

    @door
    def applications(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfGroup, payload)
        self.runtime.wait(context)
        self.runtime.access.require(context, "contracts.manage-members", group_id=ask.group_id)
        found = applications.undecided(self.runtime.db, ask.group_id)
        known = {
            row["person_id"]: row for row in people.persons_known(self.runtime.db, [row["person_id"] for row in found])
        }
        return {"applications": [_applicant(row, known.get(row["person_id"])) for row in found]}


def _applicant(row: Row, person: Row | None) -> Row:
    told = {name: person[name] if person else "" for name in ("email", "phone", "message")}
    name = full_name(person["first_name"], person["last_name"]) if person else ""
    return {**row, **told, "name": name}


def _only(row: Row, names: tuple[str, ...]) -> Row:
    return {name: row[name] for name in names}
