"""A household's basket of one date, offered to others: many may ask, the holder accepts one. Stream `basket-<id>`.

    nothing → offered → accepted → collected          cancelled and expired lead back to "may be offered"

The taker may withdraw: the basket is on offer again, and who was told no before may ask again. The rules come from
S4:35-61; `closes_at` is the cut-off before the distribution, after which nobody asks and nobody is accepted any more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias, assert_never

import msgspec

from contracts_svc.exchange.basket_commands import (
    AcceptTaker,
    CancelOffer,
    CollectBasket,
    Command,
    DeclineTaker,
    ExpireOffer,
    OfferBasket,
    RequestBasket,
    SettleExchange,
    UndoCollection,
    WithdrawRequest,
)  # fmt: skip
from grenier.decider import Decider
from grenier.errors import Invalid, Rejected
from grenier.language.exchange import (
    BasketCollected,
    BasketCollectionUndone,
    BasketOfferCancelled,
    BasketOffered,
    BasketOfferExpired,
    BasketRequested,
    BasketRequestWithdrawn,
    ExchangeSettled,
    TakerAccepted,
    TakerDeclined,
)  # fmt: skip

MOST_REQUESTS = 50
MOST_AMOUNT_CENTS = 100_000
# People come a little early; whoever signs hours before has taken the wrong line.
EARLIEST_COLLECTION = timedelta(hours=6)

Event: TypeAlias = (
    BasketOffered | BasketRequested | BasketRequestWithdrawn | TakerAccepted | TakerDeclined | BasketOfferCancelled
    | BasketOfferExpired | BasketCollected | BasketCollectionUndone | ExchangeSettled
)  # fmt: skip
Phase: TypeAlias = Literal["none", "offered", "accepted", "collected", "cancelled", "expired"]


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """`requests`: who waits for an answer, in the order of asking; `declined`: by the holder; `earlier`: told no only
    because somebody else was accepted."""

    phase: Phase = "none"
    offer: BasketOffered | None = None
    requests: tuple[str, ...] = ()
    declined: frozenset[str] = frozenset()
    earlier: tuple[str, ...] = ()
    taker_id: str = ""
    settled: tuple[str, int] | None = None

    @property
    def open(self) -> bool:
        return self.phase in ("offered", "accepted")


def decide(basket: Basket, command: Command) -> list[Event]:
    match command:
        case OfferBasket():
            return offer(basket, command)
        case RequestBasket():
            return request(basket, command)
        case AcceptTaker():
            return accept(basket, command)
        case DeclineTaker():
            return decline(basket, command)
        case WithdrawRequest():
            return withdraw(basket, command)
        case CancelOffer():
            return cancel(basket, command)
        case ExpireOffer():
            return expire(basket, command)
        case CollectBasket():
            return collect(basket, command)
        case UndoCollection():
            return undo_collection(basket, command)
        case SettleExchange():
            return settle(basket, command)
        case _:
            assert_never(command)


# -- the holder offers -------------------------------------------------------------------------------------------


def offer(basket: Basket, command: OfferBasket) -> list[Event]:
    """S4:40-42: one's own basket of a date to come, offered once at a time."""
    facts = command.facts
    closes_at = facts.starts_at - timedelta(hours=command.cutoff_hours)
    if basket.open or basket.phase == "collected":
        if basket.offer is not None and basket.offer.audience == command.audience and _same_name(basket, command):
            return []
        raise Rejected("basket-offered", basket_id=facts.basket_id)
    if facts.cancelled:
        raise Rejected("delivery-cancelled", delivery_id=facts.delivery_id)
    if command.now >= closes_at:
        raise Rejected("exchange-too-late", closed_at=_iso(closes_at))
    if not facts.parts:
        raise Rejected("basket-empty", delivery_id=facts.delivery_id)
    if (command.audience == "named") != bool(command.named_person_id):
        raise Invalid(fields={"audience": ["A basket for one person names this person, and no other does."]})
    offered = BasketOffered(
        basket_id=facts.basket_id, group_id=facts.group_id, contract_id=facts.contract_id,
        subscription_id=facts.subscription_id, delivery_id=facts.delivery_id, household_id=facts.household_id,
        person_id=command.person_id, on=facts.on, starts_at=facts.starts_at, ends_at=facts.ends_at, closes_at=closes_at,
        place=facts.place, parts=list(facts.parts), value_cents=facts.value_cents, audience=command.audience,
        named_person_id=command.named_person_id,
    )  # fmt: skip
    if not command.arranged:
        return [offered]
    return [offered, _accepted(offered, command.named_person_id, ())]


