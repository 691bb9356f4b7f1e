"""The ledger in its house: doors, policies, views; facts of the other services are put into the log."""

from datetime import UTC, date, datetime, timedelta

import pytest

from grenier.errors import Forbidden, Invalid, NotFound, Rejected
from grenier.language import contracts, logistics, orders
from grenier.testing import NOON, House
from ledger_svc.journal import account_name, amount

MONDAY = NOON
ITEM = orders.CatalogueItem(
    product_id="comte",
    facts=orders.ProductFacts(name="Comté", category="fromage", producer_id="p", sale="weighed", portion_g=1000),
    price_cents=1590,
    cost_cents=1300,
)


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path, "ledger")
    for group, kind in (("g1", "buying_group"), ("g2", "csa")):
        house.record(
            f"group-{group}",
            contracts.GroupFounded(group_id=group, host_id="host", kind=kind, name=group),
        )
    for household, group, person in (("h1", "g1", "ann"), ("h2", "g1", "bob"), ("h9", "g2", "zoe")):
        house.record(
            f"household-{household}",
            contracts.HouseholdFormed(household_id=household, group_id=group, person_ids=[person]),
        )
    for person, role, scope_kind, scope in (
        ("tess", "treasurer", "group", "g1"),
        ("orga", "organiser", "group", "g1"),
        ("vol", "volunteer", "group", "g1"),
        ("tess2", "treasurer", "group", "g2"),
        ("centre", "central_team", "federation", "host"),
    ):
        house.record(
            f"role-{person}",
            contracts.RoleAssigned(
                assignment_id=person,
                person_id=person,
                role=role,
                scope_kind=scope_kind,
                scope_id=scope,
                valid_from=date(2026, 1, 1),
            ),
        )
    return house


def plan_distribution(house, distribution_id, group_id, starts):
    house.record(
        f"distribution-{distribution_id}",
        logistics.DistributionPlanned(
            distribution_id=distribution_id, cycle_id="c1", window_id="w", group_id=group_id, host_id="host",
            month="2026-11", starts_at=starts, ends_at=starts, place="", slots=[], assignments=[], items=[ITEM],
            orders=[]),
    )  # fmt: skip


def order_and_sign_off(house, household="h1", actor="ann", cents=1988, ordered=1590):
    """A confirmed order of a kilogram of comté that weighs 1.250 kg at the distribution."""
    line = orders.OrderLine(product_id="comte", quantity=1, unit_price_cents=1590, amount_cents=ordered)
    starts = datetime(2026, 11, 26, 17, tzinfo=UTC)
    if not house.events("orders.cycle-scheduled"):
        house.record(
            "cycle-c1",
            orders.CycleScheduled(
                cycle_id="c1", window_id="w", group_id="g1", host_id="host", catalogue_id="k", month="2026-11",
                opens_at=MONDAY, closes_at=MONDAY, distribution_starts_at=starts, distribution_ends_at=starts,
                place="", items=[ITEM], tier_rates_bp={}),
        )  # fmt: skip
        plan_distribution(house, "d1", "g1", starts)
    house.record(
        "cycle-c1",
        orders.OrderConfirmed(
            cycle_id="c1", group_id="g1", order_id=f"o-{household}", household_id=household, tier="solidarity",
            lines=[line], total_cents=ordered),
        actor=actor,
    )  # fmt: skip
    return lambda: house.record(
        "distribution-d1",
        logistics.LineWeighed(
            distribution_id="d1", group_id="g1", household_id=household, product_id="comte", weight_g=1250,
            amount_cents=cents),
        logistics.SignedOff(
            sign_off_id=f"s-{household}", distribution_id="d1", group_id="g1", household_id=household,
            order_id=f"o-{household}", total_cents=cents, movements=[],
            lines=[logistics.ServedLine(product_id="comte", name="Comté", quantity=1, weight_g=1250,
                                        unit_price_cents=1590, amount_cents=cents)]),
        actor="vol",
    )  # fmt: skip


def balance(house, household="h1", actor="ann", **more):
    return house.call("ledger", "balance", {"household_id": household, **more}, actor=actor)


