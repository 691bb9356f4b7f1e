"""The relay from the log to the exchange, with a real broker that goes away meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pika
import pytest

from grenier.broker import EVENTS_EXCHANGE, declare_events
from grenier.feed import to_cloudevent
from grenier.handling import Meta
from grenier.language import ENTRIES, encode
from grenier.language.golden import example
from grenier.log import NO_STREAM, NewEvent
from grenier.log.memory import MemoryLog
from grenier.relay import BEFORE_ALL, Checkpoint, Relay
from grenier.testing_broker import PrivateBroker

PUBLIC = "contracts.group-founded"
PRIVATE = next(name for name, entry in sorted(ENTRIES.items()) if entry.public is None)


def an_event(name: str = PUBLIC, group: str = "g1") -> NewEvent:
    entry = ENTRIES.get(name)
    data = encode(example((entry or ENTRIES[PUBLIC]).kind))
    return NewEvent(uuid4(), name, data, msgspec.json.encode(Meta(v=1, group=group)))


class Dashboard:
    """A queue of its own, bound to the public exchange, as any dashboard has."""

    def __init__(self, broker: PrivateBroker, binding: str = "#") -> None:
        self._url = broker.url
        self.queue = f"dashboard-{uuid4()}"
        connection = pika.BlockingConnection(pika.URLParameters(self._url))
        channel = connection.channel()
        declare_events(channel)
        channel.queue_declare(self.queue, durable=True)
        channel.queue_bind(self.queue, EVENTS_EXCHANGE, binding)
        connection.close()
        self.received: list[dict[str, Any]] = []

    def look(self) -> list[dict[str, Any]]:
        connection = pika.BlockingConnection(pika.URLParameters(self._url))
        channel = connection.channel()
        while True:
            method, properties, body = channel.basic_get(self.queue, auto_ack=True)
            if method is None:
                connection.close()
                return self.received
            assert properties.content_type == "application/cloudevents+json"
            assert properties.message_id == json.loads(body)["id"]
            self.received.append(json.loads(body))

    def ids(self) -> list[str]:
        return list(dict.fromkeys(event["id"] for event in self.look()))


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def start(broker: PrivateBroker, log: MemoryLog, tmp_path: Path) -> Iterator[Callable[[], Relay]]:
    running: list[tuple[Relay, threading.Thread]] = []

    def start() -> Relay:
        relay = Relay(log, broker.url, Checkpoint(tmp_path / "relay.sqlite"))
        thread = threading.Thread(target=relay.run)
        thread.start()
        running.append((relay, thread))
        return relay

    start.stop = lambda: stop(running)  # type: ignore[attr-defined]
    yield start
    stop(running)


def stop(running: list[tuple[Relay, threading.Thread]]) -> None:
    while running:
        relay, thread = running.pop()
        relay.stop()
        thread.join(20)
        assert not thread.is_alive()


def soon(condition: Callable[[], Any], limit_s: float = 20.0) -> None:
    until = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.05)


def test_public_events_arrive_in_order_and_private_ones_do_not(
    broker: PrivateBroker, log: MemoryLog, start: Any
) -> None:
    dashboard = Dashboard(broker)
    events = [an_event(), an_event(PRIVATE), an_event()]
    log.append("group-1", events, expected=NO_STREAM)
    relay = start()
    more = an_event()
    log.append("group-2", [more], expected=NO_STREAM)
    soon(lambda: relay._checkpoint.position == log.head())
    assert dashboard.ids() == [str(event.id) for event in (events[0], events[2], more)]
    assert [event["subject"] for event in dashboard.received] == ["group-1", "group-1", "group-2"]
    assert [int(event["sequence"]) for event in dashboard.received] == sorted(
        int(event["sequence"]) for event in dashboard.received
    )


def test_a_dashboard_binds_to_what_it_wants(broker: PrivateBroker, log: MemoryLog, start: Any) -> None:
    mine, ledger = Dashboard(broker, "*.*.g7"), Dashboard(broker, "ledger.#")
    event = an_event(group="g7")
    log.append("group-1", [an_event(group="g1"), event], expected=NO_STREAM)
    relay = start()
    soon(lambda: relay._checkpoint.position == log.head())
    assert mine.ids() == [str(event.id)]
    assert ledger.ids() == []


def test_a_relay_started_again_goes_on_from_its_checkpoint(
    broker: PrivateBroker, log: MemoryLog, start: Any, tmp_path: Path
) -> None:
    dashboard = Dashboard(broker)
    log.append("group-1", [an_event() for _ in range(30)], expected=NO_STREAM)
    relay = start()
    soon(lambda: relay._checkpoint.position == log.head())
    start.stop()
    assert len(dashboard.look()) == 30
    log.append("group-1", [an_event()], expected=29)
    start()
    soon(lambda: len(dashboard.look()) == 31)
    start.stop()
    assert Checkpoint(tmp_path / "relay.sqlite").position == log.head()


def test_a_checkpoint_never_goes_back(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "relay.sqlite")
    assert checkpoint.position == BEFORE_ALL
    checkpoint.reach(0)
    checkpoint.reach(9)
    checkpoint.reach(4)
    checkpoint.close()
    assert Checkpoint(tmp_path / "relay.sqlite").position == 9


def test_quiet_stretches_move_the_checkpoint(broker: PrivateBroker, log: MemoryLog, start: Any, tmp_path: Path) -> None:
    log.append("noise-1", [an_event("noise.made") for _ in range(400)], expected=NO_STREAM)
    relay = start()
    soon(lambda: relay.position() >= (log.head() or 0) // 2)
    start.stop()
    assert Checkpoint(tmp_path / "relay.sqlite").position >= (log.head() or 0) // 2


def test_an_event_of_a_newer_program_holds_back_its_stream_and_nothing_else(
    broker: PrivateBroker, log: MemoryLog, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T9: parked, not dropped; when the program knows it the stream goes on in its order."""
    monkeypatch.setattr("grenier.relay.MEASURE_EVERY_S", 0.2)
    dashboard = Dashboard(broker)
    before, unknown, behind, other = an_event(), an_event("contracts.invented-tomorrow"), an_event(), an_event()
    log.append("group-1", [before, unknown, behind], expected=NO_STREAM)
    log.append("group-2", [other], expected=NO_STREAM)
    relay = start()
    soon(lambda: dashboard.ids() == [str(before.id), str(other.id)])
    soon(lambda: relay._checkpoint.position == log.head())
    assert relay.facts()["parked"] == 2
    start.stop()
    later = an_event()
    log.append("group-1", [later], expected=2)
    relay = start()
    soon(lambda: relay.facts()["parked"] == 3)
    assert str(behind.id) not in dashboard.ids()
    monkeypatch.setattr("grenier.relay.ENTRIES", {**ENTRIES, "contracts.invented-tomorrow": ENTRIES[PUBLIC]})
    monkeypatch.setattr("grenier.relay.to_cloudevent", lambda recorded: to_cloudevent(as_known(recorded)))
    soon(lambda: relay.facts()["parked"] == 0)
    assert dashboard.ids() == [str(event.id) for event in (before, other, unknown, behind, later)]


