"""Calls that go on while they are answered: message by message, in order, within what flow control allows."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

import pytest

from grenier_infra.eventnode import http2
from grenier_infra.eventnode.calls import Call
from grenier_infra.eventnode.frames import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    NUMBER,
    SETTINGS,
    WINDOW_UPDATE,
    frame,
)
from grenier_infra.eventnode.table import Table
from grenier_infra.eventnode.testing_wire import Client, grpc_message, settle


class Echoes:
    """A dialogue that says each message again, and asks for a pause when it heard "full"."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.heard: list[bytes] = []

    def received(self, message: bytes) -> None:
        self.heard.append(message)
        self.call.push(message)

    def over(self) -> None:
        self.call.hang_up()

    def full(self) -> bool:
        return b"full" in self.heard


@pytest.fixture
def client() -> Callable[[], Client]:
    table = Table()
    table.add_dialogue("/s/Dialogue", Echoes, bytes)
    return lambda: Client(table)


def test_a_dialogue_answers_each_message_as_it_comes(client: Callable[[], Client]) -> None:
    async def talk() -> None:
        told = client()
        told.send(frame(HEADERS, END_HEADERS, 1, told.head("/s/Dialogue")))
        told.send(frame(DATA, 0, 1, grpc_message(b"one")))
        fields, data = await told.answer()
        assert data == grpc_message(b"one")
        assert "grpc-status" not in fields
        told.send(frame(DATA, END_STREAM, 1, grpc_message(b"two") + grpc_message(b"three")))
        fields, data = await told.answer()
        assert data == grpc_message(b"two") + grpc_message(b"three")
        assert fields["grpc-status"] == "0"

    asyncio.run(talk())


def test_what_one_reading_causes_is_written_in_one_piece(client: Callable[[], Client]) -> None:
    async def talk() -> None:
        told = client()
        begun = told.wire.writes
        calls = [frame(HEADERS, END_HEADERS, number, told.head("/s/Dialogue")) for number in (1, 3, 5)]
        told.send(b"".join(calls + [frame(DATA, 0, number, grpc_message(b"x")) for number in (1, 3, 5)]))
        assert told.wire.writes == begun + 1
        with http2.together():
            told.send(frame(DATA, 0, 1, grpc_message(b"y")))
            told.send(frame(DATA, 0, 3, grpc_message(b"z")))
            assert told.wire.writes == begun + 1
        assert told.wire.writes == begun + 2

    asyncio.run(talk())


def test_answers_of_a_dialogue_wait_in_order_for_the_window_and_the_call_ends_after_them(
    client: Callable[[], Client],
) -> None:
    async def talk() -> None:
        told = client()
        told.send(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 10)))
        told.send(frame(HEADERS, END_HEADERS, 1, told.head("/s/Dialogue")))
        told.send(frame(DATA, END_STREAM, 1, grpc_message(b"first") + grpc_message(b"second")))
        fields, begun = await told.answer()
        assert begun == grpc_message(b"first")
        assert "grpc-status" not in fields
        told.send(frame(WINDOW_UPDATE, 0, 1, NUMBER.pack(100)))
        fields, rest = await told.answer()
        assert rest == grpc_message(b"second")
        assert fields["grpc-status"] == "0"

    asyncio.run(talk())


def test_a_dialogue_that_has_enough_lets_the_client_send_no_more(client: Callable[[], Client]) -> None:
    async def talk(word: bytes) -> list[int]:
        told = client()
        told.send(frame(HEADERS, END_HEADERS, 1, told.head("/s/Dialogue")))
        told.send(frame(WINDOW_UPDATE, 0, 0, NUMBER.pack(2**30)) + frame(WINDOW_UPDATE, 0, 1, NUMBER.pack(2**30)))
        told.send(frame(DATA, 0, 1, grpc_message(word)))
        for _ in range(6):
            told.send(frame(DATA, 0, 1, grpc_message(b"x" * 200_000)))
        await settle()
        return [number for kind, _, number, _ in told.wire.frames() if kind == WINDOW_UPDATE and number == 1]

    assert asyncio.run(talk(b"more"))
    assert not asyncio.run(talk(b"full"))
