"""The shapes of households, memberships and lists of members, as the API takes and answers them."""

from marshmallow import fields, validate

from gateway.api.base import Done, Flag, Pages, Schema
from gateway.api.contracts import AMOUNT, MEMBER_NUMBER, EnrolledPerson

STATES = ("active", "future", "expired", "ended", "none")
MOST_ROWS = 500


class MemberSchema(Schema):
    person_id = fields.String()
    name = fields.String()
    first_name = fields.String()
    last_name = fields.String()
    email = fields.String()
    phone = fields.String()
    address = fields.String()
    language = fields.String()
    digital = fields.Boolean(metadata={"description": "False: to be called by phone"})


class MembershipSchema(Schema):
    membership_id = fields.String()
    number = fields.Integer()
    tier = fields.String()
    valid_from = fields.Date()
    valid_until = fields.Date()
    ended_on = fields.Date(allow_none=True)
    dues_cents = fields.Integer()
    granted_at = fields.String()
    granted_by = fields.String()


class MemberHouseholdSchema(Schema):
    household_id = fields.String()
    group_id = fields.String()
    label = fields.String(metadata={"description": "Last names of the household"})
    number = fields.Integer()
    membership_id = fields.String()
    tier = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    valid_from = fields.String(allow_none=True)
    valid_until = fields.String(allow_none=True)
    ended_on = fields.String(allow_none=True)
    persons = fields.Nested(MemberSchema, many=True)


class HouseholdDetail(MemberHouseholdSchema):
    memberships = fields.List(fields.Dict())


class MembersQuery(Pages):
    search = fields.String(load_default="", validate=validate.Length(max=100))
    tier = fields.String(load_default="")
    state = fields.String(load_default="", validate=validate.OneOf(["", *STATES]))


class Members(Schema):
    households = fields.Nested(MemberHouseholdSchema, many=True)
    total = fields.Integer()
    page = fields.Integer()
    pages = fields.Integer()


class NewHousehold(Schema):
    persons = fields.Nested(EnrolledPerson, many=True, required=True, validate=validate.Length(min=1, max=20))
    tier = fields.String(required=True)
    valid_from = fields.String(metadata={"format": "date"})
    valid_until = fields.String(metadata={"format": "date"})
    dues_cents = fields.Integer(strict=True, validate=AMOUNT)
    number = fields.Integer(strict=True, validate=MEMBER_NUMBER)


class Enrolled(Done):
    household_id = fields.String()
    membership_id = fields.String()
    person_ids = fields.List(fields.String())
    number = fields.Integer()


class Import(Schema):
    rows = fields.List(fields.Dict(), required=True, validate=validate.Length(max=MOST_ROWS))
    dry_run = Flag(load_default=True)


class Imported(Done):
    correct = fields.Integer()
    dry_run = fields.Boolean()
    errors = fields.List(fields.Dict())
    enrolled = fields.List(fields.Dict())
