"""The order counter of T18 for a contract: its rounds are open at the same time, the floor is the contract's own.

Every household has money on its account besides, of no contract: it must cover nothing here.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from grenier.language import ledger as money
from grenier.language import orders as o
from grenier.language import season
from orders_svc.window import cycle_id_of
from tests.contention.counter import CLOSES, OPENS, RICE_CENTS, WINDOWS, Counter

CONTRACT = "jam"
ELSEWHERE_CENTS = 10_000


class ContractCounter(Counter):
    def _found(self, floor_cents: int | None) -> None:
        super()._found(None)
        self._floor_cents = floor_cents

    def _list_and_open(self) -> None:
        """Three rounds of one contract; `cycle_id_of` names them as it names the cycles of windows."""
        options = [season.BasketOption(option_id="rice", title="rice", price_cents=RICE_CENTS),
                   season.BasketOption(option_id="flour", title="flour", price_cents=RICE_CENTS, limit=1)]  # fmt: skip
        days = [date(2026, 11, 21 + index) for index in range(len(WINDOWS))]
        deliveries = [
            season.PlannedDelivery(delivery_id=window, on=on) for window, on in zip(WINDOWS, days, strict=True)
        ]
        plans = [
            season.RoundPlan(round_id=cycle_id_of(window, "g"), delivery_id=window, opens_at=OPENS, closes_at=CLOSES)
            for window in WINDOWS
        ]
        terms = season.Terms(title="Jam", starts_on=date(2026, 11, 1), ends_on=date(2026, 12, 31), options=options,
                             basket_kind="ordered", deliveries=deliveries, rounds=plans)  # fmt: skip
        opened = season.ContractOpened(contract_id=CONTRACT, group_id="g", producer_id="p", coordinator_id="team",
                                       version=1, terms=terms)  # fmt: skip
        self.house.record(f"contract-{CONTRACT}", opened)
        self._tell("set_contract_floor", contract_id=CONTRACT, floor_cents=self._floor_cents)
        self.house.clock.set(OPENS)
        self.house.tick()

    def household(self, balance_cents: int = 0) -> str:
        home = super().household(balance_cents)
        ids: dict[str, Any] = {
            "subscription_id": f"s-{home}",
            "contract_id": CONTRACT,
            "group_id": "g",
            "household_id": home,
        }
        registered = season.SubscriptionRegistered(
            **ids, person_id=home, lines=[], starts_on=date(2026, 11, 1), amount_cents=0, channel="web"
        )
        self.house.record(f"contract-{CONTRACT}", registered, season.SubscriptionConfirmed(**ids))
        self._post(home, ELSEWHERE_CENTS, "")
        return home

    def credit(self, home: str, cents: int) -> None:
        self._post(home, cents, CONTRACT)

    def _post(self, home: str, cents: int, contract_id: str) -> None:
        postings = [money.Posting(account=f"eater:{home}", amount_cents=cents),
                    money.Posting(account="adjustment:g", amount_cents=-cents)]  # fmt: skip
        self.house.record(f"account-{home}", money.AdjustmentPosted(
            entry_id=str(uuid4()), group_id="g", household_id=home, amount_cents=cents, reason="x",
            postings=postings, contract_id=contract_id))  # fmt: skip

    def holds(self) -> list[o.CreditHeld]:
        return list(self.house.events("orders.credit-held"))
