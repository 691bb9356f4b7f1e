"""Doors: the methods of a service that others may call, and the one place where a call becomes an answer.

A service is a plain class with a `name` and methods marked with `@door`; it knows neither host nor transport:

    class Orders:
        name = "orders"

        @door
        def open_cycle(self, payload: dict, context: Context) -> dict: ...

`dispatch` answers `{"ok": ...}` or `{"error": {"code", "status", "facts"}}`, and never raises: what a service did
not foresee is logged with its traceback and leaves as "internal", without a word of its message.

While an installation is renewed process by process, old and new programs call each other. What only the other version
can carry out is a 503 that says so (a door, an event, a view of the other version): the same call comes again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from prometheus_client import Histogram

from grenier.errors import GrenierError, Invalid, Unavailable
from grenier.language import UnknownEvent
from grenier.log import LogUnavailable, WrongVersion
from grenier.log.protocol import code_of
from grenier.trouble import database_away

_log = logging.getLogger(__name__)

RPC_SECONDS = Histogram(
    "grenier_rpc_seconds",
    "Time a door took to answer, by outcome (ok, refused, unavailable, failed)",
    ["service", "method", "outcome"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

RETRY_AFTER_S = 2
MARK = "__grenier_door__"

Method = TypeVar("Method", bound=Callable[..., Any])


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What travels beside the payload. `deadline` is in epoch seconds; `after` a position of the log to wait for."""

    actor: str = ""
    command_id: str = ""
    correlation_id: str = ""
    fingerprint: str = ""
    deadline: float | None = None
    after: int | None = None
    on_behalf_of: str | None = None
    language: str = "fr"


def door(method: Method) -> Method:
    """Mark `def name(self, payload, context) -> dict` as callable from outside."""
    setattr(method, MARK, True)
    return method


def door_names(service: object) -> list[str]:
    """Names of the doors of a service, or of its class, in alphabetical order."""
    kind = service if isinstance(service, type) else type(service)
    return sorted(name for name in dir(kind) if getattr(getattr(kind, name), MARK, False))


def dispatch(service: Any, method: str, payload: Any, context: Any) -> dict[str, Any]:
    """Call one door with what came over the wire; the answer consists of plain JSON values."""
    started = time.perf_counter()
    try:
        answer = {"ok": msgspec.to_builtins(_call(service, method, payload, context))}
        outcome = "ok"
    except Exception as error:
        wire = as_error(error, f"{service.name}.{method}")
        if wire.status == GrenierError.status and _between_versions(service):
            wire = Unavailable("view-behind", retry_after=RETRY_AFTER_S)
        answer = {"error": {"code": wire.code, "status": wire.status, "facts": _plain(wire.facts)}}
        outcome = _outcome(wire)
    # An unknown name must not become a new time series.
    label = method if hasattr(type(service), method) else "unknown"
    RPC_SECONDS.labels(service.name, label, outcome).observe(time.perf_counter() - started)
    return answer


def _call(service: Any, method: str, payload: Any, context: Any) -> Any:
    call = getattr(service, method, None)
    if call is None or not getattr(call, MARK, False):
        raise Unavailable("unknown-method", retry_after=RETRY_AFTER_S, service=service.name, method=method)
    if not isinstance(payload, dict):
        raise Invalid("payload-invalid")
    try:
        known = msgspec.convert(context, Context)
    except msgspec.ValidationError as error:
        raise Invalid("context-invalid", reason=str(error)) from error
    if known.deadline is not None and known.deadline <= time.time():
        # The caller has given up and may have repeated; whoever waits in a queue too long must not act any more.
        raise Unavailable("deadline-passed")
    before = getattr(service, "before_call", None)
    if before is not None:
        before(known)
    return call(payload, known)


def as_error(error: Exception, where: str) -> GrenierError:
    """The error a caller is told; everything unforeseen is logged here and answered as "internal"."""
    match error:
        case GrenierError():
            return error
        case WrongVersion():
            return Unavailable("conflict-retry", retry_after=1, stream=error.stream)
        case UnknownEvent():
            _log.warning("%s: the log holds %s, from a newer program than this one", where, error)
            return Unavailable("newer-version", retry_after=RETRY_AFTER_S)
        case LogUnavailable():
            _log.warning("%s: log unavailable: %s", where, error)
            return Unavailable(code_of(error), retry_after=RETRY_AFTER_S)
        case _ if database_away(error):
            _log.warning("%s: the own database did not answer", where, exc_info=error)
            return Unavailable("unavailable", retry_after=RETRY_AFTER_S)
        case _:
            _log.error("%s failed", where, exc_info=error)
            return GrenierError("internal")


def _between_versions(service: Any) -> bool:
    """Whether the service's views have the shape of another version: what it did not foresee is no fault of its own then."""
    look = getattr(service, "between_versions", None)
    try:
        return look is not None and bool(look())
    except Exception:
        return False


def _outcome(error: GrenierError) -> str:
    if error.status == Unavailable.status:
        return "unavailable"
    return "failed" if error.status >= 500 else "refused"


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts as JSON values; what has no JSON form is told as text rather than losing the refusal."""
    plain: dict[str, Any] = msgspec.to_builtins(facts, str_keys=True, enc_hook=str)
    return plain
