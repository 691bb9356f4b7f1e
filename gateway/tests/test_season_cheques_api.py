"""Cheques, hand-overs and dues through the API (S0:26-27, S0:51-53)."""

from datetime import UTC, datetime

import pytest
from season_api import Api
from season_house import Season


@pytest.fixture
def site(tmp_path):
    return Season(tmp_path)


class Desk:
    """A contract with two confirmed households, three cheques each."""

    def __init__(self, site):
        self.site = site
        self.contract = site.opened()
        self.camille, self.zoe, self.ali = (Api(site, who) for who in ("Camille", "Zoé", "Ali"))
        self.bey = self.confirmed("Ali", "Bey")
        self.rossi = self.confirmed("Paul", "Rossi")
        self.group = f"/groups/{site.amap}"

    def confirmed(self, who, last):
        made = self.site.subscribed(self.contract, who, last)
        Api(self.site, "Camille")("POST", f"/subscriptions/{made}/confirm")
        return made

    def cheques(self, query=""):
        return self.zoe("GET", f"{self.group}/cheques{query}")

    def ids(self, subscription_id):
        return [one["cheque_id"] for one in self.cheques()["cheques"] if one["subscription_id"] == subscription_id]

    def paper(self, subscription_id, place, **more):
        cheque = self.ids(subscription_id)[place]
        told = {
            "subscription_id": subscription_id,
            "cheque_id": cheque,
            "number": f"00{cheque[-3:]}",
            "bank": "Crédit Agricole",
        }
        return told | {"issued_on": "2026-10-05"} | more

    def receive(self, *cheques, status=200, at="help_desk", who="Zoé"):
        return Api(self.site, who)("POST", f"{self.group}/cheques/received", status, at=at, cheques=list(cheques))

    def receive_all(self):
        return self.receive(*(self.paper(one, place) for one in (self.bey, self.rossi) for place in range(3)))


@pytest.mark.behaviour("S0:26")
def test_the_cheques_of_a_confirmed_subscription_are_expected(site):
    desk = Desk(site)
    told = desk.cheques()
    assert told["by_state"]["expected"] == {"count": 6, "total_cents": 2 * 16800}
    assert [(one["cash_on"], one["amount_cents"]) for one in told["cheques"] if one["subscription_id"] == desk.bey] == [
        ("2026-11-15", 5600), ("2026-12-15", 5600), ("2027-01-15", 5600),
    ]  # fmt: skip
    assert desk.cheques("?cash_until=2026-11-30")["total_cents"] == 11200
    assert desk.cheques("?cash_on=2026-12-15&limit=1")["total"] == 2
    own = desk.ali("GET", f"{desk.group}/cheques?household_id={site.homes['Bey']}")
    assert (own["total"], own["total_cents"]) == (3, 16800)
    assert desk.ali("GET", f"{desk.group}/cheques", 403)["code"] == "forbidden"
    assert desk.ali("GET", f"{desk.group}/cheques?household_id={site.homes['Rossi']}", 403)["code"] == "forbidden"


@pytest.mark.behaviour("S0:26")
def test_a_help_desk_receives_many_cheques_at_once_and_says_which_are_wrong(site):
    desk = Desk(site)
    good = desk.paper(desk.bey, 0, issuer="Mme Léa Bey-Durand")
    wrong = [
        desk.paper(desk.bey, 1, number=good["number"]),
        desk.paper(desk.bey, 2, issued_on="2026-12-01"),
        desk.paper(desk.rossi, 0, cheque_id="nothing"),
        desk.paper(desk.rossi, 1) | {"subscription_id": "nothing"},
        desk.paper(desk.rossi, 2, issued_on="2026-01-05"),
    ]
    done = desk.receive(good, *wrong)
    assert (done["received"], [(one["row"], one["code"]) for one in done["errors"]]) == (1, [
        (1, "cheque-number-known"), (2, "invalid"), (3, "cheque-missing"), (4, "not-found"), (5, "cheque-too-late"),
    ])  # fmt: skip
    assert done["errors"][1]["messages"] == {"issued_on": ["Not in the future."]}
    assert done["errors"][4]["facts"] == {"cash_on": "2027-01-15", "latest_on": "2027-01-13"}
    [there] = desk.cheques("?state=received")["cheques"]
    assert (there["issuer"], there["bank"], there["latest_on"]) == (
        "Mme Léa Bey-Durand",
        "Crédit Agricole",
        "2027-10-13",
    )
    assert desk.receive(good)["errors"] == [], "said twice, received once"
    desk.receive(good, status=403, who="Ali")


