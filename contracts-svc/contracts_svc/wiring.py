"""What contracts-svc consists of."""

from __future__ import annotations

from contracts_svc.contract import following as season
from contracts_svc.exchange import following
from contracts_svc.keeping import following as keeping
from contracts_svc.policies import POLICIES
from contracts_svc.season_policies import SEASON_POLICIES, SEASON_TIMERS
from contracts_svc.service import Contracts
from contracts_svc.views import (
    applications,
    cheques,
    contracts,
    directory,
    dues,
    exchange,
    federation,
    mandates,
    register,
    sharing,
    subscriptions,
)
from contracts_svc.views import keeping as keepers
from grenier.runtime import Service


def service() -> Service:
    return Service(
        name="contracts",
        views=(
            federation.view,
            directory.view,
            register.view,
            mandates.view,
            applications.view,
            exchange.view,
            contracts.view,
            subscriptions.view,
            sharing.view,
            keepers.view,
            cheques.view,
            dues.view,
        ),
        doors=Contracts,
        policies=(*POLICIES, *season.POLICIES, *following.POLICIES, *keeping.POLICIES, *SEASON_POLICIES),
        timers=(*season.TIMERS, *following.TIMERS, *SEASON_TIMERS),
        needs_keys=True,
    )
