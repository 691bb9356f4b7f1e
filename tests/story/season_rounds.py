"""The five order rounds of the jam: unavailable products, orders, reminders, parcels, statements; and one in the red."""

from __future__ import annotations

from typing import Any

from gateway.demo import season_acts as acts
from gateway.demo.federation import Household
from gateway.demo.season import CLOSES_DAYS_BEFORE
from tests.story.play import step
from tests.story.scene import refused
from tests.story.season_scene import SeasonScene, euros

FLOOR_CENTS = -1_000
RED = ({"CHAT": 5}, {"CHAT": 4}, {"FIGU": 2}, {"FRAI": 2}, {"FIGU": 2})
CHOICE = ("FRAI", "FRAM", "ABRI", "FIGU", "COIN", "GROS", "CHAT", "CARA")


def red(scene: SeasonScene) -> Household:
    """Whose deposit does not last."""
    return next(household for household in scene.of("jam") if household.digital)


def silent(scene: SeasonScene, number: int) -> Household:
    """Who has not ordered when the round is nearly over: another one each time."""
    return [household for household in scene.of("jam") if household.digital][1 + number % 3]


def chosen(scene: SeasonScene, household: Household, number: int) -> dict[str, int]:
    """Option id -> jars; the deposit suffices for what ordinary households choose."""
    jam = scene.season.jam
    if household == red(scene):
        return {jam.option(code): quantity for code, quantity in RED[number].items()}
    codes = scene.rng.sample(CHOICE, scene.rng.randint(1, 2))
    return {jam.option(code): 1 for code in codes}


def open_round(scene: SeasonScene, number: int, without: tuple[str, ...] = ()) -> str:
    """The producer says what there is not; then the round opens by itself."""
    jam = scene.season.jam
    cycle_id, day = jam.round_id(number), scene.season.dates.deliveries("jam")[number]
    opens = -scene.season.dates.opens_days_before
    scene.go(day, opens - 1)
    for code in without:
        scene.coordinator.put(f"/cycles/{cycle_id}/unavailable/{jam.option(code)}")
    scene.go(day, opens, 8, 5)
    acts.wait_for(scene.stage, scene.group, cycle_id, "open")
    return cycle_id


def order_all(scene: SeasonScene, number: int) -> dict[str, dict[str, int]]:
    """Everybody but the silent one and the one in the red; household -> option -> jars."""
    cycle_id, orders = scene.season.jam.round_id(number), {}
    for household in scene.of("jam"):
        if household in (silent(scene, number), red(scene)):
            continue
        wanted = chosen(scene, household, number)
        acts.order(scene.stage, scene.group, cycle_id, household, wanted)
        orders[household.household_id] = wanted
    scene.notes[f"orders-{number}"] = orders
    return orders


def order_red(scene: SeasonScene, number: int) -> dict[str, int]:
    household = red(scene)
    wanted = chosen(scene, household, number)
    acts.order(scene.stage, scene.group, scene.season.jam.round_id(number), household, wanted)
    scene.notes[f"orders-{number}"][household.household_id] = wanted
    return wanted


def close_round(scene: SeasonScene, number: int) -> str:
    """Closed by itself, frozen by the coordinator; the producer's sheet is the sum of the orders, and acknowledged."""
    jam = scene.season.jam
    cycle_id, day = jam.round_id(number), scene.season.dates.deliveries("jam")[number]
    scene.go(day, -CLOSES_DAYS_BEFORE, 20, 5)
    acts.wait_for(scene.stage, scene.group, cycle_id, "closed")
    scene.coordinator.post(f"/cycles/{cycle_id}/freeze")

    def sheet() -> dict[str, Any] | None:
        found: dict[str, Any] | None = scene.coordinator.get(f"/cycles/{cycle_id}/round")["supplier_order"]
        return found

    placed = scene.stage.until("the producer's sheet", sheet)
    whole = scene.coordinator.get(f"/supplier-orders/{placed['supplier_order_id']}")
    summed: dict[str, int] = {}
    for order in scene.notes[f"orders-{number}"].values():
        for option_id, quantity in order.items():
            summed[option_id] = summed.get(option_id, 0) + quantity
    assert {line["product_id"]: line["quantity"] for line in whole["lines"]} == summed
    assert whole["cost_cents"] == scene.price(jam, summed)
    scene.coordinator.post(f"/supplier-orders/{placed['supplier_order_id']}/send")
    scene.stage.at(jam.contact).post(f"/supplier-orders/{placed['supplier_order_id']}/acknowledge")
    return f"{sum(summed.values())} pots, {euros(whole['cost_cents'])}"


