"""Two households share a basket: one proposes, the other one says yes or no, over the API and on the pages (S0:28)."""

import re

import pytest
from season_api import Api
from season_forms import read, send, words
from season_house import PEOPLE, Season

from grenier.language import season

MAIL = {first: f"{place}@x.example" for place, (first, _last, _role) in enumerate(PEOPLE, start=1)}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Season(tmp_path_factory.mktemp("sharing"))


class Basket:
    """Paul's subscription to a contract of its own."""

    def __init__(self, site, title):
        self.site = site
        self.contract = site.opened(title=title)
        self.id = site.subscribed(self.contract, "Paul", "Rossi")
        site.call("confirm_subscription", "Camille", subscription_id=self.id)
        self.paul, self.ali, self.zoe = Api(site, "Paul"), Api(site, "Ali"), Api(site, "Zoé")

    def propose(self, who="Ali", status=201):
        return self.paul("POST", f"/subscriptions/{self.id}/sharing-proposals", status, email=MAIL.get(who, who))

    def sharers(self):
        return self.paul("GET", f"/subscriptions/{self.id}")["household_ids"]

    def asked(self, last="Bey", who="Ali"):
        rows = Api(self.site, who)("GET", f"/households/{self.site.homes[last]}/sharing-proposals")["proposals"]
        return [row for row in rows if row["contract_id"] == self.contract]


def mails(site, template, since=0):
    requested = site.house.events("notify.message-requested")[since:]
    return sorted(mail.person_id for mail in requested if mail.template == template)


@pytest.mark.behaviour("S0:28")
def test_the_other_household_says_yes_and_both_have_their_turns(site):
    basket, known = Basket(site, "Chèvre"), len(site.house.events("notify.message-requested"))
    proposal = basket.propose()["proposal_id"]
    [asked] = basket.asked()
    assert (asked["proposal_id"], asked["state"], asked["person_id"]) == (proposal, "open", site.people["Paul"])
    assert basket.sharers() == []
    assert mails(site, "sharing-proposed", known) == [site.people["Ali"]]
    detail = basket.ali("GET", f"/sharing-proposals/{proposal}")
    assert (detail["asked"], [turn["mine"] for turn in detail["turns"][:3]]) == (True, [False, True, False])
    basket.ali("POST", f"/sharing-proposals/{proposal}/accept", 200)
    assert basket.sharers() == [site.homes["Rossi"], site.homes["Bey"]]
    both = sorted([site.people["Ali"], site.people["Paul"]])
    assert mails(site, "sharing-agreed", known) == both
    own = basket.ali("GET", f"/households/{site.homes['Bey']}/baskets?until_on=2026-11-13")["baskets"]
    assert [row["mine"] for row in own if row["contract_id"] == basket.contract] == [False, True]
    # They know each other's name now, and nothing more.
    seen = site.call("names", "Paul", household_ids=[site.homes["Bey"], site.homes["Martin"]])
    assert seen == {site.homes["Bey"]: "Bey"}
    basket.ali("POST", f"/subscriptions/{basket.id}/leave-sharing", 200, household_id=site.homes["Bey"])
    assert basket.sharers() == []
    assert mails(site, "sharing-ended", known) == both
    assert basket.ali("GET", f"/subscriptions/{basket.id}", 403)["code"] == "forbidden"


@pytest.mark.behaviour("S0:28")
def test_a_no_a_withdrawal_and_the_coordinators_paper(site):
    basket, known = Basket(site, "Truites"), len(site.house.events("notify.message-requested"))
    first = basket.propose()["proposal_id"]
    assert basket.propose("Zoé", 409)["code"] == "sharing-open"
    basket.ali("POST", f"/sharing-proposals/{first}/decline", 200)
    assert (basket.sharers(), mails(site, "sharing-declined", known)) == ([], [site.people["Paul"]])
    assert basket.ali("POST", f"/sharing-proposals/{first}/accept", 409)["code"] == "sharing-answered"
    second = basket.propose("Zoé")["proposal_id"]
    basket.paul("POST", f"/sharing-proposals/{second}/withdraw", 200)
    assert mails(site, "sharing-withdrawn", known) == [site.people["Zoé"]]
    assert basket.zoe("POST", f"/sharing-proposals/{second}/accept", 409)["code"] == "sharing-answered"
    homes = [site.homes["Rossi"], site.homes["Martin"]]
    noted = {"household_ids": homes, "anchor_delivery_id": site_delivery(basket)}
    sharers = f"/subscriptions/{basket.id}/sharers"
    assert basket.paul("PUT", sharers, 409, **noted)["code"] == "sharing-not-agreed"
    Api(site, "Camille")("PUT", sharers, 200, **noted)
    assert basket.sharers() == homes
    assert mails(site, "sharing-agreed", known) == sorted([site.people["Paul"], site.people["Zoé"]])


