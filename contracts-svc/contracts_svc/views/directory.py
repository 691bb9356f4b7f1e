"""Who are the persons and households: the only rows with names in the clear, gone with the person's key.

A person is opened once, when the fact arrives; erasing deletes the rows and scrubs the file. Replaying after an erasure
gives the same rows as living through it, since nothing of an erased person is left in either.
"""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from contracts_svc.contact import email_key
from contracts_svc.texts import fold, household_label
from grenier.language import contracts
from grenier.readmodel import Fact, Row, Rows, View

_meta = sa.MetaData()
persons = sa.Table(
    "directory_persons",
    _meta,
    sa.Column("person_id", sa.Text, primary_key=True),
    sa.Column("first_name", sa.Text, nullable=False),
    sa.Column("last_name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_key", sa.Text, nullable=False, index=True),
    sa.Column("phone", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("digital", sa.Integer, nullable=False),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("registered_at", sa.Text, nullable=False),
)
households = sa.Table(
    "directory_households",
    _meta,
    sa.Column("household_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("sort", sa.Text, nullable=False),
    sa.Column("search", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("membership_id", sa.Text, nullable=False),
    sa.Column("tier", sa.Text, nullable=False),
    sa.Column("valid_from", sa.Text),
    sa.Column("valid_until", sa.Text),
    sa.Column("ended_on", sa.Text),
)
belongs = sa.Table(
    "directory_belongs",
    _meta,
    sa.Column("household_id", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Text, primary_key=True, index=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("place", sa.Integer, nullable=False),
)
OPENED = ("first_name", "last_name", "email", "phone", "address", "message")


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case contracts.PersonRegistered() as e:
            _register(rows, e, fact.at)
        case contracts.PersonDetailsChanged() as e:
            _change(rows, e)
        case contracts.PersonErased() as e:
            rows.delete(persons, e.person_id)
            for row in rows.where(belongs, person_id=e.person_id):
                _leave(rows, row["household_id"], e.person_id)
        case contracts.HouseholdFormed() as e:
            rows.put(households, household_id=e.household_id, group_id=e.group_id, label="", sort="", search="",
                     number=0, membership_id="", tier="")  # fmt: skip
            for place, person_id in enumerate(e.person_ids):
                rows.put(belongs, household_id=e.household_id, person_id=person_id, group_id=e.group_id, place=place)
            _relabel(rows, e.household_id)
        case contracts.PersonJoinedHousehold() as e:
            last = max((row["place"] for row in rows.where(belongs, household_id=e.household_id)), default=-1)
            rows.put(belongs, household_id=e.household_id, person_id=e.person_id, group_id=e.group_id, place=last + 1)
            _relabel(rows, e.household_id)
        case contracts.PersonLeftHousehold() as e:
            _leave(rows, e.household_id, e.person_id)
        case contracts.MembershipGranted() as e:
            _grant(rows, e)
        case contracts.MembershipTierChanged() as e:
            if _latest(rows, e.household_id) == e.membership_id:
                rows.change(households, e.household_id, tier=e.tier)
        case contracts.MembershipEnded() as e:
            if _latest(rows, e.household_id) == e.membership_id:
                rows.change(households, e.household_id, ended_on=e.on.isoformat())


def _register(rows: Rows, e: contracts.PersonRegistered, at: str) -> None:
    opened = _open(rows, e.person_id, e.sealed)
    values = {name: opened.get(name, "") for name in OPENED}
    rows.put(persons, person_id=e.person_id, **values, email_key=email_key(values["email"]), language=e.language,
             digital=int(e.digital), group_id=e.group_id, registered_at=at)  # fmt: skip


def _change(rows: Rows, e: contracts.PersonDetailsChanged) -> None:
    opened = _open(rows, e.person_id, e.sealed)
    changed: dict[str, object] = {name: opened[name] for name in OPENED if name in opened}
    if "email" in opened:
        changed["email_key"] = email_key(opened["email"])
    if e.language is not None:
        changed["language"] = e.language
    if e.digital is not None:
        changed["digital"] = int(e.digital)
    rows.change(persons, e.person_id, **changed)
    for row in rows.where(belongs, person_id=e.person_id):
        _relabel(rows, row["household_id"])


def _open(rows: Rows, person_id: str, sealed: dict[str, str]) -> dict[str, str]:
    if rows.keys is None:
        raise RuntimeError("the directory cannot be kept without the key store")
    return rows.keys.open(person_id, sealed)


def _leave(rows: Rows, household_id: str, person_id: str) -> None:
    rows.delete(belongs, household_id, person_id)
    _relabel(rows, household_id)


def _relabel(rows: Rows, household_id: str) -> None:
    """The household's label and what it is found by, from the persons who are in it now."""
    household = rows.get(households, household_id)
    if household is None:
        return
    members = sorted(rows.where(belongs, household_id=household_id), key=lambda row: (row["place"], row["person_id"]))
    found = [person for row in members if (person := rows.get(persons, row["person_id"])) is not None]
    label = household_label((person["first_name"], person["last_name"]) for person in found)
    words = [person[name] for person in found for name in ("first_name", "last_name", "email", "phone")]
    rows.change(households, household_id, label=label, sort=fold(label), search=fold(" ".join(words)))


def _grant(rows: Rows, e: contracts.MembershipGranted) -> None:
    """A renewal that follows on without a gap prolongs what is shown; a future one must not hide the present one."""
    row = rows.get(households, e.household_id)
    begins = e.valid_from.isoformat()
    if row is not None and row["ended_on"] is None and row["valid_until"] and row["valid_from"] <= begins:
        follows = date.fromisoformat(row["valid_until"]) + timedelta(days=1)
        begins = row["valid_from"] if e.valid_from <= follows else begins
    rows.change(households, e.household_id, number=e.number, membership_id=e.membership_id, tier=e.tier,
                valid_from=begins, valid_until=e.valid_until.isoformat(), ended_on=None)  # fmt: skip


def _latest(rows: Rows, household_id: str) -> str:
    row: Row | None = rows.get(households, household_id)
    return str(row["membership_id"]) if row else ""


view = View(
    name="directory",
    tables=(persons, households, belongs),
    reads=("contracts.person-", "contracts.household-", "contracts.membership-"),
    apply=apply,
    scrub_on=("contracts.person-erased",),
)
