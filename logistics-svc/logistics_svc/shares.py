"""Who gets how much when not enough came (S1:53). Pure.

What households already took is theirs; the rest is shared out over the others in proportion to what they ordered, exactly
and the same everywhere, and nobody gets more than ordered.
"""

from __future__ import annotations

from collections.abc import Mapping

from grenier.apportion import split_by_weights


def share_out(available: int, ordered: Mapping[str, int], taken: Mapping[str, int] | None = None) -> dict[str, int]:
    """Household -> units, in the order of `ordered`; `taken`: what signed-off households already have."""
    taken = taken or {}
    waiting = {household: units for household, units in ordered.items() if household not in taken}
    rest = max(0, available - sum(taken.get(household, 0) for household in ordered))
    wanted = sum(waiting.values())
    if rest >= wanted:
        given = waiting
    else:
        given = dict(zip(waiting, split_by_weights(rest, list(waiting.values())), strict=True))
    return {household: taken.get(household, given.get(household, 0)) for household in ordered}
