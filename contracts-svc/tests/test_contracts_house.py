"""The doors of contracts-svc in a house of one: enrolment, imports, rights, isolation, names, erasure."""

import sqlite3
from datetime import date
from uuid import uuid4

import pytest

from contracts_svc import person, setup
from grenier.errors import Forbidden, Invalid, NotFound, Rejected
from grenier.language.contracts import PersonErased
from grenier.runtime import keys_of


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


# -- rights and isolation ----------------------------------------------------------------------------------------


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


# -- lists -------------------------------------------------------------------------------------------------------


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


# -- details and erasure -----------------------------------------------------------------------------------------


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
