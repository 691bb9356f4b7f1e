"""One log file per process, `<data>/logs/<name>.log`, turned over when it grows: `.log.1` is the one before."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 5_000_000
TAIL_BYTES = 8_000


def open_log(folder: Path, name: str) -> BinaryIO:
    """Opened to append, so that a process keeps writing at the end after the file was turned over."""
    return open(folder / f"{name}.log", "ab", opener=lambda path, flags: os.open(path, flags, 0o600))


def rotate(folder: Path, name: str, max_bytes: int = MAX_BYTES) -> None:
    path = folder / f"{name}.log"
    if path.exists() and path.stat().st_size > max_bytes:
        shutil.copyfile(path, folder / f"{name}.log.1")
        os.chmod(folder / f"{name}.log.1", 0o600)
        os.truncate(path, 0)


def tail(folder: Path, name: str, lines: int) -> list[str]:
    """The last lines, for the screen."""
    try:
        with open(folder / f"{name}.log", "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []
