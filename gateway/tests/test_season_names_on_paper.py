"""Whose names stand on a contract: of those who eat from it and of those who signed, and of nobody else (S0:26)."""

import pytest
from season_house import Season, vegetables

from grenier.errors import Invalid


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Season(tmp_path_factory.mktemp("names"))


def printed(site, subscription_id):
    return site.call("printed_subscription", "Camille", subscription_id=subscription_id)


def test_a_household_writes_nobody_else_on_its_contract(site):
    contract = site.opened(title="Pain", sign_up=vegetables()["sign_up"] | {"co_members_max": 2})
    for other in (site.people["Zoé"], site.people["Jeanne"], "nobody"):
        with pytest.raises(Invalid) as refused:
            site.subscribed(contract, "Paul", "Rossi", co_person_ids=[other])
        assert list(refused.value.facts["fields"]) == ["co_person_ids"]
    own = site.subscribed(contract, "Paul", "Rossi", co_person_ids=[site.people["Paul"]])
    assert printed(site, own)["subscription"]["co_names"] == ["Paul Rossi"]


@pytest.mark.behaviour("S0:26")
def test_a_signature_on_paper_bears_the_name_of_who_signed(site):
    contract = site.opened(title="Miel")
    signed = site.subscribed(contract, "Paul", "Rossi")
    site.call("confirm_subscription", "Camille", subscription_id=signed)
    paper = {"subscription_id": signed, "means": "paper"}
    for party in ("member", "producer", "group"):
        with pytest.raises(Invalid):
            site.call("sign_subscription", "Camille", **paper, party=party, person_id=site.people["Zoé"])
        site.call("sign_subscription", "Camille", **paper, party=party)
    names = {one["party"]: one["name"] for one in printed(site, signed)["signatures"]}
    assert names == {"member": "Paul Rossi", "producer": "", "group": "Camille Perrin"}


@pytest.mark.behaviour("S0:26")
def test_who_signed_for_the_farm_may_be_named(site):
    contract = site.opened(title="Farine")
    signed = site.subscribed(contract, "Ali", "Bey")
    told = {"subscription_id": signed, "means": "paper", "party": "producer", "person_id": site.people["Jeanne"]}
    site.call("sign_subscription", "Camille", **told)
    assert [one["name"] for one in printed(site, signed)["signatures"]] == ["Jeanne Tilleul"]