@pytest.mark.behaviour("S0:26")
def test_no_money_changes_hands_at_the_distribution_of_an_amap(site):
    desk = Desk(site)
    refused = desk.receive(desk.paper(desk.bey, 0), status=409, at="distribution")
    assert refused["code"] == "no-money-at-csa-distribution"
    assert "permanences" in refused["detail"]
    assert desk.receive(desk.paper(desk.bey, 0), at="post")["received"] == 1
    contract = site.opened(title="Pain", payment={"means": ["cheque", "on_delivery"], "counts": [1]})
    option = desk.camille("GET", f"/contracts/{contract}")["terms"]["options"][0]["option_id"]
    wish = {"household_id": site.homes["Bey"], "lines": [{"option_id": option, "quantity": 1}], "means": "on_delivery"}
    assert (
        desk.ali("POST", f"/contracts/{contract}/subscriptions", 409, **wish)["code"] == "no-money-at-csa-distribution"
    )


@pytest.mark.behaviour("S0:27")
def test_contracts_and_cheques_go_to_the_producer_with_a_list_and_a_receipt(site):
    desk = Desk(site)
    desk.receive_all()
    for party in ("member", "group"):
        desk.camille("POST", f"/subscriptions/{desk.bey}/signatures", party=party, means="paper")
    ready = desk.zoe("GET", f"/contracts/{desk.contract}/hand-over-list?cash_until=2026-11-30")
    assert (ready["count"], ready["total_cents"], ready["missing"]) == (2, 11200, [])
    assert ready["subscriptions"] == [{"subscription_id": desk.bey, "household_id": site.homes["Bey"]}]
    body = {"cash_until": "2026-11-30", "subscription_ids": [desk.bey]}
    made = desk.zoe("POST", f"/contracts/{desk.contract}/bundles", 201, **body)
    assert (made["cheques"], made["total_cents"]) == (2, 11200)
    assert desk.cheques()["by_state"]["handed_over"] == {"count": 2, "total_cents": 11200}
    again = desk.zoe("POST", f"/contracts/{desk.contract}/bundles", 409, cash_until="2026-11-30")
    assert again["code"] == "nothing-to-hand-over"
    bundle = made["bundle_id"]
    token = desk.zoe("POST", f"/bundles/{bundle}/receipt-link", person_id=site.people["Jeanne"])["token"]
    nobody = Api(site)
    shown = nobody("GET", f"/receipt-links/{token}")
    assert (shown["cheques"], shown["contracts"], shown["total_cents"], shown["received"]) == (2, 1, 11200, False)
    for _ in range(2):
        nobody("POST", f"/receipt-links/{token}", 200)
    [told] = Api(site, "Jeanne")("GET", f"/contracts/{desk.contract}/bundles")["bundles"]
    assert (told["received_by"], told["received_means"]) == (site.people["Jeanne"], "link")
    assert {one["number"] for one in desk.zoe("GET", f"/bundles/{bundle}")["cheques"]} == {
        desk.paper(one, 0)["number"] for one in (desk.bey, desk.rossi)
    }
    assert desk.ali("GET", f"/bundles/{bundle}", 403)["code"] == "forbidden"
    assert nobody("GET", f"/receipt-links/{token[:-2]}xx", 404)["code"] == "link-unknown"


