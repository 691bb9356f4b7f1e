"""A contract's way through the API, from what the producer says to the next season (S0:3-7, 17, 21-25)."""

import copy
import hashlib

import pytest
from season_house import Season, vegetables


class Api:
    """One person's calls; answers are JSON, `status` what they must end with."""

    def __init__(self, site, who=""):
        self.client = site.client(who)

    def __call__(self, method, path, status=200, /, **body):
        answer = self.client.open("/api/v1" + path, method=method, json=body if method in ("POST", "PUT") else None)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_json()


@pytest.fixture
def site(tmp_path):
    return Season(tmp_path)


@pytest.fixture
def camille(site):
    return Api(site, "Camille")


def drafted(site, camille, **changes):
    body = {"producer_id": site.producer, "terms": vegetables() | changes}
    return camille("POST", f"/groups/{site.amap}/contracts", 201, **body)


def sent(site, camille, contract_id, version=1):
    """The producer's link, as the mail would have it."""
    return camille("POST", f"/contracts/{contract_id}/submit", version=version, person_id=site.people["Jeanne"])[
        "token"
    ]


def opened(site, camille, **changes):
    contract = drafted(site, camille, **changes)["id"]
    camille("POST", f"/contracts/{contract}/approve", version=1)
    camille("POST", f"/contracts/{contract}/open", version=1)
    return contract


@pytest.mark.behaviour("S0:3-7")
def test_a_volunteer_is_coordinator_of_one_contract_only(site, camille):
    body = {"producer_id": site.producer, "terms": vegetables(), "coordinator_id": site.people["Paul"]}
    own = camille("POST", f"/groups/{site.amap}/contracts", 201, **body)["id"]
    other = drafted(site, camille, title="Pain")["id"]
    paul = Api(site, "Paul")
    paul("POST", f"/contracts/{own}/approve", version=1)
    paul("POST", f"/contracts/{own}/open", version=1)
    assert paul("POST", f"/contracts/{other}/approve", 403, version=1)["code"] == "forbidden"
    assert paul("GET", f"/contracts/{own}")["may"]["manage"]
    # The role ends, and with it what it allowed.
    roles = site.call("person", "Nadia", person_id=site.people["Paul"])["roles"]
    [held] = [role for role in roles if role["scope_kind"] == "contract"]
    site.call("revoke_role", "Nadia", person_id=site.people["Paul"], assignment_id=held["assignment_id"])
    assert paul("POST", f"/contracts/{own}/close-sign-ups", 403)["code"] == "forbidden"


@pytest.mark.behaviour("S0:21")
def test_what_the_producer_offers_is_recorded_in_full(site, camille):
    farm = camille("POST", "/producers", 201, name="Les Ruches", place="Thiers", group_id=site.amap)["id"]
    body = {"producer_id": farm, "terms": {**vegetables(), "title": "Miel", "farm_visits": 1, "mention": "Bio"}}
    made = camille("POST", f"/groups/{site.amap}/contracts", 201, **body)
    told = camille("GET", f"/contracts/{made['id']}")
    assert (told["producer"], told["status"], told["version"]) == ("Les Ruches", "drafted", 1)
    assert [(option["title"], option["price_cents"]) for option in told["terms"]["options"]] == [
        ("Panier", 1400), ("Demi-panier", 800),
    ]  # fmt: skip
    assert told["terms"] == made["terms"]
    # Whoever is not the central team registers producers for the own group only.
    camille("POST", "/producers", 404, name="Pour tous")
    Api(site, "Ali")("POST", "/producers", 404, name="À moi", group_id=site.amap)


@pytest.mark.behaviour("S0:21")
def test_a_refusal_names_the_field_in_question(site, camille):
    bad = copy.deepcopy(vegetables())
    bad["options"][1]["delivery_ids"] = ["d99"]
    bad["deliveries"][2]["ends"] = "18:00"
    bad["payment"]["splits_percent"] = {"3": [50, 25]}
    refused = camille("POST", f"/groups/{site.amap}/contracts", 422, producer_id=site.producer, terms=bad)
    assert set(refused["errors"]) == {
        "terms.options.1.delivery_ids", "terms.deliveries.2.ends", "terms.payment.splits_percent.3",
    }  # fmt: skip
    bad = vegetables() | {"basket_kind": "panier", "options": [{"title": "Panier", "price_cents": "1400"}]}
    refused = camille("POST", f"/groups/{site.amap}/contracts", 422, producer_id=site.producer, terms=bad)
    assert {"basket_kind", "options"} <= refused["errors"]["terms"].keys()


