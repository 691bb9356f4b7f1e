"""The pages of members, federation and volunteers over their real services: who sees them, what a form does."""

import csv
import io
import re

import pytest
from people_house import PeopleSite


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    """For tests that only look."""
    return PeopleSite(tmp_path_factory.mktemp("people"))


@pytest.fixture
def site(tmp_path):
    return PeopleSite(tmp_path)


def addresses(site: PeopleSite) -> dict[str, tuple[str, set[str]]]:
    """Each page and the first names of those who may open it."""
    lyon, ali, home = site.lyon, site.people["Ali"], site.homes["Bey"]
    activity = site.activity()
    centre, office, members = {"Nadia"}, {"Nadia", "Marie"}, {"Nadia", "Marie", "Zoé", "Ali"}
    return {
        "members": (f"/groupes/{lyon}/membres", office | {"Zoé"}),
        "search": (f"/groupes/{lyon}/membres?cherche=eloise&etat=active&categorie=boost", office | {"Zoé"}),
        "register": (f"/groupes/{lyon}/registre?date=2026-01-01", office | {"Zoé"}),
        "enrol": (f"/groupes/{lyon}/membres/nouveau", office),
        "import": (f"/groupes/{lyon}/membres/importer", office),
        "household": (f"/groupes/{lyon}/membres/{home}", office | {"Zoé", "Ali"}),
        "person": (f"/groupes/{lyon}/membres/{home}/personnes/{ali}", office | {"Zoé", "Ali"}),
        "add person": (f"/groupes/{lyon}/membres/{home}/personnes/nouvelle", office),
        "end": (f"/groupes/{lyon}/membres/{home}/fin", office),
        "roles": (f"/groupes/{lyon}/roles", members),
        "applications": (f"/groupes/{lyon}/demandes", office),
        "settings": (f"/groupes/{lyon}/reglages", members),
        "federation": ("/federation", centre),
        "new group": ("/federation/groupes/nouveau", centre),
        "producers": ("/federation/producteurs", centre),
        "tiers": ("/federation/categories", centre),
        "federation roles": ("/federation/roles", centre),
        "erase": (f"/personnes/{ali}/effacer", centre),
        "volunteers": (f"/groupes/{lyon}/benevoles", members),
        "activity": (f"/groupes/{lyon}/benevoles/{activity}", members),
        "sheet": (f"/groupes/{lyon}/benevoles/{activity}/feuille", members),
        "call": (f"/groupes/{lyon}/benevoles/{activity}/appel", office),
        "plan": (f"/groupes/{lyon}/benevoles/nouvelle", office),
        "my slots": ("/mes-creneaux", members | {"Lise"}),
        "my data": ("/mes-donnees", members | {"Lise"}),
        "erase me": ("/mes-donnees/effacer", members | {"Lise"}),
        "home": ("/", members | {"Lise", ""}),
        "join": (f"/rejoindre/{lyon}", members | {"Lise", ""}),
    }


@pytest.mark.parametrize("who", ["Nadia", "Marie", "Zoé", "Ali", "Lise", ""])
def test_pages_open_for_those_they_are_for(seeded, who):
    client = seeded.client(who)
    for name, (address, allowed) in addresses(seeded).items():
        status = client.get(address).status_code
        assert (status == 200) == (who in allowed), f"{name} answers {status} to {who or 'nobody'}"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_page_shows_a_name_that_was_not_put_in(seeded, language):
    client = seeded.client("Nadia")
    client.set_cookie("grenier-language", language)
    for name, (address, _allowed) in addresses(seeded).items():
        page = client.get(address).text
        assert not re.search(r"\bNone\b|Undefined|%\(\w+\)|<LazyString", page), name


def field(client, address: str, **typed):
    """Send a form as a browser would, without the script."""
    return client.post(address, data=typed)


def problems(page: str) -> str:
    return re.sub(r"<[^>]+>", " ", page)


