"""Questions over the exchange's rows: what is on offer, what is mine, who takes, what is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from contracts_svc.contact import email_key
from contracts_svc.exchange.settings import ExchangeSettings, settings_of
from contracts_svc.views.directory import persons
from contracts_svc.views.exchange import COUNTED, baskets, groups, months, requests, takers
from grenier.readmodel import Database, Row

# Offers that end in one go of the timer: the rest follows a moment later.
AT_ONCE = 500


def settings(db: Database, group_id: str) -> ExchangeSettings | None:
    """None for a group that does not exist."""
    row = db.row(sa.select(groups).where(groups.c.group_id == group_id))
    return settings_of(row["kind"], row["chosen"]) if row else None


def federated_groups(db: Database, host_id: str) -> list[str]:
    """Groups of a federation that share the baskets they offer to all."""
    found = db.rows(sa.select(groups).where(groups.c.host_id == host_id).order_by(groups.c.group_id))
    chosen = {row["group_id"]: settings_of(row["kind"], row["chosen"]) for row in found}
    return [group_id for group_id, its in chosen.items() if its.enabled and its.federated]


def every_group(db: Database) -> dict[str, ExchangeSettings]:
    found = db.rows(sa.select(groups).order_by(groups.c.group_id))
    return {row["group_id"]: settings_of(row["kind"], row["chosen"]) for row in found}


# -- takers ------------------------------------------------------------------------------------------------------


def taker(db: Database, group_id: str, person_id: str) -> Row | None:
    t = takers.c
    return db.row(sa.select(takers).where(t.group_id == group_id, t.person_id == person_id))


def taker_of(db: Database, person_id: str) -> list[Row]:
    """Where somebody is enrolled or waits to say yes; without those they have left."""
    t = takers.c
    query = sa.select(takers).where(t.person_id == person_id, t.standing != "left")
    return db.rows(query.order_by(t.group_id))


def takers_in(db: Database, group_id: str) -> list[Row]:
    t = takers.c
    return db.rows(sa.select(takers).where(t.group_id == group_id).order_by(t.standing, t.enrolled_at, t.taker_id))


def taken_counts(db: Database, group_id: str, start: str, end: str) -> dict[str, int]:
    """person → baskets they took or will take, by date of the basket, both days included."""
    b = baskets.c
    query: Any = sa.select(b.taker_id, sa.func.count().label("baskets")).where(
        b.group_id == group_id, b.on >= start, b.on <= end, b.phase.in_(("accepted", "collected"))
    )
    return {row["taker_id"]: row["baskets"] for row in db.rows(query.group_by(b.taker_id))}


def figures(db: Database, group_id: str, start: str, end: str) -> dict[str, int]:
    """Counts over the months from `start` to `end` ("2026-11"), both included."""
    m = months.c
    sums = [sa.func.coalesce(sa.func.sum(m[name]), 0).label(name) for name in COUNTED]
    found = db.row(sa.select(*sums).where(m.group_id == group_id, m.month >= start, m.month <= end))
    return {name: int(found[name]) if found else 0 for name in COUNTED}


def taker_by_email(db: Database, email: str) -> Row | None:
    """A taker who is no member of any group is found by this address, too."""
    key = email_key(email)
    enrolled = sa.exists().where(takers.c.person_id == persons.c.person_id, takers.c.standing != "left")
    query = sa.select(persons).where(persons.c.email_key == key, enrolled)
    return db.row(query.order_by(persons.c.registered_at, persons.c.person_id)) if key else None


# -- baskets -----------------------------------------------------------------------------------------------------


def basket(db: Database, basket_id: str) -> Row | None:
    return db.row(sa.select(baskets).where(baskets.c.basket_id == basket_id))


def on_offer(db: Database, group_ids: Sequence[str], pooled: Sequence[str], person_id: str, now: str) -> list[Row]:
    """What a taker of `group_ids` may ask for, by date; `pooled`: groups whose baskets for all are open to them, too."""
    b = baskets.c
    own = sa.and_(b.group_id.in_(list(group_ids)), b.audience.in_(("takers", "federation")))
    shared = sa.and_(b.group_id.in_(list(pooled)), b.audience == "federation")
    mine = sa.and_(b.audience == "named", b.named_person_id == person_id)
    query = sa.select(baskets).where(b.phase == "offered", b.closes_at > now, sa.or_(own, shared, mine))
    return db.rows(query.order_by(b.starts_at, b.offered_at, b.basket_id))


def offered_by(db: Database, household_ids: Sequence[str]) -> list[Row]:
    """Baskets of these households, the next ones first."""
    b = baskets.c
    query = sa.select(baskets).where(b.household_id.in_(list(household_ids)))
    return db.rows(query.order_by(b.on.desc(), b.basket_id))


def given_away(db: Database, delivery_id: str) -> list[Row]:
    """Baskets of a delivery that somebody else takes."""
    b = baskets.c
    query = sa.select(baskets).where(b.delivery_id == delivery_id, b.phase.in_(("accepted", "collected")))
    return db.rows(query.order_by(b.basket_id))


def asked_by(db: Database, person_id: str) -> list[Row]:
    """Baskets that somebody asked for or takes, with the state of the request."""
    r, b = requests.c, baskets.c
    query = (
        sa.select(baskets, r.state.label("request_state"), r.asked_at)
        .select_from(baskets.outerjoin(requests, sa.and_(r.basket_id == b.basket_id, r.person_id == person_id)))
        .where(sa.or_(r.person_id == person_id, b.taker_id == person_id))
    )
    return db.rows(query.order_by(b.on.desc(), b.basket_id))


def requests_for(db: Database, basket_ids: Sequence[str]) -> dict[str, list[Row]]:
    """basket → those who asked, in the order of asking."""
    found: dict[str, list[Row]] = {}
    r = requests.c
    query = sa.select(requests).where(r.basket_id.in_(list(basket_ids))).order_by(r.asked_at, r.person_id)
    for row in db.rows(query) if basket_ids else []:
        found.setdefault(row["basket_id"], []).append(row)
    return found


def exchanged(db: Database, *, delivery_id: str = "", group_id: str = "", on: str = "") -> list[Row]:
    """Baskets that somebody else takes, for the sign-off sheet of a delivery or of a group's day."""
    b = baskets.c
    where: list[Any] = [b.phase.in_(("accepted", "collected"))]
    where += [b.delivery_id == delivery_id] if delivery_id else []
    where += [b.group_id == group_id] if group_id else []
    where += [b.on == on] if on else []
    return db.rows(sa.select(baskets).where(*where).order_by(b.on, b.household_id, b.basket_id))