@pytest.mark.behaviour("S0:22")
def test_dates_are_proposed_agreed_and_stay_fortnights_over_the_turn_of_the_year(site, camille):
    week_b = {"rhythm": "every", "anchor": "2026-11-05", "every_days": 14, "count": 6, "series": "B"}
    found = camille("POST", "/contract-dates", patterns=[week_b], group_id=site.amap)
    assert [(each["on"], each["iso_week"]) for each in found["dates"]] == [
        ("2026-11-05", 45), ("2026-11-19", 47), ("2026-12-03", 49), ("2026-12-17", 51), ("2026-12-31", 53),
        ("2027-01-14", 2),
    ]  # fmt: skip
    assert found["warnings"] == []
    assert [(month["month"], len(month["dates"])) for month in found["months"]] == [
        ("2026-11", 2), ("2026-12", 3), ("2027-01", 1),
    ]  # fmt: skip
    kept = ("on", "starts", "ends", "series", "factor_percent")
    dates = [{name: each[name] for name in kept} for each in found["dates"]]
    made = drafted(site, camille, deliveries=dates)
    told = camille("GET", f"/contracts/{made['id']}")["months"]
    assert [day["on"] for month in told for day in month["deliveries"]] == [each["on"] for each in dates]


@pytest.mark.behaviour("S0:22")
def test_a_date_that_is_moved_cancelled_or_doubled_says_so_everywhere(site, camille):
    contract = opened(site, camille)
    first, second, third = (
        day["delivery_id"] for day in camille("GET", f"/contracts/{contract}")["months"][0]["deliveries"][:3]
    )
    where = f"/contracts/{contract}/deliveries"
    camille("POST", f"{where}/{first}/move", on="2026-11-06", reason="Salle prise")
    camille("POST", f"{where}/{second}/cancel", reason="Gel")
    camille("POST", f"{where}/{third}/count", factor_percent=200, reason="Rattrapage")
    days = Api(site, "Ali")("GET", f"/groups/{site.amap}/deliveries?until_on=2026-11-20")["dates"]
    told = {each["delivery_id"]: each for day in days for each in day["deliveries"]}
    assert (told[first]["on"], told[first]["moved_from"]) == ("2026-11-06", "2026-11-05")
    assert (told[second]["cancelled"], told[second]["reason"]) == (True, "Gel")
    assert told[third]["factor_percent"] == 200
    camille("POST", f"{where}/{second}/move", 409, on="2026-11-20", reason="Encore")
    camille("POST", f"{where}/{first}/cancel", 422, reason="")
    Api(site, "Ali")("POST", f"{where}/{first}/cancel", 403, reason="Moi")


@pytest.mark.behaviour("S0:23")
def test_no_opening_before_the_producer_approves_exactly_this_version(site, camille):
    contract = drafted(site, camille)["id"]
    path = f"/contracts/{contract}"
    assert camille("POST", f"{path}/open", 409, version=1)["code"] == "contract-not-approved"
    token, nobody = sent(site, camille, contract), Api(site)
    shown = nobody("GET", f"/producer-answers/{token}")
    assert (shown["state"], shown["version"]) == ("waiting", 1)
    wish = "Le demi-panier à 8,50 €"
    nobody("POST", f"/producer-answers/{token}", answer="changes", comment=wish)
    terms = camille("GET", path)["terms"]
    assert camille("GET", path)["changes_wanted"] == wish
    terms["options"][1]["price_cents"] = 850
    camille("POST", f"{path}/revise", terms=terms, from_version=1)
    assert (
        camille("POST", f"{path}/revise", 409, terms=vegetables(), from_version=1)["code"] == "contract-version-changed"
    )
    token2 = sent(site, camille, contract, version=2)
    shown = nobody("GET", f"/producer-answers/{token2}")
    approval = {"answer": "approve", "document_sha256": shown["document_sha256"]}
    assert nobody("POST", f"/producer-answers/{token}", 409, **approval)["code"] == "contract-version-changed"
    nobody("POST", f"/producer-answers/{token2}", **approval)
    nobody("POST", f"/producer-answers/{token2}", **approval)
    camille("POST", f"{path}/open", version=2)
    newest, first = camille("GET", f"{path}/versions")["versions"]
    assert [(each["name"], each["before"], each["after"]) for each in newest["changes"]] == [("Demi-panier", 800, 850)]
    assert (first["status"], first["comment"], newest["status"]) == ("changes_requested", wish, "approved")
    assert camille("GET", f"{path}/versions/1")["terms"]["options"][1]["price_cents"] == 800
    assert camille("POST", f"{path}/revise", 409, terms=vegetables(), from_version=2)["code"] == "contract-opened"


@pytest.mark.behaviour("S0:23")
def test_the_document_that_is_approved_is_the_one_that_was_seen(site, camille):
    contract = drafted(site, camille)["id"]
    token, nobody = sent(site, camille, contract), Api(site)
    paper = site.client().get(f"/producteur/reponse/{token}/contrat.pdf").get_data()
    assert hashlib.sha256(paper).hexdigest() == nobody("GET", f"/producer-answers/{token}")["document_sha256"]
    wrong = nobody("POST", f"/producer-answers/{token}", 409, answer="approve", document_sha256="0" * 64)
    assert wrong["code"] == "document-differs"
    assert (
        nobody("POST", f"/producer-answers/{token[:-3]}xyz", 404, answer="changes", comment="?")["code"]
        == "link-unknown"
    )
    jeanne = Api(site, "Jeanne")
    [listed] = jeanne("GET", f"/producers/{site.producer}/contracts")["contracts"]
    seen = jeanne("GET", f"/contracts/{listed['contract_id']}")["submission"]
    jeanne(
        "POST", f"/contracts/{contract}/answer", version=1, answer="approve", document_sha256=seen["document_sha256"]
    )
    assert camille("GET", f"/contracts/{contract}")["status"] == "approved"


