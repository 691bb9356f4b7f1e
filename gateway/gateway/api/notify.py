"""Announcements, templates, the log of messages and the call list over the API."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Flag, Pages, Query, Schema
from gateway.calls import ask, tell

AUDIENCES = validate.Regexp(
    r"^(all|ordered|not-ordered|drafts|takers|collective|contract:[A-Za-z0-9_-]{1,90})$",
    error="all, ordered, not-ordered, drafts, takers, collective or contract:<id>.",
)
STATES = validate.OneOf(["", "waiting", "sent", "failed", "to-call", "told"])
LANGUAGE = validate.OneOf(["fr", "en"])
SUBJECT = validate.Length(max=200)
BODY = validate.Length(max=20_000)

bp = ApiBlueprint("messages", description="What is said to whom: announcements, templates, log, call list.")


class Announcement(Schema):
    audience = fields.String(required=True, validate=AUDIENCES)
    subject = fields.String(required=True, validate=validate.Length(min=1, max=200))
    body = fields.String(required=True, validate=validate.Length(min=1, max=20_000))
    cycle_id = fields.String(validate=validate.Length(max=100))
    from_producer = Flag(
        metadata={"description": "News from the farm, to the subscribers of `contract:<id>`, marked as such"}
    )


class Announced(Done):
    persons = fields.Integer()


class AudienceQuery(Query):
    audience = fields.String(required=True, validate=AUDIENCES)
    cycle_id = fields.String(validate=validate.Length(max=100))
    from_producer = fields.Boolean()


class AnnouncementPreview(Schema):
    persons = fields.Integer()
    by_email = fields.Integer()
    by_phone = fields.Integer()
    declined = fields.Integer()
    households = fields.Integer()
    subject = fields.String()
    text = fields.String()


class Call(Schema):
    at = fields.String()
    actor = fields.String()
    role = fields.String()
    outcome = fields.String()


class Message(Schema):
    message_id = fields.String()
    template = fields.String()
    person_id = fields.String()
    household_id = fields.String()
    group_id = fields.String()
    channel = fields.String(validate=validate.OneOf(["email", "phone"]))
    state = fields.String(validate=STATES)
    requested_at = fields.String()
    cause = fields.String()
    sent_at = fields.String()
    attempts = fields.Integer()
    reason = fields.String()
    failed_at = fields.String()
    calls = fields.Nested(Call, many=True)


class OwnMessage(Message):
    subject = fields.String()
    text = fields.String()


class CallEntry(OwnMessage):
    name = fields.String()
    phone = fields.String()


class MessagesQuery(Pages):
    state = fields.String(load_default="", validate=STATES)


class Messages(Schema):
    items = fields.Nested(Message, many=True)
    total = fields.Integer()
    page = fields.Integer()
    size = fields.Integer()


class OwnMessages(Messages):
    items = fields.Nested(OwnMessage, many=True)


class CallsQuery(Query):
    done = fields.Boolean(load_default=False)


class Calls(Schema):
    items = fields.Nested(CallEntry, many=True)
    total = fields.Integer()


class Outcome(Schema):
    outcome = fields.String(required=True, validate=validate.OneOf(["told", "no-answer", "wrong-number"]))


class Template(Schema):
    code = fields.String()
    category = fields.String()
    language = fields.String()
    purpose = fields.String()
    subject = fields.String()
    body = fields.String()
    origin = fields.String(validate=validate.OneOf(["file", "host", "group"]))
    placeholders = fields.List(fields.String())
    editable = fields.Boolean()


class Templates(Schema):
    items = fields.Nested(Template, many=True)


class Wording(Schema):
    """Both empty: back to the version above."""

    subject = fields.String(required=True, validate=SUBJECT)
    body = fields.String(required=True, validate=BODY)


class Rendered(Schema):
    subject = fields.String()
    text = fields.String()
    html = fields.String()


class Preferences(Schema):
    announcements = Flag(required=True)


@bp.get("/groups/<group_id>/announcements/preview")
@access("person")
@bp.arguments(AudienceQuery, location="query")
@bp.response(200, AnnouncementPreview)
def preview_announcement(query, group_id):
    """How many an announcement would reach, and by which way"""
    wanted = {name: query[name] for name in ("audience", "cycle_id", "from_producer") if query.get(name)}
    return ask("notify", "announce_preview", group_id=group_id, **wanted)


@bp.post("/groups/<group_id>/announcements")
@access("person")
@bp.arguments(Announcement)
@bp.response(201, Announced)
@bp.alt_response(409, description="`nobody-to-tell`")
def announce(body, group_id):
    """Announce something to the group or to a part of it"""
    return tell("notify", "announce", group_id=group_id, **body)


@bp.get("/groups/<group_id>/messages")
@access(may="notify.read")
@bp.arguments(MessagesQuery, location="query")
@bp.response(200, Messages)
def messages(query, group_id):
    """What was said to whom in a group, latest first"""
    page = query["offset"] // query["limit"] + 1
    size = min(query["limit"], 200)
    return ask("notify", "messages", group_id=group_id, state=query["state"], page=page, size=size)


@bp.get("/me/messages")
@access("person")
@bp.arguments(Pages, location="query")
@bp.response(200, OwnMessages)
def my_messages(query):
    """What was said to me"""
    page = query["offset"] // query["limit"] + 1
    return ask("notify", "my_messages", page=page, size=min(query["limit"], 200))


@bp.put("/me/preferences")
@access("person")
@bp.arguments(Preferences)
@bp.response(200, Done)
def set_preferences(body):
    """Want announcements or not; what concerns my own orders and account is always told"""
    return tell("notify", "set_announcements", wanted=body["announcements"])


@bp.get("/groups/<group_id>/calls")
@access(may="notify.call")
@bp.arguments(CallsQuery, location="query")
@bp.response(200, Calls)
def calls(query, group_id):
    """Persons to call: without e-mail, or whose mail was refused"""
    return ask("notify", "call_list", group_id=group_id, done=query["done"])


@bp.post("/groups/<group_id>/calls/<message_id>")
@access(may="notify.call")
@bp.arguments(Outcome)
@bp.response(201, Done)
@bp.alt_response(409, description="`not-on-call-list`")
def log_call(body, group_id, message_id):
    """Log how a call went"""
    return tell("notify", "log_call", message_id=message_id, **body)


@bp.get("/groups/<group_id>/templates")
@access(may="notify.announce")
@bp.arguments(Query, location="query")
@bp.response(200, Templates)
def templates(query, group_id):
    """Every template as this group's people get it, and where its text comes from"""
    return ask("notify", "templates", owner_id=group_id)


@bp.put("/groups/<group_id>/templates/<code>/<language>")
@access(may="notify.announce")
@bp.arguments(Wording)
@bp.response(200, Done)
def change_template(body, group_id, code, language):
    """Give a template the group's own words"""
    return tell("notify", "change_template", owner_id=group_id, code=code, language=language, **body)


@bp.post("/groups/<group_id>/templates/<code>/<language>/preview")
@access(may="notify.announce")
@bp.arguments(Wording)
@bp.response(200, Rendered)
def preview_template(body, group_id, code, language):
    """How a text reads with example figures; nothing is kept"""
    return ask("notify", "preview_template", owner_id=group_id, code=code, language=language, **body)
