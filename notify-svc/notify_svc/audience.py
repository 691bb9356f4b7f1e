"""Who is meant: the persons of the households of a group, by what they have ordered (S1:11-15, S1:52-54)."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from grenier.access import belongs
from grenier.language.notify import Audience, Recipient
from grenier.readmodel import Database
from grenier.runtime import Runtime
from notify_svc.views import ordering


def households_of(runtime: Runtime, group_id: str, audience: Audience, cycle_id: str) -> list[str]:
    """Household ids of a group that the audience means, in the group's cycle where it speaks of orders."""
    everybody = [row["household_id"] for row in runtime.access.households_in(group_id)]
    if audience == "all":
        return everybody
    rows = {row["household_id"]: row for row in ordering.of_cycle(runtime.db, cycle_id)}
    ordered = {household_id for household_id, row in rows.items() if row["ordered"]}
    drafts = {household_id for household_id, row in rows.items() if row["draft"] and not row["ordered"]}
    wanted = {"ordered": ordered, "drafts": drafts, "not-ordered": set(everybody) - ordered}[audience]
    return [household_id for household_id in everybody if household_id in wanted]


def recipients(db: Database, household_ids: Iterable[str]) -> list[Recipient]:
    """Every person of these households, once, with the first household by which they are concerned."""
    wanted = dict.fromkeys(household_ids)
    found: dict[str, Recipient] = {}
    query = sa.select(belongs).where(belongs.c.household_id.in_(list(wanted)))
    for row in db.rows(query.order_by(belongs.c.household_id, belongs.c.person_id)):
        found.setdefault(row["person_id"], Recipient(person_id=row["person_id"], household_id=row["household_id"]))
    return list(found.values())
