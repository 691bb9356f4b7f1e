"""Through the doors of contracts-svc: founding, enrolling, importing."""

from uuid import uuid4

import pytest

from contracts_svc import setup
from grenier.errors import Forbidden, Invalid, NotFound, Rejected


def test_a_federation_is_founded_once(town):
    with pytest.raises(Rejected) as refused:
        town.call("found_federation", name="Other", person={"first_name": "A", "last_name": "B"})
    assert refused.value.code == "federation-exists"
    assert town.call("federation", actor=town.centre)["host"]["name"] == "VRAC"


def test_without_the_demo_founding_needs_the_token(tmp_path):
    from grenier.config import Settings

    plain = Settings(data_dir=tmp_path, session_secret="s" * 32)
    assert setup.may_found(plain, setup.setup_token(plain))
    assert not setup.may_found(plain, "guess")
    assert not setup.may_found(Settings(data_dir=tmp_path), setup.setup_token(Settings(data_dir=tmp_path)))


def test_a_household_is_enrolled_in_one_call(town):
    done = town.enrol(town.lyon, "Marie Diallo marie@x.example organiser", "Paul Martin -")
    assert done["number"] == 1
    assert len(done["person_ids"]) == 2
    shown = town.call("household", actor=town.centre, household_id=done["household_id"])
    assert shown["label"] == "Diallo / Martin"
    assert [member["digital"] for member in shown["persons"]] == [True, False]
    assert shown["state"] == "active"
    assert (shown["valid_from"], shown["valid_until"]) == ("2026-11-02", "2027-11-01")
    assert [role["role"] for role in town.call("me", actor=done["person_ids"][0])["roles"]] == ["organiser"]


def test_the_same_enrolment_twice_is_one_household(town):
    command_id = str(uuid4())
    first = town.enrol(town.lyon, "Marie Diallo marie@x.example organiser", command_id=command_id)
    before = town.house.log.head()
    again = town.enrol(town.lyon, "Marie Diallo marie@x.example organiser", command_id=command_id)
    assert town.house.log.head() == before
    assert {**again, "version": 0, "position": 0} == {**first, "version": 0, "position": 0}


@pytest.mark.parametrize("steps", range(1, 6))
def test_an_enrolment_that_broke_off_is_finished_by_repeating_it(town, steps):
    """Whatever step the first call reached, the second one completes it without doing anything twice."""
    command_id, handler = str(uuid4()), town.house.rooms["contracts"].runtime.handler
    real, left = handler.execute, [steps]

    def breaking(*args):
        if left[0] == 0:
            raise ConnectionError
        left[0] -= 1
        return real(*args)

    handler.execute = breaking
    with pytest.raises(Exception, match="internal"):
        town.enrol(town.lyon, "Marie Diallo marie@x.example organiser", "Paul Martin -", command_id=command_id)
    handler.execute = real
    done = town.enrol(town.lyon, "Marie Diallo marie@x.example organiser", "Paul Martin -", command_id=command_id)
    assert done["number"] == 1
    assert town.call("members", actor=town.centre, group_id=town.lyon)["total"] == 1
    names = [type(event).__name__ for event in town.house.events("contracts.")]
    assert names.count("PersonRegistered") == 3  # with the founder
    assert names.count("MembershipGranted") == names.count("HouseholdFormed") == names.count("MemberNumberGiven") == 1


def test_numbers_count_per_group_and_may_be_brought_along(town):
    numbers = [
        town.enrol(town.lyon, "A Un -")["number"],
        town.enrol(town.reunion, "B Un -")["number"],
        town.enrol(town.lyon, "C Deux -", number=12)["number"],
        town.enrol(town.lyon, "D Trois -")["number"],
    ]
    assert numbers == [1, 1, 12, 13]
    with pytest.raises(Invalid) as refused:
        town.enrol(town.lyon, "E Quatre -", number=12)
    assert list(refused.value.facts["fields"]) == ["number"]


