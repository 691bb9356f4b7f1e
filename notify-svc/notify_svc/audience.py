"""Who is meant: the persons of the households of a group, by what they have ordered (S1:11-15, S1:52-54)."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from grenier.access import belongs
from grenier.language.notify import Recipient
from grenier.readmodel import Database
from grenier.runtime import Runtime
from notify_svc.views import ordering, season

# "contract:<id>": who has subscribed to it.
CONTRACT = "contract:"


def households_of(runtime: Runtime, group_id: str, audience: str, cycle_id: str) -> list[str]:
    """Household ids of a group that the audience means, in the group's cycle where it speaks of orders."""
    everybody = [row["household_id"] for row in runtime.access.households_in(group_id)]
    if audience.startswith(CONTRACT):
        return season.subscribers(runtime.db, audience.removeprefix(CONTRACT), today(runtime))
    if contract := season.of_round(runtime.db, group_id, cycle_id) if cycle_id else None:
        # Of a contract's round only its subscribers are meant.
        everybody = season.subscribers(runtime.db, contract["contract_id"], today(runtime))
    if audience == "all":
        return everybody
    rows = {row["household_id"]: row for row in ordering.of_cycle(runtime.db, cycle_id)}
    ordered = {household_id for household_id, row in rows.items() if row["ordered"]}
    drafts = {household_id for household_id, row in rows.items() if row["draft"] and not row["ordered"]}
    wanted = {"ordered": ordered, "drafts": drafts, "not-ordered": set(everybody) - ordered}[audience]
    return [household_id for household_id in everybody if household_id in wanted]


def today(runtime: Runtime) -> str:
    """Near enough to tell who has stopped long ago."""
    return runtime.clock.now().date().isoformat()


def recipients(db: Database, household_ids: Iterable[str]) -> list[Recipient]:
    """Every person of these households, once, with the first household by which they are concerned."""
    wanted = dict.fromkeys(household_ids)
    found: dict[str, Recipient] = {}
    query = sa.select(belongs).where(belongs.c.household_id.in_(list(wanted)))
    for row in db.rows(query.order_by(belongs.c.household_id, belongs.c.person_id)):
        found.setdefault(row["person_id"], Recipient(person_id=row["person_id"], household_id=row["household_id"]))
    return list(found.values())


def meant(runtime: Runtime, group_id: str, audience: str, cycle_id: str) -> tuple[list[Recipient], int]:
    """Who is told, and of how many households (0 where persons are meant and not households)."""
    if audience == "takers":
        return [Recipient(person_id=person_id) for person_id in season.takers_of(runtime.db, group_id)], 0
    if audience == "collective":
        return [Recipient(person_id=person_id) for person_id in runtime.access.holders_of_any(group_id)], 0
    household_ids = households_of(runtime, group_id, audience, cycle_id)
    return recipients(runtime.db, household_ids), len(household_ids)