@pytest.mark.behaviour("S0:27")
def test_the_producer_s_own_account_and_paper_are_receipts_too(site):
    desk = Desk(site)
    desk.receive_all()
    first, second = (
        desk.zoe("POST", f"/contracts/{desk.contract}/bundles", 201, cheque_ids=[cheque])["bundle_id"]
        for cheque in desk.ids(desk.bey)[:2]
    )
    assert desk.zoe("POST", f"/bundles/{first}/receipt", 403, means="tick")["code"] == "signature-of-another"
    Api(site, "Jeanne")("POST", f"/bundles/{first}/receipt", 200, means="tick")
    desk.zoe("POST", f"/bundles/{second}/receipt", 200, means="paper")
    bundles = desk.zoe("GET", f"/contracts/{desk.contract}/bundles")["bundles"]
    assert {one["bundle_id"]: one["received_means"] for one in bundles} == {first: "tick", second: "paper"}
    refused = desk.zoe("POST", f"/contracts/{desk.contract}/bundles", 409, cheque_ids=desk.ids(desk.bey)[:1])
    assert refused["code"] == "cheque-handed-over"


def test_a_bundle_that_is_refused_leaves_every_cheque_where_it_was(site):
    desk = Desk(site)
    desk.receive(desk.paper(desk.bey, 0))
    both = desk.ids(desk.bey)[:2]
    assert desk.zoe("POST", f"/contracts/{desk.contract}/bundles", 409, cheque_ids=both)["code"] == "cheque-expected"
    assert desk.cheques()["by_state"]["received"]["count"] == 1


def test_cheques_that_went_beyond_an_early_end_are_looked_after(site):
    """Three cheques went to the farm, then the household stops: what is too much comes back, or somebody forgets it."""
    desk = Desk(site)
    desk.receive_all()
    stop = {"reason": "Déménagement", "on": "2026-11-26"}
    desk.camille("POST", f"/subscriptions/{desk.bey}/end", 200, **stop)
    [differs] = desk.camille("GET", f"{desk.group}/season-anomalies")["amounts_differ"]
    assert (differs["subscription_id"], differs["amount_cents"], differs["cheques_cents"]) == (desk.bey, 4200, 16800)
    desk.camille("POST", f"/subscriptions/{desk.rossi}/end", 200, **stop | {"on": "2026-11-05"})
    found = desk.camille("GET", f"{desk.group}/season-anomalies")["amounts_differ"]
    assert {row["subscription_id"]: row["amount_cents"] for row in found} == {desk.bey: 4200, desk.rossi: 0}
    for cheque in desk.ids(desk.rossi):
        desk.zoe("POST", f"/subscriptions/{desk.rossi}/cheques/{cheque}/return", 200, reason="Arrêt")
    found = desk.camille("GET", f"{desk.group}/season-anomalies")["amounts_differ"]
    assert [row["subscription_id"] for row in found] == [desk.bey]


def test_a_cheque_that_comes_back_is_owed_anew(site):
    desk = Desk(site)
    desk.receive_all()
    cheque = desk.ids(desk.bey)[0]
    where = f"/subscriptions/{desk.bey}"
    assert desk.zoe("POST", f"{where}/schedule", 409, cheque_count=1)["code"] == "nothing-owed"
    desk.zoe("POST", f"{where}/cheques/{cheque}/return", 200, reason="Sans provision")
    [differs] = desk.camille("GET", f"{desk.group}/season-anomalies")["amounts_differ"]
    assert (differs["subscription_id"], differs["cheques_cents"]) == (desk.bey, 11200)
    desk.zoe("POST", f"{where}/schedule", 200, cheque_count=2)
    mine = desk.ali("GET", where)["cheques"]
    assert sorted((one["state"], one["amount_cents"]) for one in mine) == [
        ("expected", 2800), ("expected", 2800), ("received", 5600), ("received", 5600), ("returned", 5600),
    ]  # fmt: skip
    assert len({one["cheque_id"] for one in mine}) == 5
    assert (
        desk.zoe("POST", f"{where}/cheques/{mine[0]['cheque_id']}x/return", 409, reason="?")["code"] == "cheque-missing"
    )
    assert desk.ali("POST", f"{where}/cheques/{cheque}/return", 403, reason="à moi")["code"] == "forbidden"


