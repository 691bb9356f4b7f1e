"""Dues campaigns of a group and who has paid in them (S0:51-53)."""

from __future__ import annotations

import sqlalchemy as sa

from grenier.language import season
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
campaigns = sa.Table(
    "dues_campaigns",
    _meta,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("opens_on", sa.Text, nullable=False),
    sa.Column("closes_on", sa.Text, nullable=False),
    sa.Column("valid_from", sa.Text, nullable=False),
    sa.Column("valid_until", sa.Text, nullable=False),
    sa.Column("group_dues_cents", sa.Integer, nullable=False),
    sa.Column("network_dues_cents", sa.Integer, nullable=False),
    sa.Column("activity_ids", Json, nullable=False),
    sa.Column("closed_at", sa.Text),
    sa.Column("paid", sa.Integer, nullable=False),
    sa.Column("total_cents", sa.Integer, nullable=False),
)
payments = sa.Table(
    "dues_payments",
    _meta,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True, index=True),
    sa.Column("membership_id", sa.Text, nullable=False),
    sa.Column("group_dues_cents", sa.Integer, nullable=False),
    sa.Column("network_dues_cents", sa.Integer, nullable=False),
    sa.Column("gift_cents", sa.Integer, nullable=False),
    sa.Column("means", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("bank", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case season.DuesCampaignOpened() as e:
            rows.put(campaigns, campaign_id=e.campaign_id, group_id=e.group_id, title=e.title,
                     opens_on=e.opens_on.isoformat(), closes_on=e.closes_on.isoformat(),
                     valid_from=e.valid_from.isoformat(), valid_until=e.valid_until.isoformat(),
                     group_dues_cents=e.group_dues_cents, network_dues_cents=e.network_dues_cents,
                     activity_ids=e.activity_ids, closed_at=None, paid=0, total_cents=0)  # fmt: skip
        case season.DuesCampaignClosed() as e:
            rows.change(campaigns, e.campaign_id, closed_at=fact.at)
        case season.DuesPaid() as e:
            rows.put(payments, campaign_id=e.campaign_id, household_id=e.household_id, membership_id=e.membership_id,
                     group_dues_cents=e.group_dues_cents, network_dues_cents=e.network_dues_cents,
                     gift_cents=e.gift_cents, means=e.means, number=e.number, bank=e.bank, at=fact.at,
                     by=fact.meta.actor)  # fmt: skip
            paid = e.group_dues_cents + e.network_dues_cents + e.gift_cents
            row = rows.get(campaigns, e.campaign_id)
            if row is not None:
                rows.change(campaigns, e.campaign_id, paid=row["paid"] + 1, total_cents=row["total_cents"] + paid)


view = View(
    name="dues",
    tables=(campaigns, payments),
    reads=("contracts.dues-campaign-", "contracts.dues-paid"),
    apply=apply,
)


# -- questions ---------------------------------------------------------------------------------------------------


def of_group(db: Database, group_id: str) -> list[Row]:
    query = sa.select(campaigns).where(campaigns.c.group_id == group_id)
    return db.rows(query.order_by(campaigns.c.opens_on.desc(), campaigns.c.campaign_id))


def campaign(db: Database, campaign_id: str) -> Row | None:
    return db.row(sa.select(campaigns).where(campaigns.c.campaign_id == campaign_id))


def payments_of(db: Database, campaign_id: str) -> list[Row]:
    query = sa.select(payments).where(payments.c.campaign_id == campaign_id)
    return db.rows(query.order_by(payments.c.at, payments.c.household_id))
