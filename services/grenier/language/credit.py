"""Facts of orders-svc about what a household may still order: what is set aside for its orders (decision 0011).

These types are the stored format. Change them only through versions and upcasts (see registry.py).
"""

from __future__ import annotations

from grenier.language.registry import Event, event


@event("orders.holds-voided")
class HoldsVoided(Event, frozen=True, kw_only=True):
    """No order of this household is accepted any more on credit held up to number `hold`: those holds may be released."""

    cycle_id: str
    group_id: str
    household_id: str
    hold: int


@event("orders.credit-held")
class CreditHeld(Event, frozen=True, kw_only=True):
    """Before an order is confirmed under a credit floor: its amount is set aside from what the household has.

    `hold` counts up per household. `balance_cents` is the balance this was decided on, as it was at `balance_position`;
    `committed_cents` what the household's other orders set aside.
    """

    household_id: str
    group_id: str
    order_id: str
    cycle_id: str
    hold: int
    hold_id: str
    amount_cents: int
    balance_cents: int
    balance_position: int
    committed_cents: int
    # None: the group has no floor, only the contract has one.
    floor_cents: int | None
    # In an order round: the contract, and the same figures for what the household has in it, when it has a floor.
    contract_id: str = ""
    contract_balance_cents: int = 0
    contract_committed_cents: int = 0
    contract_floor_cents: int | None = None


@event("orders.credit-settled")
class CreditSettled(Event, frozen=True, kw_only=True):
    """What the order really needs: holds up to `upto` are released, but for `hold` (0: none), which keeps `amount_cents`."""

    household_id: str
    group_id: str
    order_id: str
    cycle_id: str
    upto: int
    hold: int
    amount_cents: int


@event("orders.contract-floor-set", public=("contract_id", "group_id", "floor_cents"))
class ContractFloorSet(Event, frozen=True, kw_only=True):
    """S0:47: how far into the red a household may order in the rounds of this contract (0 or below); None: no limit."""

    contract_id: str
    group_id: str
    floor_cents: int | None
