"""Mails about baskets that somebody keeps: entrusted, changed, taken back, or off because the delivery is (domain 1.5.1)."""

from __future__ import annotations

from typing import Any

from grenier.language import keeping, season
from grenier.language.notify import Recipient
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime
from notify_svc.audience import recipients
from notify_svc.policies import say
from notify_svc.views import keeping as view
from notify_svc.views import season as dates


def tell_kept(runtime: Runtime, fact: Fact) -> None:
    """The keeper reads whose baskets, and when it is off; of another keeper the one before hears, too."""
    match fact.event:
        case keeping.BasketsEntrusted() as e:
            params = _about(runtime, e)
            _say(runtime, fact, "keeping-entrusted", e.keeper_id, e.group_id, params)
            if e.before_id:
                _say(runtime, fact, "keeping-taken-back", e.before_id, e.group_id, {**params, "keeper_id": e.before_id})
        case keeping.BasketsTakenBack() as e if not e.reason:
            _say(runtime, fact, "keeping-taken-back", e.keeper_id, e.group_id, _about(runtime, e))
        case keeping.BasketsTakenBack() as e:
            template, params = _off(e)
            _say(runtime, fact, template, e.keeper_id, e.group_id, _about(runtime, e) | params)
            told = [one for one in recipients(runtime.db, [e.household_id]) if one.person_id != e.keeper_id]
            say(runtime, fact, template, told, e.group_id, params)
        case keeping.KeepingWithdrawn() as e if e.reason and not e.households:
            template, params = _off(e)
            _say(runtime, fact, template, e.person_id, e.group_id, params)


def _about(runtime: Runtime, event: keeping.BasketsEntrusted | keeping.BasketsTakenBack) -> dict[str, Any]:
    sequence = view.sequence(runtime.db, event.day_id, event.household_id)
    return {"day": event.on.isoformat(), "home_id": event.household_id, "keeper_id": event.keeper_id,
            "calendar": sequence}  # fmt: skip


def _off(event: keeping.BasketsTakenBack | keeping.KeepingWithdrawn) -> tuple[str, dict[str, Any]]:
    if event.reason == "keeper-gone":
        return "keeping-keeper-gone", {"day": event.on.isoformat()}
    if event.moved_to is None:
        return "keeping-off", {"day": event.on.isoformat()}
    return "keeping-moved", {"day": event.on.isoformat(), "moved_to": event.moved_to.isoformat()}


def tell_changed(runtime: Runtime, fact: Fact) -> None:
    """Other hours, another place, more to keep: whoever keeps baskets of that contract on that day is told."""
    match fact.event:
        case season.DeliveryMoved() | season.DeliveryAdded() as e:
            taking = set(dates.taking(runtime.db, e.contract_id, e.delivery.delivery_id))
            for row in view.kept_on(runtime.db, e.group_id, e.delivery.on.isoformat()):
                if row["household_id"] in taking:
                    params = {"day": row["on"], "home_id": row["household_id"], "keeper_id": row["keeper_id"],
                              "calendar": row["sequence"]}  # fmt: skip
                    _say(runtime, fact, "keeping-changed", row["keeper_id"], e.group_id, params)


def _say(runtime: Runtime, fact: Fact, template: str, person_id: str, group_id: str, params: dict[str, Any]) -> None:
    """A keeper is told once for each household."""
    about = str(params.get("home_id", ""))
    say(runtime, fact, template, [Recipient(person_id=person_id)], group_id, params, about=about)


POLICIES = (
    Policy("tell-kept", ("contracts.baskets-entrusted", "contracts.baskets-taken-back", "contracts.keeping-withdrawn"),
           tell_kept),
    Policy("tell-kept-changed", ("contracts.delivery-moved", "contracts.delivery-added"), tell_changed),
)  # fmt: skip
