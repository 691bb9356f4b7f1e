"""A season's contract through the doors: drafted, sent, answered by the link, opened, moved, ended, renewed (S0:17-25)."""

import pytest

from grenier.errors import Forbidden, Invalid, NotFound, Rejected
from grenier.testing import refused

TERMS = {
    "title": "Pain au levain", "starts_on": "2026-11-05", "ends_on": "2027-04-29", "basket_kind": "fixed_multiple",
    "options": [{"option_id": "levain", "title": "Pain au levain", "price_cents": 290, "net_weight_g": 500}],
    "deliveries": [{"delivery_id": f"d{n}", "on": on} for n, on in enumerate(["2026-11-05", "2026-11-19", "2026-12-03"])],
    "sign_up": {"closes_on": "2026-11-30"},
}  # fmt: skip
HASH = "a" * 64


class Bakery:
    """A group with a coordinator, a baker with a contact person, and a member."""

    def __init__(self, town):
        self.town = town
        home = town.enrol(town.lyon, "Anna Camus anna@x.example coordinator", "Paul Camus -")
        self.anna, self.paul = home["person_ids"]
        self.member = town.enrol(town.lyon, "Marie Diallo marie@x.example")["person_ids"][0]
        self.stranger = town.enrol(town.reunion, "Lina Hoarau lina@x.example organiser")["person_ids"][0]
        self.producer = self.call("register_producer", name="Le Fournil", group_id=town.lyon)["id"]
        self.baker = self.call("register_person", group_id=town.lyon, first_name="Jean", last_name="Farine",
                               email="jean@fournil.example")["id"]  # fmt: skip

    def call(self, method, *, actor=None, **payload):
        return self.town.call(method, actor=self.anna if actor is None else actor, **payload)

    def draft(self, terms=TERMS, **more):
        return self.call("draft_contract", group_id=self.town.lyon, producer_id=self.producer, terms=terms, **more)

    def sent(self):
        contract = self.draft()["id"]
        return contract, self.call("submit_contract", contract_id=contract, version=1, person_id=self.baker,
                                   document_sha256=HASH)["token"]  # fmt: skip

    def opened(self):
        contract, token = self.sent()
        self.call("producer_answer", actor="", token=token, answer="approve", document_sha256=HASH)
        self.call("open_contract", contract_id=contract, version=1)
        return contract

    def of(self, contract, actor=None):
        return self.call("contract", contract_id=contract, actor=actor)


@pytest.fixture
def bakery(town):
    return Bakery(town)


def same_rows(bakery):
    assert bakery.town.house.dump("contracts") == bakery.town.house.rebuilt_dump("contracts")


def test_a_contract_goes_from_the_draft_to_the_public_page(bakery):
    contract, token = bakery.sent()
    shown = bakery.call("producer_contract", actor="", token=token)
    assert (shown["state"], shown["document_sha256"], shown["terms"]["title"]) == ("waiting", HASH, "Pain au levain")
    assert refused(bakery.call, "open_contract", contract_id=contract, version=1).code == "contract-not-approved"
    bakery.call("producer_answer", actor="", token=token, answer="approve", document_sha256=HASH)
    assert bakery.call("producer_contract", actor="", token=token)["state"] == "answered"
    assert bakery.call("public_contracts", actor="", group_id=bakery.town.lyon)["contracts"] == []
    bakery.call("open_contract", contract_id=contract, version=1)
    [public] = bakery.call("public_contracts", actor="", group_id=bakery.town.lyon)["contracts"]
    assert (public["producer"], [each["on"] for each in public["deliveries"]]) == (
        "Le Fournil", ["2026-11-05", "2026-11-19", "2026-12-03"],
    )  # fmt: skip
    steps = bakery.of(contract)["steps"]
    assert [(step["what"], step["actor"]) for step in steps] == [
        ("contract-drafted", bakery.anna), ("contract-submitted", bakery.anna), ("contract-approved", bakery.baker),
        ("contract-opened", bakery.anna),
    ]  # fmt: skip
    same_rows(bakery)


