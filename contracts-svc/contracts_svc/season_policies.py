"""What follows from facts of a season: cheques are agreed when a subscription is confirmed, and fewer are due when it ends early.

And what falls due: a proposal to share that nobody answered ends with the last delivery there was to share.
"""

from __future__ import annotations

from datetime import timedelta

from contracts_svc import schedule
from contracts_svc.contract import decider as contract
from contracts_svc.contract.sharing_commands import LapseSharing, LeaveSharing
from contracts_svc.guards import today
from contracts_svc.views import sharing, subscription_questions
from grenier.language.contracts import PersonErased
from grenier.language.season import SubscriptionConfirmed, SubscriptionEnded
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime, Timer


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


def forget_sharer(runtime: Runtime, fact: Fact) -> None:
    """A household of which nobody is left fetches nothing: its turns go to those who share with it, and they are told.

    What it was asked stays unanswered, as of an address that nobody uses: who asks learns nothing about others by it.
    """
    if not isinstance(fact.event, PersonErased):
        return
    for row in subscription_questions.shared(runtime.db):
        gone = [home for home in row["household_ids"][1:] if not runtime.access.persons_of(home)]
        for home in gone:
            command = LeaveSharing(subscription_id=row["subscription_id"], household_id=home)
            runtime.react(
                contract.decider, row["contract_id"], command, fact, f"forget-sharer/{row['subscription_id']}/{home}",
                group_id=row["group_id"],
            )  # fmt: skip


def lapse_sharing(runtime: Runtime) -> None:
    # Nowhere is it later than fourteen hours ahead of UTC; the decision knows the group's own day.
    for row in sharing.without_dates(runtime.db, (runtime.clock.now() + timedelta(hours=14)).date().isoformat()):
        command = LapseSharing(
            subscription_id=row["subscription_id"], proposal_id=row["proposal_id"],
            today=today(runtime, row["group_id"]),
        )  # fmt: skip
        name = f"lapse-sharing/{row['proposal_id']}/{command.today}"
        runtime.due(contract.decider, row["contract_id"], command, name, group_id=row["group_id"])


SEASON_POLICIES = (
    Policy("agree-schedule", ("contracts.subscription-confirmed",), agree_schedule),
    Policy("trim-schedule", ("contracts.subscription-ended",), trim_schedule),
    Policy("forget-sharer", ("contracts.person-erased",), forget_sharer),
)
SEASON_TIMERS = (Timer("lapse-sharing", lapse_sharing, every_s=300.0),)
