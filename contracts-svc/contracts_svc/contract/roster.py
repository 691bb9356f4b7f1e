"""The subscriptions of a contract: who takes what, who waits, who has signed. Part of the stream `contract-<id>`.

Commands and state stand in subscriptions.py, how places are given in joining.py and capacity.py. Where a place becomes
free, those who wait move up in the same decision: nobody else can slip in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeAlias, assert_never

from contracts_svc.contract.belonging import after_successor, handed_on, taken_elsewhere
from contracts_svc.contract.joining import give_place as place_for
from contracts_svc.contract.joining import moved_up, placed, register, replaced
from contracts_svc.contract.sharing import SharingEvent, decide_sharing, evolve_sharing
from contracts_svc.contract.sharing_commands import SharingCommand
from contracts_svc.contract.state import Life, must_be_opened
from contracts_svc.contract.subscriptions import (
    ComposeBasket,
    ConfirmSubscription,
    DeclineSubscription,
    EndSubscription,
    GivePlace,
    Held,
    RegisterSubscription,
    Roster,
    RosterCommand,
    SetAbsences,
    SignSubscription,
    must_be,
)
from contracts_svc.contract.taking import compose, set_absences
from contracts_svc.rules.amounts import amount
from contracts_svc.rules.composing import composed_lines
from grenier.decider import Rejected
from grenier.errors import Invalid
from grenier.language.season import (
    AbsencesSet,
    BasketComposed,
    SubscriptionConfirmed,
    SubscriptionDeclined,
    SubscriptionEnded,
    SubscriptionPlaceGiven,
    SubscriptionRegistered,
    SubscriptionSigned,
)

__all__ = ["Roster", "RosterCommand", "RosterEvent", "decide_roster", "evolve_roster"]

RosterEvent: TypeAlias = (
    SubscriptionRegistered
    | SubscriptionPlaceGiven
    | SubscriptionConfirmed
    | SubscriptionDeclined
    | SubscriptionSigned
    | AbsencesSet
    | BasketComposed
    | SubscriptionEnded
    | SharingEvent
)

# -- decide ------------------------------------------------------------------------------------------------------


def decide_roster(life: Life, roster: Roster, command: RosterCommand) -> Sequence[RosterEvent]:
    if isinstance(command, RegisterSubscription):
        return _register(life, roster, command)
    held = roster.subscriptions.get(command.subscription_id)
    if held is None:
        raise Rejected("subscription-missing", subscription_id=command.subscription_id)
    if isinstance(command, SharingCommand):
        return decide_sharing(life, held, command)
    match command:
        case ConfirmSubscription():
            return confirm(life, roster, held, command)
        case DeclineSubscription():
            return decline(life, roster, held, command)
        case GivePlace():
            return give_place(life, roster, held, command)
        case SignSubscription():
            return sign(life, held, command)
        case SetAbsences():
            return set_absences(life, held, command)
        case ComposeBasket():
            return compose(life, roster, held, command)
        case EndSubscription():
            return end(life, roster, held, command)
        case _:
            assert_never(command)


def _register(life: Life, roster: Roster, command: RegisterSubscription) -> list[RosterEvent]:
    known = roster.subscriptions.get(command.subscription_id)
    if known is None:
        return [register(life, roster, command)]
    if (known.household_id, known.lines) == (command.household_id, command.lines):
        return []
    raise Rejected("subscription-exists", subscription_id=command.subscription_id)


def confirm(life: Life, roster: Roster, held: Held, command: ConfirmSubscription) -> list[RosterEvent]:
    """From now on the household belongs to the contract; what it took before ends where this begins."""
    if held.state == "confirmed":
        return []
    must_be_opened(life)
    must_be(held, "to_confirm")
    events: list[RosterEvent] = [SubscriptionConfirmed(**_ids(life, held))]
    old = roster.subscriptions.get(held.replaces)
    if old is None or not (old.state == "confirmed" or _lasts_beyond(old, held.starts_on)):
        return events
    left = replaced(old, ended_on=held.starts_on, belongs=handed_on(old, held))
    cents = amount(old.lines, life.agreed.options, left.paid(life))
    ended = SubscriptionEnded(**_ids(life, old), on=held.starts_on, amount_cents=cents, reason="replaced")
    events.append(ended)
    after = roster.with_(replaced(held, state="confirmed")).with_(_ended(left, ended))
    return [*events, *moved_up(life, after, command.now)]


def decline(life: Life, roster: Roster, held: Held, command: DeclineSubscription) -> list[RosterEvent]:
    if held.state == "declined":
        return []
    must_be(held, "waiting", "to_confirm")
    after = roster.with_(replaced(held, state="declined"))
    declined = SubscriptionDeclined(**_ids(life, held), reason=command.reason)
    return [declined, *moved_up(life, after, command.now)]


def give_place(life: Life, roster: Roster, held: Held, command: GivePlace) -> list[RosterEvent]:
    if held.state in ("to_confirm", "confirmed"):
        return []
    must_be_opened(life)
    must_be(held, "waiting")
    return [place_for(life, roster, held, command.now)]


def sign(life: Life, held: Held, command: SignSubscription) -> list[RosterEvent]:
    """By a party, once for each document; on paper at the help desk there is no document to name."""
    must_be(held, "to_confirm", "confirmed")
    if command.means != "paper" and not command.document_sha256:
        raise Invalid(fields={"document_sha256": ["Which document was signed?"]})
    if command.party in held.signed and command.document_sha256 in ("", held.signed[command.party]):
        return []
    return [
        SubscriptionSigned(
            subscription_id=held.subscription_id,
            contract_id=life.contract_id,
            group_id=life.group_id,
            party=command.party,
            person_id=command.person_id,
            means=command.means,
            document_sha256=command.document_sha256,
        )
    ]


def end(life: Life, roster: Roster, held: Held, command: EndSubscription) -> list[RosterEvent]:
    """Before the season's end; the place is free from that day on."""
    if held.state == "ended" and held.ended_on == command.on:
        return []
    must_be(held, "confirmed")
    if command.on < held.starts_on:
        raise Invalid(fields={"on": ["Not before the subscription began."]})
    cents = held.amount_cents
    if command.recompute:
        cents = amount(held.lines, life.agreed.options, replaced(held, ended_on=command.on).paid(life))
    ended = SubscriptionEnded(**_ids(life, held), on=command.on, amount_cents=cents, reason=command.reason)
    return [ended, *moved_up(life, roster.with_(_ended(held, ended)), command.now)]


