"""The event feed: what happened, for dashboards and other federations."""

import threading
from typing import Any

from flask import Response, current_app, json, request, url_for
from marshmallow import fields, validate

from gateway import feed
from gateway.access import access
from gateway.api.base import ApiBlueprint, Query, Schema
from gateway.calls import MAX_POSITION
from grenier.errors import Unavailable

bp = ApiBlueprint("events", url_prefix="/events", description="Public events as CloudEvents, without personal data.")
CLOUDEVENTS_BATCH = "application/cloudevents-batch+json"
WAITING = threading.BoundedSemaphore(2)  # readers that may hold a thread of the gateway while they wait


class EventQuery(Query):
    after = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(min=0, max=MAX_POSITION),
        metadata={"description": "Only events behind this log position"},
    )
    limit = fields.Integer(load_default=100, validate=validate.Range(min=1, max=500))
    type = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "Beginnings of type names, separated by commas: orders.,ledger.till"},
    )
    group = fields.String(load_default="", validate=validate.Length(max=64))
    wait = fields.Integer(
        load_default=0,
        validate=validate.Range(min=0, max=20),
        metadata={"description": "Seconds to wait for the first event"},
    )


class CloudEvent(Schema):
    specversion = fields.String()
    id = fields.String()
    source = fields.String()
    type = fields.String()
    subject = fields.String()
    time = fields.String()
    datacontenttype = fields.String()
    sequence = fields.String(metadata={"description": "Position in the log"})
    partitionkey = fields.String()
    groupid = fields.String()
    correlationid = fields.String()
    causationid = fields.String()
    data = fields.Dict()


@bp.get("")
@access("person")
@bp.arguments(EventQuery, location="query")
@bp.response(200, CloudEvent(many=True), content_type=CLOUDEVENTS_BATCH)
def read(query: dict):
    """Events behind a position, in the order of the log; `Link: rel=next` goes on from there"""
    gateway = current_app.extensions["grenier"]
    if gateway.log is None:
        raise Unavailable()
    wanted = feed.visible([name for name in query["type"].split(",") if name], query["group"])
    arguments = (gateway.log, gateway.to_cloudevent, wanted, query["after"], query["limit"])
    if query["wait"] and WAITING.acquire(blocking=False):
        try:
            batch = feed.wait_for(*arguments, query["wait"])
        finally:
            WAITING.release()
    else:
        batch = feed.read(*arguments)
    return _answer(batch)


def _answer(batch: feed.Batch) -> Response:
    response = Response(json.dumps(batch.events), mimetype=CLOUDEVENTS_BATCH)
    again: dict[str, Any] = {**request.args.to_dict(), "after": batch.next_after}
    response.headers["Link"] = f'<{url_for("api_events.read", **again)}>; rel="next"'
    response.headers["Grenier-Position"] = str(batch.next_after)
    return response
