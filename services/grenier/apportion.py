"""Whole units shared out exactly: nothing lost, nothing invented, at most one unit of difference.

Used wherever cents, grams or pieces have to be split; every split adds up to what was there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def round_half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator rounded to the nearest integer, halves away from zero, in integers only."""
    if denominator <= 0:
        raise ValueError("denominator must be positive")
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def split_evenly(total: int, parts: int) -> list[int]:
    """`total` in `parts` shares that differ by one unit at most; the first ones take the remainder."""
    if parts <= 0:
        raise ValueError("parts must be positive")
    base, rest = divmod(abs(total), parts)
    sign = -1 if total < 0 else 1
    return [sign * (base + (1 if index < rest else 0)) for index in range(parts)]


def split_by_weights(total: int, weights: Sequence[int]) -> list[int]:
    """Largest remainder (Hamilton): shares proportional to weights that sum to `total` exactly.

    Equal remainders go to the earlier place, so the same input gives the same split everywhere.
    """
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights must be non-negative and not all zero")
    shares = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-remainders[place], place))
    for place in order[: total - sum(shares)]:
        shares[place] += 1
    return shares


def split_by_keys(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """`split_by_weights` over a mapping, in its order."""
    return dict(zip(weights, split_by_weights(total, list(weights.values())), strict=True))
