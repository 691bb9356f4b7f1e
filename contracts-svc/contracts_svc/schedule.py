"""The cheques of a subscription and where they are (S0:26-27). Stream `schedule-<subscription_id>`.

    expected -> received -> handed_over
                   |            |
                   +------------+--> returned

A cheque never goes back a step; one that was returned is replaced by a new one. Amounts are cents.
"""

from __future__ import annotations

from datetime import date
from typing import Literal, TypeAlias, assert_never

import msgspec

from contracts_svc.rules.cheques import check_issue
from grenier.decider import Decider
from grenier.errors import Invalid, Rejected
from grenier.language.season import ChequeHandedOver, ChequeReceived, ChequeReturned, PlannedCheque, ScheduleAgreed

ChequeState = Literal["expected", "received", "handed_over", "returned"]
MAX_TEXT = 80

# -- commands ----------------------------------------------------------------------------------------------------


class AgreeSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """The cheques that are expected from now on; those that have come stay what they are."""

    subscription_id: str
    contract_id: str
    group_id: str
    household_id: str
    producer_id: str
    cheques: list[PlannedCheque]


class TrimSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """Less is due in all than was agreed: the last expected cheques become smaller, or are expected no more."""

    due_cents: int


class ReceiveCheque(msgspec.Struct, frozen=True, kw_only=True):
    """`person_id`: the payer, under whose key the issuer's name is sealed."""

    cheque_id: str
    person_id: str
    number: str
    bank: str
    issued_on: date
    today: date
    sealed: dict[str, str] = {}


class HandOverCheque(msgspec.Struct, frozen=True, kw_only=True):
    cheque_id: str
    bundle_id: str


class ReturnCheque(msgspec.Struct, frozen=True, kw_only=True):
    cheque_id: str
    reason: str


Command: TypeAlias = AgreeSchedule | TrimSchedule | ReceiveCheque | HandOverCheque | ReturnCheque
Event: TypeAlias = ScheduleAgreed | ChequeReceived | ChequeHandedOver | ChequeReturned

# -- state -------------------------------------------------------------------------------------------------------


class Cheque(msgspec.Struct, frozen=True, kw_only=True):
    planned: PlannedCheque
    state: ChequeState = "expected"
    number: str = ""
    bank: str = ""
    bundle_id: str = ""


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    agreed: ScheduleAgreed | None = None
    cheques: dict[str, Cheque] = {}
    # How many ids were ever given: a new cheque never takes that of another.
    numbered: int = 0

    def sum_of(self, *states: ChequeState) -> int:
        return sum(cheque.planned.amount_cents for cheque in self.cheques.values() if cheque.state in states)

    def expected(self) -> list[PlannedCheque]:
        return [cheque.planned for cheque in self.cheques.values() if cheque.state == "expected"]


# -- decide ------------------------------------------------------------------------------------------------------


def decide(schedule: Schedule, command: Command) -> list[Event]:
    match command:
        case AgreeSchedule():
            return agree(schedule, command)
        case TrimSchedule():
            return trim(schedule, command)
        case ReceiveCheque():
            return receive(schedule, command)
        case HandOverCheque():
            return hand_over(schedule, command)
        case ReturnCheque():
            return give_back(schedule, command)
        case _:
            assert_never(command)


def agree(schedule: Schedule, command: AgreeSchedule) -> list[Event]:
    if schedule.agreed is not None and command.cheques == schedule.agreed.cheques:
        return []
    if any(cheque.amount_cents <= 0 for cheque in command.cheques):
        raise Invalid(fields={"cheques": ["Each more than nothing."]})
    if len({cheque.cheque_id for cheque in command.cheques}) < len(command.cheques):
        raise Invalid(fields={"cheques": ["The same cheque stands there twice."]})
    for cheque in command.cheques:
        known = schedule.cheques.get(cheque.cheque_id)
        if known is not None and known.state != "expected":
            raise Rejected(f"cheque-{known.state.replace('_', '-')}", cheque_id=cheque.cheque_id)
    if command.cheques == schedule.expected() and (schedule.agreed is not None or not command.cheques):
        return []
    return [ScheduleAgreed(**msgspec.structs.asdict(command))]


def trim(schedule: Schedule, command: TrimSchedule) -> list[Event]:
    """What has come counts first; the expected ones are kept in the order of their dates as far as they are due."""
    if schedule.agreed is None:
        return []
    left = command.due_cents - schedule.sum_of("received", "handed_over")
    kept: list[PlannedCheque] = []
    for cheque in sorted(schedule.expected(), key=lambda one: (one.cash_on, one.cheque_id)):
        cents = min(cheque.amount_cents, left)
        if cents <= 0:
            break
        kept.append(msgspec.structs.replace(cheque, amount_cents=cents))
        left -= cents
    if kept == schedule.expected():
        return []
    return [msgspec.structs.replace(schedule.agreed, cheques=kept)]


