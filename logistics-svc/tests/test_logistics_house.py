"""The whole service: doors, rights, policies, views, replay."""

from datetime import UTC, date, datetime

import pytest
from msgspec import structs

from grenier.errors import Forbidden, Invalid, NotFound, Rejected
from grenier.language import contracts
from grenier.testing import House
from logistics_svc import ids
from logistics_svc.examples import (
    CYCLE,
    DELIVERY,
    DISTRIBUTION,
    GROUP,
    HOST,
    MARTIN,
    NGUYEN,
    ROSSI,
    WINDOW,
    frozen,
    order,
)

OTHER_CYCLE = "00000000-0000-4000-8000-000000000002"
PALLET = ids.pallet_id(DELIVERY, 1)


def found(house: House, group_id: str, **roles: str) -> None:
    house.record(
        f"group-{group_id}",
        contracts.GroupFounded(group_id=group_id, host_id=HOST, kind="buying_group", name=group_id.title()),
    )
    for person, role in roles.items():
        assign(house, person, role, "group", group_id)


def assign(house: House, person: str, role: str, kind: str, scope: str) -> None:
    event = contracts.RoleAssigned(
        assignment_id=f"{person}-{role}",
        person_id=person,
        role=role,
        scope_kind=kind,
        scope_id=scope,
        valid_from=date(2026, 1, 1),
    )
    house.record(f"role-{person}-{role}", event)


def member(house: House, person: str, household: str, group_id: str, tier: str) -> None:
    house.record(
        f"household-{household}",
        contracts.HouseholdFormed(household_id=household, group_id=group_id, person_ids=[person]),
        contracts.MembershipGranted(
            membership_id=f"membership-{household}",
            household_id=household,
            group_id=group_id,
            number=1,
            tier=tier,
            valid_from=date(2026, 1, 1),
            valid_until=date(2026, 12, 31),
        ),
    )


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path, "logistics")
    found(house, GROUP, olga="organiser", vera="volunteer")
    found(house, "group-2", omar="organiser")
    assign(house, "lou", "logistician", "federation", HOST)
    member(house, "marie", MARTIN, GROUP, "neighbourhood")
    member(house, "nam", NGUYEN, GROUP, "neighbourhood")
    member(house, "rosa", ROSSI, GROUP, "solidarity")
    member(house, "zoe", "household-zoe", "group-2", "solidarity")
    house.record(f"cycle-{CYCLE}", frozen())
    house.record(
        f"cycle-{OTHER_CYCLE}",
        frozen(order("household-zoe", "solidarity", bread=1), cycle_id=OTHER_CYCLE, group_id="group-2"),
    )
    return house


def do(house, method, actor="olga", **payload):
    return house.call("logistics", method, payload, actor=actor)


def deliver(house, *lines):
    do(house, "prepare_pallet", "lou", pallet_id=PALLET)
    do(house, "dispatch_delivery", "lou", delivery_id=DELIVERY)
    do(house, "receive_delivery", delivery_id=DELIVERY, lines=list(lines))


def at_table(house, method, household=MARTIN, actor="vera", **payload):
    return do(house, method, actor, distribution_id=DISTRIBUTION, household_id=household, **payload)


def stock(house, **payload):
    lines = do(house, "stock", group_id=GROUP, **payload)["lines"]
    return {line["product_id"]: line["quantity"] for line in lines if line["quantity"]}


@pytest.mark.behaviour("S1:135")
def test_the_logistician_sees_the_pallets_of_all_groups_and_makes_them_ready(house):
    pallets = do(house, "pallets", "lou", window_id=WINDOW)["pallets"]
    assert [(p["group_id"], p["state"], p["weight_g"]) for p in pallets] == [
        (GROUP, "planned", 9_500),
        ("group-2", "planned", 500),
    ]
    lines = [{"product_id": "bread", "quantity": 6, "reason": "fournée ratée"}]
    do(house, "prepare_pallet", "lou", pallet_id=PALLET, lines=lines)
    pallet = do(house, "pallet", "lou", pallet_id=PALLET)
    assert (pallet["state"], pallet["weight_g"], pallet["differences"][0]["reason"]) == (
        "prepared",
        8_500,
        "fournée ratée",
    )
    assert [d["state"] for d in do(house, "deliveries", "lou", group_id=GROUP)["deliveries"]] == ["prepared"]


