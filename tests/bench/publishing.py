"""P12's contestants: our confirmed publisher with the making of the public event, one confirmation awaited for each
message, and the bare window of 500 unconfirmed messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
import pika

from grenier.broker import EVENTS_EXCHANGE, ConfirmedPublisher, Message, declare_events
from grenier.feed import CONTENT_TYPE, routing_key, to_cloudevent
from grenier.handling import Meta
from grenier.language.orders import OrderConfirmed, OrderLine
from grenier.language.registry import encode, name_of
from grenier.log.protocol import Recorded
from tests.bench.contest import Contestant

WINDOW = 500
QUEUE = "bench"
PATIENCE_S = 60.0
PERSISTENT = pika.BasicProperties(delivery_mode=2, content_type=CONTENT_TYPE)


def contestants(url: str, count: int) -> list[Contestant]:
    """Each publishes the same facts; a durable queue takes all of them."""
    facts = [_confirmed(place) for place in range(count)]
    bodies = [msgspec.json.encode(to_cloudevent(fact)) for fact in facts]
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        declare_events(channel)
        channel.queue_declare(QUEUE, durable=True)
        channel.queue_bind(QUEUE, EVENTS_EXCHANGE, "#")
    few = bodies[: max(1, count // 10)]
    return [
        Contestant("confirm each", lambda: _each(url, few)),
        Contestant("grenier", lambda: _ours(url, facts)),
        Contestant("window", lambda: Window(url, bodies).run()),
    ]


def uncounted(url: str, confirmed: int) -> list[str]:
    """The broker must hold what was confirmed."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        held = connection.channel().queue_declare(QUEUE, durable=True, passive=True).method.message_count
    return [] if held == confirmed else [f"publish: the broker holds {held} messages of {confirmed}"]


def _confirmed(place: int) -> Recorded:
    lines = [OrderLine(product_id=f"product-{number}", quantity=2, unit_price_cents=250, amount_cents=500)
             for number in range(8)]  # fmt: skip
    event = OrderConfirmed(cycle_id="cycle", group_id="group", order_id=str(uuid4()), household_id="household", tier="standard",
                           lines=lines, total_cents=4_000)  # fmt: skip
    meta = msgspec.json.encode(Meta(at="2026-11-02T12:00:00Z", cmd=str(uuid4()), actor="person", group="group"))
    return Recorded(uuid4(), "cycle-1", place, name_of(OrderConfirmed), encode(event), meta, place, datetime.now(UTC))


def _ours(url: str, facts: Sequence[Recorded]) -> int:
    """As the relay does for each fact of a batch."""
    publisher = ConfirmedPublisher(url, declare_events, window=WINDOW).start()
    for fact in facts:
        event = to_cloudevent(fact)
        assert event is not None
        body = msgspec.json.encode(event)
        message = Message(EVENTS_EXCHANGE, routing_key(event), body, message_id=event["id"], content_type=CONTENT_TYPE)
        publisher.publish(message, token=fact.position, timeout_s=PATIENCE_S)
    if not publisher.flush(PATIENCE_S):
        raise RuntimeError("not everything was confirmed")
    publisher.stop(1.0)
    return len(facts)


def _each(url: str, bodies: Sequence[bytes]) -> int:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for body in bodies:
            channel.basic_publish(EVENTS_EXCHANGE, "bench", body, PERSISTENT)
    return len(bodies)


class Window:
    """Publishes as long as fewer than 500 messages are unconfirmed, and does nothing else."""

    def __init__(self, url: str, bodies: Sequence[bytes]) -> None:
        self._bodies = bodies
        self._sent = self._confirmed = 0
        self._channel: Any = None
        self._connection = pika.SelectConnection(
            pika.URLParameters(url),
            on_open_callback=lambda connection: connection.channel(on_open_callback=self._opened),
        )

    def run(self) -> int:
        self._connection.ioloop.start()
        return self._confirmed

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        channel.confirm_delivery(self._on_confirm)
        self._pump()

    def _on_confirm(self, frame: Any) -> None:
        self._confirmed = frame.method.delivery_tag if frame.method.multiple else self._confirmed + 1
        if self._confirmed >= len(self._bodies):
            self._connection.close()
            self._connection.ioloop.stop()
        else:
            self._pump()

    def _pump(self) -> None:
        upto = min(len(self._bodies), self._confirmed + WINDOW)
        for body in self._bodies[self._sent : upto]:
            self._channel.basic_publish(EVENTS_EXCHANGE, "bench", body, PERSISTENT)
        self._sent = upto