def deliver(scene: SeasonScene, number: int, days: int = 0, missing: int = 0) -> str:
    """Parcels received, one with `missing` jars; all handed over; accounts charged with what was there; statements."""
    jam, cycle_id = scene.season.jam, scene.season.jam.round_id(number)
    scene.go(scene.season.dates.deliveries("jam")[number], days, 18, 35)
    orders = scene.notes[f"orders-{number}"]
    rows = scene.stage.until("parcels", lambda: acts.parcels(scene.stage, scene.group, cycle_id))
    assert {row["household_id"]: row["state"] for row in rows} == dict.fromkeys(orders, "expected")
    if missing:
        household_id, order = next(iter(orders.items()))
        option_id = next(iter(order))
        gap = [{"product_id": option_id, "missing": missing, "flaw": "damaged"}]
        scene.coordinator.put(f"/cycles/{cycle_id}/parcels/{household_id}", missing=gap)
        order[option_id] -= missing
    scene.coordinator.post(f"/cycles/{cycle_id}/parcels/received")
    before = acts.accounts(scene.stage, scene.group, jam)["sum_cents"]
    assert before == sum(scene.balance(each) for each in jam.amounts), "ordered is not owed"
    for household_id, order in orders.items():
        acts.hand_out(scene.stage, scene.group, cycle_id, household_id)
        scene.charged[household_id] = scene.charged.get(household_id, 0) + scene.price(jam, order)
    assert {row["state"] for row in acts.parcels(scene.stage, scene.group, cycle_id)} == {"handed_over"}
    balances(scene)
    known = len(scene.messages("statement-issued"))
    acts.close_delivery(scene.stage, scene.group, cycle_id)
    scene.told("statement-issued", scene.persons(*jam.amounts), known)
    return f"{len(orders)} colis, {euros(sum(scene.price(jam, order) for order in orders.values()))} débités"


def balances(scene: SeasonScene) -> dict[str, int]:
    """Each household's balance in the jam contract, as we count it, once all charges are posted."""
    wanted = {household_id: scene.balance(household_id) for household_id in scene.season.jam.amounts}

    def posted() -> dict[str, int] | None:
        rows = acts.accounts(scene.stage, scene.group, scene.season.jam)["items"]
        found = {row["household_id"]: row["balance_cents"] for row in rows}
        return found if found == wanted else None

    found: dict[str, int] = scene.stage.until("the balances of the jam", posted)
    return found


@step("Commande 1 : deux confitures manquent, la fenêtre s'ouvre, les foyers commandent", "S0:36", "S0:37")
def first_orders(scene: SeasonScene) -> str:
    scene.coordinator.get(f"/groups/{scene.group.group_id}")
    scene.stage.central.patch(f"/groups/{scene.group.group_id}", credit_floor_cents=FLOOR_CENTS)
    cycle_id = open_round(scene, 0, ("RHUB", "ORAN"))
    jam, one = scene.season.jam, scene.of("jam")[1]
    refused(lambda: acts.order(scene.stage, scene.group, cycle_id, one, {jam.option("RHUB"): 1}), "product-unavailable")
    stranger = next(each for each in scene.group.households if each.household_id not in jam.amounts and each.digital)
    refused(lambda: acts.order(scene.stage, scene.group, cycle_id, stranger, {jam.option("FRAI"): 1}), "not-subscribed")
    scene.told("round-opened", scene.persons(*jam.amounts))
    orders = order_all(scene, 0)
    order_red(scene, 0)
    return f"{len(orders) + 1} commandes, 2 produits retirés"


@step("Un foyer n'a pas commandé : il est rappelé", "S0:38")
def reminded(scene: SeasonScene) -> str:
    cycle_id, late = scene.season.jam.round_id(0), silent(scene, 0)
    page = scene.coordinator.get(f"/cycles/{cycle_id}/round")
    assert page["missing_household_ids"] == [late.household_id]
    answer = scene.coordinator.post(f"/cycles/{cycle_id}/reminders")
    assert answer["household_ids"] == [late.household_id]
    found = scene.told("round-reminder", scene.persons(late.household_id))
    return f"{late.label}, {len(found)} message(s)"


@step("Fermeture : la feuille du producteur est la somme des commandes, il en accuse réception", "S0:40")
def first_sheet(scene: SeasonScene) -> str:
    return close_round(scene, 0)


@step("Livraison 1 : un pot cassé, colis remis, comptes débités du réel, relevés envoyés", "S0:39", "S0:42", "S0:43")
def first_delivery(scene: SeasonScene) -> str:
    return deliver(scene, 0, missing=1)


@step("Commande et livraison 2", "S0:32", "S0:39")
def second(scene: SeasonScene) -> str:
    open_round(scene, 1)
    order_all(scene, 1)
    order_red(scene, 1)
    return f"{close_round(scene, 1)} ; {deliver(scene, 1)}"
