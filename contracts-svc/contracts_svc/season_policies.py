"""What follows from facts of a season: cheques are agreed when a subscription is confirmed, and fewer are due when it ends early."""

from __future__ import annotations

from contracts_svc import schedule
from contracts_svc.contract import decider as contract
from grenier.language.season import SubscriptionConfirmed, SubscriptionEnded
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime


def agree_schedule(runtime: Runtime, fact: Fact) -> None:
    if not isinstance(fact.event, SubscriptionConfirmed):
        return
    e = fact.event
    state = runtime.handler.state(contract.decider, e.contract_id)
    held = state.roster.subscriptions[e.subscription_id]
    if not held.cheques:
        return
    command = schedule.AgreeSchedule(
        subscription_id=e.subscription_id,
        contract_id=e.contract_id,
        group_id=e.group_id,
        household_id=e.household_id,
        producer_id=state.life.producer_id,
        cheques=held.cheques,
    )
    runtime.react(schedule.decider, e.subscription_id, command, fact, "agree-schedule", group_id=e.group_id)


def trim_schedule(runtime: Runtime, fact: Fact) -> None:
    if isinstance(fact.event, SubscriptionEnded):
        e = fact.event
        command = schedule.TrimSchedule(due_cents=e.amount_cents)
        runtime.react(schedule.decider, e.subscription_id, command, fact, "trim-schedule", group_id=e.group_id)


SEASON_POLICIES = (
    Policy("agree-schedule", ("contracts.subscription-confirmed",), agree_schedule),
    Policy("trim-schedule", ("contracts.subscription-ended",), trim_schedule),
)