def test_a_difference_on_a_pallet_needs_its_reason(house):
    with pytest.raises(Invalid) as refused:
        do(house, "prepare_pallet", "lou", pallet_id=PALLET, lines=[{"product_id": "bread", "quantity": 6}])
    assert list(refused.value.facts["fields"]) == ["lines[0].reason"]


@pytest.mark.behaviour("S1:136", "S1:53")
def test_receiving_less_is_previewed_then_declared_to_the_households_concerned(house):
    do(house, "prepare_pallet", "lou", pallet_id=PALLET)
    with pytest.raises(Rejected, match="delivery-not-dispatched"):
        do(house, "receive_delivery", delivery_id=DELIVERY)
    do(house, "dispatch_delivery", "lou", delivery_id=DELIVERY)
    missing = {"product_id": "bread", "received": 4, "reason": "caisse manquante"}
    preview = do(house, "preview_receipt", delivery_id=DELIVERY, lines=[missing])
    assert preview["shortages"] == [
        {"product_id": "bread", "name": "Pain", "expected": 8, "available": 4, "households": 3}
    ]
    assert preview["households"] == [MARTIN, NGUYEN, ROSSI]
    assert do(house, "shortages", distribution_id=DISTRIBUTION)["shortages"] == []
    do(house, "receive_delivery", delivery_id=DELIVERY, lines=[missing])
    [short] = do(house, "shortages", group_id=GROUP)["shortages"]
    assert [(share["household_id"], share["allotted"]) for share in short["shares"]] == [
        (MARTIN, 2), (NGUYEN, 1), (ROSSI, 1),
    ]  # fmt: skip
    row = do(house, "delivery", delivery_id=DELIVERY)
    assert (row["state"], row["missing"], row["lines"][0]["reason"]) == ("received", 1, "caisse manquante")
    do(house, "receive_delivery", delivery_id=DELIVERY, lines=[{"product_id": "bread", "received": 8}])
    assert do(house, "shortages", group_id=GROUP)["shortages"] == []
    assert do(house, "delivery", delivery_id=DELIVERY)["missing"] == 0


@pytest.mark.behaviour("S1:45")
def test_an_eater_sees_and_changes_the_slot_of_the_own_household_only(house):
    [mine] = do(house, "distributions", "marie", household_id=MARTIN)["distributions"]
    assert (mine["my_slot_id"], mine["my_state"]) == ("slot-1", "expected")
    at_table(house, "choose_slot", actor="marie", slot_id="slot-2")
    sheet = at_table(house, "served_household", actor="marie")
    assert sheet["slot"]["starts_at"] == "2026-11-26T17:30:00.000000Z"
    with pytest.raises(Forbidden):
        at_table(house, "choose_slot", NGUYEN, actor="marie", slot_id="slot-1")
    with pytest.raises(Forbidden):
        at_table(house, "served_household", NGUYEN, actor="marie")


@pytest.mark.behaviour("S1:64", "S1:65", "S1:66")
def test_the_board_follows_the_day(house):
    deliver(house)
    at_table(house, "check_in")
    board = do(house, "distribution", "vera", distribution_id=DISTRIBUTION)
    assert (board["orders"], board["checked_in"], board["served"]) == (3, 1, 0)
    assert {h["household_id"]: h["state"] for h in board["households"]} == {
        MARTIN: "checked-in",
        NGUYEN: "expected",
        ROSSI: "expected",
    }
    at_table(house, "sign_off", seen_total_cents=2_195)
    board = do(house, "distribution", "vera", distribution_id=DISTRIBUTION)
    assert (board["served"], board["served_cents"], board["absent"]) == (1, 2_195, 2)
    at_table(house, "undo_sign_off", reason="mauvais foyer")
    board = do(house, "distribution", "vera", distribution_id=DISTRIBUTION)
    assert (board["served"], board["served_cents"]) == (0, 0)
    assert at_table(house, "undo_check_in")["version"] > 0
    assert do(house, "distribution", "vera", distribution_id=DISTRIBUTION)["checked_in"] == 0


