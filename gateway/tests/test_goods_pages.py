"""The pages and the API of goods over their real services: who sees them, what a tap does, what paper says."""

import re

import pytest
from goods_house import GROUP, GoodsSite

from logistics_svc import ids
from logistics_svc.examples import DELIVERY, DISTRIBUTION

PALLET = f"/palettes/{ids.pallet_id(DELIVERY, 1)}"
NOTE = f"/groupes/{GROUP}/livraisons/{DELIVERY}"
API = "/api/v1"


@pytest.fixture
def site(tmp_path):
    return GoodsSite(tmp_path)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    """For tests that only look: everything came but one case of bread."""
    site = GoodsSite(tmp_path_factory.mktemp("goods"))
    site.deliver(bread=8)
    return site


def text(response) -> str:
    page = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", response.get_data(as_text=True), flags=re.S)
    return re.sub(r"\s+", " ", page.replace("\u00a0", " "))


def tap(client, url, **form):
    """Send a form and answer the page that it leads to."""
    response = client.post(url, data=form)
    assert response.status_code == 302, text(response)
    return client.get(response.headers["Location"])


PAGES = {
    "pallets": ("/palettes", {"Lou"}),
    "pallet": (PALLET, {"Lou"}),
    "deliveries": ("/livraisons", {"Lou"}),
    "note": (NOTE, {"Lou", "Marie", "Nam"}),
    "distributions": (f"/groupes/{GROUP}/distributions", {"Lou", "Marie", "Nam"}),
    "board": ("{day}", {"Lou", "Marie", "Nam"}),
    "household": ("{day}/foyers/{home}", {"Lou", "Marie", "Nam"}),
    "absent": ("{day}/absents", {"Marie", "Nam"}),
    "closing": ("{day}/fin", {"Marie", "Nam"}),
    "cutting": ("{day}/decoupe/comte", {"Lou", "Marie", "Nam"}),
    "labels": ("{day}/decoupe/comte/etiquettes", {"Lou", "Marie", "Nam"}),
    "slots": ("{day}/creneaux", {"Lou", "Marie", "Nam"}),
    "sign-off": ("{day}/emargement", {"Lou", "Marie", "Nam"}),
    "inventory": ("{day}/inventaire", {"Lou", "Marie", "Nam"}),
    "history": ("{day}/historique", {"Lou", "Marie", "Nam"}),
    "my history": ("{day}/historique?foyer={home}", {"Lou", "Marie", "Nam", "Rosa"}),
    "stock": (f"/groupes/{GROUP}/stock", {"Lou", "Marie", "Nam"}),
    "stock then": (f"/groupes/{GROUP}/stock?le=2026-11-20", {"Lou", "Marie", "Nam"}),
    "my distribution": (f"/groupes/{GROUP}/ma-distribution", {"Lou", "Marie", "Nam", "Rosa", "Samir"}),
    "summary": (f"/groupes/{GROUP}/ma-distribution/{DISTRIBUTION}/{{home}}", {"Lou", "Marie", "Nam", "Rosa"}),
}


@pytest.mark.parametrize("page", PAGES)
def test_each_page_opens_for_those_whom_it_is_for_and_for_nobody_else(seeded, page):
    address, allowed = PAGES[page]
    url = address.format(day=seeded.day, home=seeded.homes["Rossi"])
    answers = {name: seeded.client(name).get(url).status_code for name in ("Lou", "Marie", "Nam", "Rosa", "Samir")}
    assert {name for name, status in answers.items() if status == 200} == allowed
    assert set(answers.values()) <= {200, 403, 404}
    assert seeded.app.test_client().get(url).status_code == 401


@pytest.mark.behaviour("S1:135", "S1:136", "S1:53")
def test_from_the_pick_list_to_a_receipt_with_a_missing_case(site):
    lou, marie = site.client("Lou"), site.client("Marie")
    assert "1 palette à préparer" in text(lou.get("/"))
    assert "Palette prête" in text(tap(lou, f"{PALLET}/prete"))
    assert "1 livraison prête à partir" in text(lou.get("/"))
    tap(lou, f"/livraisons/{DELIVERY}/depart")
    assert "Réceptionner la livraison" in text(marie.get("/"))
    preview = text(marie.post(NOTE, data={"received-bread": "8", "reason-bread": "missing"}))
    assert "Pain : 8 au lieu de 12" in preview
    assert "4 foyers concernés" in preview
    assert not site.house.events("logistics.delivery-received")
    board = text(tap(marie, NOTE, **{"received-bread": "8", "reason-bread": "missing", "sure": "1"}))
    assert "4 foyers sont prévenus" in board
    assert "Pain : 8 reçus sur 12" in board


