"""Who may do what: every service keeps this small view of roles, groups and households, and asks nobody else.

A group that a person has nothing to do with does not exist for that person (NotFound, the same bytes as for no group);
a group of one's own where the act belongs to another role is Forbidden.
"""

from __future__ import annotations

from datetime import UTC, date, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from grenier.clock import Clock, iso, local_instant
from grenier.doors import Context
from grenier.errors import Forbidden, NotFound
from grenier.language import contracts
from grenier.language.roles import FEDERATION_ROLES, PERMISSIONS
from grenier.readmodel import Database, Fact, Row, Rows, View

_meta = sa.MetaData()
roles = sa.Table(
    "access_roles",
    _meta,
    sa.Column("assignment_id", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Text, nullable=False, index=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("scope_kind", sa.Text, nullable=False),
    sa.Column("scope_id", sa.Text, nullable=False, index=True),
    sa.Column("valid_from", sa.Text, nullable=False),
    sa.Column("valid_until", sa.Text),
    # The same as instants: a role begins and ends at midnight where it holds.
    sa.Column("starts_at", sa.Text, nullable=False),
    sa.Column("ends_at", sa.Text),
)
hosts = sa.Table(
    "access_hosts",
    _meta,
    sa.Column("host_id", sa.Text, primary_key=True),
    sa.Column("time_zone", sa.Text, nullable=False),
)
groups = sa.Table(
    "access_groups",
    _meta,
    sa.Column("group_id", sa.Text, primary_key=True),
    sa.Column("host_id", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("inclusive", sa.Integer, nullable=False),
)
households = sa.Table(
    "access_households",
    _meta,
    sa.Column("household_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("tier", sa.Text, nullable=False),
    sa.Column("valid_until", sa.Text),
    sa.Column("ended_on", sa.Text),
)
belongs = sa.Table(
    "access_belongs",
    _meta,
    sa.Column("person_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True, index=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
)

erased = sa.Table("access_erased", _meta, sa.Column("person_id", sa.Text, primary_key=True))


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case contracts.RoleAssigned() as e:
            _assign(rows, e)
        case contracts.RoleRevoked() as e:
            rows.delete(roles, e.assignment_id)
        case contracts.HostOrganisationRegistered() as e:
            rows.put(hosts, host_id=e.host_id, time_zone=e.time_zone)
        case contracts.GroupFounded() as e:
            rows.put(groups, group_id=e.group_id, host_id=e.host_id, kind=e.kind, name=e.name, place=e.place,
                     time_zone=e.time_zone, inclusive=int(e.inclusive_language))  # fmt: skip
        case contracts.GroupSettingsChanged() as e:
            inclusive = None if e.inclusive_language is None else int(e.inclusive_language)
            changed = {"name": e.name, "place": e.place, "time_zone": e.time_zone, "inclusive": inclusive}
            rows.change(groups, e.group_id, **{key: value for key, value in changed.items() if value is not None})
        case contracts.HouseholdFormed() as e:
            rows.put(
                households, household_id=e.household_id, group_id=e.group_id, tier="", valid_until=None, ended_on=None
            )
            for person_id in e.person_ids:
                rows.put(belongs, person_id=person_id, household_id=e.household_id, group_id=e.group_id)
        case contracts.PersonJoinedHousehold() as e:
            rows.put(belongs, person_id=e.person_id, household_id=e.household_id, group_id=e.group_id)
        case contracts.PersonLeftHousehold() as e:
            rows.delete(belongs, e.person_id, e.household_id)
        case contracts.MembershipGranted() as e:
            rows.change(households, e.household_id, tier=e.tier, valid_until=e.valid_until.isoformat(), ended_on=None)
        case contracts.MembershipTierChanged() as e:
            rows.change(households, e.household_id, tier=e.tier)
        case contracts.MembershipEnded() as e:
            rows.change(households, e.household_id, valid_until=e.on.isoformat(), ended_on=e.on.isoformat())
        case contracts.PersonErased() as e:
            rows.put(erased, person_id=e.person_id)
            for row in rows.where(roles, person_id=e.person_id):
                rows.delete(roles, row["assignment_id"])
            for row in rows.where(belongs, person_id=e.person_id):
                rows.delete(belongs, e.person_id, row["household_id"])


def _assign(rows: Rows, event: contracts.RoleAssigned) -> None:
    place = rows.get(groups, event.scope_id) or rows.get(hosts, event.scope_id)
    zone = str(place["time_zone"]) if place else "Europe/Paris"
    until = event.valid_until
    rows.put(
        roles,
        assignment_id=event.assignment_id,
        person_id=event.person_id,
        role=event.role,
        scope_kind=event.scope_kind,
        scope_id=event.scope_id,
        valid_from=event.valid_from.isoformat(),
        valid_until=until.isoformat() if until else None,
        starts_at=_midnight(event.valid_from, zone),
        ends_at=_midnight(until + timedelta(days=1), zone) if until else None,
    )


@lru_cache(1_000)
def _midnight(day: date, zone: str) -> str:
    """When a day begins there; roles begin and end on few days."""
    return iso(local_instant(day, 0, 0, zone))


access_view = View(
    name="access",
    tables=(roles, hosts, groups, households, belongs, erased),
    reads=(
        "contracts.role-",
        "contracts.host-",
        "contracts.group-",
        "contracts.household-",
        "contracts.membership-",
        "contracts.person-",
    ),
    apply=apply,
    version=3,  # 3: the day on which a membership was ended stands beside the one to which it is valid
)


# Asked at every call, so built once (see `Database.rows`); the rows themselves are read anew each time.
_PERSON: sa.BindParameter[str] = sa.bindparam("person_id")
_HOUSEHOLD: sa.BindParameter[str] = sa.bindparam("household_id")
_GROUP: sa.BindParameter[str] = sa.bindparam("group_id")
_ROLES_OF_PERSON = sa.select(roles).where(roles.c.person_id == _PERSON).order_by(roles.c.assignment_id)
_HOUSEHOLDS_OF_PERSON = (
    sa.select(households)
    .join(belongs, belongs.c.household_id == households.c.household_id)
    .where(belongs.c.person_id == _PERSON)
    .order_by(households.c.household_id)
)
_HOUSEHOLD_BY_ID = sa.select(households).where(households.c.household_id == _HOUSEHOLD)
# With the person, when it is one of the household's own.
_HOUSEHOLD_FOR_PERSON = (
    sa.select(households, belongs.c.person_id)
    .outerjoin(belongs, sa.and_(belongs.c.household_id == households.c.household_id, belongs.c.person_id == _PERSON))
    .where(households.c.household_id == _HOUSEHOLD)
)
_GROUP_BY_ID = sa.select(groups).where(groups.c.group_id == _GROUP)
_ERASED_PERSON = sa.select(erased).where(erased.c.person_id == _PERSON)


class Access:
    """Questions about rights, answered from the view of the service that asks."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    # -- facts ---------------------------------------------------------------------------------------------------

    def roles_of(self, person_id: str) -> list[Row]:
        """The assignments that hold today: role, scope_kind, scope_id, valid_from, valid_until."""
        if not person_id:
            return []
        return self._holding(self._db.rows(_ROLES_OF_PERSON, person_id=person_id))

    def households_of(self, person_id: str) -> list[Row]:
        """household_id, group_id, tier, valid_until, ended_on of the person's households, those of former members too."""
        return self._db.rows(_HOUSEHOLDS_OF_PERSON, person_id=person_id)

    def is_current(self, household: Row) -> bool:
        """Whether its membership was not ended: former members keep their own account and see no more of the group.

        A membership that has only run out waits for its renewal: what it still opens is for each service to say.
        """
        if household["ended_on"] is None:
            return True
        group = self.group(household["group_id"])
        zone = ZoneInfo(str(group["time_zone"])) if group else UTC
        return bool(household["ended_on"] > self._clock.now().astimezone(zone).date().isoformat())

    def belongs_to(self, person_id: str, group_id: str) -> bool:
        """Whether a household of this person is a member of the group today."""
        return any(row["group_id"] == group_id and self.is_current(row) for row in self.households_of(person_id))

    def persons_of(self, household_id: str) -> list[str]:
        query = (
            sa.select(belongs.c.person_id).where(belongs.c.household_id == household_id).order_by(belongs.c.person_id)
        )
        return [row["person_id"] for row in self._db.rows(query)]

    def household(self, household_id: str) -> Row | None:
        return self._db.by_key(_HOUSEHOLD_BY_ID, household_id=household_id)

    def households_in(self, group_id: str) -> list[Row]:
        return self._db.rows(
            sa.select(households).where(households.c.group_id == group_id).order_by(households.c.household_id)
        )

    def group(self, group_id: str) -> Row | None:
        """group_id, host_id, kind, name, place, time_zone, inclusive (0 or 1)."""
        return self._db.by_key(_GROUP_BY_ID, group_id=group_id)

    def groups_of_host(self, host_id: str) -> list[Row]:
        return self._db.rows(
            sa.select(groups).where(groups.c.host_id == host_id).order_by(groups.c.name, groups.c.group_id)
        )

    def is_erased(self, person_id: str) -> bool:
        return self._db.by_key(_ERASED_PERSON, person_id=person_id) is not None

    def all_groups(self) -> list[Row]:
        return self._db.rows(sa.select(groups).order_by(groups.c.name, groups.c.group_id))

    def holders(self, role: str, scope_id: str) -> list[str]:
        """Persons who hold a role in this very scope today."""
        found = self._db.rows(sa.select(roles).where(roles.c.role == role, roles.c.scope_id == scope_id))
        return sorted({row["person_id"] for row in self._holding(found)})

    def holders_of_any(self, scope_id: str) -> list[str]:
        """Persons who hold whatever role in this very scope today."""
        found = self._db.rows(sa.select(roles).where(roles.c.scope_id == scope_id))
        return sorted({row["person_id"] for row in self._holding(found)})

    def _holding(self, assignments: list[Row]) -> list[Row]:
        now = iso(self._clock.now())
        return [
            row for row in assignments if row["starts_at"] <= now and (row["ends_at"] is None or now < row["ends_at"])
        ]

    # -- questions -----------------------------------------------------------------------------------------------

    def role_for(
        self, person_id: str, permission: str, *, group_id: str = "", host_id: str = "", scope_id: str = ""
    ) -> str:
        """The role by which a person has this permission here; "" when none."""
        host_id = host_id or self._host_of(group_id)
        for row in self.roles_of(person_id):
            if permission not in PERMISSIONS.get(row["role"], ()):
                continue
            if row["scope_id"] in (group_id, scope_id) or (
                row["role"] in FEDERATION_ROLES and row["scope_id"] == host_id
            ):
                return str(row["role"])
        return ""

    def may(self, person_id: str, permission: str, **scope: str) -> bool:
        return bool(self.role_for(person_id, permission, **scope))

    def groups_where(self, person_id: str, permission: str) -> list[str]:
        """Ids of the groups in which a person has a permission."""
        found: dict[str, None] = {}
        for row in self.roles_of(person_id):
            if permission in PERMISSIONS.get(row["role"], ()):
                if row["scope_kind"] == "federation":
                    found.update(dict.fromkeys(group["group_id"] for group in self.groups_of_host(row["scope_id"])))
                elif row["scope_kind"] == "group":
                    found[row["scope_id"]] = None
        return list(found)

    def require(
        self, context: Context, permission: str, *, group_id: str = "", host_id: str = "", scope_id: str = ""
    ) -> str:
        """The role that allows it. Raises NotFound to strangers, Forbidden to those who belong but may not."""
        role = self.role_for(context.actor, permission, group_id=group_id, host_id=host_id, scope_id=scope_id)
        if role:
            return role
        if self._knows(context.actor, group_id, host_id or self._host_of(group_id)):
            raise Forbidden(permission=permission)
        raise NotFound

    def require_household(self, context: Context, household_id: str, permission: str) -> Row:
        """The household, when it is the person's own or one in whose group the person has `permission`.

        The row's "role" is "eater" for one's own household, else the role that allows it.
        """
        household = self._db.by_key(_HOUSEHOLD_FOR_PERSON, household_id=household_id, person_id=context.actor)
        if household is None:
            raise NotFound
        if household.pop("person_id") is not None:
            return {**household, "role": "eater"}
        return {**household, "role": self.require(context, permission, group_id=household["group_id"])}

    def require_member(self, context: Context, group_id: str, permission: str = "") -> str:
        """A member of the group, or somebody with a role there: "eater" or the role's name. NotFound to strangers."""
        if permission and (role := self.role_for(context.actor, permission, group_id=group_id)):
            return role
        if self.belongs_to(context.actor, group_id):
            return "eater"
        if self._knows(context.actor, group_id, self._host_of(group_id)):
            if permission:
                raise Forbidden(permission=permission)
            return "member"
        raise NotFound

    def _knows(self, person_id: str, group_id: str, host_id: str) -> bool:
        if any(row["scope_id"] and row["scope_id"] in (group_id, host_id) for row in self.roles_of(person_id)):
            return True
        return bool(group_id) and self.belongs_to(person_id, group_id)

    def _host_of(self, group_id: str) -> str:
        group: dict[str, Any] | None = self.group(group_id) if group_id else None
        return str(group["host_id"]) if group else ""
