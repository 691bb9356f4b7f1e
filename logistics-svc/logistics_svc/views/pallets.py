"""What stands on which pallet, and how far each group's delivery is (S1:135, S1:136)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from grenier.language import logistics as facts
from grenier.readmodel import Database, Fact, Json, Row, Rows, View
from logistics_svc.plain import plain

_meta = sa.MetaData()
pallets = sa.Table(
    "pallets_pallets",
    _meta,
    sa.Column("pallet_id", sa.Text, primary_key=True),
    sa.Column("delivery_id", sa.Text, nullable=False, index=True),
    sa.Column("distribution_id", sa.Text, nullable=False),
    sa.Column("window_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("host_id", sa.Text, nullable=False, index=True),
    sa.Column("month", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("weight_g", sa.Integer, nullable=False),
    sa.Column("lines", Json, nullable=False),
    sa.Column("prepared", Json),
    sa.Column("differences", Json),
    sa.Column("prepared_at", sa.Text),
    sa.Column("prepared_by", sa.Text),
)
deliveries = sa.Table(
    "pallets_deliveries",
    _meta,
    sa.Column("delivery_id", sa.Text, primary_key=True),
    sa.Column("distribution_id", sa.Text, nullable=False, index=True),
    sa.Column("window_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("host_id", sa.Text, nullable=False, index=True),
    sa.Column("month", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("pallets", sa.Integer, nullable=False),
    sa.Column("pallets_prepared", sa.Integer, nullable=False),
    sa.Column("weight_g", sa.Integer, nullable=False),
    sa.Column("missing", sa.Integer, nullable=False),
    sa.Column("lines", Json, nullable=False),
    sa.Column("dispatched_at", sa.Text),
    sa.Column("received_at", sa.Text),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case facts.PalletPlanned() as e:
            _plan(rows, e)
        case facts.PalletPrepared() as e:
            _prepare(rows, fact, e)
        case facts.DeliveryDispatched() as e:
            _dispatch(rows, fact, e)
        case facts.DeliveryReceived() as e:
            _receive(rows, fact, e)


def _plan(rows: Rows, e: facts.PalletPlanned) -> None:
    rows.put(pallets, pallet_id=e.pallet_id, delivery_id=e.delivery_id, distribution_id=e.distribution_id,
             window_id=e.window_id, group_id=e.group_id, host_id=e.host_id, month=e.month, number=e.number,
             state="planned", weight_g=e.weight_g, lines=plain(e.lines))  # fmt: skip
    if rows.get(deliveries, e.delivery_id) is None:
        rows.put(deliveries, delivery_id=e.delivery_id, distribution_id=e.distribution_id, window_id=e.window_id,
                 group_id=e.group_id, host_id=e.host_id, month=e.month, state="planned", pallets=0,
                 pallets_prepared=0, weight_g=0, missing=0, lines=[])  # fmt: skip
    rows.add(deliveries, e.delivery_id, pallets=1, weight_g=e.weight_g)


def _prepare(rows: Rows, fact: Fact, e: facts.PalletPrepared) -> None:
    pallet = rows.get(pallets, e.pallet_id)
    if pallet is None:
        return
    first = pallet["state"] == "planned"
    rows.change(pallets, e.pallet_id, state="prepared", weight_g=e.weight_g, prepared=plain(e.lines),
                differences=plain(e.differences), prepared_at=fact.at, prepared_by=fact.meta.actor)  # fmt: skip
    rows.add(deliveries, e.delivery_id, pallets_prepared=1 if first else 0, weight_g=e.weight_g - pallet["weight_g"])
    delivery = rows.get(deliveries, e.delivery_id)
    if delivery and delivery["pallets_prepared"] == delivery["pallets"]:
        rows.change(deliveries, e.delivery_id, state="prepared")


def _dispatch(rows: Rows, fact: Fact, e: facts.DeliveryDispatched) -> None:
    for pallet_id in e.pallet_ids:
        rows.change(pallets, pallet_id, state="dispatched")
    lines = [
        {"product_id": line.product_id, "name": line.name, "unit_label": line.unit_label, "cases": line.cases,
         "loose": line.loose, "case_size": line.case_size, "expected": line.quantity, "received": None,
         "missing": 0, "reason": ""}
        for line in e.lines
    ]  # fmt: skip
    rows.change(deliveries, e.delivery_id, state="dispatched", lines=lines, dispatched_at=fact.at)


def _receive(rows: Rows, fact: Fact, e: facts.DeliveryReceived) -> None:
    delivery = rows.get(deliveries, e.delivery_id)
    if delivery is None:
        return
    lines = {line["product_id"]: dict(line) for line in delivery["lines"]}
    for got in e.lines:
        line = lines.setdefault(got.product_id, _beyond_the_note(got.product_id))
        line["received"] = got.received
        line["missing"] = max(0, line["expected"] - line["received"])
        line["reason"] = got.reason or line["reason"]
    missing = sum(1 for line in lines.values() if line["missing"])
    rows.change(deliveries, e.delivery_id, state="received", lines=list(lines.values()), missing=missing,
                received_at=fact.at)  # fmt: skip


def _beyond_the_note(product_id: str) -> dict[str, Any]:
    return {"product_id": product_id, "name": "", "unit_label": "", "cases": 0, "loose": 0, "case_size": 1,
            "expected": 0, "received": 0, "missing": 0, "reason": ""}  # fmt: skip


view = View(
    name="pallets",
    tables=(pallets, deliveries),
    reads=("logistics.pallet-", "logistics.delivery-"),
    apply=apply,
)


def pallets_where(db: Database, **equals: str) -> list[Row]:
    """Pallets by window_id, group_id, host_id or delivery_id, newest month first, then group and number."""
    where = [pallets.c[name] == value for name, value in equals.items()]
    order = (pallets.c.month.desc(), pallets.c.group_id, pallets.c.number)
    return db.rows(sa.select(pallets).where(*where).order_by(*order))


def pallet(db: Database, pallet_id: str) -> Row | None:
    return db.row(sa.select(pallets).where(pallets.c.pallet_id == pallet_id))


def deliveries_where(db: Database, **equals: str) -> list[Row]:
    where = [deliveries.c[name] == value for name, value in equals.items()]
    return db.rows(sa.select(deliveries).where(*where).order_by(deliveries.c.month.desc(), deliveries.c.group_id))


def delivery(db: Database, delivery_id: str) -> Row | None:
    return db.row(sa.select(deliveries).where(deliveries.c.delivery_id == delivery_id))
