"""Subscribing through the API: quotes, places, signatures, changes, the families (S0:17, S0:28, S0:30)."""

from datetime import UTC, datetime

import pytest
from season_api import Api
from season_house import Season, vegetables

SHA = "5" * 64


@pytest.fixture
def site(tmp_path):
    return Season(tmp_path)


class Desk:
    """An open contract with its options and deliveries, and everybody at it."""

    def __init__(self, site, **changes):
        self.site = site
        self.contract = site.opened(**changes)
        self.camille, self.ali, self.paul = Api(site, "Camille"), Api(site, "Ali"), Api(site, "Paul")
        told = self.camille("GET", f"/contracts/{self.contract}")["terms"]
        self.options = {option["title"]: option["option_id"] for option in told["options"]}
        self.deliveries = [one["delivery_id"] for one in told["deliveries"]]

    @property
    def path(self):
        return f"/contracts/{self.contract}"

    def wish(self, last, title="Panier", quantity=1, **more):
        line = {"option_id": self.options[title], "quantity": quantity}
        return {"household_id": self.site.homes[last], "lines": [line], "cheque_count": 3} | more

    def subscribe(self, who, last, status=201, **more):
        return Api(self.site, who)("POST", f"{self.path}/subscriptions", status, **self.wish(last, **more))

    def confirmed(self, who, last, **more):
        made = self.subscribe(who, last, **more)
        self.camille("POST", f"/subscriptions/{made['subscription_id']}/confirm")
        return made["subscription_id"]


@pytest.mark.behaviour("S0:17")
def test_a_campaign_of_sign_ups_opens_and_closes_on_its_dates(site):
    desk = Desk(site, sign_up=vegetables()["sign_up"] | {"opens_on": "2026-10-10", "closes_on": "2026-10-20"})
    assert desk.subscribe("Ali", "Bey", 409)["code"] == "sign-ups-closed"
    site.house.clock.set(datetime(2026, 10, 10, 8, tzinfo=UTC))
    assert desk.subscribe("Ali", "Bey")["state"] == "to_confirm"
    site.house.clock.set(datetime(2026, 10, 21, 8, tzinfo=UTC))
    site.house.tick()
    assert desk.subscribe("Paul", "Rossi", 409)["code"] == "sign-ups-closed"
    # Whoever looks after the contract enters the paper that came on time.
    late = desk.subscribe("Camille", "Rossi", channel="desk")
    assert desk.camille("GET", f"/subscriptions/{late['subscription_id']}")["channel"] == "desk"


@pytest.mark.behaviour("S0:17")
def test_last_season_s_contract_is_subscribed_to_anew(site):
    desk = Desk(site)
    desk.confirmed("Ali", "Bey")
    renewed = desk.camille("POST", f"{desk.path}/renew", starts_on="2027-05-01", ends_on="2027-07-31")["id"]
    version = desk.camille("GET", f"/contracts/{renewed}")["version"]
    desk.camille("POST", f"/contracts/{renewed}/approve", version=version, person_id=site.people["Jeanne"])
    desk.camille("POST", f"/contracts/{renewed}/open", version=version)
    assert desk.camille("GET", f"/contracts/{renewed}/subscriptions")["total"] == 0
    assert desk.camille("GET", f"{desk.path}/subscriptions")["total"] == 1


@pytest.mark.behaviour("S0:28")
def test_a_quote_says_what_it_costs_and_in_which_cheques(site):
    desk = Desk(site)
    quote = desk.ali("POST", f"{desk.path}/quote", 200, **desk.wish("Bey"))
    assert (quote["amount_cents"], quote["due_cents"], len(quote["deliveries"])) == (16800, 16800, 12)
    assert [(one["count"], one["text"]) for one in quote["cheque_options"]] == [
        (1, "1 chèque de 168,00 €"), (3, "3 chèques de 56,00 €"), (6, "6 chèques de 28,00 €"),
    ]  # fmt: skip
    assert [one["cash_on"] for one in quote["cheque_options"][1]["cheques"]] == [
        "2026-11-15",
        "2026-12-15",
        "2027-01-15",
    ]
    assert (quote["warnings"], quote["waiting"], quote["places"]["left"]) == ([], False, None)
    assert desk.camille("GET", f"{desk.path}/subscriptions")["total"] == 0, "a quote changes nothing"


