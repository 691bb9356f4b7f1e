"""Which households belong to a contract, from when to when? (facts of contracts-svc, S0:30; who may order in its rounds)"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from grenier.language import season
from grenier.readmodel import Database, Fact, Row, Rows, View

_meta = sa.MetaData()
subscribers = sa.Table(
    "subscribers_households",
    _meta,
    sa.Column("subscription_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True, index=True),
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("starts_on", sa.Text, nullable=False),
    # Deliveries from this day on are not taken any more.
    sa.Column("ended_on", sa.Text),
    sa.Column("confirmed", sa.Integer, nullable=False),
)
contracts = sa.Table(
    "subscribers_contracts",
    _meta,
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("producer_id", sa.Text, nullable=False),
    sa.Column("coordinator_id", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("ended", sa.Integer, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case season.ContractOpened() as e:
            rows.put(contracts, contract_id=e.contract_id, group_id=e.group_id, producer_id=e.producer_id,
                     coordinator_id=e.coordinator_id, title=e.terms.title, ended=0)  # fmt: skip
        case season.ContractEnded() as e:
            rows.change(contracts, e.contract_id, ended=1)
        case season.SubscriptionRegistered() as e:
            for household_id in dict.fromkeys((e.household_id, *e.household_ids)):
                rows.put(subscribers, subscription_id=e.subscription_id, household_id=household_id,
                         contract_id=e.contract_id, group_id=e.group_id, starts_on=e.starts_on.isoformat(),
                         confirmed=0)  # fmt: skip
        case season.SubscriptionPlaceGiven() as e:
            _change(rows, e.subscription_id, starts_on=e.starts_on.isoformat())
        case season.SubscriptionConfirmed() as e:
            _confirm(rows, e)
        case season.SubscriptionDeclined() as e:
            _change(rows, e.subscription_id, confirmed=0)
        case season.SharersSet() as e:
            _share(rows, e)
        case season.SubscriptionEnded() as e:
            _change(rows, e.subscription_id, ended_on=e.on.isoformat())


def _change(rows: Rows, subscription_id: str, **values: object) -> None:
    for row in rows.where(subscribers, subscription_id=subscription_id):
        rows.change(subscribers, subscription_id, row["household_id"], **values)


def _confirm(rows: Rows, e: season.SubscriptionConfirmed) -> None:
    if rows.get(subscribers, e.subscription_id, e.household_id) is None:
        rows.put(subscribers, subscription_id=e.subscription_id, household_id=e.household_id,
                 contract_id=e.contract_id, group_id=e.group_id, starts_on="", confirmed=1)  # fmt: skip
    _change(rows, e.subscription_id, confirmed=1)


def _share(rows: Rows, e: season.SharersSet) -> None:
    """Whoever signed stays; the others are those who share now."""
    known = rows.where(subscribers, subscription_id=e.subscription_id)
    if not known:
        return
    for row in known:
        if row["household_id"] not in e.household_ids:
            rows.delete(subscribers, e.subscription_id, row["household_id"])
    for household_id in e.household_ids:
        rows.put(subscribers, **{**known[0], "household_id": household_id})


view = View(
    name="subscribers",
    tables=(subscribers, contracts),
    reads=(
        "contracts.contract-opened",
        "contracts.contract-ended",
        "contracts.subscription-",
        "contracts.sharers-set",
    ),
    apply=apply,
)

_ENTITLED = sa.select(subscribers.c.household_id).where(
    subscribers.c.contract_id == sa.bindparam("contract_id"),
    subscribers.c.household_id == sa.bindparam("household_id"),
    subscribers.c.confirmed == 1,
    subscribers.c.starts_on <= sa.bindparam("day"),
    sa.or_(subscribers.c.ended_on.is_(None), subscribers.c.ended_on > sa.bindparam("day")),
)


def is_subscribed(db: Database, contract_id: str, household_id: str, day: str) -> bool:
    """Whether the household takes deliveries of this contract on a day (ISO date where the group lives)."""
    return bool(db.rows(_ENTITLED, contract_id=contract_id, household_id=household_id, day=day))


def households_of(db: Database, contract_id: str, day: str) -> list[str]:
    """Ids of all subscribed households on that day, in order."""
    query = (
        sa.select(subscribers.c.household_id)
        .where(
            subscribers.c.contract_id == contract_id,
            subscribers.c.confirmed == 1,
            subscribers.c.starts_on <= day,
            sa.or_(subscribers.c.ended_on.is_(None), subscribers.c.ended_on > day),
        )
        .distinct()
    )
    return [row["household_id"] for row in db.rows(query.order_by(subscribers.c.household_id))]


def subscriptions_of(db: Database, household_ids: Iterable[str]) -> list[Row]:
    """Confirmed subscriptions of some households: contract_id, household_id, starts_on, ended_on."""
    query = sa.select(subscribers).where(
        subscribers.c.household_id.in_(list(household_ids)), subscribers.c.confirmed == 1
    )
    return db.rows(query.order_by(subscribers.c.subscription_id, subscribers.c.household_id))


def contract(db: Database, contract_id: str) -> Row | None:
    return db.row(sa.select(contracts).where(contracts.c.contract_id == contract_id))


def contracts_in(db: Database, group_ids: Iterable[str]) -> set[str]:
    """Ids of the contracts of some groups that have not ended."""
    query = sa.select(contracts.c.contract_id).where(contracts.c.group_id.in_(list(group_ids)), contracts.c.ended == 0)
    return {row["contract_id"] for row in db.rows(query)}
