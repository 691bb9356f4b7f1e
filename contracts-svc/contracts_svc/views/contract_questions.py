"""Questions about contracts: lists of a group, a producer, the public; versions; days of delivery; what ends soon."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from contracts_svc.views.contracts import contracts, deliveries, steps, versions
from contracts_svc.views.federation import producers
from contracts_svc.views.subscriptions import subscriptions
from grenier.readmodel import Database, Row

# Short lists need no terms.
_SHORT = [column for column in contracts.columns if column.name != "terms"]
_NEWEST_FIRST = (contracts.c.starts_on.desc(), contracts.c.title, contracts.c.complement, contracts.c.contract_id)
PUBLIC = ("opened",)


def contract(db: Database, contract_id: str) -> Row | None:
    return db.row(sa.select(contracts).where(contracts.c.contract_id == contract_id))


def of_group(
    db: Database, group_id: str, statuses: Iterable[str] = (), producer_id: str = "", contract_id: str = ""
) -> list[Row]:
    query = sa.select(*_SHORT).where(contracts.c.group_id == group_id)
    if wanted := sorted(statuses):
        query = query.where(contracts.c.status.in_(wanted))
    if producer_id:
        query = query.where(contracts.c.producer_id == producer_id)
    if contract_id:
        query = query.where(contracts.c.contract_id == contract_id)
    return db.rows(query.order_by(*_NEWEST_FIRST))


def of_producer(db: Database, producer_id: str) -> list[Row]:
    return db.rows(sa.select(*_SHORT).where(contracts.c.producer_id == producer_id).order_by(*_NEWEST_FIRST))


def published(db: Database, group_id: str) -> list[Row]:
    """With their terms: what the public page of the group shows."""
    query = sa.select(contracts).where(contracts.c.group_id == group_id, contracts.c.status.in_(PUBLIC))
    return db.rows(query.order_by(*_NEWEST_FIRST))


def ending(db: Database, group_id: str, until_on: str) -> list[Row]:
    """Opened or ended, over by this day, and nobody has renewed them yet."""
    query = sa.select(*_SHORT).where(
        contracts.c.group_id == group_id, contracts.c.status.in_(("opened", "ended")),
        contracts.c.ends_on <= until_on, contracts.c.renewed_by == "",
    )  # fmt: skip
    return db.rows(query.order_by(contracts.c.ends_on, contracts.c.title, contracts.c.contract_id))


def signing_over(db: Database, day: str) -> list[Row]:
    """Opened ones whose last day of signing up lies before this day."""
    query = sa.select(*_SHORT).where(
        contracts.c.status == "opened", contracts.c.signing_closed == 0, contracts.c.signing_closes_on < day
    )
    return db.rows(query.order_by(contracts.c.contract_id))


def versions_of(db: Database, contract_id: str) -> list[Row]:
    return db.rows(sa.select(versions).where(versions.c.contract_id == contract_id).order_by(versions.c.version))


def steps_of(db: Database, contract_id: str) -> list[Row]:
    columns = [column for column in steps.columns if column.name != "contract_id"]
    return db.rows(sa.select(*columns).where(steps.c.contract_id == contract_id).order_by(steps.c.revision))


def deliveries_of(db: Database, contract_ids: Sequence[str]) -> dict[str, list[Row]]:
    """{contract: its deliveries by day}, those cancelled among them."""
    query = sa.select(deliveries).where(deliveries.c.contract_id.in_(list(contract_ids)))
    found: dict[str, list[Row]] = {contract_id: [] for contract_id in contract_ids}
    for row in db.rows(query.order_by(deliveries.c.day, deliveries.c.starts, deliveries.c.place_in_terms)):
        found[row["contract_id"]].append(plain_delivery(row))
    return found


def deliveries_on(db: Database, group_id: str, from_on: str, until_on: str) -> list[Row]:
    """Deliveries of opened and ended contracts in a stretch of days, with contract, title and producer."""
    query = (
        sa.select(
            deliveries, contracts.c.title, contracts.c.complement, contracts.c.producer_id, contracts.c.basket_kind,
            contracts.c.status,
        )
        .join(contracts, contracts.c.contract_id == deliveries.c.contract_id)
        .where(deliveries.c.group_id == group_id, deliveries.c.day >= from_on, deliveries.c.day <= until_on)
        .where(contracts.c.status.in_(("opened", "ended")))
    )  # fmt: skip
    rows = db.rows(query.order_by(deliveries.c.day, deliveries.c.starts, contracts.c.title, deliveries.c.delivery_id))
    return [plain_delivery(row) | {"contract_id": row["contract_id"]} for row in rows]


def plain_delivery(row: Row) -> Row:
    hidden = ("contract_id", "group_id", "place_in_terms", "day")
    kept = {str(name): value for name, value in row.items() if name not in hidden}
    return {**kept, "on": row["day"], "cancelled": bool(row["cancelled"])}


def figures(db: Database, contract_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """{contract: {subscriptions: {confirmed, to_confirm, waiting}, amount_cents}}; the amount of those with a place."""
    query = (
        sa.select(
            subscriptions.c.contract_id, subscriptions.c.state, sa.func.count().label("number"),
            sa.func.sum(subscriptions.c.amount_cents).label("cents"),
        )
        .where(subscriptions.c.contract_id.in_(list(contract_ids)))
        .group_by(subscriptions.c.contract_id, subscriptions.c.state)
    )  # fmt: skip
    found: dict[str, dict[str, Any]] = {
        contract_id: {"subscriptions": {"confirmed": 0, "to_confirm": 0, "waiting": 0}, "amount_cents": 0}
        for contract_id in contract_ids
    }
    for row in db.rows(query):
        of = found[row["contract_id"]]
        if row["state"] in of["subscriptions"]:
            of["subscriptions"][row["state"]] = int(row["number"])
        if row["state"] in ("confirmed", "to_confirm", "ended"):
            of["amount_cents"] += int(row["cents"])
    return found


def producer_names(db: Database, producer_ids: Iterable[str]) -> dict[str, str]:
    query = sa.select(producers.c.producer_id, producers.c.name).where(
        producers.c.producer_id.in_(sorted(set(producer_ids)))
    )
    return {row["producer_id"]: row["name"] for row in db.rows(query)}


def producer(db: Database, producer_id: str) -> Row | None:
    return db.row(sa.select(producers).where(producers.c.producer_id == producer_id))
