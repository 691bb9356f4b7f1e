"""Questions about subscriptions: of a contract, of a household, as of a date."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa

from contracts_svc.views import people
from contracts_svc.views.directory import households
from contracts_svc.views.subscriptions import contracts, eaters, history, signatures, subscriptions
from grenier.readmodel import Database, Row

_s, _c = subscriptions.c, contracts.c
_WITH_CONTRACT = sa.select(
    subscriptions,
    _c.title.label("contract_title"),
    _c.complement.label("contract_complement"),
    _c.state.label("contract_state"),
    _c.ends_on.label("contract_ends_on"),
    _c.producer_id,
).join(contracts, _c.contract_id == _s.contract_id)
STATES = ("waiting", "to_confirm", "confirmed", "declined", "ended")


def contract(db: Database, contract_id: str) -> Row | None:
    """contract_id, group_id, producer_id, coordinator_id, title, starts_on, ends_on, state, once it was opened."""
    return db.row(sa.select(contracts).where(_c.contract_id == contract_id))


def by_id(db: Database, subscription_id: str) -> Row | None:
    return db.row(_WITH_CONTRACT.where(_s.subscription_id == subscription_id))


def of_contract(
    db: Database, contract_id: str, states: tuple[str, ...] = (), limit: int = 0, offset: int = 0
) -> tuple[list[Row], int]:
    """(subscriptions in the order of their registration, how many there are in all)."""
    wanted = [_s.contract_id == contract_id, *([_s.state.in_(states)] if states else [])]
    query = _WITH_CONTRACT.where(*wanted).order_by(_s.place)
    total = int(db.value(sa.select(sa.func.count()).select_from(subscriptions).where(*wanted)) or 0)
    return db.rows(query.limit(limit).offset(offset) if limit else query), total


def of_household(db: Database, household_id: str) -> list[Row]:
    """Those it signed and those it shares, the latest first."""
    query = _WITH_CONTRACT.join(eaters, eaters.c.subscription_id == _s.subscription_id)
    return db.rows(
        query.where(eaters.c.household_id == household_id).order_by(
            _s.registered_at.desc(), _s.place.desc(), _s.subscription_id
        )
    )


def in_group(db: Database, group_id: str, states: tuple[str, ...] = (), contract_id: str = "") -> list[Row]:
    query = _WITH_CONTRACT.where(_s.group_id == group_id)
    if states:
        query = query.where(_s.state.in_(states))
    if contract_id:
        query = query.where(_s.contract_id == contract_id)
    return db.rows(query.order_by(_s.registered_at, _s.place, _s.subscription_id))


def shared(db: Database) -> list[Row]:
    """Subscriptions of running contracts at which several households take turns."""
    query = _WITH_CONTRACT.where(_c.state == "opened", _s.state.in_(("waiting", "to_confirm", "confirmed")))
    several = sa.select(eaters.c.subscription_id).group_by(eaters.c.subscription_id).having(sa.func.count() > 1)
    return db.rows(query.where(_s.subscription_id.in_(several)).order_by(_s.subscription_id))


def has_active(db: Database, household_id: str, contract_id: str) -> bool:
    """Whether it holds a subscription to this contract, confirmed or to be confirmed."""
    query = (
        sa.select(_s.subscription_id)
        .join(eaters, eaters.c.subscription_id == _s.subscription_id)
        .where(eaters.c.household_id == household_id, _s.contract_id == contract_id)
        .where(_s.state.in_(("to_confirm", "confirmed")))
    )
    return db.value(query) is not None


def sharing_with(db: Database, household_ids: list[str]) -> set[str]:
    """Households at the same basket as one of these, themselves among them."""
    if not household_ids:
        return set()
    mine = sa.select(eaters.c.subscription_id).where(eaters.c.household_id.in_(household_ids))
    query = sa.select(eaters.c.household_id).where(eaters.c.subscription_id.in_(mine)).distinct()
    return {str(row["household_id"]) for row in db.rows(query)}


def main_contracts(db: Database, group_id: str, day: str) -> list[Row]:
    """The group's main contracts that are opened and not over by this day: of this season, perhaps of the next one."""
    query = sa.select(contracts).where(
        _c.group_id == group_id, _c.state == "opened", _c.main_contract == 1, _c.ends_on >= day
    )
    return db.rows(query.order_by(_c.starts_on, _c.contract_id))


def positions(db: Database, contract_ids: list[str]) -> dict[str, int]:
    """{subscription: its place on the waiting list of its contract, from 1 on} of all who wait there."""
    query = sa.select(_s.subscription_id, _s.contract_id).where(
        _s.contract_id.in_(sorted(set(contract_ids))), _s.state == "waiting"
    )
    found: dict[str, int] = {}
    ahead: Counter[str] = Counter()
    for row in db.rows(query.order_by(_s.place)):
        ahead[row["contract_id"]] += 1
        found[row["subscription_id"]] = ahead[row["contract_id"]]
    return found


def signatures_of(db: Database, subscription_id: str) -> list[Row]:
    query = sa.select(signatures).where(signatures.c.subscription_id == subscription_id)
    return db.rows(query.order_by(signatures.c.at, signatures.c.party))


def history_of(db: Database, subscription_id: str) -> list[Row]:
    query = sa.select(history).where(history.c.subscription_id == subscription_id)
    return db.rows(query.order_by(history.c.revision))


def active_on(db: Database, group_id: str, day: str) -> dict[str, list[dict[str, Any]]]:
    """S0:30: {household_id: [{contract_id, title, since, until}]} of the subscriptions that run on a date.

    Those who share a basket belong to it like the household that signed; `until` is the last day.
    """
    last = sa.func.coalesce(_s.ends_on, sa.literal("9999"))
    query = (
        sa.select(
            eaters.c.household_id, _s.contract_id, _c.title, _s.starts_on, _s.ends_on, _c.ends_on.label("season_end")
        )
        .join(eaters, eaters.c.subscription_id == _s.subscription_id)
        .join(contracts, _c.contract_id == _s.contract_id)
        .where(_s.group_id == group_id, _s.state.in_(("confirmed", "ended")))
        .where(_s.starts_on <= day, last > day, _c.ends_on >= day)
        .order_by(eaters.c.household_id, _c.title, _s.contract_id, _s.place)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in db.rows(query):
        shown = {"contract_id": row["contract_id"], "title": row["title"], "since": row["starts_on"]}
        until = row["season_end"] if row["ends_on"] is None else min(row["ends_on"], row["season_end"])
        found.setdefault(row["household_id"], []).append({**shown, "until": until})
    return found


def families(db: Database, household_ids: list[str]) -> list[Row]:
    """household_id, label, number, persons [{name, first_name, last_name, email, phone, address}]; two queries for all."""
    if not household_ids:
        return []
    rows = db.rows(sa.select(households).where(households.c.household_id.in_(household_ids)))
    kept = ("household_id", "label", "number", "persons")
    return [{name: row[name] for name in kept} for row in people.with_persons(db, rows)]
