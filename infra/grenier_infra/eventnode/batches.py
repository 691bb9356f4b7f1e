"""BatchAppend: many batches over one call, each in one or several pieces, each answered when it is written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from grenier_infra.eventnode import answers
from grenier_infra.eventnode.answers import Refusal
from grenier_infra.eventnode.calls import Call
from grenier_infra.eventnode.proposals import (
    BATCH_VERSION,
    MAX_APPEND_BYTES,
    append_bytes,
    expected_version,
    proposed_event,
    stream_name,
)
from grenier_infra.eventnode.protos import streams_pb2
from grenier_infra.eventnode.requests import Append, NewEvent, Outcome, Request

MAX_OPEN_BATCHES = 1_000
NO_DEADLINE_S = 10**8  # clients without a deadline send ten thousand years

Write = Callable[[Request], Awaitable[Outcome]]


@dataclass(slots=True)
class _Batch:
    """What has arrived of one batch."""

    options: Any
    deadline: float | None  # loop time
    events: list[NewEvent] = field(default_factory=list)
    size: int = 0
    refused: bool = False


class Batches:
    """The batches of one BatchAppend call: several may be under way at once."""

    def __init__(self, write: Write, call: Call, running: asyncio.TaskGroup) -> None:
        """Hand finished batches to ``write``; answer on ``call``. A lost answer or a failed write ends it, through the group."""
        self._write_log = write
        self._call = call
        self._open: dict[bytes, _Batch] = {}
        self._running = running
        self._sending = asyncio.Lock()

    def receive(self, request: Any) -> None:
        """Take one piece; a final piece sends the batch to the writer."""
        key = request.correlation_id.SerializeToString()
        batch = self._open.get(key)
        if batch is None:
            if len(self._open) >= MAX_OPEN_BATCHES:
                raise answers.invalid(f"more than {MAX_OPEN_BATCHES} unfinished batches")
            batch = self._open[key] = _Batch(request.options, _deadline(request.options))
        refusal = None if batch.refused else _extend(batch, request.proposed_messages)
        if refusal is not None:
            batch.refused, batch.events = True, []
            self._running.create_task(self._send(request.correlation_id, batch, refusal))
        if request.is_final:
            del self._open[key]
            if not batch.refused:
                self._running.create_task(self._write(request.correlation_id, batch))

    async def _write(self, correlation_id: Any, batch: _Batch) -> None:
        await self._send(correlation_id, batch, await self._response(batch))

    async def _response(self, batch: _Batch) -> streams_pb2.BatchAppendResp:
        try:
            name = stream_name(batch.options.stream_identifier)
            expected = expected_version(batch.options, BATCH_VERSION)
        except Refusal as refusal:
            return answers.batch_bad_request(refusal.details)
        try:
            async with asyncio.timeout_at(batch.deadline):
                outcome = await self._write_log(Append(name, expected, batch.events))
        except TimeoutError:
            return answers.batch_timeout()
        return answers.batch_response(outcome, name, expected)

    async def _send(self, correlation_id: Any, batch: _Batch, response: streams_pb2.BatchAppendResp) -> None:
        response.correlation_id.CopyFrom(correlation_id)
        _echo(response, batch.options)  # clients read the stream's name from every answer, refusals too
        async with self._sending:
            await self._call.send_message(response)


def _extend(batch: _Batch, proposed: Iterable[Any]) -> streams_pb2.BatchAppendResp | None:
    """Add events to a batch; give the answer that ends it if it is too late or they cannot be accepted."""
    if batch.deadline is not None and batch.deadline <= asyncio.get_running_loop().time():
        return answers.batch_timeout()
    try:
        for message in proposed:
            batch.events.append(proposed_event(message))
            batch.size += append_bytes(batch.events[-1])
    except Refusal as refusal:
        return answers.batch_bad_request(refusal.details)
    return answers.batch_too_large(MAX_APPEND_BYTES) if batch.size > MAX_APPEND_BYTES else None


def _echo(response: streams_pb2.BatchAppendResp, options: Any) -> None:
    response.stream_identifier.CopyFrom(options.stream_identifier)
    kind = options.WhichOneof("expected_stream_position")
    if kind == "stream_position":
        response.stream_position = options.stream_position
    elif kind is not None:
        getattr(response, kind).SetInParent()


def _deadline(options: Any) -> float | None:
    """When to give up on a batch, in loop time; None if its client sets no deadline worth keeping."""
    match options.WhichOneof("deadline_option"):
        case "deadline":
            seconds = options.deadline.seconds + options.deadline.nanos / 1e9
        case "deadline_21_10_0":  # a moment instead of a duration, as NodeJS clients still send it
            moment = options.deadline_21_10_0
            seconds = moment.seconds + moment.nanos / 1e9 - time.time()
        case _:
            return None
    return None if seconds > NO_DEADLINE_S else asyncio.get_running_loop().time() + seconds
