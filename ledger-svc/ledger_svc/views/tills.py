"""View `tills`: what each till should hold, what was counted, and its payments (S1:74-78, S1:90-92)."""

from __future__ import annotations

import sqlalchemy as sa

from grenier.language import ledger
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
tills = sa.Table(
    "tills_tills",
    _meta,
    sa.Column("till_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("distribution_id", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("float_cents", sa.Integer, nullable=False),
    sa.Column("cash_cents", sa.Integer, nullable=False),
    sa.Column("cheques_cents", sa.Integer, nullable=False),
    sa.Column("cheques", sa.Integer, nullable=False),
    sa.Column("payments", sa.Integer, nullable=False),
    sa.Column("taken_cash_cents", sa.Integer, nullable=False),
    sa.Column("opened_at", sa.Text, nullable=False),
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("opened_with", sa.Text, nullable=False),  # the command's id
    sa.Column("counted_cents", sa.Integer),
    sa.Column("counted_at", sa.Text),
    sa.Column("counted_by", sa.Text),
    sa.Column("count_is_current", sa.Integer, nullable=False),
    sa.Column("coins", Json),
    sa.Column("cheque_entries", Json),
    sa.Column("difference_cents", sa.Integer),
    sa.Column("explained", sa.Integer, nullable=False),
    sa.Column("explained_cents", sa.Integer, nullable=False),
    sa.Column("explanation", sa.Text),
    sa.Column("closed_at", sa.Text),
    sa.Column("closed_by", sa.Text),
)
payments = sa.Table(
    "tills_payments",
    _meta,
    sa.Column("entry_id", sa.Text, primary_key=True),
    sa.Column("till_id", sa.Text, nullable=False, index=True),
    sa.Column("household_id", sa.Text, nullable=False),
    sa.Column("means", sa.Text, nullable=False),
    sa.Column("amount_cents", sa.Integer, nullable=False),
    sa.Column("cheque_number", sa.Text, nullable=False),
    sa.Column("cheque_bank", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("reversed_by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case ledger.TillOpened() as e:
            rows.put(tills, till_id=e.till_id, group_id=e.group_id, distribution_id=e.distribution_id, state="open",
                     float_cents=e.float_cents, cash_cents=e.float_cents, cheques_cents=0, cheques=0, payments=0,
                     taken_cash_cents=0, opened_at=fact.at, opened_by=fact.meta.actor, opened_with=fact.meta.cmd,
                     count_is_current=0, explained=0, explained_cents=0, coins={}, cheque_entries=[])  # fmt: skip
        case ledger.PaymentTaken() as e:
            cheque = e.cheque or ledger.ChequeFacts(number="")
            rows.put(payments, entry_id=e.entry_id, till_id=e.till_id, household_id=e.household_id, means=e.means,
                     amount_cents=e.amount_cents, cheque_number=cheque.number, cheque_bank=cheque.bank, at=fact.at,
                     actor=fact.meta.actor, role=fact.meta.role, position=fact.position, reversed_by="",
                     reason="")  # fmt: skip
            _move(rows, e, 1)
        case ledger.PaymentReversed() as e:
            rows.change(payments, e.reverses, reversed_by=e.entry_id, reason=e.reason)
            _move(rows, e, -1)
        case ledger.CashCounted() as e:
            rows.change(tills, e.till_id, counted_cents=e.counted_cents, counted_at=fact.at,
                        counted_by=fact.meta.actor, count_is_current=1, difference_cents=e.difference_cents,
                        explained=0, coins={str(value): pieces for value, pieces in e.coins.items()},
                        cheque_entries=e.cheque_entries)  # fmt: skip
        case ledger.DifferenceExplained() as e:
            rows.add(tills, e.till_id, cash_cents=e.difference_cents, explained_cents=e.difference_cents)
            rows.change(tills, e.till_id, explained=1, explanation=e.explanation)
        case ledger.TillClosed() as e:
            rows.change(tills, e.till_id, state="closed", closed_at=fact.at, closed_by=fact.meta.actor)


def _move(rows: Rows, event: ledger.PaymentTaken | ledger.PaymentReversed, sign: int) -> None:
    cash = sign * event.amount_cents if event.means == "cash" else 0
    cheque = sign * event.amount_cents if event.means == "cheque" else 0
    rows.add(tills, event.till_id, payments=sign, cash_cents=cash, taken_cash_cents=cash, cheques_cents=cheque,
             cheques=sign if cheque else 0)  # fmt: skip
    rows.change(tills, event.till_id, count_is_current=0)


view = View(
    "tills", (tills, payments), ("ledger.till-", "ledger.payment-", "ledger.cash-", "ledger.difference-"), apply,
    version=2,  # 2: the command that opened a till
)  # fmt: skip


def till(db: Database, till_id: str) -> Row | None:
    return db.row(sa.select(tills).where(tills.c.till_id == till_id))


def of_group(db: Database, group_id: str) -> list[Row]:
    return db.rows(
        sa.select(tills).where(tills.c.group_id == group_id).order_by(tills.c.opened_at.desc(), tills.c.till_id)
    )


def current(db: Database, group_id: str) -> Row | None:
    """The till that is open in a group, the latest one when there are several."""
    query = sa.select(tills).where(tills.c.group_id == group_id, tills.c.state == "open")
    return db.row(query.order_by(tills.c.opened_at.desc(), tills.c.till_id))


def latest(db: Database, group_id: str) -> str:
    """The till that is open in a group, else the one that was opened last, "" before its first."""
    query = sa.select(tills.c.till_id).where(tills.c.group_id == group_id)
    row = db.row(query.order_by(tills.c.state == "closed", tills.c.opened_at.desc(), tills.c.till_id).limit(1))
    return str(row["till_id"]) if row else ""


def opened_with(db: Database, group_id: str, command_id: str) -> str:
    """The till that this command opened in a group, "" when none."""
    row = db.row(sa.select(tills.c.till_id).where(tills.c.group_id == group_id, tills.c.opened_with == command_id))
    return str(row["till_id"]) if row else ""


def payments_of(db: Database, till_id: str) -> list[Row]:
    return db.rows(sa.select(payments).where(payments.c.till_id == till_id).order_by(payments.c.position))
