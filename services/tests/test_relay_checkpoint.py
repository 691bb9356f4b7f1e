"""What the relay remembers without a broker that would answer: nothing unconfirmed is ever passed over."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from grenier.handling import Meta
from grenier.language import ENTRIES, encode
from grenier.language.golden import example
from grenier.log import NO_STREAM, NewEvent
from grenier.log.memory import MemoryLog
from grenier.log.protocol import Recorded
from grenier.relay import BEFORE_ALL, Checkpoint, Relay

PUBLIC = "contracts.group-founded"
NOBODY = "amqp://nobody:nothing@127.0.0.1:1/%2F"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint(tmp_path / "relay.sqlite")


def written(log: MemoryLog, stream: str, *names: str) -> list[Recorded]:
    body, meta = encode(example(ENTRIES[PUBLIC].kind)), msgspec.json.encode(Meta(v=1, group="g1"))
    log.append(stream, [NewEvent(uuid4(), name, body, meta) for name in names], expected=NO_STREAM)
    return list(log.read(stream))


def test_what_was_given_to_the_broker_is_waited_for_though_the_batch_failed_midway(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full while the relay waits for confirmations; the next stretch of the log is a quiet one."""
    monkeypatch.setattr("grenier.relay.STOP_PATIENCE_S", 0.1)
    monkeypatch.setattr("grenier.relay.PATIENCE_S", 0.1)
    log = MemoryLog()
    relay = Relay(log, NOBODY, checkpoint)
    batch = written(log, "group-1", PUBLIC)

    def full(_position: int) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(checkpoint, "reach", full)
        with pytest.raises(OSError, match="no space"):
            relay.take(batch, batch[-1].position)
    relay.stop()
    relay.take([], batch[-1].position + 100)
    assert checkpoint.position == BEFORE_ALL


def test_a_parked_event_keeps_the_reason_for_it_when_the_relay_comes_by_again(checkpoint: Checkpoint) -> None:
    log = MemoryLog()
    unknown, behind = written(log, "group-1", "contracts.invented-tomorrow", PUBLIC)
    for _ in range(2):
        relay = Relay(log, NOBODY, checkpoint)
        relay._position = BEFORE_ALL
        relay.take([unknown, behind], behind.position)
    reasons = [held.reason for held in checkpoint.held_back.rows()]
    assert [reason.partition(":")[0] for reason in reasons] == ["UnknownEvent", "behind a parked event"]
