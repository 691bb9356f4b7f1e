"""Contracts from draft to open, and who subscribes to them."""

from __future__ import annotations

from datetime import date

from gateway.demo import season_acts as acts
from gateway.demo.federation import Household
from gateway.demo.season import KINDS, WEEKS, Contract
from tests.story.play import step
from tests.story.scene import refused
from tests.story.season_scene import SeasonScene, euros


@step("Les dates se proposent : chaque jeudi, et la Semaine B de 14 en 14 jours depuis son ancre", "S0:22")
def dates(scene: SeasonScene) -> str:
    wanted = scene.season.dates
    every = {"rhythm": "weekly", "anchor": wanted.first.isoformat(), "until": wanted.last.isoformat()}
    found = scene.coordinator.post("/contract-dates", patterns=[every], group_id=scene.group.group_id)
    assert [row["on"] for row in found["dates"]] == [day.isoformat() for day in wanted.deliveries("vegetables")]
    anchor = wanted.deliveries("bread")[0]
    fortnight = {"rhythm": "every", "anchor": anchor.isoformat(), "every_days": 14, "until": wanted.last.isoformat()}
    found = scene.coordinator.post("/contract-dates", patterns=[fortnight], group_id=scene.group.group_id)
    assert [row["on"] for row in found["dates"]] == [day.isoformat() for day in wanted.deliveries("bread")]
    weeks = [day.isocalendar().week for day in wanted.deliveries("bread")]
    return f"{WEEKS} paniers, {len(weeks)} fournées (semaines {', '.join(map(str, weeks))}), 5 commandes"


@step("Trois contrats sont rédigés par la coordinatrice", "S0:21")
def drafts(scene: SeasonScene) -> str:
    group, season = scene.group, scene.season
    for kind in KINDS:
        producer = acts.register_producer(scene.stage, group, kind, f"{scene.tag}.exemple.fr")
        places = len(scene.of(kind)) - 2 if kind == "vegetables" else 0
        season.contracts[kind] = acts.draft(scene.stage, group, kind, season.dates, producer, places)
    assert len(season.jam.terms["rounds"]) == 5
    shown = scene.coordinator.get(f"/contracts/{season.jam.contract_id}")
    assert shown["status"] == "drafted"
    outsider = season.vegetables.contact
    refused(lambda: scene.stage.at(outsider).get(f"/contracts/{season.jam.contract_id}"), "not-found", 404)
    return ", ".join(contract.terms["title"] for contract in season.contracts.values())


@step("La productrice reçoit un lien, demande un changement, puis approuve exactement cette version", "S0:23")
def approvals(scene: SeasonScene) -> str:
    group, jam = scene.group, scene.season.jam
    token = acts.submit(scene.stage, group, jam)
    link_says(scene, token, "waiting")
    acts.answer_by_link(scene.stage, token, "changes", "Le caramel passe à 5,90 €, le beurre a augmenté.")
    refused(lambda: acts.open_contract(scene.stage, group, jam), "contract-not-approved")
    dearer = [each | ({"price_cents": 590} if each["code"] == "CARA" else {}) for each in jam.terms["options"]]
    acts.revise(scene.stage, group, jam, options=dearer)
    again = acts.submit(scene.stage, group, jam)
    link_says(scene, token, "superseded")
    acts.answer_by_link(scene.stage, again, "approve")
    for kind in ("vegetables", "bread"):
        contract = scene.season.contracts[kind]
        acts.answer_by_link(scene.stage, acts.submit(scene.stage, group, contract), "approve")
    shown = scene.coordinator.get(f"/contracts/{jam.contract_id}")
    assert (shown["status"], shown["approved_version"]) == ("approved", 2)
    return "un changement demandé, version 2 approuvée par lien signé, sans compte"


def link_says(scene: SeasonScene, token: str, state: str) -> None:
    scene.stage.until(state, lambda: scene.api.get(f"/producer-answers/{token}")["state"] == state)