def _same_name(basket: Basket, command: OfferBasket) -> bool:
    return basket.offer is not None and basket.offer.named_person_id == command.named_person_id


def cancel(basket: Basket, command: CancelOffer) -> list[Event]:
    if not basket.open:
        if basket.phase == "collected" and not command.reason:
            raise Rejected("basket-collected", basket_id=_offer(basket).basket_id)
        return []
    found = _offer(basket)
    if not command.reason and command.now >= found.starts_at:
        raise Rejected("exchange-too-late", closed_at=_iso(found.starts_at))
    return [
        BasketOfferCancelled(
            basket_id=found.basket_id, group_id=found.group_id, person_ids=list(basket.requests),
            taker_id=basket.taker_id, reason=command.reason, sealed=command.sealed,
        )
    ]  # fmt: skip


def expire(basket: Basket, command: ExpireOffer) -> list[Event]:
    """S4:47: nobody was accepted in time; the basket is the household's own."""
    found = basket.offer
    if found is None or basket.phase != "offered" or command.now < found.closes_at:
        return []
    return [BasketOfferExpired(basket_id=found.basket_id, group_id=found.group_id, person_ids=list(basket.requests))]


# -- others ask, the holder answers ------------------------------------------------------------------------------


def request(basket: Basket, command: RequestBasket) -> list[Event]:
    """S4:44-45: several may ask. Who was named by the holder need not be accepted once more."""
    who = command.person_id
    if who in basket.requests or (basket.open and who == basket.taker_id):
        return []
    found = _on_offer(basket)
    if command.of_household or who == found.person_id:
        raise Rejected("own-basket", basket_id=found.basket_id)
    _in_time(found, command.now)
    if who in basket.declined:
        raise Rejected("request-declined", basket_id=found.basket_id)
    if found.audience == "named" and who != found.named_person_id:
        raise Rejected("basket-for-another", basket_id=found.basket_id)
    if len(basket.requests) >= MOST_REQUESTS:
        raise Rejected("too-many-requests", most=MOST_REQUESTS)
    asked = BasketRequested(basket_id=found.basket_id, group_id=found.group_id, person_id=who)
    return [asked, _accepted(found, who, ())] if found.audience == "named" else [asked]


def accept(basket: Basket, command: AcceptTaker) -> list[Event]:
    """S4:47: one is accepted, all others are told no with the same fact."""
    if basket.phase in ("accepted", "collected") and basket.taker_id == command.person_id:
        return []
    found = _on_offer(basket)
    _in_time(found, command.now)
    if command.person_id not in basket.requests:
        raise Rejected("request-missing", basket_id=found.basket_id)
    return [_accepted(found, command.person_id, basket.requests)]


def decline(basket: Basket, command: DeclineTaker) -> list[Event]:
    if command.person_id in basket.declined or command.person_id in basket.earlier:
        return []
    found = _on_offer(basket)
    if command.person_id not in basket.requests:
        raise Rejected("request-missing", basket_id=found.basket_id)
    return [TakerDeclined(basket_id=found.basket_id, group_id=found.group_id, person_id=command.person_id)]


def withdraw(basket: Basket, command: WithdrawRequest) -> list[Event]:
    was_taker = bool(basket.taker_id) and basket.taker_id == command.person_id
    if not basket.open or not (was_taker or command.person_id in basket.requests):
        if was_taker and basket.phase == "collected" and not command.erased:
            raise Rejected("basket-collected", basket_id=_offer(basket).basket_id)
        return []
    found = _offer(basket)
    if was_taker and command.now >= found.starts_at and not command.erased:
        raise Rejected("exchange-too-late", closed_at=_iso(found.starts_at))
    return [
        BasketRequestWithdrawn(
            basket_id=found.basket_id, group_id=found.group_id, person_id=command.person_id, was_taker=was_taker,
            earlier_person_ids=list(basket.earlier) if was_taker else [],
        )
    ]  # fmt: skip


# -- the day and after -------------------------------------------------------------------------------------------


