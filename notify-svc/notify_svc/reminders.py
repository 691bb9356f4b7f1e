"""Stream `reminders-<group>`: how long before a delivery a group's people are reminded (S0:15)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from grenier.decider import Decider
from grenier.language.notify import RemindersSet

DEFAULT_HOURS = 48


class SetReminders(msgspec.Struct, frozen=True, kw_only=True):
    group_id: str
    delivery_hours: int


# The state is the hours; the default stands for itself until somebody says otherwise.
def decide(hours: int, command: SetReminders) -> Sequence[RemindersSet]:
    if command.delivery_hours == hours:
        return []
    return [RemindersSet(group_id=command.group_id, delivery_hours=command.delivery_hours)]


def evolve(_hours: int, event: RemindersSet) -> int:
    return event.delivery_hours


decider: Decider[int, SetReminders, RemindersSet] = Decider("reminders", DEFAULT_HOURS, decide, evolve)
