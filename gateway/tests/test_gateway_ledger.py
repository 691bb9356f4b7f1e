"""Pages and API of money, over the real ledger: the evening of a distribution until the envelope is closed."""

import re

import pytest
from ledger_house import DISTRIBUTION, Evening


@pytest.fixture
def evening(tmp_path):
    evening = Evening(tmp_path)
    evening.order_all()
    evening.sign_off("Paul", "Odette")
    return evening


def text_of(answer):
    assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]
    return words_of(answer)


def words_of(answer):
    body = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True).split("<main")[1])
    return " ".join(body.replace("\u00a0", " ").replace("&#39;", "'").split())


def caisse(evening, path=""):
    return f"/groupes/{evening.group}/caisse{path}"


def open_till(evening):
    answer = evening.client("Nadia").post(caisse(evening, "/ouvrir"), data={"float": "50"})
    assert answer.status_code == 302
    return evening.tell("current_till", evening.persons["Nadia"], "ledger", group_id=evening.group)["till"]["till_id"]


def pay(evening, till_id, first, **fields):
    data = {"household_id": evening.households[first], **fields}
    return evening.client("Nadia").post(caisse(evening, f"/{till_id}/paiements"), data=data)


@pytest.mark.behaviour("S0:42-44", "S0:46")
def test_my_statement_opens_to_the_facts_behind_each_line(evening):
    paul = evening.client("Paul")
    home = evening.households["Paul"]
    assert paul.get("/mon-compte").headers["Location"].endswith(f"/mon-compte/{home}")
    page = paul.get(f"/mon-compte/{home}")
    text = text_of(page)
    assert "−23,20 €" in text
    assert "Dernier mouvement : Produits retirés, −23,20 €" in text
    entry = re.search(rf"/mon-compte/{home}/ecritures/[\w-]+", page.get_data(as_text=True)).group()
    told = text_of(paul.get(entry))
    for fact in (
        "Commande validée : 2 produits",
        "Pesée : Comté 12 mois, 1,050 kg, 16,70 €",
        "Émargement : 2 produits, 23,20 €",
    ):
        assert fact in told
    assert "par Nadia B." in told
    assert "Produits vendus" in told


def test_what_is_ordered_stands_beside_the_balance_and_a_past_day_shows_its_own_balance(evening):
    nadia = evening.client("Nadia")
    text = text_of(nadia.get(f"/mon-compte/{evening.households['Nadia']}"))
    assert "Commandé, pas encore retiré" in text
    assert "22,40 €" in text
    before = text_of(evening.client("Paul").get(f"/mon-compte/{evening.households['Paul']}?au=2026-11-24"))
    assert "Solde au mardi 24 novembre" in before
    assert "−23,20" not in before
    csv = evening.client("Paul").get(f"/mon-compte/{evening.households['Paul']}?format=csv")
    assert "-23,20" in csv.get_data(as_text=True)


def test_a_household_sees_its_own_account_only(evening):
    for path in (f"/mon-compte/{evening.households['Odette']}", f"/groupes/{evening.group}/comptes"):
        assert evening.client("Paul").get(path).status_code in (403, 404)
    api = evening.client("Paul").get(f"/api/v1/households/{evening.households['Odette']}/balance")
    assert api.status_code in (403, 404)
    assert evening.client().get(f"/api/v1/households/{evening.households['Odette']}/balance").status_code == 401


def test_the_balance_over_the_api_comes_from_the_gateways_projection(evening):
    answer = evening.client("Paul").get(f"/api/v1/households/{evening.households['Paul']}/balance")
    assert answer.json["balance_cents"] == -2320
    assert answer.json["committed_cents"] == 0
    past = evening.client("Paul").get(
        f"/api/v1/households/{evening.households['Paul']}/balance?as_of=2026-11-20T00:00:00Z"
    )
    assert past.json["balance_cents"] == 0
    assert evening.client("Paul").get("/api/v1/households/none/balance").status_code == 404


