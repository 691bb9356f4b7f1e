"""The launcher in a terminal: it shows where to click, and Ctrl-C ends everything, also when pressed twice."""

from __future__ import annotations

import os
import pty
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from grenier_infra.launcher import state
from grenier_infra.launcher.testing import free_port_base, installation

pytestmark = pytest.mark.slow

CTRL_C = b"\x03"


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self.pid, self._screen = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, env)  # the child: nothing else may run here
        self.seen = ""

    def until(self, text: str, patience_s: float = 60.0) -> None:
        end = time.monotonic() + patience_s
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            if select.select([self._screen], [], [], 0.2)[0]:
                self.seen += os.read(self._screen, 4096).decode(errors="replace")

    def type(self, keys: bytes) -> None:
        os.write(self._screen, keys)

    def exit_code(self, patience_s: float = 30.0) -> int:
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if select.select([self._screen], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self._screen, 4096).decode(errors="replace")
                except OSError:
                    time.sleep(0.05)  # the other side is closed
        raise TimeoutError(self.seen)


@pytest.mark.parametrize("keys", [CTRL_C, CTRL_C + CTRL_C + CTRL_C])
def test_ctrl_c_stops_everything_cleanly(tmp_path: Path, keys: bytes) -> None:
    env = os.environ | {
        "GRENIER_DATA": str(tmp_path),
        "GRENIER_PORT": str(free_port_base()),
        "GRENIER_DEMO": "0",
        "TERM": "xterm",
    }
    terminal = Terminal([sys.executable, "-m", "grenier_infra.launcher", "up", "--only=mailbox,eventnode"], env)
    terminal.until("Grenier est prêt")
    found = state.read(tmp_path)
    assert found is not None
    family = [psutil.Process(process["pid"]) for process in found["processes"].values()]
    terminal.type(keys)
    assert terminal.exit_code() == 0
    assert "Tout est arrêté" in terminal.seen
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert state.read(tmp_path) is None


def test_a_taken_port_is_named_and_nothing_starts(tmp_path: Path) -> None:
    base = free_port_base()
    with socket.create_server(("127.0.0.1", base + 4)):
        env = os.environ | {"GRENIER_DATA": str(tmp_path), "GRENIER_PORT": str(base), "TERM": "xterm"}
        terminal = Terminal([sys.executable, "-m", "grenier_infra.launcher", "up", "--only=mailbox"], env)
        assert terminal.exit_code() == 1
    assert str(base + 4) in terminal.seen
    assert "GRENIER_PORT" in terminal.seen
    assert not list((tmp_path / "logs").glob("*.log"))


def test_status_tells_and_stop_ends_a_running_installation(tmp_path: Path) -> None:
    def grenier(word: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "grenier.run", word]
        done = subprocess.run(
            command, env=running.env | {"COLUMNS": "160"}, capture_output=True, text=True, check=False, timeout=60
        )
        return done.returncode, done.stdout

    with installation(tmp_path, only=("mailbox",)) as running:
        code, shown = grenier("status")
        assert (code, "mailbox" in shown, "prêt" in shown) == (0, True, True)
        assert grenier("stop")[0] == 0
        assert running.launcher.wait(timeout=10) == 0
        assert grenier("status")[0] == 3
        assert grenier("stop")[0] == 0
