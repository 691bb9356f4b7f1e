"""Commands of the distribution day: every tap at the tables ends here (S1:45, S1:64-82)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from grenier.doors import Context, door
from grenier.readmodel import Row
from grenier.runtime import derived_id, read
from logistics_svc import asks, distribution
from logistics_svc.distribution import commands
from logistics_svc.lookups import Lookups, each_once


class DayDoors(Lookups):
    @door
    def choose_slot(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.ChooseSlot, payload)
        _, household = self.allowed_household(
            context, ask.distribution_id, ask.household_id, "logistics.distribute", own=True
        )
        return self._tell(ask, commands.ChooseSlot(ask.household_id, ask.slot_id), context, household)

    @door
    def check_in(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OneHousehold, payload)
        return self._tell(ask, commands.CheckIn(ask.household_id), context, self._at_table(ask, context))

    @door
    def undo_check_in(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OneHousehold, payload)
        return self._tell(ask, commands.UndoCheckIn(ask.household_id), context, self._at_table(ask, context))

    @door
    def weigh_line(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.WeighLine, payload)
        weight = commands.Weight(ask.household_id, ask.weight_g)
        command = commands.RecordWeights(ask.product_id, [weight], ask.sure)
        return self._tell(ask, command, context, self._at_table(ask, context))

    @door
    def record_weights(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.RecordWeights, payload)
        row, role = self.allowed_distribution(context, ask.distribution_id, "logistics.distribute")
        each_once("household", "weights", (weight.household_id for weight in ask.weights))
        weights = [commands.Weight(weight.household_id, weight.weight_g) for weight in ask.weights]
        command = commands.RecordWeights(ask.product_id, weights, ask.sure)
        return self._tell(ask, command, context, {"role": role, "group_id": row["group_id"]})

    @door
    def record_shortage(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.RecordShortage, payload)
        command = commands.RecordShortage(ask.household_id, ask.product_id, ask.missing)
        return self._tell(ask, command, context, self._at_table(ask, context))

    @door
    def record_substitution(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.RecordSubstitution, payload)
        command = commands.RecordSubstitution(
            ask.household_id,
            ask.product_id,
            ask.quantity,
            ask.substitute_id,
            ask.substitute_quantity,
            ask.substitute_weight_g,
        )
        return self._tell(ask, command, context, self._at_table(ask, context))

    @door
    def sell_surplus(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.SellSurplus, payload)
        household = self._at_table(ask, context)
        tier = household["tier"]
        command = commands.SellSurplus(ask.household_id, ask.product_id, ask.quantity, ask.weight_g, tier)
        return self._tell(ask, command, context, household)

    @door
    def sign_off(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.SignOff, payload)
        household = self._at_table(ask, context)
        sign_off_id = derived_id(context.command_id or str(uuid4()), "sign-off")
        command = commands.SignOff(sign_off_id, ask.household_id, ask.seen_total_cents)
        return self._tell(ask, command, context, household)

    @door
    def undo_sign_off(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.UndoSignOff, payload)
        command = commands.UndoSignOff(ask.household_id, ask.reason)
        return self._tell(ask, command, context, self._at_table(ask, context))

    @door
    def log_absent_call(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.LogAbsentCall, payload)
        command = commands.LogAbsentCall(ask.household_id, ask.outcome)
        return self._tell(ask, command, context, self._at_table(ask, context))

    @door
    def count_stock(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.CountStock, payload)
        row, role = self.allowed_distribution(context, ask.distribution_id, "logistics.count")
        each_once("product", "lines", (line.product_id for line in ask.lines))
        command = commands.CountStock([commands.Counted(line.product_id, line.counted) for line in ask.lines])
        return self._tell(ask, command, context, {"role": role, "group_id": row["group_id"]})

    @door
    def close_distribution(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OneDistribution, payload)
        row, role = self.allowed_distribution(context, ask.distribution_id, "logistics.distribute")
        return self._tell(ask, commands.CloseDistribution(), context, {"role": role, "group_id": row["group_id"]})

    def _at_table(self, ask: asks.OneHousehold, context: Context) -> Row:
        return self.allowed_household(context, ask.distribution_id, ask.household_id, "logistics.distribute")[1]

    def _tell(self, ask: Any, command: commands.Command, context: Context, who: Row) -> dict[str, Any]:
        key, group_id = ask.distribution_id, who["group_id"]
        return self.runtime.tell(distribution.decider, key, command, context, role=who["role"], group_id=group_id)
