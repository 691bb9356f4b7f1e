"""Through the doors of contracts-svc: who may do what, and sees nothing of the others."""

from uuid import uuid4

import pytest

from grenier.errors import Forbidden, Invalid, NotFound, Rejected


def test_a_group_manages_its_own_people_and_nobody_elses(town):
    organiser = town.enrol(town.lyon, "Marie Diallo marie@x.example organiser")["person_ids"][0]
    other = town.enrol(town.reunion, "Lise Payet lise@x.example")
    town.enrol(town.lyon, "Ali Bey ali@x.example", actor=organiser)
    assert town.call("members", actor=organiser, group_id=town.lyon)["total"] == 2
    for method, payload in {
        "members": {"group_id": town.reunion},
        "register": {"group_id": town.reunion},
        "group": {"group_id": town.reunion},
        "roles": {"group_id": town.reunion},
        "applications": {"group_id": town.reunion},
        "household": {"household_id": other["household_id"]},
        "person": {"person_id": other["person_ids"][0]},
        "change_person_details": {"person_id": other["person_ids"][0], "first_name": "X"},
        "change_tier": {"membership_id": other["membership_id"], "tier": "boost"},
        "end_membership": {"membership_id": other["membership_id"]},
        "join_household": {"household_id": other["household_id"], "person_id": organiser},
        "grant_membership": {"household_id": other["household_id"], "tier": "boost"},
        "move_duty": {"group_id": town.reunion, "duty": "regulate", "to": "centre"},
        "change_group_settings": {"group_id": town.reunion, "name": "Mine"},
        "import_households": {"group_id": town.reunion, "rows": []},
        "enrol_household": {"group_id": town.reunion, "persons": [], "tier": "boost"},
        "assign_role": {"person_id": organiser, "role": "organiser", "scope_kind": "group", "scope_id": town.reunion},
    }.items():
        with pytest.raises(NotFound) as foreign:
            town.call(method, actor=organiser, **payload)
        unknown = {key: str(uuid4()) if key.endswith("_id") else value for key, value in payload.items()}
        with pytest.raises(NotFound) as missing:
            town.call(method, actor=organiser, **unknown)
        assert (foreign.value.code, foreign.value.facts) == (missing.value.code, missing.value.facts), method


def test_members_read_their_own_household_and_nothing_of_the_others(town):
    mine = town.enrol(town.lyon, "Ali Bey ali@x.example")
    theirs = town.enrol(town.lyon, "Zoé Cot zoe@x.example")
    ali = mine["person_ids"][0]
    assert town.call("household", actor=ali, household_id=mine["household_id"])["as"] == "eater"
    for method, payload in {
        "household": {"household_id": theirs["household_id"]},
        "members": {"group_id": town.lyon},
        "person": {"person_id": theirs["person_ids"][0]},
        "erasure_preview": {"person_id": theirs["person_ids"][0]},
        "erase_person": {"person_id": theirs["person_ids"][0]},
    }.items():
        with pytest.raises((Forbidden, NotFound)):
            town.call(method, actor=ali, **payload)


def test_a_group_cannot_make_itself_the_centre(town):
    organiser = town.enrol(town.lyon, "Marie Diallo marie@x.example organiser")["person_ids"][0]
    with pytest.raises((Forbidden, NotFound)):
        town.call("assign_role", actor=organiser, person_id=organiser, role="central_team",
                  scope_kind="federation", scope_id=town.host)  # fmt: skip
    persons = [{"first_name": "A", "last_name": "B", "roles": ["central_team"]}]
    with pytest.raises(Invalid):
        town.call("enrol_household", actor=organiser, group_id=town.lyon, persons=persons, tier="boost")


def test_the_last_of_the_central_team_stays(town):
    assignment = town.call("federation_roles", actor=town.centre)["roles"][0]["assignment_id"]
    for method, payload in {
        "revoke_role": {"person_id": town.centre, "assignment_id": assignment},
        "erase_person": {"person_id": town.centre},
    }.items():
        with pytest.raises(Rejected) as refused:
            town.call(method, actor=town.centre, **payload)
        assert refused.value.code == "last-central-team"


def test_a_role_begins_and_ends(town):
    done = town.enrol(town.lyon, "Marie Diallo marie@x.example")
    marie = done["person_ids"][0]
    given = town.call("assign_role", actor=town.centre, person_id=marie, role="treasurer", scope_kind="group",
                      scope_id=town.lyon, valid_until="2026-11-30")  # fmt: skip
    assert [role["role"] for role in town.call("me", actor=marie)["roles"]] == ["treasurer"]
    [shown] = town.call("roles", actor=marie, group_id=town.lyon)["roles"]
    assert (shown["name"], shown["scope_name"], shown["valid_until"]) == ("Marie Diallo", "Mermoz", "2026-11-30")
    town.house.clock.advance(days=40)
    assert town.call("me", actor=marie)["roles"] == []
    town.call("revoke_role", actor=town.centre, person_id=marie, assignment_id=given["assignment_id"])
    assert town.call("roles", actor=marie, group_id=town.lyon)["roles"] == []
