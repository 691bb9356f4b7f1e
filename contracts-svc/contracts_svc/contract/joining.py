"""Who gets a place, from which delivery on, for how much: registering, and moving up from the waiting list."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from contracts_svc.contract.capacity import full
from contracts_svc.contract.sharing import check_sharers
from contracts_svc.contract.state import Life, must_be_opened
from contracts_svc.contract.subscriptions import CURRENT, Held, RegisterSubscription, Roster, is_closed
from contracts_svc.rules import amounts, cheques
from contracts_svc.rules.choices import check_lines
from contracts_svc.rules.sharing import check_absences
from grenier.decider import Rejected
from grenier.errors import Invalid
from grenier.language.season import PlannedCheque, SubscriptionPlaceGiven, SubscriptionRegistered

ORDERED = "ordered"


def register(life: Life, roster: Roster, command: RegisterSubscription) -> SubscriptionRegistered:
    """Refused with the reason, or registered: with a place, or at the end of the waiting list."""
    asked = proposed(life, roster, command)
    check_minimum(life, asked)
    wanted = written_cheques(life, asked, command) or planned_cheques(
        life, asked, command.cheque_count, command.now.date()
    )
    waiting = full(life, roster, asked, behind_those_who_wait=True) is not None
    return SubscriptionRegistered(
        subscription_id=asked.subscription_id,
        contract_id=life.contract_id,
        group_id=life.group_id,
        household_id=asked.household_id,
        person_id=asked.person_id,
        lines=asked.lines,
        starts_on=asked.starts_on,
        amount_cents=asked.amount_cents,
        channel=command.channel,
        means=asked.means,
        cheques=wanted,
        household_ids=asked.household_ids,
        anchor_delivery_id=asked.anchor_delivery_id,
        co_person_ids=asked.co_person_ids,
        absences=asked.absences,
        series=asked.series,
        waiting=waiting,
        replaces=asked.replaces,
    )


def proposed(life: Life, roster: Roster, command: RegisterSubscription) -> Held:
    """The subscription that is asked for, with its first day and its amount. Raises Rejected or Invalid."""
    _check_open(life, command)
    _check_payment(life, command)
    held = Held(
        subscription_id=command.subscription_id,
        household_id=command.household_id,
        person_id=command.person_id,
        state="to_confirm",
        lines=command.lines,
        starts_on=first_day(life, command.starts_on, command.now, managed=command.managed),
        amount_cents=0,
        means=command.means,
        household_ids=command.household_ids,
        anchor_delivery_id=command.anchor_delivery_id,
        co_person_ids=command.co_person_ids,
        absences=command.absences,
        series=command.series,
        replaces=command.replaces,
    )
    _check_alone(roster, held)
    _check_choice(life, held)
    return _counted(life, held)


def first_day(life: Life, wanted: date | None, now: datetime, *, managed: bool = False) -> date:
    """The day from which on deliveries are taken: after the last one that is closed already.

    Who looks after the contract may name a past day (a paper contract that is entered late).
    """
    start = wanted or life.agreed.starts_on
    if managed and wanted is not None:
        return start
    closed = [delivery.on for delivery in life.deliveries_held if is_closed(life, delivery, now)]
    return max([start, *(day + timedelta(days=1) for day in closed)])


def due_cents(life: Life, held: Held) -> int:
    """What is paid when signing up: the amount, or the deposit of a contract that is ordered round by round."""
    return life.agreed.payment.prepayment_cents if life.agreed.basket_kind == ORDERED else held.amount_cents


def planned_cheques(life: Life, held: Held, count: int | None, today: date) -> list[PlannedCheque]:
    """The cheques of a subscription, with ids that follow from it; none where nothing is due by cheque."""
    due, terms = due_cents(life, held), life.agreed.payment
    if held.means != "cheque" or due <= 0:
        return []
    if count is None:
        options, refused = cheques.offered(due, terms, today, held.starts_on)
        if not options:
            raise Rejected(refused[0].code, count=refused[0].count)
        option = options[0]
    else:
        option = cheques.option(due, count, terms, today, held.starts_on)
    return numbered(held.subscription_id, option)


def written_cheques(life: Life, held: Held, command: RegisterSubscription) -> list[PlannedCheque]:
    """Those of a paper contract, which whoever looks after it enters as they are; [] for none."""
    if not command.cheques:
        return []
    if not command.managed:
        raise Invalid(fields={"cheques": ["Entered by who looks after the contract."]})
    due = due_cents(life, held)
    if held.means != "cheque" or due <= 0:
        raise Invalid(fields={"cheques": ["Nothing is due by cheque."]})
    if len(command.cheques) > cheques.MOST_CHEQUES:
        raise Invalid(fields={"cheques": [f"At most {cheques.MOST_CHEQUES}."]})
    option = cheques.as_written(due, command.cheques, life.agreed.payment, command.now.date(), held.starts_on)
    return numbered(held.subscription_id, option)


def numbered(subscription_id: str, option: cheques.ChequeOption, after: int = 0) -> list[PlannedCheque]:
    """`after`: so many cheques of this subscription have ids already."""
    pairs = zip(option.amounts_cents, option.cash_on, strict=True)
    return [
        PlannedCheque(cheque_id=f"{subscription_id}.{place}", amount_cents=cents, cash_on=day)
        for place, (cents, day) in enumerate(pairs, start=after + 1)
    ]


def moved_up(life: Life, roster: Roster, now: datetime) -> list[SubscriptionPlaceGiven]:
    """Places that have become free, given in the order of the waiting list to those for whom there is room."""
    given: list[SubscriptionPlaceGiven] = []
    if not life.opened:
        return given
    for held in roster.subscriptions.values():
        if held.state != "waiting":
            continue
        try:
            place = give_place(life, roster, held, now)
        except Rejected:
            continue
        given.append(place)
        roster = roster.with_(placed(held, place))
    return given


def give_place(life: Life, roster: Roster, held: Held, now: datetime) -> SubscriptionPlaceGiven:
    """Counted anew from the first delivery that is still open. Raises Rejected("no-place-left" or "no-delivery-left")."""
    start = first_day(life, held.starts_on, now)
    moved = _counted(life, replaced(held, starts_on=start, state="to_confirm"))
    _check_room(life, roster, moved)
    return SubscriptionPlaceGiven(
        subscription_id=held.subscription_id,
        contract_id=life.contract_id,
        group_id=life.group_id,
        household_id=held.household_id,
        starts_on=start,
        amount_cents=moved.amount_cents,
        cheques=_fewer_cheques(life, moved, len(held.cheques), now.date()),
    )


def _fewer_cheques(life: Life, held: Held, count: int, today: date) -> list[PlannedCheque]:
    """As many as were chosen, or fewer: the calendar has become shorter while they waited."""
    due = due_cents(life, held)
    if held.means != "cheque" or due <= 0:
        return []
    options, _ = cheques.offered(due, life.agreed.payment, today, held.starts_on)
    fitting = [option for option in options if option.count <= count] or options[:1]
    if not fitting:
        raise Rejected("cheque-too-late")
    return numbered(held.subscription_id, fitting[-1], after=len(held.cheques))


def placed(held: Held, place: SubscriptionPlaceGiven) -> Held:
    return replaced(
        held, state="to_confirm", starts_on=place.starts_on, amount_cents=place.amount_cents, cheques=place.cheques
    )


def replaced(held: Held, **changes: Any) -> Held:
    return msgspec.structs.replace(held, **changes)


def _counted(life: Life, held: Held) -> Held:
    taken = held.takes(life)
    if not taken:
        raise Rejected("no-delivery-left", contract_id=life.contract_id)
    if life.agreed.basket_kind == ORDERED:
        return held
    cents = amounts.amount(held.lines, life.agreed.options, taken)
    return replaced(held, amount_cents=cents)


def check_minimum(life: Life, held: Held) -> None:
    """The least that the contract asks for, in proportion to the deliveries of this household."""
    if life.agreed.basket_kind == ORDERED:
        return
    least = minimum_cents(life, held)
    if held.amount_cents < least:
        raise Rejected("below-minimum", minimum_cents=least, amount_cents=held.amount_cents)


def minimum_cents(life: Life, held: Held) -> int:
    every = [one for one in life.deliveries_held if not held.series or one.series in ("", held.series)]
    return amounts.minimum_for(life.agreed.sign_up.minimum_cents, len(held.takes(life)), len(every))


# -- what is refused ---------------------------------------------------------------------------------------------


def _check_open(life: Life, command: RegisterSubscription) -> None:
    must_be_opened(life)
    if not command.managed and not life.accepts_sign_ups_on(command.now.date()):
        raise Rejected("sign-ups-closed", contract_id=life.contract_id)


def _check_payment(life: Life, command: RegisterSubscription) -> None:
    if command.group_kind == "csa" and command.means == "on_delivery":
        # Direct sale of prepaid goods: paying at the distribution would make it an unauthorised sale.
        raise Rejected("no-money-at-csa-distribution")
    if command.means not in life.agreed.payment.means:
        raise Invalid(fields={"means": [f"One of {', '.join(life.agreed.payment.means)}."]})


def _check_alone(roster: Roster, held: Held) -> None:
    """One subscription of a household at a time, but for the one that takes its place from a later day on."""
    old = roster.subscriptions.get(held.replaces) if held.replaces else None
    if held.replaces and (old is None or old.household_id != held.household_id or old.state != "confirmed"):
        raise Rejected("nothing-to-replace", subscription_id=held.replaces)
    if old is not None and held.starts_on <= old.starts_on:
        raise Invalid(fields={"starts_on": ["After the beginning of the subscription that it replaces."]})
    for other in roster.of_household(held.household_id):
        over = other.ended_on is not None and other.ended_on <= held.starts_on
        if other.subscription_id == held.replaces or other.state == "declined" or over:
            continue
        if other.state in CURRENT or other.state == "ended":
            raise Rejected("already-subscribed", subscription_id=other.subscription_id, state=other.state)


def _check_choice(life: Life, held: Held) -> None:
    series = {delivery.series for delivery in life.agreed.deliveries if delivery.series}
    if held.series and held.series not in series:
        raise Invalid(fields={"series": [f"One of {', '.join(sorted(series))}." if series else "There are none."]})
    covered = held.covers(life)
    if not covered:
        raise Rejected("no-delivery-left", contract_id=life.contract_id)
    check_lines(life.agreed, held.lines, covered)
    check_absences(held.absences, covered, life.agreed.sign_up, held.starts_on)
    if len(held.co_person_ids) > life.agreed.sign_up.co_members_max:
        raise Invalid(fields={"co_person_ids": [f"At most {life.agreed.sign_up.co_members_max}."]})
    check_sharers(life, held, held.household_ids, held.anchor_delivery_id)


def _check_room(life: Life, roster: Roster, held: Held) -> None:
    hindrance = full(life, roster, held, behind_those_who_wait=False)
    if hindrance is not None:
        raise Rejected("no-place-left", what=hindrance.what, limit=hindrance.limit, delivery_id=hindrance.delivery_id)
