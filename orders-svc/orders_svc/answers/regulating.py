"""What was asked over the maximum, and what each rule would make of it (S1:34)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from grenier.clock import iso
from grenier.readmodel import Row
from grenier.runtime import Runtime
from orders_svc.closing import asked_of, outcome, regulation_deadline
from orders_svc.cycle import Cycle
from orders_svc.pricing import line_amount
from orders_svc.regulation import RULES
from orders_svc.views import catalogues, placed


def preview(state: Cycle, product_id: str) -> dict[str, Any]:
    """Every rule's result for every household, in the order of confirmation; nothing is decided."""
    rules = {rule: outcome(state, product_id, rule) for rule in RULES}
    asked = asked_of(state, product_id)
    item = state.items[product_id]
    households = []
    for each in asked:
        order = state.orders.get(each.household_id)
        assert order is not None
        line = next(line for line in order.lines if line.product_id == product_id)
        households.append(
            {
                "household_id": each.household_id,
                "order_id": order.order_id,
                "asked": each.quantity,
                "asked_cents": line.amount_cents,
                "rules": {rule: granted[each.household_id] for rule, granted in rules.items()},
                "amounts": {
                    rule: line_amount(item.facts, line.unit_price_cents, granted[each.household_id])
                    for rule, granted in rules.items()
                },
            }
        )
    total = sum(each.quantity for each in asked)
    limit = item.max_per_group
    return {
        "cycle_id": state.known.cycle_id,
        "group_id": state.known.group_id,
        "product_id": product_id,
        "name": item.facts.name,
        "unit_label": item.facts.unit_label,
        "status": state.status,
        "limit": limit,
        "asked": total,
        "over": max(0, total - limit) if limit else 0,
        "totals": {rule: sum(granted.values()) for rule, granted in rules.items()},
        "told": {rule: sum(granted[each.household_id] != each.quantity for each in asked) for rule, granted in rules.items()},
        "households": households,
    }  # fmt: skip


def over_asked(runtime: Runtime, cycle: Row) -> dict[str, Any]:
    """Products asked over the group's maximum, by category; and until when they must be regulated."""
    asked = {row["product_id"]: row for row in placed.asked_in(runtime.db, [cycle["cycle_id"]])}
    items = [
        {
            "product_id": item["product_id"],
            "name": item["name"],
            "unit_label": item["unit_label"],
            "limit": cycle["max_per_group"][item["product_id"]],
            "asked": asked[item["product_id"]]["quantity"],
            "orders": asked[item["product_id"]]["orders"],
        }
        for item in catalogues.items_of(runtime.db, cycle["catalogue_id"])
        if is_over(cycle, asked.get(item["product_id"]))
    ]
    return {
        "cycle_id": cycle["cycle_id"],
        "group_id": cycle["group_id"],
        "status": cycle["status"],
        "deadline": deadline(runtime, cycle),
        "items": items,
    }


def is_over(cycle: Row, asked: Row | None) -> bool:
    if asked is None:
        return False
    limit = cycle["max_per_group"].get(asked["product_id"], 0)
    return bool(limit) and asked["quantity"] > limit


def deadline(runtime: Runtime, cycle: Row) -> str:
    """Noon of the day after closing where the group lives, as an instant."""
    group = runtime.access.group(cycle["group_id"])
    return deadline_in(cycle, group["time_zone"] if group else "UTC")


def deadline_in(cycle: Row, zone: str) -> str:
    return iso(regulation_deadline(datetime.fromisoformat(cycle["closes_at"]), zone))
