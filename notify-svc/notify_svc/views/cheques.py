"""View `cheques`: which cheques lie with the coordinator and until when they must be handed over (S0:26-27)."""

from __future__ import annotations

import sqlalchemy as sa

from grenier.language import season
from grenier.readmodel import Database, Fact, Row, Rows, View

_meta = sa.MetaData()
cheques = sa.Table(
    "cheques_cheques",
    _meta,
    sa.Column("subscription_id", sa.Text, primary_key=True),
    sa.Column("cheque_id", sa.Text, primary_key=True),
    sa.Column("contract_id", sa.Text, nullable=False),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("amount_cents", sa.Integer, nullable=False),
    sa.Column("cash_on", sa.Text, nullable=False, index=True),
    # expected, received, handed-over, returned
    sa.Column("state", sa.Text, nullable=False, index=True),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case season.ScheduleAgreed() as e:
            for row in rows.where(cheques, subscription_id=e.subscription_id):
                if row["state"] == "expected":
                    rows.delete(cheques, e.subscription_id, row["cheque_id"])
            for cheque in e.cheques:
                rows.put(cheques, subscription_id=e.subscription_id, cheque_id=cheque.cheque_id,
                         contract_id=e.contract_id, group_id=e.group_id, amount_cents=cheque.amount_cents,
                         cash_on=cheque.cash_on.isoformat(), state="expected")  # fmt: skip
        case season.ChequeReceived() as e:
            rows.change(cheques, e.subscription_id, e.cheque_id, state="received")
        case season.ChequeHandedOver() as e:
            rows.change(cheques, e.subscription_id, e.cheque_id, state="handed-over")
        case season.ChequeReturned() as e:
            rows.change(cheques, e.subscription_id, e.cheque_id, state="returned")


view = View("cheques", (cheques,), ("contracts.schedule-agreed", "contracts.cheque-"), apply)


def to_hand_over(db: Database, until: str) -> list[Row]:
    """By contract and day of cashing up to `until`: how many cheques still lie here, and their sum."""
    c = cheques.c
    query = (
        sa.select(
            c.contract_id,
            c.group_id,
            c.cash_on,
            sa.func.count().label("count"),
            sa.func.sum(c.amount_cents).label("amount_cents"),
        )
        .where(c.state == "received", c.cash_on <= until)
        .group_by(c.contract_id, c.group_id, c.cash_on)
    )
    return db.rows(query.order_by(c.cash_on, c.contract_id))