def site_delivery(basket):
    return basket.paul("GET", f"/contracts/{basket.contract}")["terms"]["deliveries"][0]["delivery_id"]


def test_nobody_finds_out_who_is_a_member_or_answers_for_others(site):
    basket = Basket(site, "Noix")
    assert "email" in basket.propose("paul.chez.lui", 422)["errors"]
    assert "email" in basket.propose(MAIL["Paul"], 422)["errors"]
    stranger = basket.propose("nobody@elsewhere.example")
    path = f"/subscriptions/{basket.id}/sharing-proposals"
    [unknown] = basket.paul("GET", path)["proposals"]
    basket.paul("POST", f"/sharing-proposals/{stranger['proposal_id']}/withdraw", 200)
    known = basket.propose()
    assert known.keys() == stranger.keys()
    told = basket.paul("GET", path)["proposals"][0]
    ids = ("proposal_id", "proposed_at")
    assert {k: v for k, v in told.items() if k not in ids} == {k: v for k, v in unknown.items() if k not in ids}
    # Somebody else of the group sees nothing of it; nor may the one who proposed say yes.
    where = f"/sharing-proposals/{known['proposal_id']}"
    assert basket.zoe("GET", path, 403)["code"] == "forbidden"
    assert {basket.zoe("GET", where, 404)["code"], basket.zoe("POST", f"{where}/accept", 404)["code"]} == {"not-found"}
    assert basket.paul("POST", f"{where}/accept", 404)["code"] == "not-found"
    assert basket.zoe("POST", f"{where}/withdraw", 403)["code"] == "forbidden"
    assert basket.zoe("POST", path, 403, email=MAIL["Ali"])["code"] == "forbidden"
    leave = f"/subscriptions/{basket.id}/leave-sharing"
    assert basket.zoe("POST", leave, 403, household_id=site.homes["Bey"])["code"] == "forbidden"
    assert basket.paul("GET", "/sharing-proposals/nothing", 404)["code"] == "not-found"


@pytest.mark.behaviour("S0:28")
def test_on_the_pages_from_the_question_to_the_end(site):
    basket, paul, ali = Basket(site, "Cidre"), site.client("Paul"), site.client("Ali")
    mine = site.path("mes-contrats", basket.id)
    assert "Partager ce panier" in read(paul, mine)
    assert "exemple.fr" in words(send(paul, f"{mine}/partage", 422, email="sans arobase"))
    send(paul, f"{mine}/partage", email=MAIL["Ali"])
    waiting = read(paul, f"{mine}/partage")
    assert "attend sa réponse" in waiting
    assert "Bey" not in waiting
    home = read(ali, "/")
    assert "Partager un panier : Cidre" in home
    assert "Paul R." in home
    path = re.search(r'href="(/groupes/[^"]*/partages/[^"]+)"', ali.get("/").text).group(1)
    page = read(ali, path)
    assert "Paul R. vous propose" in page
    assert "l’autre foyer" in page
    assert read(site.client("Zoé"), path, 404)
    send(ali, path, answer="accept")
    assert "Cidre" in read(ali, site.path("mes-contrats"))
    assert "n’attend plus" not in read(ali, path)
    assert "Bey" in read(paul, f"{mine}/partage")
    for who in (paul, ali):
        assert who.get(mine).text.count("<span>un autre foyer</span>") == 6, "every other of twelve deliveries"
    stop = f"{mine}/partage/arreter/{site.homes['Bey']}"
    assert "vous le gardez" in read(paul, stop)
    assert "le foyer qui a signé" in read(ali, stop)
    send(ali, stop)
    assert basket.sharers() == []
    send(paul, f"{mine}/partage", email=MAIL["Zoé"])
    proposal = basket.paul("GET", f"/subscriptions/{basket.id}/sharing-proposals")["proposals"][0]["proposal_id"]
    send(paul, f"{mine}/partage/retirer", proposal_id=proposal)
    assert basket.asked("Martin", "Zoé") == []


