"""Publishing and consuming through RabbitMQ so that nothing is lost and nothing loops.

    publisher = ConfirmedPublisher(url, declare_events).start()
    publisher.publish(Message(EVENTS_EXCHANGE, "orders.order-confirmed.g1", body), token=position)

    Consumer(url, MAIL_OUTBOX, send_mail).run()        # blocks until stop()

What goes through here is at least once: whoever receives drops what it has seen, by `message_id`.
RPC has its own way, see `rpc_client`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec
import pika
from pika.exceptions import AMQPError
from prometheus_client import Counter

from grenier.metrics import DEAD_LETTERS
from grenier.publisher import BrokerUnavailable, ConfirmedPublisher, Message, Unroutable
from grenier.trouble import BROKER_TROUBLE

__all__ = [
    "EVENTS_EXCHANGE",
    "MAIL_OUTBOX",
    "BrokerUnavailable",
    "ConfirmedPublisher",
    "Consumer",
    "Delivery",
    "Message",
    "Poison",
    "Unroutable",
    "WorkQueue",
    "declare_events",
    "replay_dead",
]

_log = logging.getLogger(__name__)

REDELIVERED = Counter("grenier_broker_redelivered_total", "Messages that came again after a failure", ["queue"])

EVENTS_EXCHANGE = "events.public"
DEAD_EXCHANGE = "dead-letters"

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0
HEARTBEAT_S = 30
STOP_TIMEOUT_S = 30.0
CRASHES_BEYOND_ATTEMPTS = 50


class WorkQueue(msgspec.Struct, frozen=True):
    """A durable queue of work with a queue beside it, "<name>.dead", for what was given up.

    `max_attempts` counts failures that the consumer reports; the broker itself gives up a message whose consumers
    die of it. `retry_s` is the pause after the first failure; it doubles with each further one.
    """

    name: str
    max_attempts: int = 8
    retry_s: float = 1.0
    longest_retry_s: float = 60.0

    @property
    def exchange(self) -> str:
        """Leads to this queue and no other: its publishers need no right to the nameless one, which leads to all."""
        return f"{self.name}.in"

    @property
    def dead(self) -> str:
        return f"{self.name}.dead"

    def declare(self, channel: Any) -> None:
        """On a blocking channel, or without waiting on an asynchronous one."""
        channel.exchange_declare(DEAD_EXCHANGE, "direct", durable=True)
        channel.queue_declare(self.dead, durable=True)
        channel.queue_bind(self.dead, DEAD_EXCHANGE, self.dead)
        # A quorum queue counts deliveries, which a classic one does not, and keeps its messages in a cluster.
        arguments = {
            "x-queue-type": "quorum",
            "x-delivery-limit": self.max_attempts + CRASHES_BEYOND_ATTEMPTS,
            "x-dead-letter-exchange": DEAD_EXCHANGE,
            "x-dead-letter-routing-key": self.dead,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
        channel.queue_declare(self.name, durable=True, arguments=arguments)
        channel.exchange_declare(self.exchange, "direct", durable=True)
        channel.queue_bind(self.name, self.exchange, self.name)

    def pause_after(self, attempt: int) -> float:
        return min(self.retry_s * 2.0 ** (attempt - 1), self.longest_retry_s)


MAIL_OUTBOX = WorkQueue("mail.outbox", max_attempts=60, retry_s=2.0, longest_retry_s=300.0)
"""Ids of messages to send. Mail servers may be away for hours: it takes four of them until one is given up."""


def declare_events(channel: Any) -> None:
    """The exchange of the public feed; dashboards bind queues of their own to it."""
    channel.exchange_declare(EVENTS_EXCHANGE, "topic", durable=True)


class Delivery(msgspec.Struct, frozen=True):
    """A message to be worked on; `attempt` counts from 1."""

    body: bytes
    message_id: str
    routing_key: str
    attempt: int


class Poison(Exception):
    """Raised by a handler: this message will never be workable, so do not try again."""


class Consumer:
    """Works through a queue: a handler that returns has done it, one that raises is asked again later.

    `run` serves the connection in the calling thread, handlers run beside it, so that a slow one does not cost the
    connection its heartbeat. With one worker messages are handled one after the other.
    """

    def __init__(
        self,
        amqp_url: str,
        queue: WorkQueue,
        handle: Callable[[Delivery], None],
        *,
        prefetch: int = 8,
        workers: int = 1,
    ) -> None:
        self._parameters = pika.URLParameters(amqp_url)
        self._parameters.heartbeat = HEARTBEAT_S
        self._queue = queue
        self._handle = handle
        self._prefetch = prefetch
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=queue.name)
        self._stopping = threading.Event()
        self._running: dict[int, Future[None]] = {}
        """By delivery tag, what was taken on this connection and is not settled; the serving thread's own."""
        self.connected = False

    def run(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                connection = pika.BlockingConnection(self._parameters)
                tag, channel = self._begin(connection)
                pause = FIRST_PAUSE_S
                self._serve(connection, channel, tag)
            except BROKER_TROUBLE as error:
                self.connected = False
                _log.warning("broker away (%s), trying again in %.1f s", type(error).__name__, pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def stop(self) -> None:
        """From any thread: finish what is being worked on, give back the rest."""
        self._stopping.set()

    def _begin(self, connection: Any) -> tuple[str, Any]:
        self._running = {}
        channel = connection.channel()
        self._queue.declare(channel)
        channel.basic_qos(prefetch_count=self._prefetch)
        tag = channel.basic_consume(self._queue.name, partial(self._on_message, connection))
        self.connected = True
        return tag, channel

    def _serve(self, connection: Any, channel: Any, tag: str) -> None:
        while not self._stopping.is_set():
            connection.process_data_events(time_limit=0.5)
        self.connected = False
        channel.basic_cancel(tag)
        # Fetched but not begun: it goes back to the broker with the connection.
        self._running = {tag: future for tag, future in self._running.items() if not future.cancel()}
        until = time.monotonic() + STOP_TIMEOUT_S
        while self._running and time.monotonic() < until:
            connection.process_data_events(time_limit=0.05)
        connection.close()

    def _on_message(self, connection: Any, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        attempt = int((properties.headers or {}).get("x-delivery-count", 0)) + 1
        if attempt > 1:
            REDELIVERED.labels(self._queue.name).inc()
        delivery = Delivery(body, properties.message_id or "", method.routing_key, attempt)
        tag = method.delivery_tag
        self._running[tag] = self._pool.submit(self._work, connection, channel, tag, delivery)

    def _work(self, connection: Any, channel: Any, tag: int, delivery: Delivery) -> None:
        try:
            self._handle(delivery)
            settle = partial(self._done, channel, tag)
        except Poison as poison:
            _log.error("%s: message %s given up: %s", self._queue.name, delivery.message_id, poison)
            settle = partial(self._give_up, channel, tag)
        except Exception:
            _log.exception("%s: message %s, attempt %d", self._queue.name, delivery.message_id, delivery.attempt)
            settle = partial(self._failed, connection, channel, tag, delivery.attempt)
        try:
            connection.add_callback_threadsafe(settle)
        except AMQPError:
            # The message went back with the lost connection, and comes again.
            _log.warning(
                "%s: the connection was lost before message %s was settled", self._queue.name, delivery.message_id
            )

    def _done(self, channel: Any, tag: int) -> None:
        if channel.is_open:
            self._running.pop(tag, None)
            channel.basic_ack(tag)

    def _give_up(self, channel: Any, tag: int) -> None:
        if channel.is_open:
            self._running.pop(tag, None)
            DEAD_LETTERS.labels(self._queue.name).inc()
            channel.basic_nack(tag, requeue=False)

    def _failed(self, connection: Any, channel: Any, tag: int, attempt: int) -> None:
        if attempt >= self._queue.max_attempts:
            self._give_up(channel, tag)
            return
        if not channel.is_open:
            return
        # Held back here: the broker would deliver it again at once.
        self._running.pop(tag, None)
        connection.call_later(self._queue.pause_after(attempt), partial(self._again, channel, tag))

    @staticmethod
    def _again(channel: Any, tag: int) -> None:
        if channel.is_open:
            channel.basic_nack(tag, requeue=True)


def replay_dead(amqp_url: str, queue: WorkQueue, limit: int = 1_000) -> int:
    """Put given-up messages back to work, oldest first; returns how many. For operators, after the cause is gone."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    try:
        channel = connection.channel()
        queue.declare(channel)
        channel.confirm_delivery()
        moved = 0
        while moved < limit:
            method, properties, body = channel.basic_get(queue.dead)
            if method is None:
                break
            kept = pika.BasicProperties(
                message_id=properties.message_id, content_type=properties.content_type, delivery_mode=2
            )
            channel.basic_publish(queue.exchange, queue.name, body, kept, mandatory=True)
            channel.basic_ack(method.delivery_tag)
            moved += 1
        return moved
    finally:
        connection.close()
