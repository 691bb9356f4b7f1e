"""View `occasions`: what messages speak about – order cycles, distributions and activities with their dates and names.

Messages carry ids; the words come from here at the moment of sending.
"""

from __future__ import annotations

import sqlalchemy as sa

from grenier.clock import iso
from grenier.language import logistics, matching, orders
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
cycles = sa.Table(
    "occasions_cycles",
    _meta,
    sa.Column("cycle_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("month", sa.Text, nullable=False),
    sa.Column("opens_at", sa.Text, nullable=False),
    sa.Column("closes_at", sa.Text, nullable=False),
    sa.Column("distribution_starts_at", sa.Text, nullable=False),
    sa.Column("distribution_ends_at", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    # product id -> [name, the most that the group may take, 0 for no limit]
    sa.Column("products", Json, nullable=False),
)
distributions = sa.Table(
    "occasions_distributions",
    _meta,
    sa.Column("distribution_id", sa.Text, primary_key=True),
    sa.Column("cycle_id", sa.Text, nullable=False),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("starts_at", sa.Text, nullable=False, index=True),
    sa.Column("ends_at", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("slots", Json, nullable=False),
    # "" but for the delivery of an order round.
    sa.Column("contract_id", sa.Text, nullable=False),
    sa.Column("household_ids", Json, nullable=False),
)
chosen_slots = sa.Table(
    "occasions_slots",
    _meta,
    sa.Column("distribution_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True),
    sa.Column("slot_id", sa.Text, nullable=False),
)
activities = sa.Table(
    "occasions_activities",
    _meta,
    sa.Column("activity_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("starts_at", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("ends_at", sa.Text, nullable=False),
    sa.Column("agenda", sa.Text, nullable=False),
    sa.Column("minutes", sa.Text, nullable=False),
    sa.Column("cancelled", sa.Integer, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case orders.CycleScheduled() as e:
            products = {item.product_id: [item.facts.name, item.max_per_group] for item in e.items}
            rows.put(cycles, cycle_id=e.cycle_id, group_id=e.group_id, month=e.month, opens_at=iso(e.opens_at),
                     closes_at=iso(e.closes_at), distribution_starts_at=iso(e.distribution_starts_at),
                     distribution_ends_at=iso(e.distribution_ends_at), place=e.place, products=products)  # fmt: skip
        case logistics.DistributionPlanned() as e:
            slots = {slot.slot_id: [iso(slot.starts_at), iso(slot.ends_at)] for slot in e.slots}
            rows.put(distributions, distribution_id=e.distribution_id, cycle_id=e.cycle_id, group_id=e.group_id,
                     starts_at=iso(e.starts_at), ends_at=iso(e.ends_at), place=e.place, slots=slots,
                     contract_id=e.contract_id, household_ids=[order.household_id for order in e.orders])  # fmt: skip
            for assigned in e.assignments:
                rows.put(chosen_slots, distribution_id=e.distribution_id, household_id=assigned.household_id,
                         slot_id=assigned.slot_id)  # fmt: skip
        case logistics.SlotChosen() as e:
            rows.put(chosen_slots, distribution_id=e.distribution_id, household_id=e.household_id, slot_id=e.slot_id)
        case matching.ActivityPlanned() as e:
            rows.put(activities, activity_id=e.activity_id, group_id=e.group_id, title=e.title,
                     starts_at=iso(e.starts_at), place=e.place, kind=e.kind, ends_at=iso(e.ends_at), agenda=e.agenda,
                     minutes="", cancelled=0)  # fmt: skip
        case matching.ActivityChanged() as e:
            rows.change(activities, e.activity_id, title=e.title, starts_at=iso(e.starts_at), ends_at=iso(e.ends_at),
                        place=e.place, agenda=e.agenda)  # fmt: skip
        case matching.ActivityCancelled() as e:
            rows.change(activities, e.activity_id, cancelled=1)
        case matching.MinutesPublished() as e:
            rows.change(activities, e.activity_id, minutes=e.text)
        case orders.DistributionMoved() as e:
            rows.change(cycles, e.cycle_id, distribution_starts_at=iso(e.distribution_starts_at),
                        distribution_ends_at=iso(e.distribution_ends_at), place=e.place)  # fmt: skip
        case logistics.DistributionMoved() as e:
            slots = {slot.slot_id: [iso(slot.starts_at), iso(slot.ends_at)] for slot in e.slots}
            rows.change(distributions, e.distribution_id, starts_at=iso(e.starts_at), ends_at=iso(e.ends_at),
                        place=e.place, slots=slots)  # fmt: skip


view = View(
    "occasions",
    (cycles, distributions, chosen_slots, activities),
    ("orders.cycle-scheduled", "orders.cycle-distribution-moved", "logistics.distribution-planned",
     "logistics.distribution-moved", "logistics.slot-chosen", "matching.activity-planned", "matching.activity-changed",
     "matching.activity-cancelled", "matching.minutes-published"),
    apply,
    version=3,  # 3: the contract of a delivery
)  # fmt: skip


def cycle(db: Database, cycle_id: str) -> Row | None:
    return db.row(sa.select(cycles).where(cycles.c.cycle_id == cycle_id))


def latest_cycle(db: Database, group_id: str, now: str) -> Row | None:
    """The group's cycle that opened last."""
    query = sa.select(cycles).where(cycles.c.group_id == group_id, cycles.c.opens_at <= now)
    return db.row(query.order_by(cycles.c.opens_at.desc(), cycles.c.cycle_id))


def distribution(db: Database, distribution_id: str) -> Row | None:
    return db.row(sa.select(distributions).where(distributions.c.distribution_id == distribution_id))


def distributions_between(db: Database, after: str, until: str) -> list[Row]:
    query = sa.select(distributions).where(distributions.c.starts_at > after, distributions.c.starts_at <= until)
    return db.rows(query.order_by(distributions.c.starts_at, distributions.c.distribution_id))


def slot_of(db: Database, distribution_id: str, household_id: str) -> str:
    query = sa.select(chosen_slots.c.slot_id).where(
        chosen_slots.c.distribution_id == distribution_id, chosen_slots.c.household_id == household_id
    )
    return db.value(query) or ""


def activity(db: Database, activity_id: str) -> Row | None:
    return db.row(sa.select(activities).where(activities.c.activity_id == activity_id))