def _lasts_beyond(old: Held, day: date) -> bool:
    """It was ended while the change waited, but later than the change begins."""
    return old.state == "ended" and old.ended_on is not None and old.ended_on > day


def _ids(life: Life, held: Held) -> dict[str, Any]:
    return {
        "subscription_id": held.subscription_id,
        "contract_id": life.contract_id,
        "group_id": life.group_id,
        "household_id": held.household_id,
    }


def _ended(held: Held, ended: SubscriptionEnded) -> Held:
    return replaced(held, state="ended", ended_on=ended.on, amount_cents=ended.amount_cents)


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve_roster(roster: Roster, event: RosterEvent) -> Roster:
    if isinstance(event, SubscriptionRegistered):
        fresh = _registered(event)
        return roster.with_(replaced(fresh, belongs=taken_elsewhere(roster, fresh)))
    held = roster.subscriptions.get(event.subscription_id)
    if held is None:
        return roster
    if isinstance(event, SubscriptionEnded):
        held = replaced(held, belongs=after_successor(roster, held))
    return roster.with_(_evolved(held, event))


def _evolved(held: Held, event: RosterEvent) -> Held:
    if isinstance(event, SharingEvent):
        return evolve_sharing(held, event)
    match event:
        case SubscriptionRegistered():
            return _registered(event)
        case SubscriptionPlaceGiven():
            return placed(held, event)
        case SubscriptionConfirmed():
            return replaced(held, state="confirmed")
        case SubscriptionDeclined():
            return replaced(held, state="declined")
        case SubscriptionSigned():
            return replaced(held, signed={**held.signed, event.party: event.document_sha256})
        case AbsencesSet():
            return replaced(held, absences=event.delivery_ids)
        case BasketComposed():
            lines = composed_lines(held.lines, event.delivery_id, event.quantities)
            return replaced(held, lines=lines, amount_cents=event.amount_cents)
        case SubscriptionEnded():
            return _ended(held, event)
        case _:
            assert_never(event)


def _registered(event: SubscriptionRegistered) -> Held:
    return Held(
        subscription_id=event.subscription_id,
        household_id=event.household_id,
        person_id=event.person_id,
        state="waiting" if event.waiting else "to_confirm",
        lines=event.lines,
        starts_on=event.starts_on,
        amount_cents=event.amount_cents,
        means=event.means,
        cheques=event.cheques,
        household_ids=event.household_ids,
        anchor_delivery_id=event.anchor_delivery_id,
        co_person_ids=event.co_person_ids,
        absences=event.absences,
        series=event.series,
        replaces=event.replaces,
    )