def test_the_desk_enrols_a_household(site):
    client = site.client("Marie")
    sent = {"persons.0.first_name": "Omar", "persons.0.last_name": "Saïd", "persons.0.phone": "06 12 34 56 78",
            "persons.0.by_phone": "1", "persons.1.first_name": "Léa", "persons.1.last_name": "Saïd",
            "tier": "boost", "dues": "12,50"}  # fmt: skip
    answer = field(client, f"/groupes/{site.lyon}/membres/nouveau", **sent)
    assert answer.status_code == 302
    page = client.get(answer.location).text
    assert "Omar Saïd" in page
    assert "06 12 34 56 78" in page.replace("\xa0", " ").replace("\u202f", " ")
    assert "12,50" in page
    assert "à prévenir par téléphone" in page


def test_what_is_wrong_at_the_desk_stands_at_its_field_in_french(site):
    client = site.client("Marie")
    sent = {"persons.0.first_name": "Omar", "persons.0.last_name": "", "persons.0.email": "ali.bey@x.example",
            "persons.0.phone": "0692123456", "tier": "boost"}  # fmt: skip
    answer = field(client, f"/groupes/{site.lyon}/membres/nouveau", **sent)
    assert answer.status_code == 422
    assert 'value="Omar"' in answer.text
    text = problems(answer.text)
    for message in ("À remplir.", "Cette adresse sert déjà", "Ce numéro n’existe pas ici"):
        assert message in text
    assert 'id="persons.0.phone-error"' in answer.text


def test_a_list_is_shown_before_it_is_taken(site):
    client, address = site.client("Marie"), f"/groupes/{site.lyon}/membres/importer"
    content = "prenom;nom;courriel;categorie;cotisation;numero\nAna;Alves;ana@x.example;Solidaire;12,50;40\nBob;Bon;pas-une-adresse;Quartier;;\n"
    seen = client.post(address, data={"file": (io.BytesIO(content.encode()), "liste.csv")})
    assert "1 foyer sera enregistré" in seen.text
    assert "Une adresse ressemble" in seen.text
    assert site.call("members", site.people["Nadia"], group_id=site.lyon, search="alves")["total"] == 0
    assert field(client, address, step="enrol", content=content).status_code == 302
    [row] = site.call("members", site.people["Nadia"], group_id=site.lyon, search="alves")["households"]
    assert (row["number"], row["tier"]) == (40, "solidarity")


def test_a_file_without_names_is_refused(site):
    answer = site.client("Marie").post(
        f"/groupes/{site.lyon}/membres/importer", data={"file": (io.BytesIO(b"a;b\n1;2\n"), "x.csv")}
    )
    assert answer.status_code == 422
    assert "prenom et nom" in answer.text


def test_the_list_leaves_as_a_file_for_spreadsheets(seeded):
    answer = seeded.client("Marie").get(f"/groupes/{seeded.lyon}/membres?format=csv")
    assert answer.get_data().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == 10
    assert rows[0]["Courriels"] == "ali.bey@x.example"


def test_roles_are_given_and_taken_back(site):
    client = site.client("Marie")
    answer = field(client, f"/groupes/{site.lyon}/roles", person_id=site.people["Ali"], role="volunteer")
    assert answer.status_code == 302
    roles = site.call("roles", site.people["Ali"], group_id=site.lyon)["roles"]
    mandate = next(role for role in roles if role["name"] == "Ali Bey")
    again = field(client, f"/groupes/{site.lyon}/roles", person_id=site.people["Ali"], role="volunteer")
    assert again.status_code == 409
    assert "Ce rôle est déjà tenu" in again.text
    field(client, f"/groupes/{site.lyon}/roles/{mandate['person_id']}/{mandate['assignment_id']}/retirer")
    assert len(site.call("roles", site.people["Ali"], group_id=site.lyon)["roles"]) == len(roles) - 1


def test_a_duty_moves_by_one_button(site):
    client = site.client("Marie")
    field(client, f"/groupes/{site.lyon}/reglages/taches/regulate", to="centre")
    page = client.get(f"/groupes/{site.lyon}/reglages").text
    assert "Marie Diallo" in page
    assert "Confier au groupe" in page


