"""The shop as one household sees it, its order, and the orders of a cycle. Fixed numbers of reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from grenier.clock import iso
from grenier.decider import Rejected
from grenier.errors import Invalid, NotFound
from grenier.readmodel import Database, Row
from grenier.runtime import Runtime
from orders_svc import asks
from orders_svc.answers.months import brief
from orders_svc.answers.regulating import is_over
from orders_svc.members import Buyer
from orders_svc.ordering import order_id_of
from orders_svc.pricing import line_amount, rate_of, unit_price
from orders_svc.rounds import delivery_day
from orders_svc.sorting import by_category
from orders_svc.views import catalogues, credit, cycles, drafts, partners, placed, products, subscribers


def quantities(lines: Sequence[asks.Line]) -> dict[str, int]:
    """{product id: units}; a product named twice is a mistake of the form, not an order of both."""
    found: dict[str, int] = {}
    for place, line in enumerate(lines):
        if line.product_id in found:
            raise Invalid(fields={f"lines.{place}.product_id": ["is named twice"]})
        found[line.product_id] = line.quantity
    return found


def check_subscribed(runtime: Runtime, cycle_id: str, who: Buyer) -> None:
    """In a round of a contract only those order who have subscribed to it. The cycle of another group is not told about."""
    if not _may_order(runtime, who):
        raise Rejected("not-subscribed", cycle_id=cycle_id, contract_id=who.contract_id)


def _may_order(runtime: Runtime, who: Buyer) -> bool:
    if not who.contract_id or not who.distribution_starts_at:
        return True
    day = delivery_day(datetime.fromisoformat(who.distribution_starts_at), who.time_zone)
    return subscribers.is_subscribed(runtime.db, who.contract_id, who.household_id, day)


def check_takes_drafts(runtime: Runtime, cycle_id: str, who: Buyer, now: datetime) -> None:
    row = _cycle(runtime, cycle_id, who)
    check_subscribed(runtime, cycle_id, who)
    if row["status"] == "cancelled":
        raise Rejected("cycle-cancelled", cycle_id=cycle_id)
    if row["status"] == "scheduled":
        raise Rejected("cycle-not-open", cycle_id=cycle_id, opens_at=row["opens_at"])
    if row["status"] != "open" or row["closes_at"] <= iso(now):
        raise Rejected("cycle-closed", cycle_id=cycle_id, closes_at=row["closes_at"])


def _cycle(runtime: Runtime, cycle_id: str, who: Buyer) -> Row:
    row = cycles.cycle(runtime.db, cycle_id)
    if row is None or row["group_id"] != who.group_id:
        raise NotFound
    return row


# -- the counter -------------------------------------------------------------------------------------------------


def counter(runtime: Runtime, cycle_id: str, who: Buyer) -> dict[str, Any]:
    """Everything on offer at this household's price, with what it has put together and what it has confirmed."""
    db, cycle = runtime.db, _cycle(runtime, cycle_id, who)
    order, lines = _order(db, cycle_id, who.household_id)
    draft = drafts.draft(db, cycle_id, who.household_id)
    asked = {row["product_id"]: row for row in placed.asked_in(db, [cycle_id])}
    producers, tiers = partners.producer_names(db, cycle["host_id"]), partners.tiers_of(db, cycle["host_id"])
    confirmed = {line["product_id"]: line["quantity"] for line in lines}
    wanted = draft["lines"] if draft else {}
    rate_bp = rate_of(cycle["tier_rates_bp"], who.tier)
    items = []
    for item in catalogues.items_of(db, cycle["catalogue_id"]):
        product_id = item["product_id"]
        items.append(
            {
                **_offer(item, rate_bp),
                **_availability(cycle, item, asked.get(product_id), confirmed.get(product_id, 0)),
                "producer_name": producers.get(item["producer_id"], ""),
                "draft_quantity": wanted.get(product_id, 0),
                "confirmed_quantity": confirmed.get(product_id, 0),
            }
        )
    return {
        "cycle": brief(cycle),
        "household": _household(runtime, who, tiers, rate_bp),
        "items": items,
        "order": order,
        "draft": _draft_page(draft, items) if draft else None,
        "credit": _credit(runtime, cycle_id, who),
        "subscribed": _may_order(runtime, who),
        "now": iso(runtime.clock.now()),
    }


