"""The shop, the periods and the catalogue in the browser and through the API, over the real orders service."""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from conftest import cookie, token_of
from orders_house import CLOSES, NOW, Month

B, P = "/groupes/belleville/commandes", "/groupes/belleville/periodes"


def words(text):
    """The page with ordinary spaces instead of those that do not break."""
    return text.replace("\u202f", " ").replace("\xa0", " ")


@dataclass
class Shown:
    text: str


@pytest.fixture
def month(tmp_path):
    return Month(tmp_path)


@pytest.fixture
def visit(month):
    """visit("p-paul") → a browser of that person; post() carries the form token and a fresh key."""

    class Browser:
        def __init__(self, person_id):
            self.client = month.app.test_client()
            self.client.set_cookie(cookie(month.app), month.app.extensions["grenier"].sessions.open(person_id))
            self.token = token_of(self.client)

        def get(self, url, status=200):
            page = self.client.get(url)
            assert page.status_code == status, page.text
            return words(page.text)

        def post(self, url, status=302, key="", **fields):
            from uuid import uuid4

            data = {"csrf_token": self.token, "idempotency_key": key or str(uuid4()), **fields}
            page = self.client.post(url, data=data)
            assert page.status_code == status, page.text
            return page if page.is_json or status == 302 else Shown(words(page.text))

    return Browser


@pytest.fixture
def api(month):
    """api("p-paul", "get", "/cycles/mine") → (status, JSON)."""

    def call(person_id, method, path, body=None, **headers):
        secret = month.app.extensions["grenier"].tokens.issue(person_id, "test")[1]
        answer = month.app.test_client().open(
            "/api/v1" + path, method=method.upper(), json=body, headers={"Authorization": f"Bearer {secret}", **headers}
        )
        return answer.status_code, answer.get_json()

    return call


def shop(month, name="paul"):
    return f"{B}/{month.cycle()}/foyers/h-{name}"


def events(month, prefix):
    return month.house.events(prefix)


# -- ordering ----------------------------------------------------------------------------------------------------


def test_a_draft_is_kept_then_confirmed_and_read_back(month, visit):
    paul = visit("p-paul")
    assert "Prix du tarif Solidaire" in paul.get(shop(month))
    paul.post(shop(month), act="draft", **{"q-riz": "2", "q-comte": ""})
    page = paul.get(shop(month))
    assert re.search(r'name="q-riz"[^>]*value="2"', page)
    assert "pas encore validé" in page
    assert "brouillon pas encore validé" in paul.get(B)
    done = paul.post(shop(month), act="confirm", **{"q-riz": "2", "q-comte": "3"})
    assert done.location.endswith("/recapitulatif")
    page = paul.get(done.location)
    assert "Commande validée" in page
    assert "25,42" in page  # 2 × 5,85 + 3 parts of 250 g at 18,29 €/kg
    assert len(events(month, "orders.order-confirmed")) == 1


def test_the_same_form_sent_twice_is_one_order(month, visit):
    paul = visit("p-paul")
    for _ in range(2):
        paul.post(shop(month), key="one-key", act="confirm", **{"q-riz": "2"})
    assert len(events(month, "orders.order-")) == 1


def test_refusals_stand_at_the_product_and_nothing_typed_is_lost(month, visit):
    paul = visit("p-paul")
    page = paul.post(shop(month), 422, act="confirm", **{"q-huile": "9", "q-riz": "3"}).text
    assert 'href="#q-huile"' in page
    assert "au plus 4" in page
    assert re.search(r'name="q-riz"[^>]*value="3"', page)
    page = paul.post(shop(month), 422, act="confirm", **{"q-riz": "deux"}).text
    assert re.search(r'name="q-riz"[^>]*value="deux"', page)
    assert "Rien n’est choisi" in paul.post(shop(month), 422, act="confirm").text
    assert events(month, "orders.order-") == []


def test_the_script_saves_the_draft(month, visit):
    answer = visit("p-paul").post(shop(month) + "/brouillon", 200, **{"q-riz": "4"})
    assert "pas encore validé" in answer.get_json()["text"]
    (saved,) = events(month, "orders.draft-saved")
    assert [(line.product_id, line.quantity) for line in saved.lines] == [("riz", 4)]


def test_search_without_a_script_keeps_the_quantities_that_are_out_of_sight(month, visit):
    paul = visit("p-paul")
    paul.post(shop(month), act="draft", **{"q-riz": "2"})
    page = paul.get(shop(month) + "?q=miel")
    assert "Miel de montagne" in page
    assert "Riz long" not in page
    assert '<input type="hidden" name="q-riz" value="2">' in page


