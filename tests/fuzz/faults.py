"""T37: what every answer carries, and what no answer tells, whatever breaks behind it.

Headers are looked at on every route and every way to be refused (404, 405, 413, 415, 422, 401, 403, 500, 503). Faults are
thrown where they happen in life: in the services' doors, in templates, in the gateway's own database.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from flask.testing import FlaskClient
from jinja2 import TemplateNotFound, TemplateSyntaxError, UndefinedError
from sqlalchemy import exc
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from grenier.doors import MARK
from grenier.errors import GrenierError, Unavailable
from grenier.log.protocol import LogUnavailable
from tests.isolation import World, routes, row_of, tries
from tests.isolation_rows import Row
from tests.readable import text_of

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'")
HTTPS = "https://grenier.example.org"
SECRET = "SELECT password FROM persons WHERE name='canari'"
PATH = "/srv/grenier/secret/keys.sqlite"
INSIDE = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|SELECT |sqlite|psycopg|sqlalchemy|[Ww]erkzeug|[Ff]lask[ /]|[Jj]inja|gunicorn|[Cc]anari|/srv/|"
    r"Python/|\b[A-Z]\w+(?:Error|Exception)\b|0x[0-9a-f]{6,}"
)


@dataclass
class Seen:
    answers: int = 0
    forced: int = 0
    routes: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def headers(world: World) -> Seen:
    """Every route and method as somebody who may and as nobody, and the refusals that no route answers itself."""
    seen = Seen()
    clients = [world.client(world.lived.groups[0].organiser), world.client("")]
    for rule in routes(world.app):
        seen.routes.add(rule.endpoint)
        for client in clients:
            for method, path in _requests(world, rule):
                if client is clients[0] and method in ("POST", "PUT", "PATCH"):
                    continue  # they would succeed, and change who the attacker is
                _look(seen, client.open(path, method=method), f"{method} {path}", rule.endpoint)
    for answer in _refusals(world, clients[0]):
        _look(seen, answer, f"{answer.request.method} {answer.request.path} {answer.status_code}")
    with https(world):
        for path in ("/", "/api/v1/me", "/nulle-part", "/static/grenier.css", "/connexion"):
            answer = clients[0].get(path)
            if "max-age=31536000" not in answer.headers.get("Strict-Transport-Security", ""):
                seen.problems.append(f"{path}: no HSTS on https")
    return seen


def _requests(world: World, rule: Rule) -> Iterator[tuple[str, str]]:
    row = row_of(rule) or Row("")
    attempt = next(tries(world, rule, Row(row.kind, row.fill)), None)
    path = attempt.path(world.app) if attempt else rule.rule
    # Unsafe methods without a body: refused for what is missing, or for who asks; nothing is erased on the way.
    for method in [*sorted((rule.methods or set()) - {"DELETE"}), "PROPFIND"]:
        yield method, path


def _refusals(world: World, client: FlaskClient) -> Iterator[TestResponse]:
    post = "/api/v1/tokens"
    for prefix in ("/", "/api/v1/", "/health/", "/static/", "/groupes/"):
        yield client.get(f"{prefix}nulle-part%00")
        yield client.get(f"{prefix}{'x' * 5000}")
    yield client.delete("/connexion")
    yield client.post(post, data=b"{", content_type="application/json")
    yield client.post(post, data=b"[" * 100_000, content_type="application/json")
    yield client.post(post, data=b"\xff\xfe", content_type="application/json")
    yield client.post(post, data=b"x" * 3_000_000, content_type="application/json")
    yield client.post(post, data=b"x", content_type="text/plain")
    yield client.post(post, json={"email": 5})
    yield client.get("/api/v1/me?after=soon")
    yield client.get("/api/v1/me", headers={"If-None-Match": "*"})
    yield client.post("/connexion", data=b"x" * 3_000_000, content_type="application/x-www-form-urlencoded")
    yield client.post("/connexion", data=b"--x\r\n" * 50, content_type="multipart/form-data; boundary=x")


def _look(seen: Seen, answer: TestResponse, where: str, endpoint: str = "") -> None:
    seen.answers += 1
    where = f"{where}: {answer.status_code}"
    for name, value in ALWAYS.items():
        if answer.headers.get(name) != value:
            seen.problems.append(f"{where}: {name} is {answer.headers.get(name)}")
    policy = answer.headers.get("Content-Security-Policy", "")
    seen.problems += [f"{where}: policy without {part}" for part in POLICY if part not in policy]
    if "unsafe" in policy:
        seen.problems.append(f"{where}: unsafe policy")
    kept = answer.headers.get("Cache-Control", "")
    if endpoint != "static" and not ("no-store" in kept or kept == "private, no-cache"):
        seen.problems.append(f"{where}: Cache-Control {kept!r}")
    for name in ("Server", "X-Powered-By"):
        if re.search(r"\d", answer.headers.get(name, "")):
            seen.problems.append(f"{where}: {name} {answer.headers[name]}")
    if answer.status_code >= 400 and (found := INSIDE.search(text_of(answer))):
        seen.problems.append(f"{where}: tells {found.group()!r}")


@contextmanager
def https(world: World) -> Iterator[None]:
    gateway = world.app.extensions["grenier"]
    with patch.object(type(gateway.settings), "public_url", HTTPS, create=True):
        yield


# -- forced failures ---------------------------------------------------------------------------------------------

THROWN: tuple[Callable[[], Exception], ...] = (
    lambda: RuntimeError(SECRET), lambda: ValueError(PATH), lambda: KeyError("canari"), lambda: TypeError(SECRET),
    lambda: AttributeError("'Canari' object"), lambda: AssertionError(SECRET), lambda: ZeroDivisionError(PATH), lambda: RecursionError(SECRET),
    lambda: MemoryError(PATH), lambda: UnicodeDecodeError("utf-8", b"canari", 0, 1, PATH), lambda: FileNotFoundError(2, "no", PATH),
    lambda: PermissionError(13, "no", PATH), lambda: ConnectionResetError(PATH), lambda: TimeoutError(SECRET), lambda: StopIteration(SECRET),
    lambda: NotImplementedError(PATH), lambda: sqlite3.DatabaseError(SECRET), lambda: exc.IntegrityError(SECRET, {"a": PATH}, Exception(PATH)),
    lambda: exc.OperationalError(SECRET, {"a": PATH}, Exception(PATH)), lambda: exc.ProgrammingError(SECRET, {}, Exception(PATH)),
    lambda: LogUnavailable(SECRET), lambda: GrenierError("internal"), lambda: Unavailable(retry_after=3),
    lambda: UndefinedError(SECRET), lambda: TemplateSyntaxError(SECRET, 7, PATH), lambda: TemplateNotFound(PATH),
)  # fmt: skip
PLACES = ("door", "wire", "template", "database", "error page")


def forced(world: World) -> Seen:
    """Each exception thrown in each place, met through the API and through a page: a number to find it by, no more."""
    seen = Seen()
    client = world.client(world.lived.groups[0].organiser)  # one for all: a person has a limited number of tokens
    for place in PLACES:
        for thrown in THROWN:
            with broken(world, place, thrown):
                for path in _paths(world, place):
                    seen.forced += 1
                    _judge(seen, client.get(path), f"{place}: {type(thrown()).__name__} at {path[:30]}", place)
    return seen


def _paths(world: World, place: str) -> tuple[str, ...]:
    group = world.objects["group_id"]
    pages = (f"/groupes/{group}/membres",)
    return pages if place in ("template", "error page") else (*pages, f"/api/v1/groups/{group}/members")


@contextmanager
def broken(world: World, place: str, thrown: Callable[[], Exception]) -> Iterator[None]:
    def throw(*_args: Any, **_more: Any) -> Any:
        raise thrown()

    setattr(throw, MARK, True)
    site, templates = world.lived.site, world.app.jinja_env
    find = templates.get_or_select_template

    def only_errors(name: Any, *args: Any, **more: Any) -> Any:
        return find(name, *args, **more) if str(name).startswith("errors/") else throw()

    target, name, instead = {
        "door": (type(site.house.rooms["contracts"].doors), "members", throw),
        "wire": (site.rpc, "call", throw),
        "template": (templates, "get_or_select_template", only_errors),
        "error page": (templates, "get_or_select_template", throw),
        "database": (world.app.extensions["grenier"].tokens, "person_of", throw),
    }[place]
    with patch.object(target, name, instead):
        yield


def _judge(seen: Seen, answer: TestResponse, where: str, place: str) -> None:
    _look(seen, answer, where)
    if answer.status_code not in (500, 503):
        seen.problems.append(f"{where}: {answer.status_code}")
    elif answer.headers["X-Correlation-Id"] not in text_of(answer):
        seen.problems.append(f"{where}: no number to find it by")
