"""The road of a mail over a real broker: queued, sent once, while the mail server comes and goes."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace

import pytest
from aiosmtpd.controller import Controller

from grenier.broker import MAIL_OUTBOX, Consumer
from grenier.language import contracts, orders
from grenier.testing_broker import AVAILABLE, running_broker
from notify_svc import outbox
from notify_svc.mailer import Mailer
from notify_svc.queueing import _publishers, queue_waiting
from notify_svc.sending import Sender
from notify_svc.smtp import SmtpServer

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not AVAILABLE, reason="rabbitmq-server is not installed")]
HOUSEHOLDS = 40


class Counting:
    """Counts mails by recipient; a mail server that is stopped and started by the test."""

    def __init__(self):
        self.got = Counter()

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.got[envelope.rcpt_tos[0]] += 1
        return "250 OK"


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with running_broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker
        _publishers.pop(broker.url).stop()  # lives as long as its process, else


@pytest.fixture
def crowded(house):
    """The house with forty more households, all of whom are told that orders opened."""
    keys = house.rooms["notify"].runtime.keys
    for number in range(HOUSEHOLDS):
        person = f"p{number}"
        sealed = keys.seal(person, {"first_name": "P", "email": f"{person}@example.org"})
        house.record(f"person-{person}", contracts.PersonRegistered(person_id=person, sealed=sealed))
        formed = contracts.HouseholdFormed(household_id=f"h-{person}", group_id="g1", person_ids=[person])
        house.record(f"household-h-{person}", formed)
    house.record("cycle-c1", orders.CycleOpened(cycle_id="c1", group_id="g1", closes_at=house.clock.now()))
    return house


def smtp(handler, port=0):
    controller = Controller(handler, hostname="127.0.0.1", port=port or _free_port())
    controller.start()
    return controller


def _free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(true, timeout_s=60.0):
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def test_every_mail_arrives_though_the_mail_server_goes_away_and_ids_are_queued_twice(crowded, broker):
    runtime = crowded.rooms["notify"].runtime
    runtime.settings = replace(runtime.settings, amqp_url=broker.url)
    inbox, stopping = Counting(), threading.Event()
    server = smtp(inbox)
    port = server.port
    sender = Sender(runtime, SmtpServer(f"smtp://127.0.0.1:{port}"))
    consumer = Consumer(broker.url, MAIL_OUTBOX, Mailer(sender, stopping).handle)
    worker = threading.Thread(target=consumer.run, daemon=True)
    worker.start()
    try:
        mails = [m for m in crowded.events("notify.message-requested") if m.channel == "email"]
        until(lambda: queue_waiting(runtime) or inbox.got.total() > 0)
        until(lambda: inbox.got.total() >= 10)
        server.stop()
        # Everything is put on the queue again, as after a minute without news.
        runtime_outbox_forgets(runtime)
        queue_waiting(runtime)
        time.sleep(1.0)
        server = smtp(inbox, port)
        sent = lambda: len(crowded.events("notify.message-sent"))  # noqa: E731
        until(lambda: sent() == len(mails))
        crowded.settle()
        assert len(inbox.got) == len(mails)
        # One mail may be repeated for the moment at which the server was stopped.
        assert inbox.got.total() <= len(mails) + 1
        assert crowded.call("notify", "messages", {"group_id": "g1", "state": "waiting"}, actor="orga")["total"] == 0
    finally:
        stopping.set()
        consumer.stop()
        worker.join(timeout=10)
        server.stop()


def runtime_outbox_forgets(runtime):
    import sqlalchemy as sa

    from notify_svc.outbox import queued

    with runtime.db.transaction() as connection:
        connection.execute(sa.delete(queued))


@pytest.mark.proof("T9")
def test_a_queue_that_was_deleted_is_made_again_and_nothing_counts_as_queued_before(crowded, broker, monkeypatch):
    import pika

    monkeypatch.setattr(outbox, "QUEUE_AGAIN_AFTER_S", 3.0)  # a minute in life
    runtime = crowded.rooms["notify"].runtime
    runtime.settings = replace(runtime.settings, amqp_url=broker.url)
    inbox, stopping = Counting(), threading.Event()
    connection = pika.BlockingConnection(pika.URLParameters(broker.url))
    queue_waiting(runtime)  # the publisher of an earlier test has made the queue
    time.sleep(1)
    connection.channel().queue_delete(MAIL_OUTBOX.name)
    server = smtp(inbox)
    consumer = None
    try:
        mails = [m for m in crowded.events("notify.message-requested") if m.channel == "email"]
        until(lambda: queue_waiting(runtime) or _depth(connection) >= len(mails))
        sender = Sender(runtime, SmtpServer(f"smtp://127.0.0.1:{server.port}"))
        consumer = Consumer(broker.url, MAIL_OUTBOX, Mailer(sender, stopping).handle)
        threading.Thread(target=consumer.run, daemon=True).start()
        until(lambda: inbox.got.total() >= len(mails))
    finally:
        stopping.set()
        if consumer is not None:
            consumer.stop()
        server.stop()
        connection.close()


def _depth(connection):
    from pika.exceptions import ChannelClosedByBroker

    channel = connection.channel()
    try:
        return channel.queue_declare(MAIL_OUTBOX.name, passive=True).method.message_count
    except ChannelClosedByBroker:
        return 0
