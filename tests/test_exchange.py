"""S4 through the door: coming and going, offering, reserving, validating, the note."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import icalendar
import pytest

from tests.exchange_world import NEXT, Amap, link_in, page, press, text_of

BASKETS = "/groups/{}/exchange/baskets"


@pytest.fixture
def amap(tmp_path: Path) -> Amap:
    return Amap(tmp_path)


# -- coming (S4:1-33) ----------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S4:1-5", "S4:30-32")
def test_the_space_has_settings_and_its_explanations_one_click_away(amap: Amap) -> None:
    home = f"/groupes/{amap.group}/intermittents"
    assert "Espace intermittents" in page(amap, "Ann", home)
    for path, word in (("glossaire", "Émarger"), ("administration", "référent"), ("inscription", "adhérent")):
        address = f"/aide/intermittents/{path}"
        assert address in amap.as_("Ann").get(home).get_data(as_text=True)
        assert word in page(amap, "", address)
    press(amap, "Orga", f"{home}/reglages", enabled="1", cutoff_hours="48", purge_months="6", mailbox="paniers@amap.example",
          referent_id=amap.people["Orga"], note="Portail : 1234", tell_members="1")  # fmt: skip
    found = amap.api("Ann", "GET", f"/groups/{amap.group}/exchange")
    assert found["settings"]["cutoff_hours"] == 48
    assert found["referent"] == "Orga Roy"
    assert page(amap, "Ann", f"{home}/reglages", 403)
    assert page(amap, "Zoe", f"{home}/reglages", 404)
    refused = amap.api("Orga", "PATCH", f"/groups/{amap.group}/exchange/settings", 422, cutoff_hours=0)
    assert "cutoff_hours" in refused["errors"]


@pytest.mark.behaviour("S4:7-11", "S4:22-28")
def test_a_member_enrols_by_a_button_and_then_hears_of_every_basket(amap: Amap) -> None:
    press(amap, "Bob", f"/groupes/{amap.group}/intermittents/inscription")
    mail, text = amap.mail("exchange-enrolled")
    assert mail["To"] == "Bob Martin <bob@x.example>"
    amap.offer("Ann")
    mail, text = amap.mail("exchange-offered")
    assert mail["To"] == "Bob Martin <bob@x.example>"
    for word in (
        "Légumes de saison",
        "1 × Grand panier",
        "2 × Douzaine d’œufs",
        "Salle des fêtes",
        "jeudi 5 novembre à 18",
    ):
        assert word in text
    assert "Diallo" not in text, "nobody's name before the holder's yes"
    offers = page(amap, "Bob", f"/groupes/{amap.group}/intermittents")
    assert "jeudi 5 novembre" in offers
    assert "1 Grand panier, 2 Douzaine d’œufs" in offers


@pytest.mark.behaviour("S4:15-20")
def test_who_is_no_member_writes_to_the_mailbox_and_the_referent_enrols(amap: Amap) -> None:
    amap.api("Orga", "PATCH", f"/groups/{amap.group}/exchange/settings", mailbox="paniers@amap.example")
    assert "paniers@amap.example" in page(amap, "", f"/rejoindre/{amap.group}/intermittents")
    press(amap, "Orga", f"/groupes/{amap.group}/intermittents/inscrire", first_name="Flo", last_name="Verte",
          email="flo@ailleurs.example")  # fmt: skip
    mail, _text = amap.mail("exchange-enrolled")
    assert mail["To"] == "Flo Verte <flo@ailleurs.example>"
    assert mail["Reply-To"] == "paniers@amap.example"
    taker = amap.house.call("contracts", "person_by_email", {"email": "flo@ailleurs.example"}, actor="system:gateway")
    amap.people["Flo"] = taker["person_id"]
    amap.offer("Ann")
    assert "1 Grand panier" in page(amap, "Flo", f"/groupes/{amap.group}/intermittents")
    amap.api("Flo", "POST", f"/baskets/{amap.basket_id()}/request")
    # A taker sees the exchange and nothing else of the group.
    for path in (f"/groups/{amap.group}", f"/groups/{amap.group}/members", f"/groups/{amap.group}/contracts"):
        assert amap.as_("Flo").get(f"/api/v1{path}").status_code == 404
    takers = page(amap, "Orga", f"/groupes/{amap.group}/intermittents/inscrits")
    assert "Flo Verte" in takers
    assert "par le référent" in takers


@pytest.mark.behaviour("S4:33")
def test_a_member_enrols_somebody_who_then_says_yes(amap: Amap) -> None:
    press(amap, "Ann", f"/groupes/{amap.group}/intermittents/inscrire", first_name="Gus", email="gus@ailleurs.example")
    mail, text = amap.mail("exchange-confirm")
    assert mail["To"] == "Gus <gus@ailleurs.example>"
    assert "Ann D." in text
    amap.offer("Cat")
    assert amap.mails("exchange-offered") == []
    link = link_in(text, "confirmer")
    before = amap.house.log.head()
    assert "Oui, je veux bien" in page(amap, "", link)
    assert amap.house.log.head() == before, "opening a link changes nothing"
    assert "Bienvenue" in press(amap, "", link)
    amap.offer("Ann")
    assert [mail["To"] for mail in amap.mails("exchange-offered")] == ["Gus <gus@ailleurs.example>"]


def test_a_group_may_keep_its_baskets_among_members(amap: Amap) -> None:
    amap.api("Orga", "PATCH", f"/groups/{amap.group}/exchange/settings", members_only=True)
    body = {"first_name": "Flo", "email": "flo@ailleurs.example"}
    refused = amap.api("Orga", "POST", f"/groups/{amap.group}/exchange/takers", 409, **body)
    assert refused["code"] == "exchange-members-only"
    amap.takes("Bob")


# -- offering (S4:35-45) -------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S4:40-42")
def test_absence_date_cede(amap: Amap) -> None:
    home = f"/groupes/{amap.group}/intermittents/absence"
    dates = page(amap, "Ann", home)
    assert "jeudi 5 novembre" in dates
    assert "jeudi 12 novembre" in dates
    body = amap.basket("Ann")
    path = f"{home}/{body['contract_id']}/{body['subscription_id']}/{body['delivery_id']}"
    assert "Céder mon panier" in page(amap, "Ann", path)
    assert "proposé" in press(amap, "Ann", path, audience="takers")
    again = amap.as_("Ann").post(f"/api/v1{BASKETS.format(amap.group)}", json=amap.basket("Ann", audience="named",
                                 friend={"first_name": "Flo", "phone": "0612345678"}))  # fmt: skip
    assert (again.status_code, again.get_json()["code"]) == (409, "basket-offered")
    # Somebody else's basket does not exist, nor does one of a date that is none.
    amap.api("Bob", "POST", BASKETS.format(amap.group), 404, **amap.basket("Ann", NEXT))
    amap.api("Ann", "POST", BASKETS.format(amap.group), 404, **{**amap.basket("Ann"), "delivery_id": "x"})
    amap.api("Ann", "POST", BASKETS.format(amap.other), 404, **amap.basket("Ann", NEXT))


@pytest.mark.behaviour("S4:40-42")
def test_nothing_after_the_cut_off(amap: Amap) -> None:
    amap.takes("Bob")
    basket = amap.offer("Ann")
    amap.site.clock.set(datetime(2026, 11, 4, 18, 30, tzinfo=UTC))  # 23 hours before
    assert amap.api("Bob", "POST", f"/baskets/{basket}/request", 409)["code"] == "exchange-too-late"
    assert amap.api("Cat", "POST", BASKETS.format(amap.group), 409, **amap.basket("Cat"))["code"] == "exchange-too-late"
    assert "trop tard" in page(amap, "Cat", f"/groupes/{amap.group}/intermittents/absence")


@pytest.mark.behaviour("S4:35-38", "S4:52-60")
def test_a_friend_gets_the_basket_and_the_same_instructions(amap: Amap) -> None:
    friend = {"first_name": "Flo", "last_name": "Verte", "email": "flo@ailleurs.example"}
    basket = amap.offer("Ann", audience="named", friend=friend)
    mail, text = amap.mail("exchange-named")
    assert mail["To"] == "Flo Verte <flo@ailleurs.example>"
    for word in ("Salle des fêtes", "vos propres sacs", "au nom de Diallo", "1 × Grand panier", "bac bleu"):
        assert word in text
    amap.takes("Bob")
    assert amap.api("Bob", "POST", f"/baskets/{basket}/request", 409)["code"] == "basket-for-another"
    link = link_in(text, "/intermittents/panier/")
    assert "Ann Diallo" not in page(amap, "", link)
    press(amap, "", link, act="request")
    assert "Ann Diallo" in page(amap, "", link)
    [accepted] = amap.events("contracts.taker-accepted")
    assert accepted.holder_id == amap.people["Ann"]
    _mail, note = amap.mail("exchange-accepted")
    assert "ann@x.example" in note


def test_a_friend_without_an_address_is_put_down_and_called(amap: Amap) -> None:
    amap.offer("Ann", audience="named", friend={"first_name": "Flo", "phone": "06 12 34 56 78"})
    assert amap.api("Ann", "GET", f"/baskets/{amap.basket_id()}")["other"]["phone"] == "+33612345678"
    calls = amap.api("Orga", "GET", f"/groups/{amap.group}/calls")["items"]
    [call] = [row for row in calls if row["template"] == "exchange-accepted"]
    assert "au nom de Diallo" in call["text"]


# -- asking and answering (S4:44-51) -------------------------------------------------------------------------------


@pytest.mark.behaviour("S4:44-45", "S4:47-50")
def test_several_ask_one_is_accepted_and_only_then_they_know_each_other(amap: Amap) -> None:
    amap.takes("Bob", "Cat")
    basket = amap.offer("Ann")
    mails = {mail["To"]: text_of(mail) for mail in amap.mails("exchange-offered")}
    press(amap, "", link_in(mails["Bob Martin <bob@x.example>"], "/intermittents/panier/"), act="request")
    press(amap, "Cat", f"/intermittents/paniers/{basket}/demander")
    assert len(amap.mails("exchange-asked")) == 2
    assert all("bob@x.example" not in mail["Reply-To"] for mail in amap.mails("exchange-asked"))
    holder = page(amap, "Ann", f"/intermittents/paniers/{basket}")
    assert "Bob M." in holder
    assert "bob@x.example" not in holder
    assert "2 demandes en attente" in page(amap, "Ann", "/")
    accept = f"/intermittents/paniers/{basket}/accepter/{amap.people['Bob']}"
    assert "1 autre personne est prévenue" in page(amap, "Ann", accept)
    press(amap, "Ann", accept)
    assert "bob@x.example" in page(amap, "Ann", "/intermittents/mes-paniers")
    mine = page(amap, "Bob", f"/intermittents/paniers/{basket}")
    for word in (
        "Ann Diallo",
        "ann@x.example",
        "vos propres sacs",
        "Émargez au nom de Diallo",
        "1 × Grand panier",
        "bac bleu",
    ):
        assert word in mine
    mail, _text = amap.mail("exchange-accepted")
    assert mail["Reply-To"] == "ann@x.example"
    assert amap.mail("exchange-accepted-holder")[0]["Reply-To"] == "bob@x.example"
    assert amap.mail("exchange-declined")[0]["To"] == "Cat Petit <cat@x.example>"
    assert "Récupérer un panier" in page(amap, "Bob", "/")
    assert amap.api("Cat", "GET", f"/baskets/{basket}")["other"] is None
    assert (
        amap.api("Cat", "POST", f"/baskets/{basket}/accept", 403, person_id=amap.people["Cat"])["code"]
        == "not-your-basket"
    )


@pytest.mark.behaviour("S4:47")
def test_both_calendars_get_the_agreement_and_its_end(amap: Amap) -> None:
    amap.takes("Bob")
    basket = amap.offer("Ann")
    amap.api("Bob", "POST", f"/baskets/{basket}/request")
    amap.api("Ann", "POST", f"/baskets/{basket}/accept", person_id=amap.people["Bob"])
    amap.mails()
    amap.api("Ann", "POST", f"/baskets/{basket}/cancel", message="Je serai là, désolée !")
    _mail, text = amap.mail("exchange-cancelled")
    assert "Je serai là, désolée !" in text
    log = b"".join(recorded.data for recorded in amap.house.log.read_all())
    assert "désolée".encode() not in log, "the holder's words lie sealed"
    entries = []
    for template in (
        "exchange-accepted",
        "exchange-accepted-holder",
        "exchange-cancelled",
        "exchange-cancelled-holder",
    ):
        [attached] = amap.mail(template)[0].iter_attachments()
        calendar = icalendar.Calendar.from_ical(attached.get_payload(decode=True))
        [entry] = calendar.walk("VEVENT")
        assert attached.get_param("method") == calendar["METHOD"]
        entries.append((str(calendar["METHOD"]), str(entry["UID"]), entry["SEQUENCE"], entry.decoded("DTSTART")))
    assert [method for method, *_rest in entries] == ["REQUEST", "REQUEST", "CANCEL", "CANCEL"]
    assert len({uid for _method, uid, *_rest in entries}) == 1
    assert entries[2][2] > entries[0][2]
    assert entries[0][3] == datetime(2026, 11, 5, 17, 30, tzinfo=UTC)


def test_who_cannot_come_after_all_gives_it_back_and_earlier_askers_hear_of_it(amap: Amap) -> None:
    amap.takes("Bob", "Cat")
    basket = amap.offer("Ann")
    for first in ("Bob", "Cat"):
        amap.api(first, "POST", f"/baskets/{basket}/request")
    amap.api("Ann", "POST", f"/baskets/{basket}/accept", person_id=amap.people["Bob"])
    link = link_in(amap.mail("exchange-accepted")[1], "/intermittents/panier/")
    before = len(amap.mails("exchange-offered"))
    press(amap, "", link, act="withdraw")
    assert amap.mail("exchange-withdrawn")[0]["To"] == "Ann Diallo <ann@x.example>"
    assert [mail["To"] for mail in amap.mails("exchange-offered")[before:]] == ["Cat Petit <cat@x.example>"]
    amap.api("Cat", "POST", f"/baskets/{basket}/request")
    amap.api("Ann", "POST", f"/baskets/{basket}/accept", person_id=amap.people["Cat"])


@pytest.mark.behaviour("S4:47")
def test_without_a_yes_in_time_the_basket_stays_with_its_household(amap: Amap) -> None:
    amap.takes("Bob", "Cat")
    basket = amap.offer("Ann")
    amap.api("Bob", "POST", f"/baskets/{basket}/request")
    amap.site.clock.advance(hours=25)
    amap.site.tick()
    assert amap.mail("exchange-reminder-holder")[0]["To"] == "Ann Diallo <ann@x.example>"
    amap.site.clock.set(datetime(2026, 11, 4, 12, tzinfo=UTC))
    amap.site.tick()
    told = amap.mails("exchange-reminder")
    assert {mail["To"] for mail in told} == {"Bob Martin <bob@x.example>", "Cat Petit <cat@x.example>"}
    amap.site.clock.set(datetime(2026, 11, 4, 17, 30, tzinfo=UTC))
    for _twice in range(2):
        amap.site.tick()
    assert len(amap.mails("exchange-expired")) == 1
    assert amap.mail("exchange-expired-asker")[0]["To"] == "Bob Martin <bob@x.example>"
    assert len(amap.mails("exchange-reminder")) == 2, "once"
    assert amap.api("Ann", "GET", f"/baskets/{basket}")["phase"] == "expired"