@pytest.mark.behaviour("S1:67", "S1:75")
def test_a_line_is_weighed_one_missing_one_exchanged_and_a_surplus_sold(house):
    deliver(house)
    at_table(house, "weigh_line", product_id="comte", weight_g=487)
    at_table(house, "record_shortage", product_id="bread", missing=1)
    at_table(
        house, "record_substitution", product_id="bread", quantity=1, substitute_id="lentils", substitute_quantity=1
    )
    at_table(house, "sell_surplus", product_id="lentils", quantity=1)
    sheet = at_table(house, "served_household")
    # Four loaves ordered: one is missing, and that one is exchanged for lentils.
    assert [(line["product_id"], line["quantity"], line["amount_cents"]) for line in sheet["lines"]] == [
        ("bread", 3, 1_050),
        ("comte", 2, 774),
    ]
    assert sheet["total_cents"] == 1_050 + 774 + 420 + 420
    at_table(house, "sign_off", seen_total_cents=sheet["total_cents"])
    [signed] = house.events("logistics.signed-off")
    assert [line.kind for line in signed.lines] == ["ordered", "ordered", "substitute", "surplus"]
    assert stock(house) == {"bread": 5, "comte": 4, "lentils": 2}


@pytest.mark.behaviour("S1:44")
def test_the_cutting_sheet_takes_the_weights_of_all_households_at_once(house):
    deliver(house)
    [product] = do(house, "cutting_sheets", distribution_id=DISTRIBUTION)["products"]
    assert (product["product_id"], product["portions"], product["weighed"]) == ("comte", 2, 0)
    weights = [{"household_id": MARTIN, "weight_g": 487}, {"household_id": ROSSI, "weight_g": 1_013}]
    do(house, "record_weights", distribution_id=DISTRIBUTION, product_id="comte", weights=weights)
    sheet = do(house, "cutting_sheet", distribution_id=DISTRIBUTION, product_id="comte")
    assert sheet["groups"] == [{"weight_g": 1_000, "portions": 1}, {"weight_g": 500, "portions": 1}]
    assert (sheet["total_g"], sheet["margin_g"], sheet["pieces"]) == (1_500, 45, 1)
    assert [(line["household_id"], line["weight_g"], line["amount_cents"]) for line in sheet["lines"]] == [
        (ROSSI, 1_013, 1_853),
        (MARTIN, 487, 774),
    ]
    with pytest.raises(NotFound):
        do(house, "cutting_sheet", distribution_id=DISTRIBUTION, product_id="bread")


@pytest.mark.behaviour("S1:68", "S1:69", "S1:70")
def test_those_who_did_not_come_are_listed_with_the_outcome_of_the_call(house):
    deliver(house)
    at_table(house, "check_in")
    at_table(house, "log_absent_call", ROSSI, outcome="someone-else")
    absent = do(house, "absent", distribution_id=DISTRIBUTION)["households"]
    assert [(row["household_id"], row["outcome"]) for row in absent] == [(NGUYEN, None), (ROSSI, "someone-else")]


