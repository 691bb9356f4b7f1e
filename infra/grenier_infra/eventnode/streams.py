"""The Streams service: Read, Append, BatchAppend, Delete, Tombstone."""

from __future__ import annotations

from functools import partial
from typing import Any

from grenier_infra.eventnode import answers, faults
from grenier_infra.eventnode.batches import Batches
from grenier_infra.eventnode.calls import Call, received
from grenier_infra.eventnode.faults import Faults
from grenier_infra.eventnode.proposals import (
    APPEND_VERSION,
    MAX_APPEND_BYTES,
    append_bytes,
    expected_version,
    proposed_event,
    stream_name,
)
from grenier_infra.eventnode.protos import streams_pb2
from grenier_infra.eventnode.reads import Reads
from grenier_infra.eventnode.requests import (
    Append,
    Delete,
    Deleted,
    Outcome,
    Request,
    Tombstone,
    WrongVersion,
)
from grenier_infra.eventnode.table import Table
from grenier_infra.eventnode.writer import Writer

SERVICE = "/event_store.client.streams.Streams/"


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
        table.add(SERVICE + "Read", self.read, streams_pb2.ReadReq)
        table.add_direct(SERVICE + "Append", self.append, streams_pb2.AppendReq)
        table.add_dialogue(SERVICE + "BatchAppend", self.batch_append, streams_pb2.BatchAppendReq)
        table.add(SERVICE + "Delete", self.delete, streams_pb2.DeleteReq)
        table.add(SERVICE + "Tombstone", self.tombstone, streams_pb2.TombstoneReq)

    async def read(self, call: Call) -> None:
        """Read or subscribe."""
        self.misbehave(call)
        request = await received(call)
        await self._reads.read(call, request.options)

    def append(self, call: Call, messages: list[Any]) -> None:
        """Append the events of one call, all or none."""
        self.misbehave(call)
        if not messages:
            raise answers.invalid("the call has no request")
        options = messages[0].options
        name, expected = stream_name(options.stream_identifier), expected_version(options, APPEND_VERSION)
        events = [proposed_event(message.proposed_message) for message in messages[1:]]
        if sum(map(append_bytes, events)) > MAX_APPEND_BYTES:
            raise answers.append_too_large(MAX_APPEND_BYTES)
        self._writer.submit_to(Append(name, expected, events), partial(self._appended, call, name, expected))

    def _appended(self, call: Call, name: str, expected: int, outcome: Outcome | Exception) -> None:
        def answer() -> bytes:
            if isinstance(outcome, Exception):
                raise outcome
            self._lose_answer()
            return answers.append_answer(outcome, name, expected)

        call.conclude(answer)

    async def delete(self, call: Call) -> None:
        """Delete softly: hide all events, leave the stream appendable."""
        self.misbehave(call)
        options = (await received(call)).options
        request = Delete(stream_name(options.stream_identifier), expected_version(options, APPEND_VERSION))
        call.reply(await self._removed(request, streams_pb2.DeleteResp()))

    async def tombstone(self, call: Call) -> None:
        """End a stream for ever."""
        self.misbehave(call)
        options = (await received(call)).options
        request = Tombstone(stream_name(options.stream_identifier), expected_version(options, APPEND_VERSION))
        call.reply(await self._removed(request, streams_pb2.TombstoneResp()))

    async def _removed(self, request: Delete | Tombstone, response: Any) -> Any:
        outcome = await self.write(request)
        if isinstance(outcome, Deleted):
            raise answers.stream_deleted(request.stream)
        if isinstance(outcome, WrongVersion):
            raise answers.wrong_version(request.stream, request.expected, outcome.actual)
        response.position.commit_position = response.position.prepare_position = outcome.position
        return response

    def batch_append(self, call: Call) -> Batches:
        """Append batches as they come, each all or none, each answered with its correlation id when it is done."""
        self.misbehave(call)
        return Batches(self._writer.submit_to, call, self._lose_answer)

    async def write(self, request: Request) -> Outcome:
        """Write and, if told to, lose the answer. Errors: Refusal, WriteFailed, Stopping."""
        outcome = await self._writer.submit(request)
        self._lose_answer()
        return outcome

    def _lose_answer(self) -> None:
        if self._faults.take(faults.ANSWER_LOST):
            raise answers.unavailable("Answer lost on purpose; the write was done.")

    def misbehave(self, call: Call) -> None:
        """Refuse the call if a fault says so. Errors: Refusal."""
        leader_wanted = call.metadata.get("requires-leader") == "true"
        if leader_wanted and self._faults.take(faults.NOT_LEADER):
            raise answers.not_leader(*self._address)
        if self._faults.take(faults.UNAVAILABLE):
            raise answers.unavailable("Unavailable on purpose.")
