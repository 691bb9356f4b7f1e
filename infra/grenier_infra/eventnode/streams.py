"""The Streams service: Read, Append, BatchAppend, Delete, Tombstone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from grpclib.const import Cardinality

from esdbclient.protos.Grpc import streams_pb2
from grenier_infra.eventnode import answers, faults
from grenier_infra.eventnode.answers import Refusal
from grenier_infra.eventnode.calls import Call, Table
from grenier_infra.eventnode.faults import Faults
from grenier_infra.eventnode.links import uuid_from
from grenier_infra.eventnode.log import JSON_CONTENT, Append, Delete, Deleted, NewEvent, Outcome, Request, Tombstone, WrongVersion
from grenier_infra.eventnode.reads import Reads, stream_name
from grenier_infra.eventnode.rules import ANY, EXISTS, NO_STREAM
from grenier_infra.eventnode.writer import Writer

SERVICE = "/event_store.client.streams.Streams/"
MAX_APPEND_BYTES = 1024 * 1024
MAX_OPEN_BATCHES = 1_000
OTHER_CONTENT = "application/octet-stream"


class Streams:
    """Answers the calls of the Streams service."""

    def __init__(self, writer: Writer, reads: Reads, armed: Faults, address: tuple[str, int]) -> None:
        """``address`` is this node's own host and port, as told to clients."""
        self._writer = writer
        self._reads = reads
        self._faults = armed
        self._address = address

    def register(self, table: Table) -> None:
        """Add the five methods to the table."""
        for name, method, cardinality, request in (
            ("Read", self.read, Cardinality.UNARY_STREAM, streams_pb2.ReadReq),
            ("Append", self.append, Cardinality.STREAM_UNARY, streams_pb2.AppendReq),
            ("BatchAppend", self.batch_append, Cardinality.STREAM_STREAM, streams_pb2.BatchAppendReq),
            ("Delete", self.delete, Cardinality.UNARY_UNARY, streams_pb2.DeleteReq),
            ("Tombstone", self.tombstone, Cardinality.UNARY_UNARY, streams_pb2.TombstoneReq),
        ):
            table.add(SERVICE + name, method, cardinality, request)

    async def read(self, call: Call) -> None:
        """Read or subscribe."""
        self._misbehave(call)
        request = await _received(call)
        await self._reads.read(call, request.options)

    async def append(self, call: Call) -> None:
        """Append the events of one call, all or none."""
        self._misbehave(call)
        options = (await _received(call)).options
        name, expected = stream_name(options.stream_identifier), _expected(options, "expected_stream_revision", "revision")
        events, size = [], 0
        async for request in call:
            events.append(_proposed(request.proposed_message))
            size += _append_bytes(events[-1])
            if size > MAX_APPEND_BYTES:
                raise answers.append_too_large(MAX_APPEND_BYTES)
        outcome = await self._write(Append(name, expected, events))
        await call.send_message(answers.append_response(outcome, name, expected))

    async def delete(self, call: Call) -> None:
        """Delete softly: hide all events, leave the stream appendable."""
        self._misbehave(call)
        options = (await _received(call)).options
        request = Delete(
            stream_name(options.stream_identifier), _expected(options, "expected_stream_revision", "revision")
        )
        await call.send_message(await self._removed(request, streams_pb2.DeleteResp()))

    async def tombstone(self, call: Call) -> None:
        """End a stream for ever."""
        self._misbehave(call)
        options = (await _received(call)).options
        request = Tombstone(
            stream_name(options.stream_identifier), _expected(options, "expected_stream_revision", "revision")
        )
        await call.send_message(await self._removed(request, streams_pb2.TombstoneResp()))

    async def _removed(self, request: Delete | Tombstone, response: Any) -> Any:
        outcome = await self._write(request)
        if isinstance(outcome, Deleted):
            raise answers.stream_deleted(request.stream)
        if isinstance(outcome, WrongVersion):
            raise answers.wrong_version(request.stream, request.expected, outcome.actual)
        response.position.commit_position = response.position.prepare_position = outcome.position
        return response

    async def batch_append(self, call: Call) -> None:
        """Append batches as they come, each all or none, each answered with its correlation id when it is done."""
        self._misbehave(call)
        batches = _Batches(self, call)
        try:
            async for request in call:
                batches.receive(request)
            await batches.finish()
        finally:
            batches.cancel()

    async def write(self, request: Request) -> Outcome:
        """Write and, if told to, lose the answer. Errors: Refusal, WriteFailed, Stopping."""
        return await self._write(request)

    async def _write(self, request: Request) -> Outcome:
        outcome = await self._writer.submit(request)
        if self._faults.take(faults.ANSWER_LOST):
            raise answers.unavailable("Answer lost on purpose; the write was done.")
        return outcome

    def _misbehave(self, call: Call) -> None:
        leader_wanted = call.metadata is not None and call.metadata.get("requires-leader") == "true"
        if leader_wanted and self._faults.take(faults.NOT_LEADER):
            raise answers.not_leader(*self._address)
        if self._faults.take(faults.UNAVAILABLE):
            raise answers.unavailable("Unavailable on purpose.")


