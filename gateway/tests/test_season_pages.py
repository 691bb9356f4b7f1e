"""Pages of a season over the real services: the coordinator's contract, the producer's answer, subscribing, cheques, families."""

import html
import re

import pytest
from season_house import Season


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """One installation for the reading tests; those that change something use contracts of their own."""
    return Season(tmp_path_factory.mktemp("season"))


def words(page) -> str:
    return html.unescape(page.text).replace("\u202f", " ").replace("\xa0", " ")


def send(client, path, status=302, **fields):
    if "HTTP_AUTHORIZATION" not in client.environ_base:  # somebody without an account carries the page's own token
        fields["csrf_token"] = fields_of(client.get(path).text)["csrf_token"]
    page = client.post(path, data=fields)
    assert page.status_code == status, words(page)[-1500:]
    return page


def read(client, path, status=200) -> str:
    page = client.get(path)
    assert page.status_code == status, words(page)[-1500:]
    return words(page)


def fields_of(page) -> dict[str, list[str]]:
    """Every named field of a page as a browser would send it back."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        said = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if said.get("type") in ("checkbox", "radio") and not re.search(r"\bchecked\b", tag):
            continue
        if said.get("name"):
            found.setdefault(said["name"], []).append(html.unescape(said.get("value", "on")))
    for name, body in re.findall(r'<textarea\b[^>]*name="([^"]+)"[^>]*>([^<]*)', page):
        found.setdefault(name, []).append(html.unescape(body))
    for name, body in re.findall(r'<select\b[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        options = re.findall(r'<option value="([^"]*)"( selected)?', body)
        found.setdefault(name, []).append(
            next((value for value, on in options if on), options[0][0] if options else "")
        )
    return found


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
    assert built.call("contract", "Camille", contract_id=contract_id)["months"][0]["deliveries"][0]["on"] == "2026-11-06"
    assert "au lieu du jeudi 5 novembre" in read(built.client("Ali"), f"/rejoindre/{built.amap}/contrats/{contract_id}")
    assert "À remplir" in words(send(camille, address, 422, act="preview", on="2026-11-07"))


@pytest.mark.behaviour("S0:17")
def test_last_seasons_contract_is_renewed_in_one_step(built):
    contract_id, camille = built.opened(title="Fromages"), built.client("Camille")
    page = send(camille, built.path("contrats", contract_id, "renouveler"), title="")
    again = page.location.split("/")[4]
    terms = built.call("contract", "Camille", contract_id=again)["terms"]
    assert terms["starts_on"] == "2027-02-01"
    assert [option["price_cents"] for option in terms["options"]] == [1400, 800]


# -- subscribing -------------------------------------------------------------------------------------------------


def fill(built, contract_id, **more):
    options = built.call("contract", "Camille", contract_id=contract_id)["terms"]["options"]
    return {f"quantity.{options[0]['option_id']}": "1"} | more


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
    dates = [row["delivery_id"] for row in built.call("contract", "Camille", contract_id=contract_id)["terms"]["deliveries"]]
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


# -- the desk and the cheques ------------------------------------------------------------------------------------


@pytest.mark.behaviour("S0:26", "S0:27", "S0:28", "S0:48")
def test_an_inscription_at_the_desk_with_its_cheques_and_their_way_to_the_producer(built):
    contract_id, camille = built.opened(title="Viande"), built.client("Camille")
    desk = built.path("contrats", contract_id, "permanence")
    assert "D’Arc" in read(camille, desk)
    enter = f"{desk}/{built.homes['D’Arc']}"
    chosen = fill(built, contract_id, cheque_count="3", means="cheque", issued_on="2026-10-05")
    assert "Les chèques sur la table" in words(send(camille, enter, 200, act="quote", **chosen))
    nobank = words(send(camille, enter, 422, act="save", **chosen, **{"cheque.0.number": "1001"}))
    assert "Quelle banque ?" in nobank
    numbers = {"cheque.0.number": "1001", "cheque.1.number": "1002", "bank": "Crédit Coopératif"}
    page = send(camille, enter, act="save", signed="1", **chosen, **numbers)
    shown = read(camille, page.location)
    assert shown.count("reçu") == 2
    assert "n° 1001, Crédit Coopératif" in shown
    waiting = read(camille, built.path("cheques", "recevoir") + f"?contrat={contract_id}")
    cheque = re.search(r'name="([\w.-]+)\.number"', waiting).group(1)
    received = built.path("cheques", "recevoir")
    sent = {"contrat": contract_id, "issued_on": "2026-10-05", f"{cheque}.number": "1003", f"{cheque}.bank": "CCP"}
    send(camille, received, **sent)
    assert "3" in read(camille, built.path("cheques") + f"?contrat={contract_id}&etat=received")
    hand = built.path("cheques", "remettre", contract_id)
    preview = read(camille, hand)
    assert "3 chèques, 168,00 €" in preview
    ticked = fields_of(preview)
    page = send(
        camille,
        hand,
        on="2026-10-06",
        cheque_ids=ticked["cheque_ids"],
        subscription_ids=ticked.get("subscription_ids", []),
    )
    assert "pas encore accusé" in read(camille, page.location)
    bundle = built.call("bundles", "Camille", contract_id=contract_id)["bundles"][0]["bundle_id"]
    send(camille, built.path("cheques", "remises", contract_id, bundle, "recu"))
    assert "sur papier" in read(camille, page.location)


def test_a_returned_cheque_is_agreed_anew(built):
    contract_id, camille = built.opened(title="Farine"), built.client("Camille")
    subscription = built.subscribed(contract_id, "Paul", "Rossi", cheque_count=1)
    built.call("confirm_subscription", "Camille", subscription_id=subscription)
    cheque = built.call("subscription", "Camille", subscription_id=subscription)["cheques"][0]["cheque_id"]
    lying = {
        "subscription_id": subscription,
        "cheque_id": cheque,
        "number": "7",
        "bank": "BP",
        "issued_on": "2026-10-05",
    }
    built.call("receive_cheques", "Camille", group_id=built.amap, at="help_desk", cheques=[lying])
    here = built.path("cheques", subscription, cheque)
    assert "À remplir" in words(send(camille, here, 422, reason=""))
    send(camille, here, reason="Sans provision")
    assert "En combien de nouveaux chèques" in read(camille, here)
    send(camille, built.path("cheques", subscription, "echeancier"), cheque_count="3")
    states = [row["state"] for row in built.call("subscription", "Camille", subscription_id=subscription)["cheques"]]
    assert states.count("expected") == 3


def test_ending_early_shows_what_remains_due(built):
    contract_id, camille = built.opened(title="Bière"), built.client("Camille")
    subscription = built.subscribed(contract_id, "Inès", "Nguyen-Lefèvre", cheque_count=1)
    built.call("confirm_subscription", "Camille", subscription_id=subscription)
    here = built.path("contrats", contract_id, "inscriptions", subscription, "arreter")
    wish = {"on": "2026-11-26", "reason": "Déménagement", "recompute": "1"}
    page = words(send(camille, here, 200, act="preview", **wish))
    assert "168,00 € → 42,00 €" in page
    send(camille, here, act="confirm", **wish)
    assert built.call("subscription", "Camille", subscription_id=subscription)["amount_cents"] == 4200


@pytest.mark.behaviour("S0:51-53")
def test_dues_are_collected_in_a_campaign(built):
    nadia, camille = built.client("Nadia"), built.client("Camille")
    opened = {"title": "Cotisations 2027", "opens_on": "2026-10-01", "closes_on": "2027-02-28", "valid_from": "2028-01-01",
              "valid_until": "2028-12-31", "free": "1", "network_dues": "2,50"}  # fmt: skip
    page = send(nadia, built.path("cotisations", "nouvelle"), **opened)
    pay = page.location + "/recevoir"
    assert "À remplir" in words(send(camille, pay, 422, household_id="", group_dues="10"))
    send(
        camille,
        pay,
        household_id=built.homes["Bey"],
        group_dues="12",
        network_dues="2,50",
        gift="5",
        means="cheque",
        number="88",
        bank="BP",
    )
    shown = read(camille, page.location)
    assert "19,50 €" in shown
    assert "Bey" in shown


# -- whom what is shown ------------------------------------------------------------------------------------------


def test_home_tells_coordinators_and_eaters_what_waits(built):
    contract_id = built.opened(title="Noix")
    built.subscribed(contract_id, "Ali", "Bey")
    assert re.search(r"\d+ inscriptions? à confirmer", read(built.client("Camille"), "/"))
    ali = read(built.client("Ali"), "/")
    assert "Signer le contrat : Noix" in ali
    assert "Mes contrats" in ali


def test_pages_of_coordinators_are_not_for_members(built):
    ali, contract_id = built.client("Ali"), built.opened(title="Cidre")
    for part in (
        "contrats",
        f"contrats/{contract_id}",
        f"contrats/{contract_id}/inscriptions",
        "cheques",
        "familles",
        f"cheques/remettre/{contract_id}",
    ):
        assert ali.get(built.path(*part.split("/"))).status_code == 403, part
    assert built.client().get(built.path("contrats")).status_code == 401


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_page_shows_a_name_that_was_not_put_in(built, language):
    contract_id, draft = built.opened(title="Tisanes"), built.draft(title="Savons", basket_kind="ordered")
    subscription = built.subscribed(contract_id, "Camille", "Perrin")
    camille = built.client("Camille")
    camille.set_cookie("grenier-language", language)
    sections = ("general", "limites", "calendrier", "paniers", "commandes", "inscriptions", "paiements")
    parts = ["contrats", "contrats/nouveau", f"contrats/{contract_id}", f"contrats/{draft}", f"contrats/{contract_id}/inscriptions",
             f"contrats/{contract_id}/inscriptions/{subscription}", f"contrats/{contract_id}/permanence", f"contrats/{contract_id}/signatures",
             f"contrats/{contract_id}/permanence/{built.homes['Bey']}", f"contrats/{contract_id}/renouveler", f"contrats/{draft}/envoyer",
             f"contrats/{contract_id}/inscriptions/{subscription}/partage", f"contrats/{contract_id}/inscriptions/{subscription}/arreter",
             "cheques", "cheques/recevoir", f"cheques/remises/{contract_id}", "familles", "cotisations", "mes-contrats",
             f"contrats-ouverts/{contract_id}/inscription", f"mes-contrats/{subscription}/signer",
             *(f"contrats/{draft}/modifier/{section}" for section in sections)]  # fmt: skip
    for part in parts:
        page = read(camille, built.path(*part.split("/")))
        assert not re.search(r"\bNone\b|Undefined|%\(\w+\)|<LazyString|\{\{", page), part
