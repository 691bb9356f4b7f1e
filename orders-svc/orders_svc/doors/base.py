"""What every part of the doors has."""

from __future__ import annotations

from grenier.doors import Context
from grenier.errors import Forbidden, NotFound
from grenier.readmodel import Row
from grenier.runtime import Runtime
from orders_svc.views import cycles


class Doors:
    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def _cycle(self, context: Context, cycle_id: str, permission: str = "") -> tuple[Row, str]:
        """The cycle and the role by which the actor may see (or, with `permission`, do) this. NotFound to strangers."""
        row = cycles.cycle(self.runtime.db, cycle_id)
        if row is None:
            raise NotFound
        access, scope = self.runtime.access, {"group_id": row["group_id"], "scope_id": row["contract_id"]}
        if permission:
            return row, access.require(context, permission, **scope)
        # The coordinator of a contract need not be a member of its group.
        role = access.role_for(context.actor, "orders.read", **scope) if row["contract_id"] else ""
        return row, role or access.require_member(context, row["group_id"])

    def _reads_host(self, context: Context, host_id: str) -> None:
        """Catalogues are open to whoever reads orders at the host organisation or in one of its groups."""
        access = self.runtime.access
        if access.may(context.actor, "orders.read", host_id=host_id):
            return
        groups = {group["group_id"] for group in access.groups_of_host(host_id)}
        if groups.intersection(access.groups_where(context.actor, "orders.read")):
            return
        if groups.intersection(row["group_id"] for row in access.households_of(context.actor)):
            raise Forbidden(permission="orders.read")
        raise NotFound