@step("Les contrats s'ouvrent : page publique, calendrier, cinq commandes planifiées", "S0:24-25", "S0:32")
def openings(scene: SeasonScene) -> str:
    for contract in scene.season.contracts.values():
        acts.open_contract(scene.stage, scene.group, contract)
    shown = scene.api.get(f"/public/groups/{scene.group.group_id}/contracts")["contracts"]
    assert {row["contract_id"] for row in shown} == {each.contract_id for each in scene.season.contracts.values()}
    jam = scene.season.jam
    path = f"/contracts/{jam.contract_id}/rounds"

    def planned() -> list[dict[str, object]] | None:
        rows = scene.coordinator.get(path)["items"]
        return rows if len(rows) == len(jam.terms["rounds"]) else None

    rounds = scene.stage.until("five rounds", planned)
    assert {row["status"] for row in rounds} == {"scheduled"}
    assert [row["cycle_id"] for row in rounds] == [jam.round_id(number) for number in range(5)]
    return f"{len(shown)} contrats publiés, {len(rounds)} commandes"


def wish(scene: SeasonScene, kind: str, number: int) -> dict[str, int]:
    """What the nth household chooses."""
    if kind == "vegetables":
        return {"DEMI": 1} if number % 3 == 0 else {"PAN": 1}
    if kind == "bread":
        return [{"SEMI": 1}, {"NOIX": 1, "BRIO": 1}, {"SEMI": 2, "CAMP": 1}][number % 3]
    return {}


def expected(contract: Contract, wanted: dict[str, int], since: date | None = None) -> int:
    """Deliveries left × quantity × price, counted here."""
    held = [each for each in contract.terms["deliveries"] if since is None or each["on"] >= since.isoformat()]
    return len(held) * sum(contract.price(contract.option(code)) * quantity for code, quantity in wanted.items())


def channel_of(household: Household, number: int) -> str:
    if not household.digital:
        return "desk"
    return ("web", "web", "desk", "web", "coordinator")[number % 5]


@step("Deux foyers partagent un panier et viendront à tour de rôle", "S0:28")
def shared(scene: SeasonScene) -> str:
    scene.go(scene.season.dates.first, -20)
    contract, one, other = scene.season.vegetables, scene.of("vegetables")[0], scene.group.households[-4]
    turns = {
        "household_ids": [one.household_id, other.household_id],
        "anchor_delivery_id": contract.delivery(0)["delivery_id"],
    }
    answer = acts.subscribe(scene.stage, scene.group, contract, one, {"PAN": 1}, "desk", **turns)
    scene.notes["shared"] = (one.household_id, other.household_id)
    return f"{one.label} avec {other.label}, {euros(answer['amount_cents'])} à eux deux"


@step("Les foyers souscrivent : en ligne, à la permanence, par la coordinatrice", "S0:17", "S0:28")
def subscriptions(scene: SeasonScene) -> str:
    channels: dict[str, int] = {}
    for kind, contract in scene.season.contracts.items():
        for number, household in enumerate(scene.of(kind)):
            if household.household_id in contract.subscriptions:
                continue
            wanted, channel = wish(scene, kind, number), channel_of(household, number)
            more = {"cheque_count": 1 + number % 3} if kind == "vegetables" else {}
            answer = acts.subscribe(scene.stage, scene.group, contract, household, wanted, channel, **more)
            if kind != "jam":
                assert answer["amount_cents"] == expected(contract, wanted)
            channels[channel] = channels.get(channel, 0) + 1
    again = scene.of("bread")[0]
    refused(lambda: acts.subscribe(scene.stage, scene.group, scene.season.bread, again, {"SEMI": 1}, "desk"),
            "already-subscribed")  # fmt: skip
    total = sum(channels.values())
    names = {"web": "en ligne", "desk": "à la permanence", "coordinator": "par la coordinatrice"}
    return f"{total} souscriptions : " + ", ".join(f"{channels.get(key, 0)} {name}" for key, name in names.items())


