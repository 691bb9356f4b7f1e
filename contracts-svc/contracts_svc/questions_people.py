"""Queries about persons and households; names leave this service only through these doors."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from contracts_svc.doors_people import may_erase
from contracts_svc.guards import require_person, today
from contracts_svc.setup import HOST_ID
from contracts_svc.sight import households_seen, persons_seen, scope_names
from contracts_svc.views import exchange_questions, federation, mandates, people, register
from grenier.doors import Context, door
from grenier.errors import Forbidden, Invalid, NotFound
from grenier.readmodel import Row
from grenier.runtime import Runtime, read

GATEWAY = "system:gateway"
READ = "contracts.read-members"
MOST_AT_ONCE = 500
MOST_NAMES = 2_000


class Members(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    search: str = ""
    tier: str = ""
    state: str = ""
    page: int = 1
    size: int = 50


class OfHousehold(msgspec.Struct, forbid_unknown_fields=True):
    household_id: str


class OfPerson(msgspec.Struct, forbid_unknown_fields=True):
    person_id: str


class ByEmail(msgspec.Struct, forbid_unknown_fields=True):
    email: str


class Names(msgspec.Struct, forbid_unknown_fields=True):
    person_ids: list[str] = []
    household_ids: list[str] = []
    producer_ids: list[str] = []
    group_ids: list[str] = []


class Register(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    as_of: date | None = None


class PeopleQuestions:
    runtime: Runtime

    @door
    def members(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Members, payload)
        self.runtime.wait(context)
        self.runtime.access.require(context, READ, group_id=ask.group_id)
        if not 1 <= ask.size <= MOST_AT_ONCE or ask.page < 1:
            raise Invalid(fields={"size": [f"Pages from 1 on, of at most {MOST_AT_ONCE} households."]})
        day = today(self.runtime, ask.group_id).isoformat()
        found, total = people.members(
            self.runtime.db, ask.group_id, day, search=ask.search, tier=ask.tier, state=ask.state,
            limit=ask.size, offset=(ask.page - 1) * ask.size,
        )  # fmt: skip
        return {"households": found, "total": total, "page": ask.page, "pages": max(1, -(-total // ask.size))}

    @door
    def household(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfHousehold, payload)
        self.runtime.wait(context)
        allowed = self.runtime.access.require_household(context, ask.household_id, READ)
        day = today(self.runtime, allowed["group_id"]).isoformat()
        found = people.household(self.runtime.db, ask.household_id, day)
        if found is None:
            raise NotFound
        return {**found, "memberships": register.of_household(self.runtime.db, ask.household_id), "as": allowed["role"]}

    @door
    def person(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfPerson, payload)
        self.runtime.wait(context)
        require_person(self.runtime, context, ask.person_id, READ)
        return self._about(ask.person_id)

    @door
    def me(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        self.runtime.wait(context)
        return self._about(context.actor)

    def _about(self, person_id: str) -> dict[str, Any]:
        found = people.person(self.runtime.db, person_id)
        if found is None:
            raise NotFound
        names, host = scope_names(self.runtime), federation.host(self.runtime.db)
        tiers = {tier["code"]: tier["name"] for tier in (host["tiers"] if host else [])}
        day = today(self.runtime).isoformat()
        households = [
            {**row, "group_name": names.get(row["group_id"], ""), "tier_name": tiers.get(row["tier"], row["tier"])}
            for row in people.households_of(self.runtime.db, person_id, day)
        ]
        held = [
            {**row, "scope_name": names.get(row["scope_id"], "")} for row in self.runtime.access.roles_of(person_id)
        ]
        return {"person": people.shown_person(found), "households": households, "roles": held}

    @door
    def person_by_email(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """For signing in, so for the gateway alone: it never tells whether the address was known."""
        if context.actor != GATEWAY:
            raise Forbidden
        ask = read(ByEmail, payload)
        for found in people.by_email(self.runtime.db, [ask.email]).values():
            return {"person_id": found["person_id"], "language": found["language"]}
        # Who only takes baskets now and then has no place here but signs in as well (S4:15-20).
        if taker := exchange_questions.taker_by_email(self.runtime.db, ask.email):
            return {"person_id": taker["person_id"], "language": taker["language"]}
        raise NotFound

    @door
    def names(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Names, payload)
        if len(ask.person_ids) + len(ask.household_ids) > MOST_NAMES:
            raise Invalid(fields={"person_ids": [f"At most {MOST_NAMES} names at once."]})
        self.runtime.wait(context)
        found: dict[str, str] = {}
        if context.actor:
            found |= persons_seen(self.runtime, context, ask.person_ids)
            found |= households_seen(self.runtime, context, ask.household_ids)
            public = scope_names(self.runtime) if ask.producer_ids or ask.group_ids else {}
            found |= {known: public[known] for known in (*ask.producer_ids, *ask.group_ids) if known in public}
        return found

    @door
    def register(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S0:30: the households whose membership holds on a date, past or to come."""
        ask = read(Register, payload)
        self.runtime.wait(context)
        self.runtime.access.require(context, READ, group_id=ask.group_id)
        day = (ask.as_of or today(self.runtime, ask.group_id)).isoformat()
        found = register.active_on(self.runtime.db, ask.group_id, day)
        return {"as_of": day, "households": found, "total": len(found)}

    # -- one's own data ------------------------------------------------------------------------------------------

    @door
    def my_data(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Everything this service keeps about the actor."""
        self.runtime.wait(context)
        about = self._about(context.actor)
        memberships = [
            register.of_household(self.runtime.db, household["household_id"]) for household in about["households"]
        ]
        return {
            **about,
            "memberships": [row for rows in memberships for row in rows],
            "mandates": mandates.of_person(self.runtime.db, context.actor),
        }

    @door
    def erasure_preview(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfPerson, payload)
        self.runtime.wait(context)
        may_erase(self.runtime, context, ask.person_id)
        about = self._about(ask.person_id)
        person = about["person"]
        told = [name for name in ("first_name", "last_name", "email", "phone", "address") if person[name]]
        last = set(self.runtime.access.holders("central_team", HOST_ID)) == {ask.person_id}
        return {
            "person_id": ask.person_id,
            "name": person["name"],
            "forgotten": {"fields": told, "roles": about["roles"]},
            "kept": {"households": [self._kept(row) for row in about["households"]]},
            "blocked": "last-central-team" if last else "",
        }

    def _kept(self, household: Row) -> Row:
        """A household stays with its orders and account; alone in it, its name goes with the person."""
        alone = len(self.runtime.access.persons_of(household["household_id"])) <= 1
        shown = ("household_id", "group_id", "group_name", "label", "number")
        return {**{name: household[name] for name in shown}, "nameless": alone}

    @door
    def demo_accounts(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """One person per role and place to try the software with; demonstration installations only."""
        if not self.runtime.settings.demo:
            raise NotFound
        return {"accounts": demo_accounts(self.runtime)}


DEMO_ORDER = ("central_team", "logistician", "organiser", "coordinator", "treasurer", "volunteer", "producer")
MOST_DEMO_ACCOUNTS = 24


def demo_accounts(runtime: Runtime) -> list[Row]:
    """person_id, label, role, group: one holder per role and scope, then per group a household without a role.

    The referent of a group's basket exchange has no role but is named in its settings.
    """
    names, day = scope_names(runtime), today(runtime).isoformat()
    held = mandates.in_scopes(runtime.db, list(names), day)
    chosen: dict[tuple[str, str], str] = {}
    for role in DEMO_ORDER:
        for row in held:
            if row["role"] == role:
                chosen.setdefault((role, row["scope_id"]), row["person_id"])
    officials = {row["person_id"] for row in held}
    for group in federation.all_groups(runtime.db):
        page, _ = people.members(runtime.db, group["group_id"], day, state="active", limit=50, offset=0)
        eaters = [person["person_id"] for row in page for person in row["persons"]]
        plain = next((person_id for person_id in eaters if person_id not in officials), "")
        exchange = exchange_questions.settings(runtime.db, group["group_id"])
        if exchange and exchange.enabled and exchange.referent_id:
            chosen[("referent", group["group_id"])] = exchange.referent_id
        if plain:
            chosen[("eater", group["group_id"])] = plain
    known = {
        row["person_id"]: people.shown_person(row) for row in people.persons_known(runtime.db, list(chosen.values()))
    }
    accounts = [
        {"person_id": person_id, "label": known[person_id]["name"], "role": role, "group": names.get(scope, "")}
        for (role, scope), person_id in chosen.items()
        if person_id in known
    ]
    return accounts[:MOST_DEMO_ACCOUNTS]
