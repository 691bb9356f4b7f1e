"""Commands about persons, households and memberships, one at a time."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from contracts_svc import contact, group, host, household, membership, person
from contracts_svc.doors_federation import keep_central_team
from contracts_svc.enrolment import NewPerson, a_year_from, give_number
from contracts_svc.guards import OWN, household_of, membership_of, require_address, require_person, today, with_id
from contracts_svc.setup import HOST_ID
from contracts_svc.views import people, register
from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound, Rejected
from grenier.runtime import Runtime, derived_id, read

MANAGE = "contracts.manage-members"


class RegisterPerson(NewPerson, frozen=True, kw_only=True, forbid_unknown_fields=True):
    group_id: str
    person_id: str = ""


class ChangeDetails(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays; an empty text removes an e-mail, phone or address."""

    person_id: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: str | None = None
    language: str | None = None
    digital: bool | None = None

    def texts(self) -> dict[str, str]:
        texts = {name: getattr(self, name) for name in ("first_name", "last_name", "email", "phone", "address")}
        return {name: text for name, text in texts.items() if text is not None}


class FormHousehold(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    person_ids: list[str]
    household_id: str = ""


class OfHousehold(msgspec.Struct, forbid_unknown_fields=True):
    household_id: str
    person_id: str


class Grant(msgspec.Struct, forbid_unknown_fields=True):
    household_id: str
    tier: str
    valid_from: date | None = None
    valid_until: date | None = None
    dues_cents: int | None = None
    number: int = 0
    membership_id: str = ""


class ChangeTier(msgspec.Struct, forbid_unknown_fields=True):
    membership_id: str
    tier: str


class EndMembership(msgspec.Struct, forbid_unknown_fields=True):
    membership_id: str
    on: date | None = None


class Erase(msgspec.Struct, forbid_unknown_fields=True):
    person_id: str


class PeopleDoors:
    runtime: Runtime

    @door
    def register_person(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask, context = read(RegisterPerson, payload), with_id(context)
        self.runtime.wait(context)
        role = self.runtime.access.require(context, MANAGE, group_id=ask.group_id)
        person_id = ask.person_id or derived_id(context.command_id, "person")
        region = self.runtime.handler.state(group.decider, ask.group_id).phone_region
        details = {name: text for name, text in contact.details(ask.texts(), region).items() if text}
        self._address_free(details.get("email", ""), person_id)
        command = person.RegisterPerson(
            person_id=person_id, sealed=self.runtime.keys.seal(person_id, details), language=ask.language,
            digital=bool(ask.email) if ask.digital is None else ask.digital, group_id=ask.group_id,
        )  # fmt: skip
        return self.runtime.tell(person.decider, person_id, command, context, role=role, group_id=ask.group_id)

    @door
    def change_person_details(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(ChangeDetails, payload)
        self.runtime.wait(context)
        role = require_person(self.runtime, context, ask.person_id, MANAGE)
        known = self.runtime.handler.state(person.decider, ask.person_id)
        if not known.registered or known.erased:
            raise NotFound
        region = self.runtime.handler.state(group.decider, known.group_id).phone_region if known.group_id else "FR"
        details = contact.details(ask.texts(), region)
        if ask.email is not None and self._address_changes(ask.person_id, details["email"]):
            require_address(self.runtime, context, ask.person_id)
            self._address_free(details["email"], ask.person_id)
        command = person.ChangePersonDetails(
            person_id=ask.person_id, sealed=self.runtime.keys.seal(ask.person_id, details), language=ask.language,
            digital=ask.digital,
        )  # fmt: skip
        try:
            return self.runtime.tell(
                person.decider, ask.person_id, command, context, role=role, group_id=known.group_id
            )
        except Rejected:
            # Erased in between: sealing may have made a new key, which must not outlive the person's data.
            self.runtime.keys.destroy(ask.person_id)
            raise

    def _address_changes(self, person_id: str, email: str) -> bool:
        shown = people.person(self.runtime.db, person_id)
        return shown is None or shown["email"] != email

    def _address_free(self, email: str, person_id: str) -> None:
        taken = people.by_email(self.runtime.db, [email])
        if any(row["person_id"] != person_id for row in taken.values()):
            raise Invalid(fields={"email": ["This address is in use already; leave it empty."]})

    # -- households ----------------------------------------------------------------------------------------------

    @door
    def form_household(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask, context = read(FormHousehold, payload), with_id(context)
        self.runtime.wait(context)
        role = self.runtime.access.require(context, MANAGE, group_id=ask.group_id)
        for person_id in ask.person_ids:
            self._person_here(context, person_id)
        household_id = ask.household_id or derived_id(context.command_id, "household")
        command = household.FormHousehold(
            household_id=household_id, group_id=ask.group_id, person_ids=tuple(ask.person_ids)
        )
        return self.runtime.tell(household.decider, household_id, command, context, role=role, group_id=ask.group_id)

    @door
    def join_household(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfHousehold, payload)
        self.runtime.wait(context)
        group_id = household_of(self.runtime, ask.household_id).group_id
        role = self.runtime.access.require(context, MANAGE, group_id=group_id)
        self._person_here(context, ask.person_id)
        command = household.JoinHousehold(household_id=ask.household_id, person_id=ask.person_id)
        return self.runtime.tell(household.decider, ask.household_id, command, context, role=role, group_id=group_id)

    @door
    def leave_household(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfHousehold, payload)
        self.runtime.wait(context)
        group_id = household_of(self.runtime, ask.household_id).group_id
        role = self.runtime.access.require(context, MANAGE, group_id=group_id)
        command = household.LeaveHousehold(household_id=ask.household_id, person_id=ask.person_id)
        return self.runtime.tell(household.decider, ask.household_id, command, context, role=role, group_id=group_id)

    def _person_here(self, context: Context, person_id: str) -> None:
        """The person exists and was registered in a group where the actor manages members (asked of the stream)."""
        known = self.runtime.handler.state(person.decider, person_id)
        if not known.registered or known.erased:
            raise NotFound
        if not self.runtime.access.may(context.actor, MANAGE, group_id=known.group_id):
            require_person(self.runtime, context, person_id, MANAGE)

    # -- memberships ---------------------------------------------------------------------------------------------

    @door
    def grant_membership(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask, context = read(Grant, payload), with_id(context)
        self.runtime.wait(context)
        group_id = household_of(self.runtime, ask.household_id).group_id
        role = self.runtime.access.require(context, MANAGE, group_id=group_id)
        membership_id = ask.membership_id or derived_id(context.command_id, "membership")
        command = self._granted(ask, membership_id, group_id, context, role)
        answer = self.runtime.tell(
            membership.decider, membership_id, command, context, role=role, group_id=group_id, step="grant"
        )
        return {**answer, "membership_id": membership_id, "number": command.number}

    def _granted(
        self, ask: Grant, membership_id: str, group_id: str, context: Context, role: str
    ) -> membership.GrantMembership:
        tiers = {tier.code: tier for tier in self.runtime.handler.state(host.decider, HOST_ID).tiers}
        if ask.tier not in tiers:
            raise Invalid(fields={"tier": [f"One of {', '.join(tiers)}."]})
        first = ask.valid_from or today(self.runtime, group_id)
        last = ask.valid_until or a_year_from(first)
        other = register.overlapping(
            self.runtime.db, ask.household_id, first.isoformat(), last.isoformat(), membership_id
        )
        if other:
            raise Rejected("membership-overlaps", membership_id=other)
        number = give_number(self.runtime, context, group_id, ask.household_id, ask.number, role)
        return membership.GrantMembership(
            membership_id=membership_id, household_id=ask.household_id, group_id=group_id, number=number,
            tier=ask.tier, valid_from=first, valid_until=last,
            dues_cents=tiers[ask.tier].dues_cents if ask.dues_cents is None else ask.dues_cents,
        )  # fmt: skip

    @door
    def change_tier(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(ChangeTier, payload)
        self.runtime.wait(context)
        group_id = membership_of(self.runtime, ask.membership_id).group_id
        role = self.runtime.access.require(context, MANAGE, group_id=group_id)
        tiers = [tier.code for tier in self.runtime.handler.state(host.decider, HOST_ID).tiers]
        if ask.tier not in tiers:
            raise Invalid(fields={"tier": [f"One of {', '.join(tiers)}."]})
        command = membership.ChangeTier(membership_id=ask.membership_id, tier=ask.tier)
        return self.runtime.tell(membership.decider, ask.membership_id, command, context, role=role, group_id=group_id)

    @door
    def end_membership(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(EndMembership, payload)
        self.runtime.wait(context)
        group_id = membership_of(self.runtime, ask.membership_id).group_id
        role = self.runtime.access.require(context, MANAGE, group_id=group_id)
        command = membership.EndMembership(membership_id=ask.membership_id, on=ask.on or today(self.runtime, group_id))
        return self.runtime.tell(membership.decider, ask.membership_id, command, context, role=role, group_id=group_id)

    # -- erasure -------------------------------------------------------------------------------------------------

    @door
    def erase_person(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """The fact first, then the key: a crash in between leaves the fact, and the policy `forget` destroys the key."""
        ask = read(Erase, payload)
        self.runtime.wait(context)
        role = may_erase(self.runtime, context, ask.person_id)
        if ask.person_id in self.runtime.access.holders("central_team", HOST_ID):
            keep_central_team(self.runtime, ask.person_id)
        answer = self.runtime.tell(
            person.decider, ask.person_id, person.ErasePerson(person_id=ask.person_id), context, role=role
        )
        self.runtime.keys.destroy(ask.person_id)
        return answer


def may_erase(runtime: Runtime, context: Context, person_id: str) -> str:
    """Oneself, or with contracts.erase; NotFound for a person who never was here."""
    role = OWN if context.actor == person_id else runtime.access.require(context, "contracts.erase", host_id=HOST_ID)
    if not person_id or not runtime.handler.state(person.decider, person_id).registered:
        raise NotFound
    return role
