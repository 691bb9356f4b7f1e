"""A disk without room: refused clearly, nothing half written, taken again when there is room (T12)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from esdbclient import AsyncEventStoreDBClient, StreamState

from grenier.log import NO_STREAM, LogUnavailable, NewEvent
from grenier.log.esdb import EsdbLog, to_esdb
from grenier.log.pipeline import Pipeline
from grenier.log.protocol import code_of
from grenier_infra.eventnode.room import Room
from grenier_infra.eventnode.testing import RunningNode, running_node

ROUNDS = 20
UNLIMITED = (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY)


def an_event(size: int = 2_000) -> NewEvent:
    return NewEvent(uuid4(), "test.happened", b'"' + b"x" * size + b'"', b"{}")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[RunningNode]:
    with running_node(tmp_path / "log.sqlite", reserve=0) as running:
        yield running


def test_room_is_what_is_free_beyond_the_reserve(tmp_path: Path) -> None:
    assert Room(tmp_path, reserve=0).left()
    assert not Room(tmp_path, reserve=1 << 60).left()


def test_without_the_reserve_the_node_is_read_only(tmp_path: Path) -> None:
    with running_node(tmp_path / "log.sqlite") as node:
        log = EsdbLog(node.uri)
        log.append("a", [an_event()], expected=NO_STREAM)
        log.close()
        node.stop()
    with running_node(tmp_path / "log.sqlite", reserve=1 << 60) as node:
        log = EsdbLog(node.uri)
        began = time.monotonic()
        with pytest.raises(LogUnavailable) as refused:
            log.append("b", [an_event()], expected=NO_STREAM)
        assert code_of(refused.value) == "disk-full"
        assert time.monotonic() - began < 5, "an answer, not a wait"
        assert len(log.read("a")) == 1
        log.close()


def test_a_batch_that_finds_no_room_is_told_at_once(tmp_path: Path) -> None:
    """Over a call that stays open, with nothing sent after it: the refusal must not wait for the next batch."""

    async def refused(uri: str) -> Exception | None:
        client = AsyncEventStoreDBClient(uri=uri)
        await client.connect()
        pipeline = Pipeline(client, asyncio.get_running_loop())
        try:
            for _ in range(3):
                answer = asyncio.get_running_loop().create_future()
                pipeline.append("b", StreamState.NO_STREAM, [to_esdb(an_event())], lambda _, error, to=answer: to.set_result(error))  # fmt: skip
                told: Exception | None = await asyncio.wait_for(answer, 10)
            return told
        finally:
            await pipeline.close()
            await client.close()

    with running_node(tmp_path / "log.sqlite", reserve=1 << 60) as node:
        told = asyncio.run(refused(node.uri))
    assert isinstance(told, LogUnavailable)
    assert code_of(told) == "disk-full"


def test_short_writes_lose_nothing_that_was_acknowledged(node: RunningNode) -> None:
    """The kernel cuts writes in the middle of a frame (RLIMIT_FSIZE): what was answered is there, the rest is not."""
    log, told, refused = EsdbLog(node.uri), [], 0
    process = psutil.Process(node.pid)
    for number in range(ROUNDS):
        written = max(path.stat().st_size for path in node.path.parent.glob("log.sqlite*"))
        process.rlimit(psutil.RLIMIT_FSIZE, (written + 1_500 + 997 * number, psutil.RLIM_INFINITY))
        for _ in range(40):
            event = an_event()
            try:
                log.append(f"s-{event.id}", [event], expected=NO_STREAM)
            except LogUnavailable:
                refused += 1
                break
            told.append(event.id)
        process.rlimit(psutil.RLIMIT_FSIZE, UNLIMITED)
        event = an_event()
        log.append(f"s-{event.id}", [event], expected=NO_STREAM)
        told.append(event.id)
    found = [event.id for event in log.read_all()]
    assert refused >= ROUNDS // 2, "limits that nobody met prove nothing"
    assert set(told) <= set(found)
    assert len(found) == len(set(found))
    node.restart()
    assert {event.id for event in log.read_all()} == set(found)
    log.close()
