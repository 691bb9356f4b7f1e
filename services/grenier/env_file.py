"""The settings that a person keeps in `.env`, for the commands that people type. Processes get theirs from whoever starts them."""

from __future__ import annotations

import os
from pathlib import Path


def read_env_file(path: Path) -> None:
    """NAME=value lines of `.env`; what the environment already has wins."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, found, value = line.strip().partition("=")
        if found and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("\"'"))