def collect(basket: Basket, command: CollectBasket) -> list[Event]:
    """S4:57, S4:61: the taker is there and signs in the holder's name."""
    if basket.phase == "collected":
        return []
    if basket.phase != "accepted":
        raise Rejected("basket-without-taker")
    found = _offer(basket)
    if not command.signed and command.now < found.starts_at - EARLIEST_COLLECTION:
        raise Rejected("exchange-too-early", from_at=_iso(found.starts_at - EARLIEST_COLLECTION))
    return [BasketCollected(basket_id=found.basket_id, group_id=found.group_id, person_id=basket.taker_id)]


def undo_collection(basket: Basket, command: UndoCollection) -> list[Event]:
    if basket.phase != "collected":
        return []
    found = _offer(basket)
    return [
        BasketCollectionUndone(
            basket_id=found.basket_id, group_id=found.group_id, person_id=basket.taker_id, reason=command.reason
        )
    ]


def settle(basket: Basket, command: SettleExchange) -> list[Event]:
    """S4:48: how the two arranged it; said again it corrects what was said before. No account moves."""
    if basket.phase not in ("accepted", "collected"):
        raise Rejected("basket-without-taker")
    if not 0 <= command.amount_cents <= MOST_AMOUNT_CENTS or (command.means == "free" and command.amount_cents):
        raise Invalid(fields={"amount_cents": [f"Between 0 and {MOST_AMOUNT_CENTS}, 0 when it is free."]})
    if basket.settled == (command.means, command.amount_cents):
        return []
    found = _offer(basket)
    return [
        ExchangeSettled(
            basket_id=found.basket_id, group_id=found.group_id, means=command.means, amount_cents=command.amount_cents
        )
    ]


def _offer(basket: Basket) -> BasketOffered:
    if basket.offer is None:
        raise Rejected("basket-not-offered")
    return basket.offer


def _on_offer(basket: Basket) -> BasketOffered:
    found = _offer(basket)
    if basket.phase in ("accepted", "collected"):
        raise Rejected("basket-taken", basket_id=found.basket_id)
    if basket.phase != "offered":
        raise Rejected("basket-not-offered", basket_id=found.basket_id)
    return found


def _in_time(found: BasketOffered, now: datetime) -> None:
    if now >= found.closes_at:
        raise Rejected("exchange-too-late", closed_at=_iso(found.closes_at))


def _accepted(found: BasketOffered, person_id: str, requests: tuple[str, ...]) -> TakerAccepted:
    return TakerAccepted(
        basket_id=found.basket_id, group_id=found.group_id, contract_id=found.contract_id,
        delivery_id=found.delivery_id, household_id=found.household_id, holder_id=found.person_id, person_id=person_id,
        declined_person_ids=[other for other in requests if other != person_id],
    )  # fmt: skip


def _iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(basket: Basket, event: Event) -> Basket:
    change = msgspec.structs.replace
    match event:
        case BasketOffered():
            return Basket(phase="offered", offer=event)
        case BasketRequested():
            earlier = tuple(other for other in basket.earlier if other != event.person_id)
            return change(basket, requests=(*basket.requests, event.person_id), earlier=earlier)
        case TakerAccepted():
            earlier = tuple(dict.fromkeys((*basket.earlier, *event.declined_person_ids)))
            return change(basket, phase="accepted", taker_id=event.person_id, requests=(), earlier=earlier)
        case TakerDeclined():
            return change(
                basket, requests=_without(basket, event.person_id), declined=basket.declined | {event.person_id}
            )
        case BasketRequestWithdrawn() if event.was_taker:
            return change(basket, phase="offered", taker_id="", settled=None)
        case BasketRequestWithdrawn():
            return change(basket, requests=_without(basket, event.person_id))
        case BasketOfferCancelled():
            return change(basket, phase="cancelled", requests=(), taker_id="", settled=None)
        case BasketOfferExpired():
            return change(basket, phase="expired", requests=())
        case BasketCollected():
            return change(basket, phase="collected")
        case BasketCollectionUndone():
            return change(basket, phase="accepted")
        case ExchangeSettled():
            return change(basket, settled=(event.means, event.amount_cents))
        case _:
            assert_never(event)


def _without(basket: Basket, person_id: str) -> tuple[str, ...]:
    return tuple(other for other in basket.requests if other != person_id)


decider: Decider[Basket, Command, Event] = Decider("basket", Basket(), decide, evolve)
