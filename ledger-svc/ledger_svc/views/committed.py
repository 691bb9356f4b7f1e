"""View `committed`: confirmed orders that are not charged yet; they stand beside the balance, never in it.

An order leaves when it is charged, cancelled, or when its distribution closes without the household having come.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from grenier.clock import iso
from grenier.language import ledger, logistics, orders
from grenier.readmodel import Database, Fact, Row, Rows, View

_meta = sa.MetaData()
pending = sa.Table(
    "committed_orders",
    _meta,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("cycle_id", sa.Text, nullable=False, index=True),
    sa.Column("amount_cents", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("entry_id", sa.Text, nullable=False, index=True),
)
cycles = sa.Table(
    "committed_cycles",
    _meta,
    sa.Column("cycle_id", sa.Text, primary_key=True),
    sa.Column("month", sa.Text, nullable=False),
    sa.Column("distribution_starts_at", sa.Text, nullable=False),
    # The contract of an order round, and what it is called; "" in the month of a window.
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("title", sa.Text, nullable=False),
)
distributions = sa.Table(
    "committed_distributions",
    _meta,
    sa.Column("distribution_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("cycle_id", sa.Text, nullable=False, index=True),
    sa.Column("closed", sa.Integer, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case orders.CycleScheduled() as e:
            rows.put(cycles, cycle_id=e.cycle_id, month=e.month, contract_id=e.contract_id, title=e.title,
                     distribution_starts_at=iso(e.distribution_starts_at))  # fmt: skip
        case orders.DistributionMoved() as e:
            rows.change(cycles, e.cycle_id, distribution_starts_at=iso(e.distribution_starts_at))
        case orders.OrderConfirmed() | orders.OrderAmended() as e:
            rows.put(pending, order_id=e.order_id, household_id=e.household_id, group_id=e.group_id,
                     cycle_id=e.cycle_id, amount_cents=e.total_cents, state="open", at=fact.at, actor=fact.meta.actor,
                     role=fact.meta.role, position=fact.position, entry_id="")  # fmt: skip
        case orders.OrderCancelled() as e:
            rows.change(pending, e.order_id, state="cancelled", position=fact.position)
        case orders.OrdersRegulated() as e:
            for change in e.changes:
                rows.add(pending, change.order_id, amount_cents=change.to_amount_cents - change.from_amount_cents)
        case ledger.GoodsCharged() as e:
            rows.change(pending, e.order_id, state="charged", entry_id=e.entry_id)
        case ledger.EntryReversed() as e:
            # The sign-off was undone or its charge reversed: the order waits again, while there is something to wait for.
            for row in rows.where(pending, entry_id=e.reverses):
                state = "closed" if _is_over(rows, row["cycle_id"]) else "open"
                rows.change(pending, row["order_id"], state=state, entry_id="")
        case logistics.DistributionPlanned() as e:
            rows.put(
                distributions, distribution_id=e.distribution_id, group_id=e.group_id, cycle_id=e.cycle_id, closed=0
            )
        case logistics.DistributionClosed() as e:
            rows.change(distributions, e.distribution_id, closed=1)
            _release(rows, e.distribution_id)


def _is_over(rows: Rows, cycle_id: str) -> bool:
    return any(row["closed"] for row in rows.where(distributions, cycle_id=cycle_id))


def _release(rows: Rows, distribution_id: str) -> None:
    """Those who did not come are not charged; nothing is committed any more."""
    known = rows.get(distributions, distribution_id)
    for row in rows.where(pending, cycle_id=known["cycle_id"]) if known else ():
        if row["state"] == "open":
            rows.change(pending, row["order_id"], state="closed")


view = View(
    "committed",
    (pending, cycles, distributions),
    (
        "orders.cycle-scheduled",
        "orders.cycle-distribution-moved",
        "orders.order",
        "ledger.goods-charged",
        "ledger.entry-reversed",
        "logistics.distribution-planned",
        "logistics.distribution-closed",
    ),
    apply,
    version=4,  # 2: rounds of contracts, 3: which distributions are over, 4: whose they are
)


def open_by_household() -> sa.Select[Any]:
    """household_id, committed_cents of all households with a pending order."""
    total = sa.func.sum(pending.c.amount_cents).label("committed_cents")
    return sa.select(pending.c.household_id, total).where(pending.c.state == "open").group_by(pending.c.household_id)


def of_household(db: Database, household_id: str) -> list[Row]:
    """Pending orders of a household, oldest first: order_id, cycle_id, month, amount_cents, at, distribution_starts_at."""
    query = (
        sa.select(
            pending.c.order_id,
            pending.c.cycle_id,
            pending.c.amount_cents,
            pending.c.at,
            pending.c.actor,
            pending.c.role,
            cycles.c.month,
            cycles.c.distribution_starts_at,
            cycles.c.contract_id,
            cycles.c.title,
        )
        .join_from(pending, cycles, cycles.c.cycle_id == pending.c.cycle_id, isouter=True)
        .where(pending.c.household_id == household_id, pending.c.state == "open")
    )
    return db.rows(query.order_by(pending.c.position))


def cycle(db: Database, cycle_id: str) -> Row | None:
    """cycle_id, month, distribution_starts_at, contract_id, title."""
    return db.row(sa.select(cycles).where(cycles.c.cycle_id == cycle_id))


def is_distribution_of(db: Database, distribution_id: str, group_id: str) -> bool:
    """Whether a group has planned this distribution."""
    known = db.row(sa.select(distributions.c.group_id).where(distributions.c.distribution_id == distribution_id))
    return known is not None and known["group_id"] == group_id


def households_in_cycle(db: Database, cycle_id: str) -> list[str]:
    """Whoever has or had an order in it."""
    query = sa.select(pending.c.household_id).where(pending.c.cycle_id == cycle_id, pending.c.state != "cancelled")
    return [row["household_id"] for row in db.rows(query.order_by(pending.c.household_id))]


def of_contract(db: Database, contract_id: str) -> list[Row]:
    """Orders of a contract's rounds: order_id, household_id, cycle_id, amount_cents, state, entry_id."""
    query = sa.select(pending, cycles.c.distribution_starts_at).join(cycles, cycles.c.cycle_id == pending.c.cycle_id)
    return db.rows(query.where(cycles.c.contract_id == contract_id).order_by(pending.c.position))