def as_known(recorded: Any) -> Any:
    return msgspec.structs.replace(recorded, type=PUBLIC)


@pytest.mark.slow
def test_a_broker_that_goes_away_loses_nothing(broker: PrivateBroker, log: MemoryLog, start: Any) -> None:
    dashboard = Dashboard(broker)
    relay = start()
    ids: list[str] = []

    def write(count: int) -> None:
        for _ in range(count):
            event = an_event()
            ids.append(str(event.id))
            log.append(f"group-{event.id}", [event], expected=NO_STREAM)

    write(200)
    soon(lambda: relay._checkpoint.position == log.head())
    writer = threading.Thread(target=write, args=(2_000,))
    writer.start()
    broker.close_connections()
    broker.stop()
    write(50)
    writer.join()
    assert relay.position() < (log.head() or 0)
    broker.start()
    soon(lambda: relay._checkpoint.position == log.head(), 40)
    received = dashboard.ids()
    assert set(received) == set(ids)
    sequences = [
        int(event["sequence"]) for event in {event["id"]: event for event in reversed(dashboard.received)}.values()
    ]
    assert sorted(sequences, reverse=True) == sequences, "first arrivals keep the order of the log"


def test_a_relay_stops_while_the_broker_is_away_and_nothing_is_forgotten(
    broker: PrivateBroker, log: MemoryLog, start: Any, tmp_path: Path
) -> None:
    dashboard = Dashboard(broker)
    broker.stop()
    try:
        start()
        log.append("group-1", [an_event() for _ in range(20)], expected=NO_STREAM)
        time.sleep(1)
        start.stop()
        assert Checkpoint(tmp_path / "relay.sqlite").position == BEFORE_ALL
    finally:
        broker.start()
    relay = start()
    soon(lambda: relay._checkpoint.position == log.head())
    assert len(dashboard.ids()) == 20


@pytest.mark.slow
def test_the_process_relays_from_a_real_log_through_kills_of_node_and_relay(
    broker: PrivateBroker, tmp_path: Path
) -> None:
    testing = pytest.importorskip("grenier_infra.eventnode.testing")
    from grenier.log.esdb import EsdbLog

    dashboard = Dashboard(broker)
    with testing.running_node() as node:
        environment = {**os.environ, "GRENIER_DATA": str(tmp_path), "AMQP_URL": broker.url, "ESDB_URI": node.uri}
        program = "import sys; from grenier.config import Settings; from grenier.relay import main; sys.exit(main(Settings.from_env()))"

        def relay() -> subprocess.Popen[bytes]:
            return subprocess.Popen([sys.executable, "-c", program], env=environment)

        process, log, ids = relay(), EsdbLog(node.uri, timeout_s=20.0), []

        def write(count: int) -> None:
            for _ in range(count):
                event = an_event()
                ids.append(str(event.id))
                log.append(f"group-{event.id}", [event], expected=NO_STREAM)

        write(50)
        soon(lambda: dashboard.ids())
        process.kill()
        process.wait()
        write(20)
        process = relay()
        soon(lambda: len(dashboard.ids()) == 70)
        node.kill()
        node.start()
        write(20)
        soon(lambda: len(dashboard.ids()) == 90)
        assert dashboard.ids() == ids
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        log.close()