def test_the_coordinator_sees_what_is_missing(site):
    desk = Desk(site)
    waiting = site.subscribed(desk.contract, "Zoé", "Martin")
    desk.receive(desk.paper(desk.bey, 0))
    site.house.clock.set(datetime(2026, 11, 16, 9, tzinfo=UTC))
    told = desk.camille("GET", f"{desk.group}/season-anomalies?contract_id={desk.contract}")
    assert [one["subscription_id"] for one in told["to_confirm"]] == [waiting]
    assert [(one["subscription_id"], one["missing"]) for one in told["unsigned"]] == [
        (desk.bey, ["group", "member", "producer"]), (desk.rossi, ["group", "member", "producer"]),
    ]  # fmt: skip
    assert [one["subscription_id"] for one in told["cheques_late"]] == [desk.rossi]
    assert len(told["cheques_missing"]) == 5
    assert [one["subscription_id"] for one in told["to_hand_over"]] == [desk.bey]
    assert desk.ali("GET", f"{desk.group}/season-anomalies", 403)["code"] == "forbidden"


def test_the_coordinator_of_one_contract_looks_after_that_one_only(site):
    desk = Desk(site)
    other = site.opened(title="Pain")
    named = {
        "person_id": site.people["Inès"],
        "role": "coordinator",
        "scope_kind": "contract",
        "scope_id": desk.contract,
    }
    site.call("assign_role", "Nadia", **named)
    ines = Api(site, "Inès")
    assert ines("GET", f"/contracts/{desk.contract}/subscriptions")["total"] == 2
    assert ines("GET", f"/contracts/{other}/subscriptions", 403)["code"] == "forbidden"
    assert desk.receive(desk.paper(desk.bey, 0), who="Inès")["received"] == 1
    assert ines("GET", f"{desk.group}/cheques?contract_id={desk.contract}")["total"] == 6
    assert ines("GET", f"{desk.group}/cheques", 403)["code"] == "forbidden"


# -- dues --------------------------------------------------------------------------------------------------------

CAMPAIGN = {
    "title": "Adhésions 2028", "opens_on": "2027-01-01", "closes_on": "2027-02-28", "valid_from": "2028-01-01",
    "valid_until": "2028-12-31", "group_dues_cents": -1, "network_dues_cents": 500,
}  # fmt: skip


def campaign(site, **changes):
    done = Api(site, "Nadia")("POST", f"/groups/{site.amap}/dues-campaigns", 201, **CAMPAIGN | changes)
    return f"/dues-campaigns/{done['id']}"


def _by_label(rows):
    return sorted(rows, key=lambda row: row["label"])


def payment(site, last, **more):
    told = {"household_id": site.homes[last], "group_dues_cents": 1200, "network_dues_cents": 500, "number": "0042"}
    return told | more