@pytest.mark.behaviour("S1:74", "S1:76-78", "S1:90-92")
def test_an_evening_at_the_till(evening):
    nadia, tom = evening.client("Nadia"), evening.client("Tom")
    till_id = open_till(evening)
    text = text_of(nadia.get(caisse(evening)))
    assert "2 foyers à encaisser" in text
    assert "Martin" in text
    desk = nadia.get(caisse(evening, f"?foyer={evening.households['Paul']}"))
    assert 'value="23,20"' in desk.get_data(as_text=True)
    assert "À payer : 23,20 €" in text_of(desk)
    assert pay(evening, till_id, "Paul", amount="23,20", means="cash", tendered="20").status_code == 422
    assert pay(evening, till_id, "Paul", amount="23,20", means="cash", tendered="25").status_code == 302
    assert pay(evening, till_id, "Odette", amount="10", means="cheque").status_code == 422
    assert pay(evening, till_id, "Odette", amount="10", means="cheque", number="0042", bank="LBP").status_code == 302
    assert "1 foyer à encaisser" in text_of(nadia.get(caisse(evening)))
    assert nadia.get(caisse(evening, f"/{till_id}/compter")).status_code == 403
    count_url = caisse(evening, f"/{till_id}/compter")
    cheque = re.search(r'name="cheque" value="([\w-]+)"', tom.get(count_url).get_data(as_text=True)).group(1)
    counted = tom.post(
        count_url, data={"c5000": "1", "c2000": "1", "c200": "1", "c50": "1", "c20": "1", "cheque": cheque}
    )
    assert counted.status_code == 302
    verdict = text_of(tom.get(count_url))
    assert "72,70 €" in verdict
    assert "−0,50 €" in verdict
    assert "Il manque 0,50 €" in verdict
    assert tom.post(caisse(evening, f"/{till_id}/fermer")).headers["Location"].endswith("#ecart")
    tom.post(caisse(evening, f"/{till_id}/expliquer"), data={"explanation": "monnaie rendue deux fois"})
    closed = tom.post(caisse(evening, f"/{till_id}/fermer"))
    assert closed.headers["Location"].endswith(f"/caisse/{till_id}")
    report = text_of(tom.get(caisse(evening, f"/{till_id}")))
    for shown in ("Fond de caisse 50,00 €", "monnaie rendue deux fois", "1 chèque, 10,00 €", "Comptée par Tom Rossi"):
        assert shown in report
    assert "La somme de tous les comptes est 0,00 €" in text_of(
        tom.get(f"/groupes/{evening.group}/comptes/balance-generale")
    )


def test_who_only_reads_the_till_is_not_asked_to_open_it(evening):
    page = text_of(evening.client("Léa").get(caisse(evening)))
    assert "Aucune caisse n’est ouverte." in page
    assert "Ouvrir la caisse" not in page


def test_the_key_enter_does_not_turn_a_cheque_into_cash(evening):
    """Browsers press the first button of a form, which is the one for cash."""
    till_id = open_till(evening)
    refused = pay(evening, till_id, "Paul", amount="23,20", means="cash", number="0042")
    assert refused.status_code == 422
    assert "Pour des espèces, effacez ce numéro" in words_of(refused)
    assert 'value="0042"' in refused.get_data(as_text=True)


def test_what_is_wrong_with_a_count_is_told_by_coin_and_at_the_explanation(evening):
    till_id, tom = open_till(evening), evening.client("Tom")
    url = caisse(evening, f"/{till_id}/compter")
    wrong = tom.post(url, data={"c5000": "deux", "c200": "3"})
    assert wrong.status_code == 422
    assert "50,00 € : Un nombre entier est attendu." in words_of(wrong)
    assert re.search(r'id="c200"[^>]*value="3"', wrong.get_data(as_text=True))
    tom.post(url, data={"c2000": "2"})
    empty = tom.post(caisse(evening, f"/{till_id}/expliquer"), data={"explanation": " " * 3})
    long = tom.post(caisse(evening, f"/{till_id}/expliquer"), data={"explanation": "rendu " * 100})
    for answer in (empty, long):
        assert answer.status_code == 422
        assert "D’où vient l’écart ? :" in words_of(answer)
        assert re.search(r'id="c2000"[^>]*value="2"', answer.get_data(as_text=True)), "the count stays"
    assert "rendu rendu" in words_of(long)