def test_settings_are_kept_in_cents(site):
    sent = {"name": "VRAC Mermoz", "place": "Cour", "time_zone": "Europe/Paris", "phone_region": "FR", "floor": "15,00"}
    assert field(site.client("Marie"), f"/groupes/{site.lyon}/reglages", **sent).status_code == 302
    group = site.call("group", site.people["Marie"], group_id=site.lyon)
    assert (group["credit_floor_cents"], group["place"], group["inclusive_language"]) == (-1500, "Cour", False)
    assert 'value="15,00"' in site.client("Marie").get(f"/groupes/{site.lyon}/reglages").text
    assert field(site.client("Marie"), f"/groupes/{site.lyon}/reglages", **{**sent, "floor": ""}).status_code == 302
    assert site.call("group", site.people["Marie"], group_id=site.lyon)["credit_floor_cents"] is None


def test_somebody_asks_to_join_and_is_let_in(site):
    stranger = site.client()
    token = re.search(r'name="csrf-token" content="([^"]+)"', stranger.get(f"/rejoindre/{site.lyon}").text)
    sent = {"first_name": "Noé", "last_name": "Roche", "email": "noe@x.example", "csrf_token": token.group(1)}
    refused = field(stranger, f"/rejoindre/{site.lyon}", **sent)
    assert "charte" in refused.text
    assert refused.status_code == 409
    assert field(stranger, f"/rejoindre/{site.lyon}", **sent, charter="1").status_code == 302
    asked = site.call("applications", site.people["Marie"], group_id=site.lyon)["applications"]
    noe = next(row for row in asked if row["name"] == "Noé Roche")
    client = site.client("Marie")
    assert "2 demandes" in client.get("/").text
    address = f"/groupes/{site.lyon}/demandes/{noe['application_id']}"
    assert field(client, address, decision="accept", tier="boost").status_code == 302
    assert site.call("members", site.people["Marie"], group_id=site.lyon, search="roche")["total"] == 1


@pytest.mark.behaviour("S1:19", "S1:20", "S1:39")
def test_volunteers_sign_up_with_one_button(site):
    activity = site.activity()
    address = f"/groupes/{site.lyon}/benevoles/{activity}"
    paul = site.client("Paul")
    before = paul.get(address).text
    assert "il manque 10" in before.replace("\u00a0", " ")
    assert "Marie" in before
    assert "Diallo" not in before  # first names are enough
    field(paul, f"{address}/stands/inscription")
    assert "il manque 9" in paul.get(address).text.replace("\u00a0", " ")
    assert "Vous aidez" in paul.get("/").text
    field(paul, f"{address}/stands/retrait")
    assert "Vous aidez" not in paul.get("/").text
    full = paul.post(f"{address}/till/inscription", follow_redirects=False)
    assert full.status_code == 302
    till = site.call("activity", site.people["Paul"], service="matching", activity_id=activity)["slots"][3]
    assert till["signed_up"] == 2
    marie = site.client("Marie")
    assert "Relancer" in marie.get(address).text
    field(marie, f"{address}/appel")
    assert [event.by_hand for event in site.house.events("matching.volunteers-called")] == [True]


def test_planning_reads_hours_in_the_zone_of_the_group(site):
    sent = {"kind": "help_desk", "title": "Permanence", "day": "2026-11-25", "begins": "14:00", "ends": "16:00",
            "task-0": "accueil", "needed-0": "2"}  # fmt: skip
    lise = site.client("Lise")
    assert field(lise, f"/groupes/{site.reunion}/benevoles/nouvelle", **sent).status_code == 302
    [planned, *_] = site.call("activities", site.people["Lise"], service="matching", group_id=site.reunion)[
        "activities"
    ]
    assert planned["starts_at"].startswith("2026-11-25T10:00")
    assert planned["needed"] == 2
    wrong = field(lise, f"/groupes/{site.reunion}/benevoles/nouvelle", **sent | {"ends": "13:00"})
    assert wrong.status_code == 422


