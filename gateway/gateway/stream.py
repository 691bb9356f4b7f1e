"""The event stream, in a process of its own: `GET /api/v1/stream` as server-sent events.

`id:` is the log position, `data:` the CloudEvent. `Last-Event-ID` (or `?after=`) resumes behind a position; without
it only new events come. A comment every 15 seconds keeps the line open and lets the server notice who has left or
was signed out. One subscription to the log per process feeds everybody. Signed in by session cookie or bearer token;
a screen whose session ended gets 204, which tells browsers not to come back.
"""

import json
import queue
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, current_app, request

from gateway import feed, wiring
from gateway.access import access
from gateway.app import build, finish, gather
from gateway.calls import after_position
from gateway.identity import cookie_name, identity
from gateway.pages import health
from grenier.config import Settings
from grenier.errors import Unavailable
from grenier.log.protocol import EventLog, LogUnavailable, Recorded
from grenier.metrics import SSE_CLIENTS

HEARTBEAT_S = 15.0
RETRY_MS = 3000
PER_PERSON = 6
SPARE_THREADS = 4  # for health checks and refusals
QUEUE_LENGTH = 1000  # a reader that falls behind further is cut off and resumes with Last-Event-ID
RESUBSCRIBE_S = 1.0
# The first byte to a screen that is gone is taken by the network, the second one fails: then its place is free.
NUDGES, NUDGE_EVERY_S = 3, 0.15

NUDGE: Any = object()

bp = Blueprint("stream", __name__)


def create_app(settings: Settings | None = None, *, heartbeat_s: float = HEARTBEAT_S, **collaborators: Any) -> Flask:
    """The stream's application; collaborators as for `gateway.app.create_app`."""
    settings = settings or Settings.from_env()
    app = build(gather(settings, json_only=True, **(collaborators or wiring.collaborators(settings))))
    app.extensions["grenier-stream"] = Hub(app.extensions["grenier"].log, settings.stream_threads - SPARE_THREADS)
    app.config["HEARTBEAT_S"] = heartbeat_s
    app.register_blueprint(bp)
    app.register_blueprint(health.bp)
    app.after_request(_allow_our_pages)
    return finish(app)


class Hub:
    """One reader of the log, many listeners. `places` bounds them per process, PER_PERSON per person."""

    def __init__(self, log: EventLog, places: int) -> None:
        self._log = log
        self._places = places
        self._lock = threading.Lock()
        self._listeners: dict[queue.Queue[Recorded | None], str] = {}
        self._reader: threading.Thread | None = None
        self._after: int | None = None

    def join(self, person_id: str) -> "queue.Queue[Recorded | None] | None":
        """A queue of what happens from now on, or None when there is no room."""
        with self._lock:
            per_person = Counter(self._listeners.values())
            if len(self._listeners) >= self._places or per_person[person_id] >= PER_PERSON:
                return None
            if self._reader is None:
                self._after = self._log.head()
                self._reader = threading.Thread(target=self._read, name="stream-reader", daemon=True)
                self._reader.start()
            place: queue.Queue[Recorded | None] = queue.Queue(QUEUE_LENGTH)
            self._listeners[place] = person_id
            SSE_CLIENTS.set(len(self._listeners))
            return place

    def join_after_those_who_left(self, person_id: str) -> "queue.Queue[Recorded | None] | None":
        """Like `join`; without room the person's other screens are written to, so that those which are gone give theirs up.

        Who turns pages quickly leaves a stream behind at each: nobody tells the server before it writes to it."""
        place = self.join(person_id)
        for _ in range(NUDGES):
            if place is not None or not self._nudge(person_id):
                break
            time.sleep(NUDGE_EVERY_S)
            place = self.join(person_id)
        return place

    def _nudge(self, person_id: str) -> bool:
        """Whether there was anybody to write to."""
        with self._lock:
            theirs = [place for place, listener in self._listeners.items() if listener == person_id]
            for place in theirs:
                if place.empty():  # else it is about to be written to anyway
                    place.put_nowait(NUDGE)
            return bool(theirs)

    def leave(self, place: "queue.Queue[Recorded | None]") -> None:
        with self._lock:
            self._listeners.pop(place, None)
            SSE_CLIENTS.set(len(self._listeners))

    def _read(self) -> None:
        while True:
            try:
                for item in self._log.subscribe(after=self._after, types=None):
                    if isinstance(item, Recorded):
                        self._after = item.position
                        self._tell(item)
            except LogUnavailable:
                time.sleep(RESUBSCRIBE_S)
            else:
                return  # the log was closed

    def _tell(self, item: Recorded) -> None:
        with self._lock:
            for place in list(self._listeners):
                try:
                    place.put_nowait(item)
                except queue.Full:
                    self._listeners.pop(place)
                    place.queue.clear()
                    place.put_nowait(None)


