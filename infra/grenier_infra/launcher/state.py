"""The file by which `status` and `stop` find a running launcher, and the lock that keeps a second one away.

`<data>/run/state.json`: {"pid", "created", "url", "port_base", "processes": {name: {"pid", "ready", "restarts", "role", "port"}}}
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import IO, Any

import psutil


class AlreadyRunning(Exception):
    """Another launcher holds this data folder."""


def take_lock(data_dir: Path) -> IO[str]:
    """Held until the returned file is closed or the launcher ends, however it ends."""
    folder = data_dir / "run"
    folder.mkdir(parents=True, exist_ok=True)
    lock = open(folder / "lock", "w")  # noqa: SIM115 - held for the life of the launcher
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise AlreadyRunning() from error
    return lock


def write(data_dir: Path, state: dict[str, Any]) -> None:
    mine = {"pid": os.getpid(), "created": psutil.Process().create_time(), **state}
    path = data_dir / "run" / "state.json"
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(mine))
    draft.replace(path)


def read(data_dir: Path) -> dict[str, Any] | None:
    """The state of the running launcher; None when there is none (a file left behind by a killed one does not count)."""
    try:
        state: dict[str, Any] = json.loads((data_dir / "run" / "state.json").read_text())
        alive = psutil.Process(state["pid"]).create_time() == state["created"]
    except (FileNotFoundError, json.JSONDecodeError, psutil.NoSuchProcess):
        return None
    return state if alive else None


def forget(data_dir: Path) -> None:
    (data_dir / "run" / "state.json").unlink(missing_ok=True)
