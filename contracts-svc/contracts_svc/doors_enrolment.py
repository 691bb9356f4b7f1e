"""Commands of the help desk: enrol a household in one call, import a list, answer those who ask to join."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts_svc import application, contact, group, person
from contracts_svc.application import Decision
from contracts_svc.enrolment import MOST_ROWS, Checked, Desk, NewHousehold
from contracts_svc.guards import today, with_id
from contracts_svc.views import people
from grenier.clock import iso
from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound, Rejected
from grenier.runtime import Runtime, derived_id, read

MANAGE = "contracts.manage-members"


class EnrolHousehold(NewHousehold, frozen=True, kw_only=True, forbid_unknown_fields=True):
    group_id: str


class ImportHouseholds(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    rows: list[dict[str, Any]]
    dry_run: bool = False


class RequestMembership(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    first_name: str
    last_name: str
    charter_accepted: bool = False
    email: str = ""
    phone: str = ""
    message: str = ""
    language: str = "fr"

    def texts(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ("first_name", "last_name", "email", "phone", "message")}


class DecideApplication(msgspec.Struct, forbid_unknown_fields=True):
    application_id: str
    decision: Decision
    tier: str = ""


class EnrolmentDoors:
    runtime: Runtime

    @door
    def enrol_household(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask, context = read(EnrolHousehold, payload), with_id(context)
        self.runtime.wait(context)
        desk = self._desk(context, ask.group_id, [ask])
        return desk.enrol(desk.check(ask))

    @door
    def import_households(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Rows without an error are enrolled, the others answered with their errors; repeating finishes what is left."""
        ask, context = read(ImportHouseholds, payload), with_id(context)
        self.runtime.wait(context)
        if len(ask.rows) > MOST_ROWS:
            raise Invalid(fields={"rows": [f"At most {MOST_ROWS} rows at once."]})
        self.runtime.wait(context)
        asks, errors = read_rows(ask.rows)
        desk = self._desk(context, ask.group_id, list(asks.values()))
        checked = check_rows(desk, asks, errors)
        enrolled = [] if ask.dry_run else [{"row": row, **desk.enrol(good, f"{row}/")} for row, good in checked.items()]
        position = max((done["position"] for done in enrolled), default=0)
        told = [{"row": row, "fields": errors[row]} for row in sorted(errors)]
        return {
            "id": ask.group_id, "version": 0, "position": position, "errors": told, "enrolled": enrolled,
            "correct": len(checked), "dry_run": ask.dry_run,
        }  # fmt: skip

    def _desk(self, context: Context, group_id: str, asks: list[NewHousehold]) -> Desk:
        role = self.runtime.access.require(context, MANAGE, group_id=group_id)
        if any(new.roles for ask in asks for new in ask.persons):
            role = self.runtime.access.require(context, "contracts.assign-roles", group_id=group_id)
        return Desk(self.runtime, context, group_id, role, today(self.runtime, group_id))

    # -- those who ask to join (S1:111) --------------------------------------------------------------------------

    @door
    def request_membership(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Anybody; what they tell is sealed under a key of their own and forgotten when they are declined."""
        ask, context = read(RequestMembership, payload), with_id(context)
        self.runtime.wait(context)
        known = self.runtime.handler.state(group.decider, ask.group_id)
        if known.founded is None:
            raise NotFound
        if not ask.charter_accepted:
            raise Rejected("charter-not-accepted")
        details = contact.details(ask.texts(), known.phone_region)
        if not details["email"] and not details["phone"]:
            raise Invalid(fields={"email": ["An e-mail address or a phone number is needed."]})
        person_id = derived_id(context.command_id, "person")
        register = person.RegisterPerson(
            person_id=person_id, sealed=self.runtime.keys.seal(person_id, {k: v for k, v in details.items() if v}),
            language=ask.language, digital=bool(details["email"]), group_id=ask.group_id,
        )  # fmt: skip
        self.runtime.tell(person.decider, person_id, register, context, group_id=ask.group_id, step="person")
        application_id = derived_id(context.command_id, "application")
        command = application.RequestMembership(
            application_id=application_id, group_id=ask.group_id, person_id=person_id,
            charter_accepted_at=iso(self.runtime.clock.now()),
        )  # fmt: skip
        return self.runtime.tell(
            application.decider, application_id, command, context, group_id=ask.group_id, step="application"
        )

    @door
    def decide_application(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask, context = read(DecideApplication, payload), with_id(context)
        self.runtime.wait(context)
        requested = self.runtime.handler.state(application.decider, ask.application_id).requested
        if requested is None:
            raise NotFound
        group_id = requested.group_id
        role = self.runtime.access.require(context, MANAGE, group_id=group_id)
        desk = Desk(self.runtime, context, group_id, role, today(self.runtime, group_id))
        if ask.decision == "accept":
            self._applicant_is_new(requested.person_id)
            desk.check_tier(ask.tier)
        command = application.DecideRequest(
            application_id=ask.application_id, decision=ask.decision,
            household_id=derived_id(ask.application_id, "household") if ask.decision == "accept" else "",
        )  # fmt: skip
        answer = self.runtime.tell(
            application.decider, ask.application_id, command, context, role=role, group_id=group_id, step="decide"
        )
        if ask.decision != "accept":
            return answer
        return {**desk.admit(requested, ask.tier), "id": ask.application_id}

    def _applicant_is_new(self, person_id: str) -> None:
        applicant = people.person(self.runtime.db, person_id)
        taken = people.by_email(self.runtime.db, [applicant["email"] if applicant else ""])
        if any(row["person_id"] != person_id for row in taken.values()):
            raise Rejected("email-known")


def read_rows(rows: list[dict[str, Any]]) -> tuple[dict[int, NewHousehold], dict[int, dict[str, list[str]]]]:
    """(row number → household, row number → errors by field); rows count from 1."""
    asks: dict[int, NewHousehold] = {}
    errors: dict[int, dict[str, list[str]]] = {}
    for number, row in enumerate(rows, start=1):
        try:
            asks[number] = read(NewHousehold, row)
        except Invalid as invalid:
            errors[number] = invalid.facts["fields"]
    return asks, errors


def check_rows(
    desk: Desk, asks: dict[int, NewHousehold], errors: dict[int, dict[str, list[str]]]
) -> dict[int, Checked]:
    """The rows in order; adds to `errors`. An address or a number that stands in two rows is wrong in the second."""
    known = desk.known(*asks.values())
    namesakes = desk.namesakes()
    checked: dict[int, Checked] = {}
    seen: set[str | int] = set()
    for number, ask in asks.items():
        try:
            good = desk.check(ask, f"{number}/", known)
        except Invalid as invalid:
            errors[number] = invalid.facts["fields"]
            continue
        keys = {
            contact.email_key(fields["email"]): f"persons.{place}.email" for place, fields in enumerate(good.details)
        }
        twice = {field: ["Stands in another row already."] for key, field in keys.items() if key and key in seen}
        twice |= desk.number_errors(ask.number, f"{number}/", seen)
        twice |= namesakes.errors(ask, desk.household_id(f"{number}/"))
        if twice:
            errors[number] = twice
        else:
            checked[number] = good
            namesakes.add(ask, desk.household_id(f"{number}/"))
            seen |= {key for key in keys if key} | ({ask.number} if ask.number else set())
    return checked
