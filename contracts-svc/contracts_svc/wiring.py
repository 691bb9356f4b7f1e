"""What contracts-svc consists of."""

from __future__ import annotations

from contracts_svc.policies import POLICIES
from contracts_svc.service import Contracts
from contracts_svc.views import applications, directory, federation, mandates, register
from grenier.runtime import Service


def service() -> Service:
    return Service(
        name="contracts",
        views=(federation.view, directory.view, register.view, mandates.view, applications.view),
        doors=Contracts,
        policies=POLICIES,
        needs_keys=True,
    )
