"""View `reminding`: how long before a delivery a group reminds of it, where somebody has said so (S0:15)."""

from __future__ import annotations

import sqlalchemy as sa

from grenier.language.notify import RemindersSet
from grenier.readmodel import Database, Fact, Rows, View

reminding = sa.Table(
    "reminding",
    sa.MetaData(),
    sa.Column("group_id", sa.Text, primary_key=True),
    sa.Column("hours", sa.Integer, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    if isinstance(fact.event, RemindersSet):
        rows.put(reminding, group_id=fact.event.group_id, hours=fact.event.delivery_hours)


view = View("reminding", (reminding,), ("notify.reminders-",), apply)

_ALL = sa.select(reminding)


def hours(db: Database) -> dict[str, int]:
    """group -> hours; groups that have never said are left out."""
    return {row["group_id"]: row["hours"] for row in db.kept(_ALL)}
