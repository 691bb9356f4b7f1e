"""What waits for a person in this service: facts and deadlines for the home page, nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from grenier.clock import iso
from grenier.language.roles import PERMISSIONS
from grenier.runtime import Runtime
from orders_svc.answers.months import _with_figures
from orders_svc.answers.regulating import deadline_in
from orders_svc.answers.rounds import rounds_of
from orders_svc.answers.shop import cycles_of_person
from orders_svc.views import catalogues, cycles, subscribers, supply

# Unconfirmed drafts are shown to organisers from two days before closing: one day earlier than the reminders go out.
DRAFTS_SHOWN = timedelta(days=2)
# What a round asks of its coordinator stands on the home page so long before.
ROUND_SHOWN = timedelta(days=5)


def of(runtime: Runtime, person_id: str) -> dict[str, Any]:
    now = runtime.clock.now()
    return {
        "my_orders": [cycle for cycle in cycles_of_person(runtime, person_id) if cycle["status"] == "open"],
        **_organising(runtime, person_id, now),
        **_centre(runtime, person_id, now),
        "rounds": _rounds(runtime, person_id, now),
        "acknowledge": _acknowledge(runtime, person_id),
        "now": iso(now),
    }


def _organising(runtime: Runtime, person_id: str, now: datetime) -> dict[str, Any]:
    group_ids = runtime.access.groups_where(person_id, "orders.regulate")
    if not group_ids:
        return {"regulate": [], "drafts": []}
    rows = [
        row
        for row in cycles.cycles_of_groups(runtime.db, group_ids, since=iso(now))
        if row["status"] in ("open", "closed") and not row["contract_id"]
    ]
    found = _with_figures(runtime, rows)
    groups = {group_id: runtime.access.group(group_id) for group_id in {row["group_id"] for row in found}}
    soon = iso(now + DRAFTS_SHOWN)
    regulate, waiting = [], []
    for row in found:
        group = groups[row["group_id"]] or {"time_zone": "UTC", "name": ""}
        shown = {**row, "group_name": group["name"], "regulation_deadline": deadline_in(row, group["time_zone"])}
        if row["status"] == "closed":
            regulate.append(shown)
        elif row["drafts"] and row["closes_at"] <= soon:
            waiting.append(shown)
    return {"regulate": regulate, "drafts": waiting}  # fmt: skip


def _rounds(runtime: Runtime, person_id: str, now: datetime) -> list[dict[str, Any]]:
    """S0:36-40: the rounds that ask something of their coordinator now, each with its next `step`."""
    roles = runtime.access.roles_of(person_id)
    own = {
        row["scope_id"]
        for row in roles
        if row["scope_kind"] == "contract" and "orders.regulate" in PERMISSIONS.get(row["role"], ())
    }
    own |= subscribers.contracts_in(runtime.db, runtime.access.groups_where(person_id, "orders.regulate"))
    found = []
    for row in rounds_of(runtime, *sorted(own)):
        step = _step(row, iso(now), iso(now + ROUND_SHOWN))
        if step:
            found.append({**row, "step": step})
    return found


def _step(row: dict[str, Any], now: str, soon: str) -> str:
    """What comes next in a round; "" when it waits for nobody."""
    sheet = row["supplier_order"]
    if row["closes_too_late"] and row["status"] in ("scheduled", "open"):
        return "closes-too-late"
    if row["status"] == "scheduled" and row["opens_at"] <= soon:
        return "prepare"
    if row["status"] == "closed":
        return "freeze"
    if sheet and sheet["status"] == "placed":
        return "send"
    parcels = row["parcels"]
    open_parcels = parcels["total"] and not parcels["closed"] and parcels["handed_over"] < parcels["total"]
    return "parcels" if row["status"] == "frozen" and open_parcels and row["distribution_starts_at"] <= soon else ""


def _centre(runtime: Runtime, person_id: str, now: datetime) -> dict[str, Any]:
    """Months without a catalogue, catalogues without a window, supplier orders not sent."""
    release, schedule, send = [], [], []
    for host_id in _hosts_where(runtime, person_id, "orders.catalogue"):
        known = catalogues.released(runtime.db, host_id)
        scheduled = {row["catalogue_id"] for row in cycles.windows_of(runtime.db, host_id)}
        months = {row["month"] for row in known}
        month = iso(now)[:7]
        if month not in months:
            release.append({"host_id": host_id, "month": month})
        of_months_with_window = {row["month"] for row in known if row["catalogue_id"] in scheduled}
        schedule += [row for row in known if row["month"] >= month and row["month"] not in of_months_with_window]
        placed = supply.supplier_orders_where(runtime.db, host_id=host_id, status="placed")
        send += [row for row in placed if not row["contract_id"]]
    return {"release": release, "schedule": schedule, "send": send}


def _acknowledge(runtime: Runtime, person_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for row in runtime.access.roles_of(person_id):
        if row["role"] == "producer":
            found += supply.supplier_orders_where(runtime.db, producer_id=row["scope_id"], status="sent")
    return found


def _hosts_where(runtime: Runtime, person_id: str, permission: str) -> list[str]:
    roles = runtime.access.roles_of(person_id)
    held = (row for row in roles if row["scope_kind"] == "federation")
    return sorted({row["scope_id"] for row in held if permission in PERMISSIONS.get(row["role"], ())})
