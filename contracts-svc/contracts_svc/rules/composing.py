"""Baskets that a household composes delivery by delivery, as lines of its subscription."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grenier.language.season import SubscribedLine


def composed_lines(
    lines: Sequence[SubscribedLine], delivery_id: str, quantities: Mapping[str, int]
) -> list[SubscribedLine]:
    """The lines with this delivery's quantities in the place of those before; options in the order they came."""
    options = dict.fromkeys([line.option_id for line in lines] + list(quantities))
    before = {line.option_id: line.per_delivery for line in lines}
    composed = []
    for option_id in options:
        per_delivery = {key: number for key, number in before.get(option_id, {}).items() if key != delivery_id}
        if quantities.get(option_id):
            per_delivery[delivery_id] = quantities[option_id]
        if per_delivery:
            composed.append(SubscribedLine(option_id=option_id, per_delivery=per_delivery))
    return composed
