"""People's places, from the gateway's own projection of roles, groups and households (see `projections.py`)."""

from collections.abc import Sequence

from gateway.access_view import GroupRef, HouseholdRef, Role
from grenier.access import access_view
from grenier.doors import Context
from grenier.readmodel import Row
from grenier.runtime import Runtime


class Places:
    """Implements `access_view.AccessView` over the gateway's database."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._access = runtime.access

    def is_active(self, person_id: str) -> bool:
        return not self._access.is_erased(person_id)

    def roles_of(self, person_id: str) -> Sequence[Role]:
        return [Role(row["role"], row["scope_kind"], row["scope_id"]) for row in self._access.roles_of(person_id)]

    def households_of(self, person_id: str) -> Sequence[HouseholdRef]:
        return [
            HouseholdRef(row["household_id"], row["group_id"], self._access.is_current(row))
            for row in self._access.households_of(person_id)
        ]

    def group(self, group_id: str) -> GroupRef | None:
        row = self._access.group(group_id)
        return _group(row) if row else None

    def groups(self) -> Sequence[GroupRef]:
        return [_group(row) for row in self._access.all_groups()]

    def wait(self, position: int) -> None:
        self._runtime.wait(Context(after=position), [access_view])


def _group(row: Row) -> GroupRef:
    return GroupRef(row["group_id"], row["name"], row["kind"], row["time_zone"], bool(row["inclusive"]))