@pytest.mark.behaviour("S0:28")
def test_in_mid_season_only_the_remaining_deliveries_are_paid(site):
    desk = Desk(site)
    site.house.clock.set(datetime(2026, 12, 8, 9, tzinfo=UTC))
    quote = desk.ali("POST", f"{desk.path}/quote", 200, **desk.wish("Bey"))
    assert (quote["amount_cents"], quote["deliveries"][0]["on"]) == (7 * 1400, "2026-12-10")
    made = desk.subscribe("Ali", "Bey")
    detail = desk.ali("GET", f"/subscriptions/{made['subscription_id']}")
    assert (detail["amount_cents"], detail["starts_on"]) == (9800, quote["starts_on"])


@pytest.mark.behaviour("S0:28")
def test_eaters_are_recorded_online_at_the_desk_and_by_the_coordinator(site):
    desk = Desk(site)
    online = desk.subscribe("Ali", "Bey", channel="desk")
    at_desk = desk.subscribe("Camille", "Rossi", channel="desk", quantity=1, title="Demi-panier")
    entered = desk.subscribe("Camille", "Martin")
    listed = desk.camille("GET", f"{desk.path}/subscriptions")
    assert [(one["subscription_id"], one["channel"]) for one in listed["subscriptions"]] == [
        (online["subscription_id"], "web"), (at_desk["subscription_id"], "desk"), (entered["subscription_id"], "coordinator"),
    ]  # fmt: skip
    assert listed["places"]["taken"] == 3
    history = desk.paul("GET", f"/subscriptions/{at_desk['subscription_id']}")["history"]
    assert [(one["event"], one["actor"]) for one in history] == [
        ("contracts.subscription-registered", site.people["Camille"])
    ]
    page = desk.camille("GET", f"{desk.path}/subscriptions?limit=1&offset=1&state=to_confirm")
    assert (page["total"], [one["channel"] for one in page["subscriptions"]]) == (3, ["desk"])


def test_nobody_subscribes_for_others_or_sees_them(site):
    desk = Desk(site)
    assert desk.subscribe("Ali", "Rossi", 403)["code"] == "forbidden"
    mine = desk.subscribe("Paul", "Rossi")["subscription_id"]
    for path in (
        f"/subscriptions/{mine}",
        f"{desk.path}/subscriptions",
        f"/households/{site.homes['Rossi']}/subscriptions",
    ):
        assert desk.ali("GET", path, 403)["code"] == "forbidden"
    assert desk.ali("POST", f"/subscriptions/{mine}/withdraw", 403)["code"] == "forbidden"
    assert desk.ali("POST", f"/subscriptions/{mine}/confirm", 403)["code"] == "forbidden"
    assert Api(site)("GET", f"/subscriptions/{mine}", 401)
    assert desk.ali("GET", "/subscriptions/nothing", 404)["code"] == "not-found"


def test_what_is_wrong_is_told_at_the_field(site):
    desk = Desk(site)
    assert "lines" in desk.subscribe("Ali", "Bey", 422, lines=[])["errors"]
    foreign = desk.subscribe("Ali", "Bey", 422, household_ids=[site.homes["Bey"], "nobody"])
    assert "household_ids" in foreign["errors"]
    assert "lines.0.quantity" in desk.subscribe("Ali", "Bey", 422, quantity=3)["errors"]
    assert desk.subscribe("Ali", "Bey", 409, cheque_count=2)["code"] == "cheque-count-not-offered"
    desk.subscribe("Ali", "Bey")
    assert desk.subscribe("Ali", "Bey", 409)["code"] == "already-subscribed"


