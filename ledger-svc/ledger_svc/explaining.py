"""From an amount to the facts behind it: one entry with its postings, lines and the chain of who did what when."""

from __future__ import annotations

from typing import Any

from grenier.readmodel import Database, Row
from ledger_svc.views import chain, committed, entries


def explain(db: Database, entry: Row) -> dict[str, Any]:
    """{"entry", "postings", "lines", "facts"}; facts are in the order of the log: name, at, actor, role,
    on_behalf_of, position, event_id, body, and entry_id for those of the ledger itself."""
    origin = entries.entry(db, entry["reverses"]) if entry["reverses"] else entry
    facts = [_own_fact(entry)]
    if origin is not None:
        facts += chain.behind(
            db,
            entry["household_id"],
            entry_id=origin["entry_id"],
            order_id=origin["order_id"],
            distribution_id=origin["distribution_id"] if origin["kind"] == "goods-charged" else "",
        )
        if origin["entry_id"] != entry["entry_id"]:
            facts.append(_own_fact(origin))
        elif entry["reversed_by"] and (reversal := entries.entry(db, entry["reversed_by"])):
            facts.append(_own_fact(reversal))
    return {
        "entry": entry,
        "postings": entries.postings_of(db, entry["entry_id"]),
        "lines": (origin or entry)["lines"],
        "facts": sorted(facts, key=lambda fact: int(fact["position"])),
    }


def statement(db: Database, household_id: str, *, since: str = "", as_of: str = "") -> dict[str, Any]:
    """Opening balance, each entry with the running balance after it, closing balance; pending orders apart."""
    lines = entries.of_household(db, household_id, since=since, until=as_of)
    opening = entries.effect_before(db, household_id, lines[0]["position"]) if lines else 0
    if not lines and since:
        opening = entries.balance_as_of(db, household_id, as_of or since)
    running = opening
    for line in lines:
        running += line["effect_cents"]
        line["running_cents"] = running
    pending = committed.of_household(db, household_id)
    return {
        "household_id": household_id,
        "as_of": as_of,
        "since": since,
        "opening_cents": opening,
        "closing_cents": running,
        "lines": lines,
        "pending": pending,
        "committed_cents": sum(order["amount_cents"] for order in pending),
    }


def _own_fact(entry: Row) -> Row:
    names = ("event_id", "position", "at", "actor", "role", "on_behalf_of", "entry_id")
    body = {"amount_cents": entry["effect_cents"] or entry["amount_cents"], "reason": entry["reason"]}
    if entry["cheque_number"]:
        body |= {"number": entry["cheque_number"], "bank": entry["cheque_bank"], "holder_id": entry["holder_id"]}
    return {**{name: entry[name] for name in names}, "name": f"ledger.{entry['kind']}", "body": body}