@pytest.mark.behaviour("S1:82")
def test_the_stock_is_counted_and_can_be_asked_for_a_moment_in_the_past(house):
    deliver(house)
    received_at = house.log.head()
    house.clock.set(datetime(2026, 11, 26, 17, 10, tzinfo=UTC))
    at_table(house, "sign_off")
    do(house, "count_stock", distribution_id=DISTRIBUTION, lines=[{"product_id": "bread", "counted": 3}])
    assert stock(house) == {"bread": 3, "comte": 4, "lentils": 4}
    assert stock(house, as_of=str(received_at)) == {"bread": 8, "comte": 6, "lentils": 4}
    assert stock(house, as_of="2026-11-25") == {"bread": 8, "comte": 6, "lentils": 4}
    assert stock(house, as_of="2026-11-26T18:10:00") == stock(house, as_of="2026-11-26T17:10:00Z") == stock(house)
    with pytest.raises(Invalid):
        stock(house, as_of="mardi dernier")
    moves = do(house, "stock_movements", group_id=GROUP, product_id="bread")["movements"]
    assert [(move["delta"], move["other"].split(":")[0]) for move in moves] == [
        (-1, "loss"),
        (-4, "household"),
        (8, "warehouse"),
    ]
    inventory = do(house, "inventory", distribution_id=DISTRIBUTION)["lines"]
    assert {line["product_id"]: (line["ordered"], line["delivered"], line["handed_out"], line["counted"])
            for line in inventory}["bread"] == (8, 8, 4, 3)  # fmt: skip


def test_the_sign_off_sheet_lists_households_by_slot_and_totals(house):
    sheet = do(house, "signoff_sheet", distribution_id=DISTRIBUTION)
    assert [row["household_id"] for row in sheet["households"]] == [MARTIN, NGUYEN, ROSSI]
    assert {total["product_id"]: total["quantity"] for total in sheet["totals"]} == {
        "bread": 8,
        "comte": 6,
        "lentils": 4,
    }


def test_every_act_of_the_day_says_who_did_it_and_in_which_role(house):
    deliver(house)
    at_table(house, "check_in")
    entries = at_table(house, "history")["entries"]
    assert [(entry["name"], entry["actor"], entry["role"]) for entry in entries] == [
        ("logistics.household-checked-in", "vera", "volunteer")
    ]


def test_the_same_request_twice_is_one_fact(house):
    deliver(house)
    key = "00000000-0000-4000-8000-00000000000a"
    payload = {"distribution_id": DISTRIBUTION, "household_id": MARTIN}
    first = house.call("logistics", "sign_off", payload, actor="vera", command_id=key)
    again = house.call("logistics", "sign_off", payload, actor="vera", command_id=key)
    assert first == again
    assert len(house.events("logistics.signed-off")) == 1


@pytest.mark.parametrize("actor", ["omar", "zoe", "nobody", ""])
@pytest.mark.parametrize(
    ("method", "payload"),
    [
        ("distribution", {"distribution_id": DISTRIBUTION}),
        ("signoff_sheet", {"distribution_id": DISTRIBUTION}),
        ("served_household", {"distribution_id": DISTRIBUTION, "household_id": MARTIN}),
        ("check_in", {"distribution_id": DISTRIBUTION, "household_id": MARTIN}),
        ("choose_slot", {"distribution_id": DISTRIBUTION, "household_id": MARTIN, "slot_id": "slot-1"}),
        ("sign_off", {"distribution_id": DISTRIBUTION, "household_id": MARTIN}),
        ("count_stock", {"distribution_id": DISTRIBUTION, "lines": []}),
        ("receive_delivery", {"delivery_id": DELIVERY}),
        ("pallet", {"pallet_id": PALLET}),
        ("stock", {"group_id": GROUP}),
        ("stock_movements", {"group_id": GROUP}),
        ("shortages", {"group_id": GROUP}),
        ("distributions", {"group_id": GROUP}),
        ("distributions", {"household_id": MARTIN}),
        ("history", {"distribution_id": DISTRIBUTION}),
        ("absent", {"distribution_id": DISTRIBUTION}),
        ("cutting_sheets", {"distribution_id": DISTRIBUTION}),
        ("inventory", {"distribution_id": DISTRIBUTION}),
    ],
)
def test_another_groups_goods_do_not_exist_for_strangers(house, actor, method, payload):
    before = house.log.head()
    with pytest.raises(NotFound) as foreign:
        house.call("logistics", method, payload, actor=actor)
    missing = {key: "no-such-thing" if key.endswith("_id") else value for key, value in payload.items()}
    with pytest.raises(NotFound) as nothing:
        house.call("logistics", method, missing, actor=actor)
    assert (foreign.value.code, foreign.value.facts) == (nothing.value.code, nothing.value.facts)
    assert house.log.head() == before


