"""Which windows and cycles are there, where does each stand, what is due? (S1:146)"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from grenier.clock import iso
from grenier.language import orders, season
from grenier.readmodel import Database, Fact, Json, Row, Rows, View
from orders_svc import rounds

_meta = sa.MetaData()
windows = sa.Table(
    "cycles_windows",
    _meta,
    sa.Column("window_id", sa.Text, primary_key=True),
    sa.Column("host_id", sa.Text, nullable=False, index=True),
    sa.Column("catalogue_id", sa.Text, nullable=False),
    sa.Column("month", sa.Text, nullable=False),
    sa.Column("opens_at", sa.Text, nullable=False),
    sa.Column("closes_at", sa.Text, nullable=False),
    sa.Column("scheduled_at", sa.Text, nullable=False),
    sa.Column("group_count", sa.Integer, nullable=False),
    sa.Column("frozen_count", sa.Integer, nullable=False),
    sa.Column("aggregated_at", sa.Text),
)
cycles = sa.Table(
    "cycles_cycles",
    _meta,
    sa.Column("cycle_id", sa.Text, primary_key=True),
    sa.Column("window_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("host_id", sa.Text, nullable=False),
    sa.Column("catalogue_id", sa.Text, nullable=False),
    sa.Column("month", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, index=True),
    sa.Column("opens_at", sa.Text, nullable=False),
    sa.Column("closes_at", sa.Text, nullable=False),
    sa.Column("distribution_starts_at", sa.Text, nullable=False),
    sa.Column("distribution_ends_at", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("tier_rates_bp", Json, nullable=False),
    # {product_id: maximum of the group} where there is one; the other figures stand in the catalogue.
    sa.Column("max_per_group", Json, nullable=False),
    sa.Column("unavailable", Json, nullable=False),
    sa.Column("announced_at", sa.Text),
    sa.Column("closed_at", sa.Text),
    sa.Column("frozen_at", sa.Text),
    sa.Column("total_cents", sa.Integer, nullable=False),
    # A round of a contract: whose, from whom, for which delivery; "" in the cycles of a window.
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("producer_id", sa.Text, nullable=False),
    sa.Column("delivery_id", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("closes_too_late", sa.Integer, nullable=False),
    sa.Column("reminded_at", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
)
# Known with the contract: what happens to a delivery before the round's own first fact has come round must find it.
planned = sa.Table(
    "cycles_planned",
    _meta,
    sa.Column("cycle_id", sa.Text, primary_key=True),
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("delivery_id", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case orders.WindowScheduled() as e:
            rows.put(windows, window_id=e.window_id, host_id=e.host_id, catalogue_id=e.catalogue_id, month=e.month,
                     opens_at=iso(e.opens_at), closes_at=iso(e.closes_at), scheduled_at=fact.at,
                     group_count=len(e.groups), frozen_count=0)  # fmt: skip
        case orders.CycleFrozenInWindow() as e:
            rows.add(windows, e.window_id, frozen_count=1)
        case orders.WindowAggregated() as e:
            rows.change(windows, e.window_id, aggregated_at=fact.at)
        case orders.CycleScheduled() as e:
            _scheduled(rows, e)
        case orders.CycleOpened() as e:
            rows.change(cycles, e.cycle_id, status="open")
        case orders.ProductMadeUnavailable() as e:
            row = rows.get(cycles, e.cycle_id)
            if row is not None:
                rows.change(cycles, e.cycle_id, unavailable=sorted({*row["unavailable"], e.product_id}))
        case orders.ClosingAnnounced() as e:
            rows.change(cycles, e.cycle_id, announced_at=fact.at)
        case orders.CycleClosed() as e:
            rows.change(cycles, e.cycle_id, status="closed", closed_at=iso(e.closed_at))
        case orders.AggregationFrozen() as e:
            rows.change(cycles, e.cycle_id, status="frozen", frozen_at=fact.at, total_cents=e.total_cents)
        case orders.DistributionMoved() as e:
            rows.change(cycles, e.cycle_id, distribution_starts_at=iso(e.distribution_starts_at),
                        distribution_ends_at=iso(e.distribution_ends_at), place=e.place,
                        closes_too_late=int(e.closes_too_late))  # fmt: skip
        case orders.CycleCancelled() as e:
            rows.change(cycles, e.cycle_id, status="cancelled", reason=e.reason, total_cents=0)
        case orders.OrdersReminded() as e:
            rows.change(cycles, e.cycle_id, reminded_at=fact.at)
        case season.ContractOpened() as e:
            for plan, delivery in rounds.planned(e):
                _planned(rows, e.contract_id, plan.round_id, delivery.delivery_id)
        case season.DeliveryAdded() as e if e.round is not None:
            _planned(rows, e.contract_id, e.round.round_id, e.delivery.delivery_id)


def _planned(rows: Rows, contract_id: str, round_id: str, delivery_id: str) -> None:
    cycle_id = rounds.cycle_id_of(contract_id, round_id)
    rows.put(planned, cycle_id=cycle_id, contract_id=contract_id, delivery_id=delivery_id)


def _scheduled(rows: Rows, e: orders.CycleScheduled) -> None:
    rows.put(
        cycles,
        cycle_id=e.cycle_id,
        window_id=e.window_id,
        group_id=e.group_id,
        host_id=e.host_id,
        catalogue_id=e.catalogue_id,
        month=e.month,
        status="scheduled",
        opens_at=iso(e.opens_at),
        closes_at=iso(e.closes_at),
        distribution_starts_at=iso(e.distribution_starts_at),
        distribution_ends_at=iso(e.distribution_ends_at),
        place=e.place,
        tier_rates_bp=e.tier_rates_bp,
        max_per_group={item.product_id: item.max_per_group for item in e.items if item.max_per_group},
        unavailable=[],
        total_cents=0,
        contract_id=e.contract_id,
        producer_id=e.producer_id,
        delivery_id=e.delivery_id,
        title=e.title,
        closes_too_late=int(e.closes_at >= e.distribution_starts_at),
        reason="",
    )


view = View(
    name="cycles",
    tables=(windows, cycles, planned),
    reads=(
        "orders.window-",
        "orders.cycle-",
        "orders.product-made-unavailable",
        "orders.closing-announced",
        "orders.aggregation-frozen",
        "orders.orders-reminded",
        "contracts.contract-opened",
        "contracts.delivery-added",
    ),
    apply=apply,
    version=3,  # 2: rounds of contracts; 3: those that are planned
)


def window(db: Database, window_id: str) -> Row | None:
    return db.row(sa.select(windows).where(windows.c.window_id == window_id))


def windows_of(db: Database, host_id: str) -> list[Row]:
    query = sa.select(windows).where(windows.c.host_id == host_id)
    return db.rows(query.order_by(windows.c.opens_at.desc(), windows.c.window_id))


def cycle(db: Database, cycle_id: str) -> Row | None:
    return db.row(sa.select(cycles).where(cycles.c.cycle_id == cycle_id))


def cycles_of_window(db: Database, window_id: str) -> list[Row]:
    return db.rows(sa.select(cycles).where(cycles.c.window_id == window_id).order_by(cycles.c.group_id))


def cycles_of_groups(db: Database, group_ids: Iterable[str], *, since: str = "") -> list[Row]:
    """Newest first; `since`: only those whose distribution ends after this instant (ISO text)."""
    query = sa.select(cycles).where(cycles.c.group_id.in_(list(group_ids)))
    if since:
        query = query.where(cycles.c.distribution_ends_at >= since)
    return db.rows(query.order_by(cycles.c.opens_at.desc(), cycles.c.cycle_id))


def rounds_of(db: Database, contract_ids: Iterable[str]) -> list[Row]:
    """The order rounds of some contracts, by delivery."""
    query = sa.select(cycles).where(cycles.c.contract_id.in_([each for each in contract_ids if each]))
    return db.rows(query.order_by(cycles.c.distribution_starts_at, cycles.c.cycle_id))


def planned_for(db: Database, contract_id: str, delivery_id: str) -> list[str]:
    """Ids of the cycles of a delivery, scheduled already or about to be."""
    query = sa.select(planned.c.cycle_id).where(
        planned.c.contract_id == contract_id, planned.c.delivery_id == delivery_id
    )
    return [row["cycle_id"] for row in db.rows(query.order_by(planned.c.cycle_id))]


# -- what timers look for ----------------------------------------------------------------------------------------


def _due(*where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    query = sa.select(
        cycles.c.cycle_id,
        cycles.c.group_id,
        cycles.c.closes_at,
        cycles.c.contract_id,
        cycles.c.distribution_starts_at,
    )
    return query.where(*where).order_by(cycles.c.cycle_id)


_TO_OPEN = _due(cycles.c.status == "scheduled", cycles.c.opens_at <= sa.bindparam("now"))
_TO_ANNOUNCE = _due(
    cycles.c.status == "open", cycles.c.announced_at.is_(None), cycles.c.closes_at <= sa.bindparam("before")
)
_TO_CLOSE = _due(cycles.c.status == "open", cycles.c.closes_at <= sa.bindparam("now"))
_TO_FREEZE = _due(cycles.c.status == "closed", cycles.c.closes_at <= sa.bindparam("before"))


def to_open(db: Database, now: str) -> list[Row]:
    return db.kept(_TO_OPEN, now=now)


def to_announce(db: Database, before: str) -> list[Row]:
    return db.kept(_TO_ANNOUNCE, before=before)


def to_close(db: Database, now: str) -> list[Row]:
    return db.kept(_TO_CLOSE, now=now)


def to_freeze(db: Database, closed_before: str) -> list[Row]:
    return db.kept(_TO_FREEZE, before=closed_before)
