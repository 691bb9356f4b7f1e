"""The RPC protocol on the wire, as Nameko 2.14 speaks it; both hosts and the client keep to it.

    request   topic exchange "nameko-rpc", routing key "<service>.<method>", queue "rpc-<service>" bound to "<service>.*"
              properties: reply_to, correlation_id, expiration (ms); body {"args": [], "kwargs": {...}}
    reply     the same exchange, routing key = reply_to, the request's correlation_id; body {"result": ..., "error": ...}
              error {"exc_type", "exc_path", "exc_args", "value"} is for breaches of the protocol only: what a door
              refuses travels in the result (see `doors`)

Bodies are JSON. Replies go to a queue "rpc.reply-…" that its caller binds under a name of its own.
"""

from __future__ import annotations

from typing import Any

import msgspec

EXCHANGE = "nameko-rpc"
CONTENT_TYPE = "application/json"
CONTENT_ENCODING = "utf-8"
REPLY_QUEUES = "rpc.reply-grenier-"
"""Beginning of the names of our callers' reply queues."""
REPLY_QUEUE_EXPIRES_MS = 300_000

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def queue_name(service: str) -> str:
    return f"rpc-{service}"


def binding_key(service: str) -> str:
    return f"{service}.*"


def routing_key(service: str, method: str) -> str:
    return f"{service}.{method}"


def request_body(payload: dict[str, Any], context: dict[str, Any]) -> bytes:
    return _encode({"args": [], "kwargs": {"payload": payload, "context": context}})


def reply_body(result: Any, error: dict[str, Any] | None = None) -> bytes:
    return _encode({"result": result, "error": error})


def protocol_error(kind: str, value: str) -> dict[str, Any]:
    """An error as Nameko serialises it; `kind` is one of its exception names, such as MethodNotFound."""
    return {"exc_type": kind, "exc_path": f"nameko.exceptions.{kind}", "exc_args": [value], "value": value}


def decode(body: bytes | str) -> Any:
    """Raises msgspec.DecodeError when the body is not JSON, or nested beyond reason."""
    try:
        return _decode(body)
    except RecursionError as error:
        raise msgspec.DecodeError("nested too deeply") from error


def encode_text(value: Any) -> str:
    return _encode(value).decode()
