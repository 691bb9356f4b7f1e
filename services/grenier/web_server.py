"""gunicorn as a library: one worker, plain threads, our logs. Used by the gateway and by the event stream process."""

from __future__ import annotations

import importlib
import logging
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

GRACE_S = 5
HEARTBEATS = "/dev/shm"  # noqa: S108 - one empty file per worker, in memory where there is such a place


class PlainLogger(Logger):
    """Leaves the format to the root logger; access lines are metrics here, not log lines (they would carry addresses)."""

    def setup(self, cfg: Any) -> None:
        self.error_log.handlers[:] = []
        self.error_log.propagate = True
        self.error_log.setLevel(max(logging.INFO, logging.getLogger().level))
        self.access_log.disabled = True


class Server(BaseApplication):
    def __init__(self, factory: str, options: dict[str, Any]) -> None:
        self.factory = factory
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Called in the worker after the fork: the parent stays small and holds no connection."""
        module, _, name = self.factory.partition(":")
        return getattr(importlib.import_module(module), name)()


def run(process: str, factory: str, bind: str, threads: int, timeout_s: int) -> None:
    """Serve until SIGTERM. `timeout_s` 0: requests may last for ever (event streams)."""
    Server(
        factory,
        {
            "bind": [bind],
            "workers": 1,
            "worker_class": "grenier.web_worker.Worker",
            "threads": threads,
            "timeout": timeout_s,
            "graceful_timeout": GRACE_S,
            "keepalive": 15,
            "proc_name": f"grenier-{process}",
            "logger_class": PlainLogger,
            "control_socket_disable": True,
            "worker_tmp_dir": HEARTBEATS if Path(HEARTBEATS).is_dir() else None,
        },
    ).run()
