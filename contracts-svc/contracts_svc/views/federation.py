"""Which groups are there, with which settings, whose duty is what; tiers and producers of the host organisation."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from contracts_svc.duties import DUTIES
from contracts_svc.group import changed_settings
from grenier.language import contracts
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
hosts = sa.Table(
    "federation_hosts",
    _meta,
    sa.Column("host_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("tiers", Json, nullable=False),
)
groups = sa.Table(
    "federation_groups",
    _meta,
    sa.Column("group_id", sa.Text, primary_key=True),
    sa.Column("host_id", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("phone_region", sa.Text, nullable=False),
    sa.Column("inclusive_language", sa.Integer, nullable=False),
    # The lowest balance that orders may lead to; none where the group has set none.
    sa.Column("credit_floor_cents", sa.Integer),
    sa.Column("founded_at", sa.Text, nullable=False),
)
duties = sa.Table(
    "federation_duties",
    _meta,
    sa.Column("group_id", sa.Text, primary_key=True),
    sa.Column("duty", sa.Text, primary_key=True),
    sa.Column("done_by", sa.Text, nullable=False),
    sa.Column("since", sa.Text, nullable=False),
    sa.Column("moved_by", sa.Text, nullable=False),
)
producers = sa.Table(
    "federation_producers",
    _meta,
    sa.Column("producer_id", sa.Text, primary_key=True),
    sa.Column("host_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case contracts.HostOrganisationRegistered() as e:
            rows.put(hosts, host_id=e.host_id, name=e.name, time_zone=e.time_zone, tiers=[])
        case contracts.TiersDefined() as e:
            tiers = [
                {"code": tier.code, "name": tier.name, "rate_bp": tier.rate_bp, "dues_cents": tier.dues_cents}
                for tier in e.tiers
            ]
            rows.change(hosts, e.host_id, tiers=tiers)
        case contracts.GroupFounded() as e:
            rows.put(groups, group_id=e.group_id, host_id=e.host_id, kind=e.kind, name=e.name, place=e.place,
                     time_zone=e.time_zone, phone_region=e.phone_region, inclusive_language=int(e.inclusive_language),
                     credit_floor_cents=None, founded_at=fact.at)  # fmt: skip
        case contracts.GroupSettingsChanged() as e:
            changed = changed_settings(e)
            if "inclusive_language" in changed:
                changed["inclusive_language"] = int(bool(changed["inclusive_language"]))
            rows.change(groups, e.group_id, **changed)
        case contracts.DutyMoved() as e:
            rows.put(duties, group_id=e.group_id, duty=e.duty, done_by=e.to, since=fact.at, moved_by=fact.meta.actor)
        case contracts.ProducerRegistered() as e:
            rows.put(producers, producer_id=e.producer_id, host_id=e.host_id, group_id=e.group_id, name=e.name,
                     place=e.place)  # fmt: skip


view = View(
    name="federation",
    tables=(hosts, groups, duties, producers),
    reads=("contracts.host-", "contracts.tiers-", "contracts.group-", "contracts.duty-", "contracts.producer-"),
    apply=apply,
    version=2,
)


# -- questions ---------------------------------------------------------------------------------------------------


def host(db: Database) -> Row | None:
    """host_id, name, time_zone, tiers of the federation; None before it is founded."""
    return db.row(sa.select(hosts))


def group(db: Database, group_id: str) -> Row | None:
    found = db.row(sa.select(groups).where(groups.c.group_id == group_id))
    return _plain(found) if found else None


def all_groups(db: Database) -> list[Row]:
    return [_plain(row) for row in db.rows(sa.select(groups).order_by(groups.c.name, groups.c.group_id))]


def all_producers(db: Database, host_id: str) -> list[Row]:
    query = sa.select(producers).where(producers.c.host_id == host_id)
    return db.rows(query.order_by(producers.c.name, producers.c.producer_id))


def duties_of(db: Database, group_id: str) -> list[dict[str, Any]]:
    """Every duty with who does it; `since` and `moved_by` are "" while nobody has moved it."""
    moved = {row["duty"]: row for row in db.rows(sa.select(duties).where(duties.c.group_id == group_id))}
    untouched = {"since": "", "moved_by": ""}
    return [
        {"duty": duty, "done_by": side, **untouched}
        if (row := moved.get(duty)) is None
        else {"duty": duty, "done_by": row["done_by"], "since": row["since"], "moved_by": row["moved_by"]}
        for duty, side in DUTIES.items()
    ]


def _plain(row: Row) -> Row:
    return {**row, "inclusive_language": bool(row["inclusive_language"])}