@pytest.mark.behaviour("S0:28")
def test_who_finds_no_place_waits_and_moves_up(site):
    desk = Desk(site, sign_up=vegetables()["sign_up"] | {"max_households": 1})
    first, second = desk.subscribe("Ali", "Bey"), desk.subscribe("Paul", "Rossi")
    assert (first["waiting"], second["waiting"]) == (False, True)
    quote = Api(site, "Inès")("POST", f"{desk.path}/quote", 200, **desk.wish("Nguyen-Lefèvre"))
    assert (quote["waiting"], quote["warnings"]) == (True, ["waiting-list"])
    assert (
        desk.camille("POST", f"/subscriptions/{second['subscription_id']}/confirm", 409)["code"]
        == "subscription-waiting"
    )
    desk.ali("POST", f"/subscriptions/{first['subscription_id']}/withdraw", reason="Nous déménageons")
    assert desk.paul("GET", f"/subscriptions/{second['subscription_id']}")["state"] == "to_confirm"


@pytest.mark.behaviour("S0:28")
def test_each_party_signs_the_document_it_saw_or_on_paper(site):
    desk = Desk(site)
    mine = desk.confirmed("Ali", "Bey")
    where = f"/subscriptions/{mine}/signatures"
    assert (
        desk.camille("POST", where, 403, party="member", means="tick", document_sha256=SHA)["code"]
        == "signature-of-another"
    )
    assert "document_sha256" in desk.ali("POST", where, 422, party="member", means="tick")["errors"]
    desk.ali("POST", where, 200, party="member", means="tick", document_sha256=SHA)
    desk.camille("POST", where, 200, party="group", means="paper")
    token = desk.camille("POST", f"/subscriptions/{mine}/signature-link", 200, person_id=site.people["Jeanne"])["token"]
    nobody = Api(site)
    assert nobody("GET", f"/signature-links/{token}")["contract_title"] == "Légumes d’hiver"
    for _ in range(2):
        nobody("POST", f"/signature-links/{token}", 200, document_sha256=SHA)
    assert nobody("POST", f"/signature-links/{token}x", 404, document_sha256=SHA)["code"] == "link-unknown"
    signed = desk.ali("GET", f"/subscriptions/{mine}")
    assert [(one["party"], one["means"], one["person_id"], one["document_sha256"]) for one in signed["signatures"]] == [
        ("group", "paper", site.people["Camille"], ""),
        ("member", "tick", site.people["Ali"], SHA),
        ("producer", "link", site.people["Jeanne"], SHA),
    ]
    assert all(one["at"].startswith("2026-10-05T09:30") for one in signed["signatures"])


@pytest.mark.behaviour("S0:28")
def test_a_shared_basket_absences_and_what_a_delivery_holds(site):
    desk = Desk(site)
    rossi, bey = site.homes["Rossi"], site.homes["Bey"]
    first, second, third = desk.deliveries[:3]
    turns = {"household_ids": [rossi, bey], "anchor_delivery_id": second}
    assert desk.subscribe("Paul", "Rossi", 409, **turns)["code"] == "sharing-not-agreed"
    shared = desk.confirmed("Camille", "Rossi", **turns)
    half = desk.confirmed("Zoé", "Martin", title="Demi-panier", absences=[third])
    day = desk.camille("GET", f"{desk.path}/deliveries/{first}/baskets")
    assert [(one["subscription_id"], one["picker_household_id"]) for one in day["baskets"]] == [
        (shared, bey), (half, site.homes["Martin"]),
    ]  # fmt: skip
    assert ([(one["code"], one["units_percent"]) for one in day["totals"]], day["shares_bp"]) == (
        [("PAN", 100), ("DEMI", 100)], 15_000,
    )  # fmt: skip
    absent = desk.camille("GET", f"{desk.path}/deliveries/{third}/baskets")["baskets"][1]
    assert (absent["absent"], absent["lines"]) == (True, [])
    own = desk.ali("GET", f"/households/{bey}/baskets?until_on=2026-11-20")["baskets"]
    assert [(one["on"], one["mine"]) for one in own] == [
        ("2026-11-05", True), ("2026-11-12", False), ("2026-11-19", True),
    ]  # fmt: skip
    # Other dates may be left out, as many as were signed for.
    zoe = Api(site, "Zoé")
    zoe("PUT", f"/subscriptions/{half}/absences", 200, delivery_ids=[desk.deliveries[5]])
    changed = zoe("PUT", f"/subscriptions/{half}/absences", 409, delivery_ids=[])
    assert changed["code"] == "absences-change-amount"
    desk.paul("PUT", f"/subscriptions/{shared}/sharers", 200, household_ids=[])
    assert desk.ali("GET", f"/households/{bey}/baskets")["baskets"] == []
    assert desk.ali("GET", f"{desk.path}/deliveries/{first}/baskets", 403)["code"] == "forbidden"


