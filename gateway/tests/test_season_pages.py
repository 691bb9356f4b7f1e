"""Pages of a season over the real services: the coordinator's contract, the producer's answer, subscribing, cheques, families."""

import re

import pytest
from season_forms import fields_of, fill, read, send, words
from season_house import Season


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """One installation for the reading tests; those that change something use contracts of their own."""
    return Season(tmp_path_factory.mktemp("season"))


# -- the draft ---------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S0:21", "S0:22", "S0:25")
def test_a_contract_is_drafted_section_by_section(built):
    camille = built.client("Camille")
    started = {
        "title": "Confitures",
        "producer_id": built.producer,
        "starts_on": "2026-11-01",
        "ends_on": "2027-06-30",
        "basket_kind": "fixed_multiple",
    }
    page = send(camille, built.path("contrats", "nouveau"), **started)
    calendar = page.location
    assert calendar.endswith("/modifier/calendrier")
    pattern = {
        "pattern.first": "2026-11-05",
        "pattern.every": "14",
        "pattern.until": "2027-01-14",
        "pattern.starts": "18:30",
        "pattern.ends": "19:30",
    }
    proposed = send(camille, calendar, 200, act="propose", **pattern)
    dates = [
        value for name, values in fields_of(proposed.text).items() if name.endswith(".on") for value in values if value
    ]
    assert dates == ["2026-11-05", "2026-11-19", "2026-12-03", "2026-12-17", "2026-12-31", "2027-01-14"]
    fields = fields_of(proposed.text) | {"act": "save", "deliveries.1.factor": "2", "deliveries.5.remove": "1"}
    baskets = send(camille, calendar, **fields).location
    assert baskets.endswith("/modifier/paniers")
    options = {
        "basket_kind": "fixed_multiple",
        "rows": "2",
        "options.0.title": "Assortiment",
        "options.0.price": "24,50",
        "options.1.title": "Petit",
        "options.1.price": "9",
        "act": "save",
    }
    payments = send(camille, baskets, **options).location.replace("inscriptions", "paiements")
    send(
        camille,
        payments,
        act="save",
        payee="Ferme des Tilleuls",
        means="cheque",
        counts=["1", "2"],
        calendar="05/11/2026\n05/12/2026",
    )
    contract_id = calendar.split("/")[4]
    terms = built.call("contract", "Camille", contract_id=contract_id)["terms"]
    assert [row["on"] for row in terms["deliveries"]] == dates[:5]
    assert terms["deliveries"][1]["factor_percent"] == 200
    assert [option["price_cents"] for option in terms["options"]] == [2450, 900]
    assert terms["payment"]["calendar"] == ["2026-11-05", "2026-12-05"]
    shown = read(camille, built.path("contrats", contract_id))
    assert "compte double" in shown
    assert "Envoyer au producteur" in shown
    assert "9,00 €" in read(camille, built.path("contrats", contract_id, "apercu"))
    assert "Version 4" in read(camille, built.path("contrats", contract_id, "versions"))


def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(built):
    camille, contract_id = built.client("Camille"), built.draft()
    address = built.path("contrats", contract_id, "modifier", "paniers")
    page = words(send(camille, address, 422, basket_kind="fixed_multiple", rows="1", act="save",
                      **{"options.0.title": "Panier d’été", "options.0.price": "douze"}))  # fmt: skip
    assert "Écrivez un montant en euros" in page
    assert 'value="Panier d’été"' in page
    assert 'href="#options.0.price"' in page
    general = built.path("contrats", contract_id, "modifier", "general")
    page = words(send(camille, general, 422, title="", starts_on="2027-01-01", ends_on="2026-01-01", act="save"))
    assert "2 informations à corriger" in page


def test_a_section_with_more_rows_keeps_those_that_are_filled(built):
    camille, contract_id = built.client("Camille"), built.draft()
    address = built.path("contrats", contract_id, "modifier", "paniers")
    page = send(camille, address, 200, act="more", rows="2", basket_kind="modular", **{"options.0.title": "Miel"})
    assert page.text.count('name="options.6.title"') == 1
    assert 'value="Miel"' in page.text