def receive(schedule: Schedule, command: ReceiveCheque) -> list[Event]:
    cheque = _known(schedule, command.cheque_id)
    _check_texts(command)
    if cheque.state == "received" and (cheque.number, cheque.bank) == (command.number, command.bank):
        return []
    _require(cheque, "expected")
    check_issue(command.issued_on, cheque.planned.cash_on)
    if any((other.number, other.bank) == (command.number, command.bank) for other in schedule.cheques.values()):
        raise Rejected("cheque-number-known", number=command.number)
    agreed = _agreed(schedule)
    return [
        ChequeReceived(
            subscription_id=agreed.subscription_id,
            cheque_id=command.cheque_id,
            group_id=agreed.group_id,
            person_id=command.person_id,
            number=command.number,
            bank=command.bank,
            issued_on=command.issued_on,
            sealed=command.sealed,
        )
    ]


def _check_texts(command: ReceiveCheque) -> None:
    if not command.number or len(command.number) > MAX_TEXT or len(command.bank) > MAX_TEXT:
        raise Invalid(fields={"number": ["The number that stands on the cheque."]})
    if command.issued_on > command.today:
        raise Invalid(fields={"issued_on": ["Not in the future."]})


def hand_over(schedule: Schedule, command: HandOverCheque) -> list[Event]:
    cheque = _known(schedule, command.cheque_id)
    if cheque.state == "handed_over" and cheque.bundle_id == command.bundle_id:
        return []
    _require(cheque, "received")
    agreed = _agreed(schedule)
    return [
        ChequeHandedOver(
            subscription_id=agreed.subscription_id,
            cheque_id=command.cheque_id,
            group_id=agreed.group_id,
            bundle_id=command.bundle_id,
        )
    ]


def give_back(schedule: Schedule, command: ReturnCheque) -> list[Event]:
    """To the household, by us or by the producer: unpaid, wrong, or no longer due."""
    cheque = _known(schedule, command.cheque_id)
    if cheque.state == "returned":
        return []
    _require(cheque, "received", "handed_over")
    if not command.reason.strip():
        raise Invalid(fields={"reason": ["Why is it given back?"]})
    agreed = _agreed(schedule)
    return [
        ChequeReturned(
            subscription_id=agreed.subscription_id,
            cheque_id=command.cheque_id,
            group_id=agreed.group_id,
            reason=command.reason,
        )
    ]


def _known(schedule: Schedule, cheque_id: str) -> Cheque:
    cheque = schedule.cheques.get(cheque_id)
    if cheque is None:
        raise Rejected("cheque-missing", cheque_id=cheque_id)
    return cheque


def _agreed(schedule: Schedule) -> ScheduleAgreed:
    if schedule.agreed is None:
        raise Rejected("schedule-missing")
    return schedule.agreed


def _require(cheque: Cheque, *states: ChequeState) -> None:
    if cheque.state not in states:
        raise Rejected(f"cheque-{cheque.state.replace('_', '-')}", cheque_id=cheque.planned.cheque_id)


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(schedule: Schedule, event: Event) -> Schedule:
    match event:
        case ScheduleAgreed():
            kept = {key: cheque for key, cheque in schedule.cheques.items() if cheque.state != "expected"}
            new = {cheque.cheque_id: Cheque(planned=cheque) for cheque in event.cheques}
            fresh = sum(1 for key in new if key not in schedule.cheques)
            return Schedule(agreed=event, cheques=kept | new, numbered=schedule.numbered + fresh)
        case ChequeReceived():
            return _changed(schedule, event.cheque_id, state="received", number=event.number, bank=event.bank)
        case ChequeHandedOver():
            return _changed(schedule, event.cheque_id, state="handed_over", bundle_id=event.bundle_id)
        case ChequeReturned():
            return _changed(schedule, event.cheque_id, state="returned")
        case _:
            assert_never(event)


def _changed(schedule: Schedule, cheque_id: str, **changes: object) -> Schedule:
    cheque = schedule.cheques.get(cheque_id)
    if cheque is None:
        return schedule
    changed = msgspec.structs.replace(cheque, **changes)
    return msgspec.structs.replace(schedule, cheques={**schedule.cheques, cheque_id: changed})


decider: Decider[Schedule, Command, Event] = Decider("schedule", Schedule(), decide, evolve)
