"""The app clock: one source of "now" for deadlines, windows and reminders.

In a demo installation the clock may run ahead of or behind the machine by an offset that lies in a file of the
data folder, so that a whole month can be played. Sessions and rate limits keep to the machine's time.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, UTC."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """For tests: stands still until told to move."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now

    def advance(self, **delta: float) -> None:
        self._now += timedelta(**delta)


class OffsetClock:
    """The machine's clock plus an offset in seconds read from a file, looked at no more than four times a second."""

    LOOK_EVERY_S = 0.25

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._offset_s = 0.0
        self._looked = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._offset())

    def set(self, now: datetime) -> None:
        """Make `now` the present, for every process that shares the file."""
        self._write((now - datetime.now(UTC)).total_seconds())

    def _write(self, offset_s: float) -> None:
        draft = self._path.with_suffix(f".{os.getpid()}")
        draft.write_text(repr(offset_s))
        draft.replace(self._path)
        self._looked = 0.0

    def _offset(self) -> float:
        tick = time.monotonic()
        if tick - self._looked > self.LOOK_EVERY_S or not self._looked:
            self._looked = tick
            try:
                self._offset_s = float(self._path.read_text())
            except (FileNotFoundError, ValueError):
                self._offset_s = 0.0
        return self._offset_s


def make_clock(demo: bool, path: str | Path) -> Clock:
    return OffsetClock(path) if demo else SystemClock()


def iso(instant: datetime) -> str:
    """An instant as events carry it: UTC, microseconds, Z."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def local_instant(day: date, hour: int, minute: int, zone: str) -> datetime:
    """The UTC instant of a wall-clock time on a civil date in a group's time zone."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)
