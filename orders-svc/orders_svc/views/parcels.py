"""Where is each household's parcel of a round, and what is missing in it? (S0:39)"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

from grenier.language import parcels as language
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
parcels = sa.Table(
    "parcels_parcels",
    _meta,
    sa.Column("cycle_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("contract_id", sa.Text, nullable=False),
    # expected, received, handed_over
    sa.Column("state", sa.Text, nullable=False),
    # Units that are not there, over all lines.
    sa.Column("missing", sa.Integer, nullable=False),
    sa.Column("closed", sa.Integer, nullable=False),
    # product_id, name, unit_label, quantity, missing, flaw
    sa.Column("lines", Json, nullable=False),
    sa.Column("received_at", sa.Text),
    sa.Column("received_by", sa.Text),
    sa.Column("handed_at", sa.Text),
    sa.Column("handed_by", sa.Text),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case language.ParcelsExpected() as e:
            for parcel in e.parcels:
                lines = [{**msgspec.to_builtins(line), "missing": 0, "flaw": ""} for line in parcel.lines]
                rows.put(parcels, cycle_id=e.cycle_id, household_id=parcel.household_id, order_id=parcel.order_id,
                         group_id=e.group_id, contract_id=e.contract_id, state="expected", missing=0, closed=0,
                         lines=lines)  # fmt: skip
        case language.ParcelReceived() as e:
            _received(rows, fact, e)
        case language.ParcelHandedOver() as e:
            rows.change(parcels, e.cycle_id, e.household_id, state="handed_over", handed_at=fact.at,
                        handed_by=fact.meta.actor)  # fmt: skip
        case language.ParcelHandOverUndone() as e:
            rows.change(parcels, e.cycle_id, e.household_id, state="received", handed_at=None, handed_by=None)
        case language.ParcelsClosed() as e:
            for row in rows.where(parcels, cycle_id=e.cycle_id):
                rows.change(parcels, e.cycle_id, row["household_id"], closed=1)


def _received(rows: Rows, fact: Fact, e: language.ParcelReceived) -> None:
    row = rows.get(parcels, e.cycle_id, e.household_id)
    if row is None:
        return
    gone = {line.product_id: line for line in e.missing}
    lines = [{**line, **_gap(gone.get(line["product_id"]))} for line in row["lines"]]
    rows.change(parcels, e.cycle_id, e.household_id, state="received", lines=lines, received_at=fact.at,
                missing=sum(line["missing"] for line in lines), received_by=fact.meta.actor)  # fmt: skip


def _gap(line: language.MissingLine | None) -> dict[str, Any]:
    return {"missing": line.missing, "flaw": line.flaw} if line else {"missing": 0, "flaw": ""}


view = View(name="parcels", tables=(parcels,), reads=("orders.parcel",), apply=apply)


def parcels_of(db: Database, cycle_id: str) -> list[Row]:
    return db.rows(sa.select(parcels).where(parcels.c.cycle_id == cycle_id).order_by(parcels.c.household_id))


def parcel(db: Database, cycle_id: str, household_id: str) -> Row | None:
    query = sa.select(parcels).where(parcels.c.cycle_id == cycle_id, parcels.c.household_id == household_id)
    return db.row(query)


def figures(db: Database, cycle_ids: Iterable[str]) -> dict[str, dict[str, int]]:
    """{cycle_id: {expected, received, handed_over, incomplete, total, closed}}; the states add up to the total."""
    counted = (sa.func.count().label("count"), sa.func.sum(sa.case((parcels.c.missing > 0, 1), else_=0)).label("gaps"))
    query = sa.select(parcels.c.cycle_id, parcels.c.state, sa.func.max(parcels.c.closed).label("closed"), *counted)
    query = query.where(parcels.c.cycle_id.in_(list(cycle_ids))).group_by(parcels.c.cycle_id, parcels.c.state)
    nothing = ("expected", "received", "handed_over", "incomplete", "total", "closed")
    found: dict[str, dict[str, int]] = {}
    for row in db.rows(query):
        here = found.setdefault(row["cycle_id"], dict.fromkeys(nothing, 0))
        here[row["state"]] += int(row["count"])
        here["total"] += int(row["count"])
        here["incomplete"] += int(row["gaps"] or 0)
        here["closed"] = max(here["closed"], int(row["closed"]))
    return found
