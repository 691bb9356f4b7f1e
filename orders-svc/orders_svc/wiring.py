"""The service as its processes see it."""

from __future__ import annotations

from grenier.runtime import Service
from orders_svc.policies import POLICIES
from orders_svc.service import Orders
from orders_svc.timers import TIMERS
from orders_svc.views import (
    catalogues,
    credit,
    cycles,
    drafts,
    history,
    parcels,
    partners,
    placed,
    products,
    subscribers,
    supply,
)


def service() -> Service:
    return Service(
        name="orders",
        views=(
            partners.view,
            products.view,
            catalogues.view,
            cycles.view,
            placed.view,
            drafts.view,
            supply.view,
            history.view,
            credit.view,
            subscribers.view,
            parcels.view,
        ),
        doors=Orders,
        policies=POLICIES,
        timers=TIMERS,
    )
