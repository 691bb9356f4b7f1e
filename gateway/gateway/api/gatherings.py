"""Activities from the plan to the minutes: changes, invitations and answers, presence (S0:26, S0:51-56)."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import Done, Flag, Schema
from gateway.api.matching import MATERIAL, ME, NewSlot, bp
from gateway.calls import tell
from gateway.identity import person_id as caller


class Change(Schema):
    title = fields.String(validate=validate.Length(min=1, max=200))
    starts_at = fields.String(metadata={"format": "date-time"})
    ends_at = fields.String(metadata={"format": "date-time"})
    place = fields.String(validate=validate.Length(max=200))
    agenda = fields.String(validate=validate.Length(max=20_000))
    material = fields.List(fields.String(validate=validate.Length(max=200)), validate=MATERIAL)
    slots = fields.Nested(
        NewSlot, many=True, validate=validate.Length(max=50), metadata={"description": "More of them"}
    )
    reason = fields.String(validate=validate.Length(max=200))


class Cancellation(Schema):
    reason = fields.String(validate=validate.Length(max=200))


class Answer(Schema):
    coming = fields.String(required=True, validate=validate.OneOf(["yes", "no", "maybe"]))


class MinutesText(Schema):
    text = fields.String(required=True, validate=validate.Length(min=1, max=50_000))


class Present(Schema):
    present = Flag(required=True)


@bp.patch("/activities/<activity_id>")
@access(may="matching.manage")
@bp.arguments(Change)
@bp.response(200, Done)
@bp.alt_response(409, description="`activity-over`, `activity-cancelled`")
def change_activity(body, activity_id):
    """Change an activity; its slots move with the beginning, everybody it touches is told"""
    return tell("matching", "change_activity", activity_id=activity_id, **body)


@bp.post("/activities/<activity_id>/cancel")
@access(may="matching.manage")
@bp.arguments(Cancellation)
@bp.response(200, Done)
@bp.alt_response(409, description="`activity-over`")
def cancel_activity(body, activity_id):
    """Cancel an activity; everybody it touches is told"""
    return tell("matching", "cancel_activity", activity_id=activity_id, **body)


@bp.post("/activities/<activity_id>/announce")
@access(may="matching.manage")
@bp.response(200, Done)
@bp.alt_response(409, description="`activity-over`, `activity-cancelled`")
def announce_activity(activity_id):
    """Invite those the activity is meant for"""
    return tell("matching", "announce_activity", activity_id=activity_id)


@bp.put("/activities/<activity_id>/answers/<person_id>")
@access("person")
@bp.arguments(Answer)
@bp.response(200, Done)
@bp.alt_response(409, description="`activity-over`, `activity-cancelled`")
def answer_invitation(body, activity_id, person_id):
    """Say whether one comes (`me`, or a member of the group when one manages activities)"""
    who = caller() if person_id == ME else person_id
    return tell("matching", "answer_invitation", activity_id=activity_id, person_id=who, **body)


@bp.put("/activities/<activity_id>/attendance/<person_id>")
@access(may="matching.manage")
@bp.arguments(Present)
@bp.response(200, Done)
def record_presence(body, activity_id, person_id):
    """Record that somebody was there without a task of their own"""
    return tell("matching", "record_attendance", activity_id=activity_id, person_id=person_id, **body)


@bp.put("/activities/<activity_id>/minutes")
@access(may="matching.manage")
@bp.arguments(MinutesText)
@bp.response(200, Done)
@bp.alt_response(409, description="`activity-not-begun`, `activity-cancelled`")
def publish_minutes(body, activity_id):
    """Publish the minutes; again: a corrected version"""
    return tell("matching", "publish_minutes", activity_id=activity_id, **body)
