"""What one person may see of others: the groups they are in, and what names look like from there."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from contracts_svc.setup import HOST_ID
from contracts_svc.texts import full_name, short_name
from contracts_svc.views import contract_questions, federation, people, subscription_questions
from grenier.doors import Context
from grenier.runtime import Runtime


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """`groups`: where the person belongs; `offices`: where with a role, so that names are seen in full; `own` households."""

    groups: frozenset[str] = frozenset()
    offices: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()

    @property
    def scopes(self) -> frozenset[str]:
        """Scopes whose role holders this person may see: their groups and the federation that these belong to."""
        return self.groups | self.offices | {HOST_ID}


def sight_of(runtime: Runtime, context: Context) -> Sight:
    """Nobody sees nothing; the gateway itself sees nothing either."""
    mine = runtime.access.households_of(context.actor)
    offices: set[str] = set()
    for role in runtime.access.roles_of(context.actor):
        offices.add(role["scope_id"])
        if role["scope_kind"] == "federation":
            offices.update(group["group_id"] for group in runtime.access.groups_of_host(role["scope_id"]))
        if role["scope_kind"] == "contract" and (found := contract_questions.contract(runtime.db, role["scope_id"])):
            # Whoever coordinates one contract deals with the households of its group.
            offices.add(found["group_id"])
    groups = {household["group_id"] for household in mine if runtime.access.is_current(household)} | offices
    return Sight(
        groups=frozenset(groups),
        offices=frozenset(offices),
        own=frozenset(household["household_id"] for household in mine),
    )


def persons_seen(runtime: Runtime, context: Context, person_ids: Sequence[str]) -> dict[str, str]:
    """person → name: in full for those who hold a role in a common place, "Marie D." for fellow members."""
    sight = sight_of(runtime, context)
    if not sight.groups:
        return _self(runtime, context, person_ids)
    places = people.places_of(runtime.db, person_ids)
    seen: dict[str, str] = _self(runtime, context, person_ids)
    for row in people.persons_known(runtime.db, person_ids):
        where = places.get(row["person_id"], set())
        if where & sight.offices or (sight.offices and HOST_ID in where):
            seen.setdefault(row["person_id"], full_name(row["first_name"], row["last_name"]))
        elif where & sight.scopes:
            seen.setdefault(row["person_id"], short_name(row["first_name"], row["last_name"]))
    return seen


def _self(runtime: Runtime, context: Context, person_ids: Sequence[str]) -> dict[str, str]:
    me = people.person(runtime.db, context.actor) if context.actor in person_ids else None
    return {context.actor: full_name(me["first_name"], me["last_name"])} if me else {}


def households_seen(runtime: Runtime, context: Context, household_ids: Sequence[str]) -> dict[str, str]:
    """household → label: one's own, those one shares a basket with, and those of groups where one holds a role."""
    sight = sight_of(runtime, context)
    near = sight.own | subscription_questions.sharing_with(runtime.db, sorted(sight.own))
    return {
        row["household_id"]: row["label"]
        for row in people.households_known(runtime.db, household_ids)
        if row["household_id"] in near or row["group_id"] in sight.offices
    }


def scope_names(runtime: Runtime) -> dict[str, str]:
    """Names of the federation, its groups and producers, by id: public anyway."""
    host = federation.host(runtime.db)
    names = {host["host_id"]: host["name"]} if host else {}
    names |= {group["group_id"]: group["name"] for group in federation.all_groups(runtime.db)}
    return names | {
        producer["producer_id"]: producer["name"] for producer in federation.all_producers(runtime.db, HOST_ID)
    }
