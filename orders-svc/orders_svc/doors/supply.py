"""Doors of supplier orders, and what waits for a person."""

from __future__ import annotations

from typing import Any

from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound
from grenier.readmodel import Row
from grenier.runtime import read
from orders_svc import asks, supplier_order
from orders_svc.answers import todo
from orders_svc.doors.base import Doors
from orders_svc.supplier_order import SupplierOrder
from orders_svc.views import cycles, partners, subscribers, supply


class SupplyDoors(Doors):
    @door
    def send_supplier_order(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        key, order = self._supplier_order(payload)
        role = self._orders_from(context, order.host_id, order.group_id, order.contract_id)
        return self.runtime.tell(supplier_order.decider, key, supplier_order.SendSupplierOrder(), context, role=role)

    @door
    def acknowledge_supplier_order(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        key, order = self._supplier_order(payload)
        role = self._reads_supplier_orders(context, order.producer_id, order)
        command = supplier_order.AcknowledgeSupplierOrder()
        return self.runtime.tell(supplier_order.decider, key, command, context, role=role)

    @door
    def supplier_orders(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """By window, host organisation or producer; the producer sees what was sent, the central team everything."""
        ask = read(asks.SupplierOrders, payload)
        self.runtime.wait(context)
        role, where = self._scope(ask, context)
        rows = supply.supplier_orders_where(self.runtime.db, **where)
        shown = [row for row in rows if role != "producer" or row["status"] != "placed"]
        return {"items": self._with_producers(shown), "cost_cents": sum(row["cost_cents"] for row in shown)}

    @door
    def supplier_order(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfSupplierOrder, payload)
        self.runtime.wait(context)
        row = supply.supplier_order(self.runtime.db, ask.supplier_order_id)
        if row is None:
            raise NotFound
        role = self._reads_supplier_orders(context, row["producer_id"], SupplierOrder(
            host_id=row["host_id"], group_id=row["group_id"], contract_id=row["contract_id"]))  # fmt: skip
        if role == "producer" and row["status"] == "placed":
            raise NotFound
        groups = {group["group_id"]: group["name"] for group in self.runtime.access.groups_of_host(row["host_id"])}
        window = cycles.window(self.runtime.db, row["window_id"])
        (named,) = self._with_producers([row])
        return {**named, "group_names": groups, "closes_at": window["closes_at"] if window else None}

    @door
    def todo(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        read(asks.Nothing, payload)
        self.runtime.wait(context)
        return todo.of(self.runtime, context.actor)

    # -- shared --------------------------------------------------------------------------------------------------

    def _supplier_order(self, payload: dict[str, Any]) -> tuple[str, SupplierOrder]:
        ask = read(asks.OfSupplierOrder, payload)
        order = self.runtime.handler.state(supplier_order.decider, ask.supplier_order_id)
        if not order.status:
            raise NotFound
        return ask.supplier_order_id, order

    def _reads_supplier_orders(self, context: Context, producer_id: str, order: SupplierOrder) -> str:
        """The producer (for its own orders), or whoever orders from producers."""
        role = self.runtime.access.role_for(context.actor, "orders.supplier-orders", scope_id=producer_id)
        return role or self._orders_from(context, order.host_id, order.group_id, order.contract_id)

    def _orders_from(self, context: Context, host_id: str, group_id: str, contract_id: str) -> str:
        """A window's orders are the central team's, those of a round its contract's coordinator's."""
        if contract_id:
            return self.runtime.access.require(context, "orders.regulate", group_id=group_id, scope_id=contract_id)
        return self.runtime.access.require(context, "orders.suppliers", host_id=host_id)

    def _scope(self, ask: asks.SupplierOrders, context: Context) -> tuple[str, dict[str, str]]:
        if ask.producer_id:
            producer = partners.producer(self.runtime.db, ask.producer_id)
            if producer is None:
                raise NotFound
            role = self._reads_supplier_orders(context, ask.producer_id, SupplierOrder(host_id=producer["host_id"]))
            return role, {"producer_id": ask.producer_id}
        if ask.window_id:
            window = cycles.window(self.runtime.db, ask.window_id)
            if window is None:
                raise NotFound
            role = self.runtime.access.require(context, "orders.read", host_id=window["host_id"])
            return role, {"window_id": ask.window_id}
        if ask.host_id:
            return self.runtime.access.require(context, "orders.read", host_id=ask.host_id), {"host_id": ask.host_id}
        if ask.contract_id:
            contract = subscribers.contract(self.runtime.db, ask.contract_id)
            if contract is None:
                raise NotFound
            scope = {"group_id": contract["group_id"], "scope_id": ask.contract_id}
            role = self.runtime.access.require(context, "orders.read", **scope)
            return role, {"contract_id": ask.contract_id}
        raise Invalid(fields={"window_id": ["one of window_id, host_id, producer_id, contract_id is needed"]})

    def _with_producers(self, rows: list[Row]) -> list[dict[str, Any]]:
        names: dict[str, str] = {}
        for host_id in {row["host_id"] for row in rows}:
            names.update(partners.producer_names(self.runtime.db, host_id))
        return [{**row, "producer_name": names.get(row["producer_id"], "")} for row in rows]
