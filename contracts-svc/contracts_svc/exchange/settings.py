"""How a group runs its basket exchange (S4:5), decided in the group's own stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from grenier.errors import Invalid
from grenier.language.exchange import ExchangeSettingsChanged

LEAST_CUTOFF_H, MOST_CUTOFF_H = 1, 14 * 24
LEAST_MONTHS, MOST_MONTHS = 6, 120
MOST_NOTE = 2_000


class ExchangeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`cutoff_hours` before a distribution nobody asks or accepts any more; after `purge_months` pairs are forgotten."""

    enabled: bool = False
    cutoff_hours: int = 24
    federated: bool = False
    members_only: bool = False
    purge_months: int = 18
    referent_id: str = ""
    note: str = ""
    mailbox: str = ""
    tell_members: bool = False


class ChangeExchangeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """None leaves a setting as it is."""

    group_id: str
    enabled: bool | None = None
    cutoff_hours: int | None = None
    federated: bool | None = None
    members_only: bool | None = None
    purge_months: int | None = None
    referent_id: str | None = None
    note: str | None = None
    mailbox: str | None = None
    tell_members: bool | None = None


NAMES = ExchangeSettings.__struct_fields__


def default_settings(kind: str) -> ExchangeSettings:
    """The space is open from the start in an AMAP, where baskets are; elsewhere it is opened when wanted."""
    return ExchangeSettings(enabled=kind == "csa")


def settings_of(kind: str, chosen: Mapping[str, Any]) -> ExchangeSettings:
    """What was chosen so far, over what holds from the start."""
    return msgspec.structs.replace(default_settings(kind), **chosen)


def change_exchange(
    kind: str, chosen: Mapping[str, Any], command: ChangeExchangeSettings
) -> list[ExchangeSettingsChanged]:
    """The settings that really change, in one event; raises Invalid with every field that is out of its bounds."""
    check(command)
    present = settings_of(kind, chosen)
    asked = {name: getattr(command, name) for name in NAMES}
    changed = {name: value for name, value in asked.items() if value is not None and value != getattr(present, name)}
    return [ExchangeSettingsChanged(group_id=command.group_id, **changed)] if changed else []


def check(command: ChangeExchangeSettings) -> None:
    errors: dict[str, list[str]] = {}
    if command.cutoff_hours is not None and not LEAST_CUTOFF_H <= command.cutoff_hours <= MOST_CUTOFF_H:
        errors["cutoff_hours"] = [f"Between {LEAST_CUTOFF_H} and {MOST_CUTOFF_H} hours."]
    if command.purge_months is not None and not LEAST_MONTHS <= command.purge_months <= MOST_MONTHS:
        errors["purge_months"] = [f"Between {LEAST_MONTHS} and {MOST_MONTHS} months."]
    if command.note is not None and len(command.note) > MOST_NOTE:
        errors["note"] = [f"At most {MOST_NOTE} characters."]
    if errors:
        raise Invalid(fields=errors)


def chosen_by(event: ExchangeSettingsChanged) -> dict[str, Any]:
    """The settings that an event names, without those it leaves alone."""
    return {name: value for name in NAMES if (value := getattr(event, name)) is not None}
