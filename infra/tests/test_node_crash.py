"""Killed while writing: what was acknowledged is there, once; what was retried is there, once."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from uuid import uuid4

from esdbclient import EventStoreDBClient, NewEvent, StreamState
from esdbclient.exceptions import EventStoreDBClientException

from grenier_infra.eventnode.testing import RunningNode, running_node
from grenier_infra.eventnode.upkeep import verify

WRITERS = 4
KILLS = 3
BETWEEN_KILLS_S = 0.7


class Writer(threading.Thread):
    """Appends with an explicit version, and repeats the same events until they are acknowledged."""

    def __init__(self, node: RunningNode, number: int, stop: threading.Event) -> None:
        super().__init__()
        self.stream = f"writer-{number}"
        self.acknowledged: list[tuple[str, int]] = []
        self._node, self._enough, self._batch = node, stop, number % 3 + 1

    def run(self) -> None:
        client = EventStoreDBClient(self._node.uri)
        version = -1
        while not self._enough.is_set():
            events = [NewEvent(type="T", data=b"{}", id=uuid4()) for _ in range(self._batch)]
            expected = StreamState.NO_STREAM if version < 0 else version
            position = self._until_acknowledged(client, expected, events)
            version += len(events)
            self.acknowledged += [(str(event.id), position) for event in events]
        client.close()

    def _until_acknowledged(
        self, client: EventStoreDBClient, expected: int | StreamState, events: list[NewEvent]
    ) -> int:
        while True:
            try:
                several = events if len(events) > 1 else events[0]
                return client.append_to_stream(self.stream, current_version=expected, events=several, timeout=5)
            except EventStoreDBClientException:
                time.sleep(0.05)


def test_a_killed_node_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with running_node(tmp_path / "events.db") as node:
        stop = threading.Event()
        writers = [Writer(node, number, stop) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        for _ in range(KILLS):
            time.sleep(BETWEEN_KILLS_S)
            node.kill()
            node.start()
        time.sleep(0.3)
        stop.set()
        for writer in writers:
            writer.join()
        client = EventStoreDBClient(node.uri)
        for writer in writers:
            stored = client.get_stream(writer.stream)
            assert [str(event.id) for event in stored] == [event_id for event_id, _ in writer.acknowledged]
            assert [event.stream_position for event in stored] == list(range(len(stored)))
            assert len(stored) > 10
        positions = [event.commit_position or 0 for event in client.read_all()]
        assert positions == sorted(set(positions))
        client.close()
        node.kill()
        assert verify(node.path)["events"] == 1 + sum(len(writer.acknowledged) for writer in writers)


def test_a_terminated_node_answers_what_it_was_asked_and_stops_at_once(tmp_path: Path) -> None:
    with running_node(tmp_path / "events.db") as node:
        client = EventStoreDBClient(node.uri)
        subscription = client.subscribe_to_all(timeout=30)
        client.append_event("s", current_version=StreamState.ANY, event=NewEvent(type="T", data=b""))
        next(subscription)
        started = time.perf_counter()
        node.stop()
        assert time.perf_counter() - started < 8
        node.start()
        assert len(client.get_stream("s")) == 1
        assert '"message": "stopped"' in node.log_path.read_text()
        client.close()


def test_a_write_under_way_is_answered_before_the_node_stops(tmp_path: Path) -> None:
    with running_node(tmp_path / "events.db", faults=True) as node:
        client = EventStoreDBClient(node.uri)
        client.append_event("s", current_version=StreamState.ANY, event=NewEvent(type="T", data=b""))
        node.faults.slow_disk(0.4)
        positions: list[int] = []

        def write() -> None:
            new = NewEvent(type="T", data=b"")
            positions.append(client.streams.append("s", current_version=0, events=[new], timeout=5))

        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(0.15)
        node.stop()
        writer.join()
        node.start()
        assert positions == [client.get_stream("s")[-1].commit_position]
        client.close()
