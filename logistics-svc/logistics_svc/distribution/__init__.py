"""`distribution-<id>`: one group's distribution day, from what came to what is left (S1:44-87).

One stream for the whole day, so that stock is never negative and goods are conserved at every position of the log.

    commands.py   what may be asked          state.py      the fold
    reception.py  planning and receiving     table.py      slots, check-in, lines
    serving.py    what a household takes     handover.py   sign-off, count, close
    parcels.py    the delivery of an order round: the producer brings parcels, without a warehouse
"""

from __future__ import annotations

from typing import assert_never

from grenier.decider import Decider
from grenier.errors import Rejected
from logistics_svc.distribution import commands as ask
from logistics_svc.distribution import handover, parcels, reception, table
from logistics_svc.distribution.commands import Command
from logistics_svc.distribution.state import INITIAL, Day, Event, evolve


def decide(day: Day, command: Command) -> list[Event]:
    if isinstance(command, ask.PlanDistribution):
        return reception.plan_distribution(day, command)
    if day.plan is None:
        raise Rejected("not-planned")
    if day.closed:
        return _after_closing(day, command)
    return _on_the_day(day, command)


def _after_closing(day: Day, command: Command) -> list[Event]:
    match command:
        case ask.CloseDistribution():
            return []
        case ask.PassOnStock():
            return handover.pass_on_stock(day, command)
        case ask.TakeOverStock():
            return handover.take_over_stock(day, command)
        case _:
            raise Rejected("distribution-closed")


def _on_the_day(day: Day, command: Command) -> list[Event]:
    match command:
        case ask.PlanDistribution():
            return reception.plan_distribution(day, command)
        case ask.ReceiveDelivery():
            return reception.receive_delivery(day, command)
        case ask.ReceiveParcel():
            return parcels.receive_parcel(day, command)
        case ask.MoveDistribution():
            return parcels.move_distribution(day, command)
        case ask.ChooseSlot():
            return table.choose_slot(day, command)
        case ask.CheckIn():
            return table.check_in(day, command)
        case ask.UndoCheckIn():
            return table.undo_check_in(day, command)
        case ask.RecordWeights():
            return table.record_weights(day, command)
        case ask.RecordShortage():
            return table.record_shortage(day, command)
        case ask.RecordSubstitution():
            return table.record_substitution(day, command)
        case ask.SellSurplus():
            return table.sell_surplus(day, command)
        case ask.LogAbsentCall():
            return table.log_absent_call(day, command)
        case ask.SignOff():
            return handover.sign_off(day, command)
        case ask.UndoSignOff():
            return handover.undo_sign_off(day, command)
        case ask.CountStock():
            return handover.count_stock(day, command)
        case ask.CloseDistribution():
            return handover.close_distribution(day, command)
        case ask.PassOnStock():
            return handover.pass_on_stock(day, command)
        case ask.TakeOverStock():
            return handover.take_over_stock(day, command)
        case _:
            assert_never(command)


decider: Decider[Day, Command, Event] = Decider("distribution", INITIAL, decide, evolve)