@pytest.mark.behaviour("S0:28")
def test_a_modular_basket_is_composed_before_the_cut_off(site):
    desk = Desk(site, basket_kind="modular")
    line = {"option_id": desk.options["Panier"], "per_delivery": dict.fromkeys(desk.deliveries, 1)}
    mine = desk.confirmed("Ali", "Bey", lines=[line])
    demi = {desk.options["Demi-panier"]: 2}
    where = f"/subscriptions/{mine}/baskets"
    done = desk.ali("PUT", f"{where}/{desk.deliveries[1]}", 200, quantities=demi)
    assert done["amount_cents"] == 11 * 1400 + 1600
    site.house.clock.set(datetime(2026, 11, 11, 18, tzinfo=UTC))
    assert desk.ali("PUT", f"{where}/{desk.deliveries[1]}", 409, quantities={})["code"] == "delivery-closed"
    differ = desk.camille("GET", f"/groups/{site.amap}/season-anomalies")["amounts_differ"]
    assert [(one["amount_cents"], one["cheques_cents"]) for one in differ] == [(17000, 16800)]


@pytest.mark.behaviour("S0:28")
def test_a_change_in_mid_season_replaces_and_an_early_end_is_counted(site):
    desk = Desk(site)
    old = desk.confirmed("Ali", "Bey")
    change = desk.subscribe("Ali", "Bey", title="Demi-panier", starts_on="2026-12-01", replaces=old)
    assert change["amount_cents"] == 8 * 800
    desk.camille("POST", f"/subscriptions/{change['subscription_id']}/confirm")
    before, after = (desk.ali("GET", f"/subscriptions/{one}") for one in (old, change["subscription_id"]))
    assert (before["state"], before["ends_on"], before["amount_cents"]) == ("ended", "2026-12-01", 4 * 1400)
    assert (before["replaced_by"], after["replaces"], after["state"]) == (after["subscription_id"], old, "confirmed")
    # Fewer cheques are expected of the first one now: 56 € of three times 56 €.
    assert [one["amount_cents"] for one in before["cheques"]] == [5600]
    ended = desk.camille(
        "POST", f"/subscriptions/{after['subscription_id']}/end", 200, on="2027-01-01", reason="déménagement"
    )
    assert ended["amount_cents"] == 5 * 800
    assert desk.ali("POST", f"/subscriptions/{after['subscription_id']}/end", 403, on="2027-01-01", reason="?")


def test_who_subscribes_holds_the_main_contract_of_the_group(site):
    main = Desk(site, sign_up=vegetables()["sign_up"] | {"main_contract": True})
    eggs = Desk(site, title="Œufs")
    refused = eggs.subscribe("Ali", "Bey", 409)
    assert refused["code"] == "main-contract-missing"
    assert "Légumes d’hiver" in refused["detail"]
    assert eggs.ali("POST", f"{eggs.path}/quote", 200, **eggs.wish("Bey"))["warnings"] == ["main-contract-missing"]
    main.subscribe("Ali", "Bey")
    assert eggs.subscribe("Ali", "Bey")["state"] == "to_confirm"
    # Over, it is asked of nobody any more.
    site.house.clock.set(datetime(2027, 2, 10, 8, tzinfo=UTC))
    late = Desk(site, title="Miel", ends_on="2027-06-30", deliveries=[{"delivery_id": "d1", "on": "2027-05-06"}],
                sign_up={"closes_on": None})  # fmt: skip
    assert late.subscribe("Camille", "Rossi")["state"] == "to_confirm"