def test_a_difference_on_a_pallet_without_a_reason_is_told_and_nothing_is_recorded(site):
    refused = site.client("Lou").post(f"{PALLET}/prete", data={"picked-bread": "8", "reason-comte": "à l’œil"})
    page = text(refused)
    assert refused.status_code == 422
    assert "1 information à corriger" in page
    assert "Pain : Dites pourquoi la quantité diffère." in page
    shown = refused.get_data(as_text=True)
    for kept in ('name="picked-bread" type="number" inputmode="numeric" value="8"', 'value="à l’œil"'):
        assert kept in shown, "what was typed is not lost"
    assert not site.house.events("logistics.pallet-prepared")
    tap(site.client("Lou"), f"{PALLET}/prete", **{"picked-bread": "8", "reason-bread": "fournée ratée"})
    [prepared] = site.house.events("logistics.pallet-prepared")
    assert prepared.differences[0].reason == "fournée ratée"


@pytest.mark.behaviour("S1:66", "S1:67", "S1:75")
def test_a_household_from_the_door_to_the_till(site):
    site.deliver()
    nam, home = site.client("Nam"), site.homes["Nguyen"]
    guest = f"{site.day}/foyers/{home}"
    assert "Arrivés, à servir" in text(tap(nam, f"{site.day}/arrivees", household_id=home))
    odd = tap(nam, f"{guest}/peser", product_id="comte", weight_g="5000")
    assert "Ce poids étonne" in text(odd)
    assert 'name="sure"' in odd.get_data(as_text=True)
    tap(nam, f"{guest}/peser", product_id="comte", weight_g="487")
    tap(nam, f"{guest}/manque", product_id="bread", missing="1")
    tap(nam, f"{guest}/echange", product_id="bread", quantity="1", substitute_id="lentils", substitute_quantity="1")
    page = tap(nam, f"{guest}/rab", product_id="lentils", quantity="1")
    for name, path in (("quantity", "rab"), ("missing", "manque"), ("weight_g", "peser")):
        wrong = tap(nam, f"{guest}/{path}", **{"product_id": "lentils", "quantity": "1", name: "1O"})
        assert "Un nombre entier est attendu." in text(wrong), "a slip is no zero, which would take it back"
    seen = re.search(r'name="seen_total_cents" value="(\d+)"', page.get_data(as_text=True)).group(1)
    # 2 loaves ordered, one missing and replaced by lentils: 3,50 + 487 g at 15,90 + 4,20 + 4,20 of surplus.
    assert int(seen) == 350 + 774 + 420 + 420
    done = tap(nam, f"{guest}/emarger", seen_total_cents=seen)
    assert "Émargé : 19,64 €" in text(done)
    assert "/caisse?foyer=" not in done.get_data(as_text=True), "a helper does not take money"
    assert f"/caisse?foyer={home}" in site.client("Marie").get(guest).get_data(as_text=True)
    assert "Servis : 1 sur 6" in text(nam.get(site.day))
    story = text(nam.get(f"{site.day}/historique?foyer={home}"))
    assert "Comté pesé : 487 g, 7,74 €" in story
    assert "par Nam Nguyen, bénévole" in story


def test_an_old_total_is_not_signed(site):
    site.deliver()
    guest = f"{site.day}/foyers/{site.homes['Nguyen']}"
    assert "Le total a changé" in text(tap(site.client("Nam"), f"{guest}/emarger", seen_total_cents="1"))
    assert not site.house.events("logistics.signed-off")


def test_serving_before_the_delivery_was_received_says_what_to_do(site):
    page = text(tap(site.client("Nam"), f"{site.day}/foyers/{site.homes['Nguyen']}/emarger"))
    assert "Réceptionnez-la avant de servir" in page


@pytest.mark.behaviour("S1:44", "S1:46")
def test_the_cutting_sheet_takes_weights_and_prints_labels(site):
    site.deliver()
    marie = site.client("Marie")
    weights = {f"weight-{site.homes['Nguyen']}": "487", f"weight-{site.homes['Benali']}": "1013"}
    page = text(tap(marie, f"{site.day}/decoupe/comte", **weights))
    assert "2 poids notés" in page
    assert "Pièces à ouvrir 1 de 10 kg" in page
    labels = text(marie.get(f"{site.day}/decoupe/comte/etiquettes"))
    assert "Nguyen Comté 487 g · 7,74 €" in labels
    refused = marie.post(f"{site.day}/decoupe/comte", data={f"weight-{site.homes['Nguyen']}": "50"})
    assert refused.status_code == 409
    assert 'value="50"' in refused.get_data(as_text=True), "what was typed is not lost"