@pytest.mark.behaviour("S0:24", "S0:25")
def test_an_opened_contract_stands_on_the_public_page_without_typing_anything_again(site, camille):
    nobody = Api(site)
    contract = drafted(site, camille)["id"]
    assert nobody("GET", f"/public/groups/{site.amap}/contracts")["contracts"] == []
    Api(site, "Ali")("GET", f"/contracts/{contract}", 404)
    camille("POST", f"/contracts/{contract}/approve", version=1)
    camille("POST", f"/contracts/{contract}/open", version=1)
    [public] = nobody("GET", f"/public/groups/{site.amap}/contracts")["contracts"]
    assert (public["title"], public["producer"], public["sign_ups"]["state"]) == (
        "Légumes d’hiver", "Ferme des Tilleuls", "open",
    )  # fmt: skip
    assert [option["price_cents"] for option in public["options"]] == [1400, 800]
    assert len(public["deliveries"]) == 12
    page = site.client().get(f"/rejoindre/{site.amap}/contrats/{contract}").get_data(as_text=True)
    assert "Légumes d’hiver" in page
    assert "14,00" in page
    [mine] = Api(site, "Ali")("GET", f"/groups/{site.amap}/contracts")["contracts"]
    assert (mine["contract_id"], mine["next_on"]) == (contract, "2026-11-05")


@pytest.mark.behaviour("S0:17")
def test_people_sign_up_between_two_days_and_the_next_season_follows_in_one_step(site, camille):
    contract, path = opened(site, camille), ""
    path = f"/contracts/{contract}"
    assert camille("GET", path)["sign_ups"] == {"state": "open", "opens_on": "2026-10-01", "closes_on": "2027-01-15"}
    camille("POST", f"{path}/close-sign-ups")
    assert camille("GET", path)["sign_ups"]["state"] == "closed"
    camille("POST", f"{path}/reopen-sign-ups", closes_on="2026-10-20")
    site.house.clock.advance(days=16)
    site.house.tick()
    assert camille("GET", path)["sign_ups"]["state"] == "closed"
    assert camille("GET", f"/groups/{site.amap}/contracts-to-renew")["contracts"] == []
    site.house.clock.advance(days=70)
    [due] = camille("GET", f"/groups/{site.amap}/contracts-to-renew")["contracts"]
    assert due["contract_id"] == contract
    new = camille("POST", f"{path}/renew", 201, starts_on="2027-11-01", title="Légumes d’hiver 2027")
    told = camille("GET", f"/contracts/{new['id']}")
    assert (told["renews"], told["title"], told["starts_on"]) == (contract, "Légumes d’hiver 2027", "2027-11-01")
    assert told["terms"]["payment"]["calendar"][0] == "2027-11-15"
    assert [option["price_cents"] for option in told["terms"]["options"]] == [1400, 800]
    assert camille("POST", f"{path}/renew", 409)["code"] == "contract-renewed"
    assert camille("POST", f"{path}/end", 409)["code"] == "deliveries-left"
    site.house.clock.advance(days=60)
    camille("POST", f"{path}/end")
    assert camille("GET", path)["status"] == "ended"
    camille("POST", f"/contracts/{new['id']}/abandon", reason="Jeanne arrête")
    assert camille("GET", f"/contracts/{new['id']}")["status"] == "abandoned"


def test_strangers_find_nothing(site, camille):
    contract = opened(site, camille)
    outside = site.call("found_group", "Nadia", kind="csa", name="AMAP d’ailleurs")["id"]
    lina = site.call(
        "enrol_household", "Nadia", group_id=outside, tier="neighbourhood",
        persons=[{"first_name": "Lina", "last_name": "Hoarau", "roles": ["organiser"]}],
    )["person_ids"][0]  # fmt: skip
    stranger = Api(site, lina)
    for method, path, body in (
        ("GET", f"/contracts/{contract}", {}), ("GET", f"/contracts/{contract}/versions", {}),
        ("GET", f"/groups/{site.amap}/contracts", {}), ("GET", f"/groups/{site.amap}/deliveries", {}),
        ("GET", f"/producers/{site.producer}/contracts", {}), ("POST", f"/contracts/{contract}/end", {}),
        ("POST", f"/contracts/{contract}/renew", {}),
        ("POST", f"/groups/{site.amap}/contracts", {"producer_id": site.producer, "terms": vegetables()}),
        ("POST", "/contract-dates", {"patterns": [{"rhythm": "list"}], "group_id": site.amap}),
    ):  # fmt: skip
        assert stranger(method, path, 404, **body)["code"] == "not-found"
    # A producer of another group cannot be named either.
    stranger("POST", f"/groups/{outside}/contracts", 422, producer_id=site.producer, terms=vegetables())
    assert Api(site)("GET", f"/contracts/{contract}", 401)
