"""The application: collaborators come in as keywords, tests bring their own, `wiring.py` brings the real ones."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from argon2 import PasswordHasher
from flask import Flask, Response, g
from flask.json.provider import DefaultJSONProvider
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway import access, api, formats, i18n, icons, metrics, pages, problems, staleness, templating, wiring
from gateway.access_view import AccessView, NoPlaces
from gateway.admission import Admission, places_of
from gateway.auth_db import auth_url, open_auth_db
from gateway.calls import Rpc, correlation_id
from gateway.feed import Convert
from gateway.identity import cookie_name, is_https
from gateway.languages import Languages
from gateway.projections import Agenda, Balances
from gateway.routing import LazyRule
from gateway.security import audit, web
from gateway.security.calendar_links import CalendarLinks
from gateway.security.limits import Limits
from gateway.security.magic import MagicLinks
from gateway.security.passwords import Passwords
from gateway.security.sessions import SessionStore
from gateway.security.tokens import Tokens
from grenier.clock import Clock, make_clock
from grenier.config import Settings
from grenier.feed import to_cloudevent
from grenier.language.registry import UnknownEvent
from grenier.log.protocol import EventLog, Recorded
from grenier.pulse import Watch

MAX_REQUEST_BYTES = 2_000_000  # imports of spreadsheets set their own, larger limit
MAX_FORM_BYTES = 1_000_000


@dataclass
class Gateway:
    """The collaborators of one application, reachable as `app.extensions["grenier"]`."""

    settings: Settings
    rpc: Rpc
    db: Engine
    clock: Clock
    access_view: AccessView
    balances: Balances | None
    agenda: Agenda | None
    log: EventLog | None
    to_cloudevent: Convert
    sessions: SessionStore
    passwords: Passwords
    links: MagicLinks
    tokens: Tokens
    calendars: CalendarLinks  # the secret addresses of people's calendars
    limits: Limits
    languages: Languages
    watch: Watch | None  # whether broker and log are there; None: they always are
    freshness: staleness.Freshness | None  # how old what is shown may be
    audit: audit.Audit  # who came in, who was turned away
    defer: Callable[..., object]  # runs a function a little later, outside the request
    json_only: bool = False  # no pages here: every refusal is a problem+json
    rules: dict[str, access.Rule] = field(default_factory=dict)


def create_app(settings: Settings | None = None, **collaborators: Any) -> Flask:
    """The gateway with its pages and its API. Without collaborators: those of the installation (see `gather`)."""
    settings = settings or Settings.from_env()
    app = build(gather(settings, **(collaborators or wiring.collaborators(settings))))
    pages.install(app)
    api.install(app)
    return finish(app)


def gather(
    settings: Settings,
    *,
    rpc: Rpc,
    db: Engine | None = None,
    clock: Clock | None = None,
    access_view: AccessView | None = None,
    balances: Balances | None = None,
    agenda: Agenda | None = None,
    log: EventLog | None = None,
    to_cloudevent: Convert | None = None,
    watch: Watch | None = None,
    freshness: staleness.Freshness | None = None,
    now: Callable[[], float] = time.time,
    defer: Callable[..., object] | None = None,
    password_hasher: PasswordHasher | None = None,
    json_only: bool = False,
) -> Gateway:
    """The collaborators of an application. `now` is the real clock (sessions, limits), `clock` the app clock."""
    db = db if db is not None else open_auth_db(auth_url(settings))
    return Gateway(
        settings=settings,
        rpc=rpc,
        db=db,
        clock=clock or make_clock(settings.demo, settings.clock_file),
        access_view=access_view or NoPlaces(),
        balances=balances,
        agenda=agenda,
        log=log,
        to_cloudevent=to_cloudevent or _public,
        sessions=SessionStore(db, now),
        passwords=Passwords(db, now, password_hasher),
        links=MagicLinks(db, now),
        tokens=Tokens(db, now),
        calendars=CalendarLinks(db, now),
        limits=Limits(db, settings.session_secret.encode(), now),
        languages=Languages(db),
        watch=watch,
        freshness=freshness,
        audit=audit.Audit(db, settings.kek, now),
        defer=defer or ThreadPoolExecutor(2, thread_name_prefix="later").submit,
        json_only=json_only,
    )


def build(gateway: Gateway) -> Flask:
    """An application with everything but routes."""
    settings = gateway.settings
    app = Flask("gateway", static_url_path="/static", static_folder=None if gateway.json_only else "static")
    app.extensions["grenier"] = gateway
    app.url_rule_class = LazyRule
    _configure(app, settings, listening=gateway.json_only)
    metrics.install(app)
    app.before_request(access.enforce)
    app.before_request(web.check_origin)
    audit.install(app)
    app.after_request(web.headers)
    app.after_request(_trace)
    problems.install(app)
    i18n.install(app, settings.time_zone)
    icons.install(app)
    formats.install(app)
    templating.install(app)
    return app


def finish(app: Flask) -> Flask:
    """Close the table of routes: each has its access rule, or there is no start."""
    if "static" in app.view_functions:
        access.access("public")(app.view_functions["static"])
    app.extensions["grenier"].rules = dict(access.rules_of(app))
    return app


def _public(recorded: Recorded) -> dict[str, Any] | None:
    """An event written by a newer program waits for this one to be renewed: it is not shown."""
    try:
        return to_cloudevent(recorded)
    except UnknownEvent:
        return None


class Json(DefaultJSONProvider):
    """What is nested too deeply to be read is malformed, not a fault of ours."""

    def loads(self, s: str | bytes, **options: Any) -> Any:
        try:
            return super().loads(s, **options)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def _configure(app: Flask, settings: Settings, *, listening: bool) -> None:
    app.secret_key = settings.session_secret
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,  # addresses of static files carry their hash
        SESSION_COOKIE_NAME=f"{cookie_name(settings)}-flash",
        SESSION_COOKIE_SECURE=is_https(settings),
        SESSION_COOKIE_SAMESITE="Lax",
        JSON_SORT_KEYS=False,
    )
    app.json = Json(app)
    app.json.ensure_ascii = False
    # A screen that listens to events keeps its place for hours: there, the hub counts them itself.
    at_once, waiting = (settings.stream_threads, 0) if listening else places_of(settings.gateway_threads)
    admission = Admission(app.wsgi_app, is_https(settings), at_once, waiting, longest=MAX_REQUEST_BYTES)
    app.extensions["grenier-admission"] = app.wsgi_app = admission  # type: ignore[method-assign, assignment]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def _trace(response: Response) -> Response:
    """The number to find the request by, and the position of what it wrote."""
    response.headers["X-Correlation-Id"] = correlation_id()
    if "position" in g:
        response.headers["Grenier-Position"] = str(g.position)
    staleness.mark(response)
    return response