def open_till(house, actor="orga"):
    return house.call("ledger", "open_till", {"group_id": "g1", "float_cents": 5000}, actor=actor)["id"]


def pay(house, till_id, household="h1", cents=1988, means="cash", **more):
    ask = {"till_id": till_id, "household_id": household, "means": means, "amount_cents": cents, **more}
    return house.call("ledger", "take_payment", ask, actor="orga")


@pytest.mark.behaviour("S0:42-44", "S0:46")
def test_an_order_is_committed_until_it_is_signed_for_then_charged_with_what_was_weighed(house):
    sign_off = order_and_sign_off(house)
    assert {key: balance(house)[key] for key in ("balance_cents", "committed_cents")} == {
        "balance_cents": 0, "committed_cents": 1590}  # fmt: skip
    sign_off()
    now = balance(house)
    assert (now["balance_cents"], now["committed_cents"]) == (-1988, 0)
    assert now["last"]["kind"] == "goods-charged"


@pytest.mark.behaviour("S0:42-44", "S0:46")
def test_a_line_of_the_statement_opens_to_the_facts_behind_it(house):
    order_and_sign_off(house)()
    till_id = open_till(house)
    pay(house, till_id)
    statement = house.call("ledger", "statement", {"household_id": "h1"}, actor="ann")
    assert [(line["kind"], line["effect_cents"], line["running_cents"]) for line in statement["lines"]] == [
        ("goods-charged", -1988, -1988), ("payment-taken", 1988, 0)]  # fmt: skip
    told = house.call("ledger", "explain", {"entry_id": statement["lines"][0]["entry_id"]}, actor="ann")
    assert [(fact["name"], fact["actor"]) for fact in told["facts"]] == [
        ("orders.order-confirmed", "ann"),
        ("logistics.line-weighed", "vol"),
        ("logistics.signed-off", "vol"),
        ("ledger.goods-charged", "system:ledger"),
    ]
    assert told["entry"]["cause"] == told["facts"][2]["event_id"]
    assert told["facts"][0]["body"]["lines"][0]["name"] == "Comté"
    assert sum(posting["amount_cents"] for posting in told["postings"]) == 0
    assert told["lines"][0]["weight_g"] == 1250


def test_the_balance_of_an_earlier_day_is_what_it_was_then(house):
    ask = {"household_id": "h1", "amount_cents": 5000, "number": "12"}
    house.call("ledger", "receive_prepayment", ask, actor="tess")
    house.clock.advance(days=3)
    house.call("ledger", "post_adjustment", {"household_id": "h1", "amount_cents": -700, "reason": "jar"}, actor="tess")
    assert balance(house)["balance_cents"] == 4300
    tuesday = (MONDAY + timedelta(days=1)).isoformat()
    assert balance(house, as_of=tuesday)["balance_cents"] == 5000
    before = house.call("ledger", "statement", {"household_id": "h1", "as_of": tuesday}, actor="ann")
    assert (len(before["lines"]), before["closing_cents"]) == (1, 5000)
    since = house.call("ledger", "statement", {"household_id": "h1", "since": tuesday}, actor="ann")
    assert (since["opening_cents"], since["closing_cents"], len(since["lines"])) == (5000, 4300, 1)


def test_an_undone_sign_off_commits_the_order_again_and_costs_nothing(house):
    sign_off = order_and_sign_off(house)
    sign_off()
    house.record(
        "distribution-d1",
        logistics.SignOffUndone(
            sign_off_id="s-h1", distribution_id="d1", group_id="g1", household_id="h1", reason="wrong", movements=[]
        ),
    )
    now = balance(house)
    assert (now["balance_cents"], now["committed_cents"]) == (0, 1590)
    assert now["last"]["kind"] == "entry-reversed"
    sign_off()
    assert balance(house)["balance_cents"] == -1988


def test_who_did_not_come_is_committed_no_more(house):
    order_and_sign_off(house)
    closed = logistics.DistributionClosed(distribution_id="d1", group_id="g1", served=0, absent=1)
    house.record("distribution-d1", closed)
    assert balance(house)["committed_cents"] == 0


