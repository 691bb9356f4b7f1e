"""Is there room on the disk? The node stops taking writes a little before there is none, and takes them again by itself.

A disk that is really full stops everything else too (views, broker, logs); refusing new events first keeps reading
possible, and leaves room to tidy up. Asking costs a microsecond and is done a few times a second.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

RESERVE_BYTES = 64_000_000
LOOK_EVERY_S = 0.25


class Room:
    """`left()` is False while less than `reserve` bytes are free on the disk of this folder."""

    def __init__(self, folder: Path, reserve: int = RESERVE_BYTES) -> None:
        """Nothing is asked yet."""
        self._folder = folder
        self._reserve = reserve
        self._looked_at = float("-inf")
        self._left = True

    def left(self) -> bool:
        """Whether writes may be taken."""
        now = time.monotonic()
        if now - self._looked_at > LOOK_EVERY_S:
            self._looked_at = now
            found = os.statvfs(self._folder)
            self._left = found.f_bavail * found.f_frsize >= self._reserve
        return self._left
