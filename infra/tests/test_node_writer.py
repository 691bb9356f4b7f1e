"""The writer thread: one commit for all that waits, and a failed commit that leaves no trace."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from grenier_infra.eventnode import rules
from grenier_infra.eventnode.faults import SLOW_DISK, Faults
from grenier_infra.eventnode.log import LogFile
from grenier_infra.eventnode.requests import JSON_CONTENT, Accepted, Append, Delete, NewEvent, Row, WrongVersion
from grenier_infra.eventnode.schema import open_for_writing
from grenier_infra.eventnode.writer import CommitReport, Stopping, WriteFailed, Writer


def in_loop(test: Callable[[Path], Coroutine[object, object, None]]) -> Callable[[Path], None]:
    def run(tmp_path: Path) -> None:
        asyncio.run(test(tmp_path))

    return run


class BrokenOnce(LogFile):
    """A log whose next commit fails, as on a full disk."""

    broken = False

    def commit(self) -> None:
        if self.broken:
            self.broken = False
            raise sqlite3.OperationalError("database or disk is full")
        super().commit()


class Bench:
    """A writer in this process and what it published."""

    def __init__(self, path: Path) -> None:
        self.log = BrokenOnce(open_for_writing(path))
        self.published: list[Row] = []
        self.reports: list[CommitReport] = []
        self.failures = 0
        self.faults = Faults()
        self.writer = Writer(
            self.log, publish=self._publish, report=self.reports.append, failed=self._fail, faults=self.faults
        )

    def _fail(self) -> None:
        self.failures += 1

    def _publish(self, rows: Sequence[Row]) -> None:
        self.published += rows

    async def append(self, stream: str, expected: int, *numbers: int) -> object:
        events = [NewEvent(UUID(int=n), "T", JSON_CONTENT, b"", b"{}") for n in numbers]
        return await self.writer.submit(Append(stream, expected, events))

    def stored(self) -> list[tuple[str, int]]:
        return self.log.connection.execute(
            "SELECT name, rev FROM event JOIN stream s ON s.id = stream WHERE name NOT LIKE '$%' ORDER BY pos"
        ).fetchall()


@in_loop
async def test_requests_that_wait_share_a_commit_and_see_each_other(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "e.db")
    bench.faults.arm(SLOW_DISK, 1, 0.2)
    first = asyncio.ensure_future(bench.append("a", rules.NO_STREAM, 1))
    await asyncio.sleep(0.05)  # the first is in its slow commit: the others gather behind it
    outcomes = await asyncio.gather(
        bench.append("a", 0, 2),
        bench.append("a", 0, 3),
        bench.append("a", rules.ANY, 1),
        bench.append("b", rules.ANY, 7),
        bench.append("b", rules.ANY, 7),
        bench.writer.submit(Delete("a", 1)),
        bench.append("a", rules.ANY, 4),
    )
    assert isinstance(await first, Accepted)
    assert [report.requests for report in bench.reports] == [1, 7]
    assert outcomes[1] == WrongVersion(1)
    assert outcomes[3] == outcomes[4]
    assert bench.stored() == [("a", 0), ("a", 1), ("b", 0), ("a", 2)]
    assert [(row.stream, row.revision) for row in bench.published if row.stream in "ab"] == bench.stored()
    bench.writer.stop()


@in_loop
async def test_a_failed_commit_is_answered_as_such_and_leaves_no_trace(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "e.db")
    before = await bench.append("a", rules.NO_STREAM, 1)
    bench.log.broken = True
    with pytest.raises(WriteFailed, match="disk is full"):
        await bench.append("a", 0, 2)
    bench.log.broken = True
    with pytest.raises(WriteFailed):
        await bench.append("new", rules.ANY, 3)
    assert bench.failures == 2
    assert bench.stored() == [("a", 0)]
    assert [row.revision for row in bench.published] == [0]
    # The same requests again: as if the failed ones had never been.
    after = await bench.append("a", 0, 2)
    assert isinstance(before, Accepted)
    assert isinstance(after, Accepted)
    assert after.revision == 1
    assert isinstance(await bench.append("new", rules.ANY, 3), Accepted)
    assert bench.stored() == [("a", 0), ("a", 1), ("new", 0)]
    bench.writer.stop()


@in_loop
async def test_a_stopped_writer_finishes_its_queue_and_takes_no_more(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "e.db")
    bench.faults.arm(SLOW_DISK, 1, 0.1)
    waiting = [asyncio.ensure_future(bench.append("a", rules.ANY, number)) for number in range(20)]
    await asyncio.sleep(0)
    bench.writer.stop()
    assert all(isinstance(outcome, Accepted) for outcome in await asyncio.gather(*waiting))
    assert len(bench.stored()) == 20
    with pytest.raises(Stopping):
        await bench.append("a", rules.ANY, 99)


@in_loop
async def test_an_abandoned_request_is_still_done(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "e.db")
    bench.faults.arm(SLOW_DISK, 1, 0.1)
    waiting = asyncio.ensure_future(bench.append("a", rules.ANY, 1))
    await asyncio.sleep(0.02)
    waiting.cancel()
    assert isinstance(await bench.append("a", 0, 2), Accepted)
    bench.writer.stop()
