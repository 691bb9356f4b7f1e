"""Regulation (S1:34): bringing what a group asked of one product under its maximum. Pure; four rules, one promise each.

Every rule: nobody gets more than they asked, and the total afterwards is exactly min(asked, limit).

    prorata             in proportion to what was asked, largest remainders first
    first_come          in the order of confirmation, until nothing is left
    per_household_cap   the same ceiling for everybody, as high as fits; what is left over goes to those who asked most
    lottery             households drawn in an order that the cycle and the product fix: anybody can draw it again
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

import msgspec

from grenier.apportion import split_by_weights


class Asked(msgspec.Struct, frozen=True):
    """What one household asked of the product; `rank` is its place in the order of confirmation."""

    household_id: str
    quantity: int
    rank: int


Rule = Callable[[Sequence[Asked], int, str], list[int]]


def prorata(asked: Sequence[Asked], limit: int, _seed: str) -> list[int]:
    return split_by_weights(limit, [each.quantity for each in asked])


def first_come(asked: Sequence[Asked], limit: int, _seed: str) -> list[int]:
    return _served_in(sorted(range(len(asked)), key=lambda place: asked[place].rank), asked, limit)


def lottery(asked: Sequence[Asked], limit: int, seed: str) -> list[int]:
    def lot(place: int) -> bytes:
        return sha256(f"{seed}/{asked[place].household_id}".encode()).digest()

    return _served_in(sorted(range(len(asked)), key=lot), asked, limit)


def per_household_cap(asked: Sequence[Asked], limit: int, _seed: str) -> list[int]:
    cap = highest_cap([each.quantity for each in asked], limit)
    granted = [min(each.quantity, cap) for each in asked]
    waiting = [place for place, each in enumerate(asked) if each.quantity > cap]
    waiting.sort(key=lambda place: (-asked[place].quantity, asked[place].rank))
    for place in waiting[: limit - sum(granted)]:
        granted[place] += 1
    return granted


def highest_cap(quantities: Sequence[int], limit: int) -> int:
    """The highest equal ceiling under which the total still fits."""
    left, people = limit, len(quantities)
    for quantity in sorted(quantities):
        if quantity * people > left:
            return left // people
        left -= quantity
        people -= 1
    return max(quantities, default=0)


def _served_in(order: Iterable[int], asked: Sequence[Asked], limit: int) -> list[int]:
    granted, left = [0] * len(asked), limit
    for place in order:
        granted[place] = min(asked[place].quantity, left)
        left -= granted[place]
    return granted


RULES: dict[str, Rule] = {
    "prorata": prorata,
    "first_come": first_come,
    "per_household_cap": per_household_cap,
    "lottery": lottery,
}


def regulated(rule: str, asked: Sequence[Asked], limit: int, seed: str) -> dict[str, int]:
    """New quantity per household, in the order of confirmation. Within the limit nothing changes."""
    ordered = sorted(asked, key=lambda each: each.rank)
    if sum(each.quantity for each in ordered) <= limit:
        return {each.household_id: each.quantity for each in ordered}
    granted = RULES[rule](ordered, limit, seed)
    return {each.household_id: quantity for each, quantity in zip(ordered, granted, strict=True)}
