"""Groups and the federation (people and roles: contracts_people, contracts_roles). Every route passes on to contracts-svc, which authorises again."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Flag, Query, Schema
from gateway.api.shapes import COUNTRY, mail_address
from gateway.calls import ask, ask_as_gateway, tell
from gateway.limits_of import limit_source

bp = ApiBlueprint("contracts", description="The federation, its groups with their settings and duties, producers.")

AMOUNT = validate.Range(min=0, max=10_000_000)
MEMBER_NUMBER = validate.Range(min=1, max=10_000_000)
NAME = validate.Length(min=1, max=200)
GROUP_KINDS = ("csa", "buying_group", "third_place")


class PublicGroupSchema(Schema):
    group_id = fields.String()
    name = fields.String()
    kind = fields.String(validate=validate.OneOf(GROUP_KINDS))
    place = fields.String()
    time_zone = fields.String()


class HostSchema(Schema):
    host_id = fields.String()
    name = fields.String()
    time_zone = fields.String()


class PublicGroups(Schema):
    groups = fields.Nested(PublicGroupSchema, many=True)
    host = fields.Nested(HostSchema, allow_none=True)


class TierSchema(Schema):
    code = fields.String(required=True, validate=validate.Length(min=1, max=40))
    name = fields.String(required=True, validate=NAME)
    rate_bp = fields.Integer(
        strict=True,
        load_default=10_000,
        validate=validate.Range(min=1, max=100_000),
        metadata={"description": "Price in basis points of the list price"},
    )
    dues_cents = fields.Integer(strict=True, load_default=0, validate=AMOUNT)


class DutySchema(Schema):
    duty = fields.String()
    done_by = fields.String(metadata={"description": "centre or group"})
    since = fields.String(metadata={"description": "Instant of the last move; empty: never moved"})


class GroupDetail(PublicGroupSchema):
    host_id = fields.String()
    phone_region = fields.String()
    inclusive_language = fields.Boolean()
    credit_floor_cents = fields.Integer(
        allow_none=True, metadata={"description": "Lowest balance that orders may lead to; null: no limit"}
    )
    tiers = fields.Nested(TierSchema, many=True)
    duties = fields.Nested(DutySchema, many=True)
    households = fields.Integer()
    members = fields.Integer(metadata={"description": "Households whose membership holds today"})
    may = fields.List(fields.String())


class NewGroup(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(GROUP_KINDS))
    name = fields.String(required=True, validate=NAME)
    place = fields.String(validate=validate.Length(max=200))
    time_zone = fields.String()
    phone_region = fields.String(validate=COUNTRY)
    inclusive_language = Flag()


class Settings(Schema):
    name = fields.String(validate=NAME)
    place = fields.String(validate=validate.Length(max=200))
    time_zone = fields.String()
    phone_region = fields.String(validate=COUNTRY)
    inclusive_language = Flag()
    credit_floor_cents = fields.Integer(
        strict=True, allow_none=True, validate=validate.Range(max=0), metadata={"description": "null: no limit"}
    )


class DutyMove(Schema):
    to = fields.String(required=True, validate=validate.OneOf(["centre", "group"]))


class ProducerSchema(Schema):
    producer_id = fields.String(dump_only=True)
    name = fields.String(required=True, validate=NAME)
    place = fields.String(validate=validate.Length(max=200))
    group_id = fields.String()


class FederationSchema(Schema):
    host = fields.Nested(HostSchema)
    tiers = fields.Nested(TierSchema, many=True)
    groups = fields.Nested(PublicGroupSchema, many=True)
    producers = fields.Nested(ProducerSchema, many=True)


class Tiers(Schema):
    tiers = fields.Nested(TierSchema, many=True, required=True)


class NewPerson(Schema):
    first_name = fields.String(required=True, validate=NAME)
    last_name = fields.String(required=True, validate=NAME)
    email = mail_address()
    phone = fields.String(validate=validate.Length(max=40))
    address = fields.String(validate=validate.Length(max=200))
    language = fields.String(validate=validate.OneOf(["fr", "en"]))
    digital = Flag()


class EnrolledPerson(NewPerson):
    roles = fields.List(fields.String())


class Founding(Schema):
    name = fields.String(required=True, validate=NAME)
    person = fields.Nested(NewPerson, required=True)
    time_zone = fields.String()
    phone_region = fields.String(validate=COUNTRY)
    tiers = fields.Nested(TierSchema, many=True)
    setup_token = fields.String()


# -- groups ------------------------------------------------------------------------------------------------------


@bp.get("/groups")
@access("public")
@bp.response(200, PublicGroups)
def list_groups():
    """The groups of the federation"""
    return ask_as_gateway("contracts", "public_groups")


@bp.post("/groups")
@access(may="contracts.found")
@bp.arguments(NewGroup)
@bp.response(201, Done)
def found_group(body):
    """Found a group"""
    return tell("contracts", "found_group", **body)


@bp.get("/groups/<group_id>")
@access("member")
@bp.arguments(Query, location="query")
@bp.response(200, GroupDetail)
def read_group(query, group_id):
    """A group: settings, tiers, duties"""
    return ask("contracts", "group", group_id=group_id)


@bp.patch("/groups/<group_id>")
@access(may="contracts.settings")
@bp.arguments(Settings)
@bp.response(200, Done)
def change_settings(body, group_id):
    """Change settings of a group"""
    if "credit_floor_cents" in body and body["credit_floor_cents"] is None:
        body = {**body, "credit_unlimited": True}
    return tell("contracts", "change_group_settings", group_id=group_id, **body)


@bp.put("/groups/<group_id>/duties/<duty>")
@access(may="contracts.settings")
@bp.arguments(DutyMove)
@bp.response(200, Done)
def move_duty(body, group_id, duty):
    """Move a duty between the centre and the group"""
    return tell("contracts", "move_duty", group_id=group_id, duty=duty, **body)


# -- the federation ----------------------------------------------------------------------------------------------


class Founded(Done):
    person_id = fields.String(metadata={"description": "The first person, with the role of the central team"})


@bp.post("/federation")
@access("public")
@bp.arguments(Founding)
@bp.response(201, Founded)
def found_federation(body):
    """Found the federation (once, with the setup token of the machine)"""
    limit_source("found-federation")
    return tell("contracts", "found_federation", **body)


@bp.get("/federation")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, FederationSchema)
@bp.alt_response(404, description="None is founded, or the person has no place in it")
def read_federation(query):
    """Host organisation, tiers, groups and producers"""
    return ask("contracts", "federation")


@bp.put("/federation/tiers")
@access(may="contracts.found")
@bp.arguments(Tiers)
@bp.response(200, Done)
def define_tiers(body):
    """Define the price tiers of memberships"""
    return tell("contracts", "define_tiers", **body)


@bp.post("/producers")
@access("person")
@bp.arguments(ProducerSchema)
@bp.response(201, Done)
def register_producer(body):
    """Register a producer, or one of a group's own (with `group_id`)"""
    return tell("contracts", "register_producer", **body)


class NamesQuery(Query):
    person_ids = fields.List(fields.String(), validate=validate.Length(max=200))
    household_ids = fields.List(fields.String(), validate=validate.Length(max=200))
    producer_ids = fields.List(fields.String(), validate=validate.Length(max=200))
    group_ids = fields.List(fields.String(), validate=validate.Length(max=200))


class Names(Schema):
    names = fields.Dict(keys=fields.String(), values=fields.String())


@bp.get("/names")
@access("person")
@bp.arguments(NamesQuery, location="query")
@bp.response(200, Names)
def read_names(query):
    """Labels of ids, as far as the caller may see them"""
    query.pop("after", None)
    return {"names": ask("contracts", "names", **query)}
