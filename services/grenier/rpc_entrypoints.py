"""Nameko's RPC entrypoint, hardened; to be imported after `rpc_nameko.prepare`.

a request without reply_to   is dropped and logged (Nameko's own dies of it, and again when it is redelivered)
a reply that cannot be sent  is logged (Nameko's own ends the process when the broker restarts under a call)
a broker that is away        is asked again every few seconds, not after growing minutes
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nameko.amqp.publish import Publisher
from nameko.constants import DEFAULT_TRANSPORT_OPTIONS, NON_PERSISTENT
from nameko.messaging import QueueConsumer
from nameko.rpc import Responder, Rpc, RpcConsumer, get_rpc_exchange

_log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.5
PAUSE_STEP_S = 0.5
LONGEST_PAUSE_S = 5.0

connected_services: set[str] = set()
"""Names of the services whose queue is being consumed."""


class ReplyPublisher(Publisher):
    """Replies are worthless after a restart: transient, without confirms."""

    use_confirms = False
    delivery_mode = NON_PERSISTENT
    transport_options = DEFAULT_TRANSPORT_OPTIONS | {"interval_start": 0.2, "interval_step": 0.2}
    retry_policy = {"max_retries": 2, "interval_start": 0.2, "interval_step": 0.2}  # noqa: RUF012


class ReplyResponder(Responder):
    publisher_cls = ReplyPublisher


class DoorQueueConsumer(QueueConsumer):
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
        config = self.container.config
        responder = ReplyResponder(config["AMQP_URI"], get_rpc_exchange(config), self.container.serializer, message)
        try:
            result, exc_info = responder.send_response(result, exc_info)
        except Exception:
            # The caller runs into its timeout; repeating a command is safe.
            _log.exception("%s: the reply could not be sent", message.delivery_info["routing_key"])
        self.queue_consumer.ack_message(message)
        return result, exc_info


class DoorEntrypoint(Rpc):
    rpc_consumer = DoorConsumer()


door_entrypoint = DoorEntrypoint.decorator
