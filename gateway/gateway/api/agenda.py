"""What has a date: deliveries, order windows, activities; the secret address of one's own calendar."""

from flask import current_app, url_for
from marshmallow import fields

from gateway import agenda
from gateway.access import access
from gateway.api.base import ApiBlueprint, Query, Schema
from gateway.identity import person_id

bp = ApiBlueprint("agenda", description="What has a date. Calendar programs read /calendrier/<group_id>.ics.")


class Entry(Schema):
    entry_id = fields.String()
    group_id = fields.String()
    kind = fields.String(metadata={"description": "delivery, round (orders are open), or the kind of the activity"})
    subject_id = fields.String(metadata={"description": "Contract of a delivery or a round, subject of an activity"})
    title = fields.String()
    starts_at = fields.String()
    ends_at = fields.String()
    place = fields.String()
    note = fields.String()
    factor_percent = fields.Integer()
    cancelled = fields.Boolean()
    sequence = fields.Integer(metadata={"description": "How often it was changed"})
    changed_at = fields.String()


class Entries(Schema):
    items = fields.Nested(Entry, many=True)


class Link(Schema):
    url = fields.String(metadata={"description": "Shown this once"})


@bp.get("/groups/<group_id>/agenda")
@access("member")
@bp.arguments(Query, location="query")
@bp.response(200, Entries)
def read_agenda(query, group_id):
    """Everything of a group that has a date, by its beginning"""
    return {"items": agenda.of_group(group_id)}


@bp.get("/me/agenda")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Entries)
def own_agenda(query):
    """My deliveries, what I help with or come to, when I can order"""
    return {"items": agenda.of_person(person_id())}


@bp.post("/me/calendar-link")
@access("person")
@bp.response(201, Link)
@bp.alt_response(415, description="A form of another site could send it")
@bp.unkeyed
def make_link():
    """A secret address for one's own calendar program; the one before stops working"""
    gateway = current_app.extensions["grenier"]
    path = url_for("agenda.own_feed", secret=gateway.calendars.issue(person_id()))
    return {"url": gateway.settings.public_url + path}


@bp.delete("/me/calendar-link")
@access("person")
@bp.response(200, Schema)
def withdraw_link():
    """The secret address stops working"""
    current_app.extensions["grenier"].calendars.revoke(person_id())
    return {}
