"""Distribution day, the till, the counts, and the account that explains itself."""

from __future__ import annotations

from datetime import UTC, timedelta
from decimal import Decimal

from gateway.demo import month
from tests.story.play import step
from tests.story.scene import COMTE, FACTS, OIL, SUGAR, Scene, cents, line_amount, refused, unit_price

SHORT_OF = -50


def guest(scene: Scene, household_id: str) -> str:
    return f"{month.day_path(scene.group, scene.notes['day'])}/households/{household_id}"


@step("Le jour J : les créneaux par tarif et la fiche de découpe du comté", "S1:44", "S1:45", "S1:46")
def cutting(scene: Scene) -> str:
    scene.stage.move_to(scene.calendar.distribution_starts_at + timedelta(minutes=2))
    day = month.day_path(scene.group, scene.notes["day"])
    board = scene.organiser.get(day)
    tiers = {slot["slot_id"]: slot["tier"] for slot in board["slots"]}
    assert all(tiers[row["slot_id"]] == row["tier"] for row in board["households"])
    sheet = scene.organiser.get(f"{day}/cutting-sheets/{scene.product(COMTE)}")
    portions = {line["household_id"]: line["quantity"] for line in sheet["lines"] if line["quantity"]}
    ordered = {h: o[scene.product(COMTE)] for h, o in scene.cycle.orders.items() if o.get(scene.product(COMTE))}
    assert portions == ordered
    weights = []
    for number, (household_id, quantity) in enumerate(sorted(portions.items())):
        weights.append({"household_id": household_id, "weight_g": 250 * quantity + (13 if number == 0 else 0)})
    scene.organiser.put(f"{day}/cutting-sheets/{scene.product(COMTE)}/weights", weights=weights)
    scene.notes["weights"] = {row["household_id"]: row["weight_g"] for row in weights}
    month.weigh(scene.stage, scene.group, scene.notes["day"], _Exact())
    return f"{sum(portions.values())} portions, une pesée à {weights[0]['weight_g']} g"


class _Exact:
    """Every other portion weighs what was ordered; the comté stays as typed in."""

    def randint(self, _low: int, _high: int) -> int:
        return 0


@step(
    "Accueil, une substitution, un RAB, puis l'émargement : le compte est débité du réel",
    "S1:64-65",
    "S1:66",
    "S1:67",
    "S1:75",
)
def serve(scene: Scene) -> str:
    group, day = scene.group, scene.notes["day"]
    coming = sorted(scene.cycle.orders)
    # What the absent one leaves goes to two others: it must leave two kinds of pieces.
    absent = scene.notes["absent"] = next(h for h in reversed(coming) if len(_pieces(scene, h)) >= 2)
    coming.remove(absent)
    swapper = next(h for h in coming if _pieces(scene, h))
    buyer = next(h for h in coming if h != swapper)
    stock = {
        line["product_id"]: line for line in scene.organiser.get(f"{month.day_path(group, day)}/inventory")["lines"]
    }
    expected: dict[str, int] = {}
    for household_id in coming:
        month.check_in(scene.stage, group, day, household_id)
        expected[household_id] = _served_amount(scene, household_id)
    given = _pieces(scene, swapper)[0]
    taken = next(product_id for product_id in _pieces(scene, absent) if product_id != given)
    extra = next(product_id for product_id in _pieces(scene, absent) if product_id != taken)
    expected[swapper] += _swap(scene, swapper, given, taken)
    expected[buyer] += _extra(scene, buyer, extra)
    beyond = {"product_id": extra, "quantity": stock[extra]["on_hand"] + 1}
    refused(lambda: scene.organiser.put(f"{guest(scene, buyer)}/surplus", **beyond), "out-of-stock")
    for household_id in coming:
        month.sign_off(scene.stage, group, day, household_id)
        assert month.charged(scene.stage, group, household_id) == expected[household_id], scene.household(household_id)
    scene.notes |= {"served": expected, "extra": extra, "swapper": swapper}
    return f"{len(coming)} foyers servis, chaque débit égal au calcul fait à part"


def _served_amount(scene: Scene, household_id: str) -> int:
    """What the household takes: shares of what is short, real weights of what is weighed."""
    tier, total = scene.household(household_id).tier, 0
    for product_id, quantity in scene.cycle.orders[household_id].items():
        name = scene.name_of(product_id)
        if product_id == scene.notes["short"]:
            quantity = scene.notes["shares"][household_id]["allotted"]
        if product_id == scene.product(COMTE):
            weight = scene.notes["weights"][household_id]
            total += cents(Decimal(unit_price(name, tier, scene.prices)) * weight / 1000)
        else:
            total += line_amount(name, quantity, tier, scene.prices)
    return total


