"""Through the doors of contracts-svc: lists, the register, names, requests to join."""

from uuid import uuid4

import pytest

from grenier.errors import NotFound, Rejected


@pytest.mark.parametrize(
    ("search", "found"),
    [("", 3), ("éloïse", 1), ("ELOISE dar", 1), ("x.example", 2), ("2", 1), ("%", 0), ("cot zoe", 1), ("zz", 0)],
)
def test_members_are_found_by_any_word(town, search, found):
    town.enrol(town.lyon, "Éloïse D'Arc eloise@x.example")
    town.enrol(town.lyon, "Zoé Cot zoe@x.example")
    town.enrol(town.lyon, "Jean Bon -")
    search = search.replace("dar", "d'ar")
    assert town.call("members", actor=town.centre, group_id=town.lyon, search=search)["total"] == found


def test_members_come_in_pages_by_name(town):
    for name in ("Cot", "Ârc", "Bon"):
        town.enrol(town.lyon, f"X {name} -")
    pages = [
        town.call("members", actor=town.centre, group_id=town.lyon, size=2, page=page)["households"] for page in (1, 2)
    ]
    assert [[row["label"] for row in page] for page in pages] == [["Ârc", "Bon"], ["Cot"]]


@pytest.mark.behaviour("S0:30")
def test_the_register_tells_who_belonged_on_any_date(town):
    early = town.enrol(town.lyon, "A Ancien -", valid_from="2025-01-01", valid_until="2025-12-31")
    town.enrol(town.lyon, "B Present -", valid_from="2026-01-01", valid_until="2026-12-31")
    leaving = town.enrol(town.lyon, "C Parti -", valid_from="2026-01-01", valid_until="2026-12-31")
    town.call("end_membership", actor=town.centre, membership_id=leaving["membership_id"], on="2026-06-01")
    town.call("grant_membership", actor=town.centre, household_id=early["household_id"], tier="boost",
              valid_from="2026-09-01")  # fmt: skip

    def on(day: str) -> list[tuple[str, str]]:
        found = town.call("register", actor=town.centre, group_id=town.lyon, as_of=day)["households"]
        return [(row["label"], row["tier"]) for row in found]

    assert on("2024-12-31") == []
    assert on("2025-12-31") == [("Ancien", "neighbourhood")]
    assert on("2026-05-31") == [("Present", "neighbourhood"), ("Parti", "neighbourhood")]
    assert on("2026-06-01") == [("Present", "neighbourhood")]
    assert on("2026-11-02") == [("Ancien", "boost"), ("Present", "neighbourhood")]


def test_a_membership_does_not_overlap_another(town):
    done = town.enrol(town.lyon, "A Un -")
    with pytest.raises(Rejected) as refused:
        town.call("grant_membership", actor=town.centre, household_id=done["household_id"], tier="boost")
    assert refused.value.code == "membership-overlaps"


def test_a_renewal_in_advance_keeps_the_household_active(town):
    done = town.enrol(town.lyon, "A Un -", valid_from="2026-01-01", valid_until="2026-12-31")
    town.call("grant_membership", actor=town.centre, household_id=done["household_id"], tier="boost",
              valid_from="2027-01-01")  # fmt: skip
    shown = town.call("household", actor=town.centre, household_id=done["household_id"])
    assert (shown["state"], shown["valid_until"], shown["number"]) == ("active", "2027-12-31", 1)
    assert len(shown["memberships"]) == 2


def test_the_tier_of_a_past_day_is_the_one_of_that_day(town):
    done = town.enrol(town.lyon, "A Un -", valid_from="2026-01-01", valid_until="2026-12-31")
    town.call("change_tier", actor=town.centre, membership_id=done["membership_id"], tier="solidarity")
    [before] = town.call("register", actor=town.centre, group_id=town.lyon, as_of="2026-11-01")["households"]
    [today] = town.call("register", actor=town.centre, group_id=town.lyon)["households"]
    assert (before["tier"], today["tier"]) == ("neighbourhood", "solidarity")


