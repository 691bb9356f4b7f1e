"""Through the doors of contracts-svc: own details, erasure, and what is replayed."""

import sqlite3
from datetime import date

import pytest

from contracts_svc import person
from grenier.errors import Forbidden, NotFound
from grenier.language.contracts import PersonErased
from grenier.runtime import keys_of


def test_people_change_their_own_details(town):
    done = town.enrol(town.lyon, "Marie Diallo marie@x.example")
    marie = done["person_ids"][0]
    town.call("change_person_details", actor=marie, person_id=marie, last_name="Diallo-Roy", email="")
    me = town.call("me", actor=marie)
    assert (me["person"]["name"], me["person"]["email"]) == ("Marie Diallo-Roy", "")
    assert me["households"][0]["label"] == "Diallo-Roy"
    with pytest.raises(NotFound):
        town.call("person_by_email", actor="system:gateway", email="marie@x.example")


def test_nobody_takes_the_account_of_somebody_who_may_do_more(town):
    """The e-mail address signs in: setting it must not give more than one has already."""
    coordinator = town.enrol(town.lyon, "Cleo Coord cleo@x.example coordinator")["person_ids"][0]
    organiser = town.enrol(town.lyon, "Olga Orga olga@x.example organiser")["person_ids"][0]
    eater = town.enrol(town.lyon, "Ali Bey ali@x.example")["person_ids"][0]
    both = town.enrol(town.lyon, "Bo Deux bo@x.example")["person_ids"][0]
    town.call("form_household", actor=town.centre, group_id=town.reunion, person_ids=[both])
    change = {"method": "change_person_details", "email": "mine@x.example"}
    for actor, person_id in ((coordinator, organiser), (organiser, both)):
        with pytest.raises(Forbidden) as refused:
            town.call(**change, actor=actor, person_id=person_id)
        assert refused.value.code == "address-of-another"
    town.call("change_person_details", actor=coordinator, person_id=organiser, phone="0612345678")
    town.call(
        "change_person_details", actor=coordinator, person_id=organiser, email="olga@x.example", first_name="Olga"
    )
    town.call(**change, actor=coordinator, person_id=eater)
    town.call("change_person_details", actor=organiser, person_id=organiser, email="new@x.example")


def test_the_log_holds_no_name(town):
    town.enrol(town.lyon, "Marie Diallo marie@x.example")
    stored = b"".join(recorded.data for recorded in town.house.log.read_all())
    assert b"Diallo" not in stored
    assert b"marie@" not in stored


def files_with(folder, text: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and text in path.read_bytes()]


def test_erasing_forgets_everywhere(town, tmp_path):
    done = town.enrol(town.lyon, "Marie Oubliette marie@x.example organiser", "Paul Martin -")
    marie = done["person_ids"][0]
    assert files_with(tmp_path, b"Oubliette")
    preview = town.call("erasure_preview", actor=marie, person_id=marie)
    assert preview["forgotten"]["fields"] == ["first_name", "last_name", "email"]
    assert preview["kept"]["households"][0]["label"] == "Oubliette / Martin"
    assert preview["kept"]["households"][0]["nameless"] is False
    town.call("erase_person", actor=marie, person_id=marie)
    assert town.call("household", actor=town.centre, household_id=done["household_id"])["label"] == "Martin"
    assert town.call("names", actor=town.centre, person_ids=[marie]) == {}
    with pytest.raises(NotFound):
        town.call("me", actor=marie)
    with pytest.raises(NotFound):
        town.call("change_person_details", actor=town.centre, person_id=marie, first_name="Marie")
    assert files_with(tmp_path, b"Oubliette") == []
    assert town.house.dump("contracts") == town.house.rebuilt_dump("contracts")


def test_a_key_that_outlived_the_fact_is_destroyed_by_the_policy(town):
    """The crash between the fact and the key: the fact alone is enough."""
    marie = town.enrol(town.lyon, "Marie Diallo marie@x.example")["person_ids"][0]
    room = town.house.rooms["contracts"]
    town.house.record(person.decider.stream(marie), PersonErased(person_id=marie))
    with sqlite3.connect(room.runtime.settings.keys_url.removeprefix("sqlite:///")) as keys:
        assert keys.execute("select count(*) from person_keys where person_id = ?", (marie,)).fetchone() == (0,)
    assert keys_of(room.service, room.runtime.settings).open(marie, {"first_name": "…"}) == {}


def test_erasing_twice_is_harmless(town):
    marie = town.enrol(town.lyon, "Marie Diallo marie@x.example")["person_ids"][0]
    town.call("erase_person", actor=town.centre, person_id=marie)
    before = town.house.log.head()
    town.call("erase_person", actor=town.centre, person_id=marie)
    assert town.house.log.head() == before


def test_a_replay_gives_the_same_rows(town):
    done = town.enrol(town.lyon, "Marie Diallo marie@x.example organiser", "Paul Martin -", valid_from="2026-01-01")
    town.call("leave_household", actor=town.centre, household_id=done["household_id"], person_id=done["person_ids"][1])
    town.call("join_household", actor=town.centre, household_id=done["household_id"], person_id=done["person_ids"][1])
    town.call("change_tier", actor=town.centre, membership_id=done["membership_id"], tier="boost")
    town.call("move_duty", actor=town.centre, group_id=town.lyon, duty="regulate", to="centre")
    town.call("change_group_settings", actor=town.centre, group_id=town.lyon, inclusive_language=False)
    town.call("register_producer", actor=town.centre, name="Fromagerie des Monts")
    shown = town.call("group", actor=town.centre, group_id=town.lyon)
    assert shown["inclusive_language"] is False
    assert shown["members"] == 1
    assert {duty["duty"]: duty["done_by"] for duty in shown["duties"]}["regulate"] == "centre"
    assert town.house.dump("contracts") == town.house.rebuilt_dump("contracts")


def test_my_data_is_everything_about_me(town):
    done = town.enrol(town.lyon, "Marie Diallo marie@x.example organiser")
    data = town.call("my_data", actor=done["person_ids"][0])
    assert data["person"]["email"] == "marie@x.example"
    assert [row["valid_from"] for row in data["memberships"]] == [date(2026, 11, 2).isoformat()]
    assert [row["role"] for row in data["mandates"]] == ["organiser"]