@dataclass(slots=True)
class _Batch:
    """What has arrived of one batch."""

    options: Any
    deadline: float | None  # loop time
    events: list[NewEvent] = field(default_factory=list)
    size: int = 0
    refused: bool = False


class _Batches:
    """The batches of one BatchAppend call: several may be under way at once."""

    def __init__(self, streams: Streams, call: Call) -> None:
        self._streams = streams
        self._call = call
        self._open: dict[bytes, _Batch] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending = asyncio.Lock()

    def receive(self, request: Any) -> None:
        """Take one piece; a final piece sends the batch to the writer."""
        for task in [task for task in self._tasks if task.done()]:
            self._tasks.discard(task)
            task.result()  # a lost answer or a failed write ends the call
        key = request.correlation_id.SerializeToString()
        batch = self._open.get(key)
        if batch is None:
            if len(self._open) >= MAX_OPEN_BATCHES:
                raise answers.invalid(f"more than {MAX_OPEN_BATCHES} unfinished batches")
            batch = self._open[key] = _Batch(request.options, _deadline(request.options))
        refusal = None if batch.refused else _extend(batch, request.proposed_messages)
        if refusal is not None:
            batch.refused, batch.events = True, []
            self._start(self._send(request.correlation_id, refusal))
        if request.is_final:
            del self._open[key]
            if not batch.refused:
                self._start(self._write(request.correlation_id, batch))

    async def finish(self) -> None:
        """Wait for the answers still to come."""
        if self._tasks:
            await asyncio.gather(*self._tasks)

    def cancel(self) -> None:
        """Give up on all answers."""
        for task in self._tasks:
            task.cancel()

    def _start(self, work: Any) -> None:
        self._tasks.add(asyncio.ensure_future(work))

    async def _write(self, correlation_id: Any, batch: _Batch) -> None:
        try:
            name = stream_name(batch.options.stream_identifier)
            expected = _expected(batch.options, "expected_stream_position", "stream_position")
        except Refusal as refusal:
            await self._send(correlation_id, answers.batch_bad_request(refusal.details))
            return
        try:
            async with asyncio.timeout_at(batch.deadline):
                outcome = await self._streams.write(Append(name, expected, batch.events))
        except TimeoutError:
            response = answers.batch_timeout()
        else:
            response = answers.batch_response(outcome, name, expected)
        _echo(response, batch.options)
        await self._send(correlation_id, response)

    async def _send(self, correlation_id: Any, response: streams_pb2.BatchAppendResp) -> None:
        response.correlation_id.CopyFrom(correlation_id)
        async with self._sending:
            await self._call.send_message(response)


def _extend(batch: _Batch, proposed: Iterable[Any]) -> streams_pb2.BatchAppendResp | None:
    """Add events to a batch; give the answer that ends it if they cannot be accepted."""
    try:
        for message in proposed:
            batch.events.append(_proposed(message))
            batch.size += _append_bytes(batch.events[-1])
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
    if options.WhichOneof("deadline_option") == "deadline":
        seconds = options.deadline.seconds + options.deadline.nanos / 1e9
        return None if seconds > 10**8 else asyncio.get_running_loop().time() + seconds
    return None


def _expected(options: Any, group: str, exact: str) -> int:
    kind = options.WhichOneof(group)
    numbers = {"any": ANY, "no_stream": NO_STREAM, "stream_exists": EXISTS}
    if kind == exact:
        return min(getattr(options, exact), 2**63 - 1)
    if kind is None:
        raise answers.invalid("the expected version is missing")
    return numbers[kind]


def _proposed(message: Any) -> NewEvent:
    """Read a proposed event. Errors: Refusal."""
    metadata = message.metadata
    event_type, content_type = metadata.get("type"), metadata.get("content-type")
    if not event_type:
        raise answers.missing_metadata("type")
    if not content_type:
        raise answers.missing_metadata("content-type")
    try:
        event_id = uuid_from(message.id)
    except ValueError as error:
        raise answers.invalid("the event id is not a UUID") from error
    content = JSON_CONTENT if content_type == JSON_CONTENT else OTHER_CONTENT
    return NewEvent(event_id, event_type, content, message.custom_metadata, message.data)


def _append_bytes(event: NewEvent) -> int:
    """Size of an event as the limit counts it: data, metadata, and two bytes per character of the type."""
    return len(event.data) + len(event.metadata) + 2 * len(event.type)


async def _received(call: Call) -> Any:
    request = await call.recv_message()
    if request is None:
        raise answers.invalid("the call has no request")
    return request