def test_a_proposal_ends_with_its_contract(site):
    basket = Basket(site, "Tisanes")
    proposal = basket.propose()["proposal_id"]
    ended = season.ContractEnded(contract_id=basket.contract, group_id=site.amap)
    site.house.record(f"contract-{basket.contract}", ended)
    [told] = basket.paul("GET", f"/subscriptions/{basket.id}/sharing-proposals")["proposals"]
    assert (told["proposal_id"], told["state"]) == (proposal, "lapsed")
    assert basket.asked() == []


@pytest.mark.behaviour("S0:28")
def test_a_proposal_ends_with_the_subscription_and_both_households_are_told(site):
    basket, known = Basket(site, "Farine"), len(site.house.events("notify.message-requested"))
    proposal = basket.propose()["proposal_id"]
    site.call("end_subscription", "Camille", subscription_id=basket.id, on="2026-12-03", reason="Déménagement")
    both = sorted([site.people["Ali"], site.people["Paul"]])
    assert mails(site, "sharing-lapsed", known) == both
    assert mails(site, "subscription-ended", known) == [site.people["Paul"]]
    [told] = basket.paul("GET", f"/subscriptions/{basket.id}/sharing-proposals")["proposals"]
    assert (told["state"], basket.asked()) == ("lapsed", [])
    where = f"/sharing-proposals/{proposal}"
    assert basket.ali("POST", f"{where}/accept", 409)["code"] == "subscription-ended"
    basket.ali("POST", f"{where}/decline", 200)


@pytest.mark.behaviour("S0:28")
def test_a_late_yes_begins_with_the_next_delivery_and_none_comes_after_the_last_one(site):
    late, never = Basket(site, "Huile"), Basket(site, "Pommes")
    proposal, unanswered = late.propose()["proposal_id"], never.propose()["proposal_id"]
    since = len(site.house.events("notify.message-requested"))
    before = site.house.clock.now()
    site.house.clock.set(before.replace(month=12, day=1))
    turns = late.ali("GET", f"/sharing-proposals/{proposal}")["turns"]
    assert [(turn["on"], turn["mine"]) for turn in turns[:2]] == [("2026-12-03", False), ("2026-12-10", True)]
    late.ali("POST", f"/sharing-proposals/{proposal}/accept", 200)
    told = late.paul("GET", f"/households/{site.homes['Rossi']}/baskets?from_on=2026-12-01&until_on=2026-12-10")
    assert [row["mine"] for row in told["baskets"] if row["contract_id"] == late.contract] == [True, False]
    site.house.tick()
    assert mails(site, "sharing-lapsed", since) == []
    site.house.clock.set(before.replace(year=2027, month=1, day=22))
    for _twice in range(2):
        site.house.tick()
    assert never.paul("GET", f"/sharing-proposals/{unanswered}")["state"] == "lapsed"
    assert never.ali("POST", f"/sharing-proposals/{unanswered}/accept", 409)["code"] == "sharing-over"
    assert mails(site, "sharing-lapsed", since).count(site.people["Ali"]) >= 1
    site.house.clock.set(before)


@pytest.mark.behaviour("S0:28")
def test_the_turns_of_a_household_that_is_erased_go_to_those_who_are_left(site):
    basket, known = Basket(site, "Poires"), len(site.house.events("notify.message-requested"))
    ines, home = site.people["Inès"], site.homes["Nguyen-Lefèvre"]
    proposal = basket.propose("Inès")["proposal_id"]
    Api(site, "Inès")("POST", f"/sharing-proposals/{proposal}/accept", 200)
    assert basket.sharers() == [site.homes["Rossi"], home]
    site.call("erase_person", "Inès", person_id=ines)
    assert basket.sharers() == []
    assert mails(site, "sharing-ended", known) == [site.people["Paul"]]
    told = basket.paul("GET", f"/households/{site.homes['Rossi']}/baskets")["baskets"]
    assert all(row["mine"] for row in told if row["contract_id"] == basket.contract)


def test_the_views_say_the_same_after_a_rebuild(site):
    assert site.house.dump("contracts") == site.house.rebuilt_dump("contracts")
