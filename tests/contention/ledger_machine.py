"""T21: whatever people do at tills and accounts, in whatever order, the books stay books.

play(examples=1000, steps=50)        raises with the shortest history that breaks them
"""

from __future__ import annotations

import typing
from collections import Counter

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from grenier.errors import Rejected
from grenier.language import registry
from grenier.language.ledger import ChargedLine, ChequeFacts, EntryReversed
from ledger_svc import account, till

HOUSEHOLDS = st.sampled_from(["h1", "h2", "h3"])
AMOUNTS = st.integers(min_value=1, max_value=50_000)


class Books(RuleBasedStateMachine):
    """One till and three accounts; `balance` is what each account should be, kept by hand."""

    entries = Bundle("entries")
    payments = Bundle("payments")

    def __init__(self):
        super().__init__()
        self.events = []
        self.streams = {}
        self.balance = Counter()
        self.cash = 0
        self.number = 0

    def next_id(self):
        self.number += 1
        return f"e{self.number}"

    def tell(self, decider, key, command):
        stream = self.streams.setdefault(decider.stream(key), [])
        state = decider.fold(stream)
        new = list(decider.decide(state, command))
        stream += new
        self.events += new
        if new and hasattr(command, "entry_id"):
            assert list(decider.decide(decider.fold(stream), command)) == [], "told again, it is done already"
        return new

    @initialize(float_cents=st.integers(min_value=0, max_value=20_000))
    def open(self, float_cents):
        command = till.OpenTill(
            till_id="t", group_id="g", group_kind="buying_group", distribution_id="d", float_cents=float_cents
        )
        self.tell(till.decider, "t", command)
        self.cash = float_cents

    @rule(target=entries, household=HOUSEHOLDS, cents=AMOUNTS)
    def charge(self, household, cents):
        entry_id = self.next_id()
        line = ChargedLine(product_id="p", quantity=1, weight_g=0, amount_cents=cents, kind="ordered")
        self.tell(account.decider, household, account.ChargeGoods(
            entry_id=entry_id, sign_off_id=f"s-{entry_id}", group_id="g", household_id=household, distribution_id="d",
            order_id="o", lines=[line], amount_cents=cents))  # fmt: skip
        self.balance[household] -= cents
        return (household, entry_id, -cents)

    @rule(target=entries, household=HOUSEHOLDS, cents=AMOUNTS)
    def prepay(self, household, cents):
        entry_id = self.next_id()
        self.tell(account.decider, household, account.ReceivePrepayment(
            entry_id=entry_id, group_id="g", household_id=household, amount_cents=cents,
            cheque=ChequeFacts(number="1")))  # fmt: skip
        self.balance[household] += cents
        return (household, entry_id, cents)

    @rule(entry=entries)
    def reverse(self, entry):
        household, entry_id, effect = entry
        state = account.decider.fold(self.streams[f"account-{household}"])
        command = account.ReverseEntry(entry_id=self.next_id(), reverses=entry_id, reason="x")
        if state.entries[entry_id].reversed_by:
            with pytest.raises(Rejected, match="already-reversed"):
                self.tell(account.decider, household, command)
            return
        (event,) = self.tell(account.decider, household, command)
        assert isinstance(event, EntryReversed)
        self.balance[household] -= effect

    @rule(target=payments, household=HOUSEHOLDS, cents=AMOUNTS, means=st.sampled_from(["cash", "cheque"]))
    def pay(self, household, cents, means):
        entry_id = self.next_id()
        self.tell(till.decider, "t", till.TakePayment(
            entry_id=entry_id, household_id=household, household_group_id="g", group_kind="buying_group", means=means,
            amount_cents=cents, cheque=ChequeFacts(number="1") if means == "cheque" else None))  # fmt: skip
        self.balance[household] += cents
        self.cash += cents if means == "cash" else 0
        return (household, entry_id, cents, means)

    @rule(payment=payments)
    def unpay(self, payment):
        household, entry_id, cents, means = payment
        state = till.decider.fold(self.streams["till-t"])
        if state.payments[entry_id].reversed_by:
            return
        self.tell(till.decider, "t", till.ReversePayment(entry_id=self.next_id(), reverses=entry_id, reason="x"))
        self.balance[household] -= cents
        self.cash -= cents if means == "cash" else 0

    @rule(cents=st.integers(min_value=0, max_value=60_000))
    def count_and_explain(self, cents):
        present = sorted(till.decider.fold(self.streams["till-t"]).cheques())
        self.tell(till.decider, "t", till.CountCash(coins={1: cents}, cheque_entry_ids=present))
        if cents != self.cash:
            self.tell(till.decider, "t", till.ExplainDifference(entry_id=self.next_id(), explanation="x"))
            self.cash = cents

    @invariant()
    def every_transaction_sums_to_zero_in_integers(self):
        for event in self.events:
            body = msgspec.to_builtins(event)
            assert sum(posting["amount_cents"] for posting in body.get("postings", [])) == 0
            assert not any(isinstance(value, float) for value in _leaves(body))

    @invariant()
    def balances_are_the_fold_of_the_postings(self):
        folded = Counter()
        for event in self.events:
            for posting in getattr(event, "postings", ()):
                folded[posting.account] += posting.amount_cents
        for household, cents in self.balance.items():
            assert folded[f"eater:{household}"] == cents
        assert -folded["till:t:cash"] == self.cash == till.decider.fold(self.streams.get("till-t", [])).cash_cents
        assert sum(folded.values()) == 0


def _leaves(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def play(examples: int, steps: int) -> None:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(Books, settings=settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None, suppress_health_check=slow))  # fmt: skip


# -- what no history can show ------------------------------------------------------------------------------------


def inexact(prefix: str = "ledger.") -> list[str]:
    """Fields of ledger events, parts included, that could hold anything but whole numbers of cents: none."""
    return [
        f"{entry.name}: {path}"
        for entry in registry.ENTRIES.values()
        if entry.name.startswith(prefix)
        for path, kind in _fields(msgspec.inspect.type_info(entry.kind), entry.name)
        if isinstance(kind, msgspec.inspect.FloatType | msgspec.inspect.DecimalType | msgspec.inspect.AnyType)
        or (path.endswith("_cents") and not isinstance(kind, msgspec.inspect.IntType))
    ]


def changeable(prefix: str = "ledger.") -> list[str]:
    """Ledger events and their parts that could be changed once they are written: none."""
    found = []
    for entry in registry.ENTRIES.values():
        if entry.name.startswith(prefix):
            parts = [entry.kind, *(kind.cls for _, kind in _fields(msgspec.inspect.type_info(entry.kind), "")
                                   if isinstance(kind, msgspec.inspect.StructType))]  # fmt: skip
            found += [f"{entry.name}: {part.__name__}" for part in parts if not part.__struct_config__.frozen]
    return found


def _fields(info: typing.Any, path: str) -> typing.Iterator[tuple[str, typing.Any]]:
    match info:
        case msgspec.inspect.StructType():
            yield path, info
            for field in info.fields:
                yield from _fields(field.type, f"{path}.{field.name}")
        case msgspec.inspect.ListType():
            yield from _fields(info.item_type, path)
        case msgspec.inspect.DictType():
            yield from _fields(info.key_type, f"{path}[]")
            yield from _fields(info.value_type, path)
        case msgspec.inspect.UnionType():
            for kind in info.types:
                if not isinstance(kind, msgspec.inspect.NoneType):
                    yield from _fields(kind, path)
        case _:
            yield path, info
