"""A publisher that loses nothing and keeps the order, whatever the broker does meanwhile."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from unittest import mock
from uuid import uuid4

import pika
import pytest

from grenier.publisher import BrokerUnavailable, ConfirmedPublisher, Message, Unroutable
from grenier.testing_broker import PrivateBroker


@pytest.fixture
def queue(broker: PrivateBroker) -> str:
    return f"test-{uuid4()}"


def durable(queue: str) -> Callable[[Any], None]:
    return lambda channel: channel.queue_declare(queue, durable=True)


def everything_in(broker: PrivateBroker, queue: str) -> list[Any]:
    connection = pika.BlockingConnection(pika.URLParameters(broker.url))
    channel = connection.channel()
    found = []
    while True:
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            connection.close()
            return found
        found.append((properties, int(body)))


def first_arrivals(bodies: list[int]) -> list[int]:
    return list(dict.fromkeys(bodies))


def test_a_published_message_arrives_and_is_confirmed(broker: PrivateBroker, queue: str) -> None:
    publisher = ConfirmedPublisher(broker.url, durable(queue)).start()
    publisher.publish(Message("", queue, b"7", message_id="m1", headers={"a": "b"}), wait=True)
    assert publisher.unconfirmed == 0
    assert publisher.stop()
    ((properties, body),) = everything_in(broker, queue)
    assert (body, properties.message_id, properties.delivery_mode) == (7, "m1", 2)
    assert properties.headers == {"a": "b"}


def test_tokens_are_told_without_gaps_and_in_order(broker: PrivateBroker, queue: str) -> None:
    told: list[int] = []
    publisher = ConfirmedPublisher(broker.url, durable(queue), window=50, on_confirmed=told.append).start()
    for number in range(1_000):
        publisher.publish(Message("", queue, b"%d" % number), token=number)
    assert publisher.flush(20)
    publisher.stop()
    assert told == sorted(told)
    assert told[-1] == 999
    assert [body for _, body in everything_in(broker, queue)] == list(range(1_000))


def test_a_mandatory_message_that_nobody_wants_is_told(broker: PrivateBroker, queue: str) -> None:
    returned: list[Message] = []
    publisher = ConfirmedPublisher(broker.url, durable(queue), on_returned=returned.append).start()
    lost = Message("", f"nowhere-{uuid4()}", b"1", mandatory=True)
    with pytest.raises(Unroutable):
        publisher.publish(lost, wait=True)
    publisher.publish(Message("", queue, b"2", mandatory=True), wait=True)
    publisher.publish(Message("", f"nowhere-{uuid4()}", b"3"), wait=True)
    publisher.stop()
    assert returned == [lost]


def test_a_full_buffer_makes_the_producer_wait(queue: str) -> None:
    publisher = ConfirmedPublisher("amqp://127.0.0.1:9/%2F", capacity=3).start()
    for _ in range(3):
        publisher.publish(Message("", queue, b"1"))
    started = time.monotonic()
    with pytest.raises(BrokerUnavailable, match="full"):
        publisher.publish(Message("", queue, b"1"), timeout_s=0.3)
    assert 0.2 < time.monotonic() - started < 200
    assert not publisher.stop(0.2)


def test_a_confirmation_that_does_not_come_is_told(queue: str) -> None:
    publisher = ConfirmedPublisher("amqp://127.0.0.1:9/%2F").start()
    with pytest.raises(BrokerUnavailable, match="confirmed"):
        publisher.publish(Message("", queue, b"1"), wait=True, timeout_s=0.3)
    publisher.stop(0.2)
    with pytest.raises(BrokerUnavailable, match="stopped"):
        publisher.publish(Message("", queue, b"1"))


def test_a_broker_that_comes_later_gets_everything(broker: PrivateBroker, queue: str) -> None:
    broker.stop()
    publisher = ConfirmedPublisher(broker.url, durable(queue)).start()
    for number in range(10):
        publisher.publish(Message("", queue, b"%d" % number))
    broker.start()
    assert publisher.flush(20)
    publisher.stop()
    assert [body for _, body in everything_in(broker, queue)] == list(range(10))


@pytest.mark.slow
def test_a_publisher_stops_while_the_broker_has_not_answered_yet() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        publisher = ConfirmedPublisher(f"amqp://127.0.0.1:{silent.getsockname()[1]}").start()
        accepted, _ = silent.accept()
        assert accepted.recv(4) == b"AMQP", "the handshake has begun"
        failed: list[object] = []
        with mock.patch.object(threading, "excepthook", failed.append):
            assert publisher.stop(5)
        accepted.close()
    assert not failed
    assert not publisher._thread.is_alive()


def test_nothing_is_lost_when_connections_break_and_the_broker_restarts(broker: PrivateBroker, queue: str) -> None:
    told: list[int] = []
    publisher = ConfirmedPublisher(broker.url, durable(queue), window=100, on_confirmed=told.append).start()
    count = 8_000

    def produce() -> None:
        for number in range(count):
            publisher.publish(Message("", queue, b"%d" % number), token=number, timeout_s=60)
            if number % 40 == 0:
                time.sleep(0.03)

    producer = threading.Thread(target=produce)
    producer.start()
    time.sleep(0.5)
    broker.close_connections()
    time.sleep(0.5)
    broker.restart()
    producer.join(60)
    assert publisher.flush(60)
    publisher.stop()
    bodies = [body for _, body in everything_in(broker, queue)]
    assert first_arrivals(bodies) == list(range(count))
    assert told == sorted(told)
    assert told[-1] == count - 1
