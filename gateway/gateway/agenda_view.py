"""The gateway's own projection of what has a date: deliveries of contracts, order windows, activities; for pages and calendar feeds.

Each entry counts how often it was changed (`sequence`), so that calendars know which of two copies is the newer one. Days
and hours of deliveries stand as the group says them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from grenier.clock import iso
from grenier.language import matching, orders, season
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
entries = sa.Table(
    "agenda_entries",
    _meta,
    sa.Column("entry_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    # delivery, round, or the kind of the activity
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False, index=True),
    sa.Column("title", sa.Text, nullable=False),
    # Of deliveries: the local day and hours. Of all others: instants, and "" here.
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("starts", sa.Text, nullable=False),
    sa.Column("ends", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("factor_percent", sa.Integer, nullable=False),
    sa.Column("open_to_public", sa.Integer, nullable=False),
    sa.Column("cancelled", sa.Integer, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("changed_at", sa.Text, nullable=False),
)
hands = sa.Table(
    "agenda_hands",
    _meta,
    sa.Column("activity_id", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Text, primary_key=True, index=True),
    # slots signed up for, or "" for somebody who said that they come
    sa.Column("slot_id", sa.Text, primary_key=True),
)
shares = sa.Table(
    "agenda_shares",
    _meta,
    sa.Column("subscription_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True, index=True),
    sa.Column("contract_id", sa.Text, nullable=False),
    # The first day that is not this household's any more; "" while it has a part in the basket.
    sa.Column("until", sa.Text, nullable=False),
)
subscribed = sa.Table(
    "agenda_subscriptions",
    _meta,
    sa.Column("subscription_id", sa.Text, primary_key=True),
    sa.Column("contract_id", sa.Text, nullable=False),
    # Who signed; and all who take turns, who signed among them.
    sa.Column("household_id", sa.Text, nullable=False),
    sa.Column("household_ids", Json, nullable=False),
    sa.Column("confirmed", sa.Integer, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case season.ContractOpened() as e:
            title = f"{e.terms.title} – {e.terms.complement}" if e.terms.complement else e.terms.title
            for delivery in e.terms.deliveries:
                _deliver(rows, fact, e.contract_id, e.group_id, title, delivery)
        case season.DeliveryMoved() as e:
            known = rows.get(entries, e.delivery_id)
            _deliver(rows, fact, e.contract_id, e.group_id, known["title"] if known else "", e.delivery, e.reason)
        case season.DeliveryAdded() as e:
            planned = rows.where(entries, subject_id=e.contract_id, kind="delivery")
            _deliver(
                rows, fact, e.contract_id, e.group_id, planned[0]["title"] if planned else "", e.delivery, e.reason
            )
        case season.DeliveryCancelled() as e:
            _change(rows, fact, e.delivery_id, cancelled=1, note=e.reason)
        case season.DeliveryCountedAnew() as e:
            _change(rows, fact, e.delivery_id, factor_percent=e.factor_percent)
        case orders.CycleScheduled() as e:
            _put(rows, fact, f"round-{e.cycle_id}", group_id=e.group_id, kind="round", subject_id=e.contract_id,
                 title=e.title, starts=iso(e.opens_at), ends=iso(e.closes_at))  # fmt: skip
        case orders.CycleCancelled() as e:
            _change(rows, fact, f"round-{e.cycle_id}", cancelled=1, note=e.reason)
        case _:
            _apply_subscription(rows, fact)
            _apply_activity(rows, fact)


def _apply_subscription(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case season.SubscriptionRegistered() as e:
            rows.put(subscribed, subscription_id=e.subscription_id, contract_id=e.contract_id, confirmed=0,
                     household_id=e.household_id, household_ids=e.household_ids or [e.household_id])  # fmt: skip
        case season.SubscriptionConfirmed() as e:
            if rows.change(subscribed, e.subscription_id, confirmed=1):
                _share(rows, e.subscription_id, ())
        case season.SharersSet() as e:
            if known := rows.get(subscribed, e.subscription_id):
                sharers = e.household_ids or [known["household_id"]]
                rows.change(subscribed, e.subscription_id, household_ids=sharers)
                _leave(
                    rows, e.subscription_id, set(known["household_ids"]) - set(sharers), fact.at[: len("2026-11-05")]
                )
                _share(rows, e.subscription_id, known["household_ids"])
        case season.SubscriptionEnded() as e:
            if known := rows.get(subscribed, e.subscription_id):
                _leave(rows, e.subscription_id, known["household_ids"], e.on.isoformat())


def _apply_activity(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case matching.ActivityPlanned() as e:
            _put(rows, fact, e.activity_id, group_id=e.group_id, kind=e.kind, subject_id=e.subject_id, title=e.title,
                 starts=iso(e.starts_at), ends=iso(e.ends_at), place=e.place, note=e.agenda,
                 open_to_public=int(e.open_to_public))  # fmt: skip
        case matching.ActivityChanged() as e:
            _change(rows, fact, e.activity_id, title=e.title, starts=iso(e.starts_at), ends=iso(e.ends_at),
                    place=e.place, note=e.agenda)  # fmt: skip
        case matching.ActivityCancelled() as e:
            _change(rows, fact, e.activity_id, cancelled=1, note=e.reason)
        case matching.VolunteerSignedUp() as e:
            rows.put(hands, activity_id=e.activity_id, person_id=e.person_id, slot_id=e.slot_id)
        case matching.VolunteerWithdrew() as e:
            rows.delete(hands, e.activity_id, e.person_id, e.slot_id)
        case matching.InvitationAnswered() as e if e.coming == "no":
            rows.delete(hands, e.activity_id, e.person_id, "")
        case matching.InvitationAnswered() as e:
            rows.put(hands, activity_id=e.activity_id, person_id=e.person_id, slot_id="")


def _deliver(
    rows: Rows,
    fact: Fact,
    contract_id: str,
    group_id: str,
    title: str,
    delivery: season.PlannedDelivery,
    note: str = "",
) -> None:
    _put(rows, fact, delivery.delivery_id, group_id=group_id, kind="delivery", subject_id=contract_id, title=title,
         day=delivery.on.isoformat(), starts=delivery.starts, ends=delivery.ends, place=delivery.place, note=note,
         factor_percent=delivery.factor_percent, open_to_public=1, cancelled=int(delivery.cancelled))  # fmt: skip


def _put(rows: Rows, fact: Fact, entry_id: str, **values: Any) -> None:
    known = rows.get(entries, entry_id)
    plain = {"day": "", "place": "", "note": "", "factor_percent": 100, "open_to_public": 0, "cancelled": 0}
    rows.put(entries, entry_id=entry_id, changed_at=fact.at, sequence=known["sequence"] + 1 if known else 0,
             **plain | values)  # fmt: skip


def _change(rows: Rows, fact: Fact, entry_id: str, **values: Any) -> None:
    if known := rows.get(entries, entry_id):
        rows.change(entries, entry_id, sequence=known["sequence"] + 1, changed_at=fact.at, **values)


def _share(rows: Rows, subscription_id: str, already: Collection[str]) -> None:
    """Everybody at a basket that was given has a part in its dates, but for those who had it before."""
    known = rows.get(subscribed, subscription_id)
    if known is None or not known["confirmed"]:
        return
    for household_id in known["household_ids"]:
        if household_id not in already:
            rows.put(shares, subscription_id=subscription_id, household_id=household_id,
                     contract_id=known["contract_id"], until="")  # fmt: skip


def _leave(rows: Rows, subscription_id: str, household_ids: Iterable[str], day: str) -> None:
    for household_id in sorted(household_ids):
        if known := rows.get(shares, subscription_id, household_id):
            rows.change(shares, subscription_id, household_id, until=min(known["until"] or day, day))


view = View(
    "agenda",
    (entries, hands, shares, subscribed),
    ("contracts.contract-opened", "contracts.delivery-", "contracts.subscription-registered",
     "contracts.subscription-confirmed", "contracts.subscription-ended", "contracts.sharers-set", "orders.cycle-scheduled", "orders.cycle-cancelled",
     "matching."),
    apply,
    version=2,
)  # fmt: skip

MOST = 1000


def _latest(db: Database, query: sa.Select[Any]) -> list[Row]:
    """Of more than anybody reads, what comes and what was last: the oldest falls out."""
    e = entries.c
    begins = sa.case((e.day != "", e.day), else_=e.starts)
    return db.rows(query.order_by(begins.desc(), e.entry_id).limit(MOST))


def of_group(db: Database, group_id: str) -> list[Row]:
    return _latest(db, sa.select(entries).where(entries.c.group_id == group_id))


def public_of_group(db: Database, group_id: str) -> list[Row]:
    """What anybody may see: deliveries of published contracts and what was planned for the public."""
    query = sa.select(entries).where(entries.c.group_id == group_id, entries.c.open_to_public == 1)
    return _latest(db, query)


def helped_by(db: Database, person_id: str) -> list[Row]:
    """Activities that a person helps with or means to come to."""
    ids = sa.select(hands.c.activity_id).where(hands.c.person_id == person_id)
    return _latest(db, sa.select(entries).where(entries.c.entry_id.in_(ids)))


def contracts_of(db: Database, household_ids: Sequence[str]) -> dict[str, str]:
    """{contract in whose dates one of these households has, or had, a part: the first day it has none; "" for no such day}."""
    query = sa.select(shares).where(shares.c.household_id.in_(list(household_ids))).order_by(shares.c.contract_id)
    found: dict[str, str] = {}
    for row in db.rows(query):
        before = found.get(row["contract_id"], row["until"])
        found[row["contract_id"]] = max(before, row["until"]) if before and row["until"] else ""
    return found


def of_contracts(db: Database, contract_ids: Sequence[str]) -> list[Row]:
    """Deliveries and order windows of these contracts."""
    query = sa.select(entries).where(entries.c.subject_id.in_(list(contract_ids)))
    return _latest(db, query.where(entries.c.kind.in_(("delivery", "round"))))


def windows_of(db: Database, group_ids: Sequence[str]) -> list[Row]:
    """Order windows of whole groups, which belong to no contract."""
    e = entries.c
    query = sa.select(entries).where(e.group_id.in_(list(group_ids)), e.kind == "round", e.subject_id == "")
    return _latest(db, query)
