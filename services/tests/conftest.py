"""Servers and processes that several test modules share."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from grenier.access import access_view
from grenier.config import Settings
from grenier.errors import GrenierError
from grenier.projector import Projector
from grenier.readmodel import Database
from grenier.rpc_client import RpcClient
from grenier.testing_broker import AVAILABLE, PrivateBroker, running_broker

SERVICES = Path(__file__).parent / "host_services"


class Host:
    """A host process with test services, as the supervisor would run it."""

    def __init__(self, kind: str, broker: PrivateBroker, folder: Path, esdb_uri: str = "", *names: str) -> None:
        self.kind = kind
        self.names = names or ("pantry", "cellar")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.metrics_port = free.getsockname()[1]
        self._log_path = folder / f"{kind}-{uuid4()}.log"
        data = folder / f"data-{uuid4()}"
        self._with_a_past(data)
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(SERVICES), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]),
            "GRENIER_DATA": str(data),
            "AMQP_URL": broker.url,
            "ESDB_URI": esdb_uri or "esdb://127.0.0.1:9?Tls=false",
            "GRENIER_METRICS_PORT": str(self.metrics_port),
        }
        self.start()

    def _with_a_past(self, data: Path) -> None:
        """Views that were filled once: others would wait for the log, which these hosts do not need."""
        settings = Settings(data_dir=data)
        for name in self.names:
            database = Database(settings.view_database(name), name)
            Projector(database, (access_view,)).apply((), 0)
            database.close()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, SERVICES / "run_host.py", self.kind, *self.names],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=self._log_path.open("ab"),
        )
        self.wait_until(lambda: self.health()["checks"]["broker"]["ok"])

    def health(self) -> Any:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/health/ready", timeout=3) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def wait_until(self, condition: Any, limit_s: float = 40.0) -> None:
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            assert self.process.poll() is None, self.log
            try:
                if condition():
                    return
            except (OSError, KeyError, GrenierError):
                pass
            time.sleep(0.1)
        raise AssertionError(f"not within {limit_s} s; {self.log}")

    @property
    def log(self) -> str:
        return self._log_path.read_text()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(20)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateBroker]:
    """A RabbitMQ of our own; tests may restart it, and leave it running."""
    if not AVAILABLE:
        pytest.skip("RabbitMQ is not installed")
    with running_broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


class StartHost:
    """start_host(kind, esdb_uri="") -> Host; what is still running at the end of the module is stopped."""

    def __init__(self, broker: PrivateBroker, folder: Path) -> None:
        self._broker = broker
        self._folder = folder
        self._hosts: list[Host] = []

    def __call__(self, kind: str, esdb_uri: str = "") -> Host:
        host = Host(kind, self._broker, self._folder, esdb_uri)
        self._hosts.append(host)
        return host

    def stop_all(self) -> None:
        while self._hosts:
            self._hosts.pop().stop()


@pytest.fixture(scope="module")
def start_host(broker: PrivateBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartHost]:
    start_host = StartHost(broker, tmp_path_factory.mktemp("hosts"))
    yield start_host
    start_host.stop_all()


@pytest.fixture
def client(broker: PrivateBroker) -> Iterator[RpcClient]:
    client = RpcClient(broker.url, timeout=10.0)
    yield client
    client.close()