def test_a_charge_reversed_after_the_distribution_commits_nothing_anew(house):
    """There is nothing to wait for any more: what may still be ordered is not reduced by it."""
    order_and_sign_off(house)()
    house.record(
        "distribution-d1", logistics.DistributionClosed(distribution_id="d1", group_id="g1", served=1, absent=0)
    )
    charge = balance(house)["last"]["entry_id"]
    house.call("ledger", "reverse_entry", {"household_id": "h1", "entry_id": charge, "reason": "double"}, actor="tess")
    now = balance(house)
    assert (now["balance_cents"], now["committed_cents"]) == (0, 0)


@pytest.mark.behaviour("S1:74-78", "S1:90-92")
def test_a_till_from_float_to_closing_with_fifty_cents_missing(house):
    order_and_sign_off(house)()
    order_and_sign_off(house, "h2", "bob", cents=1500)()
    till_id = open_till(house)
    pay(house, till_id)
    cheque = pay(house, till_id, "h2", 1500, "cheque", cheque={"number": "0042", "bank": "LBP"})["entry_id"]
    row = house.call("ledger", "till", {"till_id": till_id}, actor="orga")
    assert (row["cash_cents"], row["cheques_cents"], row["cheques"], row["payments"]) == (6988, 1500, 1, 2)
    coins = {"5000": 1, "1000": 1, "500": 1, "200": 2, "20": 1, "10": 1, "5": 1, "2": 1, "1": 1}
    house.call("ledger", "count_cash", {"till_id": till_id, "coins": coins, "cheque_entry_ids": [cheque]}, actor="tess")
    row = house.call("ledger", "till", {"till_id": till_id}, actor="tess")
    assert (row["counted_cents"], row["difference_cents"], row["explained"]) == (6938, -50, 0)
    with pytest.raises(Rejected, match="difference-unexplained"):
        house.call("ledger", "close_till", {"till_id": till_id}, actor="tess")
    house.call("ledger", "explain_difference", {"till_id": till_id, "explanation": "monnaie"}, actor="tess")
    house.call("ledger", "close_till", {"till_id": till_id}, actor="tess")
    row = house.call("ledger", "till", {"till_id": till_id}, actor="tess")
    assert (row["state"], row["cash_cents"], row["explanation"]) == ("closed", 6938, "monnaie")
    books = house.call("ledger", "trial_balance", {"group_id": "g1"}, actor="tess")
    assert books["sum_cents"] == 0
    assert {"account": "difference:g1", "group_id": "g1", "balance_cents": -50} in books["accounts"]
    assert house.call("ledger", "current_till", {"group_id": "g1"}, actor="tess") == {"till": None}


def test_a_repeated_payment_is_one_payment(house):
    till_id = open_till(house)
    ask = {"till_id": till_id, "household_id": "h1", "means": "cash", "amount_cents": 1000}
    command_id = "6b0b1c5e-7f4d-4b86-9a5a-0d2b1a1b7a11"
    first = house.call("ledger", "take_payment", ask, actor="orga", command_id=command_id)
    second = house.call("ledger", "take_payment", ask, actor="orga", command_id=command_id)
    assert first == second
    assert balance(house)["balance_cents"] == 1000


@pytest.mark.behaviour("S0:47")
def test_households_still_in_the_red_when_the_till_closes_are_told(house):
    order_and_sign_off(house)()
    order_and_sign_off(house, "h2", "bob", cents=1500)()
    till_id = open_till(house)
    pay(house, till_id)
    house.call("ledger", "count_cash", {"till_id": till_id, "coins": {"1": 6988}}, actor="tess")
    house.call("ledger", "close_till", {"till_id": till_id}, actor="tess")
    told = [(event.household_id, event.balance_cents) for event in house.events("ledger.balance-went-negative")]
    assert told == [("h2", -1500)]
    page = house.call("ledger", "accounts", {"group_id": "g1", "negative": True}, actor="tess")
    assert [(row["household_id"], row["balance_cents"]) for row in page["items"]] == [("h2", -1500)]
    assert (page["total"], page["negative"], page["negative_cents"]) == (1, 1, -1500)
    again = house.call("ledger", "announce_negative", {"group_id": "g1"}, actor="tess")
    assert again["household_ids"] == ["h2"]
    assert len(house.events("ledger.balance-went-negative")) == 2


