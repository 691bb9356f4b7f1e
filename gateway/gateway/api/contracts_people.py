"""Households, memberships, persons, requests to join."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Flag, Query, Schema
from gateway.api.contracts import AMOUNT, MEMBER_NUMBER, NewPerson
from gateway.api.contracts_schemas import (
    Enrolled,
    HouseholdDetail,
    Import,
    Imported,
    Members,
    MemberSchema,
    MembersQuery,
    NewHousehold,
)
from gateway.api.shapes import mail_address
from gateway.calls import ask, tell
from gateway.identity import identity
from gateway.limits_of import limit_source
from gateway.own_data import everything

bp = ApiBlueprint("members", description="Households, memberships, persons, and those who ask to join.")


@bp.get("/groups/<group_id>/members")
@access(may="contracts.read-members")
@bp.arguments(MembersQuery, location="query")
@bp.response(200, Members)
def members(query, group_id):
    """Households of a group, by name; `offset` is rounded down to a whole page of `limit`"""
    size = query["limit"]
    wanted = {name: query[name] for name in ("search", "tier", "state")}
    return ask("contracts", "members", group_id=group_id, page=query["offset"] // size + 1, size=size, **wanted)


@bp.post("/groups/<group_id>/households")
@access(may="contracts.manage-members")
@bp.arguments(NewHousehold)
@bp.response(201, Enrolled)
def enrol(body, group_id):
    """Enrol a household: persons, number, membership, roles"""
    return tell("contracts", "enrol_household", group_id=group_id, **body)


@bp.post("/groups/<group_id>/households/import")
@access(may="contracts.manage-members")
@bp.arguments(Import)
@bp.response(200, Imported)
def import_households(body, group_id):
    """Import households; a dry run tells the errors of each row and writes nothing"""
    return tell("contracts", "import_households", group_id=group_id, **body)


class RegisterQuery(Query):
    as_of = fields.Date(metadata={"description": "The register as of this date; today when left out"})


class Register(Schema):
    as_of = fields.String()
    total = fields.Integer()
    households = fields.List(fields.Dict())


@bp.get("/groups/<group_id>/register")
@access(may="contracts.read-members")
@bp.arguments(RegisterQuery, location="query")
@bp.response(200, Register)
def register(query, group_id):
    """Households whose membership holds on a date"""
    day = query.get("as_of")
    return ask("contracts", "register", group_id=group_id, **({"as_of": day.isoformat()} if day else {}))


# -- households and memberships ----------------------------------------------------------------------------------


@bp.get("/households/<household_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, HouseholdDetail)
def read_household(query, household_id):
    """A household with its persons and memberships"""
    return ask("contracts", "household", household_id=household_id)


@bp.put("/households/<household_id>/persons/<person_id>")
@access(may="contracts.manage-members")
@bp.response(200, Done)
def join(household_id, person_id):
    """Put a person into a household"""
    return tell("contracts", "join_household", household_id=household_id, person_id=person_id)


@bp.delete("/households/<household_id>/persons/<person_id>")
@access(may="contracts.manage-members")
@bp.response(200, Done)
def leave(household_id, person_id):
    """Take a person out of a household"""
    return tell("contracts", "leave_household", household_id=household_id, person_id=person_id)


class NewMembership(Schema):
    tier = fields.String(required=True)
    valid_from = fields.String(metadata={"format": "date"})
    valid_until = fields.String(metadata={"format": "date"})
    dues_cents = fields.Integer(strict=True, validate=AMOUNT)
    number = fields.Integer(strict=True, validate=MEMBER_NUMBER)


class Granted(Done):
    membership_id = fields.String()
    number = fields.Integer()


class TierChange(Schema):
    tier = fields.String(required=True)


class Ending(Schema):
    on = fields.String(metadata={"format": "date", "description": "First day without membership; today when left out"})


@bp.post("/households/<household_id>/memberships")
@access(may="contracts.manage-members")
@bp.arguments(NewMembership)
@bp.response(201, Granted)
def grant(body, household_id):
    """Grant a membership"""
    return tell("contracts", "grant_membership", household_id=household_id, **body)


@bp.patch("/memberships/<membership_id>")
@access(may="contracts.manage-members")
@bp.arguments(TierChange)
@bp.response(200, Done)
def change_tier(body, membership_id):
    """Change the tier of a membership"""
    return tell("contracts", "change_tier", membership_id=membership_id, **body)


@bp.post("/memberships/<membership_id>/end")
@access(may="contracts.manage-members")
@bp.arguments(Ending)
@bp.response(200, Done)
def end(body, membership_id):
    """End a membership"""
    return tell("contracts", "end_membership", membership_id=membership_id, **body)


# -- persons -----------------------------------------------------------------------------------------------------


class RegisteredPerson(NewPerson):
    group_id = fields.String(required=True)


class NewFormedHousehold(Schema):
    person_ids = fields.List(fields.String(), required=True, validate=validate.Length(min=1, max=20))


class Details(Schema):
    first_name = fields.String(validate=validate.Length(min=1, max=200))
    last_name = fields.String(validate=validate.Length(min=1, max=200))
    email = mail_address()
    phone = fields.String(validate=validate.Length(max=40))
    address = fields.String(validate=validate.Length(max=200))
    language = fields.String(validate=validate.OneOf(["fr", "en"]))
    digital = Flag()


class PersonDetail(Schema):
    person = fields.Nested(MemberSchema)
    households = fields.List(fields.Dict())
    roles = fields.List(fields.Dict())


class Erasure(Schema):
    person_id = fields.String()
    name = fields.String()
    forgotten = fields.Dict()
    kept = fields.Dict()
    blocked = fields.String(metadata={"description": "Code of the rule that forbids it; empty: none"})


@bp.post("/persons")
@access(may="contracts.manage-members")
@bp.arguments(RegisteredPerson)
@bp.response(201, Done)
def register_person(body):
    """Register a person in a group"""
    return tell("contracts", "register_person", **body)


@bp.post("/groups/<group_id>/households/form")
@access(may="contracts.manage-members")
@bp.arguments(NewFormedHousehold)
@bp.response(201, Done)
def form_household(body, group_id):
    """Form a household of registered persons"""
    return tell("contracts", "form_household", group_id=group_id, **body)


@bp.get("/persons/<person_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, PersonDetail)
def read_person(query, person_id):
    """A person with households and roles"""
    return ask("contracts", "person", person_id=person_id)


@bp.patch("/persons/<person_id>")
@access("person")
@bp.arguments(Details)
@bp.response(200, Done)
def change_person(body, person_id):
    """Change details of a person (one's own, or as a manager of members)"""
    return tell("contracts", "change_person_details", person_id=person_id, **body)


@bp.get("/persons/<person_id>/erasure")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Erasure)
def preview_erasure(query, person_id):
    """What erasing a person would forget and keep"""
    return ask("contracts", "erasure_preview", person_id=person_id)


