"""What becomes due by itself."""

from __future__ import annotations

from grenier.clock import iso
from grenier.runtime import Runtime, Timer
from matching_svc import activity
from matching_svc.defaults import CALL_BEFORE
from matching_svc.views import activities


def remind(runtime: Runtime) -> None:
    """S1:38: two days before, those who could come are asked once more, when hands are missing."""
    now = runtime.clock.now()
    for row in activities.to_remind(runtime.db, iso(now), iso(now + CALL_BEFORE)):
        command = activity.CallVolunteers(activity_id=row["activity_id"], by_hand=False, now=now)
        runtime.due(activity.decider, row["activity_id"], command, "remind", group_id=row["group_id"])


TIMERS = (Timer("remind-volunteers", remind, every_s=2.0),)
