"""RPC host on plain threads: the same protocol as Nameko's host, without Nameko and eventlet.

One connection and one channel per service are served by the calling thread; doors run in a pool of threads per
service, and hand their replies back to the serving thread, since pika's connections belong to one thread.
A request is acknowledged after its reply: when the process dies before, the broker gives it to another one, and
commands recognise themselves by their id.
"""

from __future__ import annotations

import inspect
import logging
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec
import pika
from pika.exceptions import AMQPError

from grenier import rpc_wire as wire
from grenier.config import Settings
from grenier.doors import dispatch, door_names
from grenier.health import HEALTH
from grenier.log import StreamLog
from grenier.log.guarded import Guarded
from grenier.rpc_host import MAX_WORKERS, PROBED_STREAM, TAKEN_AHEAD, connected_services, load_doors
from grenier.trouble import BROKER_TROUBLE

_log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0
HEARTBEAT_S = 30
STOP_TIMEOUT_S = 10.0
# The broker hands calls to a stand-in only while those it stands in for are dead or have all they can take.
STAND_IN = {"x-priority": -10}

_CALL = inspect.signature(lambda payload, context: None)


def stand_in(names: list[str], settings: Settings) -> int:
    """As `serve`, for calls that nobody else takes: while another process is being started again, say."""
    return serve(names, settings, STAND_IN)


def serve(names: list[str], settings: Settings, consumer: dict[str, Any] | None = None) -> int:
    """Answer calls to the named services until SIGTERM or SIGINT; returns the exit status. `consumer`: arguments for the broker."""
    # Before the imports, which take a while: a process is not ready because nobody has asked it yet.
    HEALTH.add("broker", lambda: connected_services >= set(names))
    from grenier.log.esdb import EsdbLog

    log = Guarded(EsdbLog(settings.esdb_uri))
    HEALTH.add("log", partial(_answers, log))
    host = ThreadHost(settings.amqp_url, load_doors(names, settings, log), consumer=consumer)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: host.stop())
    try:
        host.run()
    finally:
        log.close()
    return 0


def _answers(log: StreamLog) -> bool:
    log.read(PROBED_STREAM, limit=1)
    return True


class ThreadHost:
    """Serves the doors of several services; `run` blocks until `stop`, which any thread may call."""

    def __init__(
        self,
        amqp_url: str,
        services: list[Any],
        *,
        max_workers: int = MAX_WORKERS,
        consumer: dict[str, Any] | None = None,
    ) -> None:
        self._parameters = pika.URLParameters(amqp_url)
        self._parameters.heartbeat = HEARTBEAT_S
        self._services = [_Served(service, max_workers, consumer) for service in services]
        self._stopping = threading.Event()

    def run(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                connection = pika.BlockingConnection(self._parameters)
                for served in self._services:
                    served.consume(connection)
                connected_services.update(served.name for served in self._services)
                pause = FIRST_PAUSE_S
                _log.info("serving %s", ", ".join(served.name for served in self._services))
                self._serve(connection)
            except BROKER_TROUBLE as error:
                connected_services.clear()
                _log.warning("broker away (%s), trying again in %.1f s", type(error).__name__, pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
        for served in self._services:
            served.pool.shutdown(wait=False, cancel_futures=True)

    def stop(self) -> None:
        self._stopping.set()

    def _serve(self, connection: pika.BlockingConnection) -> None:
        while not self._stopping.is_set():
            connection.process_data_events(time_limit=0.5)
        connected_services.clear()
        for served in self._services:
            served.take_no_more()
        until = time.monotonic() + STOP_TIMEOUT_S
        while any(served.running for served in self._services) and time.monotonic() < until:
            connection.process_data_events(time_limit=0.05)
        connection.close()


class _Served:
    """One service on its channel, with its pool of threads."""

    def __init__(self, service: Any, max_workers: int, consumer: dict[str, Any] | None) -> None:
        self.service = service
        self.arguments = consumer
        self.name: str = service.name
        self.doors = frozenset(door_names(service))
        self.pool = ThreadPoolExecutor(max_workers, thread_name_prefix=self.name)
        self.running = 0
        """Calls taken and not yet replied to; touched by the serving thread only."""
        self._consumer = ""
        self._channel: Any = None

    def consume(self, connection: pika.BlockingConnection) -> None:
        self.running = 0
        self._channel = connection.channel()
        self._channel.exchange_declare(wire.EXCHANGE, "topic", durable=True)
        self._channel.queue_declare(wire.queue_name(self.name), durable=True)
        self._channel.queue_bind(wire.queue_name(self.name), wire.EXCHANGE, wire.binding_key(self.name))
        self._channel.basic_qos(prefetch_count=TAKEN_AHEAD)
        self._consumer = self._channel.basic_consume(
            wire.queue_name(self.name), partial(self._on_request, connection), arguments=self.arguments
        )

    def take_no_more(self) -> None:
        """What was fetched but not begun goes back to the broker with the cancellation."""
        self._channel.basic_cancel(self._consumer)

    def _on_request(self, connection: Any, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        if not properties.reply_to:
            _log.error("%s: a request without reply_to was dropped", method.routing_key)
            channel.basic_ack(method.delivery_tag)
            return
        try:
            request = wire.decode(body) if properties.content_type == wire.CONTENT_TYPE else None
        except msgspec.DecodeError:
            request = None
        if request is None:
            _log.error("%s: a request that is not JSON was dropped", method.routing_key)
            channel.basic_ack(method.delivery_tag)
            return
        self.running += 1
        reply = partial(self._reply, channel, method.delivery_tag, properties)
        self.pool.submit(self._work, connection, reply, method.routing_key, request)

    def _work(self, connection: Any, reply: Any, routing_key: str, request: Any) -> None:
        answer = self._answer(routing_key, request)
        try:
            connection.add_callback_threadsafe(partial(reply, answer))
        except AMQPError:
            # The request went back to the broker with the lost connection, and comes again.
            _log.warning("%s: the connection was lost before the reply", routing_key)

    def _answer(self, routing_key: str, request: Any) -> bytes:
        name = routing_key.rpartition(".")[2]
        if name not in self.doors:
            return wire.reply_body(None, wire.protocol_error("MethodNotFound", name))
        try:
            args, kwargs = request["args"], request["kwargs"]
        except (KeyError, TypeError):
            message = "Message missing `args` or `kwargs`"
            return wire.reply_body(None, wire.protocol_error("MalformedRequest", message))
        try:
            call = _CALL.bind(*args, **kwargs).arguments
        except TypeError as error:
            return wire.reply_body(None, wire.protocol_error("IncorrectSignature", str(error)))
        return wire.reply_body(dispatch(self.service, name, call["payload"], call["context"]))

    def _reply(self, channel: Any, delivery_tag: int, request: Any, body: bytes) -> None:
        """In the serving thread. A reply nobody waits for any more finds no queue, and is dropped by the broker."""
        self.running -= 1
        if not channel.is_open:
            return
        properties = pika.BasicProperties(
            content_type=wire.CONTENT_TYPE,
            content_encoding=wire.CONTENT_ENCODING,
            correlation_id=request.correlation_id,
            delivery_mode=pika.DeliveryMode.Transient.value,
        )
        channel.basic_publish(wire.EXCHANGE, request.reply_to, body, properties)
        channel.basic_ack(delivery_tag)
