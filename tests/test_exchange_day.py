"""S4 through the door: the day itself, leaving by site and by mail, and what else may happen to an agreement."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader

from grenier.language import season
from tests.exchange_world import NEXT, THURSDAY, Amap, link_in, page, press

BASKETS = "/groups/{}/exchange/baskets"


@pytest.fixture
def amap(tmp_path: Path) -> Amap:
    return Amap(tmp_path)


# -- the day (S4:48, S4:57, S4:61) ---------------------------------------------------------------------------------


@pytest.mark.behaviour("S4:48", "S4:57", "S4:61")
def test_the_taker_signs_in_the_holders_name_and_the_two_settle_between_them(amap: Amap) -> None:
    amap.takes("Bob")
    basket = amap.offer("Ann")
    amap.api("Bob", "POST", f"/baskets/{basket}/request")
    amap.api("Ann", "POST", f"/baskets/{basket}/accept", person_id=amap.people["Bob"])
    path = f"/groups/{amap.group}/exchange/exchanged?on=2026-11-05"
    [row] = amap.api("Orga", "GET", path)["baskets"]
    assert (row["holder"], row["taker"], row["collected"]) == ("Diallo", "Bob Martin", False)
    assert row["household_id"] == amap.homes["Ann"]
    assert amap.api("Cat", "GET", path, 403)
    assert amap.api("Bob", "POST", f"/baskets/{basket}/collect", 409)["code"] == "exchange-too-early"
    amap.site.clock.set(datetime(2026, 11, 5, 17, 40, tzinfo=UTC))
    press(amap, "Bob", f"/intermittents/paniers/{basket}/recupere")
    assert amap.api("Orga", "GET", path)["baskets"][0]["collected"] is True
    assert "21,00" in page(amap, "Bob", f"/intermittents/paniers/{basket}")
    press(amap, "Ann", f"/intermittents/paniers/{basket}/regler", means="cash", amount="21,00")
    assert "réglé entre vous (21,00 €)" in page(amap, "Ann", "/intermittents/mes-paniers")
    assert amap.events("ledger.") == []


@pytest.mark.behaviour("S4:57")
def test_the_sheet_keeps_the_holders_line_to_sign_and_says_who_comes_instead(amap: Amap) -> None:
    amap.takes("Bob")
    basket = amap.offer("Ann")
    sheet = f"/api/v1/groups/{amap.group}/sign-off/2026-11-05"
    assert "Bob" not in line_of(amap, f"{sheet}.csv", "Diallo Ann"), "offered is not taken"
    amap.api("Bob", "POST", f"/baskets/{basket}/request")
    amap.api("Ann", "POST", f"/baskets/{basket}/accept", person_id=amap.people["Bob"])
    # The line and the quantities stay the holder's; beside them, who signs in this name. Bob's own line is as it was.
    assert line_of(amap, f"{sheet}.csv", "Diallo Ann") == ["1", "2", "3,0", "Bob Martin", "", ""]
    assert line_of(amap, f"{sheet}.csv", "Martin Bob") == ["1", "2", "3,0", "", "", ""]
    paper = words_of(amap.as_("Orga").get(f"{sheet}.pdf").data)
    assert "* panier remis à une autre personne" in paper
    assert "à remettre à Bob Martin" in paper
    assert "Diallo Ann Bob Martin réservé" in paper
    amap.site.clock.set(datetime(2026, 11, 5, 17, 40, tzinfo=UTC))
    amap.api("Orga", "POST", f"/baskets/{basket}/collect")
    assert "Diallo Ann Bob Martin retiré" in words_of(amap.as_("Orga").get(f"{sheet}.pdf").data)
    # Nobody but those at the table reads it.
    assert amap.as_("Cat").get(f"{sheet}.pdf").status_code == 403
    assert amap.as_("Zoe").get(f"{sheet}.pdf").status_code == 404


def line_of(amap: Amap, path: str, name: str) -> list[str]:
    """What stands behind a name on the sheet: the phone left out."""
    answer = amap.as_("Orga").get(path)
    assert answer.status_code == 200, answer.text
    rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";")
    return next(row[3:] for row in rows if row[1] == name)


def words_of(paper: bytes) -> str:
    pages = PdfReader(io.BytesIO(paper)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def test_at_the_table_somebody_else_may_note_that_it_was_fetched(amap: Amap) -> None:
    amap.takes("Bob")
    basket = amap.offer("Ann")
    amap.api("Bob", "POST", f"/baskets/{basket}/request")
    amap.api("Ann", "POST", f"/baskets/{basket}/accept", person_id=amap.people["Bob"])
    amap.site.clock.set(datetime(2026, 11, 5, 17, 40, tzinfo=UTC))
    amap.api("Cat", "POST", f"/baskets/{basket}/collect", 403)
    amap.api("Zoe", "POST", f"/baskets/{basket}/collect", 404)
    amap.api("Orga", "POST", f"/baskets/{basket}/collect")


# -- leaving (S4:62-77; S4:79-122 say the same again) --------------------------------------------------------------


@pytest.mark.behaviour("S4:62-73", "S4:112-118")
def test_leaving_on_the_site_a_button_a_question_a_page_a_mail(amap: Amap) -> None:
    amap.takes("Bob")
    home = f"/groupes/{amap.group}/intermittents"
    assert "Se désinscrire" in page(amap, "Bob", home)
    question = page(amap, "Bob", f"{home}/desinscription")
    assert "OK, me désinscrire" in question
    assert amap.events("contracts.taker-left") == []
    assert "Désinscription prise en compte" in press(amap, "Bob", f"{home}/desinscription")
    assert amap.mail("exchange-left")[0]["To"] == "Bob Martin <bob@x.example>"
    amap.offer("Ann")
    assert amap.mails("exchange-offered") == []


@pytest.mark.behaviour("S4:75-79", "S4:120-122")
def test_leaving_by_the_link_of_any_mail_without_signing_in(amap: Amap) -> None:
    amap.takes("Bob")
    amap.offer("Ann")
    mail, text = amap.mail("exchange-offered")
    link = link_in(text, "/intermittents/quitter/")
    assert link in mail["List-Unsubscribe"]
    assert "Me désinscrire" in page(amap, "", link)
    assert amap.events("contracts.taker-left") == [], "opening a link changes nothing"
    assert "prise en compte" in press(amap, "", link)
    [left] = amap.events("contracts.taker-left")
    assert (left.by, left.person_id) == ("link", amap.people["Bob"])
    assert len(amap.mails("exchange-left")) == 1
    assert page(amap, "", link[:-4] + "AAAA", 404)
    assert amap.api("", "GET", f"/exchange-links/places/{link.rsplit('/', 1)[1]}")["standing"] == "left"


def test_a_link_for_one_thing_opens_nothing_else_and_ends(amap: Amap) -> None:
    amap.takes("Bob")
    amap.offer("Ann")
    text = amap.mail("exchange-offered")[1]
    leave, basket = link_in(text, "/quitter/").rsplit("/", 1)[1], link_in(text, "/panier/").rsplit("/", 1)[1]
    for path in (
        f"/intermittents/panier/{leave}",
        f"/intermittents/quitter/{basket}",
        f"/intermittents/confirmer/{leave}",
    ):
        page(amap, "", path, 404)
    amap.site.clock.set(datetime(2026, 11, 5, 19, tzinfo=UTC))
    assert amap.api("", "GET", f"/exchange-links/baskets/{basket}", 409)["code"] == "link-expired"


# -- around it -----------------------------------------------------------------------------------------------------


def test_groups_that_share_offer_to_each_others_takers(amap: Amap) -> None:
    amap.api("Zoe", "PUT", f"/groups/{amap.other}/exchange/takers/me")
    refused = amap.api("Ann", "POST", BASKETS.format(amap.group), 409, **amap.basket("Ann", audience="federation"))
    assert refused["code"] == "exchange-not-federated"
    for group in (amap.group, amap.other):
        amap.role("Zoe" if group == amap.other else "Orga", "organiser", group)
        amap.api(
            "Zoe" if group == amap.other else "Orga", "PATCH", f"/groups/{group}/exchange/settings", federated=True
        )
    basket = amap.offer("Ann", audience="federation")
    assert amap.mail("exchange-offered")[0]["To"] == "Zoe Loin <zoe@x.example>"
    assert [row["group"] for row in amap.api("Zoe", "GET", f"/groups/{amap.other}/exchange/offers")["offers"]] == ["AMAP des Confitures"]  # fmt: skip
    amap.api("Zoe", "POST", f"/baskets/{basket}/request")
    amap.api("Ann", "POST", f"/baskets/{basket}/accept", person_id=amap.people["Zoe"])
    text = amap.mail("exchange-accepted")[1]
    press(amap, "", link_in(text, "/quitter/"))
    assert amap.events("contracts.taker-left")[0].group_id == amap.other


def test_a_basket_of_the_group_is_nothing_to_strangers(amap: Amap) -> None:
    basket = amap.offer("Ann")
    for method, path in (("GET", f"/baskets/{basket}"), ("POST", f"/baskets/{basket}/request"),
                         ("GET", f"/groups/{amap.group}/exchange"), ("GET", f"/groups/{amap.group}/exchange/offers"),
                         ("GET", f"/groups/{amap.group}/exchange/takers"), ("GET", f"/groups/{amap.group}/exchange/exchanged"),
                         ("PUT", f"/groups/{amap.group}/exchange/takers/me")):  # fmt: skip
        amap.api("Zoe", method, path, 404)
    # A member who is no taker may look, and is told how to become one.
    assert amap.api("Cat", "POST", f"/baskets/{basket}/request", 409)["code"] == "taker-missing"


def test_when_the_delivery_is_cancelled_the_agreement_ends_and_both_are_told(amap: Amap) -> None:
    amap.takes("Bob")
    basket = amap.offer("Ann")
    amap.api("Bob", "POST", f"/baskets/{basket}/request")
    amap.api("Ann", "POST", f"/baskets/{basket}/accept", person_id=amap.people["Bob"])
    body = amap.basket("Ann")
    gone = season.DeliveryCancelled(contract_id=amap.contract, group_id=amap.group, delivery_id=body["delivery_id"],
                                    on=datetime(2026, 11, 5, tzinfo=UTC).date(), reason="neige")  # fmt: skip
    amap.house.record(f"contract-{amap.contract}", gone)
    assert amap.api("Ann", "GET", f"/baskets/{basket}")["reason"] == "delivery-cancelled"
    assert {mail["To"] for mail in amap.mails("exchange-fallen")} == {
        "Ann Diallo <ann@x.example>",
        "Bob Martin <bob@x.example>",
    }


@pytest.mark.parametrize(("first", "reason"), [(NEXT, "subscription-changed"), (THURSDAY, "")])
def test_a_basket_that_becomes_another_households_turn_is_promised_no_more(
    amap: Amap, first: date, reason: str
) -> None:
    """Ann and Cat share from now on; `first` is the day on which Ann fetches it, then they take turns."""
    amap.takes("Bob")
    basket = amap.offer("Ann")
    amap.api("Bob", "POST", f"/baskets/{basket}/request")
    amap.api("Ann", "POST", f"/baskets/{basket}/accept", person_id=amap.people["Bob"])
    shared = season.SharersSet(
        subscription_id=amap.subscription("Ann"), contract_id=amap.contract, group_id=amap.group,
        household_ids=[amap.homes["Ann"], amap.homes["Cat"]], anchor_delivery_id=amap.deliveries[first],
        joined=[amap.homes["Cat"]], left=[],
    )  # fmt: skip
    amap.house.record(f"contract-{amap.contract}", shared)
    found = amap.api("Ann", "GET", f"/baskets/{basket}")
    assert (found["phase"], found["reason"]) == ("cancelled" if reason else "accepted", reason)
    assert len(amap.mails("exchange-fallen")) == (2 if reason else 0)


def test_who_is_erased_takes_nothing_any_more_and_the_other_side_is_told(amap: Amap) -> None:
    amap.takes("Bob", "Cat")
    basket = amap.offer("Ann")
    amap.api("Bob", "POST", f"/baskets/{basket}/request")
    amap.api("Ann", "POST", f"/baskets/{basket}/accept", person_id=amap.people["Bob"])
    amap.house.call("contracts", "erase_person", {"person_id": amap.people["Bob"]}, actor=amap.people["Bob"])
    assert amap.api("Ann", "GET", f"/baskets/{basket}")["phase"] == "offered"
    assert amap.mail("exchange-withdrawn")[0]["To"] == "Ann Diallo <ann@x.example>"


@pytest.mark.behaviour("S4:35-38", "S4:73-77")
@pytest.mark.parametrize("agreed", [False, True])
def test_a_basket_for_somebody_who_is_erased_is_its_households_again(amap: Amap, agreed: bool) -> None:
    friend = {"first_name": "Flo", "last_name": "Verte", "email": "flo@ailleurs.example"}
    basket = amap.offer("Ann", audience="named", friend=friend)
    [offered] = amap.events("contracts.basket-offered")
    flo = offered.named_person_id
    if agreed:
        amap.api(flo, "POST", f"/baskets/{basket}/request")
    amap.house.call("contracts", "erase_person", {"person_id": flo}, actor=flo)
    found = amap.api("Ann", "GET", f"/baskets/{basket}")
    assert (found["phase"], found["reason"], found["other"]) == ("cancelled", "person-erased", None)
    mail, text = amap.mail("exchange-person-gone")
    assert mail["To"] == "Ann Diallo <ann@x.example>"
    assert "de nouveau à vous" in text
    assert amap.mails("exchange-fallen") == []
    assert "Flo" not in page(amap, "Ann", "/intermittents/mes-paniers")
    mine = page(amap, "Ann", f"/intermittents/paniers/{basket}")
    assert "Cette personne n’est plus là" in mine
    amap.takes("Bob")
    amap.offer("Ann")
    amap.api("Bob", "POST", f"/baskets/{basket}/request")


def test_a_basket_of_who_stops_before_its_day_is_promised_to_nobody(amap: Amap) -> None:
    amap.takes("Bob")
    basket = amap.offer("Ann")
    amap.api("Bob", "POST", f"/baskets/{basket}/request")
    ended = season.SubscriptionEnded(
        subscription_id=amap.subscription("Ann"), contract_id=amap.contract, group_id=amap.group,
        household_id=amap.homes["Ann"], on=THURSDAY, amount_cents=0, reason="parti",
    )  # fmt: skip
    amap.house.record(f"contract-{amap.contract}", ended)
    assert amap.api("Ann", "GET", f"/baskets/{basket}")["reason"] == "subscription-changed"
    assert {mail["To"] for mail in amap.mails("exchange-fallen")} == {
        "Ann Diallo <ann@x.example>",
        "Bob Martin <bob@x.example>",
    }


@pytest.mark.behaviour("S4:47")
def test_a_date_that_falls_out_shifts_the_turns_and_ends_what_was_promised_of_the_next_one(amap: Amap) -> None:
    """Ann and Cat take turns, Ann first: without the first date the second one is Ann's, and Cat has nothing to give."""
    amap.takes("Bob")
    shared = season.SharersSet(
        subscription_id=amap.subscription("Ann"), contract_id=amap.contract, group_id=amap.group,
        household_ids=[amap.homes["Ann"], amap.homes["Cat"]], anchor_delivery_id=amap.deliveries[THURSDAY],
        joined=[amap.homes["Cat"]], left=[],
    )  # fmt: skip
    amap.house.record(f"contract-{amap.contract}", shared)
    amap.api("Cat", "POST", f"/groups/{amap.group}/exchange/baskets", **amap.basket("Ann", NEXT))
    basket = amap.basket_id("Ann", NEXT)
    gone = season.DeliveryCancelled(contract_id=amap.contract, group_id=amap.group,
                                    delivery_id=amap.deliveries[THURSDAY], on=THURSDAY, reason="neige")  # fmt: skip
    amap.house.record(f"contract-{amap.contract}", gone)
    found = amap.api("Cat", "GET", f"/baskets/{basket}")
    assert (found["phase"], found["reason"]) == ("cancelled", "subscription-changed")
    assert amap.mails("exchange-fallen")[0]["To"] == "Cat Petit <cat@x.example>"


