"""View `deposits`: the agreed cheques of contracts in which goods are ordered, until they come (S0:48).

Such a cheque is a deposit: what it is worth and for which account is known from the schedule, before it is received.
A cheque that has come is never agreed anew, so its row does not change any more.
"""

from __future__ import annotations

import sqlalchemy as sa

from grenier.language import season
from grenier.readmodel import Database, Fact, Row, Rows, View

_meta = sa.MetaData()
ordered = sa.Table("deposits_contracts", _meta, sa.Column("contract_id", sa.Text, primary_key=True))
cheques = sa.Table(
    "deposits_cheques",
    _meta,
    sa.Column("cheque_id", sa.Text, primary_key=True),
    sa.Column("contract_id", sa.Text, nullable=False),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("household_id", sa.Text, nullable=False),
    sa.Column("amount_cents", sa.Integer, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case season.ContractOpened(terms=season.Terms(basket_kind="ordered")) as e:
            rows.put(ordered, contract_id=e.contract_id)
        case season.ScheduleAgreed() as e if rows.get(ordered, e.contract_id):
            for cheque in e.cheques:
                rows.put(cheques, cheque_id=cheque.cheque_id, contract_id=e.contract_id, group_id=e.group_id,
                         household_id=e.household_id, amount_cents=cheque.amount_cents)  # fmt: skip
        case _:
            pass


view = View("deposits", (ordered, cheques), ("contracts.contract-opened", "contracts.schedule-agreed"), apply)


def cheque(db: Database, cheque_id: str) -> Row | None:
    """contract_id, group_id, household_id, amount_cents; None for a cheque that pays for baskets agreed beforehand."""
    return db.row(sa.select(cheques).where(cheques.c.cheque_id == cheque_id))
