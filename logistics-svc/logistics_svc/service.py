"""The doors of logistics-svc; README.md lists them with payloads and answers."""

from __future__ import annotations

from logistics_svc.doors_day import DayDoors
from logistics_svc.doors_goods import GoodsDoors
from logistics_svc.doors_reading import ReadingDoors


class Logistics(GoodsDoors, DayDoors, ReadingDoors):
    name = "logistics"
