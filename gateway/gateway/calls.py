"""Asking and telling the services: the two verbs that pages and API routes use.

    ask("ledger", "statement", household_id=…)          a query: answers what the service answers
    tell("orders", "confirm_order", cycle_id=…, …)      a command: answers {"id", "version", "position"}

`ask` passes on how far the view must have got (`after`): the last position this person wrote in this session, or
`?after=` of the address, whichever is later. `tell` derives the command id from the person, the idempotency key and
the address, so that a repeated request is the same command, and a fingerprint of the content, so that the same key
with other content is noticed. Refusals are `grenier.errors`; `problems.py` turns them into answers.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from flask import current_app, g, has_request_context, request

from gateway.identity import identity, language
from grenier.errors import Invalid, Unavailable
from grenier.log.protocol import LogUnavailable

COMMANDS = uuid5(NAMESPACE_URL, "https://grenier.invalid/commands")
SELF = "system:gateway"
READING = ("GET", "HEAD")
MAX_KEY = 200
MAX_POSITION = 2**62
FORM_KEY = "idempotency_key"
FORM_TOKEN = "csrf_token"  # noqa: S105 the name of a form field


class Rpc(Protocol):
    """The road to the services (wiring decides which)."""

    def call(self, service: str, method: str, payload: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        """What the method answers; raises GrenierError subclasses."""


def ask(service: str, method: str, /, **payload: Any) -> dict[str, Any]:
    """A query in the name of the person of this request."""
    actor = identity().person_id or ""
    return up_to_own_writes(lambda after: _call(service, method, payload, {"actor": actor, "after": after}))


def up_to_own_writes(read: Callable[[int | None], dict[str, Any]]) -> dict[str, Any]:
    """What `read(after)` answers; what was there before, marked as old, when the log or the worker is away.

    The own last write can then not be waited for: older figures are better than none. Programs that name a position
    get what they ask for or a 503.
    """
    after = None if "shows_older" in g else after_position()
    try:
        return read(after)
    except (Unavailable, LogUnavailable) as late:
        code = late.code if isinstance(late, Unavailable) else "log-unavailable"
        if after is None or code not in ("log-unavailable", "view-behind") or request.args.get("after"):
            raise
        g.shows_older = True
        return read(None)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Commands told within have ids that follow from `name`, not from their order: a request that gives many, some of which
    an earlier attempt has carried out, gives each the id it had then."""
    g.command_step = name
    try:
        yield
    finally:
        g.command_step = ""


def tell(service: str, method: str, /, **payload: Any) -> dict[str, Any]:
    """A command in the name of the person of this request."""
    person = identity().person_id
    command = command_id(person or SELF, service, method)
    context = {
        "actor": person or "",
        "command_id": str(command),
        "fingerprint": fingerprint(),
        "after": after_position(),
    }
    answer = _call(service, method, payload, context)
    _remember(answer)
    return answer


def ask_as_gateway(service: str, method: str, /, **payload: Any) -> dict[str, Any]:
    """A query that nobody signed in can make for themselves yet (who has this address? which groups are public?).

    Whoever reads names the position of what they have just written or were told of, like anybody else. An act (asking
    for a login link) waits for nothing that its sender chose, so that its answer is the same for every address.
    """
    if not has_request_context() or request.method not in READING:
        return _call(service, method, payload, {"actor": SELF})
    return up_to_own_writes(lambda after: _call(service, method, payload, {"actor": SELF, "after": after}))


def ask_for(person_id: str, service: str, method: str, /, **payload: Any) -> dict[str, Any]:
    """A query in the name of somebody who is not signed in, but has proved who they are in another way (a secret address)."""
    return _call(service, method, payload, {"actor": person_id})


