"""The gateway's own projection: balances, so that reading one needs no call to a service; kept by `grenier work gateway`.

    balance(db, household_id)  ->  {household_id, group_id, balance_cents, committed_cents, position}

The view of who may do what (`grenier.access`) lies in the same database, as in every service.
"""

from typing import Any

import sqlalchemy as sa

from gateway import agenda_view
from gateway.auth_db import auth_url, forget_person, open_auth_db
from grenier.clock import Clock
from grenier.config import Settings
from grenier.doors import Context
from grenier.language import contracts, ledger, logistics, orders
from grenier.log.protocol import StreamLog
from grenier.projector import positions
from grenier.readmodel import Database, Fact, Row, Rows, View
from grenier.runtime import Policy, Runtime, Service
from grenier_infra import mailbox

_meta = sa.MetaData()
balances = sa.Table(
    "balances_households",
    _meta,
    sa.Column("household_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("balance_cents", sa.Integer),
    sa.Column("committed_cents", sa.Integer),
    # Of the last entry of the account; None while there is none.
    sa.Column("position", sa.BigInteger),
)
pending = sa.Table(
    "balances_orders",
    _meta,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, nullable=False),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("cycle_id", sa.Text, nullable=False, index=True),
    sa.Column("amount_cents", sa.Integer, nullable=False),
    # 1 while the order waits to be charged; what is charged names its entry, so that a reversal finds it.
    sa.Column("open", sa.Integer, nullable=False),
    sa.Column("entry_id", sa.Text, nullable=False, index=True),
)
distributions = sa.Table(
    "balances_distributions",
    _meta,
    sa.Column("distribution_id", sa.Text, primary_key=True),
    sa.Column("cycle_id", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    for posting in getattr(fact.event, "postings", ()):
        kind, _, household_id = posting.account.partition(":")
        if kind == "eater":
            _add(rows, household_id, fact.event.group_id, balance_cents=posting.amount_cents)  # type: ignore[attr-defined]
            rows.change(balances, household_id, position=fact.position)
    match fact.event:
        case orders.OrderConfirmed() | orders.OrderAmended() as e:
            _release(rows, rows.get(pending, e.order_id))
            order = {"order_id": e.order_id, "household_id": e.household_id, "group_id": e.group_id}
            rows.put(pending, **order, cycle_id=e.cycle_id, amount_cents=e.total_cents, open=0, entry_id="")
            _commit(rows, rows.get(pending, e.order_id))
        case orders.OrderCancelled() as e:
            _release(rows, rows.get(pending, e.order_id))
        case orders.OrdersRegulated() as e:
            for change in e.changes:
                _reduce(rows, change)
        case ledger.GoodsCharged() as e:
            _release(rows, rows.get(pending, e.order_id))
            rows.change(pending, e.order_id, entry_id=e.entry_id)
        case ledger.EntryReversed() as e:
            for row in rows.where(pending, entry_id=e.reverses):
                _commit(rows, row)
        case logistics.DistributionPlanned() as e:
            rows.put(distributions, distribution_id=e.distribution_id, cycle_id=e.cycle_id)
        case logistics.DistributionClosed() as e:
            known = rows.get(distributions, e.distribution_id)
            for row in rows.where(pending, cycle_id=known["cycle_id"]) if known else ():
                _release(rows, row)


def _commit(rows: Rows, order: Row | None) -> None:
    if order is not None and not order["open"]:
        _add(rows, order["household_id"], order["group_id"], committed_cents=order["amount_cents"])
        rows.change(pending, order["order_id"], open=1, entry_id="")


def _release(rows: Rows, order: Row | None) -> None:
    if order is not None and order["open"]:
        _add(rows, order["household_id"], order["group_id"], committed_cents=-order["amount_cents"])
        rows.change(pending, order["order_id"], open=0)


def _reduce(rows: Rows, change: orders.LineReduced) -> None:
    """Regulation happens while the order waits, so what is committed changes with it."""
    order = rows.get(pending, change.order_id)
    if order is not None and order["open"]:
        difference = change.to_amount_cents - change.from_amount_cents
        rows.add(pending, change.order_id, amount_cents=difference)
        _add(rows, order["household_id"], order["group_id"], committed_cents=difference)


def _add(rows: Rows, household_id: str, group_id: str, **amounts: int) -> None:
    if rows.get(balances, household_id) is None:
        rows.put(balances, household_id=household_id, group_id=group_id, balance_cents=0, committed_cents=0)
    rows.add(balances, household_id, **amounts)


view = View(
    "balances",
    (balances, pending, distributions),
    ("ledger.", "orders.order", "logistics.distribution-planned", "logistics.distribution-closed"),
    apply,
)


_BALANCE = sa.select(balances).where(balances.c.household_id == sa.bindparam("household_id"))


def balance(db: Database, household_id: str) -> Row:
    """Zero cents for a household without a fact."""
    row = db.by_key(_BALANCE, household_id=household_id)
    empty = {"household_id": household_id, "group_id": "", "balance_cents": 0, "committed_cents": 0, "position": None}
    return row or empty


def service() -> Service:
    return Service(name="gateway", views=(view, agenda_view.view), doors=_NoDoors, policies=(forget_sign_in,))


def _forget(runtime: Runtime, fact: Fact) -> None:
    """An erased person's password, sessions, tokens and links go too, and mails that the installation's own mailbox keeps.

    Doing it again removes nothing more.
    """
    if isinstance(fact.event, contracts.PersonErased):
        engine = open_auth_db(auth_url(runtime.settings), kept=1)
        forget_person(engine, fact.event.person_id)
        engine.dispose()
        mailbox.delete_about(runtime.settings.mailbox_file, fact.event.person_id)


forget_sign_in = Policy("forget-sign-in", ("contracts.person-erased",), _forget)


class _NoDoors:
    """The gateway answers people, not services."""

    name = "gateway"

    def __init__(self, _runtime: Runtime) -> None:
        pass


def open_views(settings: Settings) -> Database:
    """The gateway's views; empty tables are a true answer before the worker has ever run."""
    db = Database(settings.view_database("gateway"), "gateway")
    db.create([positions, *(table for each in service().all_views for table in each.tables)])
    return db


def open_runtime(settings: Settings, log: StreamLog, clock: Clock) -> Runtime:
    """What reads the gateway's views in the processes that answer people; `log` tells what there is to wait for."""
    return Runtime(settings, service(), log, clock, open_views(settings))


class Balances:
    """Balances as the person of a request may read them."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def of(self, household_id: str, context: Context) -> dict[str, Any]:
        """Raises NotFound or Forbidden like the ledger itself, Unavailable when the view is too far behind."""
        self._runtime.wait(context)
        household = self._runtime.access.require_household(context, household_id, "ledger.read")
        return {**balance(self._runtime.db, household_id), "group_id": household["group_id"]}


class Agenda:
    """What has a date, as pages and calendar feeds read it; who may see what is decided where it is asked."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.db = runtime.db

    def wait(self, position: int | None) -> None:
        """Raises Unavailable when the view is too far behind."""
        self._runtime.wait(Context(after=position))
