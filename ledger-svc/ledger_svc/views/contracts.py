"""View `contracts`: what each household has in each contract, what it was told of it, and whether a contract is settled.

Answers balances per contract beside the total, statements after rounds, open requests for payment (S0:42-49).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from grenier.language import ledger, season
from grenier.readmodel import Database, Fact, Row, Rows, View
from ledger_svc import accounts

_meta = sa.MetaData()
contracts = sa.Table(
    "contracts_known",
    _meta,
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("producer_id", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("starts_on", sa.Text, nullable=False),
    sa.Column("ends_on", sa.Text, nullable=False),
    sa.Column("prepayment_cents", sa.Integer, nullable=False),
    sa.Column("renews", sa.Text, nullable=False),
    # drafted, opened, ended
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("settled_at", sa.Text),
)
members = sa.Table(
    "contracts_members",
    _meta,
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True, index=True),
    sa.Column("ended_on", sa.Text),
)
held = sa.Table(
    "contracts_accounts",
    _meta,
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True, index=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("balance_cents", sa.Integer, nullable=False),
    sa.Column("charged_cents", sa.Integer, nullable=False),
    sa.Column("paid_cents", sa.Integer, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("last_entry_id", sa.Text, nullable=False),
)
effects = sa.Table(
    "contracts_effects",
    _meta,
    sa.Column("entry_id", sa.Text, primary_key=True),
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, nullable=False),
    sa.Column("effect_cents", sa.Integer, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Index("contracts_effects_of", "contract_id", "household_id", "position"),
)
requests = sa.Table(
    "contracts_requests",
    _meta,
    sa.Column("request_id", sa.Text, primary_key=True),
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("household_id", sa.Text, nullable=False),
    sa.Column("amount_cents", sa.Integer, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
statements = sa.Table(
    "contracts_statements",
    _meta,
    sa.Column("statement_id", sa.Text, primary_key=True),
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("household_id", sa.Text, nullable=False, index=True),
    sa.Column("cycle_id", sa.Text, nullable=False, index=True),
    sa.Column("opening_cents", sa.Integer, nullable=False),
    sa.Column("charged_cents", sa.Integer, nullable=False),
    sa.Column("paid_cents", sa.Integer, nullable=False),
    sa.Column("other_cents", sa.Integer, nullable=False),
    sa.Column("closing_cents", sa.Integer, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case season.ContractDrafted() as e:
            _know(rows, e.contract_id, e.group_id, e.producer_id, e.terms, status="drafted", renews=e.renews)
        case season.ContractOpened() as e:
            before = rows.get(contracts, e.contract_id)
            renews = before["renews"] if before else ""
            _know(rows, e.contract_id, e.group_id, e.producer_id, e.terms, status="opened", renews=renews)
        case season.ContractEnded() as e:
            rows.change(contracts, e.contract_id, status="ended")
        case season.SubscriptionConfirmed() as e:
            rows.put(members, contract_id=e.contract_id, household_id=e.household_id)
        case season.SubscriptionEnded() as e:
            rows.change(members, e.contract_id, e.household_id, ended_on=e.on.isoformat())
        case ledger.SettlementClosed() as e:
            rows.change(contracts, e.contract_id, settled_at=fact.at)
        case ledger.SettlementReopened() as e:
            rows.change(contracts, e.contract_id, settled_at=None)
        case ledger.PaymentRequested() as e:
            rows.put(requests, request_id=e.request_id, contract_id=e.contract_id, household_id=e.household_id,
                     amount_cents=e.amount_cents, at=fact.at)  # fmt: skip
        case ledger.PaymentRequestWithdrawn() as e:
            rows.delete(requests, e.request_id)
        case ledger.StatementIssued() as e:
            rows.put(statements, statement_id=e.statement_id, contract_id=e.contract_id, household_id=e.household_id,
                     cycle_id=e.cycle_id, opening_cents=e.opening_cents, charged_cents=e.charged_cents,
                     paid_cents=e.paid_cents, other_cents=e.other_cents, closing_cents=e.closing_cents,
                     position=fact.position, at=fact.at)  # fmt: skip
        case _:
            _book(rows, fact)


def _know(
    rows: Rows, contract_id: str, group_id: str, producer_id: str, terms: season.Terms, *, status: str, renews: str
) -> None:
    rows.put(contracts, contract_id=contract_id, group_id=group_id, producer_id=producer_id, title=terms.title,
             starts_on=terms.starts_on.isoformat(), ends_on=terms.ends_on.isoformat(), status=status, renews=renews,
             prepayment_cents=terms.payment.prepayment_cents)  # fmt: skip


def _book(rows: Rows, fact: Fact) -> None:
    event: Any = fact.event
    for contract_id, cents in accounts.contract_effects(event).items():
        key = (contract_id, event.household_id)
        before = rows.get(held, *key) or {"balance_cents": 0, "charged_cents": 0, "paid_cents": 0}
        charged = -cents if isinstance(event, ledger.GoodsCharged) else 0
        paid = cents if isinstance(event, ledger.PrepaymentReceived) else 0
        if isinstance(event, ledger.EntryReversed):
            charged, paid = _taken_back(rows, event.reverses, cents)
        rows.put(held, contract_id=contract_id, household_id=event.household_id, group_id=event.group_id,
                 balance_cents=before["balance_cents"] + cents, charged_cents=before["charged_cents"] + charged,
                 paid_cents=before["paid_cents"] + paid, position=fact.position, at=fact.at,
                 last_entry_id=event.entry_id)  # fmt: skip
        rows.put(effects, entry_id=event.entry_id, contract_id=contract_id, household_id=event.household_id,
                 effect_cents=cents, position=fact.position, at=fact.at)  # fmt: skip
        if isinstance(event, ledger.GoodsCharged | ledger.PrepaymentReceived):
            rows.put(kinds, entry_id=event.entry_id, charged=int(isinstance(event, ledger.GoodsCharged)))


# Which entries were charges and which payments: a reversal takes off the right column.
kinds = sa.Table(
    "contracts_kinds",
    _meta,
    sa.Column("entry_id", sa.Text, primary_key=True),
    sa.Column("charged", sa.Integer, nullable=False),
)


def _taken_back(rows: Rows, entry_id: str, cents: int) -> tuple[int, int]:
    kind = rows.get(kinds, entry_id)
    if kind is None:
        return 0, 0
    return (-cents, 0) if kind["charged"] else (0, cents)


view = View(
    "contracts",
    (contracts, members, held, effects, requests, statements, kinds),
    (
        "ledger.",
        "contracts.contract-drafted",
        "contracts.contract-opened",
        "contracts.contract-ended",
        "contracts.subscription-confirmed",
        "contracts.subscription-ended",
    ),
    apply,
)


# -- queries -------------------------------------------------------------------------------------------------------


def contract(db: Database, contract_id: str) -> Row | None:
    return db.row(sa.select(contracts).where(contracts.c.contract_id == contract_id))


def contracts_of_group(db: Database, group_id: str) -> list[Row]:
    query = sa.select(contracts).where(contracts.c.group_id == group_id)
    return db.rows(query.order_by(contracts.c.starts_on.desc(), contracts.c.contract_id))


def households_of(db: Database, contract_id: str) -> list[Row]:
    """Whoever subscribed or has entries: household_id, balance_cents, charged_cents, paid_cents, at; debts first."""
    ids = sa.union(
        sa.select(members.c.household_id).where(members.c.contract_id == contract_id),
        sa.select(held.c.household_id).where(held.c.contract_id == contract_id),
    ).subquery()
    figures = [
        sa.func.coalesce(held.c[name], 0).label(name) for name in ("balance_cents", "charged_cents", "paid_cents")
    ]
    joined = ids.outerjoin(
        held, sa.and_(held.c.household_id == ids.c.household_id, held.c.contract_id == contract_id)
    ).outerjoin(members, sa.and_(members.c.household_id == ids.c.household_id, members.c.contract_id == contract_id))
    query = sa.select(ids.c.household_id, *figures, held.c.at, held.c.last_entry_id, members.c.ended_on)
    query = query.add_columns(sa.case((members.c.contract_id.is_(None), 0), else_=1).label("subscribed"))
    rows = db.rows(query.select_from(joined))
    return sorted(rows, key=lambda row: (row["balance_cents"], row["household_id"]))


def balances_of(db: Database, household_id: str) -> list[Row]:
    """A household's balance in each of its contracts, with the contract's title."""
    query = (
        sa.select(held, contracts.c.title, contracts.c.status, contracts.c.settled_at)
        .join(contracts, contracts.c.contract_id == held.c.contract_id, isouter=True)
        .where(held.c.household_id == household_id)
    )
    return db.rows(query.order_by(contracts.c.starts_on.desc(), held.c.contract_id))


def balance_of(db: Database, contract_id: str, household_id: str) -> int:
    query = sa.select(held.c.balance_cents).where(
        held.c.contract_id == contract_id, held.c.household_id == household_id
    )
    return int(db.value(query) or 0)


def effects_of(db: Database, contract_id: str, household_id: str) -> list[Row]:
    """entry_id, effect_cents, at, position of every entry of the contract, in the order of the log."""
    query = sa.select(effects).where(effects.c.contract_id == contract_id, effects.c.household_id == household_id)
    return db.rows(query.order_by(effects.c.position))


def statements_of(db: Database, **equals: str) -> list[Row]:
    """By contract_id, household_id or cycle_id; the latest first."""
    where = [statements.c[name] == value for name, value in equals.items()]
    return db.rows(sa.select(statements).where(*where).order_by(statements.c.position.desc()))


def requests_of(db: Database, contract_id: str) -> dict[str, Row]:
    """The latest request for payment of each household that still stands, by household."""
    query = sa.select(requests).where(requests.c.contract_id == contract_id).order_by(requests.c.at)
    return {row["household_id"]: row for row in db.rows(query)}


def request(db: Database, request_id: str) -> Row | None:
    return db.row(sa.select(requests).where(requests.c.request_id == request_id))


def subscribed(db: Database, contract_ids: Iterable[str]) -> set[tuple[str, str]]:
    """(contract, household) of everybody who has subscribed."""
    query = sa.select(members).where(members.c.contract_id.in_(list(contract_ids)), members.c.ended_on.is_(None))
    return {(row["contract_id"], row["household_id"]) for row in db.rows(query)}


def effects_of_entry(db: Database, entry_id: str) -> list[Row]:
    """contract_id, title, effect_cents of one entry, with the household's balance in that contract now."""
    query = (
        sa.select(effects.c.contract_id, contracts.c.title, effects.c.effect_cents, held.c.balance_cents)
        .join(contracts, contracts.c.contract_id == effects.c.contract_id, isouter=True)
        .join(
            held,
            sa.and_(held.c.contract_id == effects.c.contract_id, held.c.household_id == effects.c.household_id),
        )
        .where(effects.c.entry_id == entry_id)
    )
    return db.rows(query.order_by(effects.c.contract_id))
