"""The help desk of a season, its cheques on their way, dues, the home page, and whom what is shown."""

import re

import pytest
from season_forms import fields_of, fill, read, send, words
from season_house import Season

from gateway.calls import tell
from gateway.pages import desk
from grenier.errors import Rejected


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """One installation for the reading tests; those that change something use contracts of their own."""
    return Season(tmp_path_factory.mktemp("season"))


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


def test_a_cheque_of_the_future_is_told_at_its_line_in_words(built):
    contract_id, camille = built.opened(title="Laine"), built.client("Camille")
    subscription = built.subscribed(contract_id, "Paul", "Rossi", cheque_count=1)
    built.call("confirm_subscription", "Camille", subscription_id=subscription)
    cheque = built.call("subscription", "Camille", subscription_id=subscription)["cheques"][0]["cheque_id"]
    sent = {"contrat": contract_id, "issued_on": "2026-12-24", f"{cheque}.number": "77", f"{cheque}.bank": "CCP"}
    page = words(send(camille, built.path("cheques", "recevoir"), 422, **sent))
    assert "Pas dans l’avenir." in page
    assert "Voyez le détail" not in page


def test_the_desk_says_confirmed_only_when_it_is(built, monkeypatch):
    contract_id, camille = built.opened(title="Miel"), built.client("Camille")
    enter = built.path("contrats", contract_id, "permanence", built.homes["Bey"])

    def refusing(service, method, **payload):
        if method == "confirm_subscription":
            raise Rejected("contract-ended")
        return tell(service, method, **payload)

    monkeypatch.setattr(desk, "tell", refusing)
    page = send(
        camille, enter, act="save", **fill(built, contract_id, cheque_count="1", means="cheque", issued_on="2026-10-05")
    )
    shown = read(camille, page.location)
    assert "Le contrat est terminé" in shown
    assert "confirmée." not in shown


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
