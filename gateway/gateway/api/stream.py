"""The event stream lives in a process of its own; this address leads there when no proxy joins the two."""

from flask import Response, request

from gateway.access import access
from gateway.api.base import ApiBlueprint
from gateway.templating import stream_address
from grenier.errors import Unavailable

bp = ApiBlueprint("stream", url_prefix="/stream", description="Server-sent events of the event feed.")


@bp.get("")
@access("person")
@bp.response(200, content_type="text/event-stream")
@bp.alt_response(307, description="Where the stream is, when no proxy joins the two")
def follow():
    """Events as they happen (`text/event-stream`); `Last-Event-ID` or `after` resumes behind a position"""
    address = stream_address()
    if address.startswith("/"):
        raise Unavailable()  # a proxy should have led this request to the stream process
    query = request.query_string.decode()
    response = Response(status=307, headers={"Location": address + (f"?{query}" if query else "")})
    del response.headers["Content-Type"]  # there is no content
    return response
