"""What is due in notify: reminders before a distribution; messages that wait to be put on the queue."""

from __future__ import annotations

from datetime import datetime, timedelta

from grenier.clock import iso
from grenier.runtime import Runtime, Timer, derived_id
from notify_svc import announcement
from notify_svc.audience import recipients
from notify_svc.queueing import queue_waiting
from notify_svc.views import messages, occasions

REMIND_BEFORE = timedelta(days=2)


def remind_of_distributions(runtime: Runtime) -> None:
    """S1:52-54: two days before, to those with an order. The announcement is made once; messages follow from it."""
    now: datetime = runtime.clock.now()
    for row in occasions.distributions_between(runtime.db, iso(now), iso(now + REMIND_BEFORE)):
        if row["contract_id"]:
            continue  # the delivery of a contract: reminded with its baskets, see season_timers
        announcement_id = derived_id(NAMESPACE, row["distribution_id"])
        if messages.announcement(runtime.db, announcement_id) is not None:
            continue
        told = recipients(runtime.db, row["household_ids"])
        if not told:
            continue
        command = announcement.Announce(
            announcement_id=announcement_id,
            group_id=row["group_id"],
            template="distribution-reminder",
            audience="ordered",
            recipients=told,
            params={"distribution_id": row["distribution_id"]},
        )
        runtime.due(announcement.decider, announcement_id, command, "distribution-reminder", group_id=row["group_id"])


# A fixed UUID that names these reminders; ids of distributions need not be UUIDs themselves.
NAMESPACE = "5f6e2f0a-2b5e-5c77-9b6c-6f2a1a3a4d10"

TIMERS = (
    Timer("remind-of-distributions", remind_of_distributions, every_s=2.0),
    Timer("queue-waiting", queue_waiting, every_s=0.3),
)
