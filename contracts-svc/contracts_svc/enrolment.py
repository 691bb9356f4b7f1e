"""A whole household in one call: persons, household, number, membership, roles, each a step of its own.

Every id derives from the command id, and every step is a command with an id of its own: a call that broke off half way
is finished by repeating it, and one that was carried out changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from contracts_svc import contact, group, host, household, membership, person, role_assignments
from contracts_svc.namesakes import Namesakes
from contracts_svc.setup import HOST_ID
from contracts_svc.views import people
from grenier.doors import Context
from grenier.errors import Invalid
from grenier.language.contracts import MembershipRequested
from grenier.language.roles import GROUP_ROLES
from grenier.readmodel import Row
from grenier.runtime import Runtime, derived_id

MOST_ROWS = 500
MOST_PERSONS = household.MOST_PERSONS


class NewPerson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`digital` left out: whoever gives no e-mail is called by phone (S1:14)."""

    first_name: str
    last_name: str
    email: str = ""
    phone: str = ""
    address: str = ""
    language: str = "fr"
    digital: bool | None = None
    roles: list[str] = []

    def texts(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ("first_name", "last_name", "email", "phone", "address")}


class NewHousehold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    persons: list[NewPerson]
    tier: str
    valid_from: date | None = None
    valid_until: date | None = None
    dues_cents: int | None = None
    number: int = 0


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A household whose every field is in order; `details` are the persons' texts in the form that is sealed."""

    ask: NewHousehold
    details: list[dict[str, str]]
    valid_from: date
    valid_until: date
    dues_cents: int


