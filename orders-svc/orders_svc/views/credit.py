"""How much may a household still order: its balances as the ledger tells them, its holds, the floors (T18).

Balance and what is charged stand in one transaction, so an order is never counted on neither side.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from grenier.language import contracts, ledger, logistics, postings
from grenier.language import orders as language
from grenier.readmodel import Database, Fact, Row, Rows, View
from orders_svc.credit import Means
from orders_svc.views import cycles, placed

_meta = sa.MetaData()
floors = sa.Table(
    "credit_floors",
    _meta,
    sa.Column("group_id", sa.Text, primary_key=True),
    sa.Column("floor_cents", sa.Integer, nullable=False),
)
balances = sa.Table(
    "credit_balances",
    _meta,
    sa.Column("household_id", sa.Text, primary_key=True),
    sa.Column("balance_cents", sa.Integer, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
)
contract_floors = sa.Table(
    "credit_contract_floors",
    _meta,
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("floor_cents", sa.Integer, nullable=False),
)
contract_balances = sa.Table(
    "credit_contract_balances",
    _meta,
    sa.Column("household_id", sa.Text, primary_key=True),
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("balance_cents", sa.Integer, nullable=False),
)
charged = sa.Table(
    "credit_charged",
    _meta,
    sa.Column("entry_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, nullable=False, index=True),
)
distributions = sa.Table(
    "credit_distributions",
    _meta,
    sa.Column("distribution_id", sa.Text, primary_key=True),
    sa.Column("cycle_id", sa.Text, nullable=False, index=True),
    sa.Column("closed", sa.Integer, nullable=False),
)
holds = sa.Table(
    "credit_holds",
    _meta,
    sa.Column("household_id", sa.Text, primary_key=True),
    sa.Column("hold", sa.Integer, primary_key=True),
    sa.Column("order_id", sa.Text, nullable=False, index=True),
    sa.Column("cycle_id", sa.Text, nullable=False),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("amount_cents", sa.Integer, nullable=False),
    # 1 once the cycle has accepted the order on it.
    sa.Column("stands", sa.Integer, nullable=False, index=True),
    sa.Column("at", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case language.OrderConfirmed() | language.OrderAmended() as e:
            if e.hold:
                rows.change(holds, e.household_id, e.hold, stands=1)
        case language.CreditHeld() as e:
            rows.put(holds, household_id=e.household_id, hold=e.hold, order_id=e.order_id, cycle_id=e.cycle_id,
                     group_id=e.group_id, amount_cents=e.amount_cents, stands=0, at=fact.at)  # fmt: skip
        case language.CreditSettled() as e:
            _settle(rows, e)
        case contracts.GroupSettingsChanged() as e:
            _set_floor(rows, e)
        case language.ContractFloorSet() as e:
            _set_contract_floor(rows, e)
        case logistics.DistributionPlanned() as e:
            rows.put(distributions, distribution_id=e.distribution_id, cycle_id=e.cycle_id, closed=0)
        case logistics.DistributionClosed() as e:
            rows.change(distributions, e.distribution_id, closed=1)
        case _:
            _book(rows, fact)


def _settle(rows: Rows, e: language.CreditSettled) -> None:
    for row in rows.where(holds, order_id=e.order_id):
        if row["hold"] == e.hold:
            rows.change(holds, e.household_id, e.hold, amount_cents=e.amount_cents)
        elif row["hold"] <= e.upto:
            rows.delete(holds, e.household_id, row["hold"])


def _set_floor(rows: Rows, e: contracts.GroupSettingsChanged) -> None:
    if e.credit_unlimited:
        rows.delete(floors, e.group_id)
    elif e.credit_floor_cents is not None:
        rows.put(floors, group_id=e.group_id, floor_cents=e.credit_floor_cents)


def _set_contract_floor(rows: Rows, e: language.ContractFloorSet) -> None:
    if e.floor_cents is None:
        rows.delete(contract_floors, e.contract_id)
    else:
        rows.put(contract_floors, contract_id=e.contract_id, floor_cents=e.floor_cents)


def _book(rows: Rows, fact: Fact) -> None:
    """Whatever the ledger posts to an eater's account."""
    event: Any = fact.event
    for posting in getattr(event, "postings", ()):
        if household_id := postings.household_of(posting.account):
            before = rows.get(balances, household_id)
            balance_cents = (before["balance_cents"] if before else 0) + posting.amount_cents
            rows.put(balances, household_id=household_id, balance_cents=balance_cents, position=fact.position)
    for contract_id, cents in postings.contract_effects(event).items():
        known = rows.get(contract_balances, event.household_id, contract_id)
        rows.put(contract_balances, household_id=event.household_id, contract_id=contract_id,
                 balance_cents=(known["balance_cents"] if known else 0) + cents)  # fmt: skip
    match event:
        case ledger.GoodsCharged(order_id=order_id, entry_id=entry_id) if order_id:
            rows.put(charged, entry_id=entry_id, order_id=order_id)
        case ledger.EntryReversed(reverses=entry_id):
            rows.delete(charged, entry_id)


