"""Who is reminded and told when a sharing ends, a date is left out, a change is declined, somebody stops (S0:15, S0:22, S0:28)."""

from datetime import UTC, date, datetime

import pytest

from grenier.language import season

OF = {"contract_id": "k", "group_id": "g1"}
LINE = season.SubscribedLine(option_id="grand", quantity=1)
TERMS = season.Terms(
    title="Légumes", starts_on=date(2026, 11, 5), ends_on=date(2027, 1, 28), basket_kind="fixed_multiple",
    options=[season.BasketOption(option_id="grand", title="grand panier", price_cents=1800)],
    deliveries=[season.PlannedDelivery(delivery_id=f"d{n}", on=date(2026, 11, 7 * n - 2)) for n in (1, 2, 3)],
)  # fmt: skip


@pytest.fixture
def house(house):
    """Contract k with deliveries on 5, 12 and 19 November; ann's household h1 has a basket."""
    house.record(
        "contract-k", season.ContractDrafted(**OF, producer_id="p", coordinator_id="orga", terms=TERMS),
        season.ContractOpened(**OF, producer_id="p", coordinator_id="orga", version=1, terms=TERMS),
    )  # fmt: skip
    subscribe(house, "h1")
    return house


def subscribe(house, home, number="", confirmed=True, **more):
    who = OF | {"subscription_id": f"s-{home}{number}", "household_id": home}
    house.record("contract-k", season.SubscriptionRegistered(
        **who, **{"person_id": "ann", "lines": [LINE], "starts_on": date(2026, 11, 5), "amount_cents": 5400, "channel": "web"} | more))  # fmt: skip
    if confirmed:
        house.record("contract-k", season.SubscriptionConfirmed(**who))


def share(house, *homes):
    anchor = "d1" if homes else ""
    house.record(
        "contract-k", season.SharersSet(**OF, subscription_id="s-h1", household_ids=[*homes], anchor_delivery_id=anchor)
    )


def told(house, template):
    return sorted(m.person_id for m in house.events("notify.message-requested") if m.template == template)


def reminded(house, day):
    house.clock.set(datetime(2026, 11, day, 12, tzinfo=UTC))
    house.tick()
    return told(house, "delivery-reminder")


@pytest.mark.behaviour("S0:15", "S0:28")
def test_who_signed_is_reminded_again_when_a_sharing_has_ended(house):
    share(house, "h1", "h2")
    share(house)
    assert reminded(house, 4) == ["ann"]


def test_a_date_that_is_left_out_is_nobodys_turn(house):
    """h1 and h2 in turns, the first one's date left out: the second date is h1's, as the sign-off sheet has it."""
    share(house, "h1", "h2")
    house.record("contract-k", season.AbsencesSet(**OF, subscription_id="s-h1", household_id="h1", delivery_ids=["d1"]))
    assert reminded(house, 11) == ["ann"]


def test_a_change_of_basket_that_is_declined_leaves_the_old_one_as_it_was(house):
    subscribe(house, "h1", "-new", confirmed=False, starts_on=date(2026, 11, 12), replaces="s-h1")
    house.record("contract-k", season.SubscriptionDeclined(**OF, subscription_id="s-h1-new", household_id="h1"))
    assert reminded(house, 11) == ["ann"]


@pytest.mark.behaviour("S0:22")
def test_whoever_has_stopped_hears_no_more_of_dates_and_news(house):
    subscribe(house, "h2")
    house.record("contract-k", season.SubscriptionEnded(**OF, subscription_id="s-h2", household_id="h2", on=date(2026, 11, 12),
                 amount_cents=1800, reason="Déménagement"))  # fmt: skip
    assert told(house, "subscription-ended") == ["bob", "cat"]
    house.record("contract-k", season.DeliveryCancelled(**OF, delivery_id="d3", on=date(2026, 11, 19), reason="Gel."))
    assert told(house, "delivery-cancelled") == ["ann"]
    audience = {"group_id": "g1", "audience": "contract:k"}
    assert house.call("notify", "announce_preview", audience, actor="orga")["households"] == 2, (
        "it is still there today"
    )
    house.clock.set(datetime(2026, 11, 13, 12, tzinfo=UTC))
    assert house.call("notify", "announce_preview", audience, actor="orga")["households"] == 1


@pytest.mark.behaviour("S0:22")
def test_who_comes_in_week_a_hears_nothing_of_week_b(house):
    subscribe(house, "h2", series="B")
    moved = season.PlannedDelivery(delivery_id="d2", on=date(2026, 11, 13), series="A", moved_from=date(2026, 11, 12))
    house.record(
        "contract-k",
        season.DeliveryMoved(**OF, delivery_id="d2", from_on=date(2026, 11, 12), delivery=moved, reason="Gel"),
    )
    assert told(house, "delivery-moved") == ["ann"]


@pytest.mark.behaviour("S0:28")
@pytest.mark.parametrize(("sharers", "told_of_it"), [((), ["bob", "cat"]), (("h1", "h2"), [])])
def test_who_shared_a_basket_that_another_one_replaces_hears_of_it(house, sharers, told_of_it):
    share(house, "h1", "h2")
    subscribe(house, "h1", "-new", starts_on=date(2026, 11, 12), replaces="s-h1", household_ids=[*sharers])
    house.record("contract-k", season.SubscriptionEnded(**OF, subscription_id="s-h1", household_id="h1", on=date(2026, 11, 12),
                 amount_cents=1800, reason="replaced"))  # fmt: skip
    assert told(house, "sharing-ended") == told_of_it
    assert told(house, "subscription-ended") == []