def _pieces(scene: Scene, household_id: str) -> list[str]:
    """What the household ordered by the piece, but for what is short."""
    ordered = scene.cycle.orders[household_id]
    return [p for p in ordered if FACTS[scene.name_of(p)]["sale"] == "piece" and p != scene.notes["short"]]


def _swap(scene: Scene, household_id: str, given: str, taken: str) -> int:
    """One unit of something gives way to one unit of what the absent household leaves; the difference in cents."""
    body = {"product_id": given, "quantity": 1, "substitute_id": taken, "substitute_quantity": 1}
    scene.organiser.put(f"{guest(scene, household_id)}/substitution", **body)
    tier = scene.household(household_id).tier
    return unit_price(scene.name_of(taken), tier, scene.prices) - unit_price(scene.name_of(given), tier, scene.prices)


def _extra(scene: Scene, household_id: str, product_id: str) -> int:
    scene.organiser.put(f"{guest(scene, household_id)}/surplus", product_id=product_id, quantity=1)
    return unit_price(scene.name_of(product_id), scene.household(household_id).tier, scene.prices)


@step("La caisse : espèces et chèques, et l'argent refusé dans une AMAP", "S1:74", "S1:76-78")
def pay(scene: Scene) -> str:
    till_id = month.open_till(scene.stage, scene.group, scene.notes["day"])
    taken = {"cash": 0, "cheque": 0}
    for number, (household_id, due) in enumerate(sorted(scene.notes["served"].items())):
        if due == 0:
            continue  # everything this household had ordered was missing
        cheque = f"{3_000_000 + number}" if number % 3 == 0 else ""
        month.pay(scene.stage, scene.group, till_id, household_id, due, cheque)
        taken["cheque" if cheque else "cash"] += due
    till = scene.treasurer.get(f"/groups/{scene.group.group_id}/tills/{till_id}")
    assert till["cash_cents"] == month.FLOAT_CENTS + taken["cash"]
    assert till["cheques_cents"] == taken["cheque"]
    for household_id in scene.notes["served"]:
        assert month.balance(scene.stage, scene.group.treasurer, household_id)["balance_cents"] == 0
    csa = next(cycle.group for cycle in scene.cycles if cycle.group.kind == "csa")
    refused(lambda: month.open_till(scene.stage, csa, ""), "no-money-at-csa-distribution")
    scene.notes["till"] = till_id
    return f"{taken['cash'] / 100:.2f} € en espèces, {taken['cheque'] / 100:.2f} € en chèques"


@step("Un foyer n'est pas venu : il est sur la liste d'appel", "S1:68-70")
def absent(scene: Scene) -> str:
    day = month.day_path(scene.group, scene.notes["day"])
    rows = scene.organiser.get(f"{day}/absent")["households"]
    assert [row["household_id"] for row in rows] == [scene.notes["absent"]]
    scene.stage.at(scene.group.volunteer).post(f"{guest(scene, scene.notes['absent'])}/calls", outcome="gives-up")
    rows = scene.organiser.get(f"{day}/absent")["households"]
    assert rows[0]["call"] == "gives-up"
    return "appelé : renonce"


@step("Le stock est compté, ce qui reste est noté", "S1:82")
def stock(scene: Scene) -> str:
    day = month.day_path(scene.group, scene.notes["day"])
    before = {line["product_id"]: line for line in scene.organiser.get(f"{day}/inventory")["lines"]}
    for line in before.values():
        assert line["delivered"] == line["handed_out"] + line["on_hand"], line["name"]
    lost = next(p for p, line in before.items() if line["on_hand"] > 0)
    month.count_stock(scene.stage, scene.group, scene.notes["day"], {lost: 1})
    after = {line["product_id"]: line["on_hand"] for line in scene.organiser.get(f"{day}/inventory")["lines"]}
    assert after == {p: line["on_hand"] - (1 if p == lost else 0) for p, line in before.items()}
    scene.organiser.put(f"{day}/closed")
    return f"{sum(after.values())} unités restent, une perdue"


@step("La caisse est comptée : il manque 50 centimes, expliqués", "S1:90-92", "S1:95-97")
def count_cash(scene: Scene) -> str:
    path = f"/groups/{scene.group.group_id}/tills/{scene.notes['till']}"
    expected = scene.treasurer.get(path)["cash_cents"]
    refused(lambda: scene.treasurer.put(f"{path}/closed"), "count-first")
    closed = month.count_and_close(scene.stage, scene.group, scene.notes["till"], SHORT_OF, "pièce rendue en trop")
    assert (closed["state"], closed["counted_cents"], closed["difference_cents"]) == (
        "closed",
        expected + SHORT_OF,
        SHORT_OF,
    )
    return f"{closed['counted_cents'] / 100:.2f} € comptés, −0,50 € expliqués, caisse fermée"


