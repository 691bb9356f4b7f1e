"""Who may do what on the installation's own RabbitMQ node: one user per process, with the least it needs (T38, V13.2.2).

The node reads users and permissions from a file at every start (`definitions`, import of RabbitMQ itself): there is no
moment with a default login, and an older data folder gets them at its next start. `grenier`, who may do everything, is
the user of older versions and keeps its password; no process of ours logs in as it. The passwords of the others follow
from that one: who knows one of them learns nothing of the rest.

    user              may
    gateway…          send requests to any service, read the answers to its own
    serve-…           take the requests of the services of this process, answer
    spare             the same for all services
    relay             publish the public feed
    work-…+notify     put ids on the queue of the mailers
    mailer            work on that queue
    feed              bind queues "feed.…" of its own to the public feed and read them: for programs of other houses
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from grenier.broker import DEAD_EXCHANGE, EVENTS_EXCHANGE, MAIL_OUTBOX
from grenier.config import LOCAL
from grenier.process import SERVICES
from grenier.rpc_wire import EXCHANGE as RPC_EXCHANGE
from grenier.rpc_wire import REPLY_QUEUES, queue_name

ADMINISTRATOR = "grenier"
FEED = "feed"
VHOST = "/"
NOTHING = "^$"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
FEED_QUEUE_BYTES = 50_000_000
FEED_QUEUE_EXPIRES_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Rights:
    """Regular expressions over names of queues and exchanges; `topics`: exchange → (routing keys to write, to bind)."""

    configure: str = NOTHING
    write: str = NOTHING
    read: str = NOTHING
    topics: tuple[tuple[str, str, str], ...] = ()


def rights_of(process: str) -> Rights | None:
    """What the process of this name needs; None when it has no business with the broker."""
    verb, _, services = process.partition("-")
    mail = (MAIL_OUTBOX.name, MAIL_OUTBOX.dead)
    if verb == "gateway":
        requests = f"^({'|'.join(SERVICES)})\\.[a-z_]+$"
        reached = f"^({_exactly(RPC_EXCHANGE)}|{_exactly(REPLY_QUEUES)}{UUID})$"
        own = f"^{_exactly(REPLY_QUEUES)}{UUID}$"
        return Rights(own, reached, reached, ((RPC_EXCHANGE, requests, f"^{UUID}$"),))
    if verb in ("serve", "spare"):
        names = services.split("+") if services else list(SERVICES)
        reached = _names(RPC_EXCHANGE, *map(queue_name, names))
        return Rights(reached, reached, reached, ((RPC_EXCHANGE, f"^{UUID}$", f"^({'|'.join(names)})\\.\\*$"),))
    if process == "relay":
        return Rights(_names(EVENTS_EXCHANGE), _names(EVENTS_EXCHANGE))
    if verb == "work" and "notify" in services.split("+"):
        # Both ends make the queue, so that neither has to wait for the other. Only an ordinary exchange may be written:
        # the nameless one leads to every queue.
        declared = _names(DEAD_EXCHANGE, MAIL_OUTBOX.exchange, *mail)
        return Rights(declared, declared, _names(DEAD_EXCHANGE, MAIL_OUTBOX.exchange, MAIL_OUTBOX.name))
    if process == "mailer":
        declared = _names(DEAD_EXCHANGE, MAIL_OUTBOX.exchange, *mail)
        return Rights(declared, _names(DEAD_EXCHANGE, *mail), declared)
    if process == FEED:
        return Rights("^feed\\..+$", "^feed\\..+$", f"^({_exactly(EVENTS_EXCHANGE)}|feed\\..+)$")
    return None


def definitions(processes: Iterable[str], password: str) -> str:
    """RabbitMQ's definitions file: the administrator, the users of these processes and of the public feed."""
    rights = {name: found for name in (*processes, FEED) if (found := rights_of(name))}
    everything = Rights(".*", ".*", ".*")
    users = [
        _user(ADMINISTRATOR, password, "administrator"),
        *(_user(name, _derived(password, name)) for name in rights),
    ]
    permissions = [
        {"user": name, "vhost": VHOST, "configure": found.configure, "write": found.write, "read": found.read}
        for name, found in {ADMINISTRATOR: everything, **rights}.items()
    ]
    topics = [
        {"user": name, "vhost": VHOST, "exchange": exchange, "write": write, "read": read}
        for name, found in rights.items()
        for exchange, write, read in found.topics
    ]
    # A reader that stays away must not fill the disk.
    kept = {"max-length-bytes": FEED_QUEUE_BYTES, "expires": FEED_QUEUE_EXPIRES_MS}
    policy = {"vhost": VHOST, "name": "feed", "pattern": "^feed\\.", "apply-to": "queues", "priority": 0}
    wanted: dict[str, Any] = {
        "vhosts": [{"name": VHOST}],
        "users": users,
        "permissions": permissions,
        "topic_permissions": topics,
        "policies": [policy | {"definition": kept}],
        "exchanges": [_exchange(EVENTS_EXCHANGE), _exchange(RPC_EXCHANGE)],
    }
    return json.dumps(wanted, indent=1)


def url(process: str, password: str, port: int) -> str:
    """Where and as whom a process speaks to the node; without a user for those that need not speak to it."""
    if rights_of(process) is None:
        return f"amqp://nobody@{LOCAL}:{port}/%2F"
    return f"amqp://{quote(process, safe='')}:{_derived(password, process)}@{LOCAL}:{port}/%2F"


def _derived(password: str, user: str) -> str:
    digest = hmac.digest(password.encode(), b"broker user " + user.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _user(name: str, password: str, *tags: str) -> dict[str, Any]:
    """As RabbitMQ keeps it: base64 of four bytes of salt and the SHA-256 of salt and password."""
    salt = secrets.token_bytes(4)
    hashed = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    return {
        "name": name,
        "password_hash": hashed,
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": list(tags),
        "limits": {},
    }


def _exchange(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": VHOST,
        "type": "topic",
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def _names(*names: str) -> str:
    return f"^({'|'.join(map(_exactly, names))})$"


def _exactly(name: str) -> str:
    """A name within a regular expression of the broker's own kind (PCRE)."""
    return name.replace(".", "\\.")