@step("Le contrat de légumes est complet : une liste d'attente, une place qui se libère", "S0:28")
def waiting(scene: SeasonScene) -> str:
    contract, wanting = scene.season.vegetables, scene.of("vegetables")
    page = scene.coordinator.get(f"/contracts/{contract.contract_id}/subscriptions", limit=200)
    states = {row["household_id"]: row["state"] for row in page["subscriptions"]}
    late = [household.household_id for household in wanting[-2:]]
    assert [states[household_id] for household_id in late] == ["waiting", "waiting"]
    assert (page["places"]["left"], page["places"]["waiting"]) == (0, 2)
    refused(lambda: acts.confirm(scene.stage, scene.group, contract, late[0]), "subscription-waiting")
    leaving = wanting[4].household_id
    withdrawn = contract.subscriptions.pop(leaving)
    contract.amounts.pop(leaving)
    path = f"/subscriptions/{withdrawn}/withdraw"
    scene.stage.at(scene.household(leaving).person_id).post(path, reason="Nous déménageons.")
    found = scene.coordinator.get(f"/subscriptions/{contract.subscriptions[late[0]]}")
    assert found["state"] == "to_confirm"
    assert found["amount_cents"] == contract.amounts[late[0]]
    scene.notes["waiting"] = late[1]
    contract.amounts.pop(late[1])
    return "2 en attente, un retrait : la première a la place, la seconde attend"


@step("La coordinatrice confirme ; membre et groupe signent, d'un clic ou sur papier", "S0:28", "S0:30")
def confirmations(scene: SeasonScene) -> str:
    signed = 0
    for contract in scene.season.contracts.values():
        for household_id in contract.amounts:
            acts.confirm(scene.stage, scene.group, contract, household_id)
            acts.sign(scene.stage, scene.group, contract, scene.household(household_id))
            signed += 1
        page = scene.coordinator.get(f"/contracts/{contract.contract_id}/subscriptions", state="confirmed", limit=200)
        assert {row["household_id"] for row in page["subscriptions"]} == set(contract.amounts)
        assert all({"member", "group"} <= set(row["signed"]) for row in page["subscriptions"])
    families = {household_id for contract in scene.season.contracts.values() for household_id in contract.amounts}
    families |= set(scene.notes["shared"])
    path = f"/groups/{scene.group.group_id}/families"
    register = scene.coordinator.get(path, as_of=scene.season.dates.first.isoformat(), limit=200)
    assert {row["household_id"] for row in register["households"]} == families
    return f"{signed} contrats signés, {len(families)} familles au registre"


@step("Le panier partagé alterne : une fois l'un, une fois l'autre", "S0:28")
def turns(scene: SeasonScene) -> str:
    contract, both = scene.season.vegetables, scene.notes["shared"]
    seen = []
    for delivery in contract.terms["deliveries"][:4]:
        path = f"/contracts/{contract.contract_id}/deliveries/{delivery['delivery_id']}/baskets"
        page = scene.coordinator.get(path)
        row = next(row for row in page["baskets"] if row["household_id"] == both[0])
        seen.append(row["picker_household_id"])
        assert len(page["baskets"]) == len(contract.amounts)
    assert seen == [both[0], both[1], both[0], both[1]]
    return "quatre jeudis : " + ", ".join(scene.household(household_id).label for household_id in seen)


@step("Une question d'un foyer va au fournil et la réponse en revient", "S0:13")
def question(scene: SeasonScene) -> str:
    contract, household = scene.season.bread, scene.of("bread")[0]
    asked = "Y a-t-il du gluten dans le petit épeautre ?"
    eater = scene.stage.at(household.person_id)
    answer = eater.post(f"/contracts/{contract.contract_id}/questions", text=asked)
    (mine,) = eater.get("/me/questions")["items"]
    assert (mine["text"], mine["state"]) == (asked, "open")
    baker = scene.stage.at(contract.contact)
    baker.post(f"/questions/{answer['id']}/answers", text="Un peu, moins que dans le blé.")
    (mine,) = eater.get("/me/questions")["items"]
    assert (mine["state"], mine["answers"][0]["by"]) == ("answered", "producer")
    scene.told("question-answered", {household.person_id})
    return f"{household.label} : « {asked} »"
