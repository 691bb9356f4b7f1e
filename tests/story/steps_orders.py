"""From the catalogue to the frozen aggregation."""

from __future__ import annotations

from datetime import timedelta

from gateway.demo import month
from gateway.demo.federation import Household
from tests.story.play import step
from tests.story.scene import COMTE, FACTS, HONEY, OIL, SUGAR, Scene, line_amount, refused, unit_price

NEW_PRICE = 1_650
LIMIT = 9


@step("L'équipe centrale révise le prix du comté", "S1:131", "S1:125-128")
def revise(scene: Scene) -> str:
    # A catalogue has the prices of the first day of its month, however late in that month its window opens.
    month.revise_price(scene.stage, COMTE, NEW_PRICE, f"{scene.calendar.month}-01", "prix du lait")
    scene.prices[COMTE] = NEW_PRICE
    found = scene.stage.central.get(f"/products/{scene.product(COMTE)}")
    assert found["history"][0]["price_cents"] == NEW_PRICE
    tiers = {tier: unit_price(COMTE, tier, scene.prices) for tier in ("neighbourhood", "solidarity", "boost")}
    assert found["history"][0]["tier_prices"] == tiers == {"neighbourhood": 1650, "solidarity": 1898, "boost": 825}
    refused(lambda: scene.organiser.post(f"/products/{scene.product(OIL)}/prices", price_cents=1, cost_cents=1,
                                         effective_from="2026-01-01"), "not-found", 404)  # fmt: skip
    return "16,50 € le kilo ; 18,98 € en tarif solidaire"


@step("L'équipe centrale publie le catalogue du mois", "S1:129", "S1:144-145", "S1:142")
def release(scene: Scene) -> str:
    month.release(scene.stage, scene.calendar)
    items = scene.stage.central.get(f"/catalogues/{scene.calendar.catalogue_id}")["items"]
    prices = {item["name"]: item["price_cents"] for item in items}
    assert prices == scene.prices
    return f"{len(items)} produits, les mêmes et aux mêmes prix pour tous les groupes"


@step("Une fenêtre est ouverte pour tous les groupes d'un seul modèle", "S1:146")
def schedule(scene: Scene) -> str:
    scene.cycles = month.schedule(scene.stage, scene.calendar, {COMTE: LIMIT})
    assert month.statuses(scene.stage, scene.calendar) == ["scheduled"] * 3
    household = scene.group.households[5]
    refused(lambda: month.confirm(scene.stage, scene.cycle, household, {scene.product(OIL): 1}), "cycle-not-open")
    scene.cycle.orders.clear()
    return f"{len(scene.cycles)} groupes"


@step("La fenêtre s'ouvre d'elle-même et chaque foyer est prévenu", "S1:11-15", "S1:146", "S1:143")
def opens(scene: Scene) -> str:
    scene.stage.move_to(scene.calendar.opens_at + timedelta(seconds=30))
    month.wait_for(scene.stage, scene.calendar, "open")
    found = scene.told("window-opened", {household.household_id for household in scene.group.households})
    by_phone = [message for message in found if message["channel"] == "phone"]
    expected = {p for h in scene.group.households if not h.digital for p in h.person_ids}
    assert {message["person_id"] for message in by_phone} == expected
    return f"{len(found) - len(by_phone)} courriels, {len(by_phone)} personnes à appeler"


@step("Les foyers commandent, chacun à son tarif", "S1:24-28", "S1:66")
def members_order(scene: Scene) -> str:
    orders = 0
    for cycle in scene.cycles:
        for household in [h for h in cycle.group.households if h.digital][:-2]:
            always = [COMTE] if orders % 2 == 0 else [SUGAR]
            quantities = month.draw_lines(scene.stage, scene.rng, always)
            month.confirm(scene.stage, cycle, household, quantities)
            _check_order(scene, cycle, household, quantities)
            orders += 1
    scene.notes["orders"] = orders
    return f"{orders} commandes, chaque montant vérifié ligne par ligne"