def _credit(runtime: Runtime, cycle_id: str, who: Buyer) -> dict[str, Any] | None:
    """What this order may come to before a credit floor, the nearer one of the group's and the contract's (`contract_id`).

    None without a floor, and to whom the account is closed.
    """
    if who.floor_cents is None and who.contract_floor_cents is None:
        return None
    scope = {"group_id": who.group_id, "scope_id": who.contract_id or ""}
    if not who.own and not runtime.access.may(who.actor, "ledger.read", **scope):
        return None
    contract_id = who.contract_id or ""
    means = credit.means_of(runtime.db, who.household_id, contract_id)
    here = order_id_of(cycle_id, who.household_id)
    others = {key: cents for key, cents in means.standing.items() if key not in means.over | {here}}
    limits = [
        _limit("", who.floor_cents, means.balance_cents, sum(others.values())),
        _limit(contract_id, who.contract_floor_cents, means.contract_balance_cents,
               sum(cents for key, cents in others.items() if key in means.of_contract)),
    ]  # fmt: skip
    return min((limit for limit in limits if limit), key=lambda limit: int(limit["available_cents"]))


def _limit(contract_id: str, floor_cents: int | None, balance_cents: int, others_cents: int) -> dict[str, Any] | None:
    if floor_cents is None:
        return None
    return {
        "contract_id": contract_id,
        "floor_cents": floor_cents,
        "balance_cents": balance_cents,
        "committed_cents": others_cents,
        "available_cents": balance_cents - others_cents - floor_cents,
    }


def _order(db: Database, cycle_id: str, household_id: str) -> tuple[Row | None, list[Row]]:
    order = placed.order(db, order_id_of(cycle_id, household_id))
    if order is None or order["status"] != "confirmed":
        return None, []
    return order, placed.lines_of(db, [order["order_id"]])[order["order_id"]]


def _household(runtime: Runtime, who: Buyer, tiers: list[dict[str, Any]], rate_bp: int) -> dict[str, Any]:
    return {
        "household_id": who.household_id,
        "group_id": who.group_id,
        "tier": who.tier,
        "tier_name": next((tier["name"] for tier in tiers if tier["code"] == who.tier), who.tier),
        "rate_bp": rate_bp,
        "valid_until": who.valid_until,
        "active": who.is_active(runtime.clock.now()),
        "own": who.own,
        "role": who.role,
    }


def _offer(item: dict[str, Any], rate_bp: int) -> dict[str, Any]:
    """`unit_price_cents` as printed (per piece or per kg), `one_cents` what one order unit comes to."""
    price = unit_price(item["price_cents"], rate_bp)
    shown = {name: value for name, value in item.items() if name != "cost_cents"}
    return {**shown, "unit_price_cents": price, "one_cents": line_amount(products.facts_of(item), price, 1)}


def _availability(cycle: Row, item: dict[str, Any], asked: Row | None, own: int) -> dict[str, Any]:
    taken = asked["quantity"] if asked else 0
    limit = item["stock_limit"]
    return {
        "unavailable": item["product_id"] in cycle["unavailable"],
        "max_per_group": cycle["max_per_group"].get(item["product_id"], 0),
        "asked": taken,
        "over_asked": is_over(cycle, asked),
        "left": max(0, limit - taken + own) if limit else None,
    }


def _draft_page(draft: Row, items: list[dict[str, Any]]) -> dict[str, Any]:
    total = sum(line_total(item, item["draft_quantity"]) for item in items if not item["unavailable"])
    return {
        "lines": draft["lines"],
        "line_count": draft["line_count"],
        "saved_at": draft["saved_at"],
        "total_cents": total,
    }


def line_total(item: dict[str, Any], quantity: int) -> int:
    return line_amount(products.facts_of(item), item["unit_price_cents"], quantity) if quantity else 0


# -- an order ----------------------------------------------------------------------------------------------------


def order_page(runtime: Runtime, cycle_id: str, who: Buyer) -> dict[str, Any]:
    """The order as it stands with what people read on it; the draft beside it when there is one."""
    db, cycle = runtime.db, _cycle(runtime, cycle_id, who)
    order, lines = _order(db, cycle_id, who.household_id)
    draft = drafts.draft(db, cycle_id, who.household_id)
    tiers = partners.tiers_of(db, cycle["host_id"])
    items = {item["product_id"]: item for item in catalogues.items_of(db, cycle["catalogue_id"])}
    rate_bp = rate_of(cycle["tier_rates_bp"], who.tier)
    return {
        "cycle": brief(cycle),
        "household": _household(runtime, who, tiers, rate_bp),
        "order_id": order_id_of(cycle_id, who.household_id),
        "order": {**order, "lines": named(lines, items)} if order else None,
        "draft": draft,
        "needs_containers": any(items.get(line["product_id"], {}).get("container") for line in lines),
        "now": iso(runtime.clock.now()),
    }


