"""A private installation with a real RabbitMQ node and event node: starts, survives kills, stops without a trace."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pika
import psutil
import pytest

from grenier.config import Settings
from grenier_infra.launcher import broker, probes
from grenier_infra.launcher.testing import Installation, installation

pytestmark = [pytest.mark.slow, pytest.mark.skipif(broker.program() is None, reason="RabbitMQ is not installed")]

SERVERS = ("epmd", "broker", "eventnode", "mailbox")


def connect(running: Installation) -> pika.BlockingConnection:
    settings = Settings.from_env({name: value for name, value in running.env.items() if name.startswith("GRENIER_")})
    return pika.BlockingConnection(pika.URLParameters(settings.amqp_url))


def test_messages_survive_a_kill_and_a_second_start(tmp_path: Path) -> None:
    with installation(tmp_path, only=SERVERS) as running:
        connection = connect(running)
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare("kept", durable=True)
        channel.basic_publish("", "kept", b"hello", pika.BasicProperties(delivery_mode=2))
        connection.close()
        pid = running.kill("broker")
        running.wait_ready()
        assert running.pids()["broker"] != pid
        assert running.pids().keys() == set(SERVERS)
        family = [psutil.Process(pid) for pid in running.pids().values()]
        for process in list(family):
            family += process.children(recursive=True)
        assert running.stop() == 0
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert all(probes.port_is_free(running.port_base + offset) for offset in range(7))
    taken = socket.create_server(("127.0.0.1", running.port_base))
    with taken, installation(tmp_path, only=SERVERS) as again:  # on other ports, with the same data
        assert again.port_base != running.port_base
        connection = connect(again)
        _, _, body = connection.channel().basic_get("kept", auto_ack=True)
        connection.close()
        assert body == b"hello"


def test_strangers_do_not_get_in(tmp_path: Path) -> None:
    with installation(tmp_path, only=("epmd", "broker")) as running:
        guest = pika.ConnectionParameters("127.0.0.1", running.port_base + 3)
        with pytest.raises(pika.exceptions.AMQPConnectionError):
            pika.BlockingConnection(guest)


def test_two_installations_live_side_by_side(tmp_path: Path) -> None:
    with (
        installation(tmp_path / "a", only=("epmd", "broker")) as one,
        installation(tmp_path / "b", only=("epmd", "broker")) as two,
    ):
        connect(one).close()
        connect(two).close()
        assert two.stop() == 0
        time.sleep(0.3)
        connect(one).close()


def test_when_the_launcher_is_killed_its_processes_end(tmp_path: Path) -> None:
    with installation(tmp_path, only=("mailbox", "eventnode")) as running:
        family = [psutil.Process(pid) for pid in running.pids().values()]
        running.launcher.kill()
        gone, alive = psutil.wait_procs(family, timeout=15)
        assert not alive
        assert len(gone) == 2


def test_a_second_launcher_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with installation(tmp_path, only=("mailbox",)) as running:
        with pytest.raises(RuntimeError, match="ended with 2"), installation(tmp_path, only=("mailbox",)):
            pass
        assert running.launcher.poll() is None