def test_a_household_of_another_group_is_not_served_here(house):
    deliver(house)
    with pytest.raises(NotFound):
        at_table(house, "sell_surplus", "household-zoe", product_id="lentils", quantity=1)


def test_roles_decide_what_a_member_of_the_house_may_do(house):
    with pytest.raises(Forbidden):
        do(house, "prepare_pallet", "olga", pallet_id=PALLET)
    with pytest.raises(Forbidden):
        do(house, "count_stock", "vera", distribution_id=DISTRIBUTION, lines=[])
    with pytest.raises(Forbidden):
        do(house, "receive_delivery", "vera", delivery_id=DELIVERY)
    with pytest.raises(Forbidden):
        do(house, "distribution", "marie", distribution_id=DISTRIBUTION)
    with pytest.raises(Forbidden):
        do(house, "pallets", "marie", window_id=WINDOW)
    assert [p["group_id"] for p in do(house, "pallets", "omar", window_id=WINDOW)["pallets"]] == ["group-2"]


@pytest.mark.parametrize("planned_first", [True, False])
def test_what_is_left_can_be_sold_at_the_next_distribution(house, planned_first):
    cycle = "00000000-0000-4000-8000-000000000003"
    later = [datetime(2026, 12, 17, hour, tzinfo=UTC) for hour in (17, 19)]
    december = structs.replace(
        frozen(order(MARTIN, "neighbourhood", bread=1), cycle_id=cycle, month="2026-12"),
        distribution_starts_at=later[0],
        distribution_ends_at=later[1],
    )
    if planned_first:
        house.record(f"cycle-{cycle}", december)
    deliver(house)
    at_table(house, "sign_off")
    do(house, "close_distribution", distribution_id=DISTRIBUTION)
    if not planned_first:
        house.record(f"cycle-{cycle}", december)
    following = ids.distribution_id(cycle)
    inventory = do(house, "inventory", distribution_id=following)["lines"]
    assert {line["product_id"]: line["on_hand"] for line in inventory} == {"bread": 4, "comte": 4, "lentils": 4}
    assert all(line["on_hand"] == 0 for line in do(house, "inventory", distribution_id=DISTRIBUTION)["lines"])
    sale = {"distribution_id": following, "household_id": NGUYEN}
    do(house, "sell_surplus", "vera", product_id="lentils", quantity=4, **sale)
    do(house, "sign_off", "vera", **sale)
    assert stock(house) == {"bread": 4, "comte": 4}
    more = {"distribution_id": following, "household_id": MARTIN}
    # Four loaves are left over and Martin ordered one: three can be sold to them beside it, not all four.
    with pytest.raises(Rejected, match="out-of-stock"):
        do(house, "sell_surplus", "vera", product_id="bread", quantity=4, **more)
    do(house, "sell_surplus", "vera", product_id="bread", quantity=3, **more)
    do(house, "sign_off", "vera", **more)
    assert stock(house) == {"comte": 4}
    assert len(house.events("logistics.stock-passed-on")) == 1
    assert house.dump("logistics") == house.rebuilt_dump("logistics")


def test_views_are_the_same_after_a_replay(house):
    deliver(house, {"product_id": "bread", "received": 5, "reason": "damaged"})
    at_table(house, "check_in")
    at_table(house, "sell_surplus", product_id="lentils", quantity=1)
    at_table(house, "sign_off")
    at_table(house, "log_absent_call", ROSSI, outcome="no-answer")
    do(house, "count_stock", distribution_id=DISTRIBUTION, lines=[{"product_id": "lentils", "counted": 1}])
    do(house, "close_distribution", distribution_id=DISTRIBUTION)
    assert house.dump("logistics") == house.rebuilt_dump("logistics")
    assert do(house, "distribution", distribution_id=DISTRIBUTION)["state"] == "closed"
