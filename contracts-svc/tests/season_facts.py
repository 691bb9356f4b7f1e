"""A contract for tests: weekly deliveries from the 5th of November 2026, published."""

from datetime import date, datetime, timedelta

import msgspec

from contracts_svc.contract.subscriptions import ConfirmSubscription, RegisterSubscription
from grenier.language.season import (
    BasketOption,
    ContractDrafted,
    ContractOpened,
    PaymentTerms,
    PlannedDelivery,
    SignUpTerms,
    SubscribedLine,
    Terms,
)

FIRST = date(2026, 11, 5)
NOW = datetime(2026, 10, 20, 12, 0)


def weekly(count=10, factors=(), series=("",)):
    """d1, d2…: a week apart; factors by number, series in turns."""
    return [
        PlannedDelivery(
            delivery_id=f"d{n}",
            on=FIRST + timedelta(weeks=n - 1),
            factor_percent=dict(factors).get(n, 100),
            series=series[(n - 1) % len(series)],
        )
        for n in range(1, count + 1)
    ]


def terms(kind="free_quantity_multiple", *, deliveries=None, options=None, payment=None, **sign_up):
    held = deliveries or weekly()
    return Terms(
        title="Légumes",
        starts_on=date(2026, 11, 1),
        ends_on=held[-1].on,
        basket_kind=kind,
        options=options
        or [
            BasketOption(option_id="large", title="Grand", price_cents=1400, code="G"),
            BasketOption(option_id="half", title="Demi", price_cents=700, code="D", share_bp=5000),
        ],
        deliveries=held,
        payment=payment or PaymentTerms(counts=[1, 2, 6], calendar=[date(2026, m, 5) for m in (11, 12)]),
        sign_up=SignUpTerms(**sign_up),
    )


def opened(agreed, contract_id="c"):
    """The facts of a contract that was drafted and published."""
    named = {"contract_id": contract_id, "group_id": "g", "producer_id": "p", "coordinator_id": "x", "terms": agreed}
    return [ContractDrafted(**named), ContractOpened(**named, version=1)]


def register(number, *, household="", quantity=1, option="large", lines=None, **more):
    """Subscription s1 of household h1, and so on."""
    told = {
        "subscription_id": f"s{number}",
        "household_id": household or f"h{number}",
        "person_id": f"p{number}",
        "lines": lines if lines is not None else [SubscribedLine(option_id=option, quantity=quantity)],
        "now": NOW,
    }
    return RegisterSubscription(**{**told, **more})


def confirm(number, now=NOW):
    return ConfirmSubscription(subscription_id=f"s{number}", now=now)


def changed(value, **fields):
    return msgspec.structs.replace(value, **fields)
