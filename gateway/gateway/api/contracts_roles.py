"""Roles of groups and of the federation."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Query, Schema
from gateway.calls import ask, tell

bp = ApiBlueprint("roles", description="Who may do what, in which scope, from when to when.")


class MandateSchema(Schema):
    assignment_id = fields.String()
    person_id = fields.String()
    name = fields.String()
    role = fields.String()
    scope_kind = fields.String()
    scope_id = fields.String()
    scope_name = fields.String()
    valid_from = fields.String()
    valid_until = fields.String(allow_none=True)
    assigned_at = fields.String()
    assigned_by = fields.String()


class Roles(Schema):
    roles = fields.Nested(MandateSchema, many=True)
    assignable = fields.List(fields.String())


class GroupRole(Schema):
    person_id = fields.String(required=True)
    role = fields.String(required=True)
    valid_from = fields.String(metadata={"format": "date"})
    valid_until = fields.String(metadata={"format": "date"})


class FederationRole(GroupRole):
    scope_kind = fields.String(
        load_default="federation", validate=validate.OneOf(["federation", "producer", "circle", "contract"])
    )
    scope_id = fields.String(required=True)


class Assigned(Done):
    assignment_id = fields.String()


@bp.get("/groups/<group_id>/roles")
@access("member")
@bp.arguments(Query, location="query")
@bp.response(200, Roles)
def group_roles(query, group_id):
    """Who holds which role in a group"""
    return ask("contracts", "roles", group_id=group_id)


@bp.post("/groups/<group_id>/roles")
@access(may="contracts.assign-roles")
@bp.arguments(GroupRole)
@bp.response(201, Assigned)
def assign_group_role(body, group_id):
    """Give a role in a group"""
    return tell("contracts", "assign_role", scope_kind="group", scope_id=group_id, **body)


@bp.delete("/groups/<group_id>/roles/<person_id>/<assignment_id>")
@access(may="contracts.assign-roles")
@bp.response(200, Done)
def revoke_group_role(group_id, person_id, assignment_id):
    """Take back a role in a group"""
    return tell("contracts", "revoke_role", person_id=person_id, assignment_id=assignment_id)


@bp.get("/federation/roles")
@access(may="contracts.found")
@bp.arguments(Query, location="query")
@bp.response(200, Roles)
def federation_roles(query):
    """Who holds which role for the federation or a producer"""
    return ask("contracts", "federation_roles")


@bp.post("/federation/roles")
@access(may="contracts.found")
@bp.arguments(FederationRole)
@bp.response(201, Assigned)
def assign_federation_role(body):
    """Give a role for the federation or a producer"""
    return tell("contracts", "assign_role", **body)


@bp.delete("/federation/roles/<person_id>/<assignment_id>")
@access(may="contracts.found")
@bp.response(200, Done)
def revoke_federation_role(person_id, assignment_id):
    """Take back a role for the federation or a producer"""
    return tell("contracts", "revoke_role", person_id=person_id, assignment_id=assignment_id)