def test_erasing_oneself_shows_first_what_it_does(site):
    client, ali = site.client("Ali"), site.people["Ali"]
    preview = client.get("/mes-donnees/effacer").text
    assert "reste sans nom" in preview
    assert site.house.events("contracts.person-erased") == []
    field(client, "/mes-donnees/effacer")
    [erased] = site.house.events("contracts.person-erased")
    assert erased.person_id == ali
    assert client.get("/mes-donnees").status_code == 401
    assert "Bey" not in site.client("Marie").get(f"/groupes/{site.lyon}/membres").text


def test_the_last_of_the_central_team_reads_why_not(seeded):
    page = seeded.client("Nadia").get("/mes-donnees/effacer").text
    assert "Dernière personne de l’équipe centrale" in page
    assert "Effacer pour toujours" not in page


def test_a_federation_is_founded_in_the_browser_once(tmp_path):
    site = PeopleSite(tmp_path, seeded=False)
    client = site.client()
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/installation").text)
    sent = {"name": "VRAC", "first_name": "Nadia", "last_name": "B", "email": "n@x.example", "time_zone": "Europe/Paris",
            "phone_region": "FR", "csrf_token": token.group(1)}  # fmt: skip
    assert field(client, "/installation", **sent).status_code == 302
    assert client.get("/installation").status_code == 404


def test_tiers_are_settings_of_the_federation(site):
    client = site.client("Nadia")
    sent = {}
    for tier in site.call("federation", site.people["Nadia"])["tiers"]:
        sent |= {
            f"name-{tier['code']}": tier["name"],
            f"rate-{tier['code']}": str(tier["rate_bp"] / 100),
            f"dues-{tier['code']}": "2",
        }
    sent |= {"rate-boost": "72,5", "name-new": "Étudiant·e", "rate-new": "60", "dues-new": ""}
    assert field(client, "/federation/categories", **sent).status_code == 302
    tiers = {tier["code"]: tier for tier in site.call("federation", site.people["Nadia"])["tiers"]}
    assert (tiers["boost"]["rate_bp"], tiers["boost"]["dues_cents"]) == (7250, 200)
    assert tiers["etudiante"]["rate_bp"] == 6000


def test_the_api_speaks_of_people_too(site):
    client, lyon = site.client("Marie"), site.lyon
    found = client.get(f"/api/v1/groups/{lyon}/members?search=eloise&limit=10").json
    assert [row["label"] for row in found["households"]] == ["D’Arc"]
    new = {"persons": [{"first_name": "Omar", "last_name": "Saïd"}], "tier": "boost"}
    done = client.post(f"/api/v1/groups/{lyon}/households", json=new, headers={"Idempotency-Key": "k1"})
    again = client.post(f"/api/v1/groups/{lyon}/households", json=new, headers={"Idempotency-Key": "k1"})
    assert done.status_code == again.status_code == 201
    assert done.json["household_id"] == again.json["household_id"]
    assert client.get(f"/api/v1/groups/{site.reunion}/members").status_code == 404
    assert client.post(f"/api/v1/groups/{lyon}/households", json={**new, "colour": "red"}).status_code == 422
    activity = site.activity()
    paul = site.client("Paul")
    assert paul.put(f"/api/v1/activities/{activity}/slots/stands/volunteers/me").status_code == 200
    assert [slot["task"] for slot in paul.get("/api/v1/me/slots").json["slots"]] == ["stands"]
    full = paul.put(f"/api/v1/activities/{activity}/slots/till/volunteers/me")
    assert (full.status_code, full.json["code"]) == (409, "slot-full")
    assert paul.get("/api/v1/me/data").json["person"]["first_name"] == "Paul"
    assert paul.get(f"/api/v1/groups/{lyon}/register?as_of=2025-12-01").status_code == 403
    assert client.get(f"/api/v1/groups/{lyon}/register?as_of=2025-12-01").json["total"] == 1