def test_an_order_is_cancelled_after_saying_what_that_means(month, visit):
    month.orders()
    nadia = visit("p-nadia")
    assert "ne sera pas préparée" in nadia.get(shop(month, "nadia") + "/annuler")
    nadia.post(shop(month, "nadia") + "/annuler")
    assert [event.household_id for event in events(month, "orders.order-cancelled")] == ["h-nadia"]


@pytest.mark.behaviour("S1:28", "S1:32")
def test_an_organiser_enters_a_paper_order_and_gives_a_reason_for_changing_one(month, visit):
    month.orders()
    nadia = visit("p-nadia")
    page = nadia.get(f"{B}/{month.cycle()}/saisie")
    assert "Lopez" in page
    nadia.post(shop(month, "lopez"), act="confirm", channel="paper", **{"q-riz": "1"})
    (paper,) = [event for event in events(month, "orders.order-confirmed") if event.channel == "paper"]
    assert paper.household_id == "h-lopez"
    page = nadia.post(shop(month, "rossi"), 422, act="confirm", channel="web", reason="", **{"q-riz": "1"}).text
    assert 'href="#reason"' in page
    nadia.post(shop(month, "rossi"), act="confirm", channel="web", reason="par téléphone", **{"q-riz": "1"})
    order_id = month.call("my_order", {"cycle_id": month.cycle(), "household_id": "h-rossi"}, "p-rossi")["order_id"]
    page = visit("p-rossi").get(f"{B}/historique/{order_id}")
    assert "par Nadia Belkacem" in page
    assert "raison : par téléphone" in page


@pytest.mark.behaviour("S1:142")
def test_the_paper_form_comes_from_the_live_catalogue(month, visit):
    month.call("make_unavailable", {"cycle_id": month.cycle(), "product_id": "miel"}, "p-nadia")
    page = visit("p-paul").get(f"{B}/{month.cycle()}/bon-de-commande")
    assert "Riz long semi-complet" in page
    assert "Miel" not in page
    assert "5,85" in page  # the price of the solidarity tier stands in its column


# -- periods -----------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:33")
def test_organisers_see_orders_and_unconfirmed_drafts_by_name(month, visit):
    month.orders()
    page = visit("p-nadia").get(f"{P}/{month.cycle()}")
    assert "Commandes non validées" in page
    assert "Martin" in page
    assert "8 × Comté 12 mois" in page


@pytest.mark.behaviour("S1:34")
def test_regulation_compares_previews_and_applies(month, visit):
    month.orders()
    month.at(CLOSES + timedelta(hours=1))
    nadia = visit("p-nadia")
    assert "Comparer les règles" in nadia.get(f"{P}/{month.cycle()}/regulation")
    page = nadia.get(f"{P}/{month.cycle()}/regulation/comte")
    assert all(word in page for word in ("Au prorata", "Premiers arrivés", "Même plafond", "Tirage au sort"))
    page = nadia.get(f"{P}/{month.cycle()}/regulation/comte?rule=first_come")
    assert "Nguyen / Petit : 6 → 3" in page
    assert "1 foyer sera prévenu." in page
    assert events(month, "orders.orders-regulated") == []
    nadia.post(f"{P}/{month.cycle()}/regulation/comte", rule="first_come")
    (regulated,) = events(month, "orders.orders-regulated")
    assert (regulated.rule, regulated.automatic) == ("first_come", False)
    assert "Arrêter les commandes" in nadia.get(f"{P}/{month.cycle()}")
    nadia.post(f"{P}/{month.cycle()}/arreter")
    assert [event.group_id for event in events(month, "orders.aggregation-frozen")] == ["belleville"]


def test_freezing_before_regulating_is_refused_in_words(month, visit):
    month.orders()
    month.at(CLOSES + timedelta(hours=1))
    page = visit("p-nadia").post(f"{P}/{month.cycle()}/arreter", 409).text
    assert "Des produits dépassent le maximum" in page


@pytest.mark.behaviour("S1:134", "S1:149")
def test_the_table_is_shown_and_exported_with_its_sums(month, visit):
    month.orders()
    lea = visit("p-lea")
    assert "Tableau récapitulatif" in lea.get("/periodes/w-nov/recapitulatif")
    sheet = lea.get("/periodes/w-nov/recapitulatif?format=csv")
    comte = next(line for line in sheet.splitlines() if line.startswith("Comté"))
    assert comte.split(";")[2:6] == ["23", "", "", "23"]
    book = lea.client.get("/periodes/w-nov/recapitulatif?format=xlsx")
    assert book.data[:2] == b"PK"


