"""What a household takes at a delivery, read from the contract's own stream: the facts of an offer (S4:58-60)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import time

from contracts_svc.contract import decider as contract
from contracts_svc.contract.decider import Contract
from contracts_svc.contract.state import Life
from contracts_svc.exchange.basket_commands import BasketFacts
from contracts_svc.rules.amounts import PERCENT, price_of
from contracts_svc.views import subscription_questions
from contracts_svc.views.baskets import Basket, basket_of
from grenier.clock import local_instant
from grenier.errors import NotFound
from grenier.language.exchange import BasketPart
from grenier.language.season import PlannedDelivery
from grenier.runtime import Runtime


def basket_facts(runtime: Runtime, contract_id: str, subscription_id: str, delivery_id: str) -> BasketFacts:
    """Raises NotFound when there is no such basket: unknown, left out, ended, not confirmed."""
    for facts in _of_subscription(runtime, contract_id, subscription_id):
        if facts.delivery_id == delivery_id:
            return facts
    raise NotFound


def holdings(runtime: Runtime, household_ids: Iterable[str]) -> list[BasketFacts]:
    """Every basket that is one of these households' to fetch, by date."""
    own = list(household_ids)
    subscriptions = {
        row["subscription_id"]: row["contract_id"]
        for household_id in own
        for row in subscription_questions.of_household(runtime.db, household_id)
    }
    found = [
        facts
        for subscription_id, contract_id in subscriptions.items()
        for facts in _of_subscription(runtime, contract_id, subscription_id)
        if facts.household_id in own
    ]
    return sorted(found, key=lambda facts: (facts.starts_at, facts.basket_id))


def _of_subscription(runtime: Runtime, contract_id: str, subscription_id: str) -> Iterator[BasketFacts]:
    known: Contract = runtime.handler.state(contract.decider, contract_id)
    held = known.roster.subscriptions.get(subscription_id)
    if held is None or known.life.status not in ("opened", "ended"):
        return
    for delivery in known.life.agreed.deliveries:
        basket = None if delivery.cancelled else basket_of(known.life, held, delivery)
        if basket is not None and not basket.absent:
            yield _facts(runtime, known.life, basket, delivery)


def _facts(runtime: Runtime, life: Life, basket: Basket, delivery: PlannedDelivery) -> BasketFacts:
    group = runtime.access.group(life.group_id) or {"time_zone": "Europe/Paris", "place": ""}
    starts, ends, zone = time.fromisoformat(delivery.starts), time.fromisoformat(delivery.ends), str(group["time_zone"])
    return BasketFacts(
        group_id=life.group_id, contract_id=life.contract_id, subscription_id=basket.subscription_id,
        delivery_id=delivery.delivery_id, household_id=basket.picker_household_id, on=delivery.on,
        starts_at=local_instant(delivery.on, starts.hour, starts.minute, zone),
        ends_at=local_instant(delivery.on, ends.hour, ends.minute, zone), place=delivery.place or str(group["place"]),
        parts=tuple(_parts(life, basket)), cancelled=delivery.cancelled,
        value_cents=sum(price_of(life.option(line.option_id), line.units_percent) for line in basket.lines),
    )  # fmt: skip


def _parts(life: Life, basket: Basket) -> Iterator[BasketPart]:
    """Titles and whole numbers; where a delivery counts one and a half, the title says the exact number."""
    if life.agreed.basket_kind == "ordered":
        yield BasketPart(option_id="", title=life.agreed.title, quantity=1)
        return
    for line in basket.lines:
        whole = line.units_percent % PERCENT == 0
        number = f"{line.units_percent / PERCENT:g}".replace(".", ",")
        yield BasketPart(
            option_id=line.option_id,
            title=line.title if whole else f"{line.title} × {number}",
            quantity=line.units_percent // PERCENT if whole else 1,
        )
