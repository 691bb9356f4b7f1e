"""What the gateway must know of people's places to draw menus and refuse early.

The services authorise every call again from their own views; this is the coarse gate. Implementations answer from a
projection kept beside the gateway; tests give a fixed table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Role:
    """A role assignment that is valid now: who may do what, in which scope."""

    role: str
    scope_kind: str  # federation, group, circle or contract
    scope_id: str


@dataclass(frozen=True)
class HouseholdRef:
    """A household that a person belongs to, and its group. `current`: its membership has not ended."""

    household_id: str
    group_id: str
    current: bool = True


@dataclass(frozen=True)
class GroupRef:
    """The settings of a group that pages need."""

    group_id: str
    name: str
    kind: str = "buying_group"  # csa, buying_group or third_place
    time_zone: str = "Europe/Paris"
    inclusive: bool = True  # « adhérent·e » rather than « adhérent »


class AccessView(Protocol):
    """Questions about a person's places; all answers come from local memory or tables, never from the wire."""

    def is_active(self, person_id: str) -> bool:
        """False once a person was disabled or erased: sessions and tokens stop at once."""

    def roles_of(self, person_id: str) -> Sequence[Role]: ...

    def households_of(self, person_id: str) -> Sequence[HouseholdRef]: ...

    def group(self, group_id: str) -> GroupRef | None: ...

    def groups(self) -> Sequence[GroupRef]: ...

    def wait(self, position: int) -> None:
        """Until the view has taken in this position of the log; raises Unavailable when that takes too long."""


class NoPlaces:
    """The view of an installation that knows nobody yet: everybody is active, nobody has a role."""

    def is_active(self, person_id: str) -> bool:
        return True

    def roles_of(self, person_id: str) -> Sequence[Role]:
        return ()

    def households_of(self, person_id: str) -> Sequence[HouseholdRef]:
        return ()

    def group(self, group_id: str) -> GroupRef | None:
        return None

    def groups(self) -> Sequence[GroupRef]:
        return ()

    def wait(self, position: int) -> None:
        return