def test_accounts_list_every_household_of_the_group_and_no_other(house):
    page = house.call("ledger", "accounts", {"group_id": "g1"}, actor="tess")
    assert [row["household_id"] for row in page["items"]] == ["h1", "h2"]
    assert page["items"][0]["balance_cents"] == 0
    only = house.call("ledger", "accounts", {"group_id": "g1", "household_ids": ["h2", "h9"]}, actor="tess")
    assert [row["household_id"] for row in only["items"]] == ["h2"]


def test_a_reversal_is_previewed_then_final(house):
    entry_id = house.call(
        "ledger", "receive_prepayment", {"household_id": "h1", "amount_cents": 5000, "number": "12"}, actor="tess"
    )["entry_id"]
    ask = {"household_id": "h1", "entry_id": entry_id}
    shown = house.call("ledger", "preview_reversal", ask, actor="tess")
    assert (shown["balance_cents"], shown["balance_after_cents"]) == (5000, 0)
    assert shown["postings"] == [
        {"account": "eater:h1", "amount_cents": -5000}, {"account": "cheques:g1", "amount_cents": 5000}]  # fmt: skip
    house.call("ledger", "reverse_entry", {**ask, "reason": "bounced"}, actor="tess")
    assert balance(house)["balance_cents"] == 0
    with pytest.raises(Rejected, match="already-reversed"):
        house.call("ledger", "reverse_entry", {**ask, "reason": "again"}, actor="tess")
    with pytest.raises(Rejected, match="already-reversed"):
        house.call("ledger", "preview_reversal", ask, actor="tess")


def test_a_group_has_one_till_open_at_a_time(house):
    command_id, ask = "5a0f7ad0-7b5c-4c2e-9df1-0a4c3f6b8f01", {"group_id": "g1", "float_cents": 5000}
    till_id = house.call("ledger", "open_till", ask, actor="orga", command_id=command_id)["id"]
    with pytest.raises(Rejected, match="till-already-open") as refused:
        open_till(house)
    assert refused.value.facts == {"till_id": till_id}
    again = house.call("ledger", "open_till", ask, actor="orga", command_id=command_id)
    assert again["id"] == till_id, "the same wish twice is one till"
    house.call("ledger", "count_cash", {"till_id": till_id, "coins": {"5000": 1}}, actor="tess")
    house.call("ledger", "close_till", {"till_id": till_id}, actor="tess")
    after = open_till(house)
    assert after != till_id
    again = house.call("ledger", "open_till", ask, actor="orga", command_id=command_id)
    assert again["id"] == till_id, "answered as it was then, though another is open"
    assert len(house.call("ledger", "tills", {"group_id": "g1"}, actor="tess")["items"]) == 2


def test_two_volunteers_who_open_a_till_at_the_same_moment_open_one(house, monkeypatch):
    for _ in range(2):  # a group's first till, and one after a till that the view does not know either
        with monkeypatch.context() as patched:
            patched.setattr(house, "settle", lambda: None)  # nobody's view has heard of the other's till
            till_id = open_till(house, actor="orga")
            with pytest.raises(Rejected, match="till-already-open") as refused:
                open_till(house, actor="tess")
            assert refused.value.facts == {"till_id": till_id}
            house.call("ledger", "count_cash", {"till_id": till_id, "coins": {"5000": 1}}, actor="tess")
            house.call("ledger", "close_till", {"till_id": till_id}, actor="tess")
            again = open_till(house, actor="tess")
            assert again != till_id, "closed a moment ago"
        house.settle()
        house.call("ledger", "count_cash", {"till_id": again, "coins": {"5000": 1}}, actor="tess")
        house.call("ledger", "close_till", {"till_id": again}, actor="tess")
    assert len(house.call("ledger", "tills", {"group_id": "g1"}, actor="tess")["items"]) == 4


def test_a_till_names_a_distribution_of_its_own_group(house):
    plan_distribution(house, "d1", "g1", MONDAY)
    plan_distribution(house, "d2", "g2", MONDAY)
    ask = {"group_id": "g1", "float_cents": 0}
    for unknown in ("d2", "d3"):
        with pytest.raises(NotFound):
            house.call("ledger", "open_till", {**ask, "distribution_id": unknown}, actor="orga")
    house.call("ledger", "open_till", {**ask, "distribution_id": "d1"}, actor="orga")
    opened = house.call("ledger", "tills", {"group_id": "g1"}, actor="tess")["items"]
    assert [row["distribution_id"] for row in opened] == ["d1"]


