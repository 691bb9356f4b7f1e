"""What each household takes at a delivery: the truth behind sign-off sheet, producer's quantities and basket exchange.

    baskets_of(life, roster, delivery_id) -> Baskets
    baskets_of_contract(runtime, contract_id, delivery_id) -> Baskets      asked of the contract's stream

Confirmed subscriptions only. Somebody absent is told as absent, with no lines; of a shared basket the picker is told.
"""

from __future__ import annotations

import msgspec

from contracts_svc.contract import decider as contract
from contracts_svc.contract.state import Life
from contracts_svc.contract.subscriptions import Held, Roster
from contracts_svc.contract.turns import turn_of
from contracts_svc.rules.amounts import quantity_on, shares_bp
from grenier.language.season import BasketOption, PlannedDelivery
from grenier.runtime import Runtime


class BasketLine(msgspec.Struct, frozen=True, kw_only=True):
    """`units_percent`: hundredths of units, the delivery's factor in it: 150 is one and a half."""

    option_id: str
    code: str
    title: str
    quantity: int
    units_percent: int


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """`household_id` signed; `picker_household_id` fetches it this time; `household_ids` share it."""

    subscription_id: str
    household_id: str
    picker_household_id: str
    household_ids: list[str]
    person_id: str
    co_person_ids: list[str]
    lines: list[BasketLine]
    shares_bp: int
    absent: bool = False


class Total(msgspec.Struct, frozen=True, kw_only=True):
    option_id: str
    code: str
    title: str
    units_percent: int
    baskets: int


class Baskets(msgspec.Struct, frozen=True, kw_only=True):
    contract_id: str
    delivery: PlannedDelivery
    baskets: list[Basket]
    totals: list[Total]
    shares_bp: int


def baskets_of_contract(runtime: Runtime, contract_id: str, delivery_id: str) -> Baskets:
    """Raises Rejected("contract-missing") or Rejected("delivery-missing")."""
    state = runtime.handler.state(contract.decider, contract_id)
    return baskets_of(state.life, state.roster, delivery_id)


def baskets_of(life: Life, roster: Roster, delivery_id: str) -> Baskets:
    delivery = life.delivery(delivery_id)
    baskets = [
        basket for held in roster.subscriptions.values() if (basket := basket_of(life, held, delivery)) is not None
    ]
    return Baskets(
        contract_id=life.contract_id,
        delivery=delivery,
        baskets=baskets,
        totals=_totals(life.agreed.options, baskets),
        shares_bp=sum(basket.shares_bp for basket in baskets),
    )


def basket_of(life: Life, held: Held, delivery: PlannedDelivery) -> Basket | None:
    """None where this subscription has nothing to do with the delivery."""
    if held.state not in ("confirmed", "ended") or delivery not in held.covers(life):
        return None
    absent = delivery.delivery_id in held.absences
    lines = [] if absent else _lines(life, held, delivery)
    if not lines and not absent and life.agreed.basket_kind != "ordered":
        return None
    shared = held.household_ids or [held.household_id]
    return Basket(
        subscription_id=held.subscription_id,
        household_id=held.household_id,
        picker_household_id=turn_of(life, held, delivery) or held.household_id,
        household_ids=shared,
        person_id=held.person_id,
        co_person_ids=held.co_person_ids,
        lines=lines,
        shares_bp=0
        if absent
        else shares_bp(held.lines, life.agreed.options, delivery) * delivery.factor_percent // 100,
        absent=absent,
    )


def _lines(life: Life, held: Held, delivery: PlannedDelivery) -> list[BasketLine]:
    lines = []
    for line in held.lines:
        option = life.option(line.option_id)
        if quantity := quantity_on(line, option, delivery):
            lines.append(
                BasketLine(
                    option_id=option.option_id,
                    code=option.code,
                    title=option.title,
                    quantity=quantity,
                    units_percent=quantity * delivery.factor_percent,
                )
            )
    return lines


def _totals(options: list[BasketOption], baskets: list[Basket]) -> list[Total]:
    units: dict[str, list[int]] = {}
    for basket in baskets:
        for line in basket.lines:
            units.setdefault(line.option_id, []).append(line.units_percent)
    return [
        Total(
            option_id=option.option_id,
            code=option.code,
            title=option.title,
            units_percent=sum(units[option.option_id]),
            baskets=len(units[option.option_id]),
        )
        for option in options
        if option.option_id in units
    ]
