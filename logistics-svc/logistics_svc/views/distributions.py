"""The distributions of a group and the board of each day: who is expected, here, served (S1:45, S1:66-70)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from grenier.clock import iso
from grenier.language import logistics as facts
from grenier.readmodel import Database, Fact, Json, Row, Rows, View
from logistics_svc.plain import plain

_meta = sa.MetaData()
distributions = sa.Table(
    "distributions_days",
    _meta,
    sa.Column("distribution_id", sa.Text, primary_key=True),
    sa.Column("cycle_id", sa.Text, nullable=False, index=True),
    sa.Column("window_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("host_id", sa.Text, nullable=False, index=True),
    sa.Column("month", sa.Text, nullable=False),
    sa.Column("starts_at", sa.Text, nullable=False),
    sa.Column("ends_at", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("orders", sa.Integer, nullable=False),
    sa.Column("checked_in", sa.Integer, nullable=False),
    sa.Column("served", sa.Integer, nullable=False),
    sa.Column("served_cents", sa.Integer, nullable=False),
    sa.Column("slots", Json, nullable=False),
    sa.Column("items", Json, nullable=False),
    sa.Column("counted", Json),
    sa.Column("counted_at", sa.Text),
    sa.Column("closed_at", sa.Text),
    # The delivery of an order round; "" for the month of a window.
    sa.Column("contract_id", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
)
households = sa.Table(
    "distributions_households",
    _meta,
    sa.Column("distribution_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True, index=True),
    sa.Column("tier", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("slot_id", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("lines", sa.Integer, nullable=False),
    sa.Column("ordered_cents", sa.Integer, nullable=False),
    sa.Column("total_cents", sa.Integer),
    sa.Column("sign_off_id", sa.Text),
    sa.Column("checked_in_at", sa.Text),
    sa.Column("signed_at", sa.Text),
    sa.Column("call", sa.Text),
    sa.Column("called_at", sa.Text),
    sa.Column("called_by", sa.Text),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case facts.DistributionPlanned() as e:
            _plan(rows, e)
        case facts.DistributionMoved() as e:
            rows.change(distributions, e.distribution_id, starts_at=iso(e.starts_at), ends_at=iso(e.ends_at),
                        place=e.place, slots=_slots(e.slots))  # fmt: skip
        case facts.SlotChosen() as e:
            rows.change(households, e.distribution_id, e.household_id, slot_id=e.slot_id)
        case facts.HouseholdCheckedIn() as e:
            _household(rows, e.distribution_id, e.household_id)
            rows.change(households, e.distribution_id, e.household_id, state="checked-in", checked_in_at=fact.at)
            rows.add(distributions, e.distribution_id, checked_in=1)
        case facts.CheckInUndone() as e:
            rows.change(households, e.distribution_id, e.household_id, state="expected", checked_in_at=None)
            rows.add(distributions, e.distribution_id, checked_in=-1)
        case facts.SignedOff() as e:
            _household(rows, e.distribution_id, e.household_id)
            rows.change(households, e.distribution_id, e.household_id, state="served", total_cents=e.total_cents,
                        sign_off_id=e.sign_off_id, signed_at=fact.at)  # fmt: skip
            rows.add(distributions, e.distribution_id, served=1, served_cents=e.total_cents)
        case facts.SignOffUndone() as e:
            _undo(rows, e)
        case facts.AbsentCalled() as e:
            rows.change(households, e.distribution_id, e.household_id, call=e.outcome, called_at=fact.at,
                        called_by=fact.meta.actor)  # fmt: skip
        case facts.DeliveryReceived() as e:
            day = rows.get(distributions, e.distribution_id)
            if day and day["state"] == "planned":
                rows.change(distributions, e.distribution_id, state="received")
        case facts.StockCounted() as e:
            rows.change(distributions, e.distribution_id, counted=plain(e.lines), counted_at=fact.at)
        case facts.DistributionClosed() as e:
            rows.change(distributions, e.distribution_id, state="closed", closed_at=fact.at)


def _plan(rows: Rows, e: facts.DistributionPlanned) -> None:
    rows.put(distributions, distribution_id=e.distribution_id, cycle_id=e.cycle_id, window_id=e.window_id,
             group_id=e.group_id, host_id=e.host_id, month=e.month, starts_at=iso(e.starts_at), ends_at=iso(e.ends_at),
             place=e.place, state="planned", orders=len(e.orders), checked_in=0, served=0, served_cents=0,
             slots=_slots(e.slots), items=plain(e.items), contract_id=e.contract_id, title=e.title)  # fmt: skip
    assigned = {assignment.household_id: assignment.slot_id for assignment in e.assignments}
    for order in e.orders:
        rows.put(households, distribution_id=e.distribution_id, household_id=order.household_id, tier=order.tier,
                 order_id=order.order_id, slot_id=assigned.get(order.household_id, ""), state="expected",
                 lines=len(order.lines), ordered_cents=order.total_cents)  # fmt: skip


def _slots(slots: Iterable[facts.PickupSlot]) -> list[dict[str, str]]:
    return [
        {"slot_id": slot.slot_id, "tier": slot.tier, "starts_at": iso(slot.starts_at), "ends_at": iso(slot.ends_at)}
        for slot in slots
    ]


def _household(rows: Rows, distribution_id: str, household_id: str) -> None:
    """Somebody may come without an order."""
    if rows.get(households, distribution_id, household_id) is None:
        rows.put(households, distribution_id=distribution_id, household_id=household_id, tier="", order_id="",
                 slot_id="", state="expected", lines=0, ordered_cents=0)  # fmt: skip


def _undo(rows: Rows, e: facts.SignOffUndone) -> None:
    row = rows.get(households, e.distribution_id, e.household_id)
    total = row["total_cents"] if row else 0
    rows.change(households, e.distribution_id, e.household_id, state="checked-in", total_cents=None, sign_off_id=None,
                signed_at=None)  # fmt: skip
    rows.add(distributions, e.distribution_id, served=-1, served_cents=-total)


view = View(
    name="distributions",
    tables=(distributions, households),
    reads=(
        "logistics.distribution-",
        "logistics.delivery-received",
        "logistics.slot-chosen",
        "logistics.household-checked-in",
        "logistics.check-in-undone",
        "logistics.signed-off",
        "logistics.sign-off-undone",
        "logistics.absent-called",
        "logistics.stock-counted",
    ),
    apply=apply,
    version=2,  # 2: deliveries of order rounds, and distributions that move
)

# Lists leave out the wide columns.
_BRIEF = [column for column in distributions.columns if column.name not in ("slots", "items", "counted")]


def distributions_where(db: Database, **equals: str) -> list[Row]:
    """By group_id or host_id, the latest first."""
    where = [distributions.c[name] == value for name, value in equals.items()]
    found = db.rows(sa.select(*_BRIEF).where(*where).order_by(distributions.c.starts_at.desc()))
    return [_with_absent(row) for row in found]


def distributions_of(db: Database, household_id: str) -> list[Row]:
    """Those in which a household has an order, the latest first, each with the household's own figures."""
    mine = [households.c[name].label(f"my_{name}") for name in ("state", "slot_id", "ordered_cents", "total_cents")]
    query = (
        sa.select(*_BRIEF, distributions.c.slots, *mine)
        .join(households, households.c.distribution_id == distributions.c.distribution_id)
        .where(households.c.household_id == household_id)
    )
    return [_with_absent(row) for row in db.rows(query.order_by(distributions.c.starts_at.desc()))]