def tell_as_gateway(service: str, method: str, /, **payload: Any) -> dict[str, Any]:
    """A command of the gateway itself, such as sending a login link; a repeated key is the same command."""
    body = json.dumps(payload, sort_keys=True, default=str)
    # A mail that leaves after the answer has no request any more, and nobody who could repeat it.
    command = command_id(SELF, service, method) if has_request_context() else uuid4()
    context = {
        "actor": SELF,
        "command_id": str(command),
        "fingerprint": hashlib.sha256(body.encode()).hexdigest(),
    }
    answer = _call(service, method, payload, context)
    if has_request_context():
        _remember(answer)
    return answer


def after_position() -> int | None:
    """How far a view must have got before it answers this request; None when it need not wait."""
    asked = request.args.get("after", "")
    if asked and not (asked.isdecimal() and asked.isascii() and int(asked[:20]) <= MAX_POSITION):
        raise Invalid(fields={"after": ["Not a position of the log."]})
    session = identity().session
    # What this very request has written already counts for programs too, which have no session.
    latest = max(int(asked or 0), session.position if session else 0, g.get("position", 0))
    return latest or None


def command_id(actor: str, service: str, method: str) -> UUID:
    """The same person sending the same key to the same address means the same command.

    The whole address belongs to the name, not only its pattern: an id must never be used in two streams.
    A request that gives several commands gives each its own id, by their order.
    """
    key = idempotency_key()
    if within := g.get("command_step", ""):
        return uuid5(COMMANDS, f"{actor}|{key}|{request.method} {request.path}|{within}|{service}.{method}")
    nth = g.setdefault("commands_told", 0)
    g.commands_told = nth + 1
    name = f"{actor}|{key}|{request.method} {request.path}"
    return uuid5(COMMANDS, name if nth == 0 else f"{name}|{nth}|{service}.{method}")


def idempotency_key() -> str:
    """From the header, or the hidden field of a form; a new one when the client sent none."""
    key = request.headers.get("Idempotency-Key") or request.form.get(FORM_KEY) or ""
    if len(key) > MAX_KEY or not key.isprintable():
        raise Invalid(fields={"Idempotency-Key": [f"At most {MAX_KEY} printable characters."]})
    if not key:
        key = g.setdefault("own_key", str(uuid4()))
    return key


def fingerprint() -> str:
    """SHA-256 of method, address and content of the request, however its fields were ordered."""
    body = request.get_json(silent=True) if request.is_json else None
    if body is None:
        fields = [(k, v) for k, v in request.form.items(multi=True) if k not in (FORM_KEY, FORM_TOKEN)]
        body = sorted([*fields, *_files()])
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{request.method} {request.path}\n{canonical}".encode()).hexdigest()


def _files() -> list[tuple[str, str]]:
    """Names and hashes of the files that came along, or of a body that is a file itself."""
    if not request.mimetype.startswith(("multipart/", "application/x-www-form-urlencoded")):
        content = request.get_data()
        return [("", hashlib.sha256(content).hexdigest())] if content else []
    found = []
    for name, file in request.files.items(multi=True):
        file.stream.seek(0)
        found.append((name, hashlib.sha256(file.stream.read()).hexdigest()))
        file.stream.seek(0)
    return found


def correlation_id() -> str:
    """One id that follows the request through services, events and logs."""
    if "correlation_id" not in g:
        g.correlation_id = str(uuid4())
    return g.correlation_id


def _remember(answer: dict[str, Any]) -> None:
    """Read your writes: the session keeps the position of its last write, API clients find it in a header."""
    position = answer.get("position") if isinstance(answer, dict) else None
    if not isinstance(position, int):
        return
    g.position = max(position, g.get("position", 0))
    session = identity().session
    if session is not None:
        current_app.extensions["grenier"].sessions.wrote(session, position)


def _call(service: str, method: str, payload: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    gateway = current_app.extensions["grenier"]
    deadline = time.time() + gateway.settings.rpc_timeout_s
    context = {**context, "correlation_id": correlation_id(), "deadline": deadline, "language": language()}
    return gateway.rpc.call(service, method, payload, context)