@pytest.mark.behaviour("S0:51-53")
def test_dues_are_collected_in_january_and_february_each_a_membership(site):
    where = campaign(site)
    camille = Api(site, "Camille")
    assert camille("POST", f"{where}/payments", 409, **payment(site, "Bey"))["code"] == "campaign-not-open"
    site.house.clock.set(datetime(2027, 1, 14, 18, tzinfo=UTC))
    paid = camille("POST", f"{where}/payments", 201, **payment(site, "Bey", gift_cents=300, bank="CA"))
    camille("POST", f"{where}/payments", 201, **payment(site, "Rossi", group_dues_cents=0, means="cash", number=""))
    household = site.call("household", "Camille", household_id=site.homes["Bey"])
    [granted] = [one for one in household["memberships"] if one["membership_id"] == paid["membership_id"]]
    assert (granted["valid_from"], granted["valid_until"], granted["dues_cents"]) == ("2028-01-01", "2028-12-31", 2000)
    told = camille("GET", where)
    assert (told["state"], told["paid"], told["total_cents"]) == ("open", 2, 2000 + 500)
    # The books know both, once.
    booked = site.house.events("ledger.dues-received")
    assert [(one.amount_cents, one.means) for one in booked] == [(2000, "cheque"), (500, "cash")]
    assert [(one["label"], one["gift_cents"], one["number"]) for one in _by_label(told["payments"])] == [
        ("Bey", 300, "0042"),
        ("Rossi", 0, ""),
    ]
    assert sorted(one["label"] for one in told["missing"]) == ["D’Arc", "Martin", "Nguyen-Lefèvre", "Perrin"]
    again = camille("POST", f"{where}/payments", 409, **payment(site, "Bey"))
    assert again["code"] == "dues-paid-already"
    assert Api(site, "Ali")("GET", where, 403)["code"] == "forbidden"


@pytest.mark.behaviour("S0:51-53")
def test_a_campaign_with_fixed_dues_takes_exactly_these_and_the_rest_is_a_gift(site):
    where = campaign(site, group_dues_cents=1500)
    site.house.clock.set(datetime(2027, 2, 1, 18, tzinfo=UTC))
    camille = Api(site, "Camille")
    for wrong in ({"group_dues_cents": 1000}, {"network_dues_cents": 300}, {"number": ""}):
        body = payment(site, "Bey", group_dues_cents=1500) | wrong
        assert camille("POST", f"{where}/payments", 422, **body)["errors"].keys() == wrong.keys()
    camille("POST", f"{where}/payments", 201, **payment(site, "Bey", group_dues_cents=1500, gift_cents=1000))
    Api(site, "Nadia")("POST", f"{where}/close", 200)
    assert (
        camille("POST", f"{where}/payments", 409, **payment(site, "Rossi", group_dues_cents=1500))["code"]
        == "campaign-closed"
    )
    [told] = camille("GET", f"/groups/{site.amap}/dues-campaigns")["campaigns"]
    assert (told["state"], told["paid"], told["total_cents"]) == ("closed", 1, 3000)


def test_a_campaign_needs_the_right_and_sense(site):
    where = f"/groups/{site.amap}/dues-campaigns"
    assert Api(site, "Camille")("POST", where, 403, **CAMPAIGN)["code"] == "forbidden"
    refused = Api(site, "Nadia")("POST", where, 422, **CAMPAIGN | {"closes_on": "2026-12-31"})
    assert "closes_on" in refused["errors"]
    overlaps = campaign(site, valid_from="2027-12-31")
    site.house.clock.set(datetime(2027, 1, 14, 18, tzinfo=UTC))
    refused = Api(site, "Camille")("POST", f"{overlaps}/payments", 409, **payment(site, "Bey"))
    assert refused["code"] == "membership-overlaps"


def test_rows_of_cheques_and_dues_are_the_same_when_they_are_replayed(site):
    desk = Desk(site)
    desk.receive(desk.paper(desk.bey, 0, issuer="Mme Léa Bey-Durand"))
    desk.zoe("POST", f"/contracts/{desk.contract}/bundles", 201, cheque_ids=desk.ids(desk.bey)[:1])
    where = campaign(site, opens_on="2026-10-01")
    desk.camille("POST", f"{where}/payments", 201, **payment(site, "Bey"))
    assert site.house.dump("contracts") == site.house.rebuilt_dump("contracts")
    # The issuer's name is nowhere in the clear, and nobody reads it any more once its payer is erased.
    assert b"Bey-Durand" not in site.house.dump("contracts")
    site.call("erase_person", "Nadia", person_id=site.people["Ali"])
    assert desk.cheques("?state=handed_over")["cheques"][0]["issuer"] == ""