class Desk:
    """Enrols households into one group, in the name of one person and role."""

    def __init__(self, runtime: Runtime, context: Context, group_id: str, role: str, today: date) -> None:
        self._runtime = runtime
        self._context = context
        self._group_id = group_id
        self._role = role
        self._today = today
        known = runtime.handler.state(group.decider, group_id)
        self._region = known.phone_region
        self._holders = {number: household_id for household_id, number in known.numbers.items()}
        self._dues = {tier.code: tier.dues_cents for tier in runtime.handler.state(host.decider, HOST_ID).tiers}

    # -- checking ------------------------------------------------------------------------------------------------

    def check(self, ask: NewHousehold, step: str = "", known: Mapping[str, Row] | None = None) -> Checked:
        """Raises Invalid with every field that is wrong ("persons.1.phone"); writes nothing."""
        errors: dict[str, list[str]] = {}
        if not 1 <= len(ask.persons) <= MOST_PERSONS:
            errors["persons"] = [f"Between 1 and {MOST_PERSONS} persons."]
        if ask.tier not in self._dues:
            errors["tier"] = [f"One of {', '.join(self._dues)}."]
        valid_from = ask.valid_from or self._today
        valid_until = ask.valid_until or a_year_from(valid_from)
        if valid_until < valid_from:
            errors["valid_until"] = ["Not before valid_from."]
        dues_cents = self._dues.get(ask.tier, 0) if ask.dues_cents is None else ask.dues_cents
        if dues_cents < 0 or ask.number < 0:
            errors["dues_cents" if dues_cents < 0 else "number"] = ["Not negative."]
        errors |= self.number_errors(ask.number, step)
        details = [self._check_person(ask, place, errors) for place in range(len(ask.persons))]
        self._check_addresses(details, step, self.known(ask) if known is None else known, errors)
        if errors:
            raise Invalid(fields=errors)
        return Checked(ask=ask, details=details, valid_from=valid_from, valid_until=valid_until, dues_cents=dues_cents)

    def known(self, *asks: NewHousehold) -> Mapping[str, Row]:
        """The persons who use the addresses of these households already."""
        return people.by_email(self._runtime.db, [new.email for ask in asks for new in ask.persons])

    def _check_person(self, ask: NewHousehold, place: int, errors: dict[str, list[str]]) -> dict[str, str]:
        new = ask.persons[place]
        if wrong := [role for role in new.roles if role not in GROUP_ROLES]:
            errors[f"persons.{place}.roles"] = [f"Not roles of a group: {', '.join(wrong)}."]
        try:
            return contact.details(new.texts(), self._region)
        except Invalid as invalid:
            errors |= {f"persons.{place}.{name}": found for name, found in invalid.facts["fields"].items()}
            return {"email": new.email}  # so that an address in use is told in the same round

    def _check_addresses(
        self, details: list[dict[str, str]], step: str, known: Mapping[str, Row], errors: dict[str, list[str]]
    ) -> None:
        seen: set[str] = set()
        for place, fields in enumerate(details):
            key = contact.email_key(fields.get("email", ""))
            taken = known.get(key)
            # On a repetition the person who has this address is the one enrolled the first time.
            if key and (key in seen or (taken and taken["person_id"] != self.person_id(place, step))):
                errors[f"persons.{place}.email"] = ["This address is in use already; leave it empty."]
            seen.add(key)

    def check_tier(self, tier: str) -> None:
        if tier not in self._dues:
            raise Invalid(fields={"tier": [f"One of {', '.join(self._dues)}."]})

    def namesakes(self) -> Namesakes:
        """The households of the group by the names of their persons, for lists that may hold somebody twice."""
        return Namesakes(people.names_in(self._runtime.db, self._group_id))

    def household_id(self, step: str) -> str:
        return self._id(f"{step}household")

    def number_errors(self, number: int, step: str, seen: Collection[str | int] = ()) -> dict[str, list[str]]:
        """{} when the number wanted (0: any) is free in the group, or this household's own already."""
        holder = self._holders.get(number, "") if number else ""
        if number in seen or holder not in ("", self.household_id(step)):
            return {"number": ["This number belongs to another household."]}
        return {}

    # -- carrying out --------------------------------------------------------------------------------------------

    def enrol(self, checked: Checked, step: str = "") -> dict[str, Any]:
        """household_id, person_ids, membership_id, number, version, position."""
        person_ids = [self._register(checked, place, step) for place in range(len(checked.details))]
        household_id = self.household_id(step)
        form = household.FormHousehold(household_id=household_id, group_id=self._group_id, person_ids=tuple(person_ids))
        self._tell(household.decider, household_id, form, f"{step}form")
        number = give_number(self._runtime, self._context, self._group_id, household_id, checked.ask.number, self._role)
        membership_id = self._id(f"{step}membership")
        grant = membership.GrantMembership(
            membership_id=membership_id, household_id=household_id, group_id=self._group_id, number=number,
            tier=checked.ask.tier, valid_from=checked.valid_from, valid_until=checked.valid_until,
            dues_cents=checked.dues_cents,
        )  # fmt: skip
        answer = self._tell(membership.decider, membership_id, grant, f"{step}grant")
        for place, person_id in enumerate(person_ids):
            for role in checked.ask.persons[place].roles:
                answer = self._assign(person_id, role, checked.valid_from, f"{step}role/{place}/{role}")
        ids = {"household_id": household_id, "membership_id": membership_id, "person_ids": person_ids}
        return {**answer, **ids, "id": household_id, "number": number}

    def admit(self, requested: MembershipRequested, tier: str) -> dict[str, Any]:
        """An accepted applicant becomes a household of one; ids derive from the application, whoever accepts it again."""
        household_id = derived_id(requested.application_id, "household")
        membership_id = derived_id(requested.application_id, "membership")
        form = household.FormHousehold(
            household_id=household_id, group_id=self._group_id, person_ids=(requested.person_id,)
        )
        self._tell(household.decider, household_id, form, "form")
        number = give_number(self._runtime, self._context, self._group_id, household_id, 0, self._role)
        granted = self._runtime.handler.state(membership.decider, membership_id).granted
        grant = membership.GrantMembership(
            membership_id=membership_id, household_id=household_id, group_id=self._group_id, number=number,
            tier=granted.tier if granted else tier, valid_from=granted.valid_from if granted else self._today,
            valid_until=granted.valid_until if granted else a_year_from(self._today),
            dues_cents=granted.dues_cents if granted else self._dues[tier],
        )  # fmt: skip
        answer = self._tell(membership.decider, membership_id, grant, "grant")
        return {**answer, "household_id": household_id, "membership_id": membership_id, "number": number}

    def person_id(self, place: int, step: str = "") -> str:
        return self._id(f"{step}person/{place}")

    def _register(self, checked: Checked, place: int, step: str) -> str:
        new, person_id = checked.ask.persons[place], self.person_id(place, step)
        details = {name: text for name, text in checked.details[place].items() if text}
        register = person.RegisterPerson(
            person_id=person_id,
            sealed=self._runtime.keys.seal(person_id, details),
            language=new.language,
            digital=bool(details.get("email")) if new.digital is None else new.digital,
            group_id=self._group_id,
        )
        self._tell(person.decider, person_id, register, f"{step}register/{place}")
        return person_id

    def _assign(self, person_id: str, role: str, valid_from: date, step: str) -> dict[str, Any]:
        assign = role_assignments.AssignRole(
            assignment_id=self._id(step), person_id=person_id, role=role, scope_kind="group",
            scope_id=self._group_id, valid_from=min(valid_from, self._today),
        )  # fmt: skip
        return self._tell(role_assignments.decider, person_id, assign, step)

    def _tell(self, decider: Any, key: str, command: Any, step: str) -> dict[str, Any]:
        return self._runtime.tell(
            decider, key, command, self._context, role=self._role, group_id=self._group_id, step=step
        )

    def _id(self, step: str) -> str:
        return derived_id(self._context.command_id, step)


def give_number(runtime: Runtime, context: Context, group_id: str, household_id: str, wanted: int, role: str) -> int:
    """The household's member number in the group's stream: given once, kept for ever. Rejected("number-taken")."""
    give = group.GiveMemberNumber(group_id=group_id, household_id=household_id, wanted=wanted)
    runtime.tell(group.decider, group_id, give, context, role=role, group_id=group_id, step=f"number/{household_id}")
    return runtime.handler.state(group.decider, group_id).numbers[household_id]


def a_year_from(day: date) -> date:
    """The last day of a membership of one year."""
    try:
        return day.replace(year=day.year + 1) - timedelta(days=1)
    except ValueError:  # from the 29th of February
        return date(day.year + 1, 2, 28)
