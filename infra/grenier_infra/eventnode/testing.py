"""A node for tests: its own process, a free port, and faults on demand: ``with running_node(faults=True) as node``."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0


def _same(data: bytes) -> bytes:
    return data


class NodeFaults:
    """Orders a node to misbehave; see faults.py for what each kind does."""

    def __init__(self, node: RunningNode) -> None:
        """Talk to this node, which must run with faults."""
        self._node = node

    def not_leader(self, calls: int = 1) -> None:
        """Refuse the next calls that require the leader."""
        self._order("not-leader", calls=calls)

    def unavailable(self, calls: int = 1) -> None:
        """Refuse the next calls."""
        self._order("unavailable", calls=calls)

    def answer_lost(self, calls: int = 1) -> None:
        """Do the next writes but answer UNAVAILABLE."""
        self._order("answer-lost", calls=calls)

    def slow_disk(self, delay_s: float, calls: int = 1) -> None:
        """Wait before each of the next commits."""
        self._order("slow-disk", calls=calls, delay_s=delay_s)

    def forget_ids(self) -> None:
        """Forget which ids were committed recently, as a restart does."""
        self._order("forget-ids")

    def drop_subscriptions(self) -> int:
        """End every live subscription with UNAVAILABLE; give how many there were."""
        dropped: int = self._order("drop-subscriptions")["dropped"]
        return dropped

    def left(self) -> dict[str, int]:
        """Faults still armed, by kind."""
        left: dict[str, int] = self._order("slow-disk", calls=0)["left"]
        return left

    def clear(self) -> None:
        """Behave well again."""
        for kind in self.left():
            self._order(kind, calls=0)

    def _order(self, do: str, **facts: object) -> dict[str, Any]:
        import grpc

        with grpc.insecure_channel(f"127.0.0.1:{self._node.port}") as channel:
            inject = channel.unary_unary("/grenier.eventnode.Faults/Inject", _same, _same)
            answer: dict[str, Any] = json.loads(inject(json.dumps({"do": do, **facts}).encode(), timeout=10))
        return answer


class RunningNode:
    """A node process. It keeps its port over `restart`."""

    def __init__(self, path: Path, *, faults: bool, metrics: bool, reserve: int | None = None) -> None:
        """Start it on ``path``; ``reserve``: bytes of disk it leaves free."""
        self.path = path
        self.faults = NodeFaults(self)
        self.port = 0
        self.metrics_port: int | None = None
        self.log_path = path.with_name(path.name + ".log")
        self._extra = ["--faults"] * faults + ([] if reserve is None else ["--reserve", str(reserve)])
        self._metrics = metrics
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def uri(self) -> str:
        """Connection string for esdbclient."""
        return f"esdb://127.0.0.1:{self.port}?Tls=false"

    @property
    def pid(self) -> int:
        """Process id of the running node."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the process and wait until it answers. Errors: RuntimeError with the end of its log."""
        reading, writing = os.pipe()
        command = [sys.executable, "-m", "grenier_infra.eventnode", "serve", "--file", str(self.path)]
        command += ["--port", str(self.port), "--ready-fd", str(writing), *self._extra]
        if self._metrics:
            command += ["--metrics-port", str(self.metrics_port or 0)]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, pass_fds=[writing])
        os.close(writing)
        with os.fdopen(reading, "rb") as ready:
            poll = select.poll()  # `select` stops at descriptor 1024
            poll.register(ready, select.POLLIN)
            poll.poll(START_TIMEOUT_S * 1000)
            line = ready.readline()
        if not line:
            self.kill()
            raise RuntimeError(f"the event node did not start: {self.log_path.read_text()[-2_000:]}")
        facts = json.loads(line)
        self.port, self.metrics_port = facts["port"], facts["metrics_port"]

    def kill(self) -> None:
        """SIGKILL, as a power switch does to the process."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and wait until it has stopped."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Stop if running, then start again on the same file and port."""
        self.stop()
        self.start()

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


@contextmanager
def running_node(
    path: Path | str | None = None, *, faults: bool = False, metrics: bool = False, reserve: int | None = None
) -> Iterator[RunningNode]:
    """Run a node for the length of a with statement; without ``path`` its file is temporary."""
    with tempfile.TemporaryDirectory(prefix="eventnode-") as folder:
        node = RunningNode(
            Path(path) if path else Path(folder) / "events.db", faults=faults, metrics=metrics, reserve=reserve
        )
        try:
            yield node
        finally:
            node.stop()
