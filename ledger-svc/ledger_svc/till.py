"""Stream `till-<id>`: one cash desk session of a distribution (S1:74-78, S1:90-92).

Opened with a float, takes cash and cheques, is counted by denomination and cheque by cheque; a difference in cash is
explained before closing. At the distribution of a group of kind `csa` no money may change hands: its till refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

import msgspec
from immutables import Map

from grenier.decider import Decider
from grenier.errors import Rejected
from grenier.language.contracts import GroupKind
from grenier.language.ledger import (
    CashCounted,
    ChequeFacts,
    DifferenceExplained,
    Means,
    PaymentReversed,
    PaymentTaken,
    Posting,
    TillClosed,
    TillOpened,
)
from ledger_svc import accounts

# Notes and coins in euro cents, largest first.
DENOMINATIONS = (50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1)

# -- commands ------------------------------------------------------------------------------------------------------


class OpenTill(msgspec.Struct, frozen=True, kw_only=True):
    till_id: str
    group_id: str
    group_kind: GroupKind
    distribution_id: str
    float_cents: int


class TakePayment(msgspec.Struct, frozen=True, kw_only=True):
    """`household_group_id`: the group in which the paying household has its account."""

    entry_id: str
    household_id: str
    household_group_id: str
    group_kind: GroupKind
    means: Means
    amount_cents: int
    cheque: ChequeFacts | None = None


class ReversePayment(msgspec.Struct, frozen=True, kw_only=True):
    entry_id: str
    reverses: str
    reason: str


class CountCash(msgspec.Struct, frozen=True, kw_only=True):
    """`coins`: {denomination in cents: pieces}; `cheque_entry_ids`: payments whose cheques lie in the till."""

    coins: dict[int, int]
    cheque_entry_ids: list[str]


class ExplainDifference(msgspec.Struct, frozen=True, kw_only=True):
    entry_id: str
    explanation: str


class CloseTill(msgspec.Struct, frozen=True, kw_only=True):
    pass


Command = OpenTill | TakePayment | ReversePayment | CountCash | ExplainDifference | CloseTill
Event = TillOpened | PaymentTaken | PaymentReversed | CashCounted | DifferenceExplained | TillClosed


# -- state ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Payment:
    household_id: str
    means: Means
    amount_cents: int
    postings: tuple[Posting, ...]
    reversed_by: str = ""


@dataclass(frozen=True)
class Count:
    """The latest count, void (None in the till) as soon as money moves again."""

    difference_cents: int
    cheque_entries: tuple[str, ...]
    explained: bool = False


@dataclass(frozen=True)
class Till:
    till_id: str = ""
    group_id: str = ""
    status: Literal["", "open", "closed"] = ""
    cash_cents: int = 0
    payments: Map[str, Payment] = field(default_factory=Map)
    reversals: frozenset[str] = frozenset()
    count: Count | None = None
    counted_once: bool = False
    last_coins: tuple[tuple[int, int], ...] = ()

    def cheques(self) -> dict[str, int]:
        """The cheques that should lie here: amount in cents by payment, in an order that every process agrees on."""
        return {
            entry_id: payment.amount_cents
            for entry_id, payment in sorted(self.payments.items())
            if payment.means == "cheque" and not payment.reversed_by
        }

    def missing_cheques(self) -> list[str]:
        present = self.count.cheque_entries if self.count else ()
        return [entry_id for entry_id in self.cheques() if entry_id not in present]


# -- decide --------------------------------------------------------------------------------------------------------


def decide(till: Till, command: Command) -> Sequence[Event]:
    match command:
        case OpenTill():
            return open_till(till, command)
        case TakePayment():
            return take_payment(till, command)
        case ReversePayment():
            return reverse_payment(till, command)
        case CountCash():
            return count_cash(till, command)
        case ExplainDifference():
            return explain_difference(till, command)
        case CloseTill():
            return close_till(till)
        case _:
            assert_never(command)


def open_till(till: Till, command: OpenTill) -> list[Event]:
    _refuse_money_at_csa(command.group_kind)
    if till.status:
        raise Rejected("till-already-open" if till.status == "open" else "till-closed", till_id=till.till_id)
    postings = accounts.balanced(
        (accounts.change_fund(command.group_id), command.float_cents),
        (accounts.till(command.till_id, "cash"), -command.float_cents),
    )
    return [
        TillOpened(
            till_id=command.till_id,
            group_id=command.group_id,
            distribution_id=command.distribution_id,
            float_cents=command.float_cents,
            postings=postings,
        )
    ]


def take_payment(till: Till, command: TakePayment) -> list[Event]:
    _refuse_money_at_csa(command.group_kind)
    if command.entry_id in till.payments:
        return []
    _require_open(till)
    if command.household_group_id != till.group_id:
        raise Rejected("household-of-another-group", household_id=command.household_id)
    postings = accounts.balanced(
        (accounts.eater(command.household_id), command.amount_cents),
        (accounts.till(till.till_id, command.means), -command.amount_cents),
    )
    return [
        PaymentTaken(
            entry_id=command.entry_id,
            till_id=till.till_id,
            group_id=till.group_id,
            household_id=command.household_id,
            means=command.means,
            amount_cents=command.amount_cents,
            postings=postings,
            cheque=command.cheque if command.means == "cheque" else None,
        )
    ]


def reverse_payment(till: Till, command: ReversePayment) -> list[Event]:
    if command.entry_id in till.reversals:
        return []
    _require_open(till)
    payment = till.payments.get(command.reverses)
    if payment is None:
        raise Rejected("entry-unknown", entry_id=command.reverses)
    if payment.reversed_by:
        raise Rejected("already-reversed", entry_id=command.reverses, reversed_by=payment.reversed_by)
    return [
        PaymentReversed(
            entry_id=command.entry_id,
            reverses=command.reverses,
            till_id=till.till_id,
            group_id=till.group_id,
            household_id=payment.household_id,
            means=payment.means,
            amount_cents=payment.amount_cents,
            reason=command.reason,
            postings=accounts.turned(payment.postings),
        )
    ]


def count_cash(till: Till, command: CountCash) -> list[Event]:
    _require_open(till)
    expected = till.cheques()
    unknown = [entry_id for entry_id in command.cheque_entry_ids if entry_id not in expected]
    if unknown:
        raise Rejected("entry-unknown", entry_id=unknown[0])
    present = sorted(set(command.cheque_entry_ids))
    coins = {value: pieces for value, pieces in sorted(command.coins.items(), reverse=True) if pieces}
    if till.count and till.last_coins == tuple(coins.items()) and till.count.cheque_entries == tuple(present):
        return []
    counted_cents = sum(value * pieces for value, pieces in coins.items())
    return [
        CashCounted(
            till_id=till.till_id,
            group_id=till.group_id,
            coins=coins,
            counted_cents=counted_cents,
            expected_cents=till.cash_cents,
            difference_cents=counted_cents - till.cash_cents,
            cheques_counted=len(present),
            cheques_expected=len(expected),
            cheques_cents=sum(expected[entry_id] for entry_id in present),
            cheque_entries=present,
        )
    ]


def explain_difference(till: Till, command: ExplainDifference) -> list[Event]:
    _require_open(till)
    if till.count is None:
        raise Rejected("count-outdated" if till.counted_once else "count-first")
    if till.count.explained:
        return []
    difference_cents = till.count.difference_cents
    if difference_cents == 0:
        raise Rejected("nothing-to-explain")
    postings = accounts.balanced(
        (accounts.difference(till.group_id), difference_cents),
        (accounts.till(till.till_id, "cash"), -difference_cents),
    )
    return [
        DifferenceExplained(
            entry_id=command.entry_id,
            till_id=till.till_id,
            group_id=till.group_id,
            difference_cents=difference_cents,
            explanation=command.explanation,
            postings=postings,
        )
    ]


def close_till(till: Till) -> list[Event]:
    if till.status == "closed":
        return []
    _require_open(till)
    if till.count is None:
        raise Rejected("count-outdated" if till.counted_once else "count-first")
    if till.count.difference_cents and not till.count.explained:
        raise Rejected("difference-unexplained", difference_cents=till.count.difference_cents)
    if missing := till.missing_cheques():
        raise Rejected("cheques-missing", entry_ids=missing)
    return [
        TillClosed(
            till_id=till.till_id,
            group_id=till.group_id,
            cash_cents=till.cash_cents,
            cheques_cents=sum(till.cheques().values()),
        )
    ]


def _refuse_money_at_csa(kind: GroupKind) -> None:
    """Settled in the glossary: an AMAP records payments at help desks, never at its distribution."""
    if kind == "csa":
        raise Rejected("no-money-at-csa-distribution")


def _require_open(till: Till) -> None:
    if not till.status:
        raise Rejected("till-unknown")
    if till.status == "closed":
        raise Rejected("till-closed", till_id=till.till_id)


# -- evolve --------------------------------------------------------------------------------------------------------


def evolve(till: Till, event: Event) -> Till:
    match event:
        case TillOpened():
            return replace(
                till, till_id=event.till_id, group_id=event.group_id, status="open", cash_cents=event.float_cents
            )
        case PaymentTaken():
            return _paid(till, event)
        case PaymentReversed():
            return _payment_reversed(till, event)
        case CashCounted():
            return replace(
                till,
                count=Count(event.difference_cents, tuple(event.cheque_entries)),
                counted_once=True,
                last_coins=tuple(event.coins.items()),
            )
        case DifferenceExplained():
            count = replace(till.count, explained=True) if till.count else None
            return replace(till, cash_cents=till.cash_cents + event.difference_cents, count=count)
        case TillClosed():
            return replace(till, status="closed")
        case _:
            assert_never(event)


def _paid(till: Till, event: PaymentTaken) -> Till:
    payment = Payment(event.household_id, event.means, event.amount_cents, tuple(event.postings))
    cash_cents = till.cash_cents + (event.amount_cents if event.means == "cash" else 0)
    return replace(till, payments=till.payments.set(event.entry_id, payment), cash_cents=cash_cents, count=None)


def _payment_reversed(till: Till, event: PaymentReversed) -> Till:
    payments = till.payments.set(event.reverses, replace(till.payments[event.reverses], reversed_by=event.entry_id))
    cash_cents = till.cash_cents - (event.amount_cents if event.means == "cash" else 0)
    return replace(
        till, payments=payments, reversals=till.reversals | {event.entry_id}, cash_cents=cash_cents, count=None
    )


decider: Decider[Till, Command, Event] = Decider("till", Till(), decide, evolve)
