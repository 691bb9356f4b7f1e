"""Turning a template for all groups into a window: what must hold before it is scheduled."""

from __future__ import annotations

from grenier.errors import Invalid
from grenier.language.orders import WindowGroup
from grenier.runtime import Runtime
from orders_svc import asks, window
from orders_svc.catalogue import Catalogue
from orders_svc.views import partners


def command_of(runtime: Runtime, ask: asks.ScheduleWindow, offered: Catalogue) -> window.ScheduleWindow:
    known = {row["group_id"]: row for row in runtime.access.groups_of_host(offered.host_id)}
    _check(ask, offered, set(known))
    groups = [
        WindowGroup(
            group_id=group.group_id,
            cycle_id=window.cycle_id_of(ask.window_id, group.group_id),
            distribution_starts_at=group.distribution_starts_at,
            distribution_ends_at=group.distribution_ends_at,
            place=group.place or known[group.group_id]["place"],
            max_per_group=group.max_per_group,
        )
        for group in ask.groups
    ]
    return window.ScheduleWindow(
        window_id=ask.window_id,
        host_id=offered.host_id,
        catalogue_id=offered.catalogue_id,
        month=offered.month,
        opens_at=ask.opens_at,
        closes_at=ask.closes_at,
        groups=groups,
        tier_rates_bp=partners.rates_of(runtime.db, offered.host_id),
        now=runtime.clock.now(),
    )


def _check(ask: asks.ScheduleWindow, offered: Catalogue, group_ids: set[str]) -> None:
    faults: dict[str, list[str]] = {}
    if ask.closes_at <= ask.opens_at:
        faults["closes_at"] = ["must be after the opening"]
    if len({group.group_id for group in ask.groups}) < len(ask.groups):
        faults["groups"] = ["a group is named twice"]
    product_ids = {item.product_id for item in offered.items}
    for place, group in enumerate(ask.groups):
        at = f"groups.{place}"
        if group.group_id not in group_ids:
            faults[f"{at}.group_id"] = ["is not a group of this host organisation"]
        if group.distribution_starts_at <= ask.closes_at:
            faults[f"{at}.distribution_starts_at"] = ["must be after the closing"]
        if group.distribution_ends_at <= group.distribution_starts_at:
            faults[f"{at}.distribution_ends_at"] = ["must be after the start"]
        if set(group.max_per_group) - product_ids:
            faults[f"{at}.max_per_group"] = ["names a product that is not in the catalogue"]
    if faults:
        raise Invalid(fields=faults)
