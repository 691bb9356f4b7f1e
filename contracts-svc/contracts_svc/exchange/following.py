"""What follows in the exchange from other facts, and what falls due. The tables are at the bottom."""

from __future__ import annotations

from datetime import date

from contracts_svc import group
from contracts_svc.contract import decider as contract
from contracts_svc.exchange import basket
from contracts_svc.exchange.basket_commands import (
    CancelOffer,
    CollectBasket,
    Command,
    ExpireOffer,
    Reason,
    UndoCollection,
    WithdrawRequest,
)
from contracts_svc.exchange.holdings import basket_facts
from contracts_svc.guards import today
from contracts_svc.views import exchange_questions as questions
from grenier.clock import iso
from grenier.errors import NotFound
from grenier.language.contracts import PersonErased
from grenier.language.exchange import TakerLeft
from grenier.language.logistics import SignedOff, SignOffUndone
from grenier.language.season import (
    AbsencesSet,
    BasketComposed,
    DeliveryCancelled,
    DeliveryMoved,
    SharersSet,
    SubscriptionEnded,
)
from grenier.readmodel import Fact, Row
from grenier.runtime import Policy, Runtime, Timer

# -- policies ----------------------------------------------------------------------------------------------------


def follow_contract(runtime: Runtime, fact: Fact) -> None:
    """What was promised was another basket or another day: the agreement ends, the holder may offer it anew."""
    match fact.event:
        case DeliveryCancelled() as e:
            _follow_date(runtime, fact, e, "delivery-cancelled")
        case DeliveryMoved() as e:
            _follow_date(runtime, fact, e, "delivery-moved")
        case SubscriptionEnded() as e:
            rows = questions.open_where(runtime.db, subscription_id=e.subscription_id)
            _cancel(runtime, fact, [row for row in rows if row["on"] >= e.on.isoformat()], "subscription-changed")
        case AbsencesSet() as e:
            rows = questions.open_where(runtime.db, subscription_id=e.subscription_id)
            _cancel(runtime, fact, [row for row in rows if _another_turn(runtime, row)], "subscription-changed")
        case BasketComposed() as e:
            rows = questions.open_where(runtime.db, subscription_id=e.subscription_id, delivery_id=e.delivery_id)
            _cancel(runtime, fact, rows, "subscription-changed")
        case SharersSet() as e:
            rows = questions.open_where(runtime.db, subscription_id=e.subscription_id)
            _cancel(runtime, fact, [row for row in rows if _another_turn(runtime, row)], "subscription-changed")


def _follow_date(runtime: Runtime, fact: Fact, event: DeliveryMoved | DeliveryCancelled, reason: Reason) -> None:
    """The baskets of this date; and of shared ones those of other dates that are another household's turn now."""
    rows = questions.open_where(runtime.db, contract_id=event.contract_id)
    own = [row for row in rows if row["delivery_id"] == event.delivery_id]
    _cancel(runtime, fact, own, reason)
    others = [row for row in rows if row not in own and _another_turn(runtime, row)]
    _cancel(runtime, fact, others, "subscription-changed")


def _another_turn(runtime: Runtime, row: Row) -> bool:
    """A basket to come that is another household's to fetch now: whoever offered it has nothing to give away."""
    if row["on"] < today(runtime, row["group_id"]).isoformat():
        return False
    try:
        facts = basket_facts(runtime, row["contract_id"], row["subscription_id"], row["delivery_id"])
    except NotFound:
        return True
    return facts.household_id != str(row["household_id"])


def _cancel(runtime: Runtime, fact: Fact, rows: list[Row], reason: Reason) -> None:
    for row in rows:
        command = CancelOffer(now=runtime.clock.now(), reason=reason)
        _react(runtime, fact, row, command, "cancel-offer")


