"""The only file that puts notify together."""

from __future__ import annotations

from grenier.runtime import Service
from notify_svc.policies import POLICIES
from notify_svc.service import Notify
from notify_svc.timers import TIMERS
from notify_svc.views import messages, occasions, ordering, people, texts

VIEWS = (people.view, occasions.view, ordering.view, messages.view, texts.view)


def service() -> Service:
    return Service(name="notify", views=VIEWS, doors=Notify, policies=POLICIES, timers=TIMERS, needs_keys=True)
