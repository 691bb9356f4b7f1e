"""Baskets that somebody keeps, from the page to the sign-off sheet; duties and numbers on it (domain 1.5.1)."""

import io
import re
from datetime import datetime, timedelta

import pytest
from pypdf import PdfReader
from season_house import Season


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Ali and Éloïse have a basket on the third date, Zoé has none; two duties that evening, one of them taken."""
    site = Season(tmp_path_factory.mktemp("keeping"))
    site.contract = site.opened()
    for names in (("Ali", "Bey"), ("Éloïse", "D’Arc")):
        site.call("confirm_subscription", "Camille", subscription_id=site.subscribed(site.contract, *names))
    site.house.settle()
    told = site.call("contract", "Camille", contract_id=site.contract)["terms"]["deliveries"]
    site.on, site.next = told[2]["on"], told[3]["on"]
    starts = datetime.fromisoformat(f"{site.on}T17:00:00+00:00")
    for at, task in ((starts, "Accueil"), (starts + timedelta(days=7), "Pesée")):
        site.activity = site.call(
            "plan_activity", "Camille", "matching", group_id=site.amap, kind="distribution", title="Distribution",
            starts_at=at.isoformat(), ends_at=(at + timedelta(hours=2)).isoformat(),
            slots=[{"task": task, "starts_at": at.isoformat(), "ends_at": (at + timedelta(hours=2)).isoformat(), "needed": 2}],
        )["id"]  # fmt: skip
        site.house.settle()
        (slot,) = site.call("activity", "Paul", "matching", activity_id=site.activity)["slots"]
        site.call("sign_up", "Paul", "matching", activity_id=site.activity, slot_id=slot["slot_id"])
    site.house.settle()
    return site


def api(house, who: str, verb: str, path: str, **json):
    send = getattr(house.client(who), verb)
    answer = send(f"/api/v1/groups/{house.amap}/keeping/{house.on}{path}", **({"json": json} if json else {}))
    house.house.settle()
    return answer


def sheet(house, layout: str = "columns") -> str:
    answer = house.client("Camille").get(f"/api/v1/groups/{house.amap}/sign-off/{house.on}.pdf?layout={layout}")
    assert answer.status_code == 200, answer.text
    return flat(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages))


def flat(text: str) -> str:
    return re.sub(r"[\s\u00a0\u202f]+", " ", text)


@pytest.mark.behaviour("S0:26")
def test_the_sheet_names_who_holds_the_distribution_and_who_comes_next(house) -> None:
    text = sheet(house)
    assert "Paul Rossi Accueil 18 h – 20 h" in text
    assert text.count("Accueil") == 2, "the second hand is still missing: a line without a name"
    assert "Responsables aux prochaines distributions" in text
    assert "Paul Rossi, Pesée" in text


@pytest.mark.behaviour("S0:41")
def test_a_basket_is_kept_from_the_page_to_the_sheet(house) -> None:
    page = f"/groupes/{house.amap}/gardes/{house.on}"
    zoe, ali = house.client("Zoé"), house.client("Ali")
    assert "Personne ne s’est encore proposé" in ali.get(page).text
    assert zoe.post(f"{page}/garder", data={"most": "1"}).status_code == 302
    house.house.settle()
    asked = ali.get(page).text
    assert "Zoé Martin" in asked
    keeper = house.people["Zoé"]
    assert ali.post(f"{page}/confier/{house.homes['Bey']}", data={"keeper_id": keeper}).status_code == 302
    house.house.settle()
    assert "Votre panier est gardé par Zoé Martin" in ali.get(page).text
    assert "<strong>Bey" in zoe.get(page).text
    assert "<strong>Bey" not in house.client("Paul").get(page).text, "who is away is nobody else's business"
    text = sheet(house)
    assert "gardé par Zoé Martin" in text
    assert re.search(r"Paniers gardés Gardien·ne Adhérent·e Paniers Zoé Martin.* Bey Ali.* 1 PAN", text)
    full = api(house, "Éloïse", "put", f"/baskets/{house.homes['D’Arc']}", keeper_id=keeper)
    assert (full.status_code, full.json["code"]) == (409, "keeper-full")
    needed = api(house, "Zoé", "delete", "/keepers/me")
    assert (needed.status_code, needed.json["code"]) == (409, "keeper-needed")
    assert api(house, "Ali", "delete", f"/baskets/{house.homes['Bey']}").status_code == 200
    assert api(house, "Zoé", "delete", "/keepers/me").status_code == 200
    assert "gardé par" not in sheet(house)


def test_numbers_stand_before_the_names(house) -> None:
    assert api(house, "Ali", "post", "/numbers").status_code == 403
    assert api(house, "Camille", "post", "/numbers").status_code == 200
    text = sheet(house)
    assert "1 Bey Ali" in text
    assert "2 D’Arc Éloïse" in text
    assert api(house, "Camille", "get", "").json["numbered"] == 2
    page = house.client("Camille").get(f"/groupes/{house.amap}/gardes/{house.on}").text
    assert "2 paniers ont un numéro" in page


@pytest.mark.parametrize(
    ("who", "verb", "path", "json", "status"),
    [
        ("Ali", "put", "/keepers/me", {"most": 21}, 422),
        ("Ali", "put", "/baskets/{home}", {}, 422),
        ("Ali", "put", "/baskets/{home}", {"keeper_id": "nobody"}, 409),
        ("Paul", "put", "/baskets/{home}", {"keeper_id": "nobody"}, 403),
        ("Ali", "put", "/keepers/{paul}", {"most": 2}, 403),
        ("Jeanne", "get", "", {}, 404),
        ("Camille", "put", "/keepers/stranger", {"most": 2}, 404),
    ],
)
def test_what_is_refused(house, who: str, verb: str, path: str, json: dict, status: int) -> None:
    where = path.format(home=house.homes["Bey"], paul=house.people["Paul"])
    send = getattr(house.client(who), verb)
    more = {} if verb == "get" else {"json": json}
    answer = send(f"/api/v1/groups/{house.amap}/keeping/{house.on}{where}", **more)
    assert answer.status_code == status, answer.text


def test_a_day_without_a_delivery_is_no_day(house) -> None:
    for on in ("2026-11-27", "2026-13-01", "x"):
        assert house.client("Ali").get(f"/api/v1/groups/{house.amap}/keeping/{on}").status_code == 404
        assert house.client("Ali").get(f"/groupes/{house.amap}/gardes/{on}").status_code == 404
    assert house.on in house.client("Ali").get(f"/api/v1/groups/{house.amap}/keeping").json["days"]
    assert house.client("Ali").get(f"/groupes/{house.amap}/gardes").status_code == 200


def test_who_has_left_the_group_keeps_no_basket(house) -> None:
    gone = house.people["Inès"]
    assert api(house, "Inès", "put", "/keepers/me", most=2).status_code == 200
    assert gone in [row["person_id"] for row in api(house, "Ali", "get", "").json["keepers"]]
    house.call("erase_person", "Inès", person_id=gone)
    assert gone not in [row["person_id"] for row in api(house, "Ali", "get", "").json["keepers"]]
    refused = api(house, "Ali", "put", f"/baskets/{house.homes['Bey']}", keeper_id=gone)
    assert (refused.status_code, refused.json["code"]) == (409, "keeper-missing")
