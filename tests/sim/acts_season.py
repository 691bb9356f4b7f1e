"""What people do in a season: subscribe, sign, hand in cheques, move deliveries, pass baskets on."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from contracts_svc.contract import decider as contract
from contracts_svc.exchange import basket
from grenier.language.season import SubscriptionRegistered
from tests.sim.acts_orders import Act
from tests.sim.founding import PLACES, START, Group

if TYPE_CHECKING:
    from tests.sim.world import World


def subscribe(world: World, rng: Random) -> Act:
    """Two places for more households, so that there is a waiting list."""
    group = world.cast.season_group
    home = rng.choice(group.households)
    payload: dict[str, Any] = {"contract_id": world.cast.contract_id, "household_id": home.household_id,
                               "lines": [{"option_id": rng.choice(world.cast.options), "quantity": rng.choice((1, 1, 2))}],
                               "cheque_count": rng.choice((1, 2))}  # fmt: skip
    if rng.random() < 0.7:
        return "contracts", "register_subscription", payload, home.persons[0]
    return "contracts", "register_subscription", payload | {"channel": "desk"}, group.holder("coordinator")


def _one(world: World, rng: Random) -> tuple[Group, SubscriptionRegistered] | None:
    found = world.log.facts("contracts.subscription-registered")
    return (world.cast.season_group, rng.choice(found)) if found else None


def look_after(world: World, rng: Random) -> Act | None:
    """The coordinator confirms most, declines some, gives a place that became free, ends one."""
    chosen = _one(world, rng)
    if chosen is None:
        return None
    group, asked = chosen
    payload: dict[str, Any] = {"subscription_id": asked.subscription_id}
    method = rng.choice(("confirm_subscription",) * 6 + ("give_place", "decline_subscription", "end_subscription"))
    if method == "end_subscription":
        payload |= {"on": (world.ground.now + timedelta(days=1)).date().isoformat(), "reason": "déménagement"}
    return "contracts", method, payload, group.holder("coordinator")


def sign(world: World, rng: Random) -> Act | None:
    chosen = _one(world, rng)
    if chosen is None:
        return None
    group, asked = chosen
    payload = {
        "subscription_id": asked.subscription_id,
        "party": "member",
        "means": "tick",
        "document_sha256": "a" * 64,
    }
    if rng.random() < 0.5:
        return "contracts", "sign_subscription", payload, asked.person_id
    paper = {"subscription_id": asked.subscription_id, "party": rng.choice(("producer", "group")), "means": "paper"}
    return "contracts", "sign_subscription", paper, group.holder("coordinator")


def stay_away(world: World, rng: Random) -> Act | None:
    chosen = _one(world, rng)
    if chosen is None:
        return None
    absent = rng.sample(world.cast.deliveries, rng.randint(0, 2))
    return "contracts", "set_absences", {"subscription_id": chosen[1].subscription_id, "delivery_ids": absent}, chosen[1].person_id  # fmt: skip


def cheques(world: World, rng: Random) -> Act | None:
    agreed = world.log.facts("contracts.schedule-agreed")
    if not agreed:
        return None
    schedule, treasurer = rng.choice(agreed), world.cast.season_group.holder("treasurer")
    cheque = rng.choice(schedule.cheques) if schedule.cheques else None
    pick = rng.random()
    if cheque is None or pick < 0.15:
        return "contracts", "hand_over_bundle", {"contract_id": schedule.contract_id, "cash_until": "2027-12-31"}, treasurer  # fmt: skip
    if pick < 0.25:
        payload = {
            "subscription_id": schedule.subscription_id,
            "cheque_id": cheque.cheque_id,
            "reason": "sans provision",
        }
        return "contracts", "return_cheque", payload, treasurer
    given = {"subscription_id": schedule.subscription_id, "cheque_id": cheque.cheque_id, "number": "0001234",
             "bank": "Crédit coopératif", "issued_on": "2026-11-03"}  # fmt: skip
    at = rng.choice(("help_desk", "help_desk", "post", "distribution"))
    return "contracts", "receive_cheques", {"group_id": schedule.group_id, "at": at, "cheques": [given]}, treasurer


def producer_receipt(world: World, rng: Random) -> Act | None:
    given = world.log.facts("contracts.bundle-handed-over")
    if not given:
        return None
    payload = {"bundle_id": rng.choice(given).bundle_id, "means": "paper"}
    return "contracts", "acknowledge_bundle", payload, world.cast.season_group.holder("treasurer")


def calendar(world: World, rng: Random) -> Act:
    payload = {"contract_id": world.cast.contract_id, "delivery_id": rng.choice(world.cast.deliveries), "reason": "gel"}
    method = rng.choice(("move_delivery", "move_delivery", "cancel_delivery", "count_delivery"))
    if method == "move_delivery":
        payload["on"] = (START + timedelta(days=rng.randint(2, 20))).date().isoformat()
    elif method == "count_delivery":
        payload |= {"factor_percent": rng.choice((100, 150, 200))}
    return "contracts", method, payload, world.cast.season_group.holder("coordinator")


def offer(world: World, rng: Random) -> Act | None:
    chosen = _one(world, rng)
    if chosen is None:
        return None
    payload = {"contract_id": chosen[1].contract_id, "subscription_id": chosen[1].subscription_id,
               "delivery_id": rng.choice(world.cast.deliveries)}  # fmt: skip
    return "contracts", "offer_basket", payload, chosen[1].person_id


def exchange(world: World, rng: Random) -> Act | None:
    """Everybody around one basket: who asks, who holds it, who takes it."""
    offered = world.log.facts("contracts.basket-offered")
    group = world.cast.season_group
    anybody = rng.choice(rng.choice(group.households).persons)
    if not offered or rng.random() < 0.2:
        return (
            "contracts",
            rng.choice(("enrol_as_taker", "enrol_as_taker", "leave_exchange")),
            {"group_id": group.group_id},
            anybody,
        )
    chosen = rng.choice(offered)
    payload: dict[str, Any] = {"basket_id": chosen.basket_id}
    known = world.state(basket.decider, chosen.basket_id)
    method = rng.choice(("request_basket",) * 4 + ("accept_taker",) * 3 + ("decline_taker", "withdraw_request", "cancel_offer", "collect_basket", "settle_exchange"))  # fmt: skip
    if method in ("accept_taker", "decline_taker"):
        asked = known.requests
        return ("contracts", method, payload | {"person_id": rng.choice(asked)}, chosen.person_id) if asked else None
    if method in ("collect_basket", "settle_exchange"):
        extra = {"means": "free"} if method == "settle_exchange" else {}
        return "contracts", method, payload | extra, known.taker_id or anybody
    return "contracts", method, payload, chosen.person_id if method == "cancel_offer" else anybody


def judge_season(world: World) -> list[str]:
    """Never more places than there are, and one taker for a basket."""
    found = world.state(contract.decider, world.cast.contract_id)
    problems = []
    taken = [each for each in found.roster.subscriptions.values() if each.state in ("to_confirm", "confirmed")]
    if len(taken) > PLACES:
        problems.append(f"{len(taken)} subscriptions hold one of {PLACES} places")
    homes = [each.household_id for each in taken]
    if len(homes) != len(set(homes)):
        problems.append("a household holds two places of one contract")
    return problems


ACTS = {subscribe: 4, look_after: 5, sign: 2, stay_away: 1, cheques: 4, producer_receipt: 1, calendar: 1, offer: 4,
        exchange: 8}  # fmt: skip
