"""What follows from facts of others: a frozen aggregation becomes pallets and a distribution day."""

from __future__ import annotations

from grenier.language.orders import AggregationFrozen
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime
from logistics_svc import delivery, distribution, ids
from logistics_svc.delivery import PlanPallets
from logistics_svc.distribution.commands import PlanDistribution


def plan_pallets(runtime: Runtime, fact: Fact) -> None:
    """S1:135, as soon as a group's quantities are final."""
    frozen = fact.event
    assert isinstance(frozen, AggregationFrozen)
    key = ids.delivery_id(frozen.cycle_id)
    command = PlanPallets(key, frozen)
    runtime.react(delivery.decider, key, command, fact, "plan-pallets", group_id=frozen.group_id)


def plan_distribution(runtime: Runtime, fact: Fact) -> None:
    """S1:45: slots per tier and the orders to hand out."""
    frozen = fact.event
    assert isinstance(frozen, AggregationFrozen)
    key = ids.distribution_id(frozen.cycle_id)
    command = PlanDistribution(key, frozen)
    runtime.react(distribution.decider, key, command, fact, "plan-distribution", group_id=frozen.group_id)


POLICIES = (
    Policy("plan-pallets", ("orders.aggregation-frozen",), plan_pallets),
    Policy("plan-distribution", ("orders.aggregation-frozen",), plan_distribution),
)