def _check_order(scene: Scene, cycle: month.Cycle, household: Household, quantities: dict[str, int]) -> None:
    found = scene.stage.at(household.person_id).get(month.order_path(cycle, household))["order"]
    assert {line["product_id"]: line["quantity"] for line in found["lines"]} == quantities
    for line in found["lines"]:
        name = scene.name_of(line["product_id"])
        assert line["amount_cents"] == line_amount(name, line["quantity"], household.tier, scene.prices), name
    assert found["total_cents"] == scene.expected_total(quantities, household.tier)


@step("Une commande sur papier est saisie par l'organisatrice : les deux noms restent", "S1:24-28", "S1:32")
def on_paper(scene: Scene) -> str:
    household = next(h for h in scene.group.households if not h.digital)
    quantities = {scene.product(COMTE): 2, scene.product(OIL): 1}
    answer = month.confirm_on_paper(scene.stage, scene.cycle, household, quantities)
    _check_order(scene, scene.cycle, household, quantities)
    fact = scene.organiser.get(f"/orders/{answer['id']}/history")["facts"][0]
    assert fact["actor"] == scene.group.organiser
    assert household.household_id in (fact.get("for"), fact.get("on_behalf_of"))
    assert (fact["role"], fact["facts"]["channel"]) == ("organiser", "paper")
    for other in [h for h in scene.group.households if not h.digital][1:]:
        month.confirm_on_paper(scene.stage, scene.cycle, other, {scene.product(SUGAR): 1})
    stranger = scene.cycles[1].group.organiser
    path = month.order_path(scene.cycle, household)
    refused(lambda: scene.stage.at(stranger).put(path, lines=month.as_lines(quantities)), "not-found", 404)
    return "saisie par l'organisatrice pour un foyer sans écran"


@step("Un foyer laisse un brouillon", "S1:33")
def draft(scene: Scene) -> str:
    household = [h for h in scene.group.households if h.digital][-1]
    month.leave_draft(scene.stage, scene.cycle, household, {scene.product(HONEY): 2})
    scene.notes["draft"] = household
    shop = scene.stage.at(household.person_id).get(f"/cycles/{scene.cycle.cycle_id}/shop/{household.household_id}")
    assert shop["order"] is None
    return household.label


@step("La veille de la fermeture, le brouillon est rappelé et l'organisatrice voit la liste", "S1:33")
def day_before(scene: Scene) -> str:
    scene.stage.move_to(scene.calendar.closes_at - timedelta(hours=23))
    household = scene.notes["draft"]
    found = scene.told("draft-reminder", {household.household_id})
    drafts = scene.organiser.get(f"/cycles/{scene.cycle.cycle_id}/orders")["drafts"]
    assert [row["household_id"] for row in drafts] == [household.household_id]
    return f"{len(found)} rappel(s), un brouillon dans la liste"


@step("La fenêtre se ferme d'elle-même ; plus rien n'entre", "S1:33", "S1:35")
def closes(scene: Scene) -> str:
    scene.stage.move_to(scene.calendar.closes_at + timedelta(seconds=5))
    month.wait_for(scene.stage, scene.calendar, "closed")
    late = scene.notes["draft"]
    path = month.order_path(scene.cycle, late)
    lines = month.as_lines(scene.cycle.drafts[late.household_id])
    refused(lambda: scene.stage.at(late.person_id).put(path, lines=lines), "cycle-closed")
    summary = scene.stage.until("closing summary", lambda: scene.messages("closing-summary"))
    assert {message["person_id"] for message in summary} == {scene.group.organiser}
    return "refusée : cycle-closed ; bilan envoyé à l'organisatrice"