def test_a_difference_that_was_explained_stays_on_the_slip_after_a_later_payment(evening):
    till_id, tom = open_till(evening), evening.client("Tom")
    tom.post(caisse(evening, f"/{till_id}/compter"), data={"c2000": "2"})
    tom.post(caisse(evening, f"/{till_id}/expliquer"), data={"explanation": "billet perdu"})
    pay(evening, till_id, "Paul", amount="23,20", means="cash")
    tom.post(caisse(evening, f"/{till_id}/compter"), data={"c2000": "3", "c200": "1", "c100": "1", "c20": "1"})
    tom.post(caisse(evening, f"/{till_id}/fermer"))
    assert "Écart −10,00 € – billet perdu" in text_of(tom.get(caisse(evening, f"/{till_id}")))


def test_a_payment_is_undone_after_seeing_what_it_does(evening):
    till_id = open_till(evening)
    pay(evening, till_id, "Paul", amount="23,20", means="cash")
    nadia = evening.client("Nadia")
    link = re.search(
        r"/caisse/[\w-]+/paiements/[\w-]+/annuler", nadia.get(caisse(evening)).get_data(as_text=True)
    ).group()
    path = f"/groupes/{evening.group}{link}"
    assert "Le solde du foyer passe de 0,00 € à −23,20 €" in text_of(nadia.get(path))
    assert nadia.post(path, data={"reason": ""}).status_code == 422
    assert nadia.post(path, data={"reason": "deux clics"}).status_code == 302
    assert "annulé" in text_of(nadia.get(caisse(evening)))
    assert nadia.post(path, data={"reason": "encore"}).status_code == 409


def test_who_opens_the_till_second_comes_to_the_one_that_is_open(evening):
    till_id, tom = open_till(evening), evening.client("Tom")
    answer = tom.post(caisse(evening, "/ouvrir"), data={"float": "20"}, follow_redirects=True)
    text = text_of(answer)
    assert "La caisse était déjà ouverte : c’est celle-ci." in text
    assert "2 foyers à encaisser" in text
    path = f"/api/v1/groups/{evening.group}/tills"
    refused = tom.post(path, json={"float_cents": 0})
    assert (refused.status_code, refused.json["code"]) == (409, "till-already-open")
    assert refused.json["facts"] == {"till_id": till_id}
    assert [(row["till_id"], row["float_cents"]) for row in tom.get(path).json["items"]] == [(till_id, 5000)]


def test_an_amap_takes_no_money_at_the_till(tmp_path):
    amap = Evening(tmp_path, "csa")
    assert "Pas d’argent à la distribution d’une AMAP" in text_of(amap.client("Nadia").get(caisse(amap)))
    refused = amap.client("Nadia").post(caisse(amap, "/ouvrir"), data={"float": "0"})
    assert refused.status_code == 409
    api = amap.client("Nadia").post(f"/api/v1/groups/{amap.group}/tills", json={"float_cents": 0})
    assert (api.status_code, api.json["code"]) == (409, "no-money-at-csa-distribution")


