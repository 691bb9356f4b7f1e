"""Serve test services as `grenier serve` would: run_host.py nameko|threads|stand-in NAME..."""

from __future__ import annotations

import importlib
import os
import sys

kind, *names = sys.argv[1:]
if kind == "nameko":
    os.environ["EVENTLET_HUB"] = "asyncio"

from grenier import health, logging  # noqa: E402
from grenier.config import Settings  # noqa: E402

settings = Settings.from_env()
settings.views_dir.mkdir(parents=True, exist_ok=True)
logging.configure("host", "info", "text", sys.stderr)
if settings.metrics_port:
    health.serve(settings.metrics_port)
if kind == "stand-in":
    sys.exit(importlib.import_module("grenier.rpc_threads").stand_in(names, settings))
sys.exit(importlib.import_module(f"grenier.rpc_{kind}").serve(names, settings))
