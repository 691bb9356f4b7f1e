"""How ordered goods are stacked on pallets (S1:135). Pure.

First fit decreasing, by the case: the heaviest cases go first, each on the first pallet with room. Every unit stands on
exactly one pallet and no pallet weighs more than its capacity, unless one unit alone does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from grenier.language.logistics import PalletLine

CAPACITY_G = 600_000


@dataclass(frozen=True)
class Wanted:
    """`quantity` units of a product; `case_size` units make a case; `unit_g` grams each."""

    product_id: str
    name: str
    unit_label: str
    quantity: int
    case_size: int = 1
    unit_g: int = 0
    producer_id: str = ""


@dataclass(frozen=True)
class _Pack:
    """What is lifted at once: a case, or loose units; `place` is the line's place in the list."""

    place: int
    units: int
    weight_g: int


@dataclass
class _Pallet:
    weight_g: int = 0
    units: dict[int, int] = field(default_factory=dict)

    def put(self, pack: _Pack) -> None:
        self.weight_g += pack.weight_g
        self.units[pack.place] = self.units.get(pack.place, 0) + pack.units


def plan_pallets(wanted: Sequence[Wanted], capacity_g: int = CAPACITY_G) -> list[list[PalletLine]]:
    """The lines of each pallet, in the order in which the products were given."""
    packs = [pack for place, line in enumerate(wanted) for pack in _packs(place, line, capacity_g)]
    pallets: list[_Pallet] = []
    for pack in sorted(packs, key=lambda pack: (-pack.weight_g, pack.place, -pack.units)):
        room = next((pallet for pallet in pallets if pallet.weight_g + pack.weight_g <= capacity_g), None)
        if room is None:
            room = _Pallet()
            pallets.append(room)
        room.put(pack)
    return [[pallet_line(wanted[place], units) for place, units in sorted(pallet.units.items())] for pallet in pallets]


def _packs(place: int, line: Wanted, capacity_g: int) -> list[_Pack]:
    size = max(1, line.case_size)
    # A case that no pallet can carry is opened.
    size = size if size * line.unit_g <= capacity_g else 1
    cases, loose = divmod(line.quantity, size)
    packs = [_Pack(place, size, size * line.unit_g)] * cases
    return [*packs, _Pack(place, loose, loose * line.unit_g)] if loose else packs


def pallet_line(line: Wanted, units: int) -> PalletLine:
    size = max(1, line.case_size)
    return PalletLine(
        product_id=line.product_id,
        name=line.name,
        unit_label=line.unit_label,
        quantity=units,
        cases=units // size,
        loose=units % size,
        weight_g=units * line.unit_g,
        producer_id=line.producer_id,
        case_size=size,
        unit_g=line.unit_g,
    )