@bp.get("/api/v1/stream")
@access("public")
def follow() -> Response:
    """Who may not listen is told here: 204 for screens whose session ended, 401 for everybody else."""
    person = identity().person_id
    if person is None:
        if cookie_name(current_app.extensions["grenier"].settings) in request.cookies:
            return Response(status=204)
        abort(401)
    last = _resume_position()
    place = current_app.extensions["grenier-stream"].join_after_those_who_left(person)
    if place is None:
        raise Unavailable(retry_after=15)
    # The generator runs on while the response lasts: everything it needs of the request is taken here.
    headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store", "Connection": "keep-alive"}
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    body = _events(app, place, feed.visible(), last, _still_welcome(app))
    return Response(body, mimetype="text/event-stream", headers=headers)


def _events(app: Flask, place: Any, wanted: feed.Wanted, last: int | None, welcome) -> Iterator[str]:
    gateway, hub = app.extensions["grenier"], app.extensions["grenier-stream"]
    position = last if last is not None else -1
    try:
        yield f"retry: {RETRY_MS}\n\n"
        if last is not None:
            for position, past in feed.public_events(gateway.log, gateway.to_cloudevent, wanted, last):
                yield _message(position, past)
        while True:
            try:
                item = place.get(timeout=app.config["HEARTBEAT_S"])
            except queue.Empty:
                if not welcome():
                    return
                yield ":\n\n"
                continue
            if item is None:
                return
            if item is NUDGE:
                yield ":\n\n"
                continue
            if item.position <= position:
                continue  # already sent while catching up
            position = item.position
            event = gateway.to_cloudevent(item) if wanted.takes(item) else None
            if event is not None:
                yield _message(position, event)
    except LogUnavailable:
        return  # the browser comes back by itself, with the last position it saw
    finally:
        hub.leave(place)


def _message(position: int, event: dict[str, Any]) -> str:
    return f"id: {position}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"


def _resume_position() -> int | None:
    text = request.headers.get("Last-Event-ID", "")
    if text.isdecimal() and len(text) < 19:
        return int(text)
    return after_position() if request.args.get("after") else None


def _still_welcome(app: Flask):
    """A check that outlives the request: the session or token that opened the stream still stands."""
    environ = {k: v for k, v in request.environ.items() if k in ("HTTP_COOKIE", "HTTP_AUTHORIZATION")}

    def check() -> bool:
        with app.test_request_context("/api/v1/stream", environ_overrides=environ):
            return identity().person_id is not None

    return check


def _allow_our_pages(response: Response) -> Response:
    """The pages come from the next port: a different origin to browsers, and the only one that may listen."""
    settings = current_app.extensions["grenier"].settings
    origin = request.headers.get("Origin", "")
    host = request.host.rsplit(":", 1)[0]
    ours = {urlsplit(settings.public_url).netloc, f"{host}:{settings.gateway_port}"}
    response.headers["Vary"] = "Origin, Cookie, Authorization"
    if origin and urlsplit(origin).netloc in ours:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Cross-Origin-Resource-Policy"] = "same-site"
    return response