@step("Le relevé s'explique ligne par ligne, jusqu'au fait", "S0:46", "S0:42-44")
def explain(scene: Scene) -> str:
    household = scene.household(scene.notes["swapper"])
    eater = scene.stage.at(household.person_id)
    statement = eater.get(f"/households/{household.household_id}/statement")
    kinds = [line["kind"] for line in statement["lines"]]
    assert kinds == ["goods-charged", "payment-taken"]
    running = 0
    for line in statement["lines"]:
        running += line["effect_cents"]
        assert line["running_cents"] == running
    assert statement["closing_cents"] == running == 0
    charge = statement["lines"][0]
    assert (
        -charge["effect_cents"]
        == scene.notes["served"][household.household_id]
        == sum(x["amount_cents"] for x in charge["lines"])
    )
    assert {"substitute"} <= {line["kind"] for line in charge["lines"]}
    explained = eater.get(f"/entries/{charge['entry_id']}")
    names = [fact["name"] for fact in explained["facts"]]
    assert names.index("orders.order-confirmed") < names.index("logistics.signed-off")
    assert any(fact["event_id"] == charge["cause"] for fact in explained["facts"])
    assert sum(posting["amount_cents"] for posting in explained["postings"]) == 0
    stranger = scene.cycles[1].group.households[6].person_id
    refused(lambda: scene.stage.at(stranger).get(f"/households/{household.household_id}/statement"), "not-found", 404)
    refused(lambda: scene.stage.at(stranger).get(f"/entries/{charge['entry_id']}"), "not-found", 404)
    return f"{len(statement['lines'])} lignes, {len(explained['facts'])} faits derrière la première"


@step("Le solde de mardi dernier, avant tout cela", "S0:46")
def as_of(scene: Scene) -> str:
    household = scene.household(scene.notes["swapper"])
    now = scene.calendar.distribution_starts_at.astimezone(UTC)
    tuesday = now - timedelta(days=(now.weekday() - 1) % 7 or 7)
    then = scene.stage.at(household.person_id).get(
        f"/households/{household.household_id}/balance", as_of=tuesday.replace(microsecond=0).isoformat()
    )
    assert then["balance_cents"] == 0
    return f"{then['balance_cents'] / 100:.2f} € le mardi {tuesday:%d/%m}"


@step("Une AMAP : le chèque de provision, puis le débit à la distribution", "S0:48", "S0:46")
def prepaid(scene: Scene) -> str:
    cycle = next(cycle for cycle in scene.cycles if cycle.group.kind == "csa")
    household = scene.household(sorted(cycle.orders)[0])
    month.prepay(scene.stage, cycle.group, household.household_id, 2_500, "7700001")
    day = month.distribution_of(scene.stage, cycle.group, scene.calendar)["distribution_id"]
    month.weigh(scene.stage, cycle.group, day, _Exact())
    month.check_in(scene.stage, cycle.group, day, household.household_id)
    month.sign_off(scene.stage, cycle.group, day, household.household_id)
    due = scene.expected_total(cycle.orders[household.household_id], household.tier)

    def charged() -> bool:
        found = month.balance(scene.stage, household.person_id, household.household_id)
        return bool(found["committed_cents"] == 0 and found["balance_cents"] == 2_500 - due)

    scene.stage.until("the charge of the AMAP", charged)
    return f"25,00 € de provision − {due / 100:.2f} € = {(2_500 - due) / 100:.2f} €"


@step("Tout s'additionne à zéro, dans chaque groupe", "S0:46")
def zero(scene: Scene) -> str:
    accounts = 0
    for cycle in scene.cycles:
        found = scene.stage.at(cycle.group.treasurer).get(f"/groups/{cycle.group.group_id}/trial-balance")
        assert found["sum_cents"] == 0 == sum(row["balance_cents"] for row in found["accounts"])
        accounts += len(found["accounts"])
    return f"{accounts} comptes, somme 0,00 €"


@step("Le flux public raconte le mois sans nommer personne", "S1:119")
def public_feed(scene: Scene) -> str:
    seen, after, kinds = 0, 0, set()
    texts = []
    while True:
        page = scene.stage.central.call("GET", f"/events?after={after}&limit=500")
        for event in page:
            seen, after = seen + 1, int(event["sequence"])
            kinds.add(event["type"].split(".")[-2])
            texts.append(str(event))
        if len(page) < 500:
            break
    text = "".join(texts)
    assert "order-confirmed" in kinds
    assert "signed-off" in kinds
    people = [p for cycle in scene.cycles for household in cycle.group.households for p in household.person_ids]
    assert not any(person in text for person in people)
    assert not any(household.label in text for household in scene.group.households if len(household.label) > 6)
    assert SUGAR in text
    assert OIL in text
    return f"{seen} événements publics, {len(kinds)} sortes"