# -- what is due -------------------------------------------------------------------------------------------------


def to_expire(db: Database, now: str) -> list[Row]:
    b = baskets.c
    query = sa.select(baskets).where(b.phase == "offered", b.closes_at <= now)
    return db.rows(query.order_by(b.closes_at, b.basket_id).limit(AT_ONCE))


def open_where(
    db: Database, *, contract_id: str = "", delivery_id: str = "", subscription_id: str = "", person_id: str = ""
) -> list[Row]:
    """Baskets on offer or promised, of a contract, a delivery, a subscription or a person (as holder, asker, taker, or named)."""
    b = baskets.c
    where: list[Any] = [b.phase.in_(("offered", "accepted"))]
    where += [b.contract_id == contract_id] if contract_id else []
    where += [b.delivery_id == delivery_id] if delivery_id else []
    where += [b.subscription_id == subscription_id] if subscription_id else []
    if person_id:
        asked = sa.select(requests.c.basket_id).where(
            requests.c.person_id == person_id, requests.c.state.in_(("waiting", "accepted"))
        )
        named = sa.or_(b.person_id == person_id, b.taker_id == person_id, b.named_person_id == person_id)
        where += [sa.or_(named, b.basket_id.in_(asked))]
    return db.rows(sa.select(baskets).where(*where).order_by(b.basket_id))


def promised_to(db: Database, contract_id: str, delivery_ids: Iterable[str], household_id: str) -> list[Row]:
    """Baskets of a household that somebody else fetches, or has fetched, at some deliveries of a contract."""
    b = baskets.c
    query = sa.select(baskets).where(b.contract_id == contract_id, b.household_id == household_id)
    query = query.where(b.delivery_id.in_(list(delivery_ids)), b.phase.in_(("accepted", "collected")))
    return db.rows(query.order_by(b.basket_id))


def has_before(db: Database, group_id: str, day: str) -> bool:
    b = baskets.c
    return db.row(sa.select(b.basket_id).where(b.group_id == group_id, b.on < day)) is not None
