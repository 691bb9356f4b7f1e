"""Whose turn it is to fetch a shared basket, and with which delivery the turns begin when somebody joins in (pure)."""

from __future__ import annotations

from datetime import date

import msgspec

from contracts_svc.contract.sharing_commands import Proposal
from contracts_svc.contract.state import Life
from contracts_svc.contract.subscriptions import Held
from contracts_svc.rules.sharing import picker
from grenier.language.season import PlannedDelivery


def turn_of(life: Life, held: Held, delivery: PlannedDelivery) -> str:
    """Whose turn it is to fetch a shared basket; dates left out are nobody's turn. "" where nobody shares."""
    own = msgspec.structs.replace(held, ended_on=None).takes(life)
    # Also where the turns began with a date that is left out by now, they go on from there.
    dates = [one if one in own else msgspec.structs.replace(one, cancelled=True) for one in life.agreed.deliveries]
    ordered = sorted(dates, key=lambda one: (one.on, one.starts, one.delivery_id))
    return picker(held.household_ids, held.anchor_delivery_id, ordered, delivery.delivery_id)


def coming(life: Life, held: Held, today: date) -> list[PlannedDelivery]:
    """What it takes from this day on."""
    return [delivery for delivery in held.takes(life) if delivery.on >= today]


def anchor_for_one_more(life: Life, held: Held, today: date) -> str:
    """With which delivery the turns begin when one more household joins: whoever fetches next does so as before.

    The new one stands last, so the others keep their order. "" when nothing is left to fetch.
    """
    dates = coming(life, held, today)
    if not dates:
        return ""
    place = held.household_ids.index(turn_of(life, held, dates[0])) if held.household_ids else 0
    ahead = -place % (len(held.household_ids or [held.household_id]) + 1)
    return dates[ahead if ahead < len(dates) else 0].delivery_id


def anchor_at(life: Life, held: Held, proposal: Proposal, today: date) -> str:
    """What was proposed, as long as that delivery is to come and nobody else has come or gone; else as the turns are now."""
    as_it_was = (held.household_ids, held.anchor_delivery_id) == (proposal.sharers, proposal.anchored)
    if as_it_was and proposal.anchor_delivery_id in {delivery.delivery_id for delivery in coming(life, held, today)}:
        return proposal.anchor_delivery_id
    return anchor_for_one_more(life, held, today)
