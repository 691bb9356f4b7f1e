"""A client that speaks HTTP/2 to a table of methods byte by byte, without sockets: for the tests of the node."""

from __future__ import annotations

import asyncio
from typing import Any

from hpack import Decoder, Encoder

from grenier_infra.eventnode.frames import DATA, END_HEADERS, END_STREAM, HEADERS, NUMBER, PREFACE, SETTINGS, frame
from grenier_infra.eventnode.listener import NodeServer
from grenier_infra.eventnode.table import Table

Frame = tuple[int, int, int, bytes]


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.writes = 0
        self.closing = False

    def write(self, data: bytes) -> None:
        assert not self.closing
        self.writes += 1
        self.written += data

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def get_extra_info(self, name: str) -> Any:
        return ("10.0.0.9", 4711)

    def frames(self) -> list[Frame]:
        """Take the frames written since."""
        data, taken = bytes(self.written), []
        while data:
            length = int.from_bytes(data[:3], "big")
            number = int.from_bytes(data[5:9], "big")
            taken.append((data[3], data[4], number, data[9 : 9 + length]))
            data = data[9 + length :]
        self.written.clear()
        return taken


class Client:
    """Speaks to a table of methods through a connection without sockets."""

    def __init__(self, table: Table) -> None:
        self.wire = Wire()
        self.connection = NodeServer(table)._connection()
        self.connection.connection_made(self.wire)
        self.encoder, self.decoder = Encoder(), Decoder()
        self.send(PREFACE + frame(SETTINGS, 0, 0))
        self.wire.frames()

    def send(self, data: bytes) -> None:
        self.connection.data_received(data)

    def head(self, path: str = "/s/Echo", **more: str) -> bytes:
        fields = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "x", "te": "trailers"}
        fields |= {"content-type": "application/grpc"} | {name.replace("_", "-"): text for name, text in more.items()}
        pairs = [(":method" if name == "-method" else name, text) for name, text in fields.items()]
        encoded: bytes = self.encoder.encode(list(dict(pairs).items()))
        return encoded

    def request(self, number: int, *messages: bytes, path: str = "/s/Echo") -> None:
        self.send(frame(HEADERS, END_HEADERS, number, self.head(path)))
        self.send(frame(DATA, END_STREAM, number, b"".join(map(grpc_message, messages))))

    async def answer(self) -> tuple[dict[str, str], bytes]:
        """Give all headers and trailers, and the data, of whatever was answered."""
        await settle()
        fields: dict[str, str] = {}
        data = b""
        for kind, _, _, payload in self.wire.frames():
            if kind == HEADERS:
                fields |= {str(name): str(value) for name, value in self.decoder.decode(payload)}
            elif kind == DATA:
                data += payload
        return fields, data


def grpc_message(data: bytes) -> bytes:
    return b"\x00" + NUMBER.pack(len(data)) + data


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)
