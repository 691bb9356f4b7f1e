"""What the calendar brings about: cycles open, announce their end, close, and freeze at the regulation deadline."""

from __future__ import annotations

from datetime import datetime, timedelta

from grenier.clock import iso
from grenier.runtime import Runtime, Timer
from orders_svc import crediting, cycle
from orders_svc.answers.rounds import households_without_order
from orders_svc.closing import DAY_BEFORE, regulation_deadline
from orders_svc.views import credit, cycles, drafts

# Noon of the next day is never less than eleven hours after closing (twelve, but for the night when summer time
# begins): nothing closed later needs a look.
SOONEST_FREEZE = timedelta(hours=11)
# Longer than any command takes; shorter only means that a slow one has to hold again.
HOLD_LASTS = timedelta(seconds=30)


def open_cycles(runtime: Runtime) -> None:
    now = runtime.clock.now()
    for row in cycles.to_open(runtime.db, iso(now)):
        command = cycle.OpenCycle(now=now)
        runtime.due(cycle.decider, row["cycle_id"], command, "open-cycles", group_id=row["group_id"])


def announce_closing(runtime: Runtime) -> None:
    """S1:33: the day before, with those who still hold an unconfirmed draft; S0:38: with subscribers without an order."""
    now = runtime.clock.now()
    for row in cycles.to_announce(runtime.db, iso(now + DAY_BEFORE)):
        waiting = [draft["household_id"] for draft in drafts.drafts_in(runtime.db, [row["cycle_id"]])]
        missing = households_without_order(runtime, row) if row["contract_id"] else []
        command = cycle.AnnounceClosing(draft_household_ids=waiting, now=now, missing_household_ids=missing)
        runtime.due(cycle.decider, row["cycle_id"], command, "announce-closing", group_id=row["group_id"])


def close_cycles(runtime: Runtime) -> None:
    now = runtime.clock.now()
    for row in cycles.to_close(runtime.db, iso(now)):
        command = cycle.CloseCycle(now=now)
        runtime.due(cycle.decider, row["cycle_id"], command, "close-cycles", group_id=row["group_id"])


def freeze_cycles(runtime: Runtime) -> None:
    """S1:34: regulation is due on the day after closing before noon; then the process finishes by itself."""
    now = runtime.clock.now()
    for row in cycles.to_freeze(runtime.db, iso(now - SOONEST_FREEZE)):
        group = runtime.access.group(row["group_id"])
        zone = group["time_zone"] if group else "UTC"
        if now >= regulation_deadline(datetime.fromisoformat(row["closes_at"]), zone):
            command = cycle.FreezeAggregation(automatic=True)
            runtime.due(cycle.decider, row["cycle_id"], command, "freeze-cycles", group_id=row["group_id"])


def release_holds(runtime: Runtime) -> None:
    """Credit set aside by a process that died before its order was accepted (T18)."""
    for row in credit.waiting(runtime.db, iso(runtime.clock.now() - HOLD_LASTS)):
        crediting.release(runtime, row)


TIMERS = (
    Timer("open-cycles", open_cycles),
    Timer("announce-closing", announce_closing),
    Timer("close-cycles", close_cycles),
    Timer("freeze-cycles", freeze_cycles),
    Timer("release-holds", release_holds, every_s=5.0),
)