def test_who_waits_sees_the_place_on_the_waiting_list(site):
    desk = Desk(site, sign_up=vegetables()["sign_up"] | {"max_households": 1})
    first = desk.subscribe("Camille", "Rossi")
    second = desk.subscribe("Ali", "Bey")
    [seen] = desk.ali("GET", f"/households/{site.homes['Bey']}/subscriptions")["subscriptions"]
    assert (seen["state"], seen["position"]) == ("waiting", 1)
    listed = desk.camille("GET", f"{desk.path}/subscriptions")["subscriptions"]
    assert [row["position"] for row in listed] == [None, 1]
    page = site.client("Ali").get(site.path("mes-contrats")).get_data(as_text=True)
    assert "place 1 sur la liste d’attente" in page
    assert "1. " in site.client("Camille").get(site.path("contrats", desk.contract, "inscriptions")).get_data(
        as_text=True
    )
    desk.camille("POST", f"/subscriptions/{first['subscription_id']}/decline", reason="déménagement")
    assert desk.ali("GET", f"/subscriptions/{second['subscription_id']}")["position"] is None


def test_contracts_are_for_members_and_for_those_who_hold_the_other_one(site):
    vegetables_desk = Desk(site)
    eggs = Desk(
        site, title="Œufs", sign_up=vegetables()["sign_up"] | {"requires_contract_id": vegetables_desk.contract}
    )
    assert eggs.subscribe("Ali", "Bey", 409)["code"] == "requires-contract"
    assert eggs.ali("POST", f"{eggs.path}/quote", 200, **eggs.wish("Bey"))["warnings"] == ["requires-contract"]
    vegetables_desk.subscribe("Ali", "Bey")
    assert eggs.subscribe("Ali", "Bey")["state"] == "to_confirm"
    members = eggs.camille("GET", f"/households/{site.homes['Rossi']}/subscriptions")["subscriptions"]
    assert members == []
    rossi = site.call("household", "Camille", household_id=site.homes["Rossi"])
    site.call("end_membership", "Camille", membership_id=rossi["membership_id"], on="2026-10-01")
    assert vegetables_desk.subscribe("Camille", "Rossi", 409)["code"] == "membership-inactive"


@pytest.mark.behaviour("S0:30")
def test_the_families_are_those_with_a_running_subscription_on_any_day(site):
    desk = Desk(site)
    bey, rossi = site.homes["Bey"], site.homes["Rossi"]
    early = desk.confirmed("Camille", "Bey", household_ids=[bey, rossi], anchor_delivery_id=desk.deliveries[0])
    desk.subscribe("Zoé", "Martin")  # not confirmed: no family of the contract yet
    desk.camille("POST", f"/subscriptions/{early}/end", on="2026-12-01", reason="déménagement")
    where = f"/groups/{site.amap}/families"
    told = desk.camille("GET", f"{where}?as_of=2026-11-15")
    assert (told["as_of"], told["total"], [one["label"] for one in told["households"]]) == (
        "2026-11-15",
        2,
        ["Bey", "Rossi"],
    )
    assert told["households"][0]["persons"][0]["email"].endswith("@x.example")
    assert told["households"][0]["contracts"] == [
        {"contract_id": desk.contract, "title": "Légumes d’hiver", "since": "2026-11-01", "until": "2026-12-01"}
    ]
    assert [
        desk.camille("GET", f"{where}?as_of={day}")["total"] for day in ("2026-10-31", "2026-11-30", "2026-12-01")
    ] == [0, 2, 0]
    assert desk.ali("GET", where, 403)["code"] == "forbidden"


def test_rows_of_a_season_are_the_same_when_they_are_replayed(site):
    desk = Desk(site)
    desk.confirmed("Ali", "Bey")
    assert site.house.dump("contracts") == site.house.rebuilt_dump("contracts")