@pytest.mark.behaviour("S0:47", "S0:48")
def test_the_treasurer_receives_a_cheque_reverses_it_and_tells_the_households_in_the_red(evening):
    tom, paul = evening.client("Tom"), evening.households["Paul"]
    base = f"/groupes/{evening.group}/comptes"
    accounts = text_of(tom.get(base))
    assert "foyers débiteurs 2" in accounts
    assert accounts.index("Martin") < accounts.index("Rossi")
    assert "Martin" in text_of(tom.get(f"{base}?q=martin"))
    assert tom.post(f"{base}/{paul}/provision", data={"amount": "12,345", "number": "1"}).status_code == 422
    assert tom.post(f"{base}/{paul}/provision", data={"amount": "50", "number": "123", "bank": "CA"}).status_code == 302
    page = tom.get(f"{base}/{paul}").get_data(as_text=True)
    assert "Chèque de provision n° 123" in page.replace("\u00a0", " ")
    entry = re.search(rf"{base}/{paul}/ecritures/[\w-]+", page).group()
    assert "Le solde du foyer passe de 26,80 € à −23,20 €" in text_of(tom.get(f"{entry}/extourner"))
    assert tom.post(f"{entry}/extourner", data={"reason": "rejeté par la banque"}).status_code == 302
    assert tom.get(f"{entry}/extourner").status_code == 302
    assert "rejeté par la banque" in text_of(tom.get(f"{base}/{paul}"))
    assert "2 foyers recevront ce message" in text_of(tom.get(f"{base}/soldes-debiteurs"))
    assert tom.post(f"{base}/soldes-debiteurs", data={"household_id": paul}).status_code == 302
    messages = [m for m in evening.house.events("notify.message-requested") if m.template == "negative-balance"]
    assert [m.household_id for m in messages] == [paul]
    assert tom.post(f"{base}/{paul}/correction", data={"amount": "-2,50", "reason": "bocal cassé"}).status_code == 302
    dues = {"amount": "1", "means": "cheque", "number": "9"}
    assert tom.post(f"{base}/{paul}/cotisation", data=dues).status_code == 302
    assert "−25,70 €" in text_of(tom.get(f"{base}/{paul}"))


def test_the_home_page_says_what_is_owed_and_why_and_what_is_to_be_counted(evening):
    open_till(evening)
    paul = text_of(evening.client("Paul").get("/"))
    assert "Je dois 23,20 €" in paul
    assert "Produits retirés, −23,20 €" in paul
    tom = text_of(evening.client("Tom").get("/"))
    assert "Faire la caisse de VRAC Belleville" in tom
    assert "2 foyers débiteurs" in tom


def test_the_till_over_the_api(evening):
    nadia, tom = evening.client("Nadia"), evening.client("Tom")
    base = f"/api/v1/groups/{evening.group}/tills"
    till_id = nadia.post(base, json={"float_cents": 1000}).json["id"]
    body = {"household_id": evening.households["Paul"], "means": "cash", "amount_cents": 2320}
    key = {"Idempotency-Key": "one-payment"}
    first = nadia.post(f"{base}/{till_id}/payments", json=body, headers=key)
    again = nadia.post(f"{base}/{till_id}/payments", json=body, headers=key)
    assert first.status_code == again.status_code == 201
    assert first.json == again.json
    other = nadia.post(f"{base}/{till_id}/payments", json={**body, "amount_cents": 1}, headers=key)
    assert (other.status_code, other.json["code"]) == (422, "idempotency-key-reused")
    assert nadia.post(f"{base}/{till_id}/payments", json={**body, "surprise": 1}).status_code == 422
    assert nadia.put(f"{base}/{till_id}/count", json={"coins": {}}).status_code == 403
    assert tom.put(f"{base}/{till_id}/closed").json["code"] == "count-first"
    assert (
        tom.put(
            f"{base}/{till_id}/count", json={"coins": {"2000": 1, "1000": 1, "200": 1, "100": 1, "20": 1}}
        ).status_code
        == 200
    )
    assert tom.put(f"{base}/{till_id}/closed").status_code == 200
    state = tom.get(f"{base}/{till_id}").json
    assert (state["state"], state["cash_cents"], state["difference_cents"]) == ("closed", 3320, 0)
    assert tom.get(f"/api/v1/groups/{evening.group}/trial-balance").json["sum_cents"] == 0
    journal = tom.get(f"/api/v1/groups/{evening.group}/journal")
    assert journal.get_data(as_text=True).startswith("commodity EUR")
    statement = evening.client("Paul").get(f"/api/v1/households/{evening.households['Paul']}/statement").json
    assert [line["running_cents"] for line in statement["lines"]] == [-2320, 0]
    entry = evening.client("Paul").get(f"/api/v1/entries/{statement['lines'][0]['entry_id']}").json
    assert entry["facts"][0]["name"] == "orders.order-confirmed"
    assert DISTRIBUTION.isoformat()[:10] == statement["lines"][0]["at"][:10]
