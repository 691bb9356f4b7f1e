"""A private installation for tests: own folder, own free ports, stopped and cleared away whatever happens.

with installation(tmp_path, demo=False) as grenier:
    httpx.get(grenier.url + "/health/ready")
    grenier.kill("work-orders")
    grenier.wait_ready()
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grenier.config import PORTS_PER_INSTALLATION
from grenier_infra.launcher import probes, state
from grenier_infra.launcher.supervisor import kill_group
from grenier_infra.launcher.table import named

START_PATIENCE_S = 240.0
STOP_PATIENCE_S = 90.0
KILL_PATIENCE_S = 60.0


class Installation:
    """A running installation. `env` is the environment a client program or another process of it needs."""

    def __init__(self, data: Path, port_base: int, env: dict[str, str], launcher: subprocess.Popen[bytes]) -> None:
        self.data = data
        self.port_base = port_base
        self.env = env
        self.url = f"http://127.0.0.1:{port_base}"
        self.launcher = launcher
        self._killed: dict[str, int] = {}

    def pids(self) -> dict[str, int]:
        """Process name → pid, of those running now."""
        found = self._state()
        known = found["processes"] if found else {}
        return {name: process["pid"] for name, process in known.items() if process["pid"]}

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to a process by name (`work-ledger` also when it shares a process); returns the pid it had. `ready` then means: another one is there."""
        until = time.monotonic() + KILL_PATIENCE_S
        while True:
            pids = self.pids()
            try:
                name = named(name, pids)
                pid = pids[name]
                os.kill(pid, number)
                break
            except (KeyError, ProcessLookupError):  # just dying or just coming back: the next one is meant
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self._killed[name] = pid
        return pid

    def ready(self) -> bool:
        """All processes are there and ready, and the demonstration (if asked for) is loaded."""
        found = self._state()
        if not found or not found["ready"]:
            return False
        back = all(found["processes"][name]["pid"] not in (None, pid) for name, pid in self._killed.items())
        return back and all(process["ready"] for process in found["processes"].values())

    def wait_ready(self, patience_s: float = START_PATIENCE_S) -> None:
        until = time.monotonic() + patience_s
        while not self.ready():
            if self.launcher.poll() is not None:
                raise RuntimeError(f"the launcher ended with {self.launcher.returncode}:\n{self.said()}")
            if time.monotonic() > until:
                raise TimeoutError(f"not ready after {patience_s} s:\n{self.said()}")
            time.sleep(0.1)

    def said(self) -> str:
        """What the launcher printed so far, and the end of each log: for the message of a failing test."""
        parts = [(self.data / "launcher.out").read_text(errors="replace")[-4000:]]
        for path in sorted((self.data / "logs").glob("*.log")):
            parts.append(f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-8:]))
        return "\n".join(parts)

    def _state(self) -> dict[str, Any] | None:
        """What this launcher wrote; not what another one of the same folder did."""
        found = state.read(self.data)
        return found if found and found["pid"] == self.launcher.pid else None

    def stop(self) -> int:
        """Orderly stop; returns the launcher's exit code."""
        if self.launcher.poll() is None:
            self.launcher.send_signal(signal.SIGTERM)
        try:
            return self.launcher.wait(timeout=STOP_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.abandon()
            return -1

    def abandon(self) -> None:
        """Kill everything at once."""
        pids = self.pids()
        kill_group(self.launcher.pid)
        self.launcher.wait()
        for pid in pids.values():
            kill_group(pid)


@contextmanager
def installation(
    folder: Path | str, *, demo: bool = False, only: Sequence[str] = (), python: str = sys.executable, **env: str
) -> Iterator[Installation]:
    """Start in `folder` (kept, so that a second start finds its data), wait until ready, yield, stop.

    `only`: names of processes, for tests that need a few. `python`: the interpreter of all of them. `env`: further variables (AMQP_URL="…", GRENIER_LAYOUT="compact").
    """
    running = start(folder, demo=demo, only=only, python=python, **env)
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


def start(
    folder: Path | str, *, demo: bool = False, only: Sequence[str] = (), python: str = sys.executable, **env: str
) -> Installation:
    """Start without waiting; the caller stops it."""
    data = Path(folder).absolute()
    data.mkdir(parents=True, exist_ok=True)
    port_base = int(env.get("GRENIER_PORT", "0")) or free_port_base()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRENIER_")}
    for name in ("AMQP_URL", "ESDB_URI", "DATABASE_URL", "SMTP_URL"):
        kept.pop(name, None)
    own = {"GRENIER_DATA": str(data), "GRENIER_PORT": str(port_base), "GRENIER_DEMO": "1" if demo else "0"}
    environment = kept | own | env
    setpriv = shutil.which("setpriv")
    leash = [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
    words = ["up", "--plain", *([f"--only={','.join(only)}"] if only else [])]
    with open(data / "launcher.out", "wb") as out:
        launcher = subprocess.Popen(
            [*leash, python, "-m", "grenier_infra.launcher", *words],
            env=environment,
            cwd=data,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    return Installation(data, port_base, environment, launcher)


def free_port_base() -> int:
    """The first of a run of free ports, below the range from which the system hands out ports by itself."""
    for _ in range(200):
        base = random.randrange(12000, 32000, PORTS_PER_INSTALLATION)
        if all(probes.port_is_free(base + offset) for offset in (*range(7), *range(20, 45))):
            return base
    raise RuntimeError("no free ports")