@step("Trop de comté demandé : quatre règles essayées, une appliquée, chaque foyer prévenu", "S1:34")
def regulate(scene: Scene) -> str:
    asked = sum(order.get(scene.product(COMTE), 0) for order in scene.cycle.orders.values())
    assert asked > LIMIT, "the story needs an over-asked product"
    path = f"/cycles/{scene.cycle.cycle_id}/regulation/{scene.product(COMTE)}"
    preview = scene.organiser.get(path)
    assert (preview["asked"], preview["limit"]) == (asked, LIMIT)
    assert len(preview["totals"]) >= 3
    assert set(preview["totals"].values()) == {LIMIT}
    wanted = {row["household_id"]: row["rules"]["prorata"] for row in preview["households"]}
    refused(lambda: scene.stage.at(scene.group.volunteer).post(path, rule="prorata"), "forbidden", 403)
    scene.organiser.post(path, rule="prorata")
    reduced = set()
    for household_id, quantity in wanted.items():
        order = scene.cycle.orders[household_id]
        if order[scene.product(COMTE)] != quantity:
            reduced.add(household_id)
        order[scene.product(COMTE)] = quantity
        if not quantity:
            del order[scene.product(COMTE)]
    assert sum(order.get(scene.product(COMTE), 0) for order in scene.cycle.orders.values()) == LIMIT
    scene.told("order-regulated", reduced)
    for household_id in list(reduced)[:3]:
        _check_order(scene, scene.cycle, scene.household(household_id), scene.cycle.orders[household_id])
    for cycle in scene.cycles[1:]:
        _regulate_like_the_rest(scene, cycle)
    return f"{asked} portions demandées, {LIMIT} accordées, {len(reduced)} foyers prévenus"


def _regulate_like_the_rest(scene: Scene, cycle: month.Cycle) -> None:
    month.regulate_all(scene.stage, cycle, "first_come")
    organiser = scene.stage.at(cycle.group.organiser)
    for row in organiser.get(f"/cycles/{cycle.cycle_id}/orders", limit=200)["items"]:
        cycle.orders[row["household_id"]] = {line["product_id"]: line["quantity"] for line in row["lines"]}


@step("L'agrégation est figée : produit × groupe et total", "S1:134", "S1:149")
def aggregate(scene: Scene) -> str:
    for cycle in scene.cycles:
        month.freeze(scene.stage, cycle)
    path = f"/windows/{scene.calendar.window_id}/aggregation"
    table = scene.stage.until(
        "the window is aggregated", lambda: (t := scene.stage.central.get(path))["aggregated_at"] and t["frozen"] and t
    )
    expected: dict[str, dict[str, int]] = {}
    for cycle in scene.cycles:
        for order in cycle.orders.values():
            for product_id, quantity in order.items():
                cell = expected.setdefault(product_id, {})
                cell[cycle.group.group_id] = cell.get(cycle.group.group_id, 0) + quantity
    found = {line["product_id"]: line["per_group"] for line in table["lines"]}
    assert found == expected
    scene.notes["expected"] = expected
    total = sum(sum(cell.values()) for cell in expected.values())
    return f"{len(expected)} produits, {total} unités, chaque case égale à la somme des commandes"


@step("Les commandes fournisseurs partent, au total exact", "S1:131", "S1:134")
def supplier_orders(scene: Scene) -> str:
    expected = scene.notes["expected"]
    producers = {FACTS[scene.name_of(product_id)]["producer"] for product_id in expected}

    def all_placed() -> list[dict[str, object]] | None:
        rows = scene.stage.central.get("/supplier-orders", window_id=scene.calendar.window_id)["items"]
        return rows if len(rows) == len(producers) else None

    placed = scene.stage.until("an order for every producer", all_placed)
    found: dict[str, int] = {}
    cost = 0
    for row in placed:
        order = scene.stage.central.get(f"/supplier-orders/{row['supplier_order_id']}")
        for line in order["lines"]:
            found[line["product_id"]] = line["quantity"]
            assert (
                sum(line["per_group"].values())
                == line["quantity"]
                == line["cases"] * _case(scene, line) + line["loose"]
            )
        cost += order["cost_cents"]
        scene.stage.central.post(f"/supplier-orders/{row['supplier_order_id']}/send")
    assert found == {product_id: sum(cell.values()) for product_id, cell in expected.items()}
    cheese = next(row for row in placed if row["producer_id"] == scene.stage.federation.producers["fruitiere"])
    producer = scene.stage.at(scene.stage.federation.producer_contact)
    producer.post(f"/supplier-orders/{cheese['supplier_order_id']}/acknowledge")
    other = next(row for row in placed if row["producer_id"] != cheese["producer_id"])
    refused(lambda: producer.get(f"/supplier-orders/{other['supplier_order_id']}"), "not-found", 404)
    return f"{len(placed)} producteurs, {cost / 100:.2f} €, la fruitière a accusé réception"


def _case(scene: Scene, line: dict[str, object]) -> int:
    return int(FACTS[scene.name_of(str(line["product_id"]))]["case_size"])
