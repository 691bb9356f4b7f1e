"""Which orders stand, with which lines, and how much of each product has a group asked?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from grenier.language import orders as language
from grenier.readmodel import Database, Fact, Row, Rows, View

_meta = sa.MetaData()
orders = sa.Table(
    "placed_orders",
    _meta,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("cycle_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("household_id", sa.Text, nullable=False, index=True),
    sa.Column("tier", sa.Text, nullable=False),
    # confirmed, cancelled, emptied (its last line fell away)
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("line_count", sa.Integer, nullable=False),
    sa.Column("total_cents", sa.Integer, nullable=False),
    sa.Column("confirmed_at", sa.Text, nullable=False),
    sa.Column("changed_at", sa.Text, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_role", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
lines = sa.Table(
    "placed_lines",
    _meta,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("product_id", sa.Text, primary_key=True),
    sa.Column("cycle_id", sa.Text, nullable=False, index=True),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("unit_price_cents", sa.Integer, nullable=False),
    sa.Column("amount_cents", sa.Integer, nullable=False),
    # What the household had asked before a regulation; 0 when nothing was taken away.
    sa.Column("asked_quantity", sa.Integer, nullable=False),
)
asked = sa.Table(
    "placed_asked",
    _meta,
    sa.Column("cycle_id", sa.Text, primary_key=True),
    sa.Column("product_id", sa.Text, primary_key=True),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("orders", sa.Integer, nullable=False),
    sa.Column("amount_cents", sa.Integer, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case language.OrderConfirmed() | language.OrderAmended() as e:
            _stands(rows, fact, e)
        case language.OrderCancelled() as e:
            _drop_lines(rows, e.order_id, e.cycle_id)
            rows.change(orders, e.order_id, status="cancelled", line_count=0, total_cents=0, changed_at=fact.at,
                        changed_by=fact.meta.actor, changed_role=fact.meta.role, reason=e.reason)  # fmt: skip
        case language.OrdersRegulated() as e:
            for change in e.changes:
                _reduce(rows, e.cycle_id, change)


def _stands(rows: Rows, fact: Fact, e: language.OrderConfirmed | language.OrderAmended) -> None:
    amended = isinstance(e, language.OrderAmended)
    if amended:
        # A first confirmation has no lines to replace: a cancelled order lost its own already.
        _drop_lines(rows, e.order_id, e.cycle_id)
    rows.ahead(asked, [(e.cycle_id, line.product_id) for line in e.lines])
    for line in e.lines:
        rows.put(lines, order_id=e.order_id, product_id=line.product_id, cycle_id=e.cycle_id, quantity=line.quantity,
                 unit_price_cents=line.unit_price_cents, amount_cents=line.amount_cents, asked_quantity=0)  # fmt: skip
        rows.add(asked, e.cycle_id, line.product_id, quantity=line.quantity, orders=1, amount_cents=line.amount_cents)
    before = rows.get(orders, e.order_id) if amended else None
    rows.put(
        orders,
        order_id=e.order_id,
        cycle_id=e.cycle_id,
        group_id=e.group_id,
        household_id=e.household_id,
        tier=e.tier,
        status="confirmed",
        channel=e.channel,
        line_count=len(e.lines),
        total_cents=e.total_cents,
        confirmed_at=before["confirmed_at"] if before else fact.at,
        changed_at=fact.at,
        changed_by=fact.meta.actor,
        changed_role=fact.meta.role,
        reason=e.reason if isinstance(e, language.OrderAmended) else "",
    )


def _drop_lines(rows: Rows, order_id: str, cycle_id: str) -> None:
    if rows.get(orders, order_id) is None:
        return
    gone = rows.where(lines, order_id=order_id)
    rows.ahead(asked, [(cycle_id, line["product_id"]) for line in gone])
    rows.ahead(lines, [(order_id, line["product_id"]) for line in gone])
    for line in gone:
        rows.add(asked, cycle_id, line["product_id"], quantity=-line["quantity"], orders=-1,
                 amount_cents=-line["amount_cents"])  # fmt: skip
        rows.delete(lines, order_id, line["product_id"])


def _reduce(rows: Rows, cycle_id: str, change: language.LineReduced) -> None:
    line = rows.get(lines, change.order_id, change.product_id)
    order = rows.get(orders, change.order_id)
    if line is None or order is None:
        return
    amount = change.to_amount_cents - line["amount_cents"]
    gone = change.to_quantity == 0
    rows.add(asked, cycle_id, change.product_id, quantity=change.to_quantity - line["quantity"],
             orders=-1 if gone else 0, amount_cents=amount)  # fmt: skip
    if gone:
        rows.delete(lines, change.order_id, change.product_id)
    else:
        rows.change(lines, change.order_id, change.product_id, quantity=change.to_quantity,
                    amount_cents=change.to_amount_cents, asked_quantity=change.from_quantity)  # fmt: skip
    left = order["line_count"] - gone
    status = "confirmed" if left else "emptied"
    rows.change(orders, change.order_id, line_count=left, total_cents=order["total_cents"] + amount, status=status)


view = View(
    name="placed",
    tables=(orders, lines, asked),
    reads=("orders.order-", "orders.orders-regulated"),
    apply=apply,
    version=2,
)


def order(db: Database, order_id: str) -> Row | None:
    return db.row(sa.select(orders).where(orders.c.order_id == order_id))


def lines_of(db: Database, order_ids: Sequence[str]) -> dict[str, list[Row]]:
    """Lines per order id, in the order of product ids; one read."""
    found: dict[str, list[Row]] = {order_id: [] for order_id in order_ids}
    for line in db.rows(sa.select(lines).where(lines.c.order_id.in_(order_ids)).order_by(lines.c.product_id)):
        found[line["order_id"]].append(line)
    return found


def orders_of_cycle(db: Database, cycle_id: str, limit: int, offset: int) -> tuple[list[Row], int]:
    """A page of the confirmed orders in the order of confirmation, and how many there are."""
    stands = (orders.c.cycle_id == cycle_id, orders.c.status == "confirmed")
    total = db.value(sa.select(sa.func.count()).select_from(orders).where(*stands))
    query = sa.select(orders).where(*stands).order_by(orders.c.confirmed_at, orders.c.order_id)
    return db.rows(query.limit(limit).offset(offset)), int(total)


def orders_of_household(db: Database, household_id: str, limit: int, offset: int) -> tuple[list[Row], int]:
    mine = orders.c.household_id == household_id
    total = db.value(sa.select(sa.func.count()).select_from(orders).where(mine))
    query = sa.select(orders).where(mine).order_by(orders.c.confirmed_at.desc(), orders.c.order_id)
    return db.rows(query.limit(limit).offset(offset)), int(total)


def orders_of(db: Database, household_ids: Sequence[str], cycle_ids: Sequence[str]) -> list[Row]:
    """The standing orders of some households in some cycles; one read."""
    query = sa.select(orders).where(orders.c.household_id.in_(household_ids), orders.c.cycle_id.in_(cycle_ids))
    return db.rows(query.where(orders.c.status == "confirmed").order_by(orders.c.order_id))


def households_with_order(db: Database, cycle_id: str) -> list[str]:
    stands = (orders.c.cycle_id == cycle_id, orders.c.status == "confirmed")
    query = sa.select(orders.c.household_id).where(*stands).order_by(orders.c.household_id)
    return [row["household_id"] for row in db.rows(query)]


def asked_in(db: Database, cycle_ids: Iterable[str], product_ids: Iterable[str] | None = None) -> list[Row]:
    """cycle_id, product_id, quantity, orders, amount_cents of what is asked; one read for any number of cycles."""
    query = sa.select(asked).where(asked.c.cycle_id.in_(list(cycle_ids)), asked.c.quantity > 0)
    if product_ids is not None:
        query = query.where(asked.c.product_id.in_(sorted(product_ids)))
    return db.rows(query.order_by(asked.c.product_id, asked.c.cycle_id))


def figures(db: Database, cycle_ids: Iterable[str]) -> dict[str, Row]:
    """{cycle_id: {orders, total_cents}} of the standing orders."""
    query = sa.select(
        orders.c.cycle_id, sa.func.count().label("orders"), sa.func.sum(orders.c.total_cents).label("total_cents")
    ).where(orders.c.cycle_id.in_(list(cycle_ids)), orders.c.status == "confirmed")
    return {row["cycle_id"]: row for row in db.rows(query.group_by(orders.c.cycle_id))}
