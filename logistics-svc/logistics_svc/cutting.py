"""The cutting sheet of cheese and the like (S1:44): whole pieces into the ordered portions. Pure; grams and cents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from grenier.apportion import round_half_up

MARGIN_PERCENT = 3


@dataclass(frozen=True)
class PortionGroup:
    """`portions` of `weight_g` each are to be cut."""

    weight_g: int
    portions: int


@dataclass(frozen=True)
class CuttingPlan:
    """`pieces`: whole pieces to open, each a list of the portions cut from it, heaviest first.

    `margin_g`: crumbs and rind; what is left of the opened pieces after portions and margin is `rest_g`.
    """

    groups: list[PortionGroup]
    portions: int
    total_g: int
    margin_g: int
    whole_piece_g: int
    pieces: list[list[int]]
    rest_g: int


def plan_cuts(portions_g: Sequence[int], whole_piece_g: int) -> CuttingPlan:
    """`portions_g`: the weight of every portion that somebody takes. `whole_piece_g` 0: not known, no plan of cuts."""
    counts = Counter(portions_g)
    total_g = sum(portions_g)
    margin_g = round_half_up(total_g * MARGIN_PERCENT, 100)
    pieces = _into_pieces(sorted(portions_g, reverse=True), whole_piece_g) if whole_piece_g else []
    return CuttingPlan(
        groups=[PortionGroup(weight, counts[weight]) for weight in sorted(counts, reverse=True)],
        portions=len(portions_g),
        total_g=total_g,
        margin_g=margin_g,
        whole_piece_g=whole_piece_g,
        pieces=pieces,
        rest_g=max(0, len(pieces) * whole_piece_g - total_g - margin_g),
    )


def _into_pieces(portions_g: Sequence[int], whole_piece_g: int) -> list[list[int]]:
    """First fit decreasing. Every cut loses its margin, so a piece yields a little less than it weighs.

    A portion heavier than a piece yields takes as many whole pieces as it needs, alone.
    """
    usable_g = whole_piece_g * 100 // (100 + MARGIN_PERCENT)
    pieces: list[list[int]] = []
    for portion in portions_g:
        if portion > usable_g:
            pieces += _several_pieces(portion, usable_g)
            continue
        room = next((piece for piece in pieces if sum(piece) + portion <= usable_g), None)
        if room is None:
            pieces.append([portion])
        else:
            room.append(portion)
    return pieces


def _several_pieces(portion: int, usable_g: int) -> list[list[int]]:
    whole, rest = divmod(portion, usable_g)
    return [[usable_g]] * whole + ([[rest]] if rest else [])
