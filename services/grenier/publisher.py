"""A publisher that loses nothing: an ordered buffer, confirms by the broker, and everything again after a lost connection.

Messages leave in the order they were given, up to `window` of them unconfirmed at a time. After a reconnection all
unconfirmed ones are sent again in order, so some arrive twice, and first arrivals keep their order. A full buffer makes
`publish` wait: the pressure reaches whoever produces.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

import msgspec
import pika
from pika.adapters.select_connection import IOLoop
from prometheus_client import Counter

_log = logging.getLogger(__name__)

PUBLISHED = Counter("grenier_broker_published_total", "Messages sent to the broker, repetitions included", ["exchange"])
CONFIRMED = Counter("grenier_broker_confirmed_total", "Messages the broker has taken over", ["exchange"])
RETURNED = Counter("grenier_broker_returned_total", "Mandatory messages that no queue wanted", ["exchange"])

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0
HEARTBEAT_S = 30
CONNECT_TIMEOUT_S = 5.0


class BrokerUnavailable(Exception):
    """Not confirmed in time. The message may still be delivered: repeating it means it arrives twice."""


class Unroutable(Exception):
    """A mandatory message that no queue wanted; the broker has dropped it."""


class Message(msgspec.Struct, frozen=True):
    """`message_id` lets receivers drop what they have seen; `persistent` messages survive a restart of the broker."""

    exchange: str
    routing_key: str
    body: bytes
    message_id: str = ""
    content_type: str = "application/json"
    headers: dict[str, Any] | None = None
    mandatory: bool = False
    persistent: bool = True


class _Pending:
    __slots__ = ("confirmed", "message", "returned", "settled", "token")

    def __init__(self, message: Message, token: int | None, wait: bool) -> None:
        self.message = message
        self.token = token
        self.confirmed = False
        self.returned = False
        self.settled = threading.Event() if wait else None


class ConfirmedPublisher:
    """Publishes from any thread; one connection served by a thread of its own. `declare(channel)` makes the topology.

    `on_confirmed(token)` is told, in that thread, the token up to which everything is confirmed without a gap.
    `on_returned(message)` is told of mandatory messages nobody wanted; they count as confirmed.
    """

    def __init__(
        self,
        amqp_url: str,
        declare: Callable[[Any], None] | None = None,
        *,
        window: int = 500,
        capacity: int = 2_000,
        on_confirmed: Callable[[int], None] | None = None,
        on_returned: Callable[[Message], None] | None = None,
    ) -> None:
        self._parameters = pika.URLParameters(amqp_url)
        self._parameters.heartbeat = HEARTBEAT_S
        self._parameters.socket_timeout = self._parameters.stack_timeout = CONNECT_TIMEOUT_S
        self._declare = declare
        self._window = window
        self._capacity = capacity
        self._on_confirmed = on_confirmed
        self._on_returned = on_returned
        self._changed = threading.Condition()
        self._buffer: deque[_Pending] = deque()
        """All unconfirmed messages in order; the first `_sent` of them have been sent on this connection."""
        self._sent = 0
        self._first_tag = 1
        """Delivery tag of the buffer's first message on this connection."""
        self._connection: Any = None
        self._channel: Any = None
        self._moved_at = 0.0
        self._pump_asked = False
        self._pause = FIRST_PAUSE_S
        self._stopping = False
        self._loop = IOLoop()
        self._thread = threading.Thread(target=self._loop.start, name="publisher", daemon=True)
        self.connected = False

    def start(self) -> ConfirmedPublisher:
        self._loop.add_callback(self._connect)
        self._thread.start()
        return self

    def publish(
        self, message: Message, *, token: int | None = None, wait: bool = False, timeout_s: float = 5.0
    ) -> None:
        """Hand a message over; waits for room in the buffer, and with `wait` for its confirmation.

        Raises BrokerUnavailable after `timeout_s`, and with `wait` Unroutable for a mandatory message nobody wanted.
        """
        until = time.monotonic() + timeout_s
        pending = _Pending(message, token, wait)
        with self._changed:
            while len(self._buffer) >= self._capacity:
                if not self._changed.wait(until - time.monotonic()):
                    raise BrokerUnavailable("the buffer is full")
            if self._stopping:
                raise BrokerUnavailable("the publisher was stopped")
            if not self._buffer:
                self._moved_at = time.monotonic()
            self._buffer.append(pending)
            asked, self._pump_asked = self._pump_asked, True
        if not asked:
            self._loop.add_callback_threadsafe(self._pump)
        if pending.settled is not None:
            if not pending.settled.wait(until - time.monotonic()):
                raise BrokerUnavailable("not confirmed in time")
            if pending.returned:
                raise Unroutable(f"{message.exchange} {message.routing_key}")

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything is confirmed; False when it is not within the time."""
        until = time.monotonic() + timeout_s
        with self._changed:
            while self._buffer:
                if not self._changed.wait(until - time.monotonic()):
                    return False
            return True

    @property
    def unconfirmed(self) -> int:
        return len(self._buffer)

    @property
    def stalled_s(self) -> float:
        """How long the broker has confirmed nothing although something waits for it."""
        return time.monotonic() - self._moved_at if self._buffer else 0.0

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Flush, then close; False when messages were left unconfirmed."""
        flushed = self.flush(timeout_s)
        with self._changed:
            self._stopping = True
        self._loop.add_callback_threadsafe(self._close)
        self._thread.join(timeout_s)
        return flushed

    # -- everything below runs in the publisher's thread ---------------------------------------------------------

    def _connect(self) -> None:
        if not self._stopping:
            self._connection = pika.SelectConnection(
                self._parameters,
                on_open_callback=self._on_open,
                on_open_error_callback=self._on_lost,
                on_close_callback=self._on_lost,
                custom_ioloop=self._loop,
            )

    def _on_open(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_return_callback(self._on_return)
        if self._declare is not None:
            self._declare(channel)
        channel.confirm_delivery(self._on_confirm)
        with self._changed:
            # Whatever was not confirmed on the old connection is sent again, in order.
            self._sent, self._first_tag = 0, 1
            for pending in self._buffer:
                pending.confirmed = pending.returned = False
        self._channel, self.connected, self._pause = channel, True, FIRST_PAUSE_S
        self._pump()

    def _on_channel_closed(self, channel: Any, reason: Any) -> None:
        self._channel, self.connected = None, False
        if not self._stopping:
            _log.error("the broker closed the publisher's channel: %s", reason)
            if self._connection.is_open:
                self._connection.close()

    def _on_lost(self, _connection: Any, reason: Any) -> None:
        self._channel, self.connected = None, False
        if self._stopping:
            self._loop.stop()
            return
        _log.warning("broker away (%s), trying again in %.1f s", type(reason).__name__, self._pause)
        self._loop.call_later(self._pause, self._connect)
        self._pause = min(self._pause * 2, LONGEST_PAUSE_S)

    def _pump(self) -> None:
        with self._changed:
            self._pump_asked = False
            if self._channel is None or not self._channel.is_open:
                return
            to_send = list(islice(self._buffer, self._sent, self._window))
            self._sent += len(to_send)
            channel = self._channel
        for pending in to_send:
            message = pending.message
            properties = pika.BasicProperties(
                content_type=message.content_type,
                message_id=message.message_id or None,
                headers=message.headers,
                delivery_mode=2 if message.persistent else 1,
            )
            channel.basic_publish(message.exchange, message.routing_key, message.body, properties, message.mandatory)
            PUBLISHED.labels(message.exchange).inc()

    def _on_return(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        """Comes before the confirmation of the same message; the broker keeps their order."""
        with self._changed:
            sent = list(islice(self._buffer, self._sent))
        for pending in sent:
            message = pending.message
            same = (message.message_id or None, message.routing_key) == (properties.message_id, method.routing_key)
            if same and message.mandatory and not pending.returned and not pending.confirmed and message.body == body:
                pending.returned = True
                return

    def _on_confirm(self, frame: Any) -> None:
        if isinstance(frame.method, pika.spec.Basic.Nack):
            _log.error("the broker refused a message; reconnecting to send it again")
            self._connection.close()
            return
        last = frame.method.delivery_tag
        settled: list[_Pending] = []
        with self._changed:
            index = last - self._first_tag
            for pending in islice(self._buffer, 0 if frame.method.multiple else index, index + 1):
                pending.confirmed = True
            while self._buffer and self._buffer[0].confirmed:
                settled.append(self._buffer.popleft())
                self._sent -= 1
                self._first_tag += 1
            if settled:
                self._moved_at = time.monotonic()
                self._changed.notify_all()
        self._tell(settled)
        self._pump()

    def _tell(self, settled: list[_Pending]) -> None:
        tokens = [pending.token for pending in settled if pending.token is not None]
        for pending in settled:
            CONFIRMED.labels(pending.message.exchange).inc()
            if pending.returned:
                RETURNED.labels(pending.message.exchange).inc()
                if self._on_returned is not None:
                    self._on_returned(pending.message)
            if pending.settled is not None:
                pending.settled.set()
        if tokens and self._on_confirmed is not None:
            self._on_confirmed(tokens[-1])

    def _close(self) -> None:
        if self._connection is not None and self._connection.is_open:
            self._connection.close()
        else:
            self._loop.stop()  # pika does not survive the end of a connection that is being made