def test_after_some_months_pairs_are_forgotten_and_figures_stay(amap: Amap) -> None:
    amap.takes("Bob")
    basket = amap.offer("Ann")
    amap.api("Bob", "POST", f"/baskets/{basket}/request")
    amap.api("Ann", "POST", f"/baskets/{basket}/accept", person_id=amap.people["Bob"])
    amap.api("Orga", "PATCH", f"/groups/{amap.group}/exchange/settings", purge_months=6)
    amap.site.clock.set(datetime(2027, 5, 15, tzinfo=UTC))
    amap.site.tick()
    assert amap.api("Bob", "GET", "/exchanges")["asked"] != [], "not yet six months after the month"
    amap.site.clock.set(datetime(2027, 6, 2, tzinfo=UTC))
    for _twice in range(2):
        amap.site.tick()
    assert amap.api("Bob", "GET", "/exchanges")["asked"] == []
    period = "from_on=2026-11-01&until_on=2026-11-30"
    found = amap.api("Orga", "GET", f"/groups/{amap.group}/exchange/takers?{period}")
    assert (found["figures"]["offered"], found["figures"]["taken"]) == (1, 1)
    assert len(amap.events("contracts.exchanges-purged")) == 1


def test_a_replay_tells_the_same(amap: Amap) -> None:
    amap.takes("Bob", "Cat")
    basket = amap.offer("Ann")
    for first in ("Bob", "Cat"):
        amap.api(first, "POST", f"/baskets/{basket}/request")
    amap.api("Ann", "POST", f"/baskets/{basket}/accept", person_id=amap.people["Bob"])
    amap.api("Bob", "POST", f"/baskets/{basket}/withdraw")
    amap.site.clock.advance(days=1)
    amap.api("Cat", "POST", f"/baskets/{basket}/request")
    amap.api("Cat", "DELETE", f"/groups/{amap.group}/exchange/takers/me")
    assert amap.events("contracts.basket-request-withdrawn")[-1].person_id == amap.people["Cat"]
    for name in ("contracts", "notify"):
        assert amap.house.dump(name) == amap.house.rebuilt_dump(name)