def test_two_figures_for_one_thing_are_refused(site):
    """A count that names the bread twice would take it off the stock twice."""
    site.deliver()
    marie, lou = site.client("Marie"), site.client("Lou")
    before = site.goods("stock", site.people["Marie"], group_id=GROUP)["lines"]
    day, pallet = f"{API}/groups/{GROUP}/distributions/{DISTRIBUTION}", ids.pallet_id(DELIVERY, 1)
    home = site.homes["Nguyen"]
    for put, lines in (
        (lambda two: lou.put(f"{API}/pallets/{pallet}/prepared", json={"lines": two}),
         [{"product_id": "bread", "quantity": count, "reason": "tombé"} for count in (3, 5)]),
        (lambda two: marie.put(f"{API}/deliveries/{DELIVERY}/received", json={"lines": two}),
         [{"product_id": "bread", "received": count} for count in (3, 5)]),
        (lambda two: marie.put(f"{day}/cutting-sheets/comte/weights", json={"weights": two}),
         [{"household_id": home, "weight_g": grams} for grams in (487, 500)]),
        (lambda two: marie.put(f"{day}/count", json={"lines": two}),
         [{"product_id": "bread", "counted": count} for count in (3, 5)]),
    ):  # fmt: skip
        refused = put(lines)
        assert refused.status_code == 422, refused.get_json()
        assert "twice" in str(refused.json["errors"]) or "deux fois" in str(refused.json["errors"])
    assert site.goods("stock", site.people["Marie"], group_id=GROUP)["lines"] == before


def test_figures_that_are_none_are_told_at_their_field_and_the_others_stay(site):
    lou, marie = site.client("Lou"), site.client("Marie")
    pallet = lou.post(f"{PALLET}/prete", data={"picked-bread": "huit", "picked-comte": "5", "reason-comte": "cassé"})
    assert (pallet.status_code, "Pain : Un nombre entier est attendu." in text(pallet)) == (422, True)
    assert 'value="cassé"' in pallet.get_data(as_text=True)
    tap(lou, f"{PALLET}/prete")
    tap(lou, f"/livraisons/{DELIVERY}/depart")
    note = marie.post(NOTE, data={"received-bread": "8", "reason-bread": "damaged", "received-comte": "-1"})
    assert (note.status_code, "Comté : Un nombre entier est attendu." in text(note)) == (422, True)
    assert '<option value="damaged" selected>' in note.get_data(as_text=True)
    tap(marie, NOTE)
    nguyen, benali = site.homes["Nguyen"], site.homes["Benali"]
    weights = marie.post(f"{site.day}/decoupe/comte", data={f"weight-{nguyen}": "487", f"weight-{benali}": "1 kg"})
    assert (weights.status_code, "Benali : Un nombre entier est attendu." in text(weights)) == (422, True)
    assert 'value="487"' in weights.get_data(as_text=True)
    counted = marie.post(f"{site.day}/inventaire", data={"counted-bread": "9", "counted-comte": "peu"})
    assert (counted.status_code, "Comté : Un nombre entier est attendu." in text(counted)) == (422, True)
    assert 'value="9"' in counted.get_data(as_text=True)
    assert not site.house.events("logistics.line-weighed")
    assert not site.house.events("logistics.stock-counted")


@pytest.mark.behaviour("S1:45")
def test_slots_are_printed_per_tier(seeded):
    page = text(seeded.client("Marie").get(f"{seeded.day}/creneaux"))
    assert page.index("quartier") < page.index("18 h – 18 h 30") < page.index("Nguyen")
    assert page.index("solidaire") < page.index("19 h – 19 h 30") < page.index("Martin")


@pytest.mark.behaviour("S1:68", "S1:69", "S1:70")
def test_the_call_list_has_numbers_for_organisers_only_and_keeps_the_outcome(site):
    site.deliver()
    assert 'href="tel:+33612345602"' in site.client("Marie").get(f"{site.day}/absents").get_data(as_text=True)
    assert "tel:" not in site.client("Nam").get(f"{site.day}/absents").get_data(as_text=True)
    page = tap(site.client("Nam"), f"{site.day}/absents", household_id=site.homes["Rossi"], outcome="coming")
    assert "arrive bientôt il y a" in text(page) or "arrive bientôt à l’instant" in text(page)


@pytest.mark.behaviour("S1:82")
def test_what_is_left_is_counted_and_the_day_ended(site):
    site.deliver()
    marie = site.client("Marie")
    site.goods("sign_off", site.people["Nam"], distribution_id=DISTRIBUTION, household_id=site.homes["Nguyen"])
    site.house.clock.advance(hours=4)
    assert "Compter le stock restant" in text(marie.get("/"))
    page = text(tap(marie, f"{site.day}/inventaire", **{"counted-bread": "9", "counted-comte": ""}))
    assert "1 produit compté." in page
    [counted] = site.house.events("logistics.stock-counted")
    assert [(line.expected, line.counted) for line in counted.lines] == [(10, 9)]
    assert "Terminer la distribution" in text(marie.get("/"))
    assert "5 foyers absents" in text(marie.get(f"{site.day}/fin"))
    assert "Distribution terminée" in text(tap(marie, f"{site.day}/fin"))
    stock = text(marie.get(f"/groupes/{GROUP}/stock"))
    assert "1 × Pain passés en perte" in stock
    assert "2 × Pain remis à Nguyen" in stock


