"""Nameko's RPC entrypoint, hardened; to be imported after `rpc_nameko.prepare`.

a request without reply_to   is dropped and logged (Nameko's own dies of it, and again when it is redelivered)
a reply that cannot be sent  is logged (Nameko's own ends the process when the broker restarts under a call)
a broker that is away        is asked again every second, not after growing minutes
"""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nameko.constants import NON_PERSISTENT
from nameko.exceptions import serialize
from nameko.messaging import QueueConsumer
from nameko.rpc import Rpc, RpcConsumer

from grenier import rpc_wire as wire
from grenier.rpc_host import TAKEN_AHEAD, connected_services

_log = logging.getLogger(__name__)

# An attempt costs next to nothing, and whoever calls meanwhile waits: the broker is found within a second of its return.
FIRST_PAUSE_S = 0.25
PAUSE_STEP_S = 0.25
LONGEST_PAUSE_S = 1.0


class DoorQueueConsumer(QueueConsumer):
    prefetch_count = TAKEN_AHEAD
    """Beyond the workers, the greenlet that consumes waits for one that is free; nothing else waits with it."""

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        with self.create_connection() as connection:
            connection.ensure_connection(
                self.on_connection_error,
                interval_start=FIRST_PAUSE_S,
                interval_step=PAUSE_STEP_S,
                interval_max=LONGEST_PAUSE_S,
            )
            yield connection

    def on_connection_error(self, exc: Exception, interval: float) -> None:
        _log.warning("broker away (%s), trying again in %.1f s", type(exc).__name__, interval)

    def on_consume_ready(self, connection: Any, channel: Any, consumers: Any, **kwargs: Any) -> None:
        connected_services.add(self.container.service_name)
        super().on_consume_ready(connection, channel, consumers, **kwargs)

    @contextmanager
    def extra_context(self, connection: Any, channel: Any) -> Iterator[None]:
        try:
            yield
        finally:
            connected_services.discard(self.container.service_name)


class DoorConsumer(RpcConsumer):
    queue_consumer = DoorQueueConsumer()

    def handle_message(self, body: Any, message: Any) -> None:
        if not message.properties.get("reply_to"):
            _log.error("%s: a request without reply_to was dropped", message.delivery_info["routing_key"])
            self.queue_consumer.ack_message(message)
            return
        try:
            provider = self.get_provider_for_method(message.delivery_info["routing_key"])
            provider.handle_message(body, message)
        except Exception:
            self.handle_result(message, None, sys.exc_info())

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        """Reply on the channel the request came by: a third of the cost of Nameko's way through a pool of connections."""
        error = None if exc_info is None else serialize(exc_info[1])
        try:
            _reply(message, wire.reply_body(result, error))
        except Exception:
            # The caller runs into its timeout; repeating a command is safe.
            _log.exception("%s: the reply could not be sent", message.delivery_info["routing_key"])
            _hang_up(message)
        self.queue_consumer.ack_message(message)
        return result, exc_info


def _reply(message: Any, body: bytes) -> None:
    reply = message.channel.prepare_message(
        body,
        content_type=wire.CONTENT_TYPE,
        content_encoding=wire.CONTENT_ENCODING,
        properties={"correlation_id": message.properties.get("correlation_id"), "delivery_mode": NON_PERSISTENT},
    )
    message.channel.basic_publish(reply, exchange=wire.EXCHANGE, routing_key=message.properties["reply_to"])


def _hang_up(message: Any) -> None:
    """A frame may have been written in part: end the connection, the consumer opens a new one."""
    try:
        message.channel.connection.transport.sock.shutdown(socket.SHUT_RDWR)
    except (AttributeError, OSError):
        pass


class DoorEntrypoint(Rpc):
    rpc_consumer = DoorConsumer()

    def check_signature(self, args: Any, kwargs: Any) -> None:
        """Every door has the same signature; Nameko's own check inspects the function anew for each call."""
        if args or kwargs.keys() != _ARGUMENTS:
            super().check_signature(args, kwargs)


_ARGUMENTS = {"payload", "context"}

door_entrypoint = DoorEntrypoint.decorator
