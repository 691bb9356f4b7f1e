"""What a household does in a season, over and over: each story gives one act after the other and is told how it went.

A story yields steps; what it is sent back is (the act with its answer, the number of the next one).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.chaos.acts import Act

BANK = "Crédit coopératif"


@dataclass(frozen=True, slots=True)
class Step:
    """One act without its key. `facts` are those of the event that it leaves, by the names of its fields."""

    kind: str
    method: str
    path: str
    person_id: str
    body: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who and what a household's stories are about. Deliveries: those `left_out` are never `passed_on`."""

    group_id: str
    household_id: str
    person_id: str
    coordinator: str
    treasurer: str
    others: list[str]
    contract_id: str
    jam_id: str
    subscription_id: str
    left_out: list[str]
    passed_on: list[str]
    written_on: str
    cheques: int


Sent = tuple["Act | None", int]
Story = Generator[Step | None, Sent, None]


def absences(cast: Cast, _rng: random.Random) -> Story:
    """Another date is left out each time: how many they are was agreed when signing."""
    yield None
    path = f"/subscriptions/{cast.subscription_id}/absences"
    for left_out in cycle(cast.left_out[1:] + cast.left_out[:1]):
        wanted = {"delivery_ids": [left_out]}
        facts = {"subscription_id": cast.subscription_id, **wanted}
        yield Step("absence", "PUT", path, cast.person_id, wanted, facts)


def exchange(cast: Cast, _rng: random.Random) -> Story:
    """A basket is offered; two ask; one is accepted and gives it back, the other takes it; the holder comes after all."""
    yield None
    first, second = cast.others
    for delivery_id in cycle(cast.passed_on):
        ids = {"contract_id": cast.contract_id, "subscription_id": cast.subscription_id, "delivery_id": delivery_id}
        path = f"/groups/{cast.group_id}/exchange/baskets"
        offered, _ = yield Step("offer", "POST", path, cast.person_id, ids, ids)
        assert offered is not None
        basket = {"basket_id": str(offered.answer["id"])}

        def act(kind: str, verb: str, who: str, basket: dict[str, str] = basket, **more: str) -> Step:
            path = f"/baskets/{basket['basket_id']}/{verb}"
            facts = basket | {"person_id": more.get("person_id", who)}
            return Step(kind, "POST", path, who, more, basket if kind == "cancel" else facts)

        yield act("request", "request", first)
        yield act("request", "request", second)
        yield act("accept", "accept", cast.person_id, person_id=first)
        yield act("withdraw", "withdraw", first)
        yield act("request", "request", second)
        yield act("accept", "accept", cast.person_id, person_id=second)
        yield act("cancel", "cancel", cast.person_id)


def cheques(cast: Cast, _rng: random.Random) -> Story:
    """Cheques come in, go to the producer in one bundle, come back unpaid, and others are agreed in their place."""
    _, number = yield None
    path, given = f"/subscriptions/{cast.subscription_id}", 0
    for turn in count():
        many = cast.cheques if turn == 0 else 1 + turn % 3
        if turn:
            facts: dict[str, Any] = {"subscription_id": cast.subscription_id}
            _, number = yield Step("schedule", "POST", f"{path}/schedule", cast.coordinator, {"cheque_count": many}, facts)  # fmt: skip
        expected = [f"{cast.subscription_id}.{given + nth}" for nth in range(1, many + 1)]
        given += many
        for cheque_id in expected:
            row = {"subscription_id": cast.subscription_id, "cheque_id": cheque_id, "number": f"{number}", "bank": BANK}
            body = {"at": "help_desk", "cheques": [row | {"issued_on": cast.written_on}]}
            _, number = yield Step("receipt", "POST", f"/groups/{cast.group_id}/cheques/received", cast.treasurer, body, row)  # fmt: skip
        bundle = {"cheque_ids": expected}
        facts = {"contract_id": cast.contract_id, **bundle}
        yield Step("bundle", "POST", f"/contracts/{cast.contract_id}/bundles", cast.coordinator, bundle, facts)
        for cheque_id in expected:
            why = {"reason": "sans provision"}
            facts = {"subscription_id": cast.subscription_id, "cheque_id": cheque_id, **why}
            yield Step("return", "POST", f"{path}/cheques/{cheque_id}/return", cast.coordinator, why, facts)


def money(cast: Cast, rng: random.Random) -> Story:
    """A deposit for the jam and a correction by the treasurer; every second one is reversed."""
    _, number = yield None
    household = f"/groups/{cast.group_id}/households/{cast.household_id}"
    for turn in count():
        cents = rng.randint(1, 9_999)
        facts = {"household_id": cast.household_id, "amount_cents": cents}
        if turn % 2:
            body: dict[str, Any] = {"amount_cents": cents, "number": f"{number}", "bank": BANK}
            path = f"/contracts/{cast.jam_id}/accounts/{cast.household_id}/prepayments"
            entry, number = yield Step("deposit", "POST", path, cast.treasurer, body, facts | {"contract_id": cast.jam_id})  # fmt: skip
        else:
            facts["amount_cents"] = cents if turn % 4 else -cents
            body = {"amount_cents": facts["amount_cents"], "reason": "erreur de saisie"}
            entry, number = yield Step("correction", "POST", f"{household}/adjustments", cast.treasurer, body, facts)
        if turn % 3:
            continue
        assert entry is not None
        entry_id = str(entry.answer["entry_id"])
        back = {"household_id": cast.household_id, "amount_cents": -int(facts["amount_cents"]), "reverses": entry_id}
        path = f"{household}/entries/{entry_id}/reversal"
        _, number = yield Step("reversal", "POST", path, cast.treasurer, {"reason": "doublon"}, back)


STORIES: Mapping[str, Callable[[Cast, random.Random], Story]] = {
    "absences": absences,
    "exchange": exchange,
    "cheques": cheques,
    "money": money,
}
