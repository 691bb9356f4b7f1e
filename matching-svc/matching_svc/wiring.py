"""What matching-svc consists of."""

from __future__ import annotations

from grenier.runtime import Service
from matching_svc import delivery_policies
from matching_svc.policies import POLICIES
from matching_svc.service import Matching
from matching_svc.timers import TIMERS
from matching_svc.views import activities, deliveries


def service() -> Service:
    return Service(
        name="matching",
        views=(activities.view, deliveries.view),
        doors=Matching,
        policies=(*POLICIES, *delivery_policies.POLICIES),
        timers=TIMERS,
    )
