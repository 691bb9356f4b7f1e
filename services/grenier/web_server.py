"""gunicorn as a library: one worker with many plain threads, our logs. It serves the screens that listen to events.

Pages and API have a faster server (`page_server`), in which a request that lasts for hours would hold a place.
"""

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


def run(process: str, factory: str, host: str, port: int, threads: int) -> None:
    """Serve until SIGTERM; requests may last for ever."""
    Server(
        factory,
        {
            "bind": [f"{host}:{port}"],
            "workers": 1,
            "worker_class": "gthread",
            "threads": threads,
            "timeout": 0,
            "graceful_timeout": GRACE_S,
            "keepalive": 15,
            "proc_name": f"grenier-{process}",
            "logger_class": PlainLogger,
            "control_socket_disable": True,
            "worker_tmp_dir": HEARTBEATS if Path(HEARTBEATS).is_dir() else None,
        },
    ).run()
