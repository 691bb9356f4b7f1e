"""Activities, their help slots and who signed up. Every route passes on to matching-svc, which authorises again."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Flag, Query, Schema
from gateway.calls import ask, tell
from gateway.identity import person_id as caller

bp = ApiBlueprint("matching", description="Activities and the hands they need.")

KINDS = (
    "distribution", "delivery", "help_desk", "event", "meeting", "training", "visit", "festive_distribution",
    "general_meeting",
)  # fmt: skip
STATES = ("planned", "announced", "held", "minuted", "cancelled")
MATERIAL = validate.Length(max=50)
ME = "me"


class Volunteer(Schema):
    person_id = fields.String()
    signed_up_at = fields.String()
    present = fields.Boolean(allow_none=True)


class SlotSchema(Schema):
    slot_id = fields.String()
    task = fields.String()
    starts_at = fields.String()
    ends_at = fields.String()
    needed = fields.Integer()
    signed_up = fields.Integer()
    missing = fields.Integer()
    volunteers = fields.Nested(Volunteer, many=True)


class ActivitySchema(Schema):
    activity_id = fields.String()
    group_id = fields.String()
    kind = fields.String(validate=validate.OneOf(KINDS))
    title = fields.String()
    starts_at = fields.String()
    ends_at = fields.String()
    place = fields.String()
    subject_id = fields.String(metadata={"description": "What it is for: the order cycle of a distribution"})
    needed = fields.Integer()
    signed_up = fields.Integer()
    missing = fields.Integer()
    called_at = fields.String(allow_none=True)
    state = fields.String(validate=validate.OneOf(STATES))
    agenda = fields.String()
    material = fields.List(fields.String())
    invited = fields.String(validate=validate.OneOf(["everybody", "collective"]))
    open_to_public = fields.Boolean()
    series_id = fields.String()
    announced_at = fields.String(allow_none=True)
    cancelled_at = fields.String(allow_none=True)
    reason = fields.String(metadata={"description": "Of the last change, or of the cancellation"})
    minutes = fields.String()
    minutes_version = fields.Integer()
    minuted_at = fields.String(allow_none=True)
    my_answer = fields.String(validate=validate.OneOf(["", "yes", "no", "maybe"]))


class Guest(Schema):
    person_id = fields.String()
    coming = fields.String(validate=validate.OneOf(["", "yes", "no", "maybe"]))
    present = fields.Boolean(allow_none=True)


class ActivityDetail(ActivitySchema):
    guests = fields.Nested(Guest, many=True)
    slots = fields.Nested(SlotSchema, many=True)
    may_manage = fields.Boolean()


class Activities(Schema):
    activities = fields.Nested(ActivitySchema, many=True)
    may_manage = fields.Boolean()


class ActivitiesQuery(Query):
    past = fields.Boolean(load_default=False)


class NewSlot(Schema):
    task = fields.String(required=True, validate=validate.Length(min=1, max=100))
    starts_at = fields.String(required=True, metadata={"format": "date-time"})
    ends_at = fields.String(required=True, metadata={"format": "date-time"})
    needed = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=100))


class NewActivity(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    title = fields.String(required=True, validate=validate.Length(min=1, max=200))
    starts_at = fields.String(required=True, metadata={"format": "date-time"})
    ends_at = fields.String(required=True, metadata={"format": "date-time"})
    place = fields.String(validate=validate.Length(max=200))
    slots = fields.Nested(NewSlot, many=True, validate=validate.Length(max=50))
    subject_id = fields.String(validate=validate.Length(max=100))
    agenda = fields.String(validate=validate.Length(max=20_000))
    material = fields.List(fields.String(validate=validate.Length(max=200)), validate=MATERIAL)
    invited = fields.String(validate=validate.OneOf(["everybody", "collective"]))
    open_to_public = Flag(metadata={"description": "Shown in the group's public calendar"})
    every = fields.String(validate=validate.OneOf(["week", "fortnight", "month"]))
    times = fields.Integer(strict=True, validate=validate.Range(min=1, max=52))


class Planned(Done):
    ids = fields.List(fields.String(), metadata={"description": "Of all occurrences, the first one included"})


class FreeTime(Query):
    free_from = fields.AwareDateTime(format="iso", metadata={"description": "Only slots inside the time one has"})
    free_until = fields.AwareDateTime(format="iso")


class MySlot(Schema):
    activity_id = fields.String()
    group_id = fields.String()
    kind = fields.String()
    title = fields.String()
    place = fields.String()
    slot_id = fields.String()
    task = fields.String()
    starts_at = fields.String()
    ends_at = fields.String()
    present = fields.Boolean(allow_none=True)


class MySlots(Schema):
    slots = fields.Nested(MySlot, many=True)


class Presence(Schema):
    present = Flag(required=True)


class SubjectQuery(Query):
    subject_id = fields.String(required=True)


class AttendanceSchema(Schema):
    signed_up = fields.Integer()
    present = fields.Integer()


@bp.get("/groups/<group_id>/activities")
@access("member")
@bp.arguments(ActivitiesQuery, location="query")
@bp.response(200, Activities)
def list_activities(query, group_id):
    """Activities of a group: to come, or past (the last 200)"""
    return ask("matching", "activities", group_id=group_id, past=query["past"])


@bp.post("/groups/<group_id>/activities")
@access(may="matching.manage")
@bp.arguments(NewActivity)
@bp.response(201, Planned)
def plan(body, group_id):
    """Plan an activity with its slots; with `times` several at once, at the same hour"""
    return tell("matching", "plan_activity", group_id=group_id, **body)


@bp.get("/groups/<group_id>/attendance")
@access("member")
@bp.arguments(SubjectQuery, location="query")
@bp.response(200, AttendanceSchema)
def attendance(query, group_id):
    """How many volunteers signed up and came for a subject (an order cycle)"""
    return ask("matching", "attendance", group_id=group_id, subject_id=query["subject_id"])


@bp.get("/activities/<activity_id>")
@access("person")
@bp.arguments(FreeTime, location="query")
@bp.response(200, ActivityDetail)
def read_activity(query, activity_id):
    """An activity with its slots, who signed up, who comes"""
    free = {name: query[name].isoformat() for name in ("free_from", "free_until") if name in query}
    return ask("matching", "activity", activity_id=activity_id, **free)


@bp.put("/activities/<activity_id>/slots/<slot_id>/volunteers/<person_id>")
@access("person")
@bp.response(200, Done)
def sign_up(activity_id, slot_id, person_id):
    """Sign up for a slot (`me`, or a member of the group when one manages volunteers)"""
    who = caller() if person_id == ME else person_id
    return tell("matching", "sign_up", activity_id=activity_id, slot_id=slot_id, person_id=who)


@bp.delete("/activities/<activity_id>/slots/<slot_id>/volunteers/<person_id>")
@access("person")
@bp.response(200, Done)
def withdraw(activity_id, slot_id, person_id):
    """Withdraw from a slot (`me`, or somebody else when one manages volunteers)"""
    who = caller() if person_id == ME else person_id
    return tell("matching", "withdraw", activity_id=activity_id, slot_id=slot_id, person_id=who)


@bp.put("/activities/<activity_id>/slots/<slot_id>/volunteers/<person_id>/attendance")
@access(may="matching.manage")
@bp.arguments(Presence)
@bp.response(200, Done)
def record_attendance(body, activity_id, slot_id, person_id):
    """Record whether a volunteer came"""
    return tell("matching", "record_attendance", activity_id=activity_id, slot_id=slot_id, person_id=person_id, **body)


@bp.post("/activities/<activity_id>/call")
@access(may="matching.manage")
@bp.response(200, Done)
def call_volunteers(activity_id):
    """Ask those who could come once more"""
    return tell("matching", "call_volunteers", activity_id=activity_id)


@bp.get("/me/slots")
@access("person")
@bp.arguments(ActivitiesQuery, location="query")
@bp.response(200, MySlots)
def my_slots(query):
    """What the caller has signed up for"""
    return ask("matching", "my_slots", past=query["past"])
