"""Whose a delivery is after it was moved or added: who was subscribed to it keeps it, what was signed stays due.

Dates decide as long as nothing changes: a subscription is for the deliveries from its first day to its last. A delivery that
is moved across one of them stays with whom it was promised to, and comes to nobody else.
"""

from __future__ import annotations

import msgspec

from contracts_svc.contract.state import Life
from contracts_svc.contract.subscriptions import PLACED, Held, Roster
from contracts_svc.rules.choices import MODULAR
from grenier.language.season import DeliveryAdded, DeliveryMoved, PlannedDelivery

Belongs = dict[str, bool]


def after_move(life: Life, roster: Roster, event: DeliveryMoved) -> Roster:
    """`life`: before the move."""
    before = _known(life, event.delivery_id)
    for held in roster.subscriptions.values():
        if held.state not in PLACED or before is None:
            continue
        promised = held.is_on(before)
        if promised != held.is_on(event.delivery) or event.delivery_id in held.belongs:
            roster = roster.with_(msgspec.structs.replace(held, belongs={**held.belongs, event.delivery_id: promised}))
    return roster


def after_addition(life: Life, roster: Roster, event: DeliveryAdded) -> Roster:
    """Nobody owes more than was signed. `life`: before the addition.

    A modular basket stays as it was composed; what is chosen for the new date is paid like any other.
    """
    if life.agreed.basket_kind in MODULAR:
        return roster
    missed = _known(life, event.replaces_delivery_id)
    for held in roster.subscriptions.values():
        if held.state in PLACED:
            counted = {**held.counted, event.delivery.delivery_id: _percent(held, missed)}
            roster = roster.with_(msgspec.structs.replace(held, counted=counted))
    return roster


def _known(life: Life, delivery_id: str) -> PlannedDelivery | None:
    return next((one for one in life.agreed.deliveries if one.delivery_id == delivery_id), None)


def _percent(held: Held, missed: PlannedDelivery | None) -> int:
    """What the missed delivery was to count in this subscription's amount; 0 where it was none of its own."""
    if missed is None or not held.is_on(missed) or (held.series and missed.series not in ("", held.series)):
        return 0
    return held.counted.get(missed.delivery_id, missed.factor_percent)


# -- one subscription after another ------------------------------------------------------------------------------


def taken_elsewhere(roster: Roster, held: Held) -> Belongs:
    """Of a new subscription: deliveries that stayed with an earlier one of the same household are not taken twice."""
    return {
        delivery_id: False
        for other in roster.of_household(held.household_id)
        if other.state == "ended"
        for delivery_id, own in other.belongs.items()
        if own
    }


def handed_on(old: Held, new: Held) -> Belongs:
    """What remains of `old` where `new` takes its place: each delivery that was moved is the one's or the other's."""
    left = dict(old.belongs)
    for delivery_id, own in new.belongs.items():
        if own:
            left[delivery_id] = False
        else:
            left.setdefault(delivery_id, True)
    return left


def after_successor(roster: Roster, old: Held) -> Belongs:
    for new in roster.subscriptions.values():
        if new.replaces == old.subscription_id and new.state == "confirmed":
            return handed_on(old, new)
    return old.belongs
