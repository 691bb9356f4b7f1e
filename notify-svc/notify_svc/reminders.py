"""Stream `reminders-<group>`: how long before a delivery people are reminded (S0:15), how often of a debt (S0:47)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from grenier.decider import Decider
from grenier.language.notify import RemindersSet

DELIVERY_HOURS = 48
"""Where a group has said nothing."""


class SetReminders(msgspec.Struct, frozen=True, kw_only=True):
    """None leaves a setting as it is."""

    group_id: str
    delivery_hours: int | None = None
    balance_days: int | None = None


class Reminders(msgspec.Struct, frozen=True, kw_only=True):
    """What stands until somebody says otherwise: two days before a delivery, and of debts when somebody presses the button."""

    delivery_hours: int = DELIVERY_HOURS
    balance_days: int = 0


def decide(reminders: Reminders, command: SetReminders) -> Sequence[RemindersSet]:
    hours = reminders.delivery_hours if command.delivery_hours is None else command.delivery_hours
    days = reminders.balance_days if command.balance_days is None else command.balance_days
    if Reminders(delivery_hours=hours, balance_days=days) == reminders:
        return []
    return [RemindersSet(group_id=command.group_id, delivery_hours=hours, balance_days=days)]


def evolve(_reminders: Reminders, event: RemindersSet) -> Reminders:
    return Reminders(delivery_hours=event.delivery_hours, balance_days=event.balance_days)


decider: Decider[Reminders, SetReminders, RemindersSet] = Decider("reminders", Reminders(), decide, evolve)
