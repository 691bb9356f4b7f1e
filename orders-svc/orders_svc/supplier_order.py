"""What is ordered from one producer for all groups of a window (S1:131), or in a round of its contract (S0:40).

Stream: supplier-order-<id>.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, assert_never

import msgspec

from grenier.decider import Decider, Rejected
from grenier.language.orders import (
    SupplierLine,
    SupplierOrderAcknowledged,
    SupplierOrderPlaced,
    SupplierOrderSent,
)
from orders_svc.refusals import Unknown

# -- commands ----------------------------------------------------------------------------------------------------


class PlaceSupplierOrder(msgspec.Struct, frozen=True, kw_only=True):
    supplier_order_id: str
    window_id: str
    host_id: str
    month: str
    producer_id: str
    lines: list[SupplierLine]
    cycle_id: str = ""
    contract_id: str = ""
    group_id: str = ""


class SendSupplierOrder(msgspec.Struct, frozen=True):
    pass


class AcknowledgeSupplierOrder(msgspec.Struct, frozen=True):
    pass


Command = PlaceSupplierOrder | SendSupplierOrder | AcknowledgeSupplierOrder
Event = SupplierOrderPlaced | SupplierOrderSent | SupplierOrderAcknowledged

# -- state -------------------------------------------------------------------------------------------------------


class SupplierOrder(msgspec.Struct, frozen=True, kw_only=True):
    supplier_order_id: str = ""
    host_id: str = ""
    producer_id: str = ""
    # Of a round of a contract; "" for a window.
    cycle_id: str = ""
    contract_id: str = ""
    group_id: str = ""
    status: Literal["", "placed", "sent", "acknowledged"] = ""


# -- decide ------------------------------------------------------------------------------------------------------


def decide(order: SupplierOrder, command: Command) -> Sequence[Event]:
    match command:
        case PlaceSupplierOrder():
            return place(order, command)
        case SendSupplierOrder():
            return send(order)
        case AcknowledgeSupplierOrder():
            return acknowledge(order)
        case _:
            assert_never(command)


def place(order: SupplierOrder, command: PlaceSupplierOrder) -> list[Event]:
    if order.status:
        return []
    placed = SupplierOrderPlaced(
        supplier_order_id=command.supplier_order_id,
        window_id=command.window_id,
        host_id=command.host_id,
        month=command.month,
        producer_id=command.producer_id,
        lines=command.lines,
        cost_cents=sum(line.cost_cents for line in command.lines),
        cycle_id=command.cycle_id,
        contract_id=command.contract_id,
        group_id=command.group_id,
    )
    return [placed]


def send(order: SupplierOrder) -> list[Event]:
    if not order.status:
        raise Unknown
    if order.status != "placed":
        return []
    return [SupplierOrderSent(**_ids(order))]


def acknowledge(order: SupplierOrder) -> list[Event]:
    if not order.status:
        raise Unknown
    if order.status == "placed":
        raise Rejected("supplier-order-not-sent", supplier_order_id=order.supplier_order_id)
    return [] if order.status == "acknowledged" else [SupplierOrderAcknowledged(**_ids(order))]


def _ids(order: SupplierOrder) -> dict[str, str]:
    return {
        "supplier_order_id": order.supplier_order_id,
        "host_id": order.host_id,
        "producer_id": order.producer_id,
        "cycle_id": order.cycle_id,
        "contract_id": order.contract_id,
        "group_id": order.group_id,
    }


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(order: SupplierOrder, event: Event) -> SupplierOrder:
    match event:
        case SupplierOrderPlaced():
            return SupplierOrder(
                supplier_order_id=event.supplier_order_id,
                host_id=event.host_id,
                producer_id=event.producer_id,
                cycle_id=event.cycle_id,
                contract_id=event.contract_id,
                group_id=event.group_id,
                status="placed",
            )
        case SupplierOrderSent():
            return msgspec.structs.replace(order, status="sent")
        case SupplierOrderAcknowledged():
            return msgspec.structs.replace(order, status="acknowledged")
        case _:
            assert_never(event)


decider: Decider[SupplierOrder, Command, Event] = Decider("supplier-order", SupplierOrder(), decide, evolve)
