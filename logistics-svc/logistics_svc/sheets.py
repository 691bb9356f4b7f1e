"""What is shown and printed of a day: orders with what was done, cutting sheet, sign-off sheet, inventory. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Any

from grenier.clock import iso
from grenier.language.orders import CatalogueItem
from logistics_svc.cutting import plan_cuts
from logistics_svc.distribution.serving import OrderedLine, ordered_lines, served_lines, total_cents
from logistics_svc.distribution.state import Day, Delivered
from logistics_svc.plain import plain

Sheet = dict[str, Any]


def household_sheet(day: Day, household_id: str) -> Sheet:
    """A household's order as things stand: each line with its share, price and what was done to it."""
    guest = day.guest(household_id)
    lines = ordered_lines(day, household_id)
    extras = [line for line in served_lines(day, household_id) if line.kind != "ordered"]
    signed = guest.signed
    return {
        "household_id": household_id,
        "tier": guest.tier,
        "order_id": guest.order_id,
        "state": "served" if signed else "checked-in" if guest.checked_in else "expected",
        "slot": _slot(day, guest.slot_id),
        "call": guest.call,
        "lines": [_line(line) for line in lines],
        "substitutions": plain(guest.substitutions.values()),
        "surplus": plain(guest.surplus.values()),
        "ordered_cents": sum(line.amount_cents for line in guest.lines.values()),
        "total_cents": signed.total_cents if signed else total_cents(served_lines(day, household_id)),
        "extras_cents": total_cents(extras),
        "sign_off_id": signed.sign_off_id if signed else None,
        "served_lines": plain(signed.lines if signed else served_lines(day, household_id)),
    }


def _line(line: OrderedLine) -> Sheet:
    return {
        **_product(line.item),
        "ordered": line.ordered,
        "allotted": line.allotted,
        "missing": line.missing,
        "replaced": line.replaced,
        "quantity": line.quantity,
        "weight_g": line.weight_g,
        "weighed": line.weighed,
        "unit_price_cents": line.unit_price_cents,
        "amount_cents": line.amount_cents,
    }


def _product(item: CatalogueItem) -> Sheet:
    return {
        "product_id": item.product_id,
        "name": item.facts.name,
        "category": item.facts.category,
        "unit_label": item.facts.unit_label,
        "sale": item.facts.sale,
        "portion_g": item.facts.portion_g,
    }


def _slot(day: Day, slot_id: str) -> Sheet | None:
    assert day.plan is not None
    found = next((slot for slot in day.plan.slots if slot.slot_id == slot_id), None)
    if found is None:
        return None
    return {"slot_id": slot_id, "tier": found.tier, "starts_at": iso(found.starts_at), "ends_at": iso(found.ends_at)}


def cutting_sheets(day: Day) -> list[Sheet]:
    """Weighed products that somebody ordered, with how many lines are already on the scale."""
    found = []
    for item in day.items.values():
        lines = _lines_of(day, item.product_id) if item.facts.sale == "weighed" else []
        if lines:
            weighed = sum(1 for _, line in lines if line.weighed)
            found.append({**_product(item), "portions": len(lines), "weighed": weighed})
    return found


def cutting_sheet(day: Day, product_id: str) -> Sheet:
    """A household's portions are cut as one piece."""
    item, lines = day.items[product_id], _lines_of(day, product_id)
    cuts = plan_cuts([line.quantity * item.facts.portion_g for _, line in lines], item.facts.whole_piece_g)
    return {
        **_product(item),
        "groups": [{"weight_g": group.weight_g, "portions": group.portions} for group in cuts.groups],
        "portions": cuts.portions,
        "total_g": cuts.total_g,
        "margin_g": cuts.margin_g,
        "whole_piece_g": cuts.whole_piece_g,
        "pieces": len(cuts.pieces),
        "plan": cuts.pieces,
        "rest_g": cuts.rest_g,
        "lines": [
            {
                **_line(line),
                "household_id": household_id,
                "slot_id": day.guest(household_id).slot_id,
                "ordered_g": line.quantity * item.facts.portion_g,
                "served": day.guest(household_id).signed is not None,
            }
            for household_id, line in sorted(lines, key=lambda entry: (-entry[1].quantity, entry[0]))
        ],
    }


def _lines_of(day: Day, product_id: str) -> list[tuple[str, OrderedLine]]:
    found = []
    for household_id, guest in day.guests.items():
        if product_id in guest.lines:
            line = next(line for line in ordered_lines(day, household_id) if line.item.product_id == product_id)
            if line.quantity:
                found.append((household_id, line))
    return found


def signoff_sheet(day: Day) -> Sheet:
    """Households by slot with what each takes, and the totals by product."""
    totals: Counter[str] = Counter()
    rows = []
    for household_id, guest in day.guests.items():
        if not guest.order_id:
            continue
        sheet = household_sheet(day, household_id)
        totals.update({line["product_id"]: line["quantity"] for line in sheet["lines"]})
        rows.append({**sheet, "slot_id": guest.slot_id})
    return {
        "households": sorted(rows, key=lambda row: (row["slot_id"], row["household_id"])),
        "totals": [
            {**_product(item), "quantity": totals[item.product_id]} for item in day.items.values()
            if totals[item.product_id]
        ],
    }  # fmt: skip


def inventory(day: Day) -> list[Sheet]:
    """Per product: ordered, delivered, handed out, on hand, promised to those still expected."""
    ordered: Counter[str] = Counter()
    handed: Counter[str] = Counter()
    awaited: Counter[str] = Counter()
    for household_id, guest in day.guests.items():
        for product_id, line in guest.lines.items():
            ordered[product_id] += line.quantity
            awaited[product_id] += 0 if guest.signed else day.quantity(household_id, product_id)
        for served in guest.signed.lines if guest.signed else ():
            handed[served.product_id] += served.quantity
    return [
        {
            **_product(item),
            "ordered": ordered[item.product_id],
            "delivered": day.delivered.get(item.product_id, Delivered()).received,
            "handed_out": handed[item.product_id],
            "on_hand": day.on_hand(item.product_id),
            "awaited": awaited[item.product_id],
            "promised": day.promised(item.product_id),
        }
        for item in day.items.values()
        if ordered[item.product_id] or item.product_id in day.delivered or day.on_hand(item.product_id)
    ]
