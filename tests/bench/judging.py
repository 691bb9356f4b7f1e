"""From blocks to verdicts: which ratio a target looks at, where it passes, where its goal lies. Pure.

A verdict is {"value", "unit", "ratio", "against", "pass", "goal", "spread": [least, greatest], "limits": {name: ratio}},
the ratio being made inside each block and reported as the median of the blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.bench.processes import best_canary
from tests.bench.ratios import Block, Sample, Spread, ratio, undisturbed, value

Figure = Callable[[Sample], float]


def per_s(sample: Sample) -> float:
    return sample.per_s


def cpu_ms(sample: Sample) -> float:
    return sample.cpu_ms


def cpu_us(sample: Sample) -> float:
    return 1000 * sample.cpu_ms


def thrift(sample: Sample) -> float:
    """Operations per CPU second: more is better, as with rates."""
    return 1000 / sample.cpu_ms if sample.cpu_ms else float("inf")


def p50_ms(sample: Sample) -> float:
    return sample.p50_ms


def p99_ms(sample: Sample) -> float:
    return sample.p99_ms


def over(blocks: Sequence[Block], figure: Figure, under: str, own: str = "grenier") -> Spread:
    """`own`'s figure divided by `under`'s, inside each block."""
    found = ratio(blocks, figure, own, under)
    assert found is not None, f"no block with both {own} and {under}"
    return found


def median_of(blocks: Sequence[Block], figure: Figure, system: str = "grenier") -> float:
    found = value(blocks, figure, system)
    assert found is not None, f"no sample of {system}"
    return found.median


def verdict(
    value: float, unit: str, ratio: Spread | float | None, against: str, *, passed: bool, goal: bool,
    limits: Mapping[str, Spread | float] | None = None, **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """The line of `build/bench.json`. `limits`: ratios to what is physically possible, measured in the same run."""
    spread = ratio if isinstance(ratio, Spread) else None
    middle = ratio.median if isinstance(ratio, Spread) else ratio
    found = {
        "value": _short(value),
        "unit": unit,
        "ratio": None if middle is None else _short(middle),
        "against": against,
        "pass": bool(passed),
        "goal": bool(goal and passed),
        "spread": [_short(spread.least), _short(spread.greatest)] if spread else [],
        "limits": {name: _short(_middle(each)) for name, each in (limits or {}).items()},
    }
    return found | {name: _plain(each) for name, each in more.items()}


def kept(blocks: Sequence[Block], job: str, least: int = 0, most: int = 10**9) -> list[Block]:
    """The undisturbed blocks of a job with that many connections."""
    return [
        block for block in undisturbed(blocks, best_canary()) if block.job == job and least <= block.connections <= most
    ]


def _middle(found: Spread | float) -> float:
    return found.median if isinstance(found, Spread) else found


def _short(number: float) -> float:
    """Three digits behind the point below 10, fewer above: more would be noise."""
    return round(number, 3 if abs(number) < 10 else 1 if abs(number) < 1000 else 0)


def _plain(found: Any) -> Any:
    if isinstance(found, Spread):
        return _short(found.median)
    return _short(found) if isinstance(found, float) else found