def test_what_the_producer_wants_different_leads_to_a_new_version_and_a_new_approval(bakery):
    contract, token = bakery.sent()
    bakery.call("producer_answer", actor="", token=token, answer="changes", comment="2,95 € la miche")
    assert bakery.of(contract)["changes_wanted"] == "2,95 € la miche"
    terms = bakery.of(contract)["terms"]
    terms["options"][0]["price_cents"] = 295
    bakery.call("revise_contract", contract_id=contract, from_version=1, terms=terms)
    late = refused(bakery.call, "producer_answer", actor="", token=token, answer="approve", document_sha256=HASH)
    assert late.code == "contract-version-changed"
    assert bakery.call("producer_contract", actor="", token=token)["state"] == "superseded"
    newest, first = bakery.call("contract_versions", contract_id=contract)["versions"]
    [change] = newest["changes"]
    assert (change["name"], change["before"], change["after"], first["comment"]) == (
        "Pain au levain", 290, 295, "2,95 € la miche",
    )  # fmt: skip
    bakery.call("submit_contract", contract_id=contract, version=2, person_id=bakery.baker)
    bakery.call("approve_contract", contract_id=contract, version=2)
    bakery.call("revise_contract", contract_id=contract, from_version=2, terms={**terms, "title": "Pain"})
    assert refused(bakery.call, "open_contract", contract_id=contract, version=3).code == "contract-not-approved"
    same_rows(bakery)


def test_the_link_is_good_for_its_document_until_its_day_and_says_who_answers(bakery):
    contract, token = bakery.sent()
    other = refused(bakery.call, "producer_answer", actor="", token=token, answer="approve", document_sha256="b" * 64)
    assert other.code == "document-differs"
    for wrong in ("", "x", token[:-2], token + "A", f"x{token}"):
        assert refused(bakery.call, "producer_answer", actor="", token=wrong, answer="changes").code == "link-unknown"
    bakery.town.house.clock.advance(days=15)
    assert refused(bakery.call, "producer_contract", actor="", token=token).code == "link-expired"
    # More time, and another contact: the link of the first one says nothing any more.
    again = bakery.call("submit_contract", contract_id=contract, version=1, person_id=bakery.paul,
                        answer_until="2026-12-24T12:00:00+00:00")  # fmt: skip
    bakery.call("producer_answer", actor="", token=again["token"], answer="approve", document_sha256=HASH)
    assert bakery.of(contract)["steps"][-1]["actor"] == bakery.paul


def test_the_producer_answers_with_an_account_too(bakery):
    contract, _ = bakery.sent()
    bakery.call("assign_role", actor=bakery.town.centre, person_id=bakery.baker, role="producer", scope_kind="producer",
                scope_id=bakery.producer)  # fmt: skip
    [listed] = bakery.call("producer_contracts", actor=bakery.baker, producer_id=bakery.producer)["contracts"]
    assert listed["contract_id"] == contract
    assert bakery.of(contract, bakery.baker)["may"] == {"manage": False, "answer": True}
    ask = {"contract_id": contract, "version": 1, "answer": "approve", "document_sha256": HASH}
    assert refused(bakery.call, "answer_contract", actor=bakery.member, **ask).code == "not-found"
    bakery.call("answer_contract", actor=bakery.baker, **ask)
    assert bakery.of(contract)["status"] == "approved"


def test_what_members_and_strangers_see(bakery):
    contract, _ = bakery.sent()
    assert isinstance(refused(bakery.of, contract, bakery.member), NotFound)
    assert isinstance(refused(bakery.of, contract, bakery.stranger), NotFound)
    asked = {"contract_id": contract, "version": 1}
    assert isinstance(refused(bakery.call, "open_contract", actor=bakery.member, **asked), Forbidden)
    assert isinstance(refused(bakery.call, "open_contract", actor=bakery.stranger, **asked), NotFound)
    bakery.call("approve_contract", **asked)
    bakery.call("open_contract", **asked)
    seen = bakery.of(contract, bakery.member)
    assert {"submission", "amount_cents"} & seen.keys() == set()
    assert [step["what"] for step in seen["steps"]] == ["contract-opened"]
    assert isinstance(refused(bakery.of, contract, bakery.stranger), NotFound)
    inside = refused(bakery.call, "contract_versions", actor=bakery.member, contract_id=contract)
    assert isinstance(inside, NotFound)


def test_a_coordinator_of_one_contract_manages_this_one_only(bakery):
    """S0:3: named coordinator, a member manages this contract, and no other."""
    contract = bakery.draft(coordinator_id=bakery.member)["id"]
    other = bakery.draft({**TERMS, "title": "Brioche"})["id"]
    bakery.call("approve_contract", actor=bakery.member, contract_id=contract, version=1)
    bakery.call("open_contract", actor=bakery.member, contract_id=contract, version=1)
    assert isinstance(
        refused(bakery.call, "open_contract", actor=bakery.member, contract_id=other, version=1), Forbidden
    )
    listed = bakery.call("group_contracts", actor=bakery.member, group_id=bakery.town.lyon)["contracts"]
    assert [each["contract_id"] for each in listed] == [contract]
    same_rows(bakery)


