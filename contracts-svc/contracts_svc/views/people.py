"""Questions answered from the directory: members of a group, persons by address, labels, who may see whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from contracts_svc.contact import email_key
from contracts_svc.texts import fold, full_name
from contracts_svc.views.directory import belongs, households, persons
from contracts_svc.views.mandates import mandates
from grenier.readmodel import Database, Row

STATES = ("active", "future", "expired", "ended", "none")
MOST_WORDS = 6


def state_on(day: str) -> sa.Case[str]:
    """The state of a household's membership on a date, one of STATES."""
    h = households.c
    return sa.case(
        (h.membership_id == "", "none"),
        (h.ended_on <= day, "ended"),
        (h.valid_from > day, "future"),
        (h.valid_until < day, "expired"),
        else_="active",
    )


def members(
    db: Database, group_id: str, day: str, *, search: str = "", tier: str = "", state: str = "", limit: int, offset: int
) -> tuple[list[Row], int]:
    """One page of a group's households with their persons, by label; and how many there are in all."""
    h = households.c
    where = [h.group_id == group_id]
    for word in fold(search).split()[:MOST_WORDS]:
        found = h.search.contains(word, autoescape=True)
        where.append(sa.or_(found, h.number == int(word)) if word.isdecimal() and len(word) < 10 else found)
    if tier:
        where.append(h.tier == tier)
    if state:
        where.append(state_on(day) == state)
    total = db.value(sa.select(sa.func.count()).select_from(households).where(*where))
    query = sa.select(households, state_on(day).label("state")).where(*where)
    page = db.rows(query.order_by(h.sort, h.number, h.household_id).limit(limit).offset(offset))
    return with_persons(db, page), int(total or 0)


def household(db: Database, household_id: str, day: str) -> Row | None:
    query = sa.select(households, state_on(day).label("state")).where(households.c.household_id == household_id)
    found = with_persons(db, db.rows(query))
    return found[0] if found else None


def households_by_id(db: Database, household_ids: Sequence[str], day: str) -> list[Row]:
    """These households with their persons, by label."""
    h = households.c
    query = sa.select(households, state_on(day).label("state")).where(h.household_id.in_(household_ids))
    return with_persons(db, db.rows(query.order_by(h.sort, h.number, h.household_id))) if household_ids else []


def households_of(db: Database, person_id: str, day: str) -> list[Row]:
    query = (
        sa.select(households, state_on(day).label("state"))
        .join(belongs, belongs.c.household_id == households.c.household_id)
        .where(belongs.c.person_id == person_id)
    )
    return [shown_household(row) for row in db.rows(query.order_by(households.c.household_id))]


def count_by_state(db: Database, group_id: str, day: str) -> dict[str, int]:
    state = state_on(day).label("state")
    counted: Any = sa.select(state, sa.func.count().label("households")).group_by(state)
    found = db.rows(counted.where(households.c.group_id == group_id))
    return {row["state"]: row["households"] for row in found}


def with_persons(db: Database, page: Sequence[Row]) -> list[Row]:
    """The households with their persons, in the order in which these joined; one query for all."""
    query = (
        sa.select(persons, belongs.c.household_id, belongs.c.place)
        .join(belongs, belongs.c.person_id == persons.c.person_id)
        .where(belongs.c.household_id.in_([row["household_id"] for row in page]))
        .order_by(belongs.c.place, persons.c.person_id)
    )
    by_household: dict[str, list[Row]] = {}
    for row in db.rows(query) if page else []:
        by_household.setdefault(row["household_id"], []).append(shown_person(row))
    return [{**shown_household(row), "persons": by_household.get(row["household_id"], [])} for row in page]


def shown_household(row: Row) -> Row:
    hidden = ("sort", "search")
    return {name: value for name, value in row.items() if name not in hidden}


def shown_person(row: Row) -> Row:
    kept = ("person_id", "first_name", "last_name", "email", "phone", "address", "language")
    name = full_name(row["first_name"], row["last_name"])
    return {**{key: row[key] for key in kept}, "name": name, "digital": bool(row["digital"])}


def person(db: Database, person_id: str) -> Row | None:
    """A person as registered; None for strangers and for the erased."""
    return db.row(sa.select(persons).where(persons.c.person_id == person_id))


def groups_of(db: Database, person_id: str) -> list[str]:
    """Groups that know the person: through a household, or because they were registered there."""
    found = [row["group_id"] for row in db.rows(sa.select(belongs.c.group_id).where(belongs.c.person_id == person_id))]
    registered = db.value(sa.select(persons.c.group_id).where(persons.c.person_id == person_id))
    return list(dict.fromkeys([*found, *([registered] if registered else [])]))


def by_email(db: Database, emails: Iterable[str]) -> dict[str, Row]:
    """e-mail key → the person who uses it (the one registered first). Applicants without a place here do not count."""
    keys = sorted({email_key(email) for email in emails} - {""})
    if not keys:
        return {}
    p = persons.c
    in_household = sa.exists().where(belongs.c.person_id == p.person_id)
    in_role = sa.exists().where(mandates.c.person_id == p.person_id, mandates.c.revoked_at.is_(None))
    query = sa.select(persons).where(p.email_key.in_(keys), sa.or_(in_household, in_role))
    found: dict[str, Row] = {}
    for row in db.rows(query.order_by(p.registered_at, p.person_id)):
        found.setdefault(row["email_key"], row)
    return found


def names_in(db: Database, group_id: str) -> dict[str, list[Row]]:
    """household → first and last names and e-mail of its persons."""
    p, b = persons.c, belongs.c
    query = sa.select(b.household_id, p.first_name, p.last_name, p.email).join(belongs, b.person_id == p.person_id)
    found: dict[str, list[Row]] = {}
    for row in db.rows(query.where(b.group_id == group_id)):
        found.setdefault(row["household_id"], []).append(row)
    return found


# -- labels ------------------------------------------------------------------------------------------------------


def persons_known(db: Database, person_ids: Sequence[str]) -> list[Row]:
    if not person_ids:
        return []
    return db.rows(sa.select(persons).where(persons.c.person_id.in_(person_ids)))


def places_of(db: Database, person_ids: Sequence[str]) -> dict[str, set[str]]:
    """person → ids of the groups they belong to and of the scopes in which they hold or held a role."""
    found: dict[str, set[str]] = {}
    if not person_ids:
        return found
    for row in db.rows(
        sa.select(belongs.c.person_id, belongs.c.group_id.label("place")).where(belongs.c.person_id.in_(person_ids))
    ) + db.rows(
        sa.select(mandates.c.person_id, mandates.c.scope_id.label("place")).where(mandates.c.person_id.in_(person_ids))
    ):
        found.setdefault(row["person_id"], set()).add(row["place"])
    for row in persons_known(db, person_ids):
        if row["group_id"]:
            found.setdefault(row["person_id"], set()).add(row["group_id"])
    return found


def households_known(db: Database, household_ids: Sequence[str]) -> list[dict[str, Any]]:
    if not household_ids:
        return []
    query = sa.select(households.c.household_id, households.c.group_id, households.c.label)
    return db.rows(query.where(households.c.household_id.in_(household_ids)))
