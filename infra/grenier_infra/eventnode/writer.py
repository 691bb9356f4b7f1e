"""The writer thread: everything waiting is judged and inserted in one transaction, then answered and published.

While one commit is being flushed to disk the next requests queue up, so a busy node flushes once for many of them.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import NamedTuple

from grenier_infra.eventnode import faults as fault_kinds
from grenier_infra.eventnode.faults import Faults
from grenier_infra.eventnode.log import LogFile
from grenier_infra.eventnode.requests import Append, Outcome, Request, Row

MAX_REQUESTS_PER_COMMIT = 512
MAX_EVENTS_PER_COMMIT = 20_000
STOP_TIMEOUT_S = 5.0

logger = logging.getLogger(__name__)


class WriteFailed(Exception):
    """The commit failed; whether the write is there is unknown until asked again."""


class NoRoom(WriteFailed):
    """The disk is full, or nearly: nothing was written."""


class Stopping(Exception):
    """The node is going down and takes no more writes."""


class CommitReport(NamedTuple):
    """One commit, for the metrics: how many requests and events, and how long it took."""

    requests: int
    events: int
    seconds: float


Done = Callable[[Outcome | Exception], None]
_Job = tuple[Request, Done]


class Writer:
    """Hands requests to the writer thread and its answers back to the event loop."""

    def __init__(
        self,
        log: LogFile,
        *,
        publish: Callable[[Sequence[Row]], None],
        report: Callable[[CommitReport], None] = lambda _: None,
        failed: Callable[[], None] = lambda: None,
        faults: Faults | None = None,
        room: Callable[[], bool] = lambda: True,
        together: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Call ``publish`` and ``report`` in the loop after each commit, ``failed`` after one that did not succeed.

        All answers of a commit are given, and its events published, within one ``together``.

        Must be made inside the running loop.
        """
        self._log = log
        self._publish = publish
        self._report = report
        self._failed = failed
        self._faults = faults or Faults()
        self._room = room
        self._together = together
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._forget_ids = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    async def submit(self, request: Request) -> Outcome:
        """Wait until the request is judged and, if accepted, flushed to disk. Errors: WriteFailed, Stopping.

        Giving up waiting does not undo the request.
        """
        future: asyncio.Future[Outcome] = self._loop.create_future()
        self.submit_to(request, partial(_resolve, future))
        return await future

    def submit_to(self, request: Request, done: Done) -> None:
        """The same without waiting: ``done`` is called in the loop with the outcome or with WriteFailed. Errors: Stopping.

        ``done`` must not raise.
        """
        if self._stopping:
            raise Stopping
        self._queue.put((request, done))

    def forget_ids(self) -> None:
        """Empty the memory of recent ids before the next commit, as a restart does."""
        self._forget_ids.set()

    @property
    def alive(self) -> bool:
        """True while writes are taken."""
        return self._thread.is_alive() and not self._stopping

    def stop(self) -> None:
        """Finish what is queued, then end the thread. Blocks for at most STOP_TIMEOUT_S."""
        self._stopping = True
        self._queue.put(None)
        self._thread.join(STOP_TIMEOUT_S)

    # in the writer thread

    def _run(self) -> None:
        while (jobs := self._next_jobs()) is not None:
            try:
                if not self._room():
                    raise NoRoom("no room left on the disk")
                self._commit(jobs)
            except NoRoom as full:
                logger.warning("%s", full)
                self._fail(jobs, full)
            except Exception as error:
                logger.exception("commit failed")
                self._fail(jobs, error)

    def _next_jobs(self) -> list[_Job] | None:
        first = self._queue.get()
        if first is None:
            return None
        jobs, events = [first], _size(first)
        while len(jobs) < MAX_REQUESTS_PER_COMMIT and events < MAX_EVENTS_PER_COMMIT:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._queue.put(None)  # stop after this commit
                break
            jobs.append(job)
            events += _size(job)
        return jobs

    def _commit(self, jobs: list[_Job]) -> None:
        started = time.perf_counter()
        if self._forget_ids.is_set():
            self._forget_ids.clear()
            self._log.recent.clear()
        self._log.begin()
        answers = [(done, self._log.apply(request)) for request, done in jobs]
        rows = self._log.rows
        if self._faults.take(fault_kinds.SLOW_DISK):
            time.sleep(self._faults.delay_s)
        self._log.commit()
        report = CommitReport(len(jobs), len(rows), time.perf_counter() - started)
        self._loop.call_soon_threadsafe(self._answer, answers, rows, report)

    def _fail(self, jobs: list[_Job], error: Exception) -> None:
        try:
            self._log.roll_back()
        except sqlite3.Error:
            logger.exception("rollback failed")
        self._loop.call_soon_threadsafe(self._refuse, [done for _, done in jobs], error)

    # in the loop

    def _answer(self, answers: list[tuple[Done, Outcome]], rows: list[Row], report: CommitReport) -> None:
        with self._together():
            for done, outcome in answers:
                done(outcome)
            if rows:
                self._publish(rows)
        self._report(report)

    def _refuse(self, waiting: list[Done], error: Exception) -> None:
        self._failed()
        for done in waiting:
            done(NoRoom(str(error)) if _is_full(error) else WriteFailed(str(error)))


def _is_full(error: Exception) -> bool:
    """SQLite says it in words too: a commit that found no room is undone as a whole."""
    return isinstance(error, NoRoom) or (isinstance(error, sqlite3.OperationalError) and "full" in str(error))


def _resolve(future: asyncio.Future[Outcome], outcome: Outcome | Exception) -> None:
    if future.done():
        return  # nobody waits any more
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _size(job: _Job) -> int:
    request = job[0]
    return len(request.events) if isinstance(request, Append) else 1