def test_two_who_edit_at_once_are_told(built):
    camille, contract_id = built.client("Camille"), built.draft()
    general = built.path("contrats", contract_id, "modifier", "general")
    fields = {"starts_on": "2026-11-01", "ends_on": "2027-01-31", "act": "save", "version": "1"}
    send(camille, general, title="Légumes", **fields)
    page = words(send(camille, general, 409, title="Légumes d’Ambert", **fields))
    assert "Quelqu’un a modifié le contrat entre-temps" in page
    assert "Légumes d’Ambert" in page


def test_order_rounds_have_a_section_when_goods_are_ordered(built):
    camille, contract_id = built.client("Camille"), built.draft(basket_kind="ordered")
    address = built.path("contrats", contract_id, "modifier", "commandes")
    fields = fields_of(read(camille, address)) | {"act": "save"}
    send(camille, address, **fields)
    rounds = built.call("contract", "Camille", contract_id=contract_id)["terms"]["rounds"]
    assert len(rounds) == 12
    first = next(name for name in fields if name.endswith("closes_at"))
    page = words(send(camille, address, 422, **(fields | {first: "2027-01-01T20:00"})))
    assert "La clôture vient avant la livraison." in page


@pytest.mark.behaviour("S0:3-7")
def test_who_coordinates_a_contract_reads_what_that_means_and_where_it_is_done(built):
    camille, here = built.client("Camille"), built.path("roles", "coordination")
    assert here in read(camille, built.path("roles"))
    page = read(camille, here)
    for duty in ("Relayer aux producteurs les questions", "le faire valider par le producteur", "bénévole", "Perrin"):
        assert duty in page
    duties = page.partition('id="duty-1"')[2].partition("</main>")[0]
    places = set(re.findall(r'<li><a href="([^"]+)"', duties))
    assert len(places) > 8
    assert {address: camille.get(address).status_code for address in places} == dict.fromkeys(places, 200)
    assert built.client().get(here).status_code == 401
    # Members read the same duties; only what is open to them is a link.
    ali = built.client("Ali")
    page = read(ali, here)
    assert "Recevoir les chèques" in page
    duties = page.partition('id="duty-1"')[2].partition("</main>")[0]
    places = set(re.findall(r'<li><a href="([^"]+)"', duties))
    assert built.path("agenda") in places
    assert {address: ali.get(address).status_code for address in places} == dict.fromkeys(places, 200)


# -- the producer's answer ---------------------------------------------------------------------------------------


@pytest.mark.behaviour("S0:23", "S0:24")
def test_the_producer_answers_by_the_link_and_the_contract_opens(built):
    camille, contract_id = built.client("Camille"), built.draft(title="Pommes et poires")
    here = built.path("contrats", contract_id)
    assert "ne s’ouvre" not in read(camille, here)
    refused = words(send(camille, here + "/ouvrir", 409))
    assert "Le producteur n’a pas encore approuvé" in refused
    page = send(camille, here + "/envoyer", 200, answer_until="2026-10-20")
    link = re.search(r"/producteur/reponse/[^\"]+", page.text).group(0)
    nobody = built.client()
    assert "Pommes et poires" in read(nobody, link)
    assert nobody.get(link + "/contrat.pdf").data.startswith(b"%PDF")
    assert built.call("contract", "Camille", contract_id=contract_id)["status"] == "submitted"  # looking is no answer
    assert "Cochez la case" in words(send(nobody, link, 422, answer="approve"))
    assert "Dites ce qu’il faudrait changer" in words(send(nobody, link, 422, answer="changes"))
    send(nobody, link, answer="changes", comment="Plutôt le samedi.")
    assert "Plutôt le samedi." in read(camille, here)
    send(camille, here + "/modifier/general", title="Pommes", starts_on="2026-11-01", ends_on="2027-01-31", act="save")
    page = send(camille, here + "/envoyer", 200, answer_until="2026-10-20")
    link = re.search(r"/producteur/reponse/[^\"]+", page.text).group(0)
    send(nobody, link, answer="approve", agreed="1")
    preview = read(camille, here + "/ouvrir")
    assert "foyers du groupe voient le contrat" in preview
    send(camille, here + "/ouvrir")
    public = read(nobody, f"/rejoindre/{built.amap}")
    assert "Pommes" in public
    shown = read(nobody, f"/rejoindre/{built.amap}/contrats/{contract_id}")
    assert "Ferme des Tilleuls" in shown
    assert "14,00 €" in shown


