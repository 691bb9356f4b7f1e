"""The accounts of a contract as its coordinator and its eaters look at them (S0:42-49). Fixed numbers of reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grenier.readmodel import Database, Row
from ledger_svc.views import committed, contracts, entries


def accounts(db: Database, contract: Row, *, negative: bool, page: int, size: int) -> dict[str, Any]:
    """One page of households with their balance in the contract, deepest in the red first; figures of all of them."""
    rows = contracts.households_of(db, contract["contract_id"])
    asked = contracts.requests_of(db, contract["contract_id"])
    open_orders: dict[str, int] = {}
    for order in committed.of_contract(db, contract["contract_id"]):
        if order["state"] == "open":
            open_orders[order["household_id"]] = open_orders.get(order["household_id"], 0) + order["amount_cents"]
    shown = [row for row in rows if not negative or row["balance_cents"] < 0]
    start = (page - 1) * size
    items = [
        {
            **row,
            "committed_cents": open_orders.get(row["household_id"], 0),
            "request": asked.get(row["household_id"]) if row["balance_cents"] < 0 else None,
            "prepaid": row["paid_cents"] >= contract["prepayment_cents"],
        }
        for row in shown[start : start + size]
    ]
    return {"contract": contract, "items": items, "total": len(shown), "page": page, "size": size, **figures(rows)}


def figures(rows: Sequence[Row]) -> dict[str, int]:
    red = [row["balance_cents"] for row in rows if row["balance_cents"] < 0]
    return {
        "households": len(rows),
        "sum_cents": sum(row["balance_cents"] for row in rows),
        "charged_cents": sum(row["charged_cents"] for row in rows),
        "paid_cents": sum(row["paid_cents"] for row in rows),
        "negative": len(red),
        "negative_cents": sum(red),
    }


def statement(db: Database, contract_id: str, household_id: str, *, since: str = "", as_of: str = "") -> dict[str, Any]:
    """Each entry of the contract with the running balance; `as_of` and `since` are instants, both included."""
    known = {row["entry_id"]: row for row in entries.by_ids(
        db, [row["entry_id"] for row in contracts.effects_of(db, contract_id, household_id)])}  # fmt: skip
    opening, running, lines = 0, 0, []
    for effect in contracts.effects_of(db, contract_id, household_id):
        if as_of and effect["at"] > as_of:
            break
        running += effect["effect_cents"]
        if since and effect["at"] < since:
            opening = running
            continue
        entry = known[effect["entry_id"]]
        lines.append({**entry, "effect_cents": effect["effect_cents"], "running_cents": running})
    pending = [order for order in committed.of_household(db, household_id) if order["contract_id"] == contract_id]
    return {
        "contract_id": contract_id,
        "household_id": household_id,
        "as_of": as_of,
        "since": since,
        "opening_cents": opening,
        "closing_cents": running,
        "lines": lines,
        "pending": pending,
        "committed_cents": sum(order["amount_cents"] for order in pending),
        "statements": contracts.statements_of(db, contract_id=contract_id, household_id=household_id),
    }


def anomalies(db: Database, contract: Row) -> dict[str, Any]:
    """What a supervisor should look at (S0:44), each with its household and the amount in question.

    negative: the household owes; not-collected: ordered, and the delivery closed without it; differs: charged another
    amount than ordered; no-prepayment: less was deposited than the contract asks; not-subscribed: entries without a
    subscription.
    """
    contract_id = contract["contract_id"]
    rows = contracts.households_of(db, contract_id)
    found: list[dict[str, Any]] = []
    for row in rows:
        if row["balance_cents"] < 0:
            found.append(_flaw("negative", row["household_id"], row["balance_cents"]))
        if row["subscribed"] and row["paid_cents"] < contract["prepayment_cents"]:
            lacking = row["paid_cents"] - contract["prepayment_cents"]
            found.append(_flaw("no-prepayment", row["household_id"], lacking))
        if not row["subscribed"]:
            found.append(_flaw("not-subscribed", row["household_id"], row["balance_cents"]))
    orders = committed.of_contract(db, contract_id)
    charged = {row["entry_id"]: row for row in entries.by_ids(
        db, [order["entry_id"] for order in orders if order["entry_id"]])}  # fmt: skip
    for order in orders:
        if order["state"] == "closed":
            found.append(_flaw("not-collected", order["household_id"], order["amount_cents"], order))
        entry = charged.get(order["entry_id"])
        if entry is not None and entry["amount_cents"] != order["amount_cents"]:
            difference = entry["amount_cents"] - order["amount_cents"]
            found.append(_flaw("differs", order["household_id"], difference, order))
    return {"contract": contract, "items": found}


def _flaw(kind: str, household_id: str, amount_cents: int, order: Row | None = None) -> dict[str, Any]:
    told = {name: order[name] for name in ("order_id", "cycle_id", "entry_id")} if order else {}
    return {"kind": kind, "household_id": household_id, "amount_cents": amount_cents,
            "order_id": "", "cycle_id": "", "entry_id": "", **told}  # fmt: skip


def settlement(db: Database, contract: Row) -> dict[str, Any]:
    """S0:49, before anything is done: what each household has or owes, and what may be done about it.

    `act` is what is proposed: "refund", "request", or "transfer" where the household goes on in a contract that renews
    this one; "" when its account is settled.
    """
    contract_id = contract["contract_id"]
    others = [
        row
        for row in contracts.contracts_of_group(db, contract["group_id"])
        if row["contract_id"] != contract_id and row["status"] == "opened"
    ]
    members = contracts.subscribed(db, [row["contract_id"] for row in others])
    asked = contracts.requests_of(db, contract_id)
    rows = contracts.households_of(db, contract_id)
    waiting = {order["household_id"] for order in committed.of_contract(db, contract_id) if order["state"] == "open"}
    items = []
    for row in rows:
        mine = [other for other in others if (other["contract_id"], row["household_id"]) in members]
        following = next((other["contract_id"] for other in mine if other["renews"] == contract_id), "")
        items.append(
            {
                "household_id": row["household_id"],
                "balance_cents": row["balance_cents"],
                "act": _proposed(row["balance_cents"], following),
                "to_contract_id": following,
                "contracts": [{name: other[name] for name in ("contract_id", "title")} for other in mine],
                "request": asked.get(row["household_id"]) if row["balance_cents"] < 0 else None,
                "orders_waiting": row["household_id"] in waiting,
            }
        )
    totals = {act: sum(item["balance_cents"] for item in items if item["act"] == act)
              for act in ("refund", "request", "transfer")}  # fmt: skip
    return {"contract": contract, "items": items, "totals": totals, **figures(rows)}


def _proposed(balance_cents: int, following: str) -> str:
    if not balance_cents:
        return ""
    return "transfer" if following else ("refund" if balance_cents > 0 else "request")
