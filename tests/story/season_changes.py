"""In mid-season: who joins late, dates that change, the red account, a basket that changes hands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from gateway.demo import season_acts as acts
from tests.story.play import step
from tests.story.scene import refused
from tests.story.season_cheques import hand_over
from tests.story.season_contracts import expected
from tests.story.season_rounds import RED, balances, close_round, deliver, open_round, order_all, order_red, red
from tests.story.season_scene import SeasonScene, euros

CANCELLED, DOUBLED, EXCHANGED, MOVED_ROUND = 7, 8, 10, 2


@step("Un foyer entre en cours de saison : les fournées qui restent, au centime", "S0:28")
def joins(scene: SeasonScene) -> str:
    day = scene.season.dates.first + timedelta(days=29)
    scene.go(day)
    contract = scene.season.bread
    newcomer = next(each for each in scene.group.households if each.digital and each not in scene.of("bread"))
    answer = acts.subscribe(scene.stage, scene.group, contract, newcomer, {"SEMI": 1, "BRIO": 1})
    left = [each for each in contract.terms["deliveries"] if each["on"] > day.isoformat()]
    assert answer["amount_cents"] == expected(contract, {"SEMI": 1, "BRIO": 1}, day) == len(left) * (290 + 390)
    acts.confirm(scene.stage, scene.group, contract, newcomer.household_id)
    acts.sign(scene.stage, scene.group, contract, newcomer)

    def its_cheques() -> list[dict[str, Any]] | None:
        rows = acts.cheques(scene.stage, scene.group, contract, household_id=newcomer.household_id)["cheques"]
        return rows or None

    rows = scene.stage.until("the newcomer's cheques", its_cheques)
    assert sum(row["amount_cents"] for row in rows) == answer["amount_cents"]
    acts.receive(scene.stage, scene.group, rows, day)
    return f"{newcomer.label}, {len(left)} fournées, {euros(answer['amount_cents'])}"


@step("La deuxième remise de chèques", "S0:27")
def second_bundle(scene: SeasonScene) -> str:
    scene.go(scene.season.dates.first, 33)
    return hand_over(scene)


@step("La livraison 3 des confitures est déplacée d'un jour ; tous les inscrits le savent, la commande suit", "S0:22")
def moved(scene: SeasonScene) -> str:
    jam = scene.season.jam
    day = scene.season.dates.deliveries("jam")[MOVED_ROUND]
    open_round(scene, MOVED_ROUND)
    order_all(scene, MOVED_ROUND)
    order_red(scene, MOVED_ROUND)
    body = {"on": (day + timedelta(days=1)).isoformat(), "reason": "Le camion est au garage."}
    acts.on_delivery(scene.stage, scene.group, jam, MOVED_ROUND, "move", **body)
    scene.told("delivery-moved", scene.persons(*jam.amounts))

    def follows() -> bool:
        round_ = scene.coordinator.get(f"/cycles/{jam.round_id(MOVED_ROUND)}")
        return bool(round_["distribution_starts_at"][:10] == body["on"])

    scene.stage.until("the round follows its delivery", follows)
    return f"{close_round(scene, MOVED_ROUND)} ; {deliver(scene, MOVED_ROUND, days=1)}"


@step("Un compte est dans le rouge : il est listé, et le foyer rappelé", "S0:47")
def in_the_red(scene: SeasonScene) -> str:
    jam, household = scene.season.jam, red(scene)
    found = acts.accounts(scene.stage, scene.group, jam, negative="true")
    assert [row["household_id"] for row in found["items"]] == [household.household_id]
    assert found["items"][0]["balance_cents"] == scene.balance(household.household_id) < 0
    known = len(scene.messages("negative-balance"))
    body = {"household_ids": [household.household_id]}
    scene.coordinator.post(f"/contracts/{jam.contract_id}/negative-reminders", **body)
    scene.told("negative-balance", scene.persons(household.household_id), known)
    return f"{household.label} : {euros(scene.balance(household.household_id))}"


@step("Un panier de légumes est annulé, le suivant compte double : rien ne change au montant", "S0:22")
def caught_up(scene: SeasonScene) -> str:
    contract = scene.season.vegetables
    scene.go(scene.season.dates.thursday(CANCELLED), -3)
    acts.on_delivery(scene.stage, scene.group, contract, CANCELLED, "cancel", reason="Gel sur les serres.")
    eaters = scene.persons(*contract.amounts, *scene.notes["shared"])
    scene.told("delivery-cancelled", eaters)
    body = {"factor_percent": 200, "reason": "Rattrapage du panier annulé."}
    acts.on_delivery(scene.stage, scene.group, contract, DOUBLED, "count", **body)
    scene.told("delivery-counted", eaters)
    single, double = (totals(scene, contract.delivery(number)["delivery_id"]) for number in (DOUBLED + 1, DOUBLED))
    assert double == {code: 2 * units for code, units in single.items()}
    page = scene.coordinator.get(f"/contracts/{contract.contract_id}/subscriptions", state="confirmed", limit=200)
    assert {row["household_id"]: row["amount_cents"] for row in page["subscriptions"]} == contract.amounts
    return "au double : " + ", ".join(f"{units // 100} {code}" for code, units in sorted(double.items()))


def totals(scene: SeasonScene, delivery_id: str) -> dict[str, int]:
    path = f"/contracts/{scene.season.vegetables.contract_id}/deliveries/{delivery_id}/baskets"
    return {row["code"]: row["units_percent"] for row in scene.coordinator.get(path)["totals"]}


@step("Commande 4 : le plancher bloque le compte rouge, une provision le débloque", "S0:47", "S0:48")
def blocked(scene: SeasonScene) -> str:
    household = red(scene)
    open_round(scene, 3)
    order_all(scene, 3)
    problem = refused(lambda: order_red(scene, 3), "credit-floor")
    scene.deposit(household.household_id, 2_000)

    def allowed() -> bool:
        # The orders' own picture of the balance follows the ledger in a moment.
        shop = scene.stage.at(household.person_id).get(
            f"/cycles/{scene.season.jam.round_id(3)}/shop/{household.household_id}"
        )
        return bool(shop["credit"]["balance_cents"] == scene.balance(household.household_id))

    scene.stage.until("the deposit is known to the shop", allowed)
    order_red(scene, 3)
    said = f"{close_round(scene, 3)} ; {deliver(scene, 3)}"
    assert problem["code"] == "credit-floor"
    return f"refusée sous le plancher, acceptée après 20,00 € de provision ; {said}"


@step("La dernière remise de chèques", "S0:27")
def last_bundle(scene: SeasonScene) -> str:
    scene.go(scene.season.dates.first, 63, 20)
    return hand_over(scene)


@step(
    "Une mangeuse absente propose son panier, trois le demandent, une seule l'a, les autres le savent",
    "S4:40-42",
    "S4:44-45",
    "S4:47-50",
)
def exchange(scene: SeasonScene) -> str:
    contract, group = scene.season.vegetables, scene.group
    scene.go(scene.season.dates.thursday(EXCHANGED), -6)
    settings = f"/groups/{group.group_id}/exchange"
    scene.coordinator.patch(f"{settings}/settings", enabled=True, cutoff_hours=24, referent_id=group.coordinator)
    able = [each for each in scene.of("vegetables")[5:-2] if each.digital]
    holder, takers = able[0], [each for each in group.households if each.digital and each not in able][:4]
    for taker in takers[:3]:
        scene.stage.at(taker.person_id).put(f"{settings}/takers/me")
    body = {"contract_id": contract.contract_id, "subscription_id": contract.subscriptions[holder.household_id],
            "delivery_id": contract.delivery(EXCHANGED)["delivery_id"]}  # fmt: skip
    basket = scene.stage.at(holder.person_id).post(f"{settings}/baskets", **body)["id"]
    refused(lambda: scene.stage.at(takers[3].person_id).post(f"/baskets/{basket}/request"), "taker-missing")
    for taker in takers[:3]:
        scene.stage.at(taker.person_id).post(f"/baskets/{basket}/request")
    assert scene.stage.at(takers[0].person_id).get(f"/baskets/{basket}")["other"] is None
    refused(lambda: scene.stage.at(takers[0].person_id).post(f"/baskets/{basket}/accept",
            person_id=takers[0].person_id), "not-your-basket", 403)  # fmt: skip
    scene.stage.at(holder.person_id).post(f"/baskets/{basket}/accept", person_id=takers[1].person_id)
    known = scene.stage.at(takers[1].person_id).get(f"/baskets/{basket}")
    assert known["other"]["email"]
    assert holder.label.split(" / ")[0] in known["note"]["sign_as"]
    told = {"exchange-accepted": {takers[1]}, "exchange-declined": {takers[0], takers[2]}}
    for template, who in told.items():
        scene.told(template, {each.person_id for each in who})
    scene.notes["exchange"] = (basket, holder, takers[1])
    return f"{holder.label} → {takers[1].label} ; deux refus annoncés"


@step("Le soir venu, la preneuse signe au nom de la titulaire", "S4:55-61")
def collected(scene: SeasonScene) -> str:
    basket, holder, taker = scene.notes["exchange"]
    scene.go(scene.season.dates.thursday(EXCHANGED), 0, 18, 40)
    day = scene.season.dates.thursday(EXCHANGED).isoformat()
    path = f"/groups/{scene.group.group_id}/exchange/exchanged"
    sheet = scene.coordinator.get(path, on=day)["baskets"]
    assert [(row["household_id"], row["taker_id"]) for row in sheet] == [(holder.household_id, taker.person_id)]
    scene.stage.at(scene.group.volunteer).post(f"/baskets/{basket}/collect")
    scene.stage.at(taker.person_id).post(f"/baskets/{basket}/settle", means="cash", amount_cents=1_400)
    assert scene.coordinator.get(path, on=day)["baskets"][0]["collected"]
    balances(scene)
    return f"{sheet[0]['taker']} pour {sheet[0]['holder']}, arrangé entre eux"


@step("Commande et livraison 5, la dernière", "S0:32", "S0:39")
def fifth(scene: SeasonScene) -> str:
    open_round(scene, len(RED) - 1)
    order_all(scene, len(RED) - 1)
    order_red(scene, len(RED) - 1)
    return f"{close_round(scene, len(RED) - 1)} ; {deliver(scene, len(RED) - 1)}"
