"""What a cycle does when it is an order round of a contract: it follows the delivery it is for (S0:32, S0:38). Pure.

A round has its producer's products instead of a shared catalogue and no window; called by cycle.decide.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec

from grenier.clock import local_instant
from grenier.decider import Rejected
from grenier.language.orders import (
    CatalogueItem,
    CycleCancelled,
    CycleScheduled,
    DistributionMoved,
    OrderCancelled,
    OrdersReminded,
    ProductFacts,
)
from grenier.language.season import (
    AddedRound,
    BasketOption,
    ContractOpened,
    DeliveryAdded,
    PlannedDelivery,
    RoundPlan,
)

if TYPE_CHECKING:
    from orders_svc.cycle import Cycle, Event

# -- commands ------------------------------------------------------------------------------------------------------


class MoveDistribution(msgspec.Struct, frozen=True, kw_only=True):
    """The contract's delivery has another date, hour or place."""

    starts_at: datetime
    ends_at: datetime
    place: str


class CancelCycle(msgspec.Struct, frozen=True, kw_only=True):
    """The contract's delivery is cancelled. `served`: households that have their parcel already, whatever is said of the date."""

    reason: str
    served: tuple[str, ...] = ()


class RemindToOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Subscribers without an order are called once more."""

    household_ids: list[str]
    now: datetime


UNIT_LABELS = {"piece": "pièce", "kg": "kg", "g": "g", "l": "l"}


# -- from a contract's terms to its cycles -------------------------------------------------------------------------


def cycle_id_of(contract_id: str, round_id: str) -> str:
    """A round's cycle has the round's own id; other services derive ids from it, so it must be a UUID."""
    try:
        return str(UUID(round_id))
    except ValueError:
        return str(uuid5(NAMESPACE_URL, f"{contract_id}/{round_id}"))


def scheduled(opened: ContractOpened, host_id: str, zone: str, place: str) -> list[CycleScheduled]:
    """One cycle for every round whose delivery takes place; hours are those of the group's `zone`."""
    terms = opened.terms
    goods = (opened.producer_id, terms.title, terms.options)
    return [_cycle(opened, plan, delivery, goods, (host_id, zone, place)) for plan, delivery in planned(opened)]


def planned(opened: ContractOpened) -> list[tuple[RoundPlan, PlannedDelivery]]:
    """The rounds of a contract whose baskets are ordered, each with its delivery, which takes place."""
    terms = opened.terms
    deliveries = {each.delivery_id: each for each in terms.deliveries if not each.cancelled}
    if terms.basket_kind != "ordered":
        return []
    return [(plan, deliveries[plan.delivery_id]) for plan in terms.rounds if plan.delivery_id in deliveries]


def added(event: DeliveryAdded, host_id: str, zone: str, place: str) -> CycleScheduled | None:
    """The cycle of a date that was added after the opening; None where nothing is ordered for it."""
    plan = event.round
    if plan is None:
        return None
    return _cycle(event, plan, event.delivery, (plan.producer_id, plan.title, plan.options), (host_id, zone, place))


def _cycle(
    of: ContractOpened | DeliveryAdded,
    plan: RoundPlan | AddedRound,
    delivery: PlannedDelivery,
    goods: tuple[str, str, list[BasketOption]],
    group: tuple[str, str, str],
) -> CycleScheduled:
    """`goods`: producer, title and options of the contract; `group`: its host, time zone and usual place."""
    producer_id, title, options = goods
    host_id, zone, place = group
    cycle_id = cycle_id_of(of.contract_id, plan.round_id)
    starts_at, ends_at = instants(delivery, zone)
    return CycleScheduled(
        cycle_id=cycle_id,
        window_id="",
        group_id=of.group_id,
        host_id=host_id,
        catalogue_id=cycle_id,
        month=delivery.on.isoformat()[:7],
        opens_at=plan.opens_at,
        closes_at=plan.closes_at,
        distribution_starts_at=starts_at,
        distribution_ends_at=ends_at,
        place=delivery.place or place,
        items=[_item(option, producer_id) for option in options if _offered(option, delivery)],
        tier_rates_bp={},
        contract_id=of.contract_id,
        producer_id=producer_id,
        delivery_id=delivery.delivery_id,
        title=title,
    )


