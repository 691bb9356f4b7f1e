"""A private RabbitMQ node for tests: own name, ports, cookie and folder; nothing of the machine's broker is touched.

    with running_broker(tmp_path) as broker:
        broker.url, broker.restart(), broker.stop(), broker.start(), broker.close_connections()

Needs Debian's rabbitmq-server; `AVAILABLE` says whether it is there.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Not the wrapper in /usr/sbin, which insists on changing to the user "rabbitmq" when it is run by root.
PROGRAMS = Path("/usr/lib/rabbitmq/bin")
AVAILABLE = (PROGRAMS / "rabbitmq-server").exists()
START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 20.0

CONFIG = """\
listeners.tcp.1 = 127.0.0.1:{port}
vm_memory_high_watermark.absolute = 400MB
disk_free_limit.absolute = 50MB
log.console = false
log.file.level = warning
"""


class PrivateBroker:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self._epmd_port, self._dist_port = _free_ports(3)
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/%2F"
        self._epmd: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rabbitmq.conf").write_text(CONFIG.format(port=self.port))
        (folder / "enabled_plugins").write_text("[].\n")

    def start(self) -> None:
        if self._epmd is None:
            # RabbitMQ would leave its own epmd behind as a daemon.
            self._epmd = subprocess.Popen(
                ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"], env=self._environment()
            )
            _wait_for_port(self._epmd_port, START_TIMEOUT_S)
        self._server = subprocess.Popen(
            [PROGRAMS / "rabbitmq-server"],
            env=self._environment(),
            stdout=(self.folder / "stdout").open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _wait_for_port(self.port, START_TIMEOUT_S, self._server)

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.terminate()
        try:
            server.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        self.stop()
        if self._epmd is not None:
            self._epmd.terminate()
            self._epmd.wait(5)
            self._epmd = None

    def close_connections(self) -> None:
        """Throw every client out, as an operator or a failing network would."""
        self._control("close_all_connections", "test")

    def queue_depths(self) -> dict[str, int]:
        lines = self._control("-q", "list_queues", "name", "messages", "--no-table-headers").splitlines()
        return {name: int(count) for name, count in (line.split("\t") for line in lines if "\t" in line)}

    def limit_disk(self, least: str) -> None:
        """What has to stay free, e.g. "90000GB": the alarm goes off, and nothing that is published is read any more."""
        self._control("set_disk_free_limit", least)

    def _control(self, *words: str) -> str:
        done = subprocess.run(
            [PROGRAMS / "rabbitmqctl", *words],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=180,
            check=True,
        )
        return done.stdout

    def _environment(self) -> dict[str, str]:
        folder = str(self.folder)
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": folder,
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"test-{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/data",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "+sbwt none +sbwtdcpu none +sbwtdio none +S 1:1 +SDio 1 +A 4 +P 65536 +Q 8192 "
                "-kernel inet_dist_use_interface {127,0,0,1}"
            ),
        }


@contextmanager
def running_broker(folder: Path) -> Iterator[PrivateBroker]:
    broker = PrivateBroker(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.close()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _wait_for_port(port: int, timeout_s: float, process: subprocess.Popen[bytes] | None = None) -> None:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the broker ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing listens on {port}")
