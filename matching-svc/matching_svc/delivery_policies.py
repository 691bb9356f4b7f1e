"""Hands for a distribution follow the goods: what a group planned for a day of deliveries moves with them, or is off (S0:22).

Whoever has signed up stays signed up and is told; who is not free on the other day withdraws, as from any activity. The
distributions of order rounds follow their round (policies.py).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from grenier.clock import iso
from grenier.language.season import DeliveryCancelled, DeliveryMoved
from grenier.readmodel import Fact, Row
from grenier.runtime import Policy, Runtime
from matching_svc import activity
from matching_svc.views import activities, deliveries


def follow_delivery(runtime: Runtime, fact: Fact) -> None:
    event = fact.event
    if not isinstance(event, DeliveryMoved | DeliveryCancelled):
        return
    day = event.from_on if isinstance(event, DeliveryMoved) else event.on
    if deliveries.others_on(runtime.db, event.group_id, day.isoformat(), event.delivery_id):
        # Something comes that day all the same, and hands are needed for it.
        return
    for row in _planned(runtime, event.group_id, day):
        command = _following(runtime, event, row)
        runtime.react(activity.decider, row["activity_id"], command, fact, "follow-delivery", group_id=event.group_id)


def _planned(runtime: Runtime, group_id: str, day: date) -> list[Row]:
    """Distributions of a day that are no order round's, and not over."""
    zone = _zone(runtime, group_id)
    first, last = (datetime.combine(each, time(), zone) for each in (day, day + timedelta(days=1)))
    rows = activities.distributions(runtime.db, group_id, iso(first), iso(last))
    return [row for row in rows if row["ends_at"] > iso(runtime.clock.now())]


def _following(
    runtime: Runtime, event: DeliveryMoved | DeliveryCancelled, row: Row
) -> activity.ChangeActivity | activity.CancelActivity:
    now: dict[str, Any] = {"activity_id": row["activity_id"], "now": runtime.clock.now(), "reason": event.reason}
    if isinstance(event, DeliveryCancelled):
        return activity.CancelActivity(**now)
    to = event.delivery.on
    if to != event.from_on and _planned(runtime, event.group_id, to):
        # There are hands for that day already.
        return activity.CancelActivity(**now)
    known = deliveries.delivery(runtime.db, event.delivery_id)
    by = to - event.from_on + (_clock(event.delivery.starts) - _clock(known["before"]) if known else timedelta())
    zone = _zone(runtime, event.group_id)
    begins = datetime.fromisoformat(row["starts_at"]).astimezone(zone).replace(tzinfo=None) + by
    return activity.ChangeActivity(
        **now, starts_at=begins.replace(tzinfo=zone).astimezone(UTC), place=event.delivery.place or None
    )


def _clock(hour: str) -> timedelta:
    at = time.fromisoformat(hour)
    return timedelta(hours=at.hour, minutes=at.minute)


def _zone(runtime: Runtime, group_id: str) -> ZoneInfo:
    return ZoneInfo(str((runtime.access.group(group_id) or {}).get("time_zone", "Europe/Paris")))


POLICIES = (Policy("follow-delivery", ("contracts.delivery-moved", "contracts.delivery-cancelled"), follow_delivery),)
