"""The order rounds of a contract as its coordinator looks at them (S0:32-40). Fixed numbers of reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from grenier.clock import iso
from grenier.readmodel import Row
from grenier.runtime import Runtime
from orders_svc.answers.months import _with_figures, cycle_page
from orders_svc.rounds import delivery_day
from orders_svc.views import cycles, parcels, placed, subscribers, supply

NO_PARCELS = {"expected": 0, "received": 0, "handed_over": 0, "incomplete": 0, "total": 0, "closed": 0}


def subscribed_households(runtime: Runtime, row: Row) -> list[str]:
    """Ids of the households that take this round's delivery; `row` has contract_id, group_id, distribution_starts_at."""
    group = runtime.access.group(row["group_id"])
    zone = str(group["time_zone"]) if group else "UTC"
    day = delivery_day(datetime.fromisoformat(row["distribution_starts_at"]), zone)
    return subscribers.households_of(runtime.db, row["contract_id"], day)


def households_without_order(runtime: Runtime, row: Row) -> list[str]:
    """S0:38: those who are to be called again."""
    ordered = set(placed.households_with_order(runtime.db, row["cycle_id"]))
    return [household_id for household_id in subscribed_households(runtime, row) if household_id not in ordered]


def rounds_of(runtime: Runtime, *contract_ids: str) -> list[dict[str, Any]]:
    """Every round with its figures, its parcels and its producer's sheet, by delivery."""
    rows = cycles.rounds_of(runtime.db, contract_ids)
    boxes = parcels.figures(runtime.db, [row["cycle_id"] for row in rows])
    sheets = {row["cycle_id"]: row for row in supply.of_contracts(runtime.db, contract_ids)}
    return [
        {
            **row,
            "parcels": boxes.get(row["cycle_id"], NO_PARCELS),
            "supplier_order": _sheet(sheets.get(row["cycle_id"])),
        }
        for row in _with_figures(runtime, rows)
    ]


def _sheet(row: Row | None) -> dict[str, Any] | None:
    names = ("supplier_order_id", "status", "cost_cents", "placed_at", "sent_at", "acknowledged_at")
    return {name: row[name] for name in names} if row else None


def round_page(runtime: Runtime, row: Row) -> dict[str, Any]:
    """One round with everything its coordinator needs for the next step."""
    sheets = supply.supplier_orders_where(runtime.db, cycle_id=row["cycle_id"])
    subscribed = subscribed_households(runtime, row)
    ordered = set(placed.households_with_order(runtime.db, row["cycle_id"]))
    return {
        **cycle_page(runtime, row),
        "subscribers": len(subscribed),
        "missing_household_ids": [household_id for household_id in subscribed if household_id not in ordered],
        "reminded_at": row["reminded_at"],
        "parcels": parcels.figures(runtime.db, [row["cycle_id"]]).get(row["cycle_id"], NO_PARCELS),
        "supplier_order": _sheet(sheets[0] if sheets else None),
        "now": iso(runtime.clock.now()),
    }


def parcels_page(runtime: Runtime, row: Row, limit: int, offset: int) -> dict[str, Any]:
    """S0:39: parcel by parcel, with what is missing; a page of them and the figures of all."""
    rows = parcels.parcels_of(runtime.db, row["cycle_id"])
    names = ("cycle_id", "contract_id", "group_id", "title", "status", "distribution_starts_at", "place")
    return {
        "cycle": {name: row[name] for name in names},
        "items": rows[offset : offset + limit],
        "total": len(rows),
        "limit": limit,
        "offset": offset,
        "figures": parcels.figures(runtime.db, [row["cycle_id"]]).get(row["cycle_id"], NO_PARCELS),
    }
