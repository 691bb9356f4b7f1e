"""Hands that a group has planned for a day of deliveries follow the goods when the delivery moves or is off (S0:22)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from grenier.language import contracts, matching, season
from grenier.testing import House

IDS = {"contract_id": "c", "group_id": "g"}
DAY = date(2026, 11, 26)


def planned(delivery_id, on=DAY, starts="18:30", **more):
    return season.PlannedDelivery(delivery_id=delivery_id, on=on, starts=starts, ends="19:30", **more)


@pytest.fixture
def house(tmp_path):
    """Group g in Paris; contract c delivers d1 on the 26th and d2 a week later; eggs come on the 26th, too, unless gone."""
    house = House(tmp_path, "matching")
    house.record("group-g", contracts.GroupFounded(group_id="g", host_id="host", kind="csa", name="g", time_zone="Europe/Paris"))  # fmt: skip
    house.record("household-h", contracts.HouseholdFormed(household_id="h", group_id="g", person_ids=["ali"]))
    house.record("roles-olga", contracts.RoleAssigned(assignment_id="r", person_id="olga", role="organiser", scope_kind="group",
                 scope_id="g", valid_from=date(2026, 1, 1)))  # fmt: skip
    terms = season.Terms(title="Légumes", starts_on=DAY, ends_on=DAY + timedelta(days=90), basket_kind="fixed_single",
                         options=[season.BasketOption(option_id="o", title="Panier", price_cents=1)],
                         deliveries=[planned("d1"), planned("d2", DAY + timedelta(days=7))])  # fmt: skip
    house.record(
        "contract-c", season.ContractOpened(**IDS, producer_id="p", coordinator_id="olga", version=1, terms=terms)
    )
    return house


def hands(house, on=DAY, task="Accueil"):
    """A distribution from half past six on, Paris time, with one who has signed up; the activity's id."""
    starts = datetime.combine(on, datetime.min.time(), UTC) + timedelta(hours=17, minutes=30)
    slot = {"task": task, "starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=1)).isoformat(), "needed": 2}  # fmt: skip
    activity_id = house.call("matching", "plan_activity", {
        "group_id": "g", "kind": "distribution", "title": "Distribution", "starts_at": slot["starts_at"],
        "ends_at": slot["ends_at"], "slots": [slot]}, actor="olga")["id"]  # fmt: skip
    found = house.call("matching", "activity", {"activity_id": activity_id}, actor="ali")
    wish = {"activity_id": activity_id, "slot_id": found["slots"][0]["slot_id"]}
    house.call("matching", "sign_up", wish, actor="ali")
    return activity_id


def move(house, on=DAY, delivery_id="d1", to=None, **more):
    moved = planned(delivery_id, to or on, **{"moved_from": on, **more})
    house.record(
        "contract-c", season.DeliveryMoved(**IDS, delivery_id=delivery_id, from_on=on, delivery=moved, reason="Neige")
    )


def shown(house, activity_id):
    return house.call("matching", "activity", {"activity_id": activity_id}, actor="ali")


@pytest.mark.behaviour("S0:22")
def test_duties_go_along_with_who_signed_up_for_them(house):
    one, next_week = hands(house), hands(house, DAY + timedelta(days=7))
    move(house, to=date(2027, 4, 2), place="Préau")
    found = shown(house, one)
    assert (found["starts_at"], found["place"]) == ("2027-04-02T16:30:00.000000Z", "Préau"), (
        "half past six there, in summer"
    )
    [slot] = found["slots"]
    assert slot["starts_at"] == found["starts_at"]
    assert [each["person_id"] for each in slot["volunteers"]] == ["ali"]
    [told] = house.events("matching.activity-changed")
    assert (told.reason, told.person_ids) == ("Neige", ["ali"])
    assert shown(house, next_week)["starts_at"].startswith("2026-12-03"), "what is not of that day stays"


def test_other_hours_on_the_day_move_the_duties(house):
    one = hands(house)
    move(house, starts="10:00")
    assert shown(house, one)["starts_at"] == "2026-11-26T09:00:00.000000Z"
    move(house, starts="11:00")
    assert shown(house, one)["starts_at"] == "2026-11-26T10:00:00.000000Z"


def test_hands_stay_where_something_else_comes(house):
    house.record("contract-c", season.DeliveryAdded(**IDS, delivery=planned("eggs"), reason="Œufs"))
    one = hands(house)
    move(house, to=DAY + timedelta(days=1))
    assert house.events("matching.activity-changed") == []
    move(house, delivery_id="eggs", to=DAY + timedelta(days=1))
    assert shown(house, one)["starts_at"].startswith("2026-11-27"), "with the last of them the distribution moves"


def test_where_there_are_hands_already_those_of_the_old_day_are_off(house):
    one, there = hands(house), hands(house, DAY + timedelta(days=7))
    move(house, to=DAY + timedelta(days=7), starts="17:00")
    [off] = house.events("matching.activity-cancelled")
    assert (off.activity_id, off.reason) == (one, "Neige")
    assert shown(house, there)["starts_at"].startswith("2026-12-03")


@pytest.mark.behaviour("S0:22")
def test_a_cancelled_delivery_needs_no_hands(house):
    one = hands(house)
    gone = season.DeliveryCancelled(**IDS, delivery_id="d1", on=DAY, reason="Gel")
    house.record("contract-c", gone)
    assert [event.activity_id for event in house.events("matching.activity-cancelled")] == [one]


def test_what_is_over_stays_as_it_was(house):
    hands(house)
    house.clock.set(datetime(2026, 11, 27, tzinfo=UTC))
    house.record("contract-c", season.DeliveryCancelled(**IDS, delivery_id="d1", on=DAY, reason="Gel"))
    assert [event for event in house.events("matching.") if isinstance(event, matching.ActivityCancelled)] == []


def test_the_views_say_the_same_after_a_rebuild(house):
    hands(house)
    move(house, to=DAY + timedelta(days=1))
    assert house.dump("matching") == house.rebuilt_dump("matching")
