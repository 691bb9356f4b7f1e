"""Which households belong to a group as of a date (S0:30): every membership with its dates and tiers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from contracts_svc.views.directory import households
from grenier.language import contracts
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
memberships = sa.Table(
    "register_memberships",
    _meta,
    sa.Column("membership_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("valid_from", sa.Text, nullable=False),
    sa.Column("valid_until", sa.Text, nullable=False),
    sa.Column("ended_on", sa.Text),
    # [[from this date, tier], …] in order; the first one holds from the beginning.
    sa.Column("tiers", Json, nullable=False),
    sa.Column("dues_cents", sa.Integer, nullable=False),
    sa.Column("granted_at", sa.Text, nullable=False),
    sa.Column("granted_by", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case contracts.MembershipGranted() as e:
            rows.put(memberships, membership_id=e.membership_id, household_id=e.household_id, group_id=e.group_id,
                     number=e.number, valid_from=e.valid_from.isoformat(), valid_until=e.valid_until.isoformat(),
                     tiers=[[e.valid_from.isoformat(), e.tier]], dues_cents=e.dues_cents, granted_at=fact.at,
                     granted_by=fact.meta.actor)  # fmt: skip
        case contracts.MembershipTierChanged() as e:
            row = rows.get(memberships, e.membership_id)
            if row is not None:
                rows.change(memberships, e.membership_id, tiers=[*row["tiers"], [fact.at[:10], e.tier]])
        case contracts.MembershipEnded() as e:
            rows.change(memberships, e.membership_id, ended_on=e.on.isoformat())


view = View(name="register", tables=(memberships,), reads=("contracts.membership-",), apply=apply)


# -- questions ---------------------------------------------------------------------------------------------------


def active_on(db: Database, group_id: str, day: str) -> list[Row]:
    """household_id, label, number, tier, valid_from, valid_until of the memberships that hold on a date, by number."""
    m = memberships.c
    query = (
        sa.select(memberships, households.c.label)
        .join(households, households.c.household_id == m.household_id)
        .where(m.group_id == group_id, m.valid_from <= day, m.valid_until >= day)
        .where(sa.or_(m.ended_on.is_(None), m.ended_on > day))
        .order_by(m.number, m.membership_id)
    )
    return [_as_of(row, day) for row in db.rows(query)]


def of_household(db: Database, household_id: str) -> list[dict[str, Any]]:
    """All memberships of a household, the latest first."""
    query = sa.select(memberships).where(memberships.c.household_id == household_id)
    found = db.rows(query.order_by(memberships.c.valid_from.desc(), memberships.c.membership_id))
    return [{**row, "tier": row["tiers"][-1][1]} for row in found]


def overlapping(db: Database, household_id: str, first: str, last: str, other_than: str) -> str:
    """The id of a membership of this household that holds on one of these days already; "" when none."""
    m = memberships.c
    query = sa.select(m.membership_id).where(
        m.household_id == household_id, m.membership_id != other_than, m.valid_from <= last, m.valid_until >= first
    )
    return str(db.value(query.where(sa.or_(m.ended_on.is_(None), m.ended_on > first))) or "")


def _as_of(row: Row, day: str) -> Row:
    tier = row["tiers"][0][1]
    for since, changed in row["tiers"][1:]:
        if since <= day:
            tier = changed
    shown = ("household_id", "membership_id", "label", "number", "valid_from", "valid_until", "ended_on")
    return {**{name: row[name] for name in shown}, "tier": tier}
