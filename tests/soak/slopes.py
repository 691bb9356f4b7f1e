"""Does a row of samples grow? A straight line through its second part, with the error of its slope.

The first quarter is warming up (caches, pools, the allocator) and is left out. A slope counts as growth when it is above
the limit by more than its own uncertainty, so that a short run, whose slopes are mostly noise, is not called a leak; and it
counts as shown only when the uncertainty is below the limit, so that a short run is not called a proof either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WARMING_SHARE = 0.25
SIGMAS = 3.0


@dataclass(frozen=True, slots=True)
class Slope:
    """`per_hour` and `error` (three standard errors) as shares of the mean; `level` is the mean itself."""

    level: float
    per_hour: float
    error: float

    def grows(self, limit: float) -> bool:
        """Certainly more than `limit` (a share per hour)."""
        return self.per_hour - self.error > limit

    def shown(self, limit: float) -> bool:
        """Precise enough to say that it does not."""
        return self.per_hour + self.error <= limit


def slope(samples: Sequence[tuple[float, float]], floor: float = 1.0) -> Slope | None:
    """`samples`: (seconds, value). Values below `floor` are measured against it, so that a queue of one is no growth."""
    if not samples:
        return None
    began, ended = samples[0][0], samples[-1][0]
    kept = [(at, value) for at, value in samples if at >= began + WARMING_SHARE * (ended - began)]
    if len(kept) < 4:
        return None
    count = len(kept)
    mean_at, mean = sum(at for at, _ in kept) / count, sum(value for _, value in kept) / count
    spread = sum((at - mean_at) ** 2 for at, _ in kept)
    rise = sum((at - mean_at) * (value - mean) for at, value in kept) / spread
    rest = sum((value - mean - rise * (at - mean_at)) ** 2 for at, value in kept) / (count - 2)
    error = (rest / spread) ** 0.5
    level = max(mean, floor)
    return Slope(mean, rise * 3600 / level, SIGMAS * error * 3600 / level)
