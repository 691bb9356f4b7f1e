"""What every template may use, besides the helpers of `formats` and `icons`."""

import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

from flask import Flask, current_app, get_flashed_messages, request, url_for
from flask_babel import get_locale, get_timezone
from werkzeug.local import LocalProxy

from gateway import access, menus, staleness, tasks
from gateway.calls import correlation_id
from gateway.identity import LANGUAGES, current_group, identity, places
from gateway.security.web import csrf_token, stream_origin

STATIC = Path(__file__).parent / "static"


def install(app: Flask) -> None:
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        app_now=lambda: current_app.extensions["grenier"].clock.now(),
        asset=asset,
        colon=lambda: " : " if page_language() == "fr" else ": ",
        correlation_id=correlation_id,
        csrf_token=csrf_token,
        current_group=current_group,
        data_age_words=staleness.words,
        form_key=form_key,
        identity=identity,
        languages=LANGUAGES,
        local_input=local_input,
        may=may,
        nav_links=menus.links,
        notices=notices,
        page_language=page_language,
        places=places,
        real_instant=real_instant,
        request=request,
        settings=LocalProxy(lambda: current_app.extensions["grenier"].settings),
        stream_address=stream_address,
        url_for=url_for,
        urgency_of=tasks.urgency_of,
        with_query=with_query,
    )


@cache
def _digest(path: str) -> str:
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]


def asset(path: str) -> str:
    """Address of a static file that changes with its content, so that browsers may keep it for a year."""
    return url_for("static", filename=path, v=_digest(path))


def form_key() -> str:
    """A new idempotency key for a form: sending it twice is the same command."""
    return str(uuid4())


def may(permission: str, **arguments: object) -> bool:
    """Whether to show a button: `{% if may("orders.regulate", group_id=group_id) %}`. Services decide for themselves."""
    return access.allows(access.rule(may=permission), arguments)


def notices() -> list[tuple[str, str]]:
    """(kind, text) of what the last action left to say; kinds: success, attention, problem, message."""
    return get_flashed_messages(with_categories=True)  # type: ignore[return-value]


def real_instant(seconds: int) -> datetime:
    """Unix seconds of the real clock (sessions, tokens) as an instant."""
    return datetime.fromtimestamp(seconds, UTC)


def local_input(instant: datetime) -> str:
    """An instant as the value of a datetime-local field, in the zone of the page."""
    return instant.astimezone(get_timezone()).strftime("%Y-%m-%dT%H:%M")


def page_language() -> str:
    return str(get_locale() or "fr")


def stream_address() -> str:
    """Where the page's script listens to events."""
    settings = current_app.extensions["grenier"].settings
    return (settings.stream_url or stream_origin()) + "/api/v1/stream"


def with_query(**changes: object) -> str:
    """This page's address with some query fields replaced (None removes one)."""
    query = {**request.args.to_dict(), **changes}
    kept = {name: value for name, value in query.items() if value not in (None, "")}
    return request.path + (f"?{urlencode(kept)}" if kept else "")
