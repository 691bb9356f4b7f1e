"""The bare chain: the same road as an order of ours with nothing on it, the limit of this architecture in Python.

    HTTP (Flask, gunicorn) → RPC (pika, direct reply-to) → typed decoding (msgspec) → gRPC append → SQLite, synchronous=FULL

No authorisation, no membership, no prices, no idempotency, no views, no metrics. `chain_store` is the last link.

    CHAIN_AMQP=… gunicorn tests.bench.chain_peer:create_app()
    python -m tests.bench.chain_peer <amqp url> <address of the store>
"""

from __future__ import annotations

import os
import sys
import threading
import uuid
from typing import Any

import grpc
import msgspec
import pika
from flask import Flask, Response, request

QUEUE = "orders"
APPEND = "/chain.Store/Append"
DEADLINE_S = 10.0


class Line(msgspec.Struct):
    product_id: str
    quantity: int


class Order(msgspec.Struct):
    cycle_id: str
    household_id: str
    lines: list[Line]


def create_app() -> Flask:
    app = Flask(__name__)
    local = threading.local()

    @app.post("/orders")
    def place() -> Response:
        if not hasattr(local, "caller"):
            local.caller = Caller(os.environ["CHAIN_AMQP"])
        return Response(local.caller.call(request.get_data()), 201, mimetype="application/json")

    return app


class Caller:
    """One connection per thread: pika's are not shared."""

    def __init__(self, url: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.basic_consume("amq.rabbitmq.reply-to", self._answered, auto_ack=True)
        self._wanted = ""
        self._answer: bytes | None = None

    def call(self, body: bytes) -> bytes:
        self._wanted, self._answer = uuid.uuid4().hex, None
        properties = pika.BasicProperties(reply_to="amq.rabbitmq.reply-to", correlation_id=self._wanted)
        self._channel.basic_publish("", QUEUE, body, properties)
        while self._answer is None:
            self._connection.process_data_events(DEADLINE_S)
        return self._answer

    def _answered(self, _channel: Any, _method: Any, properties: Any, body: bytes) -> None:
        if properties.correlation_id == self._wanted:
            self._answer = body


def serve(url: str, store: str) -> None:
    """The service: one process, one thread, acknowledged by its answer."""
    append = grpc.insecure_channel(store).unary_unary(APPEND, None, None)
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare(QUEUE)
    channel.basic_qos(prefetch_count=32)
    decoder, encoder = msgspec.json.Decoder(Order), msgspec.json.Encoder()

    def ordered(channel: Any, method: Any, properties: Any, body: bytes) -> None:
        order = decoder.decode(body)
        position = append(encoder.encode(order), timeout=DEADLINE_S)
        answer = encoder.encode({"position": int(position)})
        reply = pika.BasicProperties(correlation_id=properties.correlation_id)
        channel.basic_publish("", properties.reply_to, answer, reply)
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume(QUEUE, ordered)
    channel.start_consuming()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
