"""T23: amounts split over members, as cents, grams and pieces are split everywhere in the product."""

from __future__ import annotations

import hashlib
import random

from grenier.apportion import split_by_weights, split_evenly
from orders_svc.regulation import RULES, Asked, regulated
from tests.contention.streams import Outcome


def cases(count: int, seed: int = 1) -> Outcome:
    """Random amounts over random members; a tenth is split a second time and must come out the same."""
    outcome, widest = Outcome(), 0
    for number in range(count):
        found, spread = _case(random.Random(f"{seed}/{number}"))
        widest = max(widest, spread)
        outcome.problems += [f"case {seed}/{number}: {problem}" for problem in found]
    some = max(1, count // 10)
    outcome.check(digest(some, seed) == digest(some, seed), "the same input was split in another way")
    outcome.figures = {"cases": count, "widest_difference": widest, "digest": digest(some, seed)[:16]}
    return outcome


def _case(chance: random.Random) -> tuple[list[str], int]:
    amount, members = chance.randint(-(10**9), 10**9), chance.randint(1, 120)
    shares = split_evenly(amount, members)
    found = [] if sum(shares) == amount else [f"{amount} over {members} sums to {sum(shares)}"]
    spread = max(shares) - min(shares)
    if spread > 1:
        found.append(f"{amount} over {members} differs by {spread}")
    weights = [chance.randint(0, 500) for _ in range(chance.randint(1, 20))]
    if any(weights):
        found += unfair(abs(amount), weights, split_by_weights(abs(amount), weights))
    asked = [Asked(f"h{place}", chance.randint(1, 30), place) for place in range(chance.randint(1, 12))]
    limit, rule = chance.randint(0, 120), chance.choice(sorted(RULES))
    found += over(asked, limit, regulated(rule, asked, limit, "x"), rule)
    return found, spread


def unfair(total: int, weights: list[int], shares: list[int]) -> list[str]:
    """Within one unit of the exact share, nothing lost, nothing to whom nothing is due."""
    whole = sum(weights)
    found = [] if sum(shares) == total else [f"{total} by {weights} sums to {sum(shares)}"]
    for weight, share in zip(weights, shares, strict=True):
        if abs(share * whole - total * weight) >= whole or (not weight and share):
            found.append(f"{total} by {weights}: {share} for {weight}")
    equals = {
        weight: {share for each, share in zip(weights, shares, strict=True) if each == weight} for weight in weights
    }
    found += [f"{total} by {weights}: {got} for {weight}" for weight, got in equals.items() if max(got) - min(got) > 1]
    return found


def over(asked: list[Asked], limit: int, granted: dict[str, int], rule: str) -> list[str]:
    """A regulation hands out all there is and no more, and to nobody more than asked."""
    given, wanted = sum(granted.values()), sum(each.quantity for each in asked)
    found = [] if given == min(limit, wanted) else [f"{rule}: {given} given of {limit}, asked {wanted}"]
    return found + [
        f"{rule}: {granted[each.household_id]} for {each}"
        for each in asked
        if not 0 <= granted[each.household_id] <= each.quantity
    ]


def digest(count: int, seed: int) -> str:
    """Of the splits themselves: equal in every process, whatever its hash seed."""
    found = hashlib.sha256()
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        amount, weights = chance.randint(0, 10**9), [chance.randint(1, 500) for _ in range(chance.randint(1, 20))]
        found.update(repr((split_evenly(amount, len(weights)), split_by_weights(amount, weights))).encode())
    return found.hexdigest()
