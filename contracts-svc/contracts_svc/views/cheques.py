"""Cheques of subscriptions with where each of them is, and what was handed to producers (S0:26-27).

The issuer's name stays sealed in the row; it is opened when somebody who may looks at it, and never after the payer's key is gone.
"""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from grenier.language import season
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
cheques = sa.Table(
    "cheques_planned",
    _meta,
    sa.Column("cheque_id", sa.Text, primary_key=True),
    sa.Column("subscription_id", sa.Text, nullable=False, index=True),
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("household_id", sa.Text, nullable=False, index=True),
    sa.Column("producer_id", sa.Text, nullable=False),
    sa.Column("amount_cents", sa.Integer, nullable=False),
    sa.Column("cash_on", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("bank", sa.Text, nullable=False),
    sa.Column("issued_on", sa.Text, nullable=False),
    sa.Column("payer_id", sa.Text, nullable=False),
    sa.Column("sealed", Json, nullable=False),
    sa.Column("bundle_id", sa.Text, nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("changed_at", sa.Text, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
)
bundles = sa.Table(
    "cheques_bundles",
    _meta,
    sa.Column("bundle_id", sa.Text, primary_key=True),
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("producer_id", sa.Text, nullable=False),
    sa.Column("on", sa.Text, nullable=False),
    sa.Column("cheques", Json, nullable=False),
    sa.Column("subscription_ids", Json, nullable=False),
    sa.Column("total_cents", sa.Integer, nullable=False),
    sa.Column("handed_at", sa.Text, nullable=False),
    sa.Column("handed_by", sa.Text, nullable=False),
    sa.Column("received_at", sa.Text),
    sa.Column("received_by", sa.Text, nullable=False),
    sa.Column("received_means", sa.Text, nullable=False),
)
# Contracts on paper that a producer has got already.
handed_contracts = sa.Table(
    "cheques_handed_contracts",
    _meta,
    sa.Column("subscription_id", sa.Text, primary_key=True),
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("bundle_id", sa.Text, nullable=False),
)
STATES = ("expected", "received", "handed_over", "returned")


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case season.ScheduleAgreed() as e:
            _agree(rows, e, fact)
        case season.ChequeReceived() as e:
            _change(rows, fact, e.cheque_id, state="received", number=e.number, bank=e.bank,
                    issued_on=e.issued_on.isoformat(), payer_id=e.person_id, sealed=e.sealed)  # fmt: skip
        case season.ChequeHandedOver() as e:
            _change(rows, fact, e.cheque_id, state="handed_over", bundle_id=e.bundle_id)
        case season.ChequeReturned() as e:
            _change(rows, fact, e.cheque_id, state="returned", reason=e.reason)
        case season.BundleHandedOver() as e:
            _hand_over(rows, e, fact)
        case season.BundleReceived() as e:
            rows.change(bundles, e.bundle_id, received_at=fact.at, received_by=e.person_id, received_means=e.means)


def _agree(rows: Rows, e: season.ScheduleAgreed, fact: Fact) -> None:
    """Expected cheques of before are no more, those that have come stay."""
    for row in rows.where(cheques, subscription_id=e.subscription_id):
        if row["state"] == "expected":
            rows.delete(cheques, row["cheque_id"])
    for cheque in e.cheques:
        rows.put(cheques, cheque_id=cheque.cheque_id, subscription_id=e.subscription_id, contract_id=e.contract_id,
                 group_id=e.group_id, household_id=e.household_id, producer_id=e.producer_id,
                 amount_cents=cheque.amount_cents, cash_on=cheque.cash_on.isoformat(), state="expected", number="",
                 bank="", issued_on="", payer_id="", sealed={}, bundle_id="", reason="", changed_at=fact.at,
                 changed_by=fact.meta.actor)  # fmt: skip


def _change(rows: Rows, fact: Fact, cheque_id: str, **values: Any) -> None:
    rows.change(cheques, cheque_id, changed_at=fact.at, changed_by=fact.meta.actor, **values)


def _hand_over(rows: Rows, e: season.BundleHandedOver, fact: Fact) -> None:
    rows.put(bundles, bundle_id=e.bundle_id, contract_id=e.contract_id, group_id=e.group_id,
             producer_id=e.producer_id, on=e.on.isoformat(), cheques=msgspec.to_builtins(e.cheques),
             subscription_ids=e.subscription_ids, total_cents=e.total_cents, handed_at=fact.at,
             handed_by=fact.meta.actor, received_at=None, received_by="", received_means="")  # fmt: skip
    for subscription_id in e.subscription_ids:
        rows.put(handed_contracts, subscription_id=subscription_id, contract_id=e.contract_id, bundle_id=e.bundle_id)


view = View(
    name="cheques",
    tables=(cheques, bundles, handed_contracts),
    reads=("contracts.schedule-", "contracts.cheque-", "contracts.bundle-"),
    apply=apply,
)


# -- questions ---------------------------------------------------------------------------------------------------


def found(
    db: Database,
    group_id: str,
    *,
    contract_id: str = "",
    household_id: str = "",
    subscription_id: str = "",
    state: str = "",
    cash_on: str = "",
    cash_until: str = "",
) -> list[Row]:
    """Cheques by cashing date; every condition left out is none."""
    c = cheques.c
    exact = {"contract_id": contract_id, "household_id": household_id, "subscription_id": subscription_id,
             "state": state, "cash_on": cash_on}  # fmt: skip
    query = sa.select(cheques).where(c.group_id == group_id)
    query = query.where(*(c[name] == value for name, value in exact.items() if value))
    if cash_until:
        query = query.where(c.cash_on <= cash_until)
    return db.rows(query.order_by(c.cash_on, c.household_id, c.cheque_id))


def of_subscription(db: Database, subscription_id: str) -> list[Row]:
    query = sa.select(cheques).where(cheques.c.subscription_id == subscription_id)
    return db.rows(query.order_by(cheques.c.cash_on, cheques.c.cheque_id))


def in_bundle(db: Database, bundle_id: str) -> list[Row]:
    query = sa.select(cheques).where(cheques.c.bundle_id == bundle_id)
    return db.rows(query.order_by(cheques.c.cash_on, cheques.c.household_id, cheques.c.cheque_id))


def by_state(rows: list[Row]) -> dict[str, dict[str, int]]:
    """{state: {count, total_cents}}, every state named."""
    sums = {state: {"count": 0, "total_cents": 0} for state in STATES}
    for row in rows:
        sums[row["state"]]["count"] += 1
        sums[row["state"]]["total_cents"] += row["amount_cents"]
    return sums


def bundle(db: Database, bundle_id: str) -> Row | None:
    return db.row(sa.select(bundles).where(bundles.c.bundle_id == bundle_id))


def bundles_of(db: Database, contract_id: str) -> list[Row]:
    query = sa.select(bundles).where(bundles.c.contract_id == contract_id)
    return db.rows(query.order_by(bundles.c.on.desc(), bundles.c.handed_at.desc(), bundles.c.bundle_id))


def handed_over_contracts(db: Database, contract_id: str) -> set[str]:
    """Subscriptions whose signed contracts the producer has got."""
    query = sa.select(handed_contracts.c.subscription_id).where(handed_contracts.c.contract_id == contract_id)
    return {row["subscription_id"] for row in db.rows(query)}
