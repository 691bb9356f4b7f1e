"""Dates that are added in mid-season, or moved across somebody's first day, as mails and reminders know them (S0:15, S0:22)."""

from datetime import UTC, date, datetime

import pytest

from grenier.language import season


def planned(number: int, on: date, **more) -> season.PlannedDelivery:
    return season.PlannedDelivery(delivery_id=f"d{number}", on=on, place="Salle des fêtes", **more)


TERMS = season.Terms(
    title="Légumes", starts_on=date(2026, 11, 5), ends_on=date(2027, 1, 28), basket_kind="fixed_multiple",
    options=[season.BasketOption(option_id="grand", title="grand panier", price_cents=1800, delivery_ids=["d1", "d2"])],
    deliveries=[planned(1, date(2026, 11, 5)), planned(2, date(2026, 11, 19))],
)  # fmt: skip
OF = {"contract_id": "k", "group_id": "g1"}


@pytest.fixture
def subscribed(house):
    """Ann's household h1 from 15 November on."""
    who = OF | {"subscription_id": "s", "household_id": "h1"}
    line = season.SubscribedLine(option_id="grand", quantity=1)
    house.record(
        "contract-k", season.ContractDrafted(**OF, producer_id="p", coordinator_id="orga", terms=TERMS),
        season.ContractOpened(**OF, producer_id="p", coordinator_id="orga", version=1, terms=TERMS),
        season.SubscriptionRegistered(**who, person_id="ann", lines=[line], starts_on=date(2026, 11, 15),
                                      amount_cents=1800, channel="web"),
        season.SubscriptionConfirmed(**who),
    )  # fmt: skip
    return house


def reminded(house, *now: int) -> list[str]:
    house.clock.set(datetime(2026, 11, *now, tzinfo=UTC))
    house.tick()
    return [m.person_id for m in house.events("notify.message-requested") if m.template == "delivery-reminder"]


def test_a_date_that_is_added_is_told_and_reminded_of_with_its_options(subscribed):
    added = planned(9, date(2026, 11, 28), starts="10:00", ends="11:00")
    subscribed.record("contract-k", season.DeliveryAdded(**OF, delivery=added, reason="Rattrape le gel.",
                      option_ids=["grand"]))  # fmt: skip
    [letter] = [m for m in subscribed.events("notify.message-requested") if m.template == "delivery-added"]
    assert letter.person_id == "ann"
    assert letter.params["delivery"] == [
        {"day": "2026-11-28", "starts": "10:00", "ends": "11:00", "place": "Salle des fêtes"}
    ]
    assert letter.params["reason"] == "Rattrape le gel."
    assert reminded(subscribed, 27, 12) == ["ann"]


def test_a_delivery_moved_before_the_first_day_is_reminded_of_all_the_same(subscribed):
    moved = planned(2, date(2026, 11, 12), moved_from=date(2026, 11, 19))
    subscribed.record("contract-k", season.DeliveryMoved(**OF, delivery_id="d2", from_on=date(2026, 11, 19),
                      delivery=moved, reason="Férié."))  # fmt: skip
    assert reminded(subscribed, 11, 18) == ["ann"]
    assert reminded(subscribed, 18, 18) == ["ann"]


def test_a_delivery_moved_after_the_first_day_comes_to_nobody_new(subscribed):
    moved = planned(1, date(2026, 11, 17), moved_from=date(2026, 11, 5))
    subscribed.record("contract-k", season.DeliveryMoved(**OF, delivery_id="d1", from_on=date(2026, 11, 5),
                      delivery=moved, reason="Férié."))  # fmt: skip
    assert reminded(subscribed, 16, 18) == []