@bp.delete("/persons/<person_id>")
@access("person")
@bp.response(200, Done)
def erase_person(person_id):
    """Erase a person for ever (oneself, or with the permission to erase)"""
    return tell("contracts", "erase_person", person_id=person_id)


@bp.get("/me/data")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200)
def my_data(query):
    """Everything that is kept about the caller"""
    return everything(identity().person_id or "")


# -- requests to join --------------------------------------------------------------------------------------------


class JoinRequest(Schema):
    first_name = fields.String(required=True, validate=validate.Length(min=1, max=200))
    last_name = fields.String(required=True, validate=validate.Length(min=1, max=200))
    email = mail_address()
    phone = fields.String(validate=validate.Length(max=40))
    message = fields.String(validate=validate.Length(max=2000))
    charter_accepted = Flag(required=True)


class Decision(Schema):
    decision = fields.String(required=True, validate=validate.OneOf(["accept", "wait", "decline"]))
    tier = fields.String()


class Applications(Schema):
    applications = fields.List(fields.Dict())


@bp.post("/groups/<group_id>/applications")
@access("public")
@bp.arguments(JoinRequest)
@bp.response(201, Done)
def request_membership(body, group_id):
    """Ask to join a group"""
    limit_source("join", at_most=6)
    return tell("contracts", "request_membership", group_id=group_id, **body)


@bp.get("/groups/<group_id>/applications")
@access(may="contracts.manage-members")
@bp.arguments(Query, location="query")
@bp.response(200, Applications)
def applications(query, group_id):
    """Requests to join and the waiting list"""
    return ask("contracts", "applications", group_id=group_id)


@bp.post("/groups/<group_id>/applications/<application_id>/decision")
@access(may="contracts.manage-members")
@bp.arguments(Decision)
@bp.response(200, Granted)
def decide(body, group_id, application_id):
    """Accept a request, put it on the waiting list, or decline it"""
    return tell("contracts", "decide_application", application_id=application_id, **body)
