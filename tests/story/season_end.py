"""The end of the season: the next contract, the settlement, and everything adds up."""

from __future__ import annotations

from typing import Any

from gateway.demo import season_acts as acts
from gateway.demo.season import Contract
from tests.story.play import step
from tests.story.scene import refused
from tests.story.season_cheques import due
from tests.story.season_rounds import balances, red
from tests.story.season_scene import SeasonScene, euros

GOING_ON = 4


@step("Le contrat de confitures est reconduit en un geste ; quelques foyers souscrivent déjà", "S0:17")
def renewed(scene: SeasonScene) -> str:
    jam, group = scene.season.jam, scene.group
    scene.go(scene.season.dates.last, 1)
    due_soon = scene.coordinator.get(f"/groups/{group.group_id}/contracts-to-renew")["contracts"]
    assert jam.contract_id in {row["contract_id"] for row in due_soon}
    answer = scene.coordinator.post(f"/contracts/{jam.contract_id}/renew", title="Confitures, saison suivante")
    following = Contract("jam", answer["id"], jam.producer_id, jam.contact, answer["terms"])
    assert len(following.terms["rounds"]) == len(following.terms["deliveries"]) == 5
    assert not {each["delivery_id"] for each in following.terms["deliveries"]} & {
        each["delivery_id"] for each in jam.terms["deliveries"]
    }
    token = acts.submit(scene.stage, group, following)
    acts.answer_by_link(scene.stage, token, "approve")
    acts.open_contract(scene.stage, group, following)
    going_on = [each for each in scene.of("jam") if each != red(scene) and scene.balance(each.household_id) > 0]
    for household in going_on[:GOING_ON]:
        acts.subscribe(scene.stage, group, following, household, {}, "coordinator")
        acts.confirm(scene.stage, group, following, household.household_id)
    scene.notes["following"] = following
    return f"{len(following.subscriptions)} foyers continuent"


@step("Fin de contrat : à rembourser, à demander, à reporter", "S0:49")
def settlement(scene: SeasonScene) -> str:
    jam, following = scene.season.jam, scene.notes["following"]
    scene.coordinator.post(f"/contracts/{jam.contract_id}/end")
    path = f"/contracts/{jam.contract_id}/settlement"
    wanted = balances(scene)

    def proposed() -> dict[str, Any] | None:
        preview: dict[str, Any] = scene.coordinator.get(path)
        moving = sum(1 for item in preview["items"] if item["act"] == "transfer")
        return preview if moving == len(following.subscriptions) else None

    preview = scene.stage.until("the next contract is known to the accounts", proposed)
    assert {item["household_id"]: item["balance_cents"] for item in preview["items"]} == wanted
    acts_ = {item["household_id"]: item["act"] for item in preview["items"] if item["act"]}
    assert {each for each, act in acts_.items() if act == "transfer"} == set(following.subscriptions)
    assert [each for each, act in acts_.items() if act == "request"] == [red(scene).household_id]
    assert preview["sum_cents"] == sum(wanted.values()) == sum(preview["totals"].values())
    refused(lambda: scene.coordinator.post(f"{path}/close"), "settlement-open")
    chosen = [
        {"household_id": item["household_id"], "act": item["act"], "amount_cents": item["balance_cents"],
         "to_contract_id": item["to_contract_id"], "means": "transfer"}
        for item in preview["items"] if item["act"]
    ]  # fmt: skip
    scene.coordinator.post(path, acts=chosen)
    for item in chosen:
        if item["act"] != "request":
            scene.charged[item["household_id"]] = scene.paid[item["household_id"]]
    told = {"payment-requested": "request", "refund-issued": "refund"}
    for template, act in told.items():
        scene.told(template, scene.persons(*(each for each, its in acts_.items() if its == act)))
    scene.notes["settled"] = preview["totals"]
    return ", ".join(f"{euros(cents)} à {act}" for act, cents in _french(preview["totals"]).items())


def _french(totals: dict[str, int]) -> dict[str, int]:
    names = {"refund": "rembourser", "request": "demander", "transfer": "reporter"}
    return {names[act]: cents for act, cents in totals.items()}


@step("La dette demandée est payée, la clôture passe : chaque solde du contrat est à zéro", "S0:49")
def closed(scene: SeasonScene) -> str:
    jam, household = scene.season.jam, red(scene)
    scene.deposit(household.household_id, -scene.balance(household.household_id))
    assert set(balances(scene).values()) == {0}
    scene.coordinator.post(f"/contracts/{jam.contract_id}/settlement/close")
    found = acts.accounts(scene.stage, scene.group, jam)
    assert (found["sum_cents"], found["negative"]) == (0, 0)
    following = acts.accounts(scene.stage, scene.group, scene.notes["following"])
    assert following["sum_cents"] == scene.notes["settled"]["transfer"]
    mine = f"/contracts/{jam.contract_id}/accounts/{household.household_id}"
    statement = scene.stage.at(household.person_id).get(mine)
    assert [line["running_cents"] for line in statement["lines"]][-1] == statement["closing_cents"] == 0
    entry = scene.stage.at(household.person_id).get(f"/entries/{statement['lines'][1]['entry_id']}")
    assert "orders.order-confirmed" in [fact["name"] for fact in entry["facts"]]
    return f"{found['households']} comptes à zéro, {euros(following['sum_cents'])} reportés"


@step("Tout s'additionne : chèques remis, souscriptions, écritures", "S0:27", "S0:46")
def adds_up(scene: SeasonScene) -> str:
    handed = scene.notes["handed"]
    for contract in scene.season.contracts.values():
        assert handed[contract.kind] == due(contract), contract.kind
        found = acts.cheques(scene.stage, scene.group, contract)["by_state"]
        assert set(found) == {"handed_over"}
        assert found["handed_over"]["total_cents"] == handed[contract.kind]
        bundles = scene.coordinator.get(f"/contracts/{contract.contract_id}/bundles")["bundles"]
        assert sum(row["total_cents"] for row in bundles) == handed[contract.kind]
        assert all(row["received_at"] for row in bundles)
    trial = scene.stage.at(scene.group.treasurer).get(f"/groups/{scene.group.group_id}/trial-balance")
    assert trial["sum_cents"] == 0 == sum(row["balance_cents"] for row in trial["accounts"])
    return f"{euros(sum(handed.values()))} de chèques remis = souscriptions ; {len(trial['accounts'])} comptes, somme 0"
