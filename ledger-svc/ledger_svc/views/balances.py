"""View `balances`: what each household has or owes in its group, and the entry that last moved it (S0:46)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from grenier.access import households
from grenier.readmodel import Database, Fact, Row, Rows, View
from ledger_svc import accounts
from ledger_svc.views import committed

_meta = sa.MetaData()
balances = sa.Table(
    "balances_households",
    _meta,
    sa.Column("household_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("balance_cents", sa.Integer, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("last_entry_id", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    event: Any = fact.event
    for posting in getattr(event, "postings", ()):
        household_id = accounts.household_of(posting.account)
        if household_id:
            before = rows.get(balances, household_id)
            balance_cents = (before["balance_cents"] if before else 0) + posting.amount_cents
            rows.put(balances, household_id=household_id, group_id=event.group_id, balance_cents=balance_cents,
                     position=fact.position, at=fact.at, last_entry_id=event.entry_id)  # fmt: skip


view = View("balances", (balances,), ("ledger.",), apply)


def balance(db: Database, household_id: str) -> Row | None:
    return db.row(sa.select(balances).where(balances.c.household_id == household_id))


def negative_in(db: Database, group_id: str) -> list[Row]:
    """Households of a group in the red, deepest first."""
    return db.rows(
        sa.select(balances)
        .where(balances.c.group_id == group_id, balances.c.balance_cents < 0)
        .order_by(balances.c.balance_cents, balances.c.household_id)
    )


def accounts_of(
    db: Database, group_id: str, *, negative: bool, household_ids: Sequence[str] | None, page: int, size: int
) -> dict[str, Any]:
    """One page of a group's households with balance and committed amount, deepest in the red first; figures of all."""
    amount = sa.func.coalesce(balances.c.balance_cents, 0)
    pending = committed.open_by_household().subquery()
    source = households.outerjoin(balances, balances.c.household_id == households.c.household_id).outerjoin(
        pending, pending.c.household_id == households.c.household_id
    )
    wanted = [households.c.group_id == group_id]
    if negative:
        wanted.append(amount < 0)
    if household_ids is not None:
        wanted.append(households.c.household_id.in_(list(household_ids)))
    columns = (
        households.c.household_id,
        households.c.group_id,
        households.c.tier,
        households.c.valid_until,
        amount.label("balance_cents"),
        sa.func.coalesce(pending.c.committed_cents, 0).label("committed_cents"),
        balances.c.at,
        balances.c.last_entry_id,
    )
    rows = db.rows(
        sa.select(*columns)
        .select_from(source)
        .where(*wanted)
        .order_by(amount, households.c.household_id)
        .limit(size)
        .offset((page - 1) * size)
    )
    total = db.value(sa.select(sa.func.count()).select_from(source).where(*wanted))
    return {"items": rows, "total": total, "page": page, "size": size, **_figures(db, group_id)}


def _figures(db: Database, group_id: str) -> dict[str, int]:
    red = sa.case((balances.c.balance_cents < 0, balances.c.balance_cents), else_=0)
    found = db.row(
        sa.select(
            sa.func.coalesce(sa.func.sum(balances.c.balance_cents), 0).label("sum_cents"),
            sa.func.coalesce(sa.func.sum(red), 0).label("negative_cents"),
            sa.func.coalesce(sa.func.sum(sa.case((balances.c.balance_cents < 0, 1), else_=0)), 0).label("negative"),
        ).where(balances.c.group_id == group_id)
    )
    assert found is not None
    return {name: int(value) for name, value in found.items()}
