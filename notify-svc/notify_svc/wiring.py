"""The only file that puts notify together."""

from __future__ import annotations

from grenier.runtime import Service
from notify_svc import (
    exchange_policies,
    gathering_policies,
    keeping_policies,
    policies,
    season_policies,
    season_timers,
    sharing_policies,
)
from notify_svc.service import Notify
from notify_svc.timers import TIMERS
from notify_svc.views import (
    cheques,
    exchange,
    keeping,
    messages,
    occasions,
    ordering,
    people,
    questions,
    reminding,
    season,
    texts,
)

VIEWS = (
    people.view, occasions.view, ordering.view, messages.view, texts.view, season.view, cheques.view, questions.view,
    exchange.view, keeping.view, reminding.view,
)  # fmt: skip
POLICIES = (
    *policies.POLICIES, *season_policies.POLICIES, *sharing_policies.POLICIES, *gathering_policies.POLICIES,
    *exchange_policies.POLICIES, *keeping_policies.POLICIES,
)  # fmt: skip


def service() -> Service:
    return Service(
        name="notify",
        views=VIEWS,
        doors=Notify,
        policies=POLICIES,
        timers=(*TIMERS, *season_timers.TIMERS, *exchange_policies.TIMERS),
        needs_keys=True,
    )
