"""The supervisor, with small processes of its own: starting in order, restarting, stopping to the last grandchild."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from grenier_infra.launcher import logs
from grenier_infra.launcher.supervisor import Child, Supervisor
from grenier_infra.launcher.table import Probe, Process

SLEEPER = "import time; time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ignoring', flush=True); time.sleep(600)"
)
WITH_CHILD = "import subprocess, sys, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)"


def listener(port: int, delay_s: float = 0.0) -> str:
    return f"import socket, time; time.sleep({delay_s}); s = socket.create_server(('127.0.0.1', {port}));\nwhile True: s.accept()[0].close()"


def process(name: str, code: str, probe: Probe | None = None, layer: int = 0, after: tuple[str, ...] = ()) -> Process:
    return Process(
        name, name, (sys.executable, "-c", code), probe or Probe("alive"), layer, after, env=dict(os.environ)
    )


@pytest.fixture
def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Running:
    """A supervisor in a thread, with what it told."""

    def __init__(self, table: list[Process], folder: Path) -> None:
        self.told: list[tuple[str, str, int]] = []
        self.supervisor = Supervisor(table, folder, self._listen)
        self._ended = threading.Event()
        self.thread = threading.Thread(target=self.supervisor.run, args=(lambda: None, self._ended.is_set))
        self.thread.start()

    def _listen(self, kind: str, child: Child, code: int) -> None:
        self.told.append((kind, child.process.name, code))

    def until(self, condition: Callable[[], bool], patience_s: float = 15.0) -> None:
        end = time.monotonic() + patience_s
        while not condition():
            assert time.monotonic() < end, self.told
            time.sleep(0.02)

    def pid(self, name: str) -> int | None:
        return self.supervisor.children[name].pid

    def end(self) -> None:
        self._ended.set()
        self.thread.join()
        self.supervisor.stop()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*table: Process) -> Running:
        started.append(Running(list(table), tmp_path))
        return started[-1]

    yield start
    for one in started:
        one.end()


def test_a_process_starts_only_after_those_it_needs_are_ready(run: Callable[..., Running], free_port: int) -> None:
    running = run(
        process("second", SLEEPER, after=("first",)),
        process("first", listener(free_port, delay_s=0.5), Probe("tcp", free_port)),
    )
    running.until(running.supervisor.all_ready)
    order = [(kind, name) for kind, name, _ in running.told]
    assert order.index(("ready", "first")) < order.index(("started", "second"))


def test_a_killed_process_comes_back(run: Callable[..., Running]) -> None:
    running = run(process("sleeper", SLEEPER))
    running.until(running.supervisor.all_ready)
    first = running.pid("sleeper")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    running.until(lambda: running.pid("sleeper") not in (None, first))
    assert ("died", "sleeper", -signal.SIGKILL) in running.told
    assert running.supervisor.children["sleeper"].restarts == 1


def test_a_process_that_serves_comes_back_at_once_however_often_it_is_killed(
    run: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grenier_infra.launcher.supervisor.STEADY_AFTER_S", 0.2)
    running = run(process("sleeper", SLEEPER))
    child = running.supervisor.children["sleeper"]
    for number in range(1, 5):
        running.until(running.supervisor.all_ready)
        time.sleep(0.3)
        os.kill(child.pid or 0, signal.SIGKILL)
        running.until(lambda number=number: child.restarts == number and child.pid is not None)  # type: ignore[misc]
    assert (child.failures, child.restarts) == (0, 4)


def test_a_process_that_keeps_failing_is_retried_ever_more_slowly(run: Callable[..., Running]) -> None:
    running = run(process("failing", "raise SystemExit(3)"))
    time.sleep(2.5)
    deaths = [told for told in running.told if told == ("died", "failing", 3)]
    assert 2 <= len(deaths) <= 4  # after 0, 0.1, 0.6, 1.6 seconds, and the time each takes


def test_what_a_killed_process_had_started_is_gone_before_it_comes_back(
    run: Callable[..., Running], tmp_path: Path
) -> None:
    running = run(process("parent", WITH_CHILD))
    running.until(lambda: bool(logs.tail(tmp_path, "parent", 1)))
    grandchild = psutil.Process(int(logs.tail(tmp_path, "parent", 1)[0]))
    pid = running.pid("parent")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    running.until(lambda: running.pid("parent") not in (None, pid))
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


def test_outer_layers_stop_first_and_nothing_survives(run: Callable[..., Running]) -> None:
    running = run(process("server", SLEEPER, layer=0), process("edge", SLEEPER, layer=2))
    running.until(running.supervisor.all_ready)
    family = [psutil.Process(pid) for name in ("server", "edge") if (pid := running.pid(name))]
    running.end()
    assert not any(one.is_running() for one in family)
    assert running.supervisor.children["server"].pid is None


def test_a_process_that_ignores_the_request_to_end_is_killed(
    run: Callable[..., Running], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grenier_infra.launcher.supervisor.STOP_PATIENCE_S", 0.5)
    running = run(process("stubborn", STUBBORN))
    running.until(lambda: logs.tail(tmp_path, "stubborn", 1) == ["ignoring"])
    pid = running.pid("stubborn")
    assert pid is not None
    running.end()
    assert not psutil.pid_exists(pid)


def test_a_log_that_grows_is_turned_over_and_writing_goes_on(tmp_path: Path) -> None:
    with logs.open_log(tmp_path, "chatty") as log:
        log.write(b"old\n" * 1000)
        log.flush()
        logs.rotate(tmp_path, "chatty", max_bytes=100)
        log.write(b"new\n")
    assert (tmp_path / "chatty.log").read_bytes() == b"new\n"
    assert (tmp_path / "chatty.log.1").stat().st_size == 4000
    assert logs.tail(tmp_path, "chatty", 5) == ["new"]
