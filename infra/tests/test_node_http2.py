"""HTTP/2 and gRPC as the node speaks them, byte by byte: frames, flow control, header blocks, broken clients."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Awaitable, Callable

import pytest
from hpack import Encoder

from grenier_infra.eventnode import http2
from grenier_infra.eventnode.calls import Call
from grenier_infra.eventnode.frames import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    NUMBER,
    PADDED,
    PING,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    WITH_PRIORITY,
    frame,
)  # fmt: skip
from grenier_infra.eventnode.headers import BadHeaders, HeaderReader
from grenier_infra.eventnode.listener import NodeServer
from grenier_infra.eventnode.table import Table
from grenier_infra.eventnode.testing_wire import Client, Wire, grpc_message, settle

PROTOCOL, FLOW, SIZE, COMPRESSION = 1, 3, 6, 9


async def echo(call: Call) -> None:
    """Answer all messages joined."""
    call.reply(b"".join([message async for message in call]))


async def large(call: Call) -> None:
    await call.send(grpc_message(b"x" * 100_000))


def direct(call: Call, messages: list[bytes]) -> None:
    call.conclude(lambda: b"|".join(messages))


@pytest.fixture
def client() -> Callable[[], Client]:
    table = Table()
    table.add("/s/Echo", echo, bytes)
    table.add("/s/Talk", echo, bytes, at_once=True)
    table.add("/s/Large", large, bytes)
    table.add_direct("/s/Direct", direct, bytes)
    return lambda: Client(table)


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/s/Echo", "/s/Talk", "/s/Direct"])
def test_a_call_is_answered_in_one_go(client: Callable[[], Client], path: str) -> None:
    async def work() -> None:
        one = client()
        one.request(1, b"hello", path=path)
        fields, data = await one.answer()
        assert (fields[":status"], fields["content-type"], fields["grpc-status"]) == (
            "200",
            "application/grpc+proto",
            "0",
        )
        assert data == grpc_message(b"hello")

    run(work)


def test_messages_may_be_cut_anywhere(client: Callable[[], Client]) -> None:
    async def work() -> None:
        one = client()
        body = grpc_message(b"abc") + grpc_message(b"") + grpc_message(b"defgh")
        whole = frame(HEADERS, END_HEADERS, 1, one.head())
        whole += b"".join(frame(DATA, 0, 1, body[at : at + 3]) for at in range(0, len(body), 3))
        whole += frame(DATA, END_STREAM, 1)
        for at in range(len(whole)):  # and frames, too
            one.send(whole[at : at + 1])
        assert (await one.answer())[1] == grpc_message(b"abcdefgh")

    run(work)


def test_padding_priority_and_continuations_are_understood(client: Callable[[], Client]) -> None:
    async def work() -> None:
        one = client()
        block = one.head()
        padded = b"\x04" + b"\x00" * 5 + block[:10] + b"\x00" * 4
        one.send(frame(HEADERS, PADDED | WITH_PRIORITY, 1, padded))
        one.send(frame(CONTINUATION, 0, 1, block[10:20]) + frame(CONTINUATION, END_HEADERS, 1, block[20:]))
        one.send(frame(DATA, PADDED | END_STREAM, 1, b"\x02" + grpc_message(b"in") + b"\x00\x00"))
        assert (await one.answer())[1] == grpc_message(b"in")

    run(work)


def test_an_answer_waits_for_the_window_of_its_stream_and_of_the_connection(client: Callable[[], Client]) -> None:
    async def work() -> None:
        one = client()
        one.request(1, b"", path="/s/Large")
        _, first = await one.answer()
        assert len(first) == http2.DEFAULT_WINDOW
        one.send(frame(WINDOW_UPDATE, 0, 1, NUMBER.pack(50_000)))
        assert (await one.answer())[1] == b""  # the connection's window is used up as well
        one.send(frame(WINDOW_UPDATE, 0, 0, NUMBER.pack(20_000)))
        _, second = await one.answer()
        one.send(frame(WINDOW_UPDATE, 0, 0, NUMBER.pack(20_000)))
        fields, third = await one.answer()
        assert len(second) == 20_000
        assert first + second + third == grpc_message(b"x" * 100_000)
        assert fields["grpc-status"] == "0"

    run(work)


def test_a_larger_first_window_lets_waiting_answers_go_on(client: Callable[[], Client]) -> None:
    async def work() -> None:
        one = client()
        one.send(frame(WINDOW_UPDATE, 0, 0, NUMBER.pack(1_000_000)))
        one.request(1, b"", path="/s/Large")
        assert len((await one.answer())[1]) == http2.DEFAULT_WINDOW
        one.send(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 1_000_000)))
        assert (await one.answer())[0]["grpc-status"] == "0"

    run(work)


def test_no_frame_is_larger_than_the_client_takes_and_a_full_socket_is_waited_for(client: Callable[[], Client]) -> None:
    async def work() -> None:
        one = client()
        one.send(frame(WINDOW_UPDATE, 0, 0, NUMBER.pack(1_000_000)))
        one.send(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 1_000_000)))
        one.wire.frames()
        one.connection.pause_writing()
        one.request(1, b"", path="/s/Large")
        await settle()
        assert [one_frame for one_frame in one.wire.frames() if one_frame[0] == DATA] == []
        one.connection.resume_writing()
        await settle()
        sizes = [len(payload) for kind, _, _, payload in one.wire.frames() if kind == DATA]
        assert max(sizes) <= 16_384
        assert sum(sizes) == 100_005

    run(work)


def test_a_client_may_go_on_sending_as_its_data_is_taken(client: Callable[[], Client]) -> None:
    async def work() -> None:
        one = client()
        one.send(frame(HEADERS, END_HEADERS, 1, one.head("/s/Talk")))
        granted = http2.STREAM_WINDOW
        for _ in range(200):  # 20 MB, far beyond both windows
            one.send(frame(DATA, 0, 1, grpc_message(b"y" * 99_995)))
            granted -= 100_000
            await settle()
            granted += sum(
                NUMBER.unpack(p)[0] for kind, _, n, p in one.wire.frames() if kind == WINDOW_UPDATE and n == 1
            )
            assert granted > 0
        assert not one.wire.closing

    run(work)


def test_a_ping_is_answered_and_a_reset_ends_the_call(client: Callable[[], Client]) -> None:
    async def work() -> None:
        one = client()
        one.send(frame(PING, 0, 0, b"12345678"))
        assert one.wire.frames() == [(PING, 1, 0, b"12345678")]
        one.send(frame(HEADERS, END_HEADERS, 1, one.head("/s/Talk")))
        await settle()
        one.send(frame(RST_STREAM, 0, 1, NUMBER.pack(8)))
        one.send(frame(DATA, END_STREAM, 1, grpc_message(b"late")))
        assert await one.answer() == ({}, b"")
        assert one.connection.streams == {}

    run(work)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(DATA, 0, 1, b"x"), PROTOCOL),  # a stream that was not opened
        (frame(HEADERS, END_HEADERS, 2, b"\x88"), PROTOCOL),  # a server's number
        (frame(CONTINUATION, 0, 1, b""), PROTOCOL),
        (frame(HEADERS, 0, 1, b"") + frame(PING, 0, 0, b"12345678"), PROTOCOL),  # inside a header block
        (frame(5, 0, 1, b""), PROTOCOL),  # a push
        (frame(HEADERS, END_HEADERS | PADDED, 1, b"\x09\x88"), PROTOCOL),
        (frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\x0f"), COMPRESSION),
        (frame(HEADERS, 0, 1, b"x" * 40_000) + frame(CONTINUATION, 0, 1, b"x" * 40_000), COMPRESSION),
        (b"\xff\xff\xff\x00\x00\x00\x00\x00\x01", SIZE),
        (frame(PING, 0, 0, b"123"), SIZE),
        (frame(SETTINGS, 0, 0, b"123"), SIZE),
        (frame(WINDOW_UPDATE, 0, 0, b"123"), SIZE),
        (frame(WINDOW_UPDATE, 0, 0, NUMBER.pack(2**31 - 1)), FLOW),
        (frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 2**31)), FLOW),
    ],
)
def test_a_broken_client_is_told_goodbye(client: Callable[[], Client], data: bytes, code: int) -> None:
    async def work() -> None:
        one = client()
        one.send(data)
        kind, _, _, payload = one.wire.frames()[-1]
        assert (kind, NUMBER.unpack(payload[4:8])[0]) == (GOAWAY, code)
        assert one.wire.closing

    run(work)


def test_what_is_not_http2_is_hung_up_on() -> None:
    async def work() -> None:
        server = NodeServer(Table())
        connection, wire = server._connection(), Wire()
        connection.connection_made(wire)
        connection.data_received(b"GET / HTTP/1.1\r\n\r\n")
        assert wire.closing

    run(work)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"path": "/s/Nothing"}, ("200", "12")),
        ({"_method": "GET"}, ("405", None)),
        ({"content_type": "text/html"}, ("415", None)),
    ],
)
def test_what_is_not_a_call_is_turned_away(
    client: Callable[[], Client], change: dict[str, str], expected: tuple[str, str | None]
) -> None:
    async def work() -> None:
        one = client()
        one.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, one.head(**change)))
        fields, _ = await one.answer()
        assert (fields[":status"], fields.get("grpc-status")) == expected
        assert one.connection.streams == {}

    run(work)


def test_compressed_and_oversized_messages_are_refused(client: Callable[[], Client]) -> None:
    async def work() -> None:
        one = client()
        one.send(frame(HEADERS, END_HEADERS, 1, one.head()) + frame(DATA, 0, 1, b"\x01" + NUMBER.pack(3) + b"abc"))
        assert (await one.answer())[0]["grpc-status"] == "12"
        one.send(frame(HEADERS, END_HEADERS, 3, one.head()) + frame(DATA, 0, 3, b"\x00" + NUMBER.pack(2**31)))
        assert (await one.answer())[0]["grpc-status"] == "8"

    run(work)


def test_more_calls_than_allowed_are_refused_one_by_one(
    client: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http2, "MAX_STREAMS", 2)

    async def work() -> None:
        one = client()
        for number in (1, 3, 5):
            one.send(frame(HEADERS, END_HEADERS, number, one.head("/s/Talk")))
        assert one.wire.frames() == [(RST_STREAM, 0, 5, NUMBER.pack(7))]
        one.send(frame(DATA, END_STREAM, 1, grpc_message(b"a")))
        assert (await one.answer())[1] == grpc_message(b"a")
        one.request(7, b"b")
        assert (await one.answer())[1] == grpc_message(b"b")

    run(work)


def test_remembered_header_blocks_mean_what_a_decoder_says() -> None:
    """Blocks repeat, grow the table, push entries out of it: each must be read as if nothing were remembered."""
    dice = random.Random(7)
    encoder, reader = Encoder(), HeaderReader()
    names = [f"name-{number}" for number in range(12)]
    for _ in range(3_000):
        fields = {name: dice.choice(["a", "b" * 200, "c", str(dice.random())]) for name in dice.sample(names, 3)}
        assert reader.read(encoder.encode(list(fields.items()))) == fields
    encoder.header_table_size = 0
    assert reader.read(encoder.encode([("a", "b")])) == {"a": "b"}
    with pytest.raises(BadHeaders):
        reader.read(b"\xff\xff")


def test_a_block_that_repeats_is_decoded_once() -> None:
    encoder, reader = Encoder(), HeaderReader()
    blocks = [encoder.encode([("a", "b"), ("c", "d")]) for _ in range(3)]
    assert blocks[1] == blocks[2]
    reader.read(blocks[0])
    assert reader.read(blocks[1]) is reader.read(blocks[2])
