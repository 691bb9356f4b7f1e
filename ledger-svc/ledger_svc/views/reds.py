"""View `reds`: who is in the red, in all or in one contract, since when, and when they were told of it last (S0:47).

A household that is told by its contract is not told of the whole as well.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from grenier.language import ledger, notify
from grenier.readmodel import Database, Fact, Row, Rows, View
from ledger_svc import accounts

_meta = sa.MetaData()
held = sa.Table(
    "reds_accounts",
    _meta,
    sa.Column("household_id", sa.Text, primary_key=True),
    # "": over all its entries.
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("balance_cents", sa.Integer, nullable=False, index=True),
    # While it is in the red: since when, and the last time the household was told.
    sa.Column("since", sa.Text),
    sa.Column("told_at", sa.Text),
)
settings = sa.Table(
    "reds_settings",
    _meta,
    sa.Column("group_id", sa.Text, primary_key=True),
    sa.Column("balance_days", sa.Integer, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case notify.RemindersSet() as e:
            rows.put(settings, group_id=e.group_id, balance_days=e.balance_days)
        case ledger.BalanceWentNegative() as e:
            row = rows.get(held, e.household_id, e.contract_id)
            if row is not None and row["since"]:
                rows.change(held, e.household_id, e.contract_id, told_at=fact.at)
        case _:
            _book(rows, fact)


def _book(rows: Rows, fact: Fact) -> None:
    event: Any = fact.event
    for posting in getattr(event, "postings", ()):
        if household_id := accounts.household_of(posting.account):
            _add(rows, fact, household_id, "", posting.amount_cents)
    for contract_id, cents in accounts.contract_effects(event).items():
        _add(rows, fact, event.household_id, contract_id, cents)


def _add(rows: Rows, fact: Fact, household_id: str, contract_id: str, cents: int) -> None:
    event: Any = fact.event
    before = rows.get(held, household_id, contract_id) or {"balance_cents": 0, "since": None, "told_at": None}
    balance_cents = before["balance_cents"] + cents
    red = balance_cents < 0
    rows.put(held, household_id=household_id, contract_id=contract_id, group_id=event.group_id,
             balance_cents=balance_cents, since=(before["since"] or fact.at) if red else None,
             told_at=before["told_at"] if red else None)  # fmt: skip


view = View("reds", (held, settings), ("ledger.", "notify.reminders-set"), apply)


def reminding(db: Database) -> list[Row]:
    """group_id, balance_days of the groups that remind by themselves."""
    query = sa.select(settings).where(settings.c.balance_days > 0)
    return db.rows(query.order_by(settings.c.group_id))


def in_the_red(db: Database, group_id: str) -> list[Row]:
    """Accounts of a group below zero; of a household with a debt in some contract, only its contracts."""
    query = sa.select(held).where(held.c.group_id == group_id, held.c.balance_cents < 0)
    rows = db.rows(query.order_by(held.c.household_id, held.c.contract_id))
    by_contract = {row["household_id"] for row in rows if row["contract_id"]}
    return [row for row in rows if row["contract_id"] or row["household_id"] not in by_contract]