def distribution(db: Database, distribution_id: str) -> Row | None:
    row = db.row(sa.select(distributions).where(distributions.c.distribution_id == distribution_id))
    return _with_absent(row) if row else None


def neighbour(db: Database, day: Row, *, after: bool) -> Row | None:
    """The group's distribution just after (or before) this one; what a contract leaves never goes to another one."""
    starts = distributions.c.starts_at
    later = starts > day["starts_at"] if after else starts < day["starts_at"]
    same = (distributions.c.group_id == day["group_id"], distributions.c.contract_id == day["contract_id"])
    query = sa.select(*_BRIEF).where(*same, later)
    return db.row(query.order_by(starts if after else starts.desc()))


def households_of(db: Database, distribution_id: str) -> list[Row]:
    return db.rows(
        sa.select(households)
        .where(households.c.distribution_id == distribution_id)
        .order_by(households.c.slot_id, households.c.household_id)
    )


def absent_households(db: Database, distribution_id: str) -> list[Row]:
    """Those with an order who have not come."""
    query = sa.select(households).where(
        households.c.distribution_id == distribution_id, households.c.state == "expected", households.c.order_id != ""
    )
    return db.rows(query.order_by(households.c.slot_id, households.c.household_id))


def _with_absent(row: dict[str, Any]) -> Row:
    """Absent: with an order, and not served; a figure of the day only once the doors have opened."""
    return {**row, "absent": max(0, row["orders"] - row["served"])}