view = View(
    name="credit",
    tables=(floors, balances, contract_floors, contract_balances, charged, distributions, holds),
    reads=(
        "orders.order-confirmed",
        "orders.order-amended",
        "orders.credit-",
        "orders.contract-floor-set",
        "contracts.group-settings-changed",
        "ledger.goods-charged",
        "ledger.entry-reversed",
        "ledger.payment-",
        "ledger.prepayment-",
        "ledger.adjustment-",
        "ledger.refund-",
        "ledger.balance-transferred",
        "logistics.distribution-planned",
        "logistics.distribution-closed",
    ),
    apply=apply,
    version=3,  # 2: refunds; 3: floors and balances of contracts
)

# One statement, so that balance and orders are of the same instant.
_HOME = sa.select(sa.bindparam("household", type_=sa.Text).label("household_id")).subquery("home")
_CHARGED = sa.exists().where(charged.c.order_id == placed.orders.c.order_id)
_CLOSED = sa.exists().where(distributions.c.cycle_id == placed.orders.c.cycle_id, distributions.c.closed == 1)
_MEANS = (
    sa.select(
        balances.c.balance_cents,
        balances.c.position,
        placed.orders.c.order_id,
        placed.orders.c.status,
        placed.orders.c.total_cents,
        sa.or_(_CHARGED, _CLOSED).label("over"),
        cycles.cycles.c.contract_id,
        contract_balances.c.balance_cents.label("contract_balance_cents"),
    )
    .select_from(_HOME)
    .outerjoin(balances, balances.c.household_id == _HOME.c.household_id)
    .outerjoin(placed.orders, placed.orders.c.household_id == _HOME.c.household_id)
    .outerjoin(cycles.cycles, cycles.cycles.c.cycle_id == placed.orders.c.cycle_id)
    .outerjoin(
        contract_balances,
        sa.and_(
            contract_balances.c.household_id == _HOME.c.household_id,
            contract_balances.c.contract_id == sa.bindparam("contract", type_=sa.Text),
        ),
    )
)


def means_of(db: Database, household_id: str, contract_id: str = "") -> Means:
    """What a household has and has ordered; with `contract_id`, what of it belongs to that contract."""
    rows = db.rows(_MEANS, household=household_id, contract=contract_id)
    orders = [row for row in rows if row["order_id"]]
    return Means(
        balance_cents=rows[0]["balance_cents"] or 0,
        position=rows[0]["position"] or 0,
        standing={row["order_id"]: row["total_cents"] for row in orders if row["status"] == "confirmed"},
        over=frozenset(row["order_id"] for row in orders if row["over"]),
        contract_balance_cents=rows[0]["contract_balance_cents"] or 0,
        of_contract=frozenset(row["order_id"] for row in orders if contract_id and row["contract_id"] == contract_id),
    )


_HELD = sa.select(holds.c.hold).where(holds.c.order_id == sa.bindparam("order_id", type_=sa.Text))


def is_held(db: Database, order_id: str) -> bool:
    return bool(db.rows(_HELD, order_id=order_id))


def waiting(db: Database, before: str) -> list[Row]:
    """Holds set aside before an instant (ISO) on which no order was accepted."""
    query = sa.select(holds).where(holds.c.stands == 0, holds.c.at < before)
    return db.rows(query.order_by(holds.c.household_id, holds.c.hold))


def floor_of_contract(db: Database, contract_id: str) -> int | None:
    """The lowest balance of the contract (cents) that orders in its rounds may lead to; None: no limit."""
    found: int | None = db.value(
        sa.select(contract_floors.c.floor_cents).where(contract_floors.c.contract_id == contract_id)
    )
    return found