def forget_person(runtime: Runtime, fact: Fact) -> None:
    """Who was erased neither offers nor takes, and nothing waits for them by name; the other side is told."""
    if not isinstance(fact.event, PersonErased):
        return
    person_id = fact.event.person_id
    for row in questions.open_where(runtime.db, person_id=person_id):
        command: Command = WithdrawRequest(person_id=person_id, now=runtime.clock.now(), erased=True)
        if person_id in (row["person_id"], row["named_person_id"]):
            command = CancelOffer(now=runtime.clock.now(), reason="person-erased")
        _react(runtime, fact, row, command, "forget-person")


def drop_requests(runtime: Runtime, fact: Fact) -> None:
    """Who leaves the list asks for nothing any more there; what was promised stays promised."""
    if not isinstance(fact.event, TakerLeft):
        return
    person_id = fact.event.person_id
    for row in questions.open_where(runtime.db, person_id=person_id):
        if row["group_id"] == fact.event.group_id and person_id not in (row["taker_id"], row["person_id"]):
            command = WithdrawRequest(person_id=person_id, now=runtime.clock.now())
            _react(runtime, fact, row, command, "drop-requests")


def collect_signed(runtime: Runtime, fact: Fact) -> None:
    """Whoever signs at the table in the holder's name has the basket (S4:61); a sign-off taken back gives it back.

    The other way round nothing follows: a taker's word that it was fetched charges no account, the table's signature does.
    """
    if not isinstance(fact.event, SignedOff | SignOffUndone) or not fact.event.contract_id:
        return
    event = fact.event
    life = runtime.handler.state(contract.decider, event.contract_id).life
    held = [plan.delivery_id for plan in (life.terms.rounds if life.terms else ()) if plan.round_id == event.cycle_id]
    for row in questions.promised_to(runtime.db, event.contract_id, held, event.household_id):
        command: Command = CollectBasket(now=runtime.clock.now(), signed=True)
        if isinstance(event, SignOffUndone):
            command = UndoCollection(reason=event.reason)
        _react(runtime, fact, row, command, "collect-signed")


def _react(runtime: Runtime, fact: Fact, row: Row, command: Command, policy: str) -> None:
    runtime.react(basket.decider, row["basket_id"], command, fact, policy, group_id=row["group_id"])


# -- timers ------------------------------------------------------------------------------------------------------


def expire_offers(runtime: Runtime) -> None:
    """S4:47: at the cut-off without a yes. An offer made again after it has a command of its own."""
    now = runtime.clock.now()
    for row in questions.to_expire(runtime.db, iso(now)):
        name = f"expire-offer/{row['offered_at']}/{row['accepted_at']}"
        runtime.due(basket.decider, row["basket_id"], ExpireOffer(now=now), name, group_id=row["group_id"])


def purge_exchanges(runtime: Runtime) -> None:
    """Once a month per group, from the first of the month so many months ago."""
    for group_id, its in questions.every_group(runtime.db).items():
        before = months_before(today(runtime, group_id), its.purge_months)
        if questions.has_before(runtime.db, group_id, before.isoformat()):
            command = group.PurgeExchanges(group_id=group_id, before=before)
            runtime.due(group.decider, group_id, command, f"purge-exchanges/{before}", group_id=group_id)


def months_before(day: date, months: int) -> date:
    """The first day of the month so many months earlier: 2026-11-22, 18 → 2025-05-01."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


POLICIES = (
    Policy("exchange-follows-contract", ("contracts.delivery-", "contracts.subscription-ended",
           "contracts.absences-set", "contracts.basket-composed", "contracts.sharers-set"), follow_contract),
    Policy("exchange-forgets-person", ("contracts.person-erased",), forget_person),
    Policy("collect-signed", ("logistics.signed-off", "logistics.sign-off-undone"), collect_signed),
    Policy("exchange-drops-requests", ("contracts.taker-left",), drop_requests),
)  # fmt: skip
TIMERS = (
    Timer("expire-offers", expire_offers, every_s=5.0),
    Timer("purge-exchanges", purge_exchanges, every_s=300.0),
)