def test_phones_are_read_with_the_region_of_the_group(town):
    kreol = [{"first_name": "Lise", "last_name": "Payet", "phone": "0692 12 34 56"}]
    ask = {"actor": town.centre, "persons": kreol, "tier": "neighbourhood"}
    done = town.call("enrol_household", group_id=town.reunion, **ask)
    [shown] = town.call("household", actor=town.centre, household_id=done["household_id"])["persons"]
    assert shown["phone"] == "+262692123456"
    with pytest.raises(Invalid) as refused:
        town.call("enrol_household", group_id=town.lyon, **ask)
    assert list(refused.value.facts["fields"]) == ["persons.0.phone"]


def test_every_wrong_field_is_named_at_once(town):
    persons = [
        {"first_name": "", "last_name": "X", "email": "no"},
        {"first_name": "Y", "last_name": "Y", "phone": "12"},
    ]
    with pytest.raises(Invalid) as refused:
        town.call("enrol_household", actor=town.centre, group_id=town.lyon, persons=persons, tier="gold")
    fields = {"tier", "persons.0.first_name", "persons.0.email", "persons.1.phone"}
    assert set(refused.value.facts["fields"]) == fields


def test_one_address_is_one_person(town):
    town.enrol(town.lyon, "Marie Diallo marie@x.example")
    with pytest.raises(Invalid) as refused:
        town.enrol(town.reunion, "M Autre MARIE@x.example")
    assert list(refused.value.facts["fields"]) == ["persons.0.email"]
    with pytest.raises(Invalid):
        town.enrol(town.lyon, "A Deux two@x.example", "B Deux two@x.example")


def test_only_the_gateway_looks_for_addresses(town):
    done = town.enrol(town.lyon, "Marie Diallo marie@x.example")
    found = town.call("person_by_email", actor="system:gateway", email=" Marie@X.example ")
    assert found == {"person_id": done["person_ids"][0], "language": "fr"}
    with pytest.raises(NotFound):
        town.call("person_by_email", actor="system:gateway", email="nobody@x.example")
    with pytest.raises(Forbidden):
        town.call("person_by_email", actor=town.centre, email="marie@x.example")


# -- imports -----------------------------------------------------------------------------------------------------

ROWS = [
    {"persons": [{"first_name": "Ana", "last_name": "Alves", "email": "ana@x.example"}], "tier": "solidarity", "number": 5},
    {"persons": [{"first_name": "Bob", "last_name": "Bon", "email": "ana@x.example"}], "tier": "neighbourhood"},
    {"persons": [{"first_name": "Cléo", "last_name": "Cot", "phone": "abc"}], "tier": "neighbourhood"},
    {"persons": [{"first_name": "Dan", "last_name": "Doré"}], "tier": "neighbourhood", "number": 5},
    {"persons": "nobody", "tier": "neighbourhood"},
    {"persons": [{"first_name": "Eva", "last_name": "Eon"}], "tier": "boost"},
]  # fmt: skip


def test_a_dry_run_tells_every_error_and_writes_nothing(town):
    before = town.house.log.head()
    told = town.call("import_households", actor=town.centre, group_id=town.lyon, rows=ROWS, dry_run=True)
    assert [error["row"] for error in told["errors"]] == [2, 3, 4, 5]
    assert [set(error["fields"]) for error in told["errors"]] == [
        {"persons.0.email"}, {"persons.0.phone"}, {"number"}, {"persons"},
    ]  # fmt: skip
    assert told["correct"] == 2
    assert town.house.log.head() == before


def test_an_import_enrols_the_good_rows_and_repeating_changes_nothing(town):
    command_id = str(uuid4())
    ask = {"actor": town.centre, "group_id": town.lyon, "rows": ROWS, "command_id": command_id}
    first = town.call("import_households", **ask)
    assert [(done["row"], done["number"]) for done in first["enrolled"]] == [(1, 5), (6, 6)]
    before = town.house.log.head()
    again = town.call("import_households", **ask)
    assert [error["row"] for error in again["errors"]] == [error["row"] for error in first["errors"]]
    assert [done["household_id"] for done in again["enrolled"]] == [done["household_id"] for done in first["enrolled"]]
    assert town.house.log.head() == before


def test_an_import_is_bounded(town):
    with pytest.raises(Invalid):
        town.call("import_households", actor=town.centre, group_id=town.lyon, rows=[{}] * 501)
