"""Who stands at the counter: a household, the person who acts for it, and whether its membership is alive.

The counter is where most calls come in, so all of it is one read of the access view.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from grenier.access import belongs, groups, households
from grenier.decider import Rejected
from grenier.doors import Context
from grenier.errors import NotFound
from grenier.runtime import Runtime
from orders_svc.views.credit import contract_floors, floors
from orders_svc.views.cycles import cycles


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """`own`: the actor belongs to the household; otherwise `role` is the one that allows acting for it.

    `floor_cents`: the lowest balance that orders may lead to in this group; None where it has set none.
    `contract_id`: the contract of the cycle that was named, when it is a round in the household's group;
    `contract_floor_cents`: the lowest balance of that contract that orders in its rounds may lead to, or None.
    """

    actor: str
    household_id: str
    group_id: str
    host_id: str
    tier: str
    valid_until: str | None
    time_zone: str
    floor_cents: int | None
    own: bool
    role: str = "eater"
    contract_id: str | None = None
    distribution_starts_at: str | None = None
    contract_floor_cents: int | None = None

    def is_active(self, now: datetime) -> bool:
        """A membership holds until the end of its last day, where the group lives."""
        today = now.astimezone(ZoneInfo(self.time_zone)).date().isoformat()
        return self.valid_until is not None and self.valid_until >= today

    def check_active(self, now: datetime) -> None:
        if not self.is_active(now):
            raise Rejected("membership-inactive", household_id=self.household_id, valid_until=self.valid_until)

    @property
    def for_whom(self) -> str:
        """The household, when somebody else enters for it."""
        return "" if self.own else self.household_id


_PERSON: sa.BindParameter[str] = sa.bindparam("person")
_HOUSEHOLD: sa.BindParameter[str] = sa.bindparam("household")
_CYCLE: sa.BindParameter[str] = sa.bindparam("cycle")
_BUYER = (
    sa.select(
        households.c.household_id,
        households.c.group_id,
        households.c.tier,
        households.c.valid_until,
        groups.c.host_id,
        groups.c.time_zone,
        floors.c.floor_cents,
        belongs.c.person_id,
        cycles.c.contract_id,
        cycles.c.distribution_starts_at,
        contract_floors.c.floor_cents.label("contract_floor_cents"),
    )
    .join(groups, groups.c.group_id == households.c.group_id)
    .outerjoin(floors, floors.c.group_id == households.c.group_id)
    .outerjoin(belongs, sa.and_(belongs.c.household_id == households.c.household_id, belongs.c.person_id == _PERSON))
    .outerjoin(cycles, sa.and_(cycles.c.cycle_id == _CYCLE, cycles.c.group_id == households.c.group_id))
    .outerjoin(contract_floors, contract_floors.c.contract_id == cycles.c.contract_id)
    .where(households.c.household_id == _HOUSEHOLD)
)


def buyer(
    runtime: Runtime, context: Context, household_id: str, permission: str = "orders.proxy", *, cycle_id: str = ""
) -> Buyer:
    """The household for its own person, or for one who holds `permission` in its group. NotFound to strangers.

    In a round (`cycle_id`) the coordinator of its contract acts for the group's households, too.
    """
    found = runtime.db.by_key(_BUYER, person=context.actor, household=household_id, cycle=cycle_id)
    if found is None:
        raise NotFound
    own = found.pop("person_id") is not None
    role = "eater"
    if not own:
        scope = {"group_id": found["group_id"], "scope_id": found["contract_id"] or ""}
        role = runtime.access.require(context, permission, **scope)
    return Buyer(**found, actor=context.actor, own=own, role=role)