def instants(delivery: PlannedDelivery, zone: str) -> tuple[datetime, datetime]:
    """Start and end of a delivery's local hours, as instants."""

    def at(clock: str) -> datetime:
        hour, minute = (int(part) for part in clock.split(":")[:2])
        return local_instant(delivery.on, hour, minute, zone)

    return at(delivery.starts), at(delivery.ends)


def delivery_day(starts_at: datetime, zone: str) -> str:
    """The civil date (ISO) of a delivery where the group lives."""
    return starts_at.astimezone(ZoneInfo(zone)).date().isoformat()


def _offered(option: BasketOption, delivery: PlannedDelivery) -> bool:
    return not option.delivery_ids or delivery.delivery_id in option.delivery_ids


def _item(option: BasketOption, producer_id: str) -> CatalogueItem:
    facts = ProductFacts(
        name=option.title,
        category=option.category,
        producer_id=producer_id,
        sale=option.sale,
        unit_label=_unit_label(option),
        portion_g=option.portion_g,
        net_weight_g=option.net_weight_g,
    )
    return CatalogueItem(
        product_id=option.option_id,
        facts=facts,
        price_cents=option.price_cents,
        cost_cents=option.price_cents,
        max_per_household=max(option.quantities, default=0),
        stock_limit=option.limit,
        quantities=sorted(option.quantities),
    )


def _unit_label(option: BasketOption) -> str:
    label = UNIT_LABELS[option.unit]
    return f"{label} {option.net_weight_g} g" if option.unit == "piece" and option.net_weight_g else label


# -- a round follows its delivery ----------------------------------------------------------------------------------


def move_distribution(cycle: Cycle, command: MoveDistribution) -> list[Event]:
    """Orders go on as before; when they would close after the new start, the coordinator is warned."""
    terms = cycle.known
    now = (terms.distribution_starts_at, terms.distribution_ends_at, terms.place)
    if cycle.status == "cancelled" or now == (command.starts_at, command.ends_at, command.place):
        return []
    moved_event = DistributionMoved(
        cycle_id=terms.cycle_id,
        group_id=terms.group_id,
        contract_id=terms.contract_id,
        distribution_starts_at=command.starts_at,
        distribution_ends_at=command.ends_at,
        place=command.place,
        closes_too_late=terms.closes_at >= command.starts_at,
    )
    return [moved_event]


def moved(cycle: Cycle, event: DistributionMoved) -> Cycle:
    terms = msgspec.structs.replace(
        cycle.known,
        distribution_starts_at=event.distribution_starts_at,
        distribution_ends_at=event.distribution_ends_at,
        place=event.place,
    )
    return msgspec.structs.replace(cycle, terms=terms)


def cancel(cycle: Cycle, command: CancelCycle) -> list[Event]:
    """Whoever has ordered is freed of it, and what is set aside for the order with it.

    Where somebody was served, the round has taken place for them: their orders stand, as what they owe does.
    """
    terms = cycle.known
    if cycle.status == "cancelled":
        return []
    gone: list[Event] = [
        OrderCancelled(
            cycle_id=terms.cycle_id,
            group_id=terms.group_id,
            order_id=placed.order_id,
            household_id=placed.household_id,
            reason=command.reason,
        )
        for placed in cycle.orders_by_rank()
        if placed.household_id not in command.served
    ]
    if command.served:
        return gone
    cancelled = CycleCancelled(
        cycle_id=terms.cycle_id, group_id=terms.group_id, contract_id=terms.contract_id, reason=command.reason
    )
    return [*gone, cancelled]


def remind(cycle: Cycle, command: RemindToOrder) -> list[Event]:
    terms = cycle.known
    if cycle.status != "open" or command.now >= terms.closes_at:
        raise Rejected("cycle-not-open", cycle_id=terms.cycle_id)
    waiting = [household_id for household_id in command.household_ids if cycle.orders.get(household_id) is None]
    if not waiting:
        return []
    reminded = OrdersReminded(
        cycle_id=terms.cycle_id,
        group_id=terms.group_id,
        contract_id=terms.contract_id,
        closes_at=terms.closes_at,
        household_ids=waiting,
    )
    return [reminded]
