"""The doors of orders-svc, by part: catalogue, windows and cycles, orders, rounds of contracts, supplier orders, what waits for a person."""

from __future__ import annotations

from orders_svc.doors.catalogue import CatalogueDoors
from orders_svc.doors.cycles import CycleDoors
from orders_svc.doors.orders import OrderDoors
from orders_svc.doors.rounds import RoundDoors
from orders_svc.doors.supply import SupplyDoors


class Orders(CatalogueDoors, CycleDoors, OrderDoors, RoundDoors, SupplyDoors):
    name = "orders"
