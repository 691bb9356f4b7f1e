"""What needs hands, when, how many are missing, and who signed up. Rows hold ids of persons, never names."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from grenier.clock import iso
from grenier.language import matching
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
activities = sa.Table(
    "activities",
    _meta,
    sa.Column("activity_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("starts_at", sa.Text, nullable=False),
    sa.Column("ends_at", sa.Text, nullable=False, index=True),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False, index=True),
    sa.Column("needed", sa.Integer, nullable=False),
    sa.Column("signed_up", sa.Integer, nullable=False),
    sa.Column("called_at", sa.Text),
    sa.Column("called_by", sa.Text),
    sa.Column("reminded_at", sa.Text),
    sa.Column("agenda", sa.Text, nullable=False),
    sa.Column("material", Json, nullable=False),
    sa.Column("invited", sa.Text, nullable=False),
    sa.Column("open_to_public", sa.Integer, nullable=False),
    sa.Column("series_id", sa.Text, nullable=False),
    sa.Column("announced_at", sa.Text),
    sa.Column("cancelled_at", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("minutes", sa.Text, nullable=False),
    sa.Column("minutes_version", sa.Integer, nullable=False),
    sa.Column("minuted_at", sa.Text),
    sa.Column("minuted_by", sa.Text),
)
slots = sa.Table(
    "activities_slots",
    _meta,
    sa.Column("activity_id", sa.Text, primary_key=True),
    sa.Column("slot_id", sa.Text, primary_key=True),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("starts_at", sa.Text, nullable=False),
    sa.Column("ends_at", sa.Text, nullable=False),
    sa.Column("needed", sa.Integer, nullable=False),
    sa.Column("signed_up", sa.Integer, nullable=False),
)
volunteers = sa.Table(
    "activities_volunteers",
    _meta,
    sa.Column("activity_id", sa.Text, primary_key=True),
    sa.Column("slot_id", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Text, primary_key=True, index=True),
    sa.Column("signed_up_at", sa.Text, nullable=False),
    sa.Column("signed_up_by", sa.Text, nullable=False),
    sa.Column("present", sa.Integer),
)
# Who said whether they come, and who was there without a task.
guests = sa.Table(
    "activities_guests",
    _meta,
    sa.Column("activity_id", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Text, primary_key=True, index=True),
    sa.Column("coming", sa.Text, nullable=False),
    sa.Column("present", sa.Integer),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case matching.ActivityPlanned() as e:
            _plan(rows, e)
        case matching.VolunteerSignedUp() as e:
            rows.put(volunteers, activity_id=e.activity_id, slot_id=e.slot_id, person_id=e.person_id,
                     signed_up_at=fact.at, signed_up_by=fact.meta.actor)  # fmt: skip
            _count(rows, e.activity_id, e.slot_id, 1)
        case matching.VolunteerWithdrew() as e:
            rows.delete(volunteers, e.activity_id, e.slot_id, e.person_id)
            _count(rows, e.activity_id, e.slot_id, -1)
        case matching.VolunteersCalled() as e:
            told = {"called_at": fact.at, "called_by": fact.meta.actor if e.by_hand else ""}
            if not e.by_hand:
                told["reminded_at"] = fact.at
            rows.change(activities, e.activity_id, **told)
        case matching.ActivityChanged() as e:
            _change(rows, e)
        case matching.ActivityCancelled() as e:
            rows.change(activities, e.activity_id, cancelled_at=fact.at, reason=e.reason)
        case matching.ActivityAnnounced() as e:
            rows.change(activities, e.activity_id, announced_at=fact.at)
        case matching.InvitationAnswered() as e:
            _guest(rows, e.activity_id, e.person_id, coming=e.coming)
        case matching.MinutesPublished() as e:
            rows.change(activities, e.activity_id, minutes=e.text, minutes_version=e.version, minuted_at=fact.at,
                        minuted_by=fact.meta.actor)  # fmt: skip
        case matching.AttendanceRecorded() as e if not e.slot_id:
            _guest(rows, e.activity_id, e.person_id, present=int(e.present))
        case matching.AttendanceRecorded() as e:
            rows.change(volunteers, e.activity_id, e.slot_id, e.person_id, present=int(e.present))


def _plan(rows: Rows, e: matching.ActivityPlanned) -> None:
    rows.put(activities, activity_id=e.activity_id, group_id=e.group_id, kind=e.kind, title=e.title,
             starts_at=iso(e.starts_at), ends_at=iso(e.ends_at), place=e.place, subject_id=e.subject_id,
             needed=sum(slot.needed for slot in e.slots), signed_up=0, agenda=e.agenda, material=e.material,
             invited=e.invited, open_to_public=int(e.open_to_public), series_id=e.series_id, reason="", minutes="",
             minutes_version=0)  # fmt: skip
    _put_slots(rows, e.activity_id, e.slots)


def _change(rows: Rows, e: matching.ActivityChanged) -> None:
    rows.change(activities, e.activity_id, title=e.title, starts_at=iso(e.starts_at), ends_at=iso(e.ends_at),
                place=e.place, agenda=e.agenda, material=e.material, reason=e.reason,
                needed=sum(slot.needed for slot in e.slots))  # fmt: skip
    _put_slots(rows, e.activity_id, e.slots)


def _put_slots(rows: Rows, activity_id: str, planned: Sequence[matching.HelpSlot]) -> None:
    """The slots as planned; those who have signed up for one stay signed up."""
    for place, slot in enumerate(planned):
        before = rows.get(slots, activity_id, slot.slot_id)
        rows.put(slots, activity_id=activity_id, slot_id=slot.slot_id, place=place, task=slot.task,
                 starts_at=iso(slot.starts_at), ends_at=iso(slot.ends_at), needed=slot.needed,
                 signed_up=before["signed_up"] if before else 0)  # fmt: skip


def _guest(rows: Rows, activity_id: str, person_id: str, **said: object) -> None:
    if not rows.change(guests, activity_id, person_id, **said):
        rows.put(guests, activity_id=activity_id, person_id=person_id, **{"coming": "", **said})


def _count(rows: Rows, activity_id: str, slot_id: str, change: int) -> None:
    rows.add(activities, activity_id, signed_up=change)
    rows.add(slots, activity_id, slot_id, signed_up=change)


view = View(name="activities", tables=(activities, slots, volunteers, guests), reads=("matching.",), apply=apply,
            version=2)  # fmt: skip


# -- questions ---------------------------------------------------------------------------------------------------

# Of what is over the last ones are told; and so many are reminded of at once.
MOST_ACTIVITIES = 200


def of_groups(db: Database, group_ids: Sequence[str], now: str, *, past: bool = False) -> list[Row]:
    """All activities that are not over, or, with `past`, the last ones that are; the nearest first."""
    a = activities.c
    query = sa.select(activities).where(a.group_id.in_(group_ids), a.ends_at <= now if past else a.ends_at > now)
    order = a.starts_at.desc() if past else a.starts_at
    query = query.order_by(order, a.activity_id).limit(MOST_ACTIVITIES if past else None)
    return [_with_missing(row) for row in db.rows(query)]


def between(db: Database, group_id: str, kinds: Sequence[str], starts: str, ends: str) -> list[Row]:
    """Activities of these kinds that begin between two instants and are not cancelled, with slots and volunteers."""
    a = activities.c
    query = sa.select(activities).where(a.group_id == group_id, a.kind.in_(kinds), a.cancelled_at.is_(None))
    query = query.where(a.starts_at >= starts, a.starts_at < ends).order_by(a.starts_at, a.activity_id)
    kept = ("activity_id", "kind", "title", "starts_at", "ends_at", "needed")
    return [{**{name: row[name] for name in kept}, "slots": slots_of(db, row["activity_id"])} for row in db.rows(query)]


def distributions(db: Database, group_id: str, starts: str, ends: str) -> list[Row]:
    """Those of no order round that begin between two instants and are not cancelled."""
    a = activities.c
    query = sa.select(activities).where(a.group_id == group_id, a.kind == "distribution", a.subject_id == "")
    query = query.where(a.starts_at >= starts, a.starts_at < ends, a.cancelled_at.is_(None))
    return db.rows(query.order_by(a.starts_at, a.activity_id))


def guests_of(db: Database, activity_id: str) -> list[Row]:
    """Who answered the invitation, and who was there without a task: person_id, coming ("" unsaid), present."""
    g = guests.c
    query = sa.select(g.person_id, g.coming, g.present).where(g.activity_id == activity_id).order_by(g.person_id)
    return [{**row, "present": _truth(row["present"])} for row in db.rows(query)]


def answers_of(db: Database, person_id: str) -> dict[str, str]:
    """What a person said to invitations: {activity_id: yes, no, maybe}."""
    query = sa.select(guests.c.activity_id, guests.c.coming).where(guests.c.person_id == person_id)
    return {row["activity_id"]: row["coming"] for row in db.rows(query)}


def activity(db: Database, activity_id: str) -> Row | None:
    found = db.row(sa.select(activities).where(activities.c.activity_id == activity_id))
    return _with_missing(found) if found else None


def slots_of(db: Database, activity_id: str) -> list[Row]:
    """The slots in the order of the plan, each with its volunteers in the order in which they came."""
    there: dict[str, list[Row]] = {}
    v = volunteers.c
    query = sa.select(volunteers).where(v.activity_id == activity_id).order_by(v.signed_up_at, v.person_id)
    for row in db.rows(query):
        told = {"person_id": row["person_id"], "signed_up_at": row["signed_up_at"], "present": _truth(row["present"])}
        there.setdefault(row["slot_id"], []).append(told)
    found = db.rows(sa.select(slots).where(slots.c.activity_id == activity_id).order_by(slots.c.place))
    return [{**_with_missing(row), "volunteers": there.get(row["slot_id"], [])} for row in found]


def slots_of_person(db: Database, person_id: str, now: str, *, past: bool = False) -> list[Row]:
    """All that a person has signed up for, or, with `past`, has done last; the nearest first."""
    over = slots.c.ends_at <= now if past else slots.c.ends_at > now
    query = (
        sa.select(
            slots.c.activity_id, slots.c.slot_id, slots.c.task, slots.c.starts_at, slots.c.ends_at,
            volunteers.c.present, activities.c.group_id, activities.c.kind, activities.c.title, activities.c.place,
        )
        .join(
            volunteers,
            sa.and_(volunteers.c.activity_id == slots.c.activity_id, volunteers.c.slot_id == slots.c.slot_id),
        )
        .join(activities, activities.c.activity_id == slots.c.activity_id)
        .where(volunteers.c.person_id == person_id, over, activities.c.cancelled_at.is_(None))
    )  # fmt: skip
    order = slots.c.starts_at.desc() if past else slots.c.starts_at
    query = query.order_by(order, slots.c.activity_id, slots.c.slot_id).limit(MOST_ACTIVITIES if past else None)
    found = db.rows(query)
    return [{**row, "present": _truth(row["present"])} for row in found]


def overlapping(db: Database, person_id: str, starts_at: str, ends_at: str, other_than: str) -> Row | None:
    """A slot of another activity that the person has signed up for at the same time."""
    query = (
        sa.select(slots.c.activity_id, slots.c.slot_id)
        .join(
            volunteers,
            sa.and_(volunteers.c.activity_id == slots.c.activity_id, volunteers.c.slot_id == slots.c.slot_id),
        )
        .join(activities, activities.c.activity_id == slots.c.activity_id)
        .where(volunteers.c.person_id == person_id, slots.c.activity_id != other_than)
        .where(activities.c.cancelled_at.is_(None))
        .where(slots.c.starts_at < ends_at, slots.c.ends_at > starts_at)
    )
    return db.row(query)


def to_remind(db: Database, now: str, until: str) -> list[Row]:
    """Activities that begin between two instants, lack hands and have not been reminded of by themselves."""
    a = activities.c
    query = sa.select(activities).where(a.starts_at > now, a.starts_at <= until, a.reminded_at.is_(None))
    query = query.where(a.cancelled_at.is_(None))
    return db.rows(query.where(a.signed_up < a.needed).order_by(a.starts_at).limit(MOST_ACTIVITIES))


def attendance(db: Database, group_id: str, subject_id: str) -> Row:
    """How many people signed up for the activities of a subject, and how many came; each person counts once."""
    query = (
        sa.select(volunteers.c.person_id, sa.func.max(volunteers.c.present).label("present"))
        .join(activities, activities.c.activity_id == volunteers.c.activity_id)
        .where(activities.c.group_id == group_id, activities.c.subject_id == subject_id)
        .group_by(volunteers.c.person_id)
    )
    found = db.rows(query)
    return {"signed_up": len(found), "present": sum(row["present"] or 0 for row in found)}


def _with_missing(row: Row) -> Row:
    """Hands still missing; a cancelled activity needs none."""
    missing = 0 if row.get("cancelled_at") else max(0, row["needed"] - row["signed_up"])
    told = {"open_to_public": bool(row["open_to_public"])} if "open_to_public" in row else {}
    return {**row, "missing": missing, **told}


def _truth(flag: int | None) -> bool | None:
    return None if flag is None else bool(flag)
