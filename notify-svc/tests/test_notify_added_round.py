"""An order round that is added in mid-season: every subscriber reads its window (S0:22, S0:32)."""

from datetime import UTC, date, datetime

import pytest

from grenier.language import season

OF = {"contract_id": "k", "group_id": "g1"}


@pytest.mark.behaviour("S0:32")
def test_subscribers_read_when_they_may_order(house):
    options = [season.BasketOption(option_id="fig", title="Figues", price_cents=550)]
    terms = season.Terms(title="Confitures", starts_on=date(2026, 11, 5), ends_on=date(2027, 1, 28), basket_kind="ordered",
                         options=options)  # fmt: skip
    who = OF | {"subscription_id": "s", "household_id": "h1"}
    added = season.PlannedDelivery(delivery_id="d9", on=date(2026, 12, 10), place="Salle des fêtes")
    plan = season.AddedRound(round_id="r", opens_at=datetime(2026, 11, 26, 7, tzinfo=UTC), producer_id="p", title="Confitures",
                             closes_at=datetime(2026, 12, 3, 19, tzinfo=UTC), options=options)  # fmt: skip
    house.record(
        "contract-k", season.ContractDrafted(**OF, producer_id="p", coordinator_id="orga", terms=terms),
        season.ContractOpened(**OF, producer_id="p", coordinator_id="orga", version=1, terms=terms),
        season.SubscriptionRegistered(**who, person_id="ann", lines=[], starts_on=date(2026, 11, 5), amount_cents=0,
                                      channel="web"),
        season.SubscriptionConfirmed(**who),
        season.DeliveryAdded(**OF, delivery=added, reason="Les oranges sont là.", round=plan),
    )  # fmt: skip
    [letter] = [m for m in house.events("notify.message-requested") if m.template in ("round-added", "delivery-added")]
    assert (letter.template, letter.person_id, letter.params["closes_at"][:16]) == (
        "round-added",
        "ann",
        "2026-12-03T19:00",
    )