def test_a_producer_who_is_signed_in_answers_too(built):
    contract_id = built.draft(title="Œufs")
    built.call("submit_contract", "Camille", contract_id=contract_id, version=1)
    jeanne = built.client("Jeanne")
    assert "Œufs" in read(jeanne, "/producteur/contrats")
    send(jeanne, f"/producteur/contrats/{contract_id}", answer="approve", agreed="1")
    assert built.call("contract", "Camille", contract_id=contract_id)["status"] == "approved"
    assert built.client("Ali").get("/producteur/contrats").status_code == 403


@pytest.mark.behaviour("S0:22")
def test_a_delivery_is_moved_after_seeing_who_is_told(built):
    contract_id = built.opened(title="Pain")
    subscription = built.subscribed(contract_id, "Ali", "Bey")
    built.call("confirm_subscription", "Camille", subscription_id=subscription)
    delivery = built.call("contract", "Camille", contract_id=contract_id)["terms"]["deliveries"][0]
    camille = built.client("Camille")
    address = built.path("contrats", contract_id, "livraisons", delivery["delivery_id"], "deplacer")
    moved = {"on": "2026-11-06", "starts": "18:30", "ends": "19:30", "reason": "La salle est prise."}
    page = words(send(camille, address, 200, act="preview", **moved))
    assert "1 foyer sera prévenu" in page
    assert "Bey" in page
    assert built.call("contract", "Camille", contract_id=contract_id)["terms"]["deliveries"][0]["on"] == "2026-11-05"
    send(camille, address, act="confirm", **moved)
    assert (
        built.call("contract", "Camille", contract_id=contract_id)["months"][0]["deliveries"][0]["on"] == "2026-11-06"
    )
    assert "au lieu du jeudi 5 novembre" in read(built.client("Ali"), f"/rejoindre/{built.amap}/contrats/{contract_id}")
    assert "À remplir" in words(send(camille, address, 422, act="preview", on="2026-11-07"))


@pytest.mark.behaviour("S0:22")
def test_a_missed_basket_is_made_up_on_a_day_that_is_added(built):
    contract_id = built.opened(title="Pain")
    subscription = built.subscribed(contract_id, "Ali", "Bey")
    built.call("confirm_subscription", "Camille", subscription_id=subscription)
    before = built.call("subscription", "Ali", subscription_id=subscription)["amount_cents"]
    missed = built.call("contract", "Camille", contract_id=contract_id)["terms"]["deliveries"][0]["delivery_id"]
    built.call("cancel_delivery", "Camille", contract_id=contract_id, delivery_id=missed, reason="Gel.")
    camille = built.client("Camille")
    address = built.path("contrats", contract_id, "livraisons", "ajouter")
    assert address in read(camille, built.path("contrats", contract_id))
    added = {"on": "2026-11-07", "starts": "10:00", "ends": "11:00", "factor": "1", "reason": "Rattrape le gel.",
             "replaces_delivery_id": missed}  # fmt: skip
    page = words(send(camille, address, 200, act="preview", **added))
    assert "1 foyer sera prévenu" in page
    assert "sans rien payer de plus" in page
    send(camille, address, act="confirm", **added)
    now = built.call("contract", "Camille", contract_id=contract_id)
    assert ("2026-11-07", "10:00") in {(one["on"], one["starts"]) for one in now["months"][0]["deliveries"]}
    assert built.call("subscription", "Ali", subscription_id=subscription)["amount_cents"] == before
    baskets = built.call("household_baskets", "Ali", household_id=built.homes["Bey"])["baskets"]
    assert "2026-11-07" in {basket["on"] for basket in baskets}
    assert "Déjà rattrapée" in words(send(camille, address, 409, act="confirm", **{**added, "on": "2026-11-08"}))
    assert "Livraison ajoutée" in read(camille, built.path("contrats", contract_id))


