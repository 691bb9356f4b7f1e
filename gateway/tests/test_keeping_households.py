"""Who belongs to two households, and how the room that is left is said, on the page of kept baskets (domain 1.5.1)."""

import re

import pytest
from season_house import Season


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Ali belongs to two households with a basket on the third date; Zoé keeps those of two."""
    site = Season(tmp_path_factory.mktemp("keeping-homes"))
    site.contract = site.opened()
    for names in (("Ali", "Bey"), ("Éloïse", "D’Arc")):
        site.call("confirm_subscription", "Camille", subscription_id=site.subscribed(site.contract, *names))
    site.call("join_household", "Nadia", household_id=site.homes["D’Arc"], person_id=site.people["Ali"])
    site.on = site.call("contract", "Camille", contract_id=site.contract)["terms"]["deliveries"][2]["on"]
    site.house.settle()
    site.call("offer_keeping", "Zoé", group_id=site.amap, on=site.on, person_id=site.people["Zoé"], most=2)
    site.house.settle()
    return site


def page(house, who: str) -> str:
    told = house.client(who).get(f"/groupes/{house.amap}/gardes/{house.on}").text
    return re.sub(r"[\s\u00a0\u202f]+", " ", told)


def test_somebody_of_two_households_has_a_field_for_each(house) -> None:
    """The same name in two forms, but every id once; each form says whose basket it is."""
    seen = page(house, "Ali")
    ids = re.findall(r'\bid="([^"]+)"', seen)
    assert sorted(ids) == sorted(set(ids))
    assert seen.count('name="keeper_id"') == 2
    assert set(re.findall(r'<label for="(keeper[^"]*)"', seen)) == set(re.findall(r'<select id="(keeper[^"]*)"', seen))
    heads = re.findall(r"<h3[^>]*>(Je ne peux pas venir[^<]*)</h3>", seen)
    assert sorted(heads) == ["Je ne peux pas venir : Bey", "Je ne peux pas venir : D’Arc / Bey"]
    assert ">Je ne peux pas venir</h3>" in page(house, "Éloïse"), "one household needs no name"


def test_the_room_that_is_left_is_counted_by_itself(house) -> None:
    keeper = {"household_id": house.homes["Bey"], "keeper_id": house.people["Zoé"]}
    house.call("entrust_baskets", "Ali", group_id=house.amap, on=house.on, **keeper)
    house.house.settle()
    assert "Jusqu’à 2 foyers, il reste 1 place." in page(house, "Zoé")