def named(lines: Sequence[Row], items: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines with the words of the catalogue, by category and name."""
    words = ("name", "category", "unit_label", "sale", "portion_g", "container", "producer_id")
    found = []
    for line in lines:
        item = items.get(line["product_id"], {"name": line["product_id"], "category": ""})
        found.append({**line, **{name: item.get(name) for name in words}})
    return sorted(found, key=by_category)


def history_page(runtime: Runtime, order: Row, facts: list[Row]) -> dict[str, Any]:
    cycle = cycles.cycle(runtime.db, order["cycle_id"])
    items = catalogues.items_of(runtime.db, cycle["catalogue_id"]) if cycle else []
    names = {item["product_id"]: item["name"] for item in items}
    return {
        "order": order,
        "cycle": brief(cycle) if cycle else None,
        "facts": facts,
        "names": {product_id: names.get(product_id, product_id) for product_id in _products_in(facts)},
    }


def _products_in(facts: list[Row]) -> set[str]:
    found = {line["product_id"] for row in facts for line in row["facts"].get("lines", [])}
    return found | {row["facts"]["product_id"] for row in facts if "product_id" in row["facts"]}


# -- lists -------------------------------------------------------------------------------------------------------


def cycles_of_person(runtime: Runtime, person_id: str) -> list[dict[str, Any]]:
    """Per own household: cycles to come, open, or waiting for their distribution, rounds of own contracts too; five reads."""
    mine = runtime.access.households_of(person_id)
    now = iso(runtime.clock.now())
    rows = [
        row
        for row in cycles.cycles_of_groups(runtime.db, {row["group_id"] for row in mine}, since=now)
        if row["status"] != "cancelled"
    ]
    household_ids = [row["household_id"] for row in mine]
    mine_in = _own_contracts(runtime, household_ids, rows)
    standing = placed.orders_of(runtime.db, household_ids, [row["cycle_id"] for row in rows])
    orders = {(row["cycle_id"], row["household_id"]): row for row in standing}
    waiting = {(row["cycle_id"], row["household_id"]): row for row in drafts.drafts_of(runtime.db, household_ids)}
    return [
        {
            **brief(cycle),
            "household_id": household["household_id"],
            "order": orders.get((cycle["cycle_id"], household["household_id"])),
            "draft": waiting.get((cycle["cycle_id"], household["household_id"])),
        }
        for cycle in rows
        for household in mine
        if household["group_id"] == cycle["group_id"]
        and (not cycle["contract_id"] or _takes(mine_in, cycle, household["household_id"]))
    ]


def _own_contracts(runtime: Runtime, household_ids: list[str], rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    """{(contract, household): subscriptions}; asked only where there are rounds of contracts at all."""
    found: dict[tuple[str, str], list[Row]] = {}
    if any(row["contract_id"] for row in rows):
        for row in subscribers.subscriptions_of(runtime.db, household_ids):
            found.setdefault((row["contract_id"], row["household_id"]), []).append(row)
    return found


def _takes(mine_in: dict[tuple[str, str], list[Row]], cycle: Row, household_id: str) -> bool:
    # The instant's date is near enough for a list; the order itself is checked by the group's calendar.
    day = cycle["distribution_starts_at"][:10]
    return any(
        row["starts_on"] <= day and (row["ended_on"] is None or row["ended_on"] > day)
        for row in mine_in.get((cycle["contract_id"], household_id), ())
    )


def orders_of_household(runtime: Runtime, household_id: str, limit: int, offset: int) -> dict[str, Any]:
    rows, total = placed.orders_of_household(runtime.db, household_id, limit, offset)
    known = {row["cycle_id"]: row for row in _cycles_by_id(runtime.db, [row["cycle_id"] for row in rows])}
    items = [{**row, "cycle": brief(known[row["cycle_id"]])} for row in rows if row["cycle_id"] in known]
    return {"items": items, "total": total, "limit": limit, "offset": offset}


def _cycles_by_id(db: Database, cycle_ids: Sequence[str]) -> list[Row]:
    import sqlalchemy as sa

    return db.rows(sa.select(cycles.cycles).where(cycles.cycles.c.cycle_id.in_(cycle_ids)))


def orders_of_cycle(runtime: Runtime, cycle: Row, limit: int, offset: int) -> dict[str, Any]:
    """S1:33: what is confirmed, and who has not confirmed yet."""
    rows, total = placed.orders_of_cycle(runtime.db, cycle["cycle_id"], limit, offset)
    lines = placed.lines_of(runtime.db, [row["order_id"] for row in rows])
    items = {item["product_id"]: item for item in catalogues.items_of(runtime.db, cycle["catalogue_id"])}
    waiting = drafts.drafts_in(runtime.db, [cycle["cycle_id"]])
    figures = placed.figures(runtime.db, [cycle["cycle_id"]]).get(cycle["cycle_id"])
    return {
        "cycle": brief(cycle),
        "items": [{**row, "lines": named(lines[row["order_id"]], items)} for row in rows],
        "total": total,
        "total_cents": figures["total_cents"] if figures else 0,
        "limit": limit,
        "offset": offset,
        "drafts": waiting,
    }
