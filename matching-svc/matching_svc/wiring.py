"""What matching-svc consists of."""

from __future__ import annotations

from grenier.runtime import Service
from matching_svc.policies import POLICIES
from matching_svc.service import Matching
from matching_svc.timers import TIMERS
from matching_svc.views import activities


def service() -> Service:
    return Service(name="matching", views=(activities.view,), doors=Matching, policies=POLICIES, timers=TIMERS)