def test_a_delivery_is_moved_cancelled_counted_double(bakery):
    contract = bakery.opened()
    first, second, third = (
        each["delivery_id"] for month in bakery.of(contract)["months"] for each in month["deliveries"]
    )
    said = {"contract_id": contract, "reason": "Fournil en panne"}
    bakery.call("move_delivery", **said, delivery_id=first, on="2026-11-12", starts="18:00")
    bakery.call("cancel_delivery", **said, delivery_id=second)
    bakery.call("count_delivery", **said, delivery_id=third, factor_percent=200)
    days = bakery.call("deliveries", actor=bakery.member, group_id=bakery.town.lyon)["dates"]
    assert [(day["on"], [(each["cancelled"], each["factor_percent"], each["moved_from"]) for each in day["deliveries"]])
            for day in days] == [
        ("2026-11-12", [(False, 100, "2026-11-05")]), ("2026-11-19", [(True, 100, None)]),
        ("2026-12-03", [(False, 200, None)]),
    ]  # fmt: skip
    assert isinstance(refused(bakery.call, "move_delivery", contract_id=contract, delivery_id=first, on="2026-11-13",
                              reason=" "), Invalid)  # fmt: skip
    assert (
        refused(bakery.call, "move_delivery", **said, delivery_id=second, on="2026-11-20").code == "delivery-cancelled"
    )
    assert refused(bakery.call, "end_contract", contract_id=contract).code == "deliveries-left"
    same_rows(bakery)


def test_signing_up_ends_with_its_last_day_and_may_begin_again(bakery):
    contract, house = bakery.opened(), bakery.town.house
    house.tick()
    assert bakery.of(contract)["sign_ups"]["state"] == "open"
    house.clock.advance(days=29)
    house.tick()
    assert bakery.of(contract)["sign_ups"]["state"] == "closed"
    assert bakery.of(contract)["steps"][-1]["what"] == "sign-ups-closed"
    bakery.call("reopen_sign_ups", contract_id=contract, closes_on="2026-12-05")
    house.tick()
    assert bakery.of(contract)["sign_ups"] == {"state": "open", "opens_on": None, "closes_on": "2026-12-05"}
    house.clock.advance(days=10)
    house.tick()
    house.tick()
    assert [step["what"] for step in bakery.of(contract)["steps"]].count("sign-ups-closed") == 2


def test_a_contract_is_renewed_in_one_step_and_once(bakery):
    contract, house = bakery.opened(), bakery.town.house
    house.clock.advance(days=150)
    assert [
        each["contract_id"] for each in bakery.call("contracts_to_renew", group_id=bakery.town.lyon)["contracts"]
    ] == [contract]
    new = bakery.call("renew_contract", contract_id=contract)
    assert bakery.of(contract)["renewed_by"] == new["id"]
    after = bakery.of(new["id"])
    assert (after["renews"], after["status"], after["starts_on"], after["ends_on"]) == (
        contract, "drafted", "2027-04-30", "2027-09-29",
    )  # fmt: skip
    days = [each["on"] for month in after["months"] for each in month["deliveries"]]
    # Thursdays, and the same fortnights going on.
    assert days == ["2027-05-06", "2027-05-20", "2027-06-03"]
    assert after["terms"]["options"][0]["option_id"] != bakery.of(contract)["terms"]["options"][0]["option_id"]
    assert refused(bakery.call, "renew_contract", contract_id=contract).code == "contract-renewed"
    assert bakery.call("contracts_to_renew", group_id=bakery.town.lyon)["contracts"] == []
    bakery.call("abandon_contract", contract_id=new["id"])
    assert bakery.of(contract)["renewed_by"] == ""
    same_rows(bakery)


def test_terms_that_nobody_could_count_with_name_their_fields(bakery):
    bad = {
        **TERMS, "ends_on": "2026-01-01", "title": " ", "rounds": [],
        "options": [{"option_id": "c", "title": "Pain", "price_cents": -1}, {"option_id": "d", "title": "", "price_cents": 1, "delivery_ids": ["x"]}],
        "deliveries": [{"delivery_id": "a", "on": "2026-11-05", "starts": "25:00"}, {"delivery_id": "b", "on": "2026-11-05", "factor_percent": 0}],
    }  # fmt: skip
    fields = refused(bakery.draft, bad).facts["fields"]
    assert set(fields) == {
        "terms.title", "terms.ends_on", "terms.options.0.price_cents", "terms.options.1.title", "terms.options.1.delivery_ids", "terms.deliveries.0.starts",
        "terms.deliveries.1.factor_percent",
    }  # fmt: skip
    assert isinstance(refused(bakery.draft, TERMS, coordinator_id=bakery.stranger), Invalid)
    wrong = refused(bakery.call, "draft_contract", group_id=bakery.town.lyon, producer_id="nobody", terms=TERMS)
    assert set(wrong.facts["fields"]) == {"producer_id"}
    empty = bakery.draft({**TERMS, "options": [], "deliveries": []})["id"]
    assert set(refused(bakery.call, "submit_contract", contract_id=empty, version=1, person_id=bakery.baker)
               .facts["fields"]) == {"terms.options", "terms.deliveries"}  # fmt: skip


