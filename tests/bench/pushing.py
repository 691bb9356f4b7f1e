"""The limit of P4: how long a bare subscriber waits for what was appended, at the same rate."""

from __future__ import annotations

import json
import time
from pathlib import Path
from uuid import uuid4

from esdbclient import EventStoreDBClient, NewEvent, StreamState

from grenier_infra.eventnode.testing import running_node
from tests.bench.contest import quantile
from tests.bench.lag import lags_ms
from tests.bench.programs import program

MOMENT_S = 0.5
ACCOUNTS = 500
PADDING = "x" * 200


def push_lags(folder: Path, per_s: float, seconds: float) -> tuple[float, float]:
    """(p50, p99) in milliseconds from when the store recorded an event to the commit of the row."""
    file = folder / f"push-{uuid4().hex}.sqlite"
    with running_node() as node, program("tests.bench.lag", "push", node.uri, str(file), ready=True) as subscriber:
        client = EventStoreDBClient(node.uri)
        _append(client, per_s, seconds)
        time.sleep(MOMENT_S)
        (seen,) = subscriber.told()
        recorded = [
            (event.recorded_at.timestamp(), event.commit_position or 0)
            for event in client.read_all()
            if event.recorded_at is not None
        ]
        client.close()
    found = lags_ms(recorded, seen)
    return quantile(found, 0.5), quantile(found, 0.99)


def _append(client: EventStoreDBClient, per_s: float, seconds: float) -> None:
    started = time.monotonic()
    for number in range(int(per_s * seconds)):
        time.sleep(max(0.0, started + number / per_s - time.monotonic()))
        body = {"account": f"account-{number % ACCOUNTS}", "cents": number, "padding": PADDING}
        event = NewEvent(type="entry", data=json.dumps(body).encode())
        client.append_to_stream(f"s-{uuid4()}", current_version=StreamState.NO_STREAM, events=event)
