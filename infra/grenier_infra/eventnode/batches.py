"""BatchAppend: many batches over one call, each in one or several pieces, each answered when it is written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
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

Submit = Callable[[Request, Callable[[Outcome | Exception], None]], None]


@dataclass(slots=True)
class _Batch:
    """What has arrived of one batch."""

    correlation_id: Any
    options: Any
    deadline: float | None  # loop time
    events: list[NewEvent] = field(default_factory=list)
    size: int = 0
    answered: bool = False
    timer: asyncio.TimerHandle | None = None


class Batches:
    """The batches of one BatchAppend call: several may be under way at once. A lost answer or a failed write ends the call."""

    def __init__(self, submit: Submit, call: Call, lose_answer: Callable[[], None]) -> None:
        """Hand finished batches to ``submit``; answer on ``call``. ``lose_answer`` raises a Refusal if a fault wants it."""
        self._submit = submit
        self._call = call
        self._lose_answer = lose_answer
        self._open: dict[bytes, _Batch] = {}
        self._under_way = 0
        self._complete = False

    def received(self, request: Any) -> None:
        """Take one piece; a final piece sends the batch to the writer. Errors: Refusal, Stopping."""
        key = request.correlation_id.SerializeToString()
        batch = self._open.get(key)
        if batch is None:
            if len(self._open) >= MAX_OPEN_BATCHES:
                raise answers.invalid(f"more than {MAX_OPEN_BATCHES} unfinished batches")
            batch = self._open[key] = _Batch(request.correlation_id, request.options, _deadline(request.options))
        refusal = None if batch.answered else _extend(batch, request.proposed_messages)
        if refusal is not None:
            batch.events = []
            self._answer(batch, refusal)
        if request.is_final:
            del self._open[key]
            if not batch.answered:
                self._write(batch)

    def over(self) -> None:
        """The client sends no more: the call ends with the last answer."""
        self._complete = True
        if not self._under_way:
            self._call.hang_up()

    def full(self) -> bool:
        """True while enough is being written."""
        return self._under_way >= MAX_OPEN_BATCHES

    def _write(self, batch: _Batch) -> None:
        try:
            name = stream_name(batch.options.stream_identifier)
            expected = expected_version(batch.options, BATCH_VERSION)
        except Refusal as refusal:
            self._answer(batch, answers.batch_bad_request(refusal.details))
            return
        self._submit(Append(name, expected, batch.events), partial(self._written, batch, name, expected))
        self._under_way += 1
        if batch.deadline is not None:
            late = partial(self._answer, batch, answers.batch_timeout())
            batch.timer = asyncio.get_running_loop().call_at(batch.deadline, late)

    def _written(self, batch: _Batch, name: str, expected: int, outcome: Outcome | Exception) -> None:
        """Errors, told to the client as the end of the call: what the writer failed with, or a Refusal."""
        self._under_way -= 1
        if batch.timer is not None:
            batch.timer.cancel()
        self._call.guarded(partial(self._tell, batch, name, expected, outcome))

    def _tell(self, batch: _Batch, name: str, expected: int, outcome: Outcome | Exception) -> None:
        if isinstance(outcome, Exception):
            raise outcome
        self._lose_answer()
        self._answer(batch, answers.batch_response(outcome, name, expected))
        if self._complete and not self._under_way:
            self._call.hang_up()

    def _answer(self, batch: _Batch, response: streams_pb2.BatchAppendResp) -> None:
        """Once for each batch: what is written after its deadline, or after a refusal, is not told any more."""
        if batch.answered:
            return
        batch.answered = True
        response.correlation_id.CopyFrom(batch.correlation_id)
        _echo(response, batch.options)  # clients read the stream's name from every answer, refusals too
        self._call.push(response.SerializeToString())


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