@pytest.mark.behaviour("S1:146")
def test_one_template_schedules_the_window_of_all_groups(month, visit):
    lea = visit("p-lea")
    month.call("release_catalogue", {"catalogue_id": "cat-dec", "host_id": "vrac", "month": "2026-12", "items": None})
    assert "Programmer avec le catalogue de décembre 2026" in lea.get("/periodes")
    page = lea.get("/periodes/programmer?catalogue_id=cat-dec")
    assert "décembre 2026" in page
    done = lea.post(
        "/periodes/programmer", catalogue_id="cat-dec", opens_at="2026-12-01T08:00", closes_at="2026-12-11T20:00",
        distribution_day="2026-12-18", distribution_from="18:00", distribution_to="20:00",
        **{"in-belleville": "1", "in-menil": "1", "day-menil": "2026-12-19"},
    )  # fmt: skip
    assert "/periodes/" in done.location
    (event,) = events(month, "orders.window-scheduled")[1:]
    assert event.closes_at.isoformat() == "2026-12-11T19:00:00+00:00"
    starts = {group.group_id: group.distribution_starts_at.isoformat() for group in event.groups}
    assert starts == {"belleville": "2026-12-18T17:00:00+00:00", "menil": "2026-12-19T17:00:00+00:00"}
    afterwards = lea.get("/periodes")
    assert "Programmer avec le catalogue" not in afterwards, "a month is not proposed twice"
    assert "Publier le prochain catalogue" in afterwards


def test_a_window_that_closes_before_it_opens_is_shown_at_its_field(month, visit):
    page = visit("p-lea").post(
        "/periodes/programmer", 422, catalogue_id="cat-nov", opens_at="2026-12-11T08:00", closes_at="2026-12-01T20:00",
        distribution_day="2026-12-18", distribution_from="18:00", distribution_to="20:00", **{"in-belleville": "1"},
    ).text  # fmt: skip
    assert 'href="#closes_at"' in page
    assert 'value="2026-12-11T08:00"' in page


def test_supplier_orders_are_sent_and_confirmed(month, visit):
    month.orders()
    month.at(CLOSES + timedelta(days=2))
    from orders_svc.supplying import supplier_order_id

    url = f"/commandes-fournisseurs/{supplier_order_id('w-nov', 'laiterie')}"
    lea, farm = visit("p-lea"), visit("p-ferme")
    assert "Comté 12 mois" in lea.get(url)
    farm.get(url, 404)
    lea.post(url, act="send")
    assert "Confirmer la commande" in farm.get(url)
    assert "Laiterie des Monts" in farm.get("/commandes-fournisseurs")
    farm.post(url, act="acknowledge")
    assert "confirmée" in lea.get("/periodes/w-nov/fournisseurs")


# -- catalogue ---------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:131", "S1:144")
def test_a_price_is_previewed_per_tier_before_it_is_revised(month, visit):
    lea = visit("p-lea")
    url = "/catalogue/produits/riz/prix"
    fields = {"price": "6,00", "cost": "5,20", "effective_from": "2026-12-01", "reason": "récolte"}
    page = lea.post(url, 200, **fields).text
    assert "Solidaire : 5,85 € → <strong>6,90 €</strong>" in page
    assert month.house.events("orders.price-revised")[-1].price_cents != 600
    lea.post(url, confirmed="1", **fields)
    assert "6,00 € à partir du 1er décembre" in lea.get("/catalogue/produits/riz")
    page = lea.post(url, 422, **{**fields, "price": "six"}).text
    assert 'href="#price"' in page
    assert 'value="six"' in page


@pytest.mark.behaviour("S1:145")
def test_a_month_is_checked_then_released(month, visit):
    lea = visit("p-lea")
    fields = {"month": "2026-12", "in-riz": "1", "in-miel": "1", "max_per_group-miel": "12"}
    page = lea.post("/catalogue/publier", 200, **fields).text
    assert "2 produits proposés, 6 laissés de côté" in page
    assert len(events(month, "orders.catalogue-released")) == 1
    lea.post("/catalogue/publier", confirmed="1", **fields)
    released = events(month, "orders.catalogue-released")[-1]
    assert {item.product_id: item.max_per_group for item in released.items} == {"riz": 0, "miel": 12}


def test_a_sheet_is_read_over_then_imported(month, visit):
    lea = visit("p-lea")
    good = "name;category;producer;price;cost\nPois chiches;Légumineuses;Terre et Partage;3,10;2,80"
    bad = good + "\nTomme;Fromages;Personne;douze;1"
    page = lea.post("/catalogue/importer", 200, sheet=bad, effective_from="2026-11-01").text
    assert "1 ligne à corriger" in page
    assert "Ajouter 1 produit" in lea.post("/catalogue/importer", 200, sheet=good, effective_from="2026-11-01").text
    lea.post("/catalogue/importer", sheet=good, effective_from="2026-11-01", confirmed="1")
    assert "Pois chiches" in lea.get("/catalogue")
    # Somebody else was quicker with the same list: that nothing was written is no success.
    again = lea.post("/catalogue/importer", 200, sheet=good, effective_from="2026-11-01", confirmed="1").text
    assert "1 ligne à corriger" in again
    assert "Déjà au catalogue chez ce producteur." in again


