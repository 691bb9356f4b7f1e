"""View `trial`: every account of every group with its balance; the sum over all of them is zero at every position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from grenier.readmodel import Database, Fact, Rows, View

_meta = sa.MetaData()
accounts = sa.Table(
    "trial_accounts",
    _meta,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, primary_key=True, index=True),
    sa.Column("balance_cents", sa.Integer, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    event: Any = fact.event
    for posting in getattr(event, "postings", ()):
        rows.add(accounts, posting.account, event.group_id, balance_cents=posting.amount_cents)


view = View("trial", (accounts,), ("ledger.",), apply)


def trial_balance(db: Database, group_ids: Sequence[str]) -> dict[str, Any]:
    """{"accounts": [account, group_id, balance_cents], "sum_cents"} of these groups."""
    query = sa.select(accounts).where(accounts.c.group_id.in_(list(group_ids)))
    found = db.rows(query.order_by(accounts.c.group_id, accounts.c.account))
    return {"accounts": found, "sum_cents": sum(row["balance_cents"] for row in found)}
