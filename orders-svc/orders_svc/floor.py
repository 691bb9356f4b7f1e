"""The credit floor of one contract: how far into the red its rounds may take a household. Stream `floor-<contract>` (S0:47)."""

from __future__ import annotations

import msgspec

from grenier.decider import Decider
from grenier.errors import Invalid
from grenier.language.orders import ContractFloorSet

# -- commands ----------------------------------------------------------------------------------------------------


class SetFloor(msgspec.Struct, frozen=True, kw_only=True):
    """`floor_cents`: the lowest balance of the contract, zero or below; None: no limit.

    `carried`: that of the contract it renews, which stands only where nobody has decided yet.
    """

    contract_id: str
    group_id: str
    floor_cents: int | None
    carried: bool = False


Command = SetFloor
Event = ContractFloorSet

# -- state -------------------------------------------------------------------------------------------------------


class Floor(msgspec.Struct, frozen=True):
    floor_cents: int | None = None
    decided: bool = False


# -- decide ------------------------------------------------------------------------------------------------------


def decide(floor: Floor, command: Command) -> list[Event]:
    """Raises Invalid when the floor is above zero: nobody is asked to keep more than nothing."""
    if command.floor_cents is not None and command.floor_cents > 0:
        raise Invalid(fields={"floor_cents": ["Zero or below: how far an account may be in the red."]})
    if command.floor_cents == floor.floor_cents or (command.carried and floor.decided):
        return []
    return [
        ContractFloorSet(contract_id=command.contract_id, group_id=command.group_id, floor_cents=command.floor_cents)
    ]


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(_floor: Floor, event: Event) -> Floor:
    return Floor(event.floor_cents, decided=True)


decider: Decider[Floor, Command, Event] = Decider("floor", Floor(), decide, evolve)
