"""A consumer that neither loses a message nor lets one stop all the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pika
import pytest

from grenier.broker import (
    EVENTS_EXCHANGE,
    MAIL_OUTBOX,
    ConfirmedPublisher,
    Consumer,
    Delivery,
    Message,
    Poison,
    WorkQueue,
    declare_events,
    replay_dead,
)
from grenier.testing_broker import PrivateBroker


@pytest.fixture
def queue() -> WorkQueue:
    return WorkQueue(f"work-{uuid4()}", max_attempts=3, retry_s=0.05)


@pytest.fixture
def publish(broker: PrivateBroker, queue: WorkQueue) -> Iterator[Callable[[bytes], None]]:
    publisher = ConfirmedPublisher(broker.url, queue.declare).start()
    yield lambda body: publisher.publish(
        Message("", queue.name, body, message_id=body.decode()), wait=True, timeout_s=30
    )
    publisher.stop()


@pytest.fixture
def consume(broker: PrivateBroker, queue: WorkQueue) -> Iterator[Callable[..., Consumer]]:
    running: list[tuple[Consumer, threading.Thread]] = []

    def start(handle: Callable[[Delivery], None], **options: Any) -> Consumer:
        consumer = Consumer(broker.url, queue, handle, **options)
        thread = threading.Thread(target=consumer.run)
        thread.start()
        running.append((consumer, thread))
        return consumer

    yield start
    for consumer, thread in running:
        consumer.stop()
        thread.join(20)
        assert not thread.is_alive()


def soon(condition: Callable[[], Any], limit_s: float = 15.0) -> None:
    until = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.05)


def depths(broker: PrivateBroker, queue: WorkQueue) -> tuple[int, int]:
    found = broker.queue_depths()
    return found.get(queue.name, 0), found.get(queue.dead, 0)


def test_messages_are_handled_in_order_and_gone(
    broker: PrivateBroker, queue: WorkQueue, publish: Any, consume: Any
) -> None:
    seen: list[Delivery] = []
    for number in range(20):
        publish(b"%d" % number)
    consume(seen.append)
    soon(lambda: len(seen) == 20)
    assert [delivery.body for delivery in seen] == [b"%d" % number for number in range(20)]
    assert {delivery.attempt for delivery in seen} == {1}
    assert seen[3].message_id == "3"
    soon(lambda: depths(broker, queue) == (0, 0))


def test_a_failure_is_tried_again_after_a_pause(
    broker: PrivateBroker, queue: WorkQueue, publish: Any, consume: Any
) -> None:
    attempts: list[int] = []

    def handle(delivery: Delivery) -> None:
        attempts.append(delivery.attempt)
        if delivery.attempt < 3:
            raise ConnectionError("the mail server is away")

    publish(b"1")
    consume(handle)
    soon(lambda: attempts == [1, 2, 3])
    soon(lambda: depths(broker, queue) == (0, 0))


def test_what_fails_too_often_becomes_a_dead_letter_and_the_others_go_on(
    broker: PrivateBroker, queue: WorkQueue, publish: Any, consume: Any
) -> None:
    attempts: list[tuple[bytes, int]] = []

    def handle(delivery: Delivery) -> None:
        attempts.append((delivery.body, delivery.attempt))
        if delivery.body == b"bad":
            raise ValueError("bad")

    for body in (b"1", b"bad", b"2"):
        publish(body)
    consume(handle)
    soon(lambda: depths(broker, queue) == (0, 1))
    assert [attempt for body, attempt in attempts if body == b"bad"] == [1, 2, 3]
    assert [body for body, _ in attempts if body != b"bad"] == [b"1", b"2"]


def test_poison_is_given_up_at_once_and_can_be_replayed(
    broker: PrivateBroker, queue: WorkQueue, publish: Any, consume: Any
) -> None:
    seen: list[Delivery] = []
    cured = threading.Event()

    def handle(delivery: Delivery) -> None:
        seen.append(delivery)
        if not cured.is_set():
            raise Poison("not JSON")

    publish(b"{not json")
    consume(handle)
    soon(lambda: depths(broker, queue) == (0, 1))
    assert len(seen) == 1
    cured.set()
    assert replay_dead(broker.url, queue) == 1
    soon(lambda: len(seen) == 2)
    assert (seen[1].body, seen[1].message_id, seen[1].attempt) == (b"{not json", "{not json", 1)
    soon(lambda: depths(broker, queue) == (0, 0))


def test_a_slow_handler_finishes_when_the_consumer_is_stopped(
    broker: PrivateBroker, queue: WorkQueue, publish: Any, consume: Any
) -> None:
    begun, done = threading.Event(), []

    def handle(delivery: Delivery) -> None:
        begun.set()
        time.sleep(1)
        done.append(delivery.body)

    publish(b"1")
    publish(b"2")
    consumer = consume(handle)
    assert begun.wait(10)
    consumer.stop()
    soon(lambda: depths(broker, queue) == (1, 0))
    assert done == [b"1"]


def test_a_restart_of_the_broker_is_survived(
    broker: PrivateBroker, queue: WorkQueue, publish: Any, consume: Any
) -> None:
    seen: list[bytes] = []

    def handle(delivery: Delivery) -> None:
        time.sleep(0.05)
        seen.append(delivery.body)

    for number in range(60):
        publish(b"%d" % number)
    consumer = consume(handle)
    soon(lambda: len(seen) > 5)
    broker.restart()
    publish(b"last")
    soon(lambda: b"last" in seen, 60)
    soon(lambda: consumer.connected)
    assert {int(body) for body in seen if body != b"last"} == set(range(60))
    soon(lambda: depths(broker, queue) == (0, 0))


def test_several_workers_share_the_work(broker: PrivateBroker, queue: WorkQueue, publish: Any, consume: Any) -> None:
    together, most = 0, 0
    lock = threading.Lock()

    def handle(delivery: Delivery) -> None:
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        time.sleep(0.2)
        with lock:
            together -= 1

    for number in range(8):
        publish(b"%d" % number)
    consume(handle, workers=4)
    soon(lambda: depths(broker, queue) == (0, 0))
    assert 2 <= most <= 4


def test_pauses_double_up_to_a_limit() -> None:
    queue = WorkQueue("q", retry_s=1.0, longest_retry_s=10.0)
    assert [queue.pause_after(attempt) for attempt in range(1, 7)] == [1, 2, 4, 8, 10, 10]


def test_the_topology_is_durable_and_may_be_declared_again(broker: PrivateBroker) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(broker.url))
    channel = connection.channel()
    for _ in range(2):
        declare_events(channel)
        MAIL_OUTBOX.declare(channel)
    connection.close()
    broker.restart()
    channel = pika.BlockingConnection(pika.URLParameters(broker.url)).channel()
    channel.exchange_declare(EVENTS_EXCHANGE, passive=True)
    for name in ("mail.outbox", "mail.outbox.dead"):
        channel.queue_declare(name, passive=True)
    channel.connection.close()
