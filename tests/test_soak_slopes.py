"""What counts as growth: certain and above the limit; what counts as shown: precise enough (T30)."""

from __future__ import annotations

import random

import pytest

from tests.soak.slopes import slope

LIMIT = 0.01


def row(seconds: float, per_hour: float, noise: float, level: float = 1e8) -> list[tuple[float, float]]:
    rng = random.Random(7)
    return [
        (at, level * (1 + per_hour * at / 3600 + rng.gauss(0, noise))) for at in [seconds * n / 200 for n in range(200)]
    ]


@pytest.mark.proof("T30")
def test_a_leak_is_found_in_half_an_hour_and_a_flat_row_is_shown_flat() -> None:
    leak, flat = slope(row(1800, 0.05, 0.001)), slope(row(1800, 0.0, 0.0005))
    assert leak is not None
    assert leak.grows(LIMIT)
    assert leak.per_hour == pytest.approx(0.05, rel=0.2)
    assert flat is not None
    assert not flat.grows(LIMIT)
    assert flat.shown(LIMIT)


def test_a_short_noisy_run_proves_neither() -> None:
    found = slope(row(60, 0.0, 0.01))
    assert found is not None
    assert not found.grows(LIMIT)
    assert not found.shown(LIMIT)


def test_warming_up_does_not_count() -> None:
    samples = [(float(at), 1e8 if at < 100 else 2e8) for at in range(1000)]
    found = slope(samples)
    assert found is not None
    assert found.per_hour == pytest.approx(0, abs=1e-9)


def test_a_queue_that_holds_one_now_and_then_does_not_grow() -> None:
    found = slope([(float(at), float(at > 500)) for at in range(1000)], floor=100)
    assert found is not None
    assert abs(found.per_hour) < 0.2