@pytest.mark.behaviour("S1:64", "S1:65")
def test_an_eater_knows_when_to_come_what_to_bring_and_may_change_the_slot(site):
    rosa = site.client("Rosa")
    assert "Apportez vos sacs et vos bocaux" in text(rosa.get("/"))
    own = f"/groupes/{GROUP}/ma-distribution/{DISTRIBUTION}/{site.homes['Rossi']}"
    assert "18 h 30 – 19 h" in text(tap(rosa, f"{own}/creneau", slot_id="slot-2"))
    assert "Récapitulatif de commande" in text(rosa.get(own))


def test_the_stock_can_be_taken_away_as_a_file(seeded):
    answer = seeded.client("Marie").get(f"/groupes/{GROUP}/stock?format=csv")
    assert "Pain;pièce 500 g;8" in answer.get_data(as_text=True)


# -- the API -----------------------------------------------------------------------------------------------------


def test_a_program_runs_the_day_through_the_api(site):
    lou, marie = site.client("Lou"), site.client("Marie")
    pallet = ids.pallet_id(DELIVERY, 1)
    day = f"{API}/groups/{GROUP}/distributions/{DISTRIBUTION}"
    guest = f"{day}/households/{site.homes['Nguyen']}"
    weights = {"weights": [{"household_id": site.homes["Nguyen"], "weight_g": 487}]}
    acts = [
        (lou.put, f"{API}/pallets/{pallet}/prepared", {"lines": []}),
        (lou.put, f"{API}/deliveries/{DELIVERY}/dispatched", None),
        (marie.put, f"{API}/deliveries/{DELIVERY}/received", {"lines": []}),
        (marie.put, f"{guest}/slot", {"slot_id": "slot-2"}),
        (marie.put, f"{guest}/check-in", None),
        (marie.delete, f"{guest}/check-in", None),
        (marie.put, f"{day}/cutting-sheets/comte/weights", weights),
        (marie.put, f"{guest}/missing", {"product_id": "bread", "missing": 1}),
        (marie.put, f"{guest}/surplus", {"product_id": "lentils", "quantity": 1}),
        (marie.put, f"{guest}/sign-off", {"seen_total_cents": 350 + 774 + 420}),
        (marie.post, f"{guest}/sign-off-undone", {"reason": "erreur"}),
        (marie.put, f"{guest}/sign-off", {}),
        (marie.put, f"{day}/count", {"lines": [{"product_id": "bread", "counted": 11}]}),
        (marie.put, f"{day}/closed", None),
    ]
    for send, url, body in acts:
        answer = send(url, json=body) if body is not None else send(url)
        assert answer.status_code == 200, (url, answer.get_json())
        assert answer.get_json()["position"] >= 0
    assert marie.get(day).get_json()["state"] == "closed"
    assert marie.get(guest).get_json()["total_cents"] == 350 + 774 + 420
    lines = marie.get(f"{API}/groups/{GROUP}/stock").get_json()["lines"]
    assert {line["product_id"]: line["quantity"] for line in lines}["bread"] == 11


@pytest.mark.parametrize("sheet", ["absent", "shortages", "inventory", "sign-off-sheet", "cutting-sheets"])
def test_every_sheet_of_the_day_can_be_read(seeded, sheet):
    answer = seeded.client("Marie").get(f"{API}/groups/{GROUP}/distributions/{DISTRIBUTION}/{sheet}")
    assert answer.status_code == 200
    assert any(isinstance(value, list) and value for value in answer.get_json().values())


def test_refusals_are_problems_with_their_code(seeded):
    marie, home = seeded.client("Marie"), seeded.homes["Nguyen"]
    guest = f"{API}/groups/{GROUP}/distributions/{DISTRIBUTION}/households/{home}"
    refused = marie.put(f"{guest}/surplus", json={"product_id": "lentils", "quantity": 900})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "out-of-stock")
    assert marie.put(f"{guest}/surplus", json={"product_id": "lentils", "quantity": 1, "x": 1}).status_code == 422
    assert marie.put(f"{guest}/surplus", json={"product_id": "lentils", "quantity": -1}).status_code == 422
    stranger = seeded.client("Samir").get(f"{API}/households/{home}/distributions")
    assert stranger.status_code == 403
    other = f"{API}/groups/no-such-group/distributions/{DISTRIBUTION}"
    assert seeded.client("Marie").get(other).status_code == 404
