"""The doors of single deliveries of an open contract: another day, none at all, one that counts double, one more (S0:22)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from contracts_svc.contract import adding, deliveries
from contracts_svc.contract.state import Life
from contracts_svc.contract.telling import tell_managed
from contracts_svc.guards import today, with_id
from grenier.doors import Context, door
from grenier.runtime import Runtime, derived_id, read


class Move(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str
    delivery_id: str
    on: date
    reason: str
    starts: str | None = None
    ends: str | None = None
    place: str | None = None


class Cancel(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str
    delivery_id: str
    reason: str


class Count(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str
    delivery_id: str
    factor_percent: int
    reason: str


class Add(msgspec.Struct, forbid_unknown_fields=True):
    """`replaces_delivery_id`: the cancelled delivery that the new date makes up for; hours and place are as there.

    `opens_at`, `closes_at`: the order round for it, where goods are ordered.
    """

    contract_id: str
    on: date
    reason: str
    starts: str | None = None
    ends: str | None = None
    place: str | None = None
    factor_percent: int = 100
    series: str | None = None
    replaces_delivery_id: str = ""
    opens_at: datetime | None = None
    closes_at: datetime | None = None


class DeliveryDoors:
    runtime: Runtime

    @door
    def move_delivery(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Move, payload)
        return tell_managed(
            self.runtime, ask.contract_id, context,
            lambda now: deliveries.MoveDelivery(
                delivery_id=ask.delivery_id, on=ask.on, reason=ask.reason.strip(), starts=ask.starts, ends=ask.ends,
                place=ask.place, today=today(self.runtime, now.group_id),
            ),
        )  # fmt: skip

    @door
    def cancel_delivery(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Cancel, payload)
        return tell_managed(
            self.runtime, ask.contract_id, context,
            lambda _now: deliveries.CancelDelivery(delivery_id=ask.delivery_id, reason=ask.reason.strip()),
        )  # fmt: skip

    @door
    def count_delivery(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Count, payload)
        return tell_managed(
            self.runtime, ask.contract_id, context,
            lambda _now: deliveries.CountDelivery(
                delivery_id=ask.delivery_id, factor_percent=ask.factor_percent, reason=ask.reason.strip()
            ),
        )  # fmt: skip

    @door
    def add_delivery(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask, context = read(Add, payload), with_id(context)
        delivery_id = derived_id(context.command_id, "delivery")
        answer = tell_managed(
            self.runtime, ask.contract_id, context, lambda now: self._adding(ask, context, now, delivery_id)
        )
        return answer | {"delivery_id": delivery_id}

    def _adding(self, ask: Add, context: Context, now: Life, delivery_id: str) -> adding.AddDelivery:
        known = self.runtime.access.group(now.group_id) or {"time_zone": self.runtime.settings.time_zone}
        return adding.AddDelivery(
            delivery_id=delivery_id, on=ask.on, reason=ask.reason.strip(), starts=ask.starts, ends=ask.ends,
            place=ask.place, factor_percent=ask.factor_percent, series=ask.series, opens_at=ask.opens_at,
            replaces_delivery_id=ask.replaces_delivery_id, today=today(self.runtime, now.group_id),
            closes_at=ask.closes_at, round_id=derived_id(context.command_id, "round"),
            now=self.runtime.clock.now(), zone=known["time_zone"],
        )  # fmt: skip