def test_a_product_is_added_changed_and_withdrawn(month, visit):
    lea = visit("p-lea")
    fields = {
        "name": "Savon",
        "category": "Hygiène",
        "producer_id": "epicerie",
        "sale": "piece",
        "effective_from": "2026-11-01",
    }
    page = lea.post("/catalogue/produits/nouveau", 422, **fields, price="x", cost="1").text
    assert 'value="Savon"' in page
    url = lea.post("/catalogue/produits/nouveau", **fields, price="2,50", cost="2").location
    lea.post(url + "/modifier", **{**fields, "origin": "Marseille"})
    assert "Savon" in lea.get("/catalogue")
    lea.post(url + "/retirer")
    assert "Savon" not in lea.get("/catalogue").split("<main")[1].split("notices")[-1].split("table-frame")[-1]


# -- à faire, access, API ----------------------------------------------------------------------------------------


def test_home_tells_everybody_what_is_expected(month, visit):
    month.orders()
    assert "Ma commande n’est pas validée" in visit("p-paul").get("/")
    assert "Ma commande : 38,25" in visit("p-nadia").get("/")
    month.at(CLOSES - timedelta(hours=20))
    assert "1 commande non validée" in visit("p-nadia").get("/")
    month.at(CLOSES + timedelta(hours=1))
    assert "1 produit dépasse le maximum" in visit("p-nadia").get("/")
    month.at(CLOSES + timedelta(days=2))
    assert "commandes fournisseurs à envoyer" in visit("p-lea").get("/")


def test_strangers_and_members_are_kept_out(month, visit):
    month.orders()
    omar, paul = visit("p-omar"), visit("p-paul")
    omar.get(f"{P}/{month.cycle()}", 404)
    omar.get(shop(month), 404)
    paul.get(f"{P}/{month.cycle()}", 403)
    paul.get(shop(month, "nadia"), 403)
    paul.get("/catalogue", 403)
    assert month.app.test_client().get(shop(month)).status_code == 401


def test_the_api_orders_and_answers_problems(month, api):
    path = f"/cycles/{month.cycle()}/orders/h-paul"
    body = {"lines": [{"product_id": "riz", "quantity": 2}]}
    status, done = api("p-paul", "put", path, body, **{"Idempotency-Key": "k1"})
    assert status == 200
    assert api("p-paul", "put", path, body, **{"Idempotency-Key": "k1"})[1] == done
    status, problem = api(
        "p-paul", "put", path, {"lines": [{"product_id": "riz", "quantity": 3}]}, **{"Idempotency-Key": "k1"}
    )
    assert (status, problem["code"]) == (422, "idempotency-key-reused")
    status, page = api("p-paul", "get", f"{path}?after={done['position']}")
    assert page["order"]["total_cents"] == 1170
    status, problem = api("p-paul", "put", path, {"lines": [{"product_id": "huile", "quantity": 9}]})
    assert (status, problem["code"], problem["facts"]["maximum"]) == (409, "over-household-maximum", 4)
    assert api("p-paul", "put", path, {"lines": [{"product_id": "riz", "quantity": 0}]})[0] == 422
    assert api("p-omar", "put", path, body)[0] == 404
    _status, mine = api("p-paul", "get", "/cycles/mine")
    assert mine["items"][0]["order"]["total_cents"] == 1170
    assert api("p-paul", "delete", path)[0] == 200


def test_the_api_carries_the_month_of_the_centre(month, api):
    facts = {"name": "Thé", "category": "Épicerie", "producer_id": "epicerie"}
    product = {"facts": facts, "price_cents": 450, "cost_cents": 400, "effective_from": "2026-11-01"}
    assert api("p-lea", "put", "/hosts/vrac/products/the", product)[0] == 200
    assert api("p-paul", "put", "/hosts/vrac/products/the2", product)[0] == 404
    assert api("p-lea", "put", "/hosts/vrac/catalogues/cat-x", {"month": "2026-12"})[0] == 200
    starts = (NOW + timedelta(days=30)).isoformat()
    window = {
        "catalogue_id": "cat-x", "opens_at": NOW.isoformat(), "closes_at": (NOW + timedelta(days=9)).isoformat(),
        "groups": [{"group_id": "menil", "distribution_starts_at": starts,
                    "distribution_ends_at": (NOW + timedelta(days=30, hours=2)).isoformat()}],
    }  # fmt: skip
    assert api("p-lea", "put", "/windows/w-x", window)[0] == 200
    _status, page = api("p-lea", "get", "/windows/w-x")
    assert [row["group_id"] for row in page["groups"]] == ["menil"]
    _status, listed = api("p-lea", "get", "/hosts/vrac/products?limit=2")
    assert (len(listed["items"]), listed["total"]) == (2, 9)
