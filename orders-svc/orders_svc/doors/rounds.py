"""Doors of a contract's order rounds and their parcels (S0:32-40), for its coordinator and the helpers of the day."""

from __future__ import annotations

from typing import Any

from grenier.decider import Rejected
from grenier.doors import Context, door
from grenier.errors import NotFound
from grenier.language.parcels import MissingLine
from grenier.readmodel import Row
from grenier.runtime import read
from orders_svc import asks, cycle, floor, parcels
from orders_svc.answers import rounds
from orders_svc.doors.base import Doors
from orders_svc.parcels import Command as ParcelsCommand
from orders_svc.rounds import RemindToOrder
from orders_svc.views import credit, cycles, subscribers


class RoundDoors(Doors):
    @door
    def remind_round(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S0:38: again to those who have not ordered, all of them or those chosen."""
        ask = read(asks.RemindRound, payload)
        self.runtime.wait(context)
        row, role = self._round(context, ask.cycle_id, "orders.regulate")
        waiting = rounds.households_without_order(self.runtime, row)
        chosen = [each for each in waiting if ask.household_ids is None or each in ask.household_ids]
        command = RemindToOrder(household_ids=chosen, now=self.runtime.clock.now())
        answer = self.runtime.tell(cycle.decider, ask.cycle_id, command, context, role=role, group_id=row["group_id"])
        return {**answer, "household_ids": chosen}

    @door
    def set_contract_floor(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S0:47: how far into the red a household may order in this contract's rounds."""
        ask = read(asks.SetContractFloor, payload)
        self.runtime.wait(context)
        contract = self._contract(ask.contract_id)
        scope = {"group_id": contract["group_id"], "scope_id": ask.contract_id}
        role = self.runtime.access.require(context, "orders.regulate", **scope)
        if not cycles.rounds_of(self.runtime.db, [ask.contract_id]):
            raise Rejected("contract-without-rounds", contract_id=ask.contract_id)
        command = floor.SetFloor(
            contract_id=ask.contract_id, group_id=contract["group_id"], floor_cents=ask.floor_cents
        )
        return self.runtime.tell(
            floor.decider, ask.contract_id, command, context, role=role, group_id=contract["group_id"]
        )

    @door
    def record_parcel(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.RecordParcel, payload)
        gaps = [MissingLine(product_id=gap.product_id, missing=gap.missing, flaw=gap.flaw) for gap in ask.missing]
        return self._on_parcels(context, ask, parcels.RecordParcel(household_id=ask.household_id, missing=gaps))

    @door
    def record_all_parcels(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        return self._on_parcels(context, read(asks.OfCycle, payload), parcels.RecordAllParcels())

    @door
    def hand_over_parcel(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfHouseholdInCycle, payload)
        return self._on_parcels(context, ask, parcels.HandOver(household_id=ask.household_id))

    @door
    def undo_hand_over(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.UndoHandOver, payload)
        command = parcels.UndoHandOver(household_id=ask.household_id, reason=ask.reason)
        return self._on_parcels(context, ask, command)

    # -- queries -------------------------------------------------------------------------------------------------

    @door
    def rounds(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """The rounds of a contract, for everybody in its group."""
        ask = read(asks.OfContract, payload)
        self.runtime.wait(context)
        contract = self._contract(ask.contract_id)
        access, scope = self.runtime.access, {"group_id": contract["group_id"], "scope_id": ask.contract_id}
        if not access.role_for(context.actor, "orders.read", **scope):
            access.require_member(context, contract["group_id"])
        floor_cents = credit.floor_of_contract(self.runtime.db, ask.contract_id)
        return {
            "contract": {**contract, "floor_cents": floor_cents},
            "items": rounds.rounds_of(self.runtime, ask.contract_id),
        }

    @door
    def round(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfCycle, payload)
        self.runtime.wait(context)
        row, _ = self._round(context, ask.cycle_id, "orders.read")
        return rounds.round_page(self.runtime, row)

    @door
    def parcels(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.ListOfCycle, payload)
        self.runtime.wait(context)
        row, _ = self._round(context, ask.cycle_id, "logistics.distribute")
        return rounds.parcels_page(self.runtime, row, ask.limit, ask.offset)

    # -- shared --------------------------------------------------------------------------------------------------

    def _contract(self, contract_id: str) -> Row:
        contract = subscribers.contract(self.runtime.db, contract_id)
        if contract is None:
            raise NotFound
        return contract

    def _round(self, context: Context, cycle_id: str, permission: str) -> tuple[Row, str]:
        """The cycle, when it is a round of a contract."""
        row, role = self._cycle(context, cycle_id, permission)
        if not row["contract_id"]:
            raise NotFound
        return row, role

    def _on_parcels(self, context: Context, ask: Any, command: ParcelsCommand) -> dict[str, Any]:
        """Whoever helps at the distribution hands out parcels; nothing of the money is seen there."""
        row, role = self._round(context, ask.cycle_id, "logistics.distribute")
        household_id = getattr(ask, "household_id", "")
        return self.runtime.tell(
            parcels.decider,
            ask.cycle_id,
            command,
            context,
            role=role,
            group_id=row["group_id"],
            on_behalf_of=household_id,
        )