@pytest.mark.behaviour("S0:17")
def test_last_seasons_contract_is_renewed_in_one_step(built):
    contract_id, camille = built.opened(title="Fromages"), built.client("Camille")
    page = send(camille, built.path("contrats", contract_id, "renouveler"), title="")
    again = page.location.split("/")[4]
    terms = built.call("contract", "Camille", contract_id=again)["terms"]
    assert terms["starts_on"] == "2027-02-01"
    assert [option["price_cents"] for option in terms["options"]] == [1400, 800]


# -- subscribing -------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S0:17", "S0:28", "S0:30")
def test_a_member_subscribes_online_and_is_confirmed(built):
    contract_id = built.opened(title="Légumes de Zoé")
    zoe, camille = built.client("Zoé"), built.client("Camille")
    form = built.path("contrats-ouverts", contract_id, "inscription")
    empty = words(send(zoe, form, 422, act="quote"))
    assert "Choisissez au moins un panier." in empty
    counted = words(send(zoe, form, 200, act="quote", **fill(built, contract_id)))
    assert "168,00 €" in counted
    assert "3 chèques de 56,00 €" in counted
    assert "pour 12 livraisons" in counted
    unsigned = words(send(zoe, form, 422, act="subscribe", **fill(built, contract_id, cheque_count="3")))
    assert "Cochez la case pour signer" in unsigned
    page = send(zoe, form, act="subscribe", agreed="1", **fill(built, contract_id, cheque_count="3"))
    mine = read(zoe, page.location)
    assert "à confirmer" in mine
    assert "le foyer" in mine
    subscription_id = page.location.rsplit("/", 1)[1]
    listed = read(camille, built.path("contrats", contract_id, "inscriptions"))
    assert "Martin" in listed
    send(camille, built.path("contrats", contract_id, "inscriptions", "confirmer"), subscription_ids=[subscription_id])
    assert "confirmée" in read(zoe, built.path("mes-contrats", subscription_id))
    families = read(camille, built.path("familles") + "?date=2026-11-20")
    assert "Légumes de Zoé" in families
    csv = camille.get(built.path("familles") + "?date=2026-11-20&format=csv").text
    assert "Martin" in csv
    assert camille.get(built.path("familles") + "?format=xlsx").data[:2] == b"PK"


def test_a_member_says_when_they_are_away_and_may_take_it_back(built):
    contract_id = built.opened(title="Miel")
    dates = [
        row["delivery_id"] for row in built.call("contract", "Camille", contract_id=contract_id)["terms"]["deliveries"]
    ]
    subscription_id = built.subscribed(contract_id, "Paul", "Rossi", absences=dates[:1])
    paul = built.client("Paul")
    away = built.path("mes-contrats", subscription_id, "absences")
    assert "Au plus 2." in words(send(paul, away, 422, delivery_ids=dates[:3]))
    assert "Le nombre d’absences est fixé" in words(send(paul, away, 409, delivery_ids=dates[:2]))
    send(paul, away, delivery_ids=dates[1:2])
    assert built.call("subscription", "Paul", subscription_id=subscription_id)["absences"] == dates[1:2]
    assert "sauté" in read(paul, built.path("mes-contrats", subscription_id))
    send(paul, built.path("mes-contrats", subscription_id, "retirer"), reason="")
    assert "déclinée" in read(paul, built.path("mes-contrats"))
    assert built.client("Ali").get(built.path("mes-contrats", subscription_id)).status_code in (403, 404)


def test_who_comes_too_late_waits_and_gets_the_place(built):
    contract_id = built.opened(title="Champignons", sign_up={"max_households": 1})
    first = built.subscribed(contract_id, "Ali", "Bey")
    eloise, camille = built.client("Éloïse"), built.client("Camille")
    form = built.path("contrats-ouverts", contract_id, "inscription")
    assert "liste d’attente" in words(send(eloise, form, 200, act="quote", **fill(built, contract_id)))
    page = send(eloise, form, act="subscribe", sign="paper", **fill(built, contract_id, cheque_count="1"))
    waiting = page.location.rsplit("/", 1)[1]
    inscriptions = built.path("contrats", contract_id, "inscriptions")
    assert "Donner une place" in read(camille, inscriptions)
    send(camille, f"{inscriptions}/{first}/decliner", reason="Plus de place")
    send(camille, f"{inscriptions}/{waiting}/place")
    assert built.call("subscription", "Camille", subscription_id=waiting)["state"] == "to_confirm"
