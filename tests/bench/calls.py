"""Counting calls: how often a piece of work enters certain functions, told by the interpreter and not by the functions."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def calls_of(work: Callable[[], object], *, file_part: str = "", builtin: str = "") -> int:
    """Calls of Python functions whose file's path contains `file_part`, or of builtins of that qualified name ("AESGCM.decrypt")."""
    count = 0

    def look(frame: FrameType, what: str, arg: Any) -> None:
        nonlocal count
        if what == "call":
            count += bool(file_part) and file_part in frame.f_code.co_filename
        elif what == "c_call":
            count += bool(builtin) and getattr(arg, "__qualname__", "") == builtin

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
