"""What is kept of a day when a contract changes: baskets that do not come that day are kept by nobody, numbers go along.

A keeper may not be free on another day, so nobody is put down for it: household and keeper are told, and arrange it anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from contracts_svc.contract.decider import Contract
from contracts_svc.guards import today
from contracts_svc.keeping import day as days
from contracts_svc.keeping.shown import day_id, lines_of, takes_on
from contracts_svc.subscribing import contract_of
from contracts_svc.views import contract_questions as seasons
from contracts_svc.views import keeping as views
from grenier.language.contracts import PersonErased
from grenier.language.exchange import TakerAccepted
from grenier.language.keeping import Reason
from grenier.language.season import (
    AbsencesSet,
    BasketComposed,
    DeliveryCancelled,
    DeliveryMoved,
    SharersSet,
    SubscriptionEnded,
)
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime


def follow_contract(runtime: Runtime, fact: Fact) -> None:
    match fact.event:
        case DeliveryMoved() as e if e.from_on != e.delivery.on:
            _leave(runtime, fact, e.group_id, e.from_on, "delivery-moved", e.delivery.on)
            _follow_turns(runtime, fact, e.group_id, e.contract_id, but=e.from_on)
            _carry_numbers(runtime, fact, e)
        case DeliveryCancelled() as e:
            _leave(runtime, fact, e.group_id, e.on, "delivery-cancelled")
            _follow_turns(runtime, fact, e.group_id, e.contract_id, but=e.on)
        case AbsencesSet() | BasketComposed() | SharersSet() | SubscriptionEnded() as e:
            _follow_turns(runtime, fact, e.group_id, e.contract_id)
        case TakerAccepted() as e:
            on = contract_of(runtime, e.contract_id).life.delivery(e.delivery_id).on
            _leave(runtime, fact, e.group_id, on, "basket-changed")


def _follow_turns(runtime: Runtime, fact: Fact, group_id: str, contract_id: str, but: date | None = None) -> None:
    """The days to come of a contract: where somebody has nothing to fetch any more, nothing is kept for them."""
    state: Contract = contract_of(runtime, contract_id)
    known = views.known(runtime.db, group_id, today(runtime, group_id).isoformat())
    for on in sorted({one.on for one in state.life.deliveries_held if one.on.isoformat() in known} - {but}):
        _leave(runtime, fact, group_id, on, "basket-changed")


def _leave(runtime: Runtime, fact: Fact, group_id: str, on: date, reason: Reason, moved_to: date | None = None) -> None:
    key = views.known(runtime.db, group_id, on.isoformat()).get(on.isoformat())
    if key is None:
        return
    known = runtime.handler.state(days.decider, key)
    command = days.FollowContract(
        day_id=key, group_id=group_id, on=on, today=today(runtime, group_id), reason=reason, moved_to=moved_to,
        nothing=not _handed_out(runtime, group_id, on),
        empty=tuple(home for home in known.entrusted if not takes_on(runtime, home, on)),
    )  # fmt: skip
    runtime.react(days.decider, key, command, fact, "keeping-follows-contract", group_id=group_id)


def _handed_out(runtime: Runtime, group_id: str, on: date) -> bool:
    told = seasons.deliveries_on(runtime.db, group_id, on.isoformat(), on.isoformat())
    return any(not row["cancelled"] for row in told)


def _carry_numbers(runtime: Runtime, fact: Fact, event: DeliveryMoved) -> None:
    """What is written on a box stays written there, as long as no other box of the new day has that number."""
    on, then, now = event.delivery.on, event.from_on.isoformat(), today(runtime, event.group_id)
    key = views.known(runtime.db, event.group_id, then).get(then)
    before = runtime.handler.state(days.decider, key).numbers if key else {}
    lines = _among(lines_of(runtime, event.group_id, on), before) if before else ()
    if not lines or on < now:
        return
    command = days.NumberBaskets(
        day_id=day_id(event.group_id, on), group_id=event.group_id, on=on, today=now, lines=lines, kept=before
    )
    runtime.react(days.decider, command.day_id, command, fact, "carry-numbers", group_id=event.group_id)


def _among(lines: Iterable[days.Homes], numbered: dict[days.Homes, int]) -> tuple[days.Homes, ...]:
    return tuple(line for line in lines if line in numbered)


def forget_keeper(runtime: Runtime, fact: Fact) -> None:
    """Who counted on somebody who was erased looks for another keeper."""
    if not isinstance(fact.event, PersonErased):
        return
    for row in views.days_of(runtime.db, fact.event.person_id):
        command = days.ForgetKeeper(
            day_id=row["day_id"], group_id=row["group_id"], on=date.fromisoformat(row["on"]),
            today=today(runtime, row["group_id"]), person_id=row["person_id"],
        )  # fmt: skip
        runtime.react(days.decider, row["day_id"], command, fact, "forget-keeper", group_id=row["group_id"])


POLICIES = (
    Policy(
        "keeping-follows-contract",
        ("contracts.delivery-moved", "contracts.delivery-cancelled", "contracts.absences-set",
         "contracts.basket-composed", "contracts.sharers-set", "contracts.subscription-ended", "contracts.taker-accepted"),
        follow_contract,
    ),
    Policy("forget-keeper", ("contracts.person-erased",), forget_keeper),
)  # fmt: skip
