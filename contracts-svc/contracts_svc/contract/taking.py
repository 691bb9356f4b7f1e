"""What a household takes at a delivery of its subscription: dates left out, baskets composed in advance."""

from __future__ import annotations

from contracts_svc.contract.capacity import full
from contracts_svc.contract.joining import check_minimum, replaced
from contracts_svc.contract.state import Life
from contracts_svc.contract.subscriptions import ComposeBasket, Held, Roster, SetAbsences, is_closed
from contracts_svc.rules.amounts import amount
from contracts_svc.rules.choices import MODULAR, check_lines
from contracts_svc.rules.composing import composed_lines
from contracts_svc.rules.sharing import check_absences
from grenier.decider import Rejected
from grenier.errors import Invalid
from grenier.language.season import AbsencesSet, BasketComposed, PlannedDelivery

CURRENT_TAKERS = ("waiting", "to_confirm", "confirmed")


def set_absences(life: Life, held: Held, command: SetAbsences) -> list[AbsencesSet]:
    """Other dates than before, as long as they are ahead; how many they are was agreed when signing, so the amount stays."""
    wanted = sorted(set(command.delivery_ids))
    if sorted(held.absences) == wanted and len(command.delivery_ids) == len(wanted):
        return []
    _require_taking(held)
    covered = held.covers(life)
    check_absences(command.delivery_ids, covered, life.agreed.sign_up, held.starts_on)
    _check_ahead(life, covered, set(held.absences) ^ set(wanted), command)
    before, after = (amount(held.lines, life.agreed.options, left.paid(life)) for left in (held, _absent(held, wanted)))
    if before != after:
        raise Rejected("absences-change-amount", amount_cents=before, would_be_cents=after)
    return [
        AbsencesSet(
            subscription_id=held.subscription_id,
            contract_id=life.contract_id,
            group_id=life.group_id,
            household_id=held.household_id,
            delivery_ids=wanted,
        )
    ]


def _absent(held: Held, delivery_ids: list[str]) -> Held:
    return replaced(held, absences=delivery_ids)


def _check_ahead(life: Life, covered: list[PlannedDelivery], touched: set[str], command: SetAbsences) -> None:
    for delivery in covered:
        if delivery.delivery_id in touched and not command.managed and is_closed(life, delivery, command.now):
            raise Rejected("delivery-closed", delivery_id=delivery.delivery_id, on=delivery.on.isoformat())


def compose(life: Life, roster: Roster, held: Held, command: ComposeBasket) -> list[BasketComposed]:
    """The content of one basket of a modular contract, until the cut-off; limits and the minimum hold as at the sign-up."""
    if life.agreed.basket_kind not in MODULAR:
        raise Rejected("basket-not-composed", basket_kind=life.agreed.basket_kind)
    _require_taking(held)
    _check_delivery(life, held, command)
    chosen = {option_id: number for option_id, number in command.quantities.items() if number}
    lines = composed_lines(held.lines, command.delivery_id, chosen)
    if lines == held.lines:
        return []
    asked = replaced(held, lines=lines)
    check_lines(life.agreed, lines, held.covers(life))
    asked = replaced(asked, amount_cents=amount(lines, life.agreed.options, asked.paid(life)))
    check_minimum(life, asked)
    if held.state != "waiting" and (hindrance := full(life, roster, asked, behind_those_who_wait=False)) is not None:
        raise Rejected("no-place-left", what=hindrance.what, limit=hindrance.limit, delivery_id=hindrance.delivery_id)
    return [
        BasketComposed(
            subscription_id=held.subscription_id,
            contract_id=life.contract_id,
            group_id=life.group_id,
            household_id=held.household_id,
            delivery_id=command.delivery_id,
            quantities=chosen,
            amount_cents=asked.amount_cents,
        )
    ]


def _check_delivery(life: Life, held: Held, command: ComposeBasket) -> None:
    delivery = next((one for one in held.takes(life) if one.delivery_id == command.delivery_id), None)
    if delivery is None:
        raise Invalid(fields={"delivery_id": ["Not a delivery of this subscription."]})
    if not command.managed and is_closed(life, delivery, command.now):
        raise Rejected("delivery-closed", delivery_id=delivery.delivery_id, on=delivery.on.isoformat())


def _require_taking(held: Held) -> None:
    if held.state not in CURRENT_TAKERS:
        raise Rejected(f"subscription-{held.state}", subscription_id=held.subscription_id)
