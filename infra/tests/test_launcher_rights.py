"""The users of the private RabbitMQ node: each may do its own work and nothing else (T38, V13.2.2, V13.2.3)."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import pytest
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker

from grenier.broker import EVENTS_EXCHANGE, MAIL_OUTBOX, declare_events
from grenier.config import Settings
from grenier_infra.launcher import broker, broker_users
from grenier_infra.launcher.table import LAYOUTS, Own, processes
from grenier_infra.launcher.testing import Installation, installation

pytestmark = [
    pytest.mark.slow,
    pytest.mark.proof("T38"),
    pytest.mark.skipif(broker.program() is None, reason="RabbitMQ is not installed"),
]

ORDERS = "serve-orders"
GOODS = "serve-ledger+logistics"
NOTIFY = "work-contracts+notify+matching+gateway"
MAIL, DEAD, REPLIES = MAIL_OUTBOX.name, MAIL_OUTBOX.dead, "rpc.reply-grenier-"
REFUSED = 403


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("rights"), only=("epmd", "broker")) as running:
        yield running


@pytest.fixture(scope="module")
def entered(node: Installation) -> Iterator[Callable[[str], Any]]:
    """entered(process) → a connection as the user of that process."""
    password = json.loads((node.data / "secrets.json").read_text())["broker_password"]
    open_ones: dict[str, Any] = {}

    def enter(process: str) -> Any:
        if process not in open_ones:
            url = broker_users.url(process, password, node.port_base + 3)
            if process == broker_users.ADMINISTRATOR:
                url = f"amqp://{process}:{password}@127.0.0.1:{node.port_base + 3}/%2F"
            open_ones[process] = pika.BlockingConnection(pika.URLParameters(url))
        return open_ones[process]

    channel = enter(broker_users.ADMINISTRATOR).channel()
    for service in ("orders", "ledger", "logistics"):
        channel.queue_declare(f"rpc-{service}", durable=True)
    declare_events(channel)
    MAIL_OUTBOX.declare(channel)
    yield enter
    for connection in open_ones.values():
        connection.close()


def published(exchange: str, key: str) -> Callable[[Any], None]:
    def publish(channel: Any) -> None:
        channel.confirm_delivery()
        channel.basic_publish(exchange, key, b"{}")

    return publish


def own_queue_bound(queue: str, exchange: str, key: str) -> Callable[[Any], None]:
    def bind(channel: Any) -> None:
        channel.queue_declare(queue, exclusive=True)
        channel.queue_bind(queue, exchange, key)

    return bind


def reply_queue(key: str) -> Callable[[Any], None]:
    return own_queue_bound(REPLIES + str(uuid4()), "nameko-rpc", key)


PERSON = str(uuid4())
ALLOWED: list[tuple[str, str, Callable[[Any], None]]] = [
    ("gateway", "asks a service", published("nameko-rpc", "orders.confirm_order")),
    ("gateway", "waits for answers", reply_queue(PERSON)),
    (ORDERS, "takes its requests", lambda channel: channel.basic_get("rpc-orders")),
    (ORDERS, "binds its queue", lambda channel: channel.queue_bind("rpc-orders", "nameko-rpc", "orders.*")),
    (ORDERS, "answers", published("nameko-rpc", PERSON)),
    (GOODS, "takes its requests", lambda channel: channel.basic_get("rpc-logistics")),
    ("relay", "publishes the feed", published(EVENTS_EXCHANGE, "orders.order-confirmed.g1")),
    (NOTIFY, "makes the mail queue", MAIL_OUTBOX.declare),
    (NOTIFY, "puts a mail on it", published(MAIL_OUTBOX.exchange, MAIL)),
    ("mailer", "makes the mail queue", MAIL_OUTBOX.declare),
    ("mailer", "takes a mail", lambda channel: channel.basic_get(MAIL)),
    ("mailer", "looks at what was given up", lambda channel: channel.basic_get(DEAD)),
    ("feed", "reads the feed", own_queue_bound("feed.board", EVENTS_EXCHANGE, "orders.#")),
]

FORBIDDEN: list[tuple[str, str, Callable[[Any], None]]] = [
    ("gateway", "takes requests", lambda channel: channel.basic_get("rpc-orders")),
    ("gateway", "deletes a service's queue", lambda channel: channel.queue_delete("rpc-orders")),
    ("gateway", "listens to the requests of others", reply_queue("orders.*")),
    ("gateway", "listens to all answers", reply_queue("#")),
    ("gateway", "makes a service", lambda channel: channel.queue_declare("rpc-attic", durable=True)),
    ("gateway", "removes the exchange", lambda channel: channel.exchange_delete("nameko-rpc")),
    ("gateway", "goes round the exchange", published("", "rpc-orders")),
    ("gateway", "answers in a service's place", published("nameko-rpc", PERSON)),
    ("gateway", "publishes events", published(EVENTS_EXCHANGE, "orders.order-confirmed.g1")),
    ("gateway", "queues mails", published(MAIL_OUTBOX.exchange, MAIL)),
    (ORDERS, "takes another service's requests", lambda channel: channel.basic_get("rpc-ledger")),
    (ORDERS, "takes another service's place", lambda c: c.queue_bind("rpc-orders", "nameko-rpc", "ledger.*")),
    (ORDERS, "listens to answers", lambda channel: channel.queue_bind("rpc-orders", "nameko-rpc", "#")),
    (ORDERS, "asks another service", published("nameko-rpc", "ledger.write_payment")),
    (ORDERS, "publishes events", published(EVENTS_EXCHANGE, "orders.order-confirmed.g1")),
    (ORDERS, "takes mails", lambda channel: channel.basic_get(MAIL)),
    (GOODS, "takes another process's requests", lambda channel: channel.basic_get("rpc-orders")),
    ("relay", "takes requests", lambda channel: channel.basic_get("rpc-orders")),
    ("relay", "asks a service", published("nameko-rpc", "orders.confirm_order")),
    ("relay", "reads the feed", own_queue_bound("feed.mine", EVENTS_EXCHANGE, "#")),
    ("relay", "takes mails", lambda channel: channel.basic_get(MAIL)),
    (NOTIFY, "reaches any queue", published("", "rpc-orders")),
    (NOTIFY, "asks a service", published("nameko-rpc", "orders.confirm_order")),
    (NOTIFY, "publishes events", published(EVENTS_EXCHANGE, "orders.order-confirmed.g1")),
    ("mailer", "publishes events", published(EVENTS_EXCHANGE, "orders.order-confirmed.g1")),
    ("mailer", "queues mails", published(MAIL_OUTBOX.exchange, MAIL)),
    ("mailer", "takes requests", lambda channel: channel.basic_get("rpc-orders")),
    ("feed", "publishes events", published(EVENTS_EXCHANGE, "orders.order-confirmed.g1")),
    ("feed", "writes to a queue", published("", "feed.board")),
    ("feed", "takes mails", lambda channel: channel.basic_get(MAIL)),
    ("feed", "takes requests", lambda channel: channel.basic_get("rpc-orders")),
    ("feed", "makes other queues", lambda channel: channel.queue_declare("mail.copy")),
]


@pytest.mark.parametrize(("process", "does"), [row[:2] for row in ALLOWED])
def test_each_may_do_its_own_work(entered: Any, process: str, does: str) -> None:
    channel = entered(process).channel()
    next(row for row in ALLOWED if row[:2] == (process, does))[2](channel)
    channel.close()


@pytest.mark.parametrize(("process", "does"), [row[:2] for row in FORBIDDEN])
def test_and_nothing_else(entered: Any, process: str, does: str) -> None:
    with pytest.raises(ChannelClosedByBroker) as closed:
        next(row for row in FORBIDDEN if row[:2] == (process, does))[2](entered(process).channel())
    assert closed.value.reply_code == REFUSED


@pytest.mark.parametrize(
    "login", ["guest:guest", "grenier:grenier", "admin:changeit", "gateway:gateway", "nobody:", "feed:"]
)
def test_no_default_login(node: Installation, login: str) -> None:
    with pytest.raises(AMQPConnectionError):
        pika.BlockingConnection(pika.URLParameters(f"amqp://{login}@127.0.0.1:{node.port_base + 3}/%2F"))


def test_a_huge_message_is_refused_by_the_node(entered: Any) -> None:
    channel = entered("gateway").channel()
    channel.confirm_delivery()
    with pytest.raises(ChannelClosedByBroker) as closed:
        channel.basic_publish("nameko-rpc", "orders.confirm_order", bytes(100_000_000))
    assert "size" in closed.value.reply_text


def test_what_the_node_reads_is_for_the_owner_only_and_holds_no_password(node: Installation) -> None:
    file = node.data / "broker" / "definitions.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    password = json.loads((node.data / "secrets.json").read_text())["broker_password"]
    assert all(password not in path.read_text() for path in (node.data / "broker").glob("*.*") if path.is_file())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_process_has_a_login_of_its_own(tmp_path: Path, layout: Any) -> None:
    settings = Settings(data_dir=tmp_path, layout=layout, amqp_url="amqp://grenier:p%2Fw@127.0.0.1:8403/%2F")
    listed = processes(settings, Own(broker=False, event_node=True, mailbox=True))
    assert all(process.env.get("AMQP_URL") != settings.amqp_url for process in listed)
    given = processes(settings, Own(broker=True, event_node=True, mailbox=True))
    logins = {process.name: process.env["AMQP_URL"] for process in given if process.name not in ("epmd", "broker")}
    alone = [url for url in logins.values() if not url.startswith("amqp://nobody@")]
    # gateway, relay, mailer, the views of notify; and, where there is room, a second gateway and who stands in for the doors
    others = 4 if layout == "compact" else 6
    assert len(alone) == len(set(alone)) == len(LAYOUTS[layout][0]) + others
    users = {user["name"] for user in json.loads(broker_users.definitions(logins, "p/w"))["users"]}
    assert users == {name for name, url in logins.items() if "nobody" not in url} | {"grenier", "feed"}