# -- names -------------------------------------------------------------------------------------------------------


def test_names_are_told_to_those_who_share_a_place(town):
    marie = town.enrol(town.lyon, "Marie Diallo marie@x.example organiser")
    ali = town.enrol(town.lyon, "Ali Bey ali@x.example")
    lise = town.enrol(town.reunion, "Lise Payet lise@x.example")
    [m], [a], [li] = marie["person_ids"], ali["person_ids"], lise["person_ids"]
    everybody = {"person_ids": [m, a, li, town.centre]}
    assert town.call("names", actor=a, **everybody) == {m: "Marie D.", a: "Ali Bey", town.centre: "Nadia B."}
    organisers = {m: "Marie Diallo", a: "Ali Bey", town.centre: "Nadia Benali"}
    assert town.call("names", actor=m, **everybody) == organisers
    assert len(town.call("names", actor=town.centre, **everybody)) == 4
    assert town.call("names", actor=str(uuid4()), **everybody) == {}
    homes = {"household_ids": [marie["household_id"], ali["household_id"], lise["household_id"]]}
    assert town.call("names", actor=a, **homes) == {ali["household_id"]: "Bey"}
    assert set(town.call("names", actor=m, **homes).values()) == {"Diallo", "Bey"}
    assert town.call("names", actor=a, group_ids=[town.reunion, "?"]) == {town.reunion: "La Raffinerie"}


def test_demo_accounts_name_one_person_per_role(town):
    town.enrol(town.lyon, "Marie Diallo marie@x.example organiser treasurer")
    town.enrol(town.lyon, "Ali Bey ali@x.example")
    found = [(row["label"], row["role"], row["group"]) for row in town.call("demo_accounts")["accounts"]]
    assert found == [
        ("Nadia Benali", "central_team", "VRAC"),
        ("Marie Diallo", "organiser", "Mermoz"),
        ("Marie Diallo", "treasurer", "Mermoz"),
        ("Ali Bey", "eater", "Mermoz"),
    ]


# -- joining -----------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S1:111")
def test_somebody_asks_to_join_waits_and_is_accepted(town):
    ask = {"group_id": town.lyon, "first_name": "Inès", "last_name": "Roy", "email": "ines@x.example"}
    with pytest.raises(Rejected):
        town.call("request_membership", **ask)
    asked = town.call("request_membership", **ask, charter_accepted=True, message="Bonjour")
    with pytest.raises(NotFound):  # asking gives no place to sign in to
        town.call("person_by_email", actor="system:gateway", email="ines@x.example")
    town.call("decide_application", actor=town.centre, application_id=asked["id"], decision="wait")
    [shown] = town.call("applications", actor=town.centre, group_id=town.lyon)["applications"]
    assert (shown["name"], shown["message"], shown["state"]) == ("Inès Roy", "Bonjour", "waiting")
    accept = {"application_id": asked["id"], "decision": "accept", "tier": "boost"}
    done = town.call("decide_application", actor=town.centre, **accept)
    assert done["number"] == 1
    before = town.house.log.head()
    town.call("decide_application", actor=town.centre, **accept)  # a second coordinator presses the same button
    assert town.house.log.head() == before
    assert town.call("members", actor=town.centre, group_id=town.lyon)["households"][0]["label"] == "Roy"
    assert town.call("person_by_email", actor="system:gateway", email="ines@x.example")


@pytest.mark.behaviour("S1:111")
def test_who_is_declined_is_forgotten(town):
    ask = {"group_id": town.lyon, "first_name": "Inès", "last_name": "Roy", "email": "ines@x.example"}
    asked = town.call("request_membership", **ask, charter_accepted=True)
    town.call("decide_application", actor=town.centre, application_id=asked["id"], decision="decline")
    assert town.house.events("contracts.person-erased")
    assert town.call("applications", actor=town.centre, group_id=town.lyon)["applications"] == []