def test_the_same_terms_have_the_same_ids_and_repeating_changes_nothing(bakery):
    contract = bakery.draft()["id"]
    again = bakery.call("revise_contract", contract_id=contract, from_version=1, terms=TERMS)
    assert (again["version"], bakery.of(contract)["version"]) == (0, 1)
    assert refused(
        bakery.call, "revise_contract", contract_id=contract, from_version=7, terms={**TERMS, "title": "X"}
    ).code == ("contract-version-changed")
    assert isinstance(refused(bakery.call, "end_contract", contract_id=contract), Rejected)


def test_dates_are_proposed_with_what_is_odd_about_them_and_the_rounds_that_belong_to_them(bakery):
    weeks = {"rhythm": "weekly", "anchor": "2026-11-04", "count": 4, "skip": ["2026-11-18", "2026-11-20"],
             "moves": {"2026-11-11": "2026-11-10"}, "factors": {"2026-11-25": 200}, "stated_count": 4}  # fmt: skip
    window = {"opens_days_before": 10, "closes_days_before": 5, "closes_at": "20:00"}
    asked = {"patterns": [weeks], "group_id": bakery.town.lyon, "order_window": window}
    found = bakery.call("proposed_dates", **asked)
    assert [(each["on"], each["factor_percent"], each["moved_from"]) for each in found["dates"]] == [
        ("2026-11-04", 100, None), ("2026-11-10", 100, "2026-11-11"), ("2026-11-25", 200, None),
    ]  # fmt: skip
    assert (found["count"], found["baskets_percent"]) == (3, 400)
    assert [(each["code"], each.get("on"), each.get("counted")) for each in found["warnings"]] == [
        ("not-a-date-of-the-series", "2026-11-20", None), ("count-differs", None, 3),
    ]  # fmt: skip
    assert found["rounds"][0] == {
        "on": "2026-11-04", "opens_at": "2026-10-25T07:00:00+00:00", "closes_at": "2026-10-30T19:00:00+00:00",
    }  # fmt: skip
    fields = refused(bakery.call, "proposed_dates", patterns=[{**weeks, "count": 0}]).facts["fields"]
    assert set(fields) == {"patterns.0.until"}
    assert isinstance(refused(bakery.call, "proposed_dates", actor="", patterns=[weeks]), Forbidden)


def test_holidays_are_those_of_the_group(bakery):
    sunday = {"rhythm": "list", "dates": ["2026-12-20"]}
    for more, holidays in (
        ({"group_id": bakery.town.reunion}, 1), ({"group_id": bakery.town.lyon}, 0), ({"country": "FR", "subdivision": "974"}, 1),
        ({"subdivision": "57"}, 0), ({}, 0),
    ):  # fmt: skip
        actor = bakery.stranger if more.get("group_id") == bakery.town.reunion else bakery.anna
        assert len(bakery.call("proposed_dates", actor=actor, patterns=[sunday], **more)["warnings"]) == holidays
    for wrong in ({"country": "XX"}, {"country": "FR", "subdivision": "75"}):
        assert isinstance(refused(bakery.call, "proposed_dates", patterns=[sunday], **wrong), Invalid)


def test_a_contract_with_a_misprinted_date_is_recorded_as_printed(bakery):
    """Bread, May 2017: 24/04 stands among dates from May on; 26 dates were announced, others are there."""
    dates = ["2017-05-10", "2017-04-24", "2017-06-07", "2017-06-21", "2017-07-05", "2017-07-19"]
    said = {**TERMS, "starts_on": "2017-05-01", "ends_on": "2017-10-31", "sign_up": {},
            "deliveries": [{"delivery_id": f"d{n}", "on": on} for n, on in enumerate(dates)]}  # fmt: skip
    made = bakery.draft(said)
    assert [(each["code"], each["on"]) for each in made["warnings"] if each["code"] == "outside-season"] == [
        ("outside-season", "2017-04-24")
    ]
    told = bakery.of(made["id"])
    assert [each["on"] for month in told["months"] for each in month["deliveries"]] == sorted(dates)
    assert [each["on"] for each in told["terms"]["deliveries"]] == dates
