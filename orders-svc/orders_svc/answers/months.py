"""The month: a group's cycles, all groups × steps of a window, the table product × group. Fixed numbers of reads."""

from __future__ import annotations

from typing import Any

from grenier.readmodel import Row
from grenier.runtime import Runtime
from orders_svc.answers.regulating import deadline, deadline_in, is_over
from orders_svc.pricing import line_amount
from orders_svc.views import catalogues, cycles, drafts, partners, placed, products

BRIEF = (
    "cycle_id",
    "window_id",
    "group_id",
    "host_id",
    "catalogue_id",
    "month",
    "status",
    "opens_at",
    "closes_at",
    "distribution_starts_at",
    "distribution_ends_at",
    "place",
    "announced_at",
    "closed_at",
    "frozen_at",
    "contract_id",
    "producer_id",
    "delivery_id",
    "title",
    "closes_too_late",
    "reason",
)


def brief(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in BRIEF}


def cycles_of(runtime: Runtime, group_id: str) -> list[dict[str, Any]]:
    return _with_figures(runtime, cycles.cycles_of_groups(runtime.db, [group_id]))


def _with_figures(runtime: Runtime, rows: list[Row]) -> list[dict[str, Any]]:
    """Orders, drafts and over-asked products of each cycle; three reads for any number of them."""
    ids = [row["cycle_id"] for row in rows]
    standing, waiting = placed.figures(runtime.db, ids), drafts.counts(runtime.db, ids)
    over: dict[str, int] = {}
    by_id = {row["cycle_id"]: row for row in rows}
    limited = {product_id for row in rows for product_id in row["max_per_group"]}
    for asked in placed.asked_in(runtime.db, ids, limited):
        over[asked["cycle_id"]] = over.get(asked["cycle_id"], 0) + is_over(by_id[asked["cycle_id"]], asked)
    return [
        {
            **brief(row),
            "orders": standing[row["cycle_id"]]["orders"] if row["cycle_id"] in standing else 0,
            "total_cents": standing[row["cycle_id"]]["total_cents"] if row["cycle_id"] in standing else 0,
            "drafts": waiting.get(row["cycle_id"], 0),
            "over_asked": over.get(row["cycle_id"], 0),
        }
        for row in rows
    ]


def cycle_page(runtime: Runtime, row: Row) -> dict[str, Any]:
    """One cycle with its figures and what is on offer in it, at list price and per tier."""
    (figures,) = _with_figures(runtime, [row])
    names = partners.producer_names(runtime.db, row["host_id"])
    return {
        **figures,
        "regulation_deadline": deadline(runtime, row),
        "tiers": partners.tiers_of(runtime.db, row["host_id"]),
        "tier_rates_bp": row["tier_rates_bp"],
        "items": [
            {
                **_public(item),
                "max_per_group": row["max_per_group"].get(item["product_id"], 0),
                "producer_name": names.get(item["producer_id"], ""),
                "unavailable": item["product_id"] in row["unavailable"],
            }
            for item in catalogues.items_of(runtime.db, row["catalogue_id"])
        ],
    }


def _public(item: dict[str, Any]) -> dict[str, Any]:
    """What a producer asks of the host organisation is not for everybody."""
    return {name: value for name, value in item.items() if name != "cost_cents"}


def overview(runtime: Runtime, window: Row, visible: set[str] | None) -> dict[str, Any]:
    """All groups × steps: scheduled, open, closed, over-asked, frozen; exceptions first."""
    groups = {group["group_id"]: group for group in runtime.access.groups_of_host(window["host_id"])}
    rows = _visible(cycles.cycles_of_window(runtime.db, window["window_id"]), visible)
    found = []
    for row in _with_figures(runtime, rows):
        group = groups.get(row["group_id"], {"name": "", "time_zone": "UTC"})
        deadline_at = deadline_in(row, group["time_zone"])
        found.append({**row, "group_name": group["name"], "regulation_deadline": deadline_at})
    found.sort(key=lambda row: (row["status"] == "frozen", -row["over_asked"], row["group_name"], row["group_id"]))
    return {**window, "groups": found}


def _visible(rows: list[Row], visible: set[str] | None) -> list[Row]:
    return [row for row in rows if visible is None or row["group_id"] in visible]


def aggregation(runtime: Runtime, window: Row, visible: set[str] | None) -> dict[str, Any]:
    """S1:134, S1:149: product × group and totals. Frozen groups stand for ever; the others are as asked now."""
    rows = _visible(cycles.cycles_of_window(runtime.db, window["window_id"]), visible)
    names = {group["group_id"]: group["name"] for group in runtime.access.groups_of_host(window["host_id"])}
    groups = [
        {
            "group_id": row["group_id"],
            "cycle_id": row["cycle_id"],
            "name": names.get(row["group_id"], ""),
            "status": row["status"],
        }
        for row in sorted(rows, key=lambda row: (names.get(row["group_id"], ""), row["group_id"]))
    ]
    group_of = {row["cycle_id"]: row["group_id"] for row in rows}
    cells: dict[str, dict[str, int]] = {}
    amounts: dict[str, int] = {}
    for asked in placed.asked_in(runtime.db, group_of):
        cells.setdefault(asked["product_id"], {})[group_of[asked["cycle_id"]]] = asked["quantity"]
        amounts[asked["product_id"]] = amounts.get(asked["product_id"], 0) + asked["amount_cents"]
    producers = partners.producer_names(runtime.db, window["host_id"])
    lines = [
        _line(item, cells[item["product_id"]], amounts[item["product_id"]], producers)
        for item in catalogues.items_of(runtime.db, window["catalogue_id"])
        if item["product_id"] in cells
    ]
    return {
        "window_id": window["window_id"],
        "host_id": window["host_id"],
        "month": window["month"],
        "frozen": bool(window["aggregated_at"]),
        "aggregated_at": window["aggregated_at"],
        "groups": groups,
        "lines": lines,
        "quantity": sum(line["quantity"] for line in lines),
        "amount_cents": sum(line["amount_cents"] for line in lines),
        "cost_cents": sum(line["cost_cents"] for line in lines),
    }


def _line(
    item: dict[str, Any], per_group: dict[str, int], amount_cents: int, producers: dict[str, str]
) -> dict[str, Any]:
    quantity = sum(per_group.values())
    cases, loose = divmod(quantity, max(1, item["case_size"]))
    facts = products.facts_of(item)
    return {
        "product_id": item["product_id"],
        "name": item["name"],
        "category": item["category"],
        "unit_label": item["unit_label"],
        "producer_id": item["producer_id"],
        "producer_name": producers.get(item["producer_id"], ""),
        "per_group": per_group,
        "quantity": quantity,
        "cases": cases,
        "loose": loose,
        "amount_cents": amount_cents,
        "cost_cents": line_amount(facts, item["cost_cents"], quantity),
    }