def test_no_till_opens_in_an_amap(house):
    with pytest.raises(Rejected, match="no-money-at-csa-distribution"):
        house.call("ledger", "open_till", {"group_id": "g2", "float_cents": 0}, actor="tess2")


def test_strangers_see_nothing_and_members_do_not_touch_the_books(house):
    till_id = open_till(house)
    asks = [
        ("balance", {"household_id": "h1"}),
        ("statement", {"household_id": "h1"}),
        ("accounts", {"group_id": "g1"}),
        ("till", {"till_id": till_id}),
        ("payments", {"till_id": till_id}),
        ("take_payment", {"till_id": till_id, "household_id": "h1", "means": "cash", "amount_cents": 1}),
        ("receive_prepayment", {"household_id": "h1", "amount_cents": 1, "number": "1"}),
        ("export_journal", {"group_id": "g1"}),
    ]
    for method, ask in asks:
        for stranger in ("zoe", "tess2", ""):
            with pytest.raises(NotFound):
                house.call("ledger", method, ask, actor=stranger)
    for method, ask in asks[2:]:
        with pytest.raises(Forbidden):
            house.call("ledger", method, ask, actor="ann")
    with pytest.raises(Forbidden):
        house.call("ledger", "count_cash", {"till_id": till_id, "coins": {}}, actor="orga")
    with pytest.raises(Forbidden):
        house.call("ledger", "balance", {"household_id": "h2"}, actor="ann")


@pytest.mark.parametrize(
    ("method", "ask"),
    [
        ("take_payment", {"means": "cash", "amount_cents": 0}),
        ("take_payment", {"means": "cash", "amount_cents": 10.5}),
        ("take_payment", {"means": "card", "amount_cents": 10}),
        ("take_payment", {"means": "cheque", "amount_cents": 10}),
        ("count_cash", {"coins": {"3": 1}}),
        ("count_cash", {"coins": {"1": -1}}),
    ],
)
def test_amounts_and_coins_have_their_shape(house, method, ask):
    till_id = open_till(house)
    payload = {"till_id": till_id, **({"household_id": "h1"} if method == "take_payment" else {}), **ask}
    with pytest.raises(Invalid):
        house.call("ledger", method, payload, actor="orga" if method == "take_payment" else "tess")


def test_a_credit_floor_says_what_may_still_be_ordered(house):
    assert house.call("ledger", "available", {"household_id": "h1"}, actor="ann")["available_cents"] is None
    house.record("group-g1", contracts.GroupSettingsChanged(group_id="g1", credit_floor_cents=-3000))
    order_and_sign_off(house)
    answer = house.call("ledger", "available", {"household_id": "h1"}, actor="ann")
    assert (answer["floor_cents"], answer["available_cents"]) == (-3000, 1410)


def test_the_journal_carries_every_posting_and_what_each_account_must_come_to(house):
    order_and_sign_off(house)()
    pay(house, open_till(house), cents=2000)
    text = house.call("ledger", "export_journal", {"group_id": "g1"}, actor="tess")["journal"]
    assert f"    liabilities:eaters:h1  EUR {amount(1988)}\n    income:sales:g1  EUR {amount(-1988)}\n" in text
    assert "    liabilities:eaters:h1  EUR 0.00 = EUR -0.12" in text
    assert (account_name("till:t:cash"), amount(-5)) == ("assets:tills:t:cash", "-0.05")


def test_the_views_are_what_a_fresh_replay_makes(house):
    order_and_sign_off(house)()
    till_id = open_till(house)
    payment = pay(house, till_id)["entry_id"]
    ask = {"till_id": till_id, "entry_id": payment, "reason": "two clicks"}
    house.call("ledger", "reverse_payment", ask, actor="orga")
    assert balance(house)["balance_cents"] == -1988
    assert house.dump("ledger") == house.rebuilt_dump("ledger")
