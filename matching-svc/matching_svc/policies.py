"""What follows from facts of other services. The table is at the bottom."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from grenier.clock import iso
from grenier.language.contracts import PersonErased
from grenier.language.orders import CycleCancelled, CycleScheduled, DistributionMoved
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime
from matching_svc import activity
from matching_svc.defaults import TITLE, distribution_slots
from matching_svc.views import activities


def distribution_activity(cycle_id: str) -> str:
    """The id of the activity of a cycle's distribution day."""
    return str(uuid5(NAMESPACE_URL, f"https://grenier.invalid/distribution-activity/{cycle_id}"))


def plan_distribution(runtime: Runtime, fact: Fact) -> None:
    """S1:18: as soon as a distribution has a date, people can sign up for it."""
    cycle = fact.event
    if not isinstance(cycle, CycleScheduled):
        return
    activity_id = distribution_activity(cycle.cycle_id)
    # The rounds of a contract are paid on account: nobody is needed at a till (S0:46).
    usual = distribution_slots(cycle.distribution_starts_at, cycle.distribution_ends_at)
    slots = tuple(slot for slot in usual if not (cycle.contract_id and slot.task == "till"))
    command = activity.PlanActivity(
        activity_id=activity_id, group_id=cycle.group_id, kind="distribution", title=TITLE,
        starts_at=min(slot.starts_at for slot in slots), ends_at=max(slot.ends_at for slot in slots),
        place=cycle.place, slots=slots, subject_id=cycle.cycle_id,
    )  # fmt: skip
    runtime.react(activity.decider, activity_id, command, fact, "plan-distribution", group_id=cycle.group_id)


def move_distribution(runtime: Runtime, fact: Fact) -> None:
    """A round's distribution follows its delivery: the hands are needed when the goods come."""
    moved = fact.event
    if not isinstance(moved, DistributionMoved):
        return
    activity_id = distribution_activity(moved.cycle_id)
    planned = runtime.handler.state(activity.decider, activity_id).planned
    if planned is None or planned.ends_at <= runtime.clock.now():
        return
    # The activity begins with the setting up, before the doors open.
    before = min(slot.starts_at for slot in planned.slots if slot.task == "welcome") - planned.starts_at
    starts_at = moved.distribution_starts_at - before
    command = activity.ChangeActivity(
        activity_id=activity_id, now=runtime.clock.now(), starts_at=starts_at, place=moved.place
    )
    runtime.react(activity.decider, activity_id, command, fact, "move-distribution", group_id=moved.group_id)


def cancel_distribution(runtime: Runtime, fact: Fact) -> None:
    cancelled = fact.event
    if not isinstance(cancelled, CycleCancelled):
        return
    activity_id = distribution_activity(cancelled.cycle_id)
    planned = runtime.handler.state(activity.decider, activity_id).planned
    if planned is not None and planned.ends_at > runtime.clock.now():
        command = activity.CancelActivity(activity_id=activity_id, now=runtime.clock.now(), reason=cancelled.reason)
        runtime.react(activity.decider, activity_id, command, fact, "cancel-distribution", group_id=cancelled.group_id)


def free_slots(runtime: Runtime, fact: Fact) -> None:
    """Whoever is erased will not come: their places in slots to come are free again."""
    if not isinstance(fact.event, PersonErased):
        return
    now, person_id = runtime.clock.now(), fact.event.person_id
    for row in activities.slots_of_person(runtime.db, person_id, iso(now)):
        if row["starts_at"] > iso(now):
            command = activity.Withdraw(
                activity_id=row["activity_id"], slot_id=row["slot_id"], person_id=person_id, now=now
            )
            runtime.react(
                activity.decider, row["activity_id"], command, fact, f"free-slots/{row['slot_id']}",
                group_id=row["group_id"],
            )  # fmt: skip


POLICIES = (
    Policy("plan-distribution", ("orders.cycle-scheduled",), plan_distribution),
    Policy("move-distribution", ("orders.cycle-distribution-moved",), move_distribution),
    Policy("cancel-distribution", ("orders.cycle-cancelled",), cancel_distribution),
    Policy("free-slots", ("contracts.person-erased",), free_slots),
)
