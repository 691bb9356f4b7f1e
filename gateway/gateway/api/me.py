"""Me: who the caller is, and where they belong."""

from marshmallow import fields

from gateway.access import access
from gateway.api.base import ApiBlueprint, Schema
from gateway.identity import language, person_id, places

bp = ApiBlueprint("me", url_prefix="/me", description="The person who asks, and their places.")


class RoleSchema(Schema):
    role = fields.String()
    scope_kind = fields.String()
    scope_id = fields.String()


class HouseholdSchema(Schema):
    household_id = fields.String()
    group_id = fields.String()


class GroupSchema(Schema):
    group_id = fields.String()
    name = fields.String()
    kind = fields.String()
    time_zone = fields.String()


class Me(Schema):
    person_id = fields.String()
    language = fields.String()
    roles = fields.Nested(RoleSchema, many=True)
    households = fields.Nested(HouseholdSchema, many=True)
    groups = fields.Nested(GroupSchema, many=True)


@bp.get("")
@access("person")
@bp.response(200, Me)
def read():
    """Person id, roles, households and groups of the caller"""
    mine = places()
    return {
        "person_id": person_id(),
        "language": language(),
        "roles": mine.roles,
        "households": mine.households,
        "groups": mine.groups,
    }
