"""What the doors tell of a contract's subscriptions: a quote, the places, the baskets of one household."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from contracts_svc.contract.capacity import HOUSEHOLDS, OPTION, SHARES, full, limits, taken_at_most
from contracts_svc.contract.decider import Contract
from contracts_svc.contract.joining import due_cents, minimum_cents, proposed
from contracts_svc.contract.subscriptions import Held, RegisterSubscription
from contracts_svc.rules import amounts, cheques
from contracts_svc.views import baskets


def quoted(state: Contract, command: RegisterSubscription) -> dict[str, Any]:
    life, held = state.life, proposed(state.life, state.roster, command)
    taken, due = held.takes(life), due_cents(life, held)
    options, refused = cheques.offered(due, life.agreed.payment, command.now.date(), held.starts_on)
    return {
        "amount_cents": held.amount_cents,
        "due_cents": due,
        "starts_on": held.starts_on.isoformat(),
        "deliveries": [
            {
                "delivery_id": one.delivery_id,
                "on": one.on.isoformat(),
                "starts": one.starts,
                "ends": one.ends,
                "factor_percent": one.factor_percent,
            }
            for one in taken
        ],
        "lines": [_line(state, held, place) for place in range(len(held.lines))],
        "minimum_cents": minimum_cents(life, held),
        "waiting": full(life, state.roster, held, behind_those_who_wait=True) is not None,
        "places": places(state),
        "cheque_options": [
            {
                "count": one.count,
                "text": one.text,
                "cheques": [
                    {"amount_cents": cents, "cash_on": day.isoformat()}
                    for cents, day in zip(one.amounts_cents, one.cash_on, strict=True)
                ],
            }
            for one in options
        ],
        "refused_counts": msgspec.to_builtins(refused),
    }


def _line(state: Contract, held: Held, place: int) -> dict[str, Any]:
    line = held.lines[place]
    option, taken = state.life.option(line.option_id), held.paid(state.life)
    units = amounts.units_percent(line, option, taken)
    return {
        "option_id": option.option_id, "title": option.title, "units_percent": units,
        "amount_cents": amounts.price_of(option, units),
    }  # fmt: skip


def places(state: Contract) -> dict[str, Any]:
    """What is taken, left and waited for. `left` null: without limit; it is that of the fullest delivery."""
    bounds, most = limits(state.life), taken_at_most(state.life, state.roster)
    waiting = sum(1 for held in state.roster.subscriptions.values() if held.state == "waiting")
    limit = bounds.get(HOUSEHOLDS, 0)
    return {
        "max_households": limit,
        "taken": most[HOUSEHOLDS],
        "left": max(limit - most[HOUSEHOLDS], 0) if limit else None,
        "waiting": waiting,
        "max_shares_bp": bounds.get(SHARES, 0),
        "shares_bp": most[SHARES],
        "options": [
            {"option_id": what.removeprefix(OPTION), "limit": bound, "taken": most[what]}
            for what, bound in bounds.items()
            if what.startswith(OPTION)
        ],
    }


def own_baskets(state: Contract, held: Held, household_id: str, first: date, last: date) -> list[dict[str, Any]]:
    found = []
    for delivery in held.covers(state.life):
        basket = baskets.basket_of(state.life, held, delivery)
        if basket is None or not first <= delivery.on <= last:
            continue
        found.append(
            {
                "contract_id": state.life.contract_id,
                "subscription_id": held.subscription_id,
                "title": state.life.agreed.title,
                "delivery_id": delivery.delivery_id,
                "on": delivery.on.isoformat(),
                "starts": delivery.starts,
                "ends": delivery.ends,
                "place": delivery.place,
                "lines": msgspec.to_builtins(basket.lines),
                "absent": basket.absent,
                "picker_household_id": basket.picker_household_id,
                "mine": basket.picker_household_id == household_id,
            }
        )
    return found
